//! What the log tells, transaction by transaction.

use bytes::Bytes;

use super::error::Place;
use super::gtid::Gtid;
use super::place::TransactionId;
use super::query::Query;

/// One thing the log tells, in its order. Every transaction is a [`Begin`], what it does, and an [`End`]; between
/// transactions come only [`Event::Idle`]s. A statement that stands alone (DDL) has its begin and end, too.
///
/// [`Begin`]: Event::Begin
/// [`End`]: Event::End
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A transaction begins.
    Begin(Begin),
    /// It is one of XA, which may end by being prepared; right behind its [`Event::Begin`].
    Xa,
    /// A statement: DDL, or a change that was logged as its statement. `BEGIN`, `COMMIT`, `XA START` and `XA END`
    /// are not among them, savepoints and `XA COMMIT` are.
    Query(Query),
    /// The table that rows to come belong to.
    TableMap(RawRows),
    /// Rows of a table, before or after they were changed.
    Rows(RawRows),
    /// The transaction ends.
    End(End),
    /// The source is there and has nothing to send: all it has up to this place was handed out.
    Idle(Place),
}

/// The end of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// How it ends.
    pub outcome: Outcome,
    /// Where it ends in the log.
    pub place: Place,
    /// The connection that executed it, by its number on the server; `None` where the log does not tell.
    pub thread: Option<u32>,
}

/// How a transaction begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begin {
    /// Which one it is.
    pub id: TransactionId,
    /// When the server committed it: microseconds since 1970, or whole seconds' worth of them where the log keeps
    /// no more.
    pub committed_at: u64,
    /// `server_id` of the server that executed it first.
    pub server_id: u32,
}

/// How a transaction ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is committed.
    Committed,
    /// It was rolled back, but some of what it did could not be (tables of engines without transactions).
    RolledBack,
    /// The server died while it wrote it; nobody ever saw it.
    Abandoned,
    /// `XA PREPARE`: nobody sees it until `XA COMMIT` with the same name comes as a [`Query`].
    Prepared {
        /// The name as `XA COMMIT` prints it: `X'…',X'…',1`.
        xid: String,
    },
}

/// A table map or rows, to be read by their own module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawRows {
    /// The event's type.
    pub type_code: u8,
    /// Bytes of its post-header, by the log's format description.
    pub post_header: u8,
    /// Post-header and body, without the common header and the checksum.
    pub body: Bytes,
}

impl Begin {
    /// The GTID, if it has one.
    #[must_use]
    pub fn gtid(&self) -> Option<&Gtid> {
        self.id.gtid.as_ref()
    }
}
