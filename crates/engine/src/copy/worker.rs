//! One worker: a reader and a writer of its own, from table to table.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sealift_mysql::error::{ErrorClass, MysqlError};
use sealift_mysql::session::Session;
use sealift_schema::facts::Side;
use sealift_schema::name::QualifiedName;
use tokio::sync::mpsc::UnboundedSender;

use super::aside::Aside;
use super::chunk::{Budget, Cutter, ReadEnd, Writing, pipe, read_snapshot};
use super::family::{self, Holds};
use super::gate::Gate;
use super::gated::GatedReader;
use super::lane;
use super::ledger::{LaneRow, Ledger};
use super::queue::{Queue, Task};
use super::shape::Shape;
use super::write::{WriteEnd, Writer};
use super::{AfterTable, Sizes};
use crate::control::Control;
use crate::encode::Dialect;
use crate::fault::{ErrorCode, Fault};
use crate::journal::Journal;
use crate::probe::{Point, Probe};
use crate::progress::{Progress, TableStage};
use crate::target::pause::pause;

/// Times a table's lanes are entered or its rows removed before trouble counts as lasting.
const OPEN_ATTEMPTS: u32 = 10;

/// What all workers share.
pub(super) struct Yard {
    pub(super) tables: Vec<TableState>,
    /// Tables that are copied together.
    pub(super) families: Vec<Vec<usize>>,
    /// Families an earlier run has copied.
    pub(super) holds: Holds,
    /// Tables that are not to be copied any further; `None` where definitions have to rest.
    pub(super) aside: Option<Aside>,
    pub(super) after_table: Arc<dyn AfterTable>,
    pub(super) queue: Queue,
    pub(super) ledger: Ledger,
    pub(super) dialect: Dialect,
    pub(super) sizes: Sizes,
    /// What the ledger said at the beginning of the run.
    pub(super) found: Mutex<BTreeMap<QualifiedName, Vec<LaneRow>>>,
    pub(super) journal: Arc<dyn Journal>,
    pub(super) progress: Progress,
    pub(super) probe: Probe,
}

impl Yard {
    /// Whether one of these tables, by their places, is set aside.
    pub(super) fn is_aside(&self, tables: &[usize]) -> bool {
        let Some(aside) = &self.aside else { return false };
        self.names(tables).any(|name| aside.holds(name))
    }

    /// What became of tables; `None` when they are set aside, whatever went wrong with them. A reader may find their
    /// definitions moved before the log tells of it: then they are set aside from here.
    fn unless_aside<T>(
        &self,
        tables: &[usize],
        became: Result<T, Ended>,
    ) -> Result<Option<T>, Ended> {
        let Some(aside) = &self.aside else { return became.map(Some) };
        match became {
            Ok(became) if !self.is_aside(tables) => Ok(Some(became)),
            Err(Ended::Fault(fault)) if fault.code == ErrorCode::SourceChanged => {
                tracing::warn!(%fault, "left for later");
                // It is open as long as anything is copied.
                let _open = aside.add(self.names(tables).cloned()).is_ok();
                Ok(None)
            }
            Ok(_) => Ok(None),
            Err(Ended::Fault(fault)) if self.is_aside(tables) => {
                tracing::warn!(%fault, "left for later");
                Ok(None)
            }
            Err(ended) => Err(ended),
        }
    }

    fn names(&self, tables: &[usize]) -> impl Iterator<Item = &QualifiedName> {
        let states = tables.iter().filter_map(|index| self.tables.get(*index));
        states.map(|state| &state.shape.source.name)
    }
}

/// A table under way.
pub(super) struct TableState {
    pub(super) shape: Shape,
    lanes_left: AtomicUsize,
    rows: AtomicU64,
}

impl TableState {
    pub(super) fn new(shape: Shape) -> Self {
        Self { shape, lanes_left: AtomicUsize::new(0), rows: AtomicU64::new(0) }
    }

    /// An earlier run has copied it.
    pub(super) fn found_copied(&self, rows: u64) {
        self.rows.store(rows, Ordering::SeqCst);
    }

    /// Rows on the target.
    pub(super) fn rows(&self) -> u64 {
        self.rows.load(Ordering::SeqCst)
    }
}

/// Why a worker ended before the work did.
#[derive(Debug)]
pub(super) enum Ended {
    /// Somebody asked to stop, or another worker failed; nothing is open.
    Halted,
    /// Trouble.
    Fault(Box<Fault>),
}

impl From<Fault> for Ended {
    fn from(fault: Fault) -> Self {
        Self::Fault(Box::new(fault))
    }
}

/// How a worker reads.
pub(super) enum Reader {
    /// In a snapshot that it shares with the others.
    Snapshot(Box<Session>, Control),
    /// Chunk by chunk, each behind a gate.
    Gated(Box<GatedReader>),
}

impl Reader {
    /// Plans the lanes of a table.
    async fn plan(
        &mut self,
        shape: &Shape,
        lane_bytes: u64,
        queue: &Queue,
    ) -> Result<Vec<LaneRow>, ReadEnd> {
        match self {
            Self::Snapshot(session, _) => Ok(lane::plan(session, shape, lane_bytes).await?),
            Self::Gated(reader) => reader.plan(shape, lane_bytes, queue).await,
        }
    }

    /// Reads a lane from where it stands to its end.
    async fn lane(
        &mut self,
        shape: &Shape,
        lane: &LaneRow,
        mut cutter: Cutter,
        queue: &Queue,
    ) -> Result<(), ReadEnd> {
        match self {
            Self::Snapshot(session, control) => {
                let turns = (&*control, queue);
                read_snapshot(session, shape, lane, &mut cutter, turns).await
            }
            Self::Gated(reader) => reader.lane(shape, lane, &mut cutter, queue).await,
        }
    }
}

/// One worker.
pub(super) struct Worker {
    pub(super) yard: Arc<Yard>,
    pub(super) reader: Reader,
    pub(super) writer: Writer,
    pub(super) budget: Budget,
    /// Where tables go whose rows are all there.
    pub(super) copied: UnboundedSender<usize>,
}

impl Worker {
    /// Works until nothing is left. On trouble the other workers are told to stop.
    pub(super) async fn run(mut self) -> Result<(), Ended> {
        let result = self.work().await;
        if result.is_err() {
            self.yard.queue.fail();
        }
        result
    }

    async fn work(&mut self) -> Result<(), Ended> {
        let yard = Arc::clone(&self.yard);
        while let Some(task) = yard.queue.next().await {
            match task {
                Task::Open(table) => match yard.families.iter().find(|all| all.contains(&table)) {
                    Some(family) => self.family(table, family).await?,
                    None => self.open(table).await?,
                },
                Task::Lane(table, lane) => self.lane(table, lane).await?,
            }
        }
        if self.yard.queue.halted() { Err(Ended::Halted) } else { Ok(()) }
    }

    /// Finds out where a table stands and hands its open lanes to all workers.
    async fn open(&mut self, index: usize) -> Result<(), Ended> {
        let yard = Arc::clone(&self.yard);
        let Some(table) = yard.tables.get(index) else { return Ok(()) };
        let name = &table.shape.source.name;
        yard.progress.table(name, |line| {
            line.stage = TableStage::Copying;
            line.rows_expected = table.shape.source.rows_estimate;
        });
        let lanes = self.lanes(table).await;
        let Some(mut lanes) = yard.unless_aside(&[index], lanes)? else {
            yard.queue.opened(index, Vec::new());
            return Ok(());
        };
        let (rows, bytes) = lanes.iter().fold((0, 0), |(rows, bytes), lane| {
            (rows + lane.standing.rows, bytes + lane.standing.bytes)
        });
        table.rows.store(rows, Ordering::SeqCst);
        yard.progress.table(name, |line| (line.rows, line.bytes) = (rows, bytes));
        lanes.retain(|lane| !lane.standing.done);
        table.lanes_left.store(lanes.len(), Ordering::SeqCst);
        let is_copied = lanes.is_empty();
        yard.queue.opened(index, lanes);
        if is_copied {
            self.table_copied(index);
        }
        Ok(())
    }

    /// Finds out which lanes a table has.
    async fn lanes(&mut self, table: &TableState) -> Result<Vec<LaneRow>, Ended> {
        let name = &table.shape.source.name;
        let found = self.yard.found.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        let mut lanes = found.unwrap_or_default();
        if must_begin_again(&table.shape, &lanes) {
            lanes = self.repeat(table, Step::Empty).await?;
        }
        if lanes.is_empty() {
            lanes = self.plan(table).await?;
        }
        Ok(lanes)
    }

    /// Plans the lanes of a table that is empty. Several are entered into the ledger at once; a single one
    /// is entered by its first chunk.
    async fn plan(&mut self, table: &TableState) -> Result<Vec<LaneRow>, Ended> {
        let lane_bytes = self.yard.sizes.lane_bytes;
        let planned = self.reader.plan(&table.shape, lane_bytes, &self.yard.queue).await;
        let lanes = planned.map_err(|end| ended(end, "find the bounds of lanes", table))?;
        self.yard.probe.pass(Point::LanesPlanned);
        if lanes.len() == 1 {
            return Ok(lanes);
        }
        self.repeat(table, Step::Enter(&lanes)).await
    }

    /// Tries a step until it is done or its trouble lasts; both steps may be repeated at any point.
    async fn repeat(&mut self, table: &TableState, step: Step<'_>) -> Result<Vec<LaneRow>, Ended> {
        let about = |fault: Fault| fault.about(format!("table {}", table.shape.target));
        let mut failures = 0;
        loop {
            let (ledger, shape) = (&self.yard.ledger, &table.shape);
            let session = self.writer.session().await?;
            let result = match step {
                Step::Empty => empty(session, ledger, shape, &self.yard.probe).await,
                Step::EmptyAnyway => empty_anyway(session, ledger, shape, &self.yard.probe).await,
                Step::Enter(lanes) => enter(session, ledger, shape, lanes).await,
                Step::Look => ledger.lanes_of(session, &shape.source.name).await,
            };
            let error = match result {
                Ok(lanes) => return Ok(lanes),
                Err(error) => error,
            };
            failures += 1;
            let passes = matches!(error.class(), ErrorClass::Transient | ErrorClass::Lost);
            if !passes || failures == OPEN_ATTEMPTS {
                return Err(about(Fault::server(Side::Target, step.doing(), error)).into());
            }
            self.writer.hang_up();
            pause(failures).await;
        }
    }

    /// Copies a lane to its end, and is done with the table if it was the last.
    async fn lane(&mut self, index: usize, lane: LaneRow) -> Result<(), Ended> {
        let yard = Arc::clone(&self.yard);
        let Some(table) = yard.tables.get(index) else { return Ok(()) };
        let carried = self.carry(table, lane).await;
        let Some(carried) = yard.unless_aside(&[index], carried)? else { return Ok(()) };
        match carried {
            Carried::Whole => {
                if table.lanes_left.fetch_sub(1, Ordering::SeqCst) == 1 {
                    self.table_copied(index);
                }
            }
            Carried::Overtaken => {
                let lanes = self.repeat(table, Step::Look).await?;
                let mut found = yard.found.lock().unwrap_or_else(PoisonError::into_inner);
                found.insert(table.shape.source.name.clone(), lanes);
                yard.queue.reopen(index);
            }
        }
        Ok(())
    }

    /// Copies a family, unless an earlier run has, and waits until it has its indexes.
    async fn family(&mut self, first: usize, family: &[usize]) -> Result<(), Ended> {
        let yard = Arc::clone(&self.yard);
        // It brings no lanes for others.
        yard.queue.opened(first, Vec::new());
        if yard.is_aside(family) {
            return Ok(());
        }
        let tables: Vec<&TableState> =
            family.iter().filter_map(|index| yard.tables.get(*index)).collect();
        let names: Vec<QualifiedName> =
            tables.iter().map(|table| table.shape.source.name.clone()).collect();
        let found: Vec<Vec<LaneRow>> = {
            let mut found = yard.found.lock().unwrap_or_else(PoisonError::into_inner);
            names.iter().map(|name| found.remove(name).unwrap_or_default()).collect()
        };
        let gates = if family::copied_at(found.iter().map(Some)).is_some() {
            for (table, lanes) in tables.iter().zip(&found) {
                let rows = lanes.iter().map(|lane| lane.standing.rows).sum();
                let name = &table.shape.source.name;
                table.rows.store(rows, Ordering::SeqCst);
                yard.progress.table(name, |line| line.rows = rows);
            }
            Vec::new()
        } else {
            let gates = self.family_rows(&tables, &names, &found).await;
            let Some(gates) = yard.unless_aside(family, gates)? else {
                if let Reader::Gated(reader) = &mut self.reader {
                    drop(reader.end_family().await);
                }
                return Ok(());
            };
            gates
        };
        let done = yard.after_table.family_copied(&names).await;
        let done = yard.unless_aside(family, done.map_err(Ended::from))?;
        drop(gates);
        if done.is_none() {
            return Ok(());
        }
        yard.holds.release(&names);
        for index in family {
            self.table_copied(*index);
        }
        Ok(())
    }

    /// Copies all rows of a family. Its changes are held as long as what it returns is kept.
    async fn family_rows(
        &mut self,
        tables: &[&TableState],
        names: &[QualifiedName],
        found: &[Vec<LaneRow>],
    ) -> Result<Vec<Arc<Gate>>, Ended> {
        let yard = Arc::clone(&self.yard);
        for (table, _) in tables.iter().zip(found).filter(|(_, lanes)| !lanes.is_empty()) {
            self.repeat(table, Step::EmptyAnyway).await?;
        }
        let Some(first) = tables.first() else { return Ok(Vec::new()) };
        let Reader::Gated(reader) = &mut self.reader else { return Ok(Vec::new()) };
        let begun = reader.begin_family(names, &yard.queue).await;
        begun.map_err(|end| ended(end, "open a snapshot of tables with foreign keys", first))?;
        for table in tables {
            let name = &table.shape.source.name;
            yard.progress.table(name, |line| {
                line.stage = TableStage::Copying;
                line.rows_expected = table.shape.source.rows_estimate;
            });
            if let Carried::Overtaken = self.carry(table, LaneRow::default()).await? {
                let what = "another process has moved this copy's ledger";
                let fault = Fault::new(ErrorCode::LedgerMismatch, what).on(Side::Target);
                return Err(fault.about(format!("table {name}")).into());
            }
        }
        match &mut self.reader {
            Reader::Gated(reader) => Ok(reader.end_family().await),
            Reader::Snapshot(..) => Ok(Vec::new()),
        }
    }

    /// Copies a lane to its end.
    async fn carry(&mut self, table: &TableState, mut lane: LaneRow) -> Result<Carried, Ended> {
        let yard = Arc::clone(&self.yard);
        let (pieces, received) = pipe();
        let begun = lane.clone();
        let name = &table.shape.source.name;
        let writing_as = Writing { dialect: yard.dialect, chunk_bytes: yard.sizes.chunk_bytes };
        let cutter = Cutter::new(writing_as, self.budget.clone(), pieces);
        let reading = self.reader.lane(&table.shape, &begun, cutter, &yard.queue);
        let writing = self.writer.lane(
            &table.shape,
            &mut lane,
            received,
            || yard.queue.halted(),
            |end| {
                table.rows.fetch_add(end.rows, Ordering::SeqCst);
                yard.progress.table(name, |line| {
                    line.rows += end.rows;
                    line.bytes += end.bytes;
                });
            },
        );
        let (read, written) = tokio::join!(reading, writing);
        match (read, written) {
            (Err(end @ (ReadEnd::Server(_) | ReadEnd::Fault(_) | ReadEnd::Halted)), _) => {
                Err(ended(end, "read rows", table))
            }
            (_, Err(WriteEnd::Fault(fault))) => Err(Ended::Fault(fault)),
            (_, Err(WriteEnd::Halted)) => Err(Ended::Halted),
            (_, Err(WriteEnd::Overtaken)) => Ok(Carried::Overtaken),
            (Ok(()), Ok(())) => Ok(Carried::Whole),
            (Err(ReadEnd::Unwanted), Ok(())) | (_, Err(WriteEnd::ReaderGone)) => {
                Err(ended(ReadEnd::Unwanted, "read rows", table))
            }
        }
    }

    fn table_copied(&self, index: usize) {
        self.yard.probe.pass(Point::TableCopied);
        // The receiver outlives the workers, unless it failed and said so.
        let _received = self.copied.send(index).is_ok();
    }
}

/// What became of a lane.
enum Carried {
    /// All of it is on the target.
    Whole,
    /// A dead process has committed to it since the ledger was read.
    Overtaken,
}

/// What the end of a reading means for the worker.
fn ended(end: ReadEnd, doing: &'static str, table: &TableState) -> Ended {
    let fault = match end {
        ReadEnd::Halted => return Ended::Halted,
        ReadEnd::Server(error) => Fault::server(Side::Source, doing, error),
        ReadEnd::Fault(fault) => *fault,
        ReadEnd::Unwanted => {
            Fault::new(ErrorCode::Internal, "reader and writer of a lane lost each other")
        }
    };
    fault.about(format!("table {}", table.shape.source.name)).into()
}

/// A step of opening a table.
#[derive(Clone, Copy)]
enum Step<'l> {
    /// Begin again with an empty table.
    Empty,
    /// The same, though what is there could be gone on from.
    EmptyAnyway,
    /// Enter these lanes.
    Enter(&'l [LaneRow]),
    /// See what the ledger has.
    Look,
}

impl Step<'_> {
    fn doing(self) -> &'static str {
        match self {
            Self::Empty | Self::EmptyAnyway => "empty a table",
            Self::Enter(_) => "enter a table into the ledger",
            Self::Look => "read the ledger",
        }
    }
}

/// Whether what is on the target cannot be gone on from: it is being emptied, or it has no key to go on
/// behind.
fn must_begin_again(shape: &Shape, lanes: &[LaneRow]) -> bool {
    lanes.iter().any(|lane| lane.standing.emptying)
        || (shape.key.is_none() && lanes.iter().any(|lane| !lane.standing.done))
}

/// Enters a table's lanes, unless a lost attempt has entered them.
async fn enter(
    session: &mut Session,
    ledger: &Ledger,
    shape: &Shape,
    lanes: &[LaneRow],
) -> Result<Vec<LaneRow>, MysqlError> {
    let name = &shape.source.name;
    match ledger.enter(session, name, lanes).await {
        Ok(()) => {}
        Err(error) if error.class() == ErrorClass::DuplicateKey => {}
        Err(error) => return Err(error),
    }
    ledger.lanes_of(session, name).await
}

/// Empties a table, unless by the time nobody else can do it there is nothing to empty. Returns the lanes
/// the ledger then has.
async fn empty(
    session: &mut Session,
    ledger: &Ledger,
    shape: &Shape,
    probe: &Probe,
) -> Result<Vec<LaneRow>, MysqlError> {
    let name = &shape.source.name;
    ledger.fence(session, name).await?;
    // What was read before is of no worth: the others may have emptied, forgotten and begun again.
    let lanes = ledger.lanes_of(session, name).await?;
    if must_begin_again(shape, &lanes) {
        ledger.mark_emptying(session, name).await?;
        probe.pass(Point::TableEmptied);
        session.execute(format!("TRUNCATE TABLE {}", shape.target)).await?;
        ledger.forget(session, name).await?;
    }
    let lanes = ledger.lanes_of(session, name).await?;
    ledger.unfence(session, name).await?;
    Ok(lanes)
}

/// Empties a table whatever is in it: it was copied as of another position than the rest of its family.
async fn empty_anyway(
    session: &mut Session,
    ledger: &Ledger,
    shape: &Shape,
    probe: &Probe,
) -> Result<Vec<LaneRow>, MysqlError> {
    let name = &shape.source.name;
    ledger.fence(session, name).await?;
    ledger.mark_emptying(session, name).await?;
    ledger.unfence(session, name).await?;
    empty(session, ledger, shape, probe).await
}
