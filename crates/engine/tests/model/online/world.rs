//! What is migrated in a run of the model, and how.

use super::application::{Cells, row};
use super::guard::Guard;

/// Tables at most.
pub(crate) const TABLES: usize = 2;
/// Keys of a table at most; of a table without a key, the different rows it may have.
pub(crate) const KEYS: usize = 3;
/// Copiers, and lanes of the applier, at most.
pub(crate) const LANES: usize = 2;

/// Rows of a table are told apart by…
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// a key of which equal values have equal bytes.
    Keyed,
    /// a text key: the first two keys are equal by collation and differ in bytes.
    Text,
    /// nothing: it has as many of each row as its cell says.
    Keyless,
}

/// A table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    pub(crate) kind: Kind,
    /// How many keys it may have.
    pub(crate) keys: u8,
    /// How many values its unique column `u` may have; with 0 it has no such column.
    pub(crate) u_values: u8,
}

/// A copier has one lane of keys: it copies one chunk after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CopyLane {
    pub(crate) table: u8,
    pub(crate) first: u8,
    pub(crate) last: u8,
}

/// How a copier reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    /// Some time after `L` was obtained: it sees `L` and more (MySQL).
    AfterL,
    /// In a snapshot that is `L` exactly (MariaDB).
    ExactlyL,
}

/// When the secondary unique key is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unique {
    /// When the table is consistent.
    Late,
    /// With the table (AUTO_INCREMENT may ask for it).
    FromTheStart,
}

/// Everything a run is about, but the application's history.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) tables: Vec<Table>,
    pub(crate) copiers: Vec<CopyLane>,
    /// Lanes of the applier; with one it is `atomic`.
    pub(crate) lanes: u8,
    pub(crate) reads: Reads,
    pub(crate) unique: Unique,
    /// How many transactions are in the log and not yet visible when P0 is taken from the log's end.
    pub(crate) unseen_at_start: u8,
    /// Whether everything is copied from the start, and a row of the first table is spoilt and repaired.
    pub(crate) repairs: bool,
    /// How often the process may be killed or cut off.
    pub(crate) mishaps: u8,
    /// The rule that is not kept.
    pub(crate) missing: Option<Guard>,
}

impl World {
    /// Whether a rule is kept.
    pub(crate) fn keeps(&self, guard: Guard) -> bool {
        self.missing != Some(guard)
    }

    /// A table by its number.
    pub(crate) fn table(&self, table: u8) -> Table {
        self.tables[usize::from(table)]
    }

    /// Whether a table gets its secondary unique key once it is consistent.
    pub(crate) fn builds_index(&self, table: u8) -> bool {
        self.unique == Unique::Late && self.table(table).is_unique()
    }

    /// The numbers of all tables.
    pub(crate) fn every_table(&self) -> std::ops::Range<u8> {
        0..u8::try_from(self.tables.len()).unwrap()
    }

    /// The numbers of the copiers.
    pub(crate) fn every_copier(&self) -> std::ops::Range<u8> {
        0..u8::try_from(self.copiers.len()).unwrap()
    }

    /// The rows there are before the application writes: two, each with its own `u`, or one of each kind.
    pub(crate) fn rows_at_start(&self) -> Cells {
        let mut cells = Cells::default();
        for (table, cells) in self.tables.iter().zip(&mut cells) {
            for key in 0..table.keys {
                let cell = &mut cells[usize::from(key)];
                match table.kind {
                    Kind::Keyless => *cell = 1,
                    Kind::Keyed if key < 2 => *cell = row(key, 0),
                    Kind::Text if key != 1 => *cell = row(key, 0),
                    Kind::Keyed | Kind::Text => {}
                }
            }
        }
        cells
    }
}

impl Table {
    /// Whether two keys are equal to the server.
    pub(crate) fn equal(self, one: u8, other: u8) -> bool {
        one == other || self.kind == Kind::Text && one < 2 && other < 2
    }

    /// Whether it has a secondary unique key.
    pub(crate) fn is_unique(self) -> bool {
        self.u_values > 0
    }
}
