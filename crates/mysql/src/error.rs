//! What can go wrong between us and one server, and what that means.
//!
//! The only place that knows errnos (<https://dev.mysql.com/doc/mysql-errors/9.7/en/server-error-reference.html>).

use std::io;

use thiserror::Error;

/// Trouble on one connection.
#[derive(Debug, Error)]
pub enum MysqlError {
    /// The server answered with an error packet.
    #[error("{message} (error {code}, state {state})")]
    Server {
        /// The server's error number.
        code: u16,
        /// SQLSTATE, five characters.
        state: String,
        /// The server's own words.
        message: String,
    },
    /// The host name could not be resolved.
    #[error("host {host:?} cannot be resolved: {cause}")]
    Resolve {
        /// As configured.
        host: String,
        /// The resolver's words.
        cause: io::Error,
    },
    /// No connection could be made.
    #[error("no connection to {address}: {cause}")]
    Connect {
        /// `host:port` or the socket's path.
        address: String,
        /// The operating system's words.
        cause: io::Error,
    },
    /// An established connection broke: whether the last statement took effect is unknown.
    #[error("connection lost while {doing}: {cause}")]
    Lost {
        /// What was under way, e.g. "reading a result".
        doing: &'static str,
        /// The operating system's words.
        cause: io::Error,
    },
    /// TLS was asked for and the server does not offer it.
    #[error("the server does not offer TLS")]
    TlsNotOffered,
    /// The server's certificate is not signed by a trusted authority, or is not valid now.
    #[error("the server's certificate is not trusted: {0}")]
    CertificateNotTrusted(String),
    /// The certificate is trusted but was issued for another name.
    #[error("the server's certificate is not for {expected:?}")]
    CertificateName {
        /// The host name we connected to.
        expected: String,
    },
    /// Another failure of the TLS handshake or configuration.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// The server wants an authentication method we do not speak, or that is unsafe here.
    #[error("authentication method {plugin}: {why}")]
    Auth {
        /// The plugin's name.
        plugin: String,
        /// Why it cannot be used.
        why: String,
    },
    /// The login was refused, and another password could not be had.
    #[error("the login was refused ({refusal}), and no new password could be had: {why}")]
    NoPassword {
        /// The server's words.
        refusal: String,
        /// What kept us from getting one.
        why: String,
    },
    /// Bytes that do not follow the protocol.
    #[error("protocol error while {doing}: {what}")]
    Protocol {
        /// What was being read.
        doing: &'static str,
        /// What was wrong with it.
        what: String,
    },
    /// A value in a result was not what the statement promises.
    #[error("unexpected result: {0}")]
    Result(String),
}

/// The warning that a value was stored as another one ("Data truncated for column …").
pub const WARNING_TRUNCATED: u16 = 1265;

/// What an error means for what we do next: the classes code branches on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorClass {
    /// The server cannot be reached; nothing was sent.
    Unreachable,
    /// The connection broke; the outcome of the last statement is unknown.
    Lost,
    /// The login was refused.
    AccessDenied,
    /// TLS or certificate trouble.
    Tls,
    /// The transaction was rolled back by the server and may be tried again (deadlock, lock wait).
    Transient,
    /// The server is read-only.
    ReadOnly,
    /// The server's disk is full.
    DiskFull,
    /// A packet was larger than `max_allowed_packet`.
    PacketTooLarge,
    /// A privilege is missing.
    PrivilegeMissing,
    /// The server has no connection left for us.
    TooManyConnections,
    /// A table or column is not there, or changed under a snapshot.
    DefinitionChanged,
    /// A duplicate key.
    DuplicateKey,
    /// The statement was killed or ran into a time limit.
    Interrupted,
    /// `LOAD DATA LOCAL` is not allowed.
    LocalInfileOff,
    /// Anything else: permanent.
    Other,
}

impl ErrorClass {
    /// Whether the same may work over a connection a moment later, for whoever repeats what he did in it.
    #[must_use]
    pub fn is_passing(self) -> bool {
        matches!(self, Self::Transient | Self::Lost | Self::Unreachable | Self::TooManyConnections)
    }
}

impl MysqlError {
    /// The server's error number, if it answered with one.
    #[must_use]
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::Server { code, .. } => Some(*code),
            Self::Resolve { .. }
            | Self::Connect { .. }
            | Self::Lost { .. }
            | Self::TlsNotOffered
            | Self::CertificateNotTrusted(_)
            | Self::CertificateName { .. }
            | Self::Tls(_)
            | Self::Auth { .. }
            | Self::NoPassword { .. }
            | Self::Protocol { .. }
            | Self::Result(_) => None,
        }
    }

    /// What the error means for what we do next.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Server { code, message, .. } => classify_code(*code, message),
            // Whoever gives passwords may be away for a while, as a server may.
            Self::Resolve { .. } | Self::Connect { .. } | Self::NoPassword { .. } => {
                ErrorClass::Unreachable
            }
            Self::Lost { .. } => ErrorClass::Lost,
            Self::TlsNotOffered
            | Self::CertificateNotTrusted(_)
            | Self::CertificateName { .. }
            | Self::Tls(_) => ErrorClass::Tls,
            Self::Auth { .. } | Self::Protocol { .. } | Self::Result(_) => ErrorClass::Other,
        }
    }
}

/// One table from errno to meaning; what is not listed is permanent.
fn classify_code(code: u16, message: &str) -> ErrorClass {
    match code {
        1205 | 1213 | 1637 | 3058 | 3572 => ErrorClass::Transient,
        // 1053 shutdown in progress, 1077/1078/1079 shutdown notices, 1927 MariaDB connection killed.
        1053 | 1077 | 1078 | 1079 | 1152 | 1159 | 1160 | 1161 | 1927 | 2006 | 2013 | 4031 => {
            ErrorClass::Lost
        }
        1044 | 1142 | 1143 | 1227 | 1370 | 1410 | 1419 | 3879 => ErrorClass::PrivilegeMissing,
        1045 | 1130 | 1698 | 1862 | 3118 | 3159 | 3955 | 4151 => ErrorClass::AccessDenied,
        1040 | 1203 | 1226 => ErrorClass::TooManyConnections,
        1290 if message.contains("read-only") || message.contains("read_only") => {
            ErrorClass::ReadOnly
        }
        1836 | 3100 => ErrorClass::ReadOnly,
        1021 | 1026 | 1030 | 1114 | 1197 | 3 | 28
            if message.contains("full") || message.contains("space") =>
        {
            ErrorClass::DiskFull
        }
        1153 | 1301 | 2020 => ErrorClass::PacketTooLarge,
        1054 | 1146 | 1412 | 1049 => ErrorClass::DefinitionChanged,
        1022 | 1062 | 1586 => ErrorClass::DuplicateKey,
        1317 | 3024 | 1969 => ErrorClass::Interrupted,
        1148 | 3948 | 3950 | 4166 => ErrorClass::LocalInfileOff,
        _ => ErrorClass::Other,
    }
}
