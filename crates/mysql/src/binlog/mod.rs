//! Following a server's binary log: positions, the stream, its events.
//!
//! In reading order: what a transaction is called ([`Gtid`], [`GtidSet`]) and where it lies ([`LogPosition`]),
//! how a server is asked for its log (`dump`) and what it sends ([`BinlogStream`], [`Event`]), what a read is certain
//! to see ([`Visible`]), and whether a source suits ([`hindrances`]).
//!
//! Rows: a [`TableMap`] says how they lie, [`RowShape`] that this fits the catalog, [`RowsEvent`] where each begins
//! and ends, and an [`Image`] gives its values.

mod gtid;
mod gtid_set;
mod place;
mod error;
mod event;
mod query;
mod sql_mode;
mod header;
mod format;
mod table_map;
mod shape;
mod rows;
mod partial;
mod image;
mod decimal;
mod temporal;
mod json;
mod address;
mod compressed;
mod varint;
mod opening;
mod payload;
mod xa;
mod heartbeat;
mod grouping;
mod decoder;
mod dump;
mod refused;
mod stream;
mod visible;
mod suitability;
#[cfg(fuzzing)]
pub mod fuzzing;
#[cfg(any(test, fuzzing))]
mod fixture;

pub use self::dump::StreamOptions;
pub use self::error::{BinlogError, Place, Reaction};
pub use self::event::{Begin, End, Event, Outcome, RawRows};
pub use self::gtid::{Gtid, Origin, UnreadableGtid};
pub use self::gtid_set::GtidSet;
pub use self::image::{Image, ImageValues};
pub use self::place::{LogPosition, TransactionId};
pub use self::query::{Query, Settings};
pub use self::rows::{ForeignKeyChecks, RowChange, Rows, RowsError, RowsEvent, RowsHead, RowsKind};
pub use self::shape::{Misfit, RowShape, fits, hash_columns};
pub use self::sql_mode::sql_mode;
pub use self::stream::BinlogStream;
pub use self::suitability::{Hindrance, hindrances};
pub use self::table_map::{ColumnMap, Storage, TableMap, TableMapError};
pub use self::visible::{Visible, VisibleError, log_end};
pub(crate) use self::xa::XA_REFUSED;
pub use self::xa::prepared_xa;
pub use sealift_schema::following::RowImages;
