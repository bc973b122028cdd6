//! A whole transaction in one compressed event (`binlog_transaction_compression`).
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/classbinary__log_1_1Transaction__payload__event.html>

use std::fmt;
use std::io::{self, Read};

use bytes::Bytes;
use bytes::buf::{Buf, Reader};

use super::error::Trouble;
use super::header::{HEADER_BYTES, Header};
use crate::wire::scan::{Malformed, Scan};

/// Events of a payload, unwrapped one after the other: never more than one of them is in memory.
pub(super) struct Payload {
    events: Source,
}

enum Source {
    Zstd(zstd::stream::read::Decoder<'static, Reader<Bytes>>),
    Plain(Reader<Bytes>),
}

/// An event grows by this much at a time, whatever length it claims.
const PIECE_BYTES: u64 = 1 << 20;

const ZSTD: u64 = 0;
const NONE: u64 = 255;

impl Payload {
    /// Reads the event's own fields: number, length and value of each, up to a mark; the payload follows.
    pub(super) fn open(body: &Bytes) -> Result<Self, Trouble> {
        const END: u64 = 0;
        const COMPRESSION: u64 = 2;
        let mut scan = Scan::new(body);
        let mut compression = NONE;
        loop {
            let field = scan.length("payload field")?;
            if field == END {
                break;
            }
            let value = scan.string("payload field")?;
            if field == COMPRESSION {
                compression = Scan::new(value).length("compression")?;
            }
        }
        let rest = body.slice(body.len() - scan.rest().len()..).reader();
        let events = match compression {
            ZSTD => {
                let decoder = zstd::stream::read::Decoder::with_buffer(rest);
                Source::Zstd(decoder.map_err(|cause| unreadable(&cause))?)
            }
            NONE => Source::Plain(rest),
            other => {
                let what = format!("a transaction compressed in the unknown way {other}");
                return Err(Trouble::Unsupported(what));
            }
        };
        Ok(Self { events })
    }

    /// The next event, header included and without checksum; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, Trouble> {
        let mut event = Vec::new();
        self.read(&mut event, u64::try_from(HEADER_BYTES).unwrap_or(u64::MAX))?;
        if event.is_empty() {
            return Ok(None);
        }
        let size = u64::from(Header::read(&event)?.size);
        let mut missing = size.saturating_sub(u64::try_from(event.len()).unwrap_or(u64::MAX));
        while missing > 0 {
            let wanted = missing.min(PIECE_BYTES);
            let count = self.read(&mut event, wanted)?;
            if count < wanted {
                return Err(Malformed("a compressed transaction ends amid an event".into()).into());
            }
            missing -= count;
        }
        Ok(Some(event.into()))
    }

    fn read(&mut self, event: &mut Vec<u8>, count: u64) -> Result<u64, Trouble> {
        let read = match &mut self.events {
            Source::Zstd(decoder) => decoder.take(count).read_to_end(event),
            Source::Plain(reader) => reader.take(count).read_to_end(event),
        };
        Ok(u64::try_from(read.map_err(|cause| unreadable(&cause))?).unwrap_or(u64::MAX))
    }
}

fn unreadable(cause: &io::Error) -> Trouble {
    Trouble::Corrupt(format!("compressed transaction: {cause}"))
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Payload")
    }
}
