//! Following a server's binary log: positions, the stream, its events.
//!
//! In reading order: what a transaction is called ([`Gtid`], [`GtidSet`]) and where it lies ([`LogPosition`]),
//! what a read is certain to see (`visible`), how a server is asked for its log (`dump`) and what it sends
//! (`stream`, one file per event).

#![allow(dead_code, reason = "the stream that uses it lands next")]

mod gtid;
mod gtid_set;
mod place;
mod error;
mod event;
mod query;
mod header;
mod format;

pub use self::error::{BinlogError, Place, Reaction};
pub use self::event::{Begin, Event, Outcome, RawRows};
pub use self::gtid::{Gtid, Origin, UnreadableGtid};
pub use self::gtid_set::GtidSet;
pub use self::place::{LogPosition, TransactionId};
pub use self::query::{Query, Settings};
