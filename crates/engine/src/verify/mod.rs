//! Is it the same: row counts, chunk digests computed by the servers, narrowed down to the differing keys.
//!
//! Both sides are asked for the same key ranges; only digests travel, until a range differs. Nothing of
//! the copy is used: not its encoder, not its ledger, not its idea of what it did.
//!
//! While the source is written to and the target follows, a row that differs when it is read may only be on
//! its way. It is looked at again until it is equal, really different or said to be still moving; the argument
//! stands in `looks.rs`.

mod digest;
mod cut;
mod walk;
mod narrow;
mod keyless;
mod applied;
mod looks;
mod settle;
mod moving;
mod memory;
mod differing;
mod strangers;
mod side;

use std::collections::BTreeMap;
use std::sync::Arc;

use sealift_mysql::endpoint::Endpoint;
use sealift_schema::catalog::Table;
use sealift_schema::facts::Side;
use sealift_schema::name::QualifiedName;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::control::Control;
use crate::fault::{ErrorCode, Fault};
use crate::probe::{Point, Probe};
use crate::progress::{Progress, TableStage};
use crate::stop::Stop;

pub use self::applied::{Applied, Reached};
pub use self::differing::{
    ByKey, DifferJob, DifferingRow, DifferingRows, Mend, Named, TableDiffering, differing,
};
pub use self::memory::{Findings, NoNotebook, Notebook, Range, TableMemory};
pub use self::settle::Moving;
pub use self::strangers::{Stranger, Strangers, StrangersJob, strangers};

use self::memory::Scribe;
use self::side::Sides;
use self::walk::Walk;

/// Differing rows that are named one by one for each table; beyond it only their table is.
///
/// A person reads tens; a script that repairs starts from the table anyway.
pub const DIFFERENCES_NAMED_MAX: usize = 100;

/// Bytes of rows one chunk aims at where nobody waits for it: a digest query of about a second, so that stopping is
/// prompt.
pub const CHUNK_BYTES: u64 = 32 << 20;

/// One table on both sides.
#[derive(Clone, Debug)]
pub struct TablePair {
    /// As the source holds it.
    pub source: Table,
    /// As the target holds it.
    pub target: Table,
}

/// What is to be compared, and how.
#[derive(Clone, Debug)]
pub struct VerifyJob {
    /// Where the data came from.
    pub source: Endpoint,
    /// Where it went.
    pub target: Endpoint,
    /// The tables of both sides.
    pub tables: Vec<TablePair>,
    /// How many chunks are compared at a time; each takes one session on each side.
    pub workers: usize,
    /// Bytes of rows one chunk aims at.
    pub chunk_bytes: u64,
    /// How to tell what is only on its way, where changes are followed; `None`: both sides stand still.
    pub moving: Option<Moving>,
    /// Keeps how far each table is. Tables it knows are gone on with.
    pub notebook: Arc<dyn Notebook>,
    /// Says when a chunk may be begun.
    pub control: Control,
    /// What time it is.
    pub clock: Clock,
    /// Where progress is shown.
    pub progress: Progress,
    /// Where tests may end the process.
    pub probe: Probe,
    /// Asks for a clean stop.
    pub stop: Stop,
}

/// What comparing one table's rows found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableVerdict {
    /// The table's name on the source.
    pub table: QualifiedName,
    /// Its name on the target.
    pub target: QualifiedName,
    /// Rows on the source.
    pub rows_source: u64,
    /// Rows on the target.
    pub rows_target: u64,
    /// Differing rows, at most [`DIFFERENCES_NAMED_MAX`].
    pub differences: Vec<RowDifference>,
    /// Whether there are more differing rows than are named.
    pub more: bool,
    /// Rows of which it is not known, at most [`DIFFERENCES_NAMED_MAX`].
    pub unsettled: Vec<Unsettled>,
    /// How many there are.
    pub unsettled_count: u64,
    /// Where the chunks with differing rows lie.
    pub places: Vec<Range>,
}

/// A row of moving sides of which it is not known whether it differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsettled {
    /// The row's key for people.
    pub key: String,
    /// Why it is not known: `it changes all the time`.
    pub why: String,
}

impl TableVerdict {
    /// Whether both sides hold the same rows, as far as is known.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.differences.is_empty() && !self.more
    }
}

/// How a row differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DifferenceKind {
    /// On the source only.
    Missing,
    /// On the target only.
    Extra,
    /// On both, with other values.
    Different,
}

/// A row that is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowDifference {
    /// How it differs.
    pub kind: DifferenceKind,
    /// The row's key for people, e.g. `id=7`; the whole row for tables without a key.
    pub key: String,
    /// Columns that differ, as far as they were looked at.
    pub columns: Vec<String>,
    /// How many such rows there are: more than one only in tables without a key.
    pub count: u64,
}

/// Compares the rows of all tables, largest first.
///
/// # Errors
/// A server's fault, or [`ErrorCode::Interrupted`] when asked to stop. Differences are no error.
pub async fn rows(job: VerifyJob) -> Result<Vec<TableVerdict>, Fault> {
    let VerifyJob {
        source,
        target,
        tables,
        workers,
        chunk_bytes,
        moving,
        notebook,
        control,
        clock,
        progress,
        probe,
        stop,
    } = job;
    let mut known: BTreeMap<QualifiedName, TableMemory> = notebook.tables()?.into_iter().collect();
    let mut walks = Vec::with_capacity(tables.len());
    for pair in tables {
        let memory = known.remove(&pair.source.name);
        walks.push(Arc::new(planned(pair, memory, chunk_bytes, &progress).await?));
    }
    walks.sort_by_key(|walk| std::cmp::Reverse(walk.bytes_estimate()));
    let shared = Arc::new(Shared {
        source,
        target,
        walks,
        moving,
        scribe: Scribe::new(notebook, clock),
        control,
        progress,
        probe,
        stop,
    });
    let mut crew = JoinSet::new();
    for _ in 0..workers.max(1) {
        crew.spawn(work(Arc::clone(&shared)));
    }
    let compared = async {
        while let Some(ended) = crew.join_next().await {
            // A failed worker ends all: dropping the set aborts the others.
            ended.map_err(|panic| {
                Fault::new(ErrorCode::Internal, "compare rows").because(panic)
            })??;
        }
        Ok(())
    };
    let compared: Result<(), Fault> = compared.await;
    shared.scribe.finish()?;
    compared?;
    let mut verdicts = Vec::with_capacity(shared.walks.len());
    for walk in &shared.walks {
        verdicts.push(walk.verdict().await);
    }
    verdicts.sort_by(|one, other| one.table.cmp(&other.table));
    Ok(verdicts)
}

async fn planned(
    pair: TablePair,
    memory: Option<TableMemory>,
    chunk_bytes: u64,
    progress: &Progress,
) -> Result<Walk, Fault> {
    let (name, rows_expected) = (pair.source.name.clone(), pair.source.rows_estimate);
    let walk = Walk::plan(pair, memory, chunk_bytes)?;
    let rows = walk.rows_before().await;
    progress.table(&name, |line| {
        line.stage = TableStage::Waiting;
        line.rows = rows;
        line.rows_expected = rows_expected;
    });
    Ok(walk)
}

/// What several workers share.
struct Shared {
    source: Endpoint,
    target: Endpoint,
    walks: Vec<Arc<Walk>>,
    moving: Option<Moving>,
    scribe: Scribe,
    control: Control,
    progress: Progress,
    probe: Probe,
    stop: Stop,
}

/// One of several workers: takes the next chunk of the first table that has one.
async fn work(shared: Arc<Shared>) -> Result<(), Fault> {
    let Shared { source, target, walks, moving, scribe, control, progress, probe, stop } = &*shared;
    let mut sides = Sides::open(source, target).await?;
    for walk in walks {
        loop {
            let turn = control.turn().await?;
            let Some(errand) = walk.next_chunk(&mut sides).await? else { break };
            progress.table(walk.name(), |line| line.stage = TableStage::Verifying);
            let room = walk.room().await;
            let moving = (moving.as_ref(), stop);
            let found = walk.compare(&mut sides, &errand.chunk, room, moving).await?;
            let rows = found.rows_source;
            turn.copied(rows, walk.bytes_of(rows));
            let is_equal = found.differences.is_empty() && !found.more;
            let Some(memory) = walk.settle(&errand, found).await else {
                progress.table(walk.name(), |line| line.rows += rows);
                continue;
            };
            let is_done = memory.done;
            let all_equal = memory.findings.differences.is_empty() && !memory.findings.more;
            scribe.note(walk.name(), memory)?;
            probe.pass(Point::ChunkCompared);
            progress.table(walk.name(), |line| {
                line.rows += rows;
                if is_done {
                    line.rows_expected = line.rows;
                    let equal = is_equal && all_equal;
                    line.stage = if equal { TableStage::Equal } else { TableStage::Different };
                }
            });
        }
    }
    Ok(())
}

/// Words for a fault that has a side.
fn unexpected(side: Side, doing: &str) -> Fault {
    Fault::new(ErrorCode::Protocol, doing).on(side)
}
