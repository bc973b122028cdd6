//! A batch: whole transactions, coalesced to what each lane has to put and to delete.

use std::collections::BTreeMap;

use super::Model;
use super::application::{ABSENT, Change, Position};
use super::guard::Guard;
use super::target::Target;
use super::world::{Kind, World};

/// The last state of a key in a batch: a row to put, or `ABSENT` for gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Last {
    pub(crate) table: u8,
    pub(crate) key: u8,
    pub(crate) row: u8,
}

impl Last {
    /// Brings it to the target.
    pub(crate) fn apply(self, world: &World, target: &mut Target) {
        if self.row == ABSENT {
            target.delete(world, self.table, self.key);
        } else if world.keeps(Guard::StreamReplaces) {
            target.replace(world, self.table, self.key, self.row);
        } else {
            target.insert_ignore(world, self.table, self.key, self.row);
        }
    }
}

/// What one row event does to the keys it names. Tables without a key are not in it.
pub(crate) fn effects(world: &World, change: &Change) -> Vec<Last> {
    let table = change.table;
    if world.table(table).kind == Kind::Keyless {
        return Vec::new();
    }
    let mut effects = Vec::new();
    if let Some((key, _)) = change.before {
        let is_update = change.after.is_some();
        let is_same_key = change.after.is_some_and(|(after, _)| after == key);
        if !is_same_key && (!is_update || world.keeps(Guard::BeforeKeyDeleted)) {
            effects.push(Last { table, key, row: ABSENT });
        }
    }
    effects.extend(change.after.map(|(key, row)| Last { table, key, row }));
    effects
}

/// What the transactions after `from` up to `to` leave behind, in the order of its execution by a lane.
pub(crate) fn coalesce<'a>(world: &World, changes: impl Iterator<Item = &'a Change>) -> Vec<Last> {
    let effects = changes.flat_map(|change| effects(world, change));
    let mut batch: Vec<Last> = if world.keeps(Guard::Coalesce) {
        let last: BTreeMap<_, _> =
            effects.map(|effect| ((effect.table, effect.key), effect)).collect();
        last.into_values().collect()
    } else {
        return effects.collect();
    };
    let deletes_first = world.keeps(Guard::DeletesFirst);
    batch.sort_by_key(|last| (last.row == ABSENT) != deletes_first);
    batch
}

/// The lane a row goes to. Every life of the process may divide rows in another way.
pub(crate) fn lane_of(world: &World, table: u8, key: u8, mishaps_left: u8) -> u8 {
    let spread = match world.table(table).kind {
        Kind::Keyed => true,
        Kind::Text => !world.keeps(Guard::EqualKeysOneLane),
        Kind::Keyless => false,
    };
    if spread { (key + mishaps_left) % world.lanes } else { 0 }
}

/// Brings changes of tables without a key to the target, each once and in their order.
pub(crate) fn apply_keyless(model: &Model, target: &mut Target, from: Position, to: Position) {
    let world = &model.world;
    let applied = if world.keeps(Guard::KeylessSkipsApplied) { target.positions[0] } else { 0 };
    for at in from.max(applied) + 1..=to {
        for change in &model.history.to(at).changes {
            if world.table(change.table).kind != Kind::Keyless {
                continue;
            }
            // A table that is not copied yet has no snapshot yet that would not have what is here.
            let mut lanes = world.copiers.iter().zip(&target.copied);
            let lane = lanes.find(|(lane, _)| lane.table == change.table).map(|(_, row)| *row);
            let skips = |lane: super::target::LaneRow| {
                !lane.done || at <= lane.snapshot && world.keeps(Guard::KeylessSkipsSnapshot)
            };
            if lane.is_none_or(skips) {
                continue;
            }
            if let Some((row, _)) = change.before {
                target.delete_one(change.table, row);
            }
            if let Some((row, _)) = change.after {
                target.insert_one(change.table, row);
            }
        }
    }
}
