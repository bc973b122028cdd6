//! The target server: rows, what a REPLACE removes, and the ledger rows that commit with them.

use super::application::{ABSENT, Cells, Position, u_of};
use super::world::{KEYS, Kind, LANES, TABLES, Unique, World};

/// The ledger's row of a copy lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct LaneRow {
    /// The first key that is not copied.
    pub(crate) next: u8,
    pub(crate) done: bool,
    /// The snapshot of a table without a key, known once the lane is done.
    pub(crate) snapshot: Position,
}

/// What a statement complained about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Complaint {
    /// The unique index meets two rows with one value.
    Duplicate,
    /// A row of a table without a key is not there.
    NotThere,
}

/// Everything that is committed on the target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Target {
    pub(crate) cells: Cells,
    pub(crate) copied: [LaneRow; LANES],
    /// `sealift.applied`: the position of each lane of the applier.
    pub(crate) positions: [Position; LANES],
    /// Which tables have their secondary unique key.
    pub(crate) indexed: [bool; TABLES],
    pub(crate) complaint: Option<Complaint>,
}

impl Target {
    /// `REPLACE`: removes what is equal by any unique key, then inserts.
    pub(crate) fn replace(&mut self, world: &World, table: u8, key: u8, row: u8) {
        for other in self.conflicts(world, table, key, row) {
            self.cells[usize::from(table)][usize::from(other)] = ABSENT;
        }
        self.cells[usize::from(table)][usize::from(key)] = row;
    }

    /// `INSERT IGNORE`: does nothing if anything is equal by any unique key.
    pub(crate) fn insert_ignore(&mut self, world: &World, table: u8, key: u8, row: u8) {
        if self.conflicts(world, table, key, row).is_empty() {
            self.cells[usize::from(table)][usize::from(key)] = row;
        }
    }

    /// `DELETE` by key, present or not.
    pub(crate) fn delete(&mut self, world: &World, table: u8, key: u8) {
        for (other, cell) in (0..).zip(&mut self.cells[usize::from(table)]) {
            if world.table(table).equal(key, other) {
                *cell = ABSENT;
            }
        }
    }

    /// `DELETE … LIMIT 1` by all columns: the row must be there.
    pub(crate) fn delete_one(&mut self, table: u8, row: u8) {
        let cell = &mut self.cells[usize::from(table)][usize::from(row)];
        match cell.checked_sub(1) {
            Some(left) => *cell = left,
            None => self.complaint = Some(Complaint::NotThere),
        }
    }

    /// `INSERT` into a table without a key.
    pub(crate) fn insert_one(&mut self, table: u8, row: u8) {
        self.cells[usize::from(table)][usize::from(row)] += 1;
    }

    /// `ALTER TABLE … ADD UNIQUE KEY (u)`.
    pub(crate) fn build_index(&mut self, table: u8) {
        let cells = &self.cells[usize::from(table)];
        let mut taken: Vec<u8> =
            cells.iter().filter(|row| **row != ABSENT).map(|row| u_of(*row)).collect();
        taken.sort_unstable();
        if taken.windows(2).any(|two| two[0] == two[1]) {
            self.complaint = Some(Complaint::Duplicate);
        }
        self.indexed[usize::from(table)] = true;
    }

    fn conflicts(&self, world: &World, table: u8, key: u8, row: u8) -> Vec<u8> {
        let definition = world.table(table);
        let has_index = self.indexed[usize::from(table)] || world.unique == Unique::FromTheStart;
        let by_u = has_index && definition.is_unique() && definition.kind != Kind::Keyless;
        let cells = &self.cells[usize::from(table)];
        let end = u8::try_from(KEYS).unwrap();
        let there = (0..end).filter(|other| cells[usize::from(*other)] != ABSENT);
        there
            .filter(|other| {
                let same_u = by_u && u_of(cells[usize::from(*other)]) == u_of(row);
                definition.equal(*other, key) || same_u
            })
            .collect()
    }
}
