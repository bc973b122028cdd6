//! What the stream hands out.

use sealift_mysql::binlog::{LogPosition, RowsEvent, TransactionId};

use super::statement::Statement;

/// One thing the log tells of the migrated tables, in its order.
#[derive(Clone, Debug)]
pub enum Item {
    /// A whole transaction; without changes if it concerns no migrated table.
    Transaction(Transaction),
    /// A part of a transaction that is too large to be kept in memory. The parts of one follow each other.
    Piece(Piece),
    /// The parts handed out since the last whole transaction count for nothing: the connection was lost, and
    /// the same transaction comes again.
    BrokenOff,
    /// A statement that changes definitions, at its place.
    Statement(Box<Statement>),
    /// Nothing more for now: everything within this position was handed out.
    Idle(LogPosition),
}

impl Item {
    /// The position that holds everything handed out so far, if this item ends with one.
    pub(super) fn end(&self) -> Option<&LogPosition> {
        match self {
            Self::Transaction(transaction) => Some(&transaction.end),
            Self::Piece(piece) => piece.end.as_ref(),
            Self::Statement(statement) => Some(&statement.end),
            Self::Idle(position) => Some(position),
            Self::BrokenOff => None,
        }
    }
}

/// A transaction of the source.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// Which one it is.
    pub id: TransactionId,
    /// The position that holds it and everything before it.
    pub end: LogPosition,
    /// When the source committed it, in microseconds since 1970.
    pub committed_at: u64,
    /// What it did to migrated tables, in its order.
    pub changes: Vec<Change>,
    /// Bytes of the images.
    pub bytes: usize,
    /// The name under which XA had prepared it, if it had.
    pub xid: Option<String>,
}

impl Transaction {
    /// The tables it touches, each once.
    #[must_use]
    pub fn tables(&self) -> Vec<usize> {
        touched(&self.changes)
    }
}

/// A part of a transaction.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Which transaction.
    pub id: TransactionId,
    /// When the source committed it, in microseconds since 1970.
    pub committed_at: u64,
    /// What this part did, in its order.
    pub changes: Vec<Change>,
    /// With the last part: the position that holds the whole.
    pub end: Option<LogPosition>,
    /// The name under which XA had prepared it, if it had.
    pub xid: Option<String>,
}

impl Piece {
    /// The tables it touches, each once.
    #[must_use]
    pub fn tables(&self) -> Vec<usize> {
        touched(&self.changes)
    }
}

/// Rows of one table that one statement changed alike.
#[derive(Clone, Debug)]
pub struct Change {
    /// The table, by its place in [`super::Tables`].
    pub table: usize,
    /// The rows.
    pub rows: RowsEvent,
}

fn touched(changes: &[Change]) -> Vec<usize> {
    let mut tables: Vec<usize> = changes.iter().map(|change| change.table).collect();
    tables.sort_unstable();
    tables.dedup();
    tables
}
