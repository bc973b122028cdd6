//! What a server says when it cannot send its log, and what that means.
//!
//! One error number (1236) stands for all of it, so the words decide.

use super::error::BinlogError;
use super::place::LogPosition;
use crate::error::MysqlError;

/// `ER_SOURCE_FATAL_ERROR_READING_BINLOG`.
const CANNOT_READ_LOG: u16 = 1236;
/// `ER_SOURCE_HAS_PURGED_REQUIRED_GTIDS`.
const PURGED_GTIDS: u16 = 1789;
/// `ER_REPLICA_HAS_MORE_GTIDS_THAN_SOURCE`.
const MORE_GTIDS: u16 = 1885;

/// MariaDB's `ER_SLAVE_SAME_ID`.
const SAME_ID: u16 = 4052;

/// The log, or the part of it we want, is not there any more.
const GONE: [&str; 6] = [
    // MySQL, by GTID.
    "purged",
    // MySQL and MariaDB, by file.
    "could not find first log file name in binary log index file",
    "could not open log file",
    "could not find next log",
    // The log was reset, or the server restored.
    "position > file size",
    // MariaDB, by GTID.
    "could not find gtid state requested by slave",
];

/// Reads an error that ended the stream.
pub(super) fn classify(cause: MysqlError, position: &LogPosition) -> BinlogError {
    let MysqlError::Server { code, message, .. } = &cause else {
        return BinlogError::Server { doing: "read the binary log", cause };
    };
    if !matches!(*code, CANNOT_READ_LOG | PURGED_GTIDS | MORE_GTIDS | SAME_ID) {
        return BinlogError::Server { doing: "read the binary log", cause };
    }
    let lower = message.to_lowercase();
    let (message, position) = (message.clone(), Box::new(position.clone()));
    if *code == PURGED_GTIDS || GONE.iter().any(|words| lower.contains(words)) {
        BinlogError::Purged { position, message }
    } else if lower.contains("same server_uuid") || lower.contains("same server_id") {
        BinlogError::Displaced(message)
    } else {
        BinlogError::Refused { position, message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binlog::Reaction;

    fn reaction(code: u16, message: &str) -> Reaction {
        let position = LogPosition {
            server: String::new(),
            file: "b.1".into(),
            offset: 4,
            gtids: None,
            since: None,
        };
        let (state, message) = ("HY000".to_owned(), message.to_owned());
        classify(MysqlError::Server { code, state, message }, &position).reaction()
    }

    #[test]
    fn the_servers_words_tell_what_to_do() {
        for (code, message, expected) in [
            (
                1236,
                "Cannot replicate because the source purged required binary logs. Replicate the missing transactions from elsewhere",
                Reaction::CopyAgain,
            ),
            (
                1236,
                "The slave is connecting using CHANGE MASTER TO MASTER_AUTO_POSITION = 1, but the master has purged binary logs containing GTIDs that the slave requires.",
                Reaction::CopyAgain,
            ),
            (
                1236,
                "Could not find first log file name in binary log index file",
                Reaction::CopyAgain,
            ),
            (
                1236,
                "Client requested source to start replication from position > file size",
                Reaction::CopyAgain,
            ),
            (
                1236,
                "Could not find GTID state requested by slave in any binlog files. Probably the slave state is too old and required binlog files have been purged.",
                Reaction::CopyAgain,
            ),
            (
                1236,
                "A replica with the same server_uuid/server_id as this replica has connected to the source; the first event",
                Reaction::Stop,
            ),
            (
                1236,
                "log event entry exceeded max_allowed_packet; Increase max_allowed_packet on source",
                Reaction::Stop,
            ),
            (
                1885,
                "Replica has more GTIDs than the source has, using the source's SERVER_UUID.",
                Reaction::Stop,
            ),
            (1053, "Server shutdown in progress", Reaction::Reopen),
            (1927, "Connection was killed", Reaction::Reopen),
            (
                1227,
                "Access denied; you need (at least one of) the REPLICATION SLAVE privilege(s)",
                Reaction::Stop,
            ),
        ] {
            assert_eq!(reaction(code, message), expected, "{message}");
        }
    }
}
