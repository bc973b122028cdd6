//! The header all events have in common, and their type codes.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/classbinary__log_1_1Log__event__header.html>

use crate::wire::scan::{Malformed, Scan};

/// Bytes of the header; every server since MySQL 5.0 writes these.
pub(super) const HEADER_BYTES: usize = 19;

/// Whoever does not know the event may pass over it.
const IGNORABLE: u16 = 0x80;
/// Made up by the server for the stream; it is in no file.
const ARTIFICIAL: u16 = 0x20;

/// What every event begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Seconds since 1970.
    pub(super) timestamp: u32,
    /// What it is.
    pub(super) type_code: u8,
    /// Who executed it first.
    pub(super) server_id: u32,
    /// Bytes of the event, header and checksum included.
    pub(super) size: u32,
    /// The lower half of the offset at which it ends; 0 for what is in no file.
    pub(super) end: u32,
    flags: u16,
}

impl Header {
    /// Reads the header of a whole event.
    pub(super) fn read(event: &[u8]) -> Result<Self, Malformed> {
        let mut scan = Scan::new(event);
        let timestamp = scan.u32("timestamp")?;
        let type_code = scan.u8("event type")?;
        let server_id = scan.u32("server id")?;
        let size = scan.u32("event size")?;
        let end = scan.u32("end of event")?;
        let flags = scan.u16("event flags")?;
        Ok(Self { timestamp, type_code, server_id, size, end, flags })
    }

    /// Whether an unknown event may be passed over.
    pub(super) fn is_ignorable(&self) -> bool {
        self.flags & IGNORABLE != 0
    }

    /// Whether the event lies in the file, at the place the stream has reached.
    pub(super) fn is_in_file(&self) -> bool {
        self.end != 0 && self.flags & ARTIFICIAL == 0
    }
}

/// Type codes, MySQL's up to 42 and MariaDB's from 160
/// (<https://mariadb.com/kb/en/2-binlog-event-header/>).
pub(super) mod code {
    pub(in crate::binlog) const QUERY: u8 = 2;
    pub(in crate::binlog) const STOP: u8 = 3;
    pub(in crate::binlog) const ROTATE: u8 = 4;
    pub(in crate::binlog) const INTVAR: u8 = 5;
    pub(in crate::binlog) const APPEND_BLOCK: u8 = 9;
    pub(in crate::binlog) const DELETE_FILE: u8 = 11;
    pub(in crate::binlog) const RAND: u8 = 13;
    pub(in crate::binlog) const USER_VAR: u8 = 14;
    pub(in crate::binlog) const FORMAT_DESCRIPTION: u8 = 15;
    pub(in crate::binlog) const XID: u8 = 16;
    pub(in crate::binlog) const BEGIN_LOAD_QUERY: u8 = 17;
    pub(in crate::binlog) const EXECUTE_LOAD_QUERY: u8 = 18;
    pub(in crate::binlog) const TABLE_MAP: u8 = 19;
    pub(in crate::binlog) const WRITE_ROWS_V1: u8 = 23;
    pub(in crate::binlog) const DELETE_ROWS_V1: u8 = 25;
    pub(in crate::binlog) const INCIDENT: u8 = 26;
    pub(in crate::binlog) const HEARTBEAT: u8 = 27;
    pub(in crate::binlog) const IGNORABLE: u8 = 28;
    pub(in crate::binlog) const ROWS_QUERY: u8 = 29;
    pub(in crate::binlog) const WRITE_ROWS: u8 = 30;
    pub(in crate::binlog) const DELETE_ROWS: u8 = 32;
    pub(in crate::binlog) const GTID: u8 = 33;
    pub(in crate::binlog) const ANONYMOUS_GTID: u8 = 34;
    pub(in crate::binlog) const PREVIOUS_GTIDS: u8 = 35;
    pub(in crate::binlog) const TRANSACTION_CONTEXT: u8 = 36;
    pub(in crate::binlog) const VIEW_CHANGE: u8 = 37;
    pub(in crate::binlog) const XA_PREPARE: u8 = 38;
    pub(in crate::binlog) const PARTIAL_UPDATE_ROWS: u8 = 39;
    pub(in crate::binlog) const TRANSACTION_PAYLOAD: u8 = 40;
    pub(in crate::binlog) const HEARTBEAT_V2: u8 = 41;
    pub(in crate::binlog) const GTID_TAGGED: u8 = 42;
    pub(in crate::binlog) const ANNOTATE_ROWS: u8 = 160;
    pub(in crate::binlog) const BINLOG_CHECKPOINT: u8 = 161;
    pub(in crate::binlog) const MARIADB_GTID: u8 = 162;
    pub(in crate::binlog) const GTID_LIST: u8 = 163;
    pub(in crate::binlog) const START_ENCRYPTION: u8 = 164;
    pub(in crate::binlog) const QUERY_COMPRESSED: u8 = 165;
    pub(in crate::binlog) const WRITE_ROWS_COMPRESSED_V1: u8 = 166;
    pub(in crate::binlog) const DELETE_ROWS_COMPRESSED: u8 = 171;
}
