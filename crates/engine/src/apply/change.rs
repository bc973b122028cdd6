//! What comes to be applied: row changes of whole transactions, by images that know their own values.

use std::fmt::Debug;

use sealift_mysql::binlog::{ForeignKeyChecks, LogPosition, TransactionId};

use crate::encode::RowValues;

/// A row's image, kept as it came until it is written. Cloning it copies no value.
pub trait Image: Clone + Debug + Send + Sync + 'static {
    /// Room for values that the image does not hold as text (decimals, JSON), used again for each row.
    type Scratch: Default + Send;
    /// Walks the values of all columns of the source's table in its order, generated ones too. Those it lacks can
    /// only be passed over.
    type Values<'a>: RowValues
    where
        Self: 'a;

    /// Whether it has the value of a column of the source's table, by its place. Where the source logs rows in
    /// part, an image of a row that came lacks what has its default, one of a row that changed what did not
    /// change, one of a row that was what is not needed to find it.
    fn has(&self, column: usize) -> bool;

    /// Begins at the first column.
    fn values<'a>(&'a self, scratch: &'a mut Self::Scratch) -> Self::Values<'a>;

    /// Bytes it keeps in memory.
    fn bytes(&self) -> usize;
}

/// What happened to a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowChange<I> {
    /// It came.
    Insert(I),
    /// It changed.
    Update {
        /// From this.
        before: I,
        /// To this.
        after: I,
    },
    /// It went.
    Delete(I),
}

/// A change of a row of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change<I> {
    /// The table: its place in the list the applier was opened with.
    pub table: usize,
    /// What happened.
    pub row: RowChange<I>,
    /// Whether foreign keys were checked, and acted, when it happened.
    pub checks: ForeignKeyChecks,
}

/// A whole transaction of the source, or the part of it that concerns the tables applied: possibly
/// nothing, which moves the position all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction<I> {
    /// Which it is.
    pub id: TransactionId,
    /// The position behind it.
    pub end: LogPosition,
    /// Its changes in order.
    pub changes: Vec<Change<I>>,
}

impl<I: Image> Change<I> {
    /// Bytes it keeps in memory, beside itself.
    pub(super) fn bytes(&self) -> usize {
        match &self.row {
            RowChange::Insert(image) | RowChange::Delete(image) => image.bytes(),
            RowChange::Update { before, after } => before.bytes() + after.bytes(),
        }
    }
}
