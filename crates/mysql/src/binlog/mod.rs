//! Following a server's binary log: positions, the stream, its events.
//!
//! In reading order: what a transaction is called ([`Gtid`], [`GtidSet`]) and where it lies ([`LogPosition`]),
//! what a read is certain to see ([`Visible`]), how a server is asked for its log (`dump`) and what it sends
//! (`stream`, one file per event).
//!
//! Rows: a [`TableMap`] says how they lie, [`RowShape`] that this fits the catalog, [`RowsEvent`] where each begins
//! and ends, and an [`Image`] gives its values.

#![allow(dead_code, reason = "the stream that uses it lands next")]

mod gtid;
mod gtid_set;
mod place;
mod error;
mod event;
mod query;
mod header;
mod format;
mod table_map;
mod shape;
mod rows;
mod image;
mod decimal;
mod temporal;
mod json;
mod address;
mod compressed;
mod visible;

pub use self::error::{BinlogError, Place, Reaction};
pub use self::event::{Begin, Event, Outcome, RawRows};
pub use self::gtid::{Gtid, Origin, UnreadableGtid};
pub use self::gtid_set::GtidSet;
pub use self::image::{Image, ImageValues};
pub use self::place::{LogPosition, TransactionId};
pub use self::query::{Query, Settings};
pub use self::rows::{RowChange, Rows, RowsError, RowsEvent, RowsHead, RowsKind};
pub use self::shape::{Misfit, RowShape, fits};
pub use self::table_map::{ColumnMap, Storage, TableMap, TableMapError};
pub use self::visible::{Visible, VisibleError, log_end};
