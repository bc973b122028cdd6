//! How far a source's binary log had grown at some moment.

use serde::{Deserialize, Serialize};

/// A moment of a source, by its binary log. Opaque outside this crate but for questions asked of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// `server_uuid`, or what stands for it on MariaDB: file and offset mean nothing elsewhere.
    pub server: String,
    /// Binary log file.
    pub file: String,
    /// Offset in it.
    pub offset: u64,
    /// `gtid_executed` (MariaDB: `gtid_binlog_pos`) when the server keeps GTIDs; whitespace removed.
    pub gtid_set: Option<String>,
}
