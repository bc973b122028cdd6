//! Ways to the lab's servers.

use std::fs;
use std::time::Duration;

use sealift_lab::Server;
use sealift_mysql::endpoint::{Address, Endpoint, TlsMode};
use sealift_schema::facts::Side;

/// The way a migration takes to a lab server: its migration account, TLS with the server's own authority.
pub(crate) fn endpoint(server: &Server, side: Side) -> Endpoint {
    let account = server.account();
    Endpoint {
        side,
        address: Address::Tcp { host: server.host().to_owned(), port: server.port() },
        user: account.user.to_owned(),
        password: account.password.into(),
        tls: TlsMode::VerifyCa,
        tls_ca: Some(fs::read(server.ca()).expect("the lab's server has a CA file")),
        compress: false,
        connect_timeout: Duration::from_secs(30),
    }
}
