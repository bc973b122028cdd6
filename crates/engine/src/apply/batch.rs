//! Whole transactions made one: of each row only its last state is left.
//!
//! This is needed for more than speed. Lanes write the rows of a batch side by side; only its final states
//! are free of conflicts among themselves, since the source had all of them at one moment. A state between
//! could take away, by a secondary unique key, a row another lane has put for good.

use std::hash::BuildHasher;
use std::ops::Range;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::Sizes;
use super::change::{Change, Image, RowChange};
use super::key::ChangeKey;
use crate::encode::EncodeError;

/// Row changes of some transactions, each row with its last state.
#[derive(Debug)]
pub struct Batch<I: Image> {
    rows: Vec<Row<I>>,
    /// Bytes of all rows' keys.
    keys: Vec<u8>,
    /// Places in `rows` by table and key.
    index: HashTable<usize>,
    hasher: DefaultHashBuilder,
    /// Changes that are made one after the other, in their order.
    ordered: Vec<Change<I>>,
    bytes: usize,
    changes: u64,
}

/// A row that was changed.
#[derive(Debug)]
pub(super) struct Row<I> {
    pub(super) table: usize,
    pub(super) hash: u64,
    key: Range<usize>,
    /// Its last image; `None`: it is gone.
    pub(super) last: Option<I>,
}

impl<I: Image> Default for Batch<I> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            keys: Vec::new(),
            index: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            ordered: Vec::new(),
            bytes: 0,
            changes: 0,
        }
    }
}

impl<I: Image> Batch<I> {
    /// Takes the next change in. `key`: tells the rows of its table apart; `None`: its changes are made in order.
    ///
    /// # Errors
    /// When the image cannot be read; the batch is then of no use.
    pub(super) fn take(
        &mut self,
        change: Change<I>,
        key: Option<&ChangeKey>,
        scratch: &mut I::Scratch,
    ) -> Result<(), EncodeError> {
        self.changes += 1;
        self.bytes += change.bytes();
        let Some(key) = key else {
            self.ordered.push(change);
            return Ok(());
        };
        let Change { table, row, checks: _ } = change;
        match row {
            RowChange::Insert(after) => {
                let at = self.read_key(key, &after, scratch)?;
                self.settle(table, at, Some(after));
            }
            RowChange::Delete(before) => {
                let at = self.read_key(key, &before, scratch)?;
                self.settle(table, at, None);
            }
            RowChange::Update { before, after } => {
                let from = self.read_key(key, &before, scratch)?;
                let to = self.read_key(key, &after, scratch)?;
                if self.key(&from) == self.key(&to) {
                    self.keys.truncate(to.start);
                    self.settle(table, from, Some(after));
                } else {
                    self.settle(table, from, None);
                    self.settle(table, to, Some(after));
                }
            }
        }
        Ok(())
    }

    /// Whether it should be written before it takes more.
    pub(super) fn is_full(&self, sizes: &Sizes) -> bool {
        self.bytes + self.keys.len() >= sizes.batch_bytes || self.changes >= sizes.batch_changes
    }

    /// Changes taken in.
    pub(super) fn changes(&self) -> u64 {
        self.changes
    }

    /// The rows that were changed, each with its last state.
    pub(super) fn rows(&self) -> &[Row<I>] {
        &self.rows
    }

    /// Changes that are made one after the other, in their order.
    pub(super) fn ordered(&self) -> &[Change<I>] {
        &self.ordered
    }

    /// The bytes of a row's key.
    pub(super) fn key_of(&self, row: &Row<I>) -> &[u8] {
        self.key(&row.key)
    }

    fn key(&self, at: &Range<usize>) -> &[u8] {
        self.keys.get(at.clone()).unwrap_or_default()
    }

    fn read_key(
        &mut self,
        key: &ChangeKey,
        image: &I,
        scratch: &mut I::Scratch,
    ) -> Result<Range<usize>, EncodeError> {
        let from = self.keys.len();
        key.read(image, scratch, &mut self.keys)?;
        Ok(from..self.keys.len())
    }

    /// Notes a row's last state.
    fn settle(&mut self, table: usize, key: Range<usize>, last: Option<I>) {
        let Self { rows, keys, index, hasher, .. } = self;
        let bytes = keys.get(key.clone()).unwrap_or_default();
        let hash = hasher.hash_one((table, bytes));
        let is_same = |at: &usize| {
            rows.get(*at).is_some_and(|row| {
                row.hash == hash
                    && row.table == table
                    && keys.get(row.key.clone()).unwrap_or_default() == bytes
            })
        };
        if let Some(at) = index.find(hash, is_same) {
            if let Some(row) = rows.get_mut(*at) {
                row.last = last;
            }
            // Its key is kept already; another one may lie behind it.
            if key.end == keys.len() {
                keys.truncate(key.start);
            }
            return;
        }
        let hash_of = |at: &usize| rows.get(*at).map_or(0, |row| row.hash);
        index.insert_unique(hash, rows.len(), hash_of);
        rows.push(Row { table, hash, key, last });
    }
}

#[cfg(test)]
mod tests;
