//! What can go wrong while a log is followed, and what that means.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::place::LogPosition;
use crate::error::{ErrorClass, MysqlError};
use crate::wire::scan::Malformed;

/// Why the log cannot be followed any further. Nothing was skipped: what was handed out before is all there is up to
/// the position.
#[derive(Debug, Error)]
pub enum BinlogError {
    /// A connection could not be made or broke, or the server refused a statement.
    #[error("{doing}: {cause}")]
    Server {
        /// Verb and object.
        doing: &'static str,
        /// What the server said.
        cause: MysqlError,
    },
    /// Nothing came for so long that the connection must be dead: a heartbeat was due several times.
    #[error("the source has sent nothing for {} s, not even a heartbeat", .0.as_secs())]
    Silent(Duration),
    /// The server ended the stream, as it does when it shuts down.
    #[error("the source ended the stream of its binary log")]
    Ended,
    /// Somebody else follows the log with our server id.
    #[error("another replica with the same server id has connected to the source: {0}")]
    Displaced(String),
    /// The server does not have all that we have: it lags behind another one, or was restored.
    #[error(
        "the source lacks transactions that were carried already: it has GTID set {has}, not all of {wants}"
    )]
    Behind {
        /// What the server has.
        has: String,
        /// Where we are.
        wants: String,
    },
    /// The part of the log that comes next is not there any more.
    #[error("the source has no binary log any more from {position} on: {message}")]
    Purged {
        /// Where we wanted to go on.
        position: Box<LogPosition>,
        /// The server's words.
        message: String,
    },
    /// File and offset are of another server.
    #[error("the position is one of server {expected}, this is server {found}")]
    OtherServer {
        /// Where the position was taken.
        expected: String,
        /// Who answers now.
        found: String,
    },
    /// The position says too little to go on from.
    #[error("{0} is no position to go on from")]
    NoPosition(Box<LogPosition>),
    /// The server cannot or will not send its log from there.
    #[error("the source cannot send its binary log from {position}: {message}")]
    Refused {
        /// Where we wanted to go on.
        position: Box<LogPosition>,
        /// The server's words.
        message: String,
    },
    /// Bytes that are no event, or not the event they claim to be.
    #[error("unreadable event in the binary log at {at}: {what}")]
    Corrupt {
        /// Where it begins.
        at: Place,
        /// What is wrong.
        what: String,
    },
    /// An event whose meaning cannot be carried.
    #[error("event in the binary log at {at} cannot be carried: {what}")]
    Unsupported {
        /// Where it begins.
        at: Place,
        /// What it is, and what to do about it.
        what: String,
    },
}

/// What an error means for what to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// Open the stream again from the position reached.
    Reopen,
    /// The log is gone: what it held must be copied again.
    CopyAgain,
    /// It will be the same again until somebody changes something.
    Stop,
}

/// A place in the log, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: Arc<str>,
    /// The offset in it.
    pub offset: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.offset)
    }
}

impl BinlogError {
    /// The error of a statement or packet.
    pub(super) fn server(doing: &'static str) -> impl Fn(MysqlError) -> Self {
        move |cause| Self::Server { doing, cause }
    }

    /// What it means for what to do next.
    #[must_use]
    pub fn reaction(&self) -> Reaction {
        match self {
            Self::Server { cause, .. } => match cause.class() {
                ErrorClass::Unreachable
                | ErrorClass::Lost
                | ErrorClass::Transient
                | ErrorClass::Interrupted
                | ErrorClass::TooManyConnections => Reaction::Reopen,
                ErrorClass::AccessDenied
                | ErrorClass::Tls
                | ErrorClass::ReadOnly
                | ErrorClass::DiskFull
                | ErrorClass::PacketTooLarge
                | ErrorClass::PrivilegeMissing
                | ErrorClass::DefinitionChanged
                | ErrorClass::DuplicateKey
                | ErrorClass::LocalInfileOff
                | ErrorClass::Other => Reaction::Stop,
            },
            Self::Silent(_) | Self::Ended | Self::Behind { .. } => Reaction::Reopen,
            Self::Purged { .. } => Reaction::CopyAgain,
            Self::Displaced(_)
            | Self::OtherServer { .. }
            | Self::NoPosition(_)
            | Self::Refused { .. }
            | Self::Corrupt { .. }
            | Self::Unsupported { .. } => Reaction::Stop,
        }
    }
}

/// Why one event could not be taken; the stream adds where it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It does not follow the format.
    Corrupt(String),
    /// It means something that cannot be carried.
    Unsupported(String),
}

impl Trouble {
    /// The same with its place.
    pub(super) fn at(self, file: &Arc<str>, offset: u64) -> BinlogError {
        let at = Place { file: Arc::clone(file), offset };
        match self {
            Self::Corrupt(what) => BinlogError::Corrupt { at, what },
            Self::Unsupported(what) => BinlogError::Unsupported { at, what },
        }
    }
}

impl From<Malformed> for Trouble {
    fn from(Malformed(what): Malformed) -> Self {
        Self::Corrupt(what)
    }
}
