//! All rows to the target: lanes, chunks, the ledger; from one snapshot, or while the source is written to.

pub mod aside;
pub mod gate;
pub mod lane;
pub mod ledger;
pub mod gated;
pub mod family;
pub mod online;
pub(crate) mod gauge;
mod chunk;
mod pace;
mod pass;
mod queue;
mod shape;
mod worker;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::error::MysqlError;
use sealift_mysql::session::Session;
use sealift_schema::catalog::Table;
use sealift_schema::facts::Side;
use sealift_schema::name::QualifiedName;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use self::chunk::Budget;
use self::family::Holds;
use self::gated::{Gated, GatedReader};
use self::ledger::Ledger;
use self::queue::Queue;
use self::shape::{Present, Shape};
use self::worker::{Ended, Reader, TableState, Worker, Yard};
use self::write::{Seat, Writer};
use crate::control::Control;
use crate::family::Families;
use crate::fault::{ErrorCode, Fault, OnServer};
use crate::journal::Journal;
use crate::probe::Probe;
use crate::progress::{Progress, TableStage};
use crate::stage::Event;
use crate::stop::Stop;
use crate::target::connect::TargetLimits;
use crate::target::pin;

/// One table to be copied.
#[derive(Clone, Debug)]
pub struct CopyTable {
    /// The table as the source has it.
    pub source: Table,
    /// The table as the target has it: empty, or as an earlier run left it.
    pub target: Table,
    /// Rows, if the journal says that all of them are there.
    pub copied: Option<u64>,
}

/// What is done with a table once all its rows are there: its indexes, as a rule.
///
/// It is called for every table of a job, also for those an earlier run has copied, and must ask the
/// target what is true before it repeats anything.
pub trait AfterTable: Send + Sync {
    /// Does it.
    fn table_copied<'a>(&'a self, table: &'a QualifiedName) -> BoxFuture<'a, Result<(), Fault>>;

    /// Does it for all tables of a family at once, whose changes are held meanwhile.
    fn family_copied<'a>(&'a self, tables: &'a [QualifiedName])
    -> BoxFuture<'a, Result<(), Fault>>;
}

/// How much is done at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Bytes after which a chunk ends: large enough that a commit does not count, small enough that little
    /// is done twice after an interruption. At most 16 MiB are kept in memory per worker.
    pub chunk_bytes: u64,
    /// Data a lane should hold at least: some seconds of work, beside which the statements that find its
    /// bounds do not count.
    pub lane_bytes: u64,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { chunk_bytes: 16 << 20, lane_bytes: 64 << 20 }
    }
}

impl Sizes {
    /// The same with smaller chunks.
    fn at_most(self, chunk_bytes: u64) -> Self {
        Self { chunk_bytes: self.chunk_bytes.min(chunk_bytes), ..self }
    }
}

/// How the source is read.
pub enum Reading {
    /// By sessions that see one moment of it: one worker each. The operator is asked before each chunk.
    Snapshot(Vec<Session>, Control),
    /// While it is being written to: in chunks that an applier completes.
    Gated(Gated),
}

/// Everything [`tables`] needs.
pub struct CopyJob {
    /// Names the migration in the target's ledger; at most 64 characters, the same in every run.
    pub migration: String,
    /// How the source is read.
    pub reading: Reading,
    /// Where the rows go.
    pub target: Endpoint,
    /// What to copy.
    pub tables: Vec<CopyTable>,
    /// How much is done at a time; the default, but in tests.
    pub sizes: Sizes,
    /// What is done with each table then.
    pub after_table: Arc<dyn AfterTable>,
    /// How many tables that may be done with at a time, beside the copying of others.
    pub builders: usize,
    /// Where events go.
    pub journal: Arc<dyn Journal>,
    /// Where progress is shown.
    pub progress: Progress,
    /// Where tests may kill the process.
    pub probe: Probe,
    /// The operator's wish to stop: chunks under way are finished, no more are begun.
    pub stop: Stop,
}

/// What was copied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Rows of each table on the target.
    pub rows: BTreeMap<QualifiedName, u64>,
}

/// Copies all rows of all tables and has done with each table what [`AfterTable`] does.
///
/// Goes on where an earlier run of the same migration stopped, as the target's ledger tells it. Tables that are set
/// aside meanwhile are left as they are.
///
/// # Errors
/// [`ErrorCode::Interrupted`] after a stop; else the first trouble. What was committed stays.
pub async fn tables(job: CopyJob) -> Result<Copied, Fault> {
    let CopyJob {
        migration,
        reading,
        target,
        tables,
        sizes,
        after_table,
        builders,
        journal,
        progress,
        probe,
        stop,
    } = job;
    let ledger = Ledger::of(migration);
    let mut session = connect_writer(&target).await.on(Side::Target, "connect")?;
    let limits = TargetLimits::of(&mut session).await.on(Side::Target, "read its limits")?;
    ledger.ensure(&mut session).await.on(Side::Target, "create the ledger")?;
    ledger.sweep(&mut session).await.on(Side::Target, "end sessions of an earlier run")?;
    let found = ledger.lanes(&mut session).await.on(Side::Target, "read the ledger")?;
    session.close().await;
    let (present, sizes) = match &reading {
        Reading::Snapshot(_, _) => (Present::Refused, sizes),
        Reading::Gated(_) => (Present::Replaced, sizes.at_most(gated::CHUNK_BYTES_MAX)),
    };
    let gated = if let Reading::Gated(gated) = &reading { Some(gated.clone()) } else { None };
    let (families, holds, aside) = gated
        .map_or_else(Default::default, |gated| (gated.families, gated.holds, Some(gated.aside)));
    let readers = readers(reading).await.on(Side::Source, "pin a reader")?;
    let copied_before = tables.iter().map(|table| table.copied).collect::<Vec<_>>();
    let tables = shapes(tables, present)?;
    let (sender, copied) = unbounded_channel();
    let (noted, to_build) = unbounded_channel();
    let families = together(&tables, &families);
    let order = left(&tables, (&families, &holds), &copied_before, &noted);
    let yard = Arc::new(Yard {
        queue: Queue::of(order, stop),
        tables,
        families,
        holds,
        aside,
        after_table: Arc::clone(&after_table),
        dialect: limits.dialect,
        sizes,
        ledger,
        found: Mutex::new(found),
        journal,
        progress,
        probe,
    });
    let mut crew = JoinSet::new();
    let budgets = Budget::for_workers(readers.len());
    for (number, (reader, budget)) in readers.into_iter().zip(budgets).enumerate() {
        let seat = Seat { endpoint: target.clone(), ledger: yard.ledger.clone(), number };
        let writer = Writer::new(seat, limits, yard.probe.clone());
        let (yard, copied) = (Arc::clone(&yard), sender.clone());
        crew.spawn(Worker { yard, reader, writer, budget, copied }.run());
    }
    drop(sender);
    crew.spawn(note(Arc::clone(&yard), copied, noted));
    let to_build = Arc::new(tokio::sync::Mutex::new(to_build));
    for _builder in 0..builders.max(1) {
        crew.spawn(build(Arc::clone(&yard), Arc::clone(&to_build), Arc::clone(&after_table)));
    }
    finish(crew, &yard.queue).await?;
    let rows = yard.tables.iter().map(|state| (state.shape.source.name.clone(), state.rows()));
    Ok(Copied { rows: rows.collect() })
}

/// The families of a job, by the places of their tables in it.
fn together(tables: &[TableState], families: &Families) -> Vec<Vec<usize>> {
    let place =
        |name: &QualifiedName| tables.iter().position(|state| state.shape.source.name == *name);
    families.iter().map(|names| names.iter().filter_map(place).collect()).collect()
}

/// The tables that are left to be copied: families first, for they want a moment in which no statement takes long;
/// then the largest first. Of a family the first table stands for all. Those an earlier run has copied are passed
/// on.
fn left(
    tables: &[TableState],
    (families, holds): (&[Vec<usize>], &Holds),
    copied_before: &[Option<u64>],
    noted: &UnboundedSender<usize>,
) -> Vec<usize> {
    let mut left: Vec<(bool, u64, usize)> = Vec::new();
    let bytes = |index: &usize| tables.get(*index).map_or(0, |state| state.shape.source.data_bytes);
    let rows_of = |index: &usize| copied_before.get(*index).copied().flatten();
    let related = families.iter().flatten().collect::<BTreeSet<_>>();
    let alone = (0..tables.len()).filter(|index| !related.contains(index)).map(|index| vec![index]);
    for together in families.iter().cloned().chain(alone) {
        let Some(first) = together.first() else { continue };
        if together.iter().any(|index| rows_of(index).is_none()) {
            let is_family = related.contains(first);
            left.push((is_family, together.iter().map(bytes).sum(), *first));
            continue;
        }
        for index in &together {
            if let (Some(state), Some(rows)) = (tables.get(*index), rows_of(index)) {
                state.found_copied(rows);
                holds.release(std::slice::from_ref(&state.shape.source.name));
                let _received = noted.send(*index).is_ok();
            }
        }
    }
    left.sort_by_key(|(is_family, bytes, _)| std::cmp::Reverse((*is_family, *bytes)));
    left.into_iter().map(|(.., index)| index).collect()
}

/// Marks tables that have changed on the source since they were copied: the next [`tables`] empties them
/// and copies them again.
///
/// Call it before the new snapshot is journaled. Until then the change is found again after a crash; from
/// then on only the ledger knows of it.
///
/// # Errors
/// When the target refuses or the connection is lost: nothing else must be done then.
pub async fn reset(
    target: &Endpoint,
    migration: &str,
    tables: &[QualifiedName],
    journal: &dyn Journal,
) -> Result<(), Fault> {
    let ledger = Ledger::of(migration);
    let mut session = connect_writer(target).await.on(Side::Target, "connect")?;
    for table in tables {
        let marked = async {
            ledger.fence(&mut session, table).await?;
            ledger.mark_emptying(&mut session, table).await?;
            ledger.unfence(&mut session, table).await
        };
        marked.await.on(Side::Target, "mark a table for another copy")?;
        journal.record(&Event::TableReset { table: table.clone() })?;
    }
    session.close().await;
    Ok(())
}

/// The tables (by their names on the source) whose rows this migration has begun to load, as the target's
/// ledger tells it; none when there is no ledger.
///
/// # Errors
/// When the target refuses or the connection is lost.
pub async fn begun(target: &Endpoint, migration: &str) -> Result<BTreeSet<QualifiedName>, Fault> {
    let ledger = Ledger::of(migration);
    let mut session = connect_writer(target).await.on(Side::Target, "connect")?;
    ledger.ensure(&mut session).await.on(Side::Target, "create the ledger")?;
    let lanes = ledger.lanes(&mut session).await.on(Side::Target, "read the ledger")?;
    session.close().await;
    Ok(lanes.into_keys().collect())
}

/// Removes the migration from the target's ledger: when it is finished, or to begin it anew.
///
/// # Errors
/// When the target refuses or the connection is lost.
pub async fn close_ledger(target: &Endpoint, migration: &str) -> Result<(), Fault> {
    let mut session = connect_writer(target).await.on(Side::Target, "connect")?;
    Ledger::of(migration).close(&mut session).await.on(Side::Target, "close the ledger")?;
    session.close().await;
    Ok(())
}

async fn connect_writer(target: &Endpoint) -> Result<Session, MysqlError> {
    let mut session = Session::connect(target).await?;
    pin::writer(&mut session).await?;
    Ok(session)
}

/// One reader for each worker.
async fn readers(reading: Reading) -> Result<Vec<Reader>, MysqlError> {
    match reading {
        Reading::Snapshot(mut sessions, control) => {
            for session in &mut sessions {
                pin::reader(session).await?;
            }
            let reader = |session| Reader::Snapshot(Box::new(session), control.clone());
            Ok(sessions.into_iter().map(reader).collect())
        }
        Reading::Gated(gated) => {
            let reader = || Reader::Gated(Box::new(GatedReader::new(gated.clone())));
            Ok((0..gated.workers.max(1)).map(|_worker| reader()).collect())
        }
    }
}

fn shapes(tables: Vec<CopyTable>, present: Present) -> Result<Vec<TableState>, Fault> {
    tables
        .into_iter()
        .map(|CopyTable { source, target, copied: _ }| {
            let name = source.name.clone();
            let shape = Shape::of(source, &target, present).map_err(|error| {
                Fault::new(ErrorCode::ObjectRefused, error.to_string())
                    .on(Side::Target)
                    .about(format!("table {name}"))
            })?;
            Ok(TableState::new(shape))
        })
        .collect()
}

/// Journals the tables that are copied, all at once that have become so meanwhile, and passes them on.
///
/// The ledger has known of each since its last chunk: the journal only spares the next run the asking.
async fn note(
    yard: Arc<Yard>,
    mut copied: UnboundedReceiver<usize>,
    noted: UnboundedSender<usize>,
) -> Result<(), Ended> {
    while let Some(first) = copied.recv().await {
        let mut tables = vec![first];
        while let Ok(next) = copied.try_recv() {
            tables.push(next);
        }
        let states = tables.iter().filter_map(|index| yard.tables.get(*index));
        let events: Vec<Event> = states
            .map(|state| Event::TableCopied {
                table: state.shape.source.name.clone(),
                rows: state.rows(),
            })
            .collect();
        let journal = Arc::clone(&yard.journal);
        let recorded = tokio::task::spawn_blocking(move || journal.record_all(&events)).await;
        let recorded = recorded.unwrap_or_else(|panic| {
            Err(Fault::new(ErrorCode::Internal, "write the journal").because(panic))
        });
        if let Err(fault) = recorded {
            yard.queue.fail();
            return Err(fault.into());
        }
        for index in tables {
            if let Some(state) = yard.tables.get(index) {
                let rows = state.rows();
                tracing::info!(table = state.shape.source.name.plain(), rows, "table copied");
                yard.progress.table(&state.shape.source.name, |line| {
                    line.stage = TableStage::Copied;
                    line.rows_expected = rows;
                });
            }
            let _received = noted.send(index).is_ok();
        }
    }
    Ok(())
}

/// Does what is to be done with tables whose rows are there, one after the other.
async fn build(
    yard: Arc<Yard>,
    copied: Arc<tokio::sync::Mutex<UnboundedReceiver<usize>>>,
    after_table: Arc<dyn AfterTable>,
) -> Result<(), Ended> {
    loop {
        let next = copied.lock().await.recv().await;
        let Some(index) = next else { return Ok(()) };
        let Some(state) = yard.tables.get(index) else { return Ok(()) };
        if yard.queue.halted() {
            return Err(Ended::Halted);
        }
        let name = &state.shape.source.name;
        if yard.is_aside(&[index]) {
            continue;
        }
        // A family has had its turn: it counts as copied only after that.
        if yard.families.iter().any(|family| family.contains(&index)) {
            yard.progress.table(name, |line| line.stage = TableStage::Done);
            continue;
        }
        yard.progress.table(name, |line| line.stage = TableStage::Indexing);
        if let Err(fault) = after_table.table_copied(name).await {
            if yard.is_aside(&[index]) {
                continue;
            }
            yard.queue.fail();
            return Err(fault.into());
        }
        yard.progress.table(name, |line| line.stage = TableStage::Done);
    }
}

/// Waits for everybody. The first trouble counts, else the stop, if there was one.
async fn finish(mut crew: JoinSet<Result<(), Ended>>, queue: &Queue) -> Result<(), Fault> {
    let mut halted = false;
    let mut first: Option<Fault> = None;
    while let Some(joined) = crew.join_next().await {
        match joined {
            Ok(Ok(())) => {}
            Ok(Err(Ended::Halted)) => halted = true,
            Ok(Err(Ended::Fault(fault))) if first.is_none() => first = Some(*fault),
            Ok(Err(Ended::Fault(fault))) => tracing::warn!(%fault, "another worker failed too"),
            Err(panic) => {
                queue.fail();
                let fault = Fault::new(ErrorCode::Internal, "a worker of the copy broke down");
                first.get_or_insert(fault.because(panic));
            }
        }
    }
    match first {
        Some(fault) => Err(fault),
        None if halted => Err(Fault::new(ErrorCode::Interrupted, "stopped as asked")),
        None => Ok(()),
    }
}
