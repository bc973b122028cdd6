//! One connection to real servers, and to servers that do not mean well.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a broken expectation should stop the test"
)]

mod hostile;
mod load;
mod login;
mod raw_rows;
mod statements;
mod tls;

use std::sync::LazyLock;
use std::time::Duration;

use sealift_lab::{Kind, Options, Server};
use sealift_mysql::endpoint::{Address, Endpoint, TlsMode};
use sealift_mysql::session::Session;
use sealift_schema::facts::Side;

/// Shared by all tests; each takes schema names of its own.
static MYSQL: LazyLock<Server> = LazyLock::new(|| {
    let server = start(Options::mysql());
    server.sql(
        "CREATE USER sha2 IDENTIFIED WITH caching_sha2_password BY 'pw-sha2';
         CREATE USER sha256 IDENTIFIED WITH sha256_password BY 'pw-sha256';
         CREATE USER long_one IDENTIFIED BY 'Grüße aus dem langen Passwort, das länger ist als jedes Salz 🐳';
         CREATE USER empty_one IDENTIFIED BY '';
         CREATE USER writer IDENTIFIED BY 'pw-writer'; GRANT ALL ON *.* TO writer;",
    );
    server
});

static MARIADB: LazyLock<Server> = LazyLock::new(|| {
    let server = start(Options::source(Kind::MariaDb10_11));
    server.sql(
        "CREATE USER native IDENTIFIED BY 'pw-native';
         CREATE USER empty_one IDENTIFIED BY '';
         CREATE USER writer IDENTIFIED BY 'pw-writer'; GRANT ALL ON *.* TO writer;",
    );
    server
});

fn start(options: Options) -> Server {
    Server::start(options).unwrap_or_else(|error| panic!("{error}"))
}

/// Logs in over TCP without TLS.
fn endpoint(server: &Server, user: &str, password: &str) -> Endpoint {
    tcp(server.port(), user, password)
}

fn tcp(port: u16, user: &str, password: &str) -> Endpoint {
    Endpoint {
        side: Side::Source,
        address: Address::Tcp { host: "127.0.0.1".to_owned(), port },
        user: user.to_owned(),
        password: password.to_owned().into(),
        tls: TlsMode::Off,
        tls_ca: None,
        compress: false,
        connect_timeout: Duration::from_secs(30),
    }
}

fn writer(server: &Server) -> Endpoint {
    endpoint(server, "writer", "pw-writer")
}

async fn connect(endpoint: &Endpoint) -> Session {
    Session::connect(endpoint).await.unwrap_or_else(|error| panic!("connect: {error}"))
}

/// The first value of a statement's first row.
async fn value(session: &mut Session, sql: &str) -> String {
    let row = session.first(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    row.unwrap().text(0).unwrap().to_owned()
}
