//! The sign of life of a server that has nothing to send, or passes over what we have.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/classbinary__log_1_1Heartbeat__event__v2.html>

use crate::wire::scan::{Malformed, Scan, lossy};

/// Where the server is, as the second version tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Heartbeat {
    /// The file.
    pub(super) file: String,
    /// The offset in it, whole.
    pub(super) offset: u64,
}

/// Reads the second version: number, length and value of each field, up to a mark.
pub(super) fn read_v2(body: &[u8]) -> Result<Heartbeat, Malformed> {
    const END: u64 = 0;
    const FILE: u64 = 1;
    const OFFSET: u64 = 2;
    let mut scan = Scan::new(body);
    let mut heartbeat = Heartbeat::default();
    while !scan.is_empty() {
        let field = scan.length("heartbeat field")?;
        if field == END {
            break;
        }
        let value = scan.string("heartbeat field")?;
        match field {
            FILE => heartbeat.file = lossy(value),
            OFFSET => heartbeat.offset = Scan::new(value).length("heartbeat's offset")?,
            _later => {}
        }
    }
    Ok(heartbeat)
}
