//! The comparison that never ends: a slow pass after the other over all rows, while changes are followed.
//!
//! It ends when a turn is to be made and is begun again after it; its notebook knows how far it was. What differs
//! is told (progress, log, report) and left as it is.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sealift_schema::name::QualifiedName;
use tokio::time::timeout;

use super::level::Level;
use super::turning::Turning;
use super::verify::{Followed, key_words, pairs, survey, target};
use super::{Migration, apply as scripts};
use crate::clock::Clock;
use crate::definition;
use crate::fault::{ErrorCode, Fault};
use crate::plan::read::Plan;
use crate::progress::{Comparing, DifferingTable, Progress};
use crate::report::Report;
use crate::stage::opposite;
use crate::stop::Stop;
use crate::verify::{self, Findings, Moving, Notebook, TableMemory, VerifyJob};

/// Between two passes the servers rest: where there is little to compare, one would follow the other at once.
const REST: Duration = Duration::from_secs(60);

/// After a pass that failed (a server was away, a definition moved) the next one goes on where it was.
const REST_AFTER_FAULT: Duration = Duration::from_secs(10);

/// Bytes of rows in a chunk: a statement of a moment, for a turn waits until it is over.
const CHUNK_BYTES: u64 = 4 << 20;

/// Keys that are told of each table.
const KEYS_TOLD_MAX: usize = 5;

/// How the rows are compared while changes are followed.
#[derive(Clone, Debug)]
pub struct Continuous {
    /// Keeps how far the pass is.
    pub notebook: Arc<dyn Notebook>,
    /// Rows compared in a second, on average.
    pub rows_per_second: NonZeroU64,
}

/// Compares pass after pass, until a stop is asked for.
pub(super) async fn compare(turning: &Turning<'_>, continuous: &Continuous, stop: &Stop) {
    while stop.check().is_ok() {
        let rest = match Box::pin(pass(turning, continuous, stop)).await {
            Ok(()) => REST,
            Err(fault) if fault.code == ErrorCode::Interrupted => REST_AFTER_FAULT,
            Err(fault) => {
                tracing::warn!(%fault, "the continuous comparison pauses");
                REST_AFTER_FAULT
            }
        };
        let _rested = timeout(rest, stop.wait()).await.is_err();
    }
}

/// Compares the rows of all tables once; goes on with a pass that was interrupted.
async fn pass(turning: &Turning<'_>, continuous: &Continuous, stop: &Stop) -> Result<(), Fault> {
    let Turning { migration, journal, name, .. } = *turning;
    let Continuous { notebook, rows_per_second } = continuous;
    let Some(followed) = Followed::of(&scripts::stage(journal)?, name)? else { return Ok(()) };
    // What it tells of definitions and servers is not asked for here, nor where it is shown.
    let beside =
        Migration { progress: Progress::default(), stop: stop.clone(), ..migration.clone() };
    let mut aside = Report::begin("verify", env!("CARGO_PKG_VERSION"), &beside.clock);
    let survey = survey(&beside, Some(&followed), &mut aside).await?;
    let plan = Plan::read(&beside.folder)?;
    let actual = target(&beside, &plan).await?;
    let other = migration.endpoint(opposite(followed.live));
    let held = definition::held(other, &followed.ledger()).await?;
    let mut pairs = pairs(&survey, &plan, &actual);
    pairs.retain(|pair| !held.contains_key(&pair.source.name));
    begin(notebook.as_ref(), pairs.iter().map(|pair| &pair.source.name))?;
    let teller = Arc::new(Teller::new(Arc::clone(notebook), migration, pairs.len())?);
    let job = VerifyJob {
        source: beside.source.clone(),
        target: beside.target.clone(),
        tables: pairs,
        workers: 1,
        chunk_bytes: CHUNK_BYTES,
        moving: Some(Moving {
            live: followed.live,
            applied: Arc::new(Level::new(&beside, &followed)),
        }),
        notebook: Arc::<Teller>::clone(&teller),
        control: migration.control.slower(stop.clone(), *rows_per_second),
        clock: beside.clock.clone(),
        progress: beside.progress.clone(),
        probe: beside.probe.clone(),
        stop: beside.stop.clone(),
    };
    verify::rows(job).await?;
    teller.passed();
    Ok(())
}

/// Forgets a pass that came to its end: the next one begins.
fn begin<'t>(
    notebook: &dyn Notebook,
    mut tables: impl Iterator<Item = &'t QualifiedName>,
) -> Result<(), Fault> {
    let known: BTreeMap<QualifiedName, TableMemory> = notebook.tables()?.into_iter().collect();
    let is_over = tables.all(|table| known.get(table).is_some_and(|memory| memory.done));
    if !is_over {
        return Ok(());
    }
    let forgotten: Vec<_> =
        known.into_keys().map(|table| (table, TableMemory::default())).collect();
    notebook.keep(&forgotten)
}

/// Keeps a notebook, and tells what is written into it.
#[derive(Debug)]
struct Teller {
    notebook: Arc<dyn Notebook>,
    progress: Progress,
    clock: Clock,
    tables: usize,
    known: Mutex<BTreeMap<QualifiedName, TableMemory>>,
}

impl Teller {
    fn new(
        notebook: Arc<dyn Notebook>,
        migration: &Migration,
        tables: usize,
    ) -> Result<Self, Fault> {
        let known = notebook.tables()?.into_iter().collect();
        let Migration { progress, clock, .. } = migration;
        let (progress, clock) = (progress.clone(), clock.clone());
        let teller = Self { notebook, progress, clock, tables, known: Mutex::new(known) };
        teller.tell();
        Ok(teller)
    }

    /// Shows where the pass is, and what it has found. What the pass before found in a table stands until this one
    /// has compared it.
    fn tell(&self) {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let tables = self.tables as u64;
        self.progress.update(|board| {
            let before = board.comparing.take().unwrap_or_default();
            let mut differing: BTreeMap<QualifiedName, DifferingTable> =
                before.differing.into_iter().map(|told| (told.table.clone(), told)).collect();
            for (table, memory) in known.iter() {
                if let Some(told) = told(table, &memory.findings) {
                    differing.insert(table.clone(), told);
                } else if memory.done {
                    differing.remove(table);
                }
            }
            board.comparing = Some(Comparing {
                tables,
                tables_done: known.values().filter(|memory| memory.done).count() as u64,
                rows: known.values().map(|memory| memory.findings.rows_source).sum(),
                unsettled: known.values().map(|memory| memory.findings.unsettled_count).sum(),
                differing: differing.into_values().collect(),
                ..before
            });
        });
    }

    /// The pass came to its end.
    fn passed(&self) {
        let now = self.clock.now();
        self.progress.update(|board| {
            let comparing = board.comparing.get_or_insert_default();
            comparing.passes += 1;
            comparing.passed_at = Some(now);
            let Comparing { rows, tables, differing, unsettled, .. } = comparing;
            let differing = differing.len();
            tracing::info!(rows, tables, differing, unsettled, "compared all rows once more");
        });
    }
}

impl Notebook for Teller {
    fn tables(&self) -> Result<Vec<(QualifiedName, TableMemory)>, Fault> {
        self.notebook.tables()
    }

    fn keep(&self, tables: &[(QualifiedName, TableMemory)]) -> Result<(), Fault> {
        self.notebook.keep(tables)?;
        {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            for (table, memory) in tables {
                let before = known.insert(table.clone(), memory.clone());
                let places = before.map_or(0, |before| before.findings.places.len());
                if memory.findings.places.len() > places {
                    let keys = told(table, &memory.findings).map(|told| told.keys.join("; "));
                    let keys = keys.unwrap_or_default();
                    tracing::error!(%table, %keys, "rows differ");
                }
            }
        }
        self.tell();
        Ok(())
    }
}

/// What is told of a table in which rows differ.
fn told(table: &QualifiedName, findings: &Findings) -> Option<DifferingTable> {
    let Findings { differences, more, .. } = findings;
    if differences.is_empty() && !more {
        return None;
    }
    let rows = differences.iter().map(|row| row.count).sum();
    let keys = differences.iter().take(KEYS_TOLD_MAX).map(key_words).collect();
    Some(DifferingTable { table: table.clone(), rows, more: *more, keys })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default)]
    struct Paper(Mutex<BTreeMap<QualifiedName, TableMemory>>);

    impl Notebook for Paper {
        fn tables(&self) -> Result<Vec<(QualifiedName, TableMemory)>, Fault> {
            Ok(self.0.lock().unwrap().clone().into_iter().collect())
        }

        fn keep(&self, tables: &[(QualifiedName, TableMemory)]) -> Result<(), Fault> {
            self.0.lock().unwrap().extend(tables.iter().cloned());
            Ok(())
        }
    }

    #[test]
    fn a_pass_that_is_over_is_forgotten_and_one_that_is_not_is_gone_on_with() {
        let [one, other] = ["a", "b"].map(|name| QualifiedName::new("shop", name));
        let paper = Paper::default();
        let memory = |done| TableMemory { definitions: "d".into(), done, ..TableMemory::default() };
        paper.keep(&[(one.clone(), memory(true)), (other.clone(), memory(false))]).unwrap();
        begin(&paper, [&one, &other].into_iter()).unwrap();
        assert!(paper.tables().unwrap().iter().any(|(_, memory)| memory.done));
        paper.keep(&[(other.clone(), memory(true))]).unwrap();
        // A table that is new is to be compared in this pass.
        let new = QualifiedName::new("shop", "new");
        begin(&paper, [&one, &other, &new].into_iter()).unwrap();
        assert!(paper.tables().unwrap().iter().all(|(_, memory)| memory.done));
        begin(&paper, [&one, &other].into_iter()).unwrap();
        let forgotten = TableMemory::default();
        assert!(paper.tables().unwrap().iter().all(|(_, memory)| *memory == forgotten));
    }
}
