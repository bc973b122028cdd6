//! What of a comparison is kept, so that one that was interrupted goes on.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sealift_schema::key_range::KeyPlace;
use sealift_schema::name::QualifiedName;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::clock::Clock;
use crate::fault::Fault;

use super::{RowDifference, TablePair, Unsettled};

/// Standing is kept this often: what was compared since is compared again after a crash.
const KEPT_EVERY: Duration = Duration::from_secs(1);

/// How far the comparison of a table has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableMemory {
    /// Tells the table's definitions on both sides from all others.
    pub definitions: String,
    /// Everything up to this place of its key is compared.
    pub up_to: Option<KeyPlace>,
    /// All of it is.
    pub done: bool,
    /// What was found up to there.
    pub findings: Findings,
}

/// What was found in the rows of a table that are compared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// Rows on the source.
    pub rows_source: u64,
    /// Rows on the target.
    pub rows_target: u64,
    /// Rows that differ.
    pub differences: Vec<RowDifference>,
    /// There are more of them.
    pub more: bool,
    /// Rows of which it is not known.
    pub unsettled: Vec<Unsettled>,
    /// How many these are; not all are named.
    pub unsettled_count: u64,
    /// Where chunks lay that differ.
    pub places: Vec<Range>,
}

/// A range of a table's key: behind one place, up to another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// `None`: from the table's beginning.
    pub after: Option<KeyPlace>,
    /// `None`: to its end.
    pub up_to: Option<KeyPlace>,
}

/// Where the standing of tables is kept.
pub trait Notebook: Send + Sync + fmt::Debug {
    /// What is kept of all tables.
    ///
    /// # Errors
    /// When it cannot be read.
    fn tables(&self) -> Result<Vec<(QualifiedName, TableMemory)>, Fault>;

    /// Keeps the standing of some tables in place of what was kept of them.
    ///
    /// # Errors
    /// When it cannot be written.
    fn keep(&self, tables: &[(QualifiedName, TableMemory)]) -> Result<(), Fault>;
}

/// A notebook that forgets: for a comparison that nobody goes on with.
#[derive(Clone, Copy, Debug)]
pub struct NoNotebook;

impl Notebook for NoNotebook {
    fn tables(&self) -> Result<Vec<(QualifiedName, TableMemory)>, Fault> {
        Ok(Vec::new())
    }

    fn keep(&self, _tables: &[(QualifiedName, TableMemory)]) -> Result<(), Fault> {
        Ok(())
    }
}

/// Tells the definitions of a pair from all others: rows compared under other ones count for nothing.
pub(super) fn definitions(pair: &TablePair) -> String {
    let mut hash = Sha256::new();
    for table in [&pair.source, &pair.target] {
        hash.update(table.name.to_string().as_bytes());
        for column in &table.columns {
            let text = format!("{:?} {} {:?}", column.name, column.type_text, column.collation);
            hash.update(text.as_bytes());
        }
        hash.update(format!("{:?}", table.keys).as_bytes());
    }
    hash.finalize().iter().take(8).fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// Writes standing down from time to time.
#[derive(Debug)]
pub(super) struct Scribe {
    notebook: Arc<dyn Notebook>,
    clock: Clock,
    pending: Mutex<Pending>,
}

#[derive(Debug, Default)]
struct Pending {
    tables: BTreeMap<QualifiedName, TableMemory>,
    kept_at: Option<Duration>,
}

impl Scribe {
    pub(super) fn new(notebook: Arc<dyn Notebook>, clock: Clock) -> Self {
        Self { notebook, clock, pending: Mutex::default() }
    }

    /// Takes note of a table's standing; it is kept within a second, or by [`Scribe::finish`].
    pub(super) fn note(&self, table: &QualifiedName, memory: TableMemory) -> Result<(), Fault> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.tables.insert(table.clone(), memory);
        let now = self.clock.elapsed();
        if pending.kept_at.is_some_and(|kept_at| now.saturating_sub(kept_at) < KEPT_EVERY) {
            return Ok(());
        }
        pending.kept_at = Some(now);
        let tables: Vec<_> = std::mem::take(&mut pending.tables).into_iter().collect();
        self.notebook.keep(&tables)
    }

    /// Keeps what is not kept yet.
    pub(super) fn finish(&self) -> Result<(), Fault> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let tables: Vec<_> = std::mem::take(&mut pending.tables).into_iter().collect();
        if tables.is_empty() { Ok(()) } else { self.notebook.keep(&tables) }
    }
}
