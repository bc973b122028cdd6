//! Row images as real servers log them, against what the same servers answer to a SELECT.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a broken expectation should stop the test"
)]

mod every_type;

mod history;
mod log;
mod mariadb;
mod random;
mod value;

use std::time::Duration;

use sealift_lab::{Kind, Options, Server};
use sealift_mysql::endpoint::{Address, Endpoint, TlsMode};
use sealift_mysql::session::Session;
use sealift_schema::facts::Side;

fn start(kind: Kind, args: &[&str]) -> Server {
    let options = args.iter().fold(Options::source(kind), |options, arg| options.arg(*arg));
    Server::start(options).unwrap_or_else(|error| panic!("{error}"))
}

fn root(server: &Server) -> Endpoint {
    Endpoint {
        side: Side::Source,
        address: Address::Socket(server.socket()),
        user: "root".to_owned(),
        password: String::new().into(),
        tls: TlsMode::Off,
        tls_ca: None,
        compress: false,
        connect_timeout: Duration::from_secs(20),
    }
}

/// A session that reads as the copy does.
async fn reader(server: &Server) -> Session {
    let mut session = Session::connect(&root(server)).await.unwrap();
    for setting in [
        "SET sql_mode = 'ALLOW_INVALID_DATES'",
        "SET time_zone = '+00:00'",
        "SET character_set_results = NULL",
    ] {
        session.execute(setting).await.unwrap();
    }
    session
}
