//! What we ask of a source before a row is read, on real servers: catalog, facts, position, snapshot.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a broken expectation should stop the test"
)]

mod answers;
mod catalog;
mod diff;
mod facts;
mod position;
mod rows;
mod snapshot;
mod vitals;

use std::sync::LazyLock;
use std::time::Duration;

use sealift_lab::{Account, Kind, Options, Server};
use sealift_mysql::endpoint::{Address, Endpoint, TlsMode};
use sealift_mysql::session::Session;
use sealift_schema::facts::Side;

/// The servers all tests of this program share; they end with it.
static MYSQL: LazyLock<Server> = LazyLock::new(|| start(Options::mysql()));
static MARIADB: LazyLock<Server> = LazyLock::new(|| start(Options::source(Kind::MariaDb10_11)));

fn start(options: Options) -> Server {
    Server::start(options).unwrap_or_else(|error| panic!("{error}"))
}

/// Root over the socket.
fn root(server: &Server) -> Endpoint {
    endpoint(Address::Socket(server.socket()), "root", "", TlsMode::Off)
}

/// An account over TCP.
fn account(server: &Server, account: Account) -> Endpoint {
    let address = Address::Tcp { host: server.host().to_owned(), port: server.port() };
    let is_without = server.kind() == Kind::MySql5_6;
    let tls = if is_without { TlsMode::Off } else { TlsMode::Required };
    endpoint(address, account.user, account.password, tls)
}

fn endpoint(address: Address, user: &str, password: &str, tls: TlsMode) -> Endpoint {
    Endpoint {
        side: Side::Source,
        address,
        user: user.to_owned(),
        password: password.to_owned().into(),
        tls,
        tls_ca: None,
        compress: false,
        connect_timeout: Duration::from_secs(20),
    }
}

async fn connect(server: &Server) -> Session {
    Session::connect(&root(server)).await.unwrap()
}

/// Runs a fixture whose statements end at the ends of lines.
fn load(server: &Server, script: &str) {
    let mut delimited = String::from("DELIMITER //\n");
    for line in script.lines() {
        match line.strip_suffix(';') {
            Some(statement) => delimited.extend([statement, "//\n"]),
            None => delimited.extend([line, "\n"]),
        }
    }
    server.sql(delimited);
}
