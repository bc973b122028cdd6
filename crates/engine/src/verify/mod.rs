//! Is it the same: row counts, chunk digests computed by the servers, narrowed down to the differing keys.
//!
//! Both sides are asked for the same key ranges; only digests travel, until a range differs. Nothing of
//! the copy is used: not its encoder, not its ledger, not its idea of what it did.

mod digest;
mod keyless;
mod narrow;
mod side;
mod utf8mb3;
mod walk;

use std::sync::Arc;

use sealift_mysql::endpoint::Endpoint;
use sealift_schema::catalog::Table;
use sealift_schema::facts::Side;
use sealift_schema::name::QualifiedName;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use crate::fault::{ErrorCode, Fault};
use crate::progress::{Progress, TableStage};
use crate::stop::Stop;

use side::Sides;
use walk::Walk;

/// Differing rows that are named one by one for each table; beyond it only their table is.
///
/// A person reads tens; a script that repairs starts from the table anyway.
pub const DIFFERENCES_NAMED_MAX: usize = 100;

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
    /// Where progress is shown.
    pub progress: Progress,
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
}

impl TableVerdict {
    /// Whether both sides hold the same rows.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.rows_source == self.rows_target && self.differences.is_empty() && !self.more
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
    let mut walks = Vec::with_capacity(job.tables.len());
    for pair in job.tables {
        job.progress.table(&pair.source.name, |line| {
            line.stage = TableStage::Waiting;
            line.rows = 0;
            line.rows_expected = pair.source.rows_estimate;
        });
        walks.push(Arc::new(Walk::plan(pair)?));
    }
    walks.sort_by_key(|walk| std::cmp::Reverse(walk.bytes_estimate()));
    let walks = Arc::new(walks);
    let mut workers = JoinSet::new();
    for _ in 0..job.workers.max(1) {
        let worker = Worker {
            source: job.source.clone(),
            target: job.target.clone(),
            walks: Arc::clone(&walks),
            progress: job.progress.clone(),
            stop: job.stop.clone(),
        };
        workers.spawn(worker.work());
    }
    while let Some(ended) = workers.join_next().await {
        // A failed worker ends all: dropping the set aborts the others.
        ended.map_err(|panic| Fault::new(ErrorCode::Internal, "compare rows").because(panic))??;
    }
    let mut verdicts = Vec::with_capacity(walks.len());
    for walk in walks.iter() {
        verdicts.push(walk.verdict().await);
    }
    verdicts.sort_by(|one, other| one.table.cmp(&other.table));
    Ok(verdicts)
}

/// One of several that share the tables: takes the next chunk of the first table that has one.
struct Worker {
    source: Endpoint,
    target: Endpoint,
    walks: Arc<Vec<Arc<Walk>>>,
    progress: Progress,
    stop: Stop,
}

impl Worker {
    async fn work(self) -> Result<(), Fault> {
        let mut sides = Sides::open(&self.source, &self.target).await?;
        for walk in self.walks.iter() {
            while let Some(chunk) = walk.next_chunk(&mut sides).await? {
                self.stop.check()?;
                self.progress.table(walk.name(), |line| line.stage = TableStage::Verifying);
                let counted = walk.compare(&mut sides, &chunk).await?;
                let settled = walk.settle().await;
                self.progress.table(walk.name(), |line| {
                    line.rows += counted.rows_source;
                    if let Some(equal) = settled {
                        line.rows_expected = line.rows;
                        line.stage = if equal { TableStage::Equal } else { TableStage::Different };
                    }
                });
            }
        }
        Ok(())
    }
}

/// Words for a fault that has a side.
fn unexpected(side: Side, doing: &str) -> Fault {
    Fault::new(ErrorCode::Protocol, doing).on(side)
}
