//! The event that opens a log file: who wrote it, how long post-headers are, which checksum follows each event.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/classbinary__log_1_1Format__description__event.html>

use super::error::Trouble;
use super::header::HEADER_BYTES;
use crate::wire::scan::{Malformed, Scan};

/// Bytes of a checksum.
pub(super) const CHECKSUM_BYTES: usize = 4;
/// Version 4 has been written since MySQL 5.0.
const LOG_VERSION: u16 = 4;
const SERVER_VERSION_BYTES: usize = 50;

/// Which checksum ends each event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checksum {
    /// None.
    None,
    /// CRC32 of all before it.
    Crc32,
}

/// How the events of a file are laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Format {
    /// Which checksum ends each event.
    pub(super) checksum: Checksum,
    post_headers: Vec<u8>,
}

impl Format {
    /// What holds until the first description arrives.
    pub(super) fn unknown() -> Self {
        Self { checksum: Checksum::None, post_headers: Vec::new() }
    }

    /// Reads a whole event, the common header included. MySQL since 5.6 and MariaDB since 5.3 end it with the
    /// checksum's kind and four bytes for the checksum, whether there is one or not.
    pub(super) fn read(event: &[u8]) -> Result<Self, Trouble> {
        let mut scan = Scan::new(event);
        scan.bytes(HEADER_BYTES, "header")?;
        let version = scan.u16("log version")?;
        if version != LOG_VERSION {
            return Err(Trouble::Unsupported(format!("a binary log of version {version}")));
        }
        scan.bytes(SERVER_VERSION_BYTES, "server version")?;
        scan.u32("creation time")?;
        let header = scan.u8("length of headers")?;
        if usize::from(header) != HEADER_BYTES {
            return Err(Trouble::Unsupported(format!("event headers of {header} bytes")));
        }
        let rest = scan.rest();
        let split = rest.len().checked_sub(1 + CHECKSUM_BYTES);
        let Some((post_headers, &[kind, ..])) = split.and_then(|at| rest.split_at_checked(at))
        else {
            return Err(Malformed("a format description too short".to_owned()).into());
        };
        let checksum = match kind {
            0 => Checksum::None,
            1 => Checksum::Crc32,
            other => {
                return Err(Trouble::Unsupported(format!("checksums of unknown kind {other}")));
            }
        };
        Ok(Self { checksum, post_headers: post_headers.to_vec() })
    }

    /// Bytes of an event type's post-header.
    pub(super) fn post_header(&self, type_code: u8) -> Result<u8, Trouble> {
        usize::from(type_code)
            .checked_sub(1)
            .and_then(|index| self.post_headers.get(index).copied())
            .ok_or_else(|| {
                let what = format!("an event of type {type_code}, which the log's format lacks");
                Trouble::Corrupt(what)
            })
    }
}
