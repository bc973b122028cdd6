//! Following the binary logs of real servers.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a broken expectation should stop the test"
)]

mod told;
mod transactions;
mod resume;
mod visible;
mod ways;

use std::time::Duration;

use sealift_lab::server::APP_READER;
use sealift_lab::{Account, Kind, Options, Server};
use sealift_mysql::endpoint::{Address, Endpoint, TlsMode};
use sealift_mysql::session::Session;
use sealift_schema::facts::Side;

fn start(options: Options) -> Server {
    Server::start(options).unwrap_or_else(|error| panic!("{error}"))
}

/// MariaDB writes rows only if told.
fn mariadb(kind: Kind) -> Options {
    Options::source(kind)
}

/// The smallest reader, over TCP with TLS.
fn reader(server: &Server) -> Endpoint {
    let address = Address::Tcp { host: server.host().to_owned(), port: server.port() };
    let is_without = server.kind() == Kind::MySql5_6;
    let tls = if is_without { TlsMode::Off } else { TlsMode::Required };
    endpoint(address, APP_READER, tls)
}

/// Root over the socket.
fn root(server: &Server) -> Endpoint {
    let account = Account { user: "root", password: "" };
    endpoint(Address::Socket(server.socket()), account, TlsMode::Off)
}

fn endpoint(address: Address, account: Account, tls: TlsMode) -> Endpoint {
    Endpoint {
        side: Side::Source,
        address,
        user: account.user.to_owned(),
        password: account.password.to_owned().into(),
        tls,
        tls_ca: None,
        compress: false,
        connect_timeout: Duration::from_secs(30),
    }
}

async fn connect(endpoint: &Endpoint) -> Session {
    Session::connect(endpoint).await.unwrap_or_else(|error| panic!("connect: {error}"))
}
