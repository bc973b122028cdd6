//! Where a server is and how to log in.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::password::Password;
use sealift_schema::facts::Side;

/// How far a server's TLS certificate is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsMode {
    /// Encrypted, chain and host name verified (the default).
    VerifyIdentity,
    /// Encrypted, chain verified, any name: for servers whose certificate names no host
    /// (MySQL's own generated ones, Cloud SQL).
    VerifyCa,
    /// Encrypted, nothing verified.
    Required,
    /// Not encrypted.
    Off,
}

/// A way to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// TCP.
    Tcp {
        /// Name or address.
        host: String,
        /// Port.
        port: u16,
    },
    /// A Unix socket on this machine; TLS is not used on it.
    Socket(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Socket(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Everything needed to open a [`Session`](crate::session::Session). The password never shows in `Debug`.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Which of our two servers this is.
    pub side: Side,
    /// Where it listens.
    pub address: Address,
    /// Login name.
    pub user: String,
    /// Password or access token.
    pub password: Password,
    /// How far TLS is checked.
    pub tls: TlsMode,
    /// PEM of the authorities to trust instead of the machine's own.
    pub tls_ca: Option<Vec<u8>>,
    /// Whether the protocol is compressed (zstd where offered, else zlib).
    pub compress: bool,
    /// Time allowed to connect and log in.
    pub connect_timeout: Duration,
}
