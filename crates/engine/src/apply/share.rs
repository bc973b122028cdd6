//! A batch divided among lanes: each lane's share is one transaction on the target.
//!
//! A table is divided only where equal keys have equal bytes: else a row that goes and one that comes might
//! be the same row to the target, and must be written in order, by one lane.

use std::collections::BTreeMap;

use sealift_mysql::binlog::LogPosition;

use super::batch::Batch;
use super::change::Image;
use super::table::TableForm;

/// A batch and its shares.
#[derive(Debug)]
pub(super) struct Work<I: Image> {
    /// The rows.
    pub(super) batch: Batch<I>,
    /// The position behind them.
    pub(super) end: LogPosition,
    /// The shares; always one at least.
    pub(super) shares: Vec<Share>,
}

/// What one lane writes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Share {
    /// The lane that writes it.
    pub(super) lane: usize,
    /// Rows by table.
    pub(super) tables: BTreeMap<usize, TableShare>,
    /// Whether changes of tables without a key are in it.
    pub(super) has_ordered: bool,
}

/// Rows of one table, by their places in the batch.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct TableShare {
    /// Rows that went.
    pub(super) gone: Vec<usize>,
    /// Rows that are there.
    pub(super) puts: Vec<usize>,
}

impl<I: Image> Work<I> {
    /// Divides a batch among this many lanes, one at least. The first share is lane 0's.
    pub(super) fn divide(
        batch: Batch<I>,
        end: LogPosition,
        forms: &[TableForm],
        lanes: usize,
    ) -> Self {
        let lanes = lanes.max(1);
        let mut shares: Vec<Share> =
            (0..lanes).map(|lane| Share { lane, ..Share::default() }).collect();
        if let Some(first) = shares.first_mut() {
            first.has_ordered = !batch.ordered().is_empty();
        }
        let bytewise: Vec<bool> =
            forms.iter().map(|form| form.key().is_some_and(|key| key.is_bytewise)).collect();
        for (place, row) in batch.rows().iter().enumerate() {
            let lane = if bytewise.get(row.table).copied().unwrap_or(false) {
                lane_of(row.hash, lanes)
            } else {
                row.table % lanes
            };
            let Some(share) = shares.get_mut(lane) else { continue };
            let table = share.tables.entry(row.table).or_default();
            match row.last {
                Some(_) => table.puts.push(place),
                None => table.gone.push(place),
            }
        }
        shares.retain(|share| share.lane == 0 || !share.tables.is_empty());
        Self { batch, end, shares }
    }
}

/// By the hash's upper half: the lower decides places in the batch's own index.
fn lane_of(hash: u64, lanes: usize) -> usize {
    usize::try_from(hash >> 32).map_or(0, |hash| hash % lanes)
}
