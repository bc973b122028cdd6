//! Changes of the source onto the target: batches of final states, written by lanes side by side.
//!
//! A batch is whole transactions, of which each row's last state is left. It is written by several lanes,
//! each in one transaction on the target together with its row of the ledger `sealift.applied`; the next
//! begins when all have committed. After a crash the log is read again from the oldest position of the
//! lanes; writing a row once more changes nothing, for no decision reads the target. Only changes that are made
//! in order must not come twice (of tables without a key, and of families, see [`crate::family`]): lane 0 has
//! them, and leaves out what its own position holds.

mod batch;
mod change;
mod crew;
mod key;
mod logged;
mod lane;
mod ordered;
mod cascade;
mod pipeline;
mod position;
mod row_match;
mod share;
mod table;
mod volley;
mod write;

use std::sync::Arc;

use sealift_mysql::binlog::{LogPosition, TransactionId};
use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::session::Session;
use sealift_schema::facts::Side;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinSet;

pub use self::batch::Batch;
pub use self::change::{Change, Image, RowChange, Transaction};
pub use self::logged::LoggedImage;
pub use self::pipeline::Counts;
pub use self::position::{AppliedLedger, Standing};
pub use self::table::{ApplyTable, Manner};

use self::cascade::Cascades;
use self::crew::Crew;
use self::pipeline::{Item, Parcel, Pipeline, Throughput};
use self::position::LANES_MAX;
use self::table::TableForm;
use crate::fault::{ErrorCode, Fault, OnServer};
use crate::target::pin;

/// How much of the source's history the target shows on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Several lanes, each with transactions of its own: the target shows states the source never had
    /// until the batch is written.
    Lanes(usize),
    /// One lane: every state of the target is one the source had.
    Atomic,
}

/// Everything [`Applier::open`] needs.
#[derive(Debug)]
pub struct ApplyJob {
    /// Names the migration in the target's ledger; at most 64 characters, the same in every run.
    pub migration: String,
    /// Where the changes go.
    pub target: Endpoint,
    /// The tables whose changes will come. Their order gives [`Change::table`] its meaning.
    pub tables: Vec<ApplyTable>,
    /// How they are written.
    pub mode: Mode,
    /// How much is done at a time; the default, but in tests.
    pub sizes: Sizes,
}

/// How much is done at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Bytes of images and keys at which a batch is full. Larger ones are written hardly faster, and keep
    /// row locks longer.
    pub batch_bytes: usize,
    /// Changes at which a batch is full, however small they are: their bookkeeping takes room, too.
    pub batch_changes: u64,
    /// Rows of a batch from which it is divided among lanes: a transaction more costs as much as writing
    /// some hundred rows.
    pub divided_rows: usize,
    /// Rows of a table from which they come as a load stream: it costs the target less than a statement,
    /// but two trips there and back.
    pub load_rows: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { batch_bytes: HUGE_BYTES, batch_changes: 100_000, divided_rows: 512, load_rows: 100 }
    }
}

/// Bytes from which a transaction should come in pieces: it would be more than a batch.
pub const HUGE_BYTES: usize = 8 << 20;

/// Applies transactions in the background, in their order. Dropping it ends that at once, as a crash would;
/// [`Applier::close`] finishes what was taken.
#[derive(Debug)]
pub struct Applier<I: Image> {
    items: mpsc::Sender<Parcel<I>>,
    room: Arc<Semaphore>,
    task: JoinSet<Result<(), Fault>>,
    applied: watch::Receiver<LogPosition>,
    throughput: Arc<Throughput>,
    found: Standing,
}

/// Items on their way to the background at most; their bytes are bounded before that.
const ITEMS_MAX: usize = 1_024;

/// KiB of items on their way to the background.
const ITEMS_KIB: usize = 4 << 10;

/// Says in the target's ledger where changes begin, unless it says already: before anything is copied.
///
/// # Errors
/// When the target refuses or the connection is lost.
pub async fn begin(target: &Endpoint, migration: &str, at: &LogPosition) -> Result<(), Fault> {
    let mut session = connect(target).await?;
    let begun = AppliedLedger::of(migration).begin(&mut session, at).await;
    begun.on(Side::Target, "create the ledger of applied changes")?;
    session.close().await;
    Ok(())
}

/// The same, whatever was said before: nothing is applied yet.
///
/// # Errors
/// When the target refuses or the connection is lost.
pub async fn begin_anew(target: &Endpoint, migration: &str, at: &LogPosition) -> Result<(), Fault> {
    let mut session = connect(target).await?;
    let begun = AppliedLedger::of(migration).begin_anew(&mut session, at).await;
    begun.on(Side::Target, "create the ledger of applied changes")?;
    session.close().await;
    Ok(())
}

/// Where the lanes stand; `None` when [`begin`] was never called for this migration.
///
/// # Errors
/// When the target refuses or the connection is lost.
pub async fn standing(target: &Endpoint, migration: &str) -> Result<Option<Standing>, Fault> {
    let mut session = connect(target).await?;
    let standing = AppliedLedger::of(migration).read(&mut session).await;
    let standing = standing.on(Side::Target, "read the ledger of applied changes")?;
    session.close().await;
    Ok(standing)
}

/// Removes the migration from the ledger of applied changes.
///
/// # Errors
/// When the target refuses or the connection is lost.
pub async fn close_ledger(target: &Endpoint, migration: &str) -> Result<(), Fault> {
    let mut session = connect(target).await?;
    let closed = AppliedLedger::of(migration).close(&mut session).await;
    closed.on(Side::Target, "close the ledger of applied changes")?;
    session.close().await;
    Ok(())
}

async fn connect(target: &Endpoint) -> Result<Session, Fault> {
    let mut session = Session::connect(target).await.on(Side::Target, "connect")?;
    pin::writer(&mut session).await.on(Side::Target, "pin a session")?;
    Ok(session)
}

impl<I: Image> Applier<I> {
    /// Takes the lanes over from whoever had them and waits for transactions. Call [`begin`] before.
    ///
    /// # Errors
    /// When a table's changes cannot be written, or the target refuses.
    pub async fn open(job: ApplyJob) -> Result<Self, Fault> {
        Self::open_with(job, None).await
    }

    /// The same; how far everything is applied is told by `applied`, which may outlive this applier.
    ///
    /// # Errors
    /// As [`Applier::open`].
    pub async fn open_telling(
        job: ApplyJob,
        applied: watch::Sender<LogPosition>,
    ) -> Result<Self, Fault> {
        Self::open_with(job, Some(applied)).await
    }

    async fn open_with(
        job: ApplyJob,
        publish: Option<watch::Sender<LogPosition>>,
    ) -> Result<Self, Fault> {
        let ApplyJob { migration, target, tables, mode, sizes } = job;
        let lanes = match mode {
            Mode::Lanes(count) => count.clamp(1, LANES_MAX),
            Mode::Atomic => 1,
        };
        let forms = tables.iter().map(TableForm::of).collect::<Result<Arc<[_]>, _>>()?;
        let cascades = Arc::new(Cascades::of(&tables));
        let ledger = AppliedLedger::of(migration);
        let (crew, found) =
            Crew::take_over(&target, &ledger, &forms, &cascades, lanes, sizes.load_rows).await?;
        let oldest = found.oldest().cloned().ok_or_else(|| {
            let what = "the positions in the target's ledger are not of one log";
            Fault::new(ErrorCode::LedgerMismatch, what).on(Side::Target)
        })?;
        let (items, waiting) = mpsc::channel(ITEMS_MAX);
        let publish = publish.unwrap_or_else(|| watch::channel(oldest.clone()).0);
        publish.send_replace(oldest);
        let applied = publish.subscribe();
        let throughput = Arc::new(Throughput::default());
        let pipeline =
            Pipeline::new(crew, forms, (lanes, sizes), waiting, publish, Arc::clone(&throughput));
        let mut task = JoinSet::new();
        task.spawn(pipeline.run());
        let room = Arc::new(Semaphore::new(ITEMS_KIB));
        Ok(Self { items, room, task, applied, throughput, found })
    }

    /// Where the lanes stood when they were taken over: the log is to be read from
    /// [`Standing::oldest`], and everything within [`Standing::newest`] may be applied already.
    #[must_use]
    pub fn found(&self) -> &Standing {
        &self.found
    }

    /// How far everything is applied, as it moves. The channel closes when the applier ends.
    #[must_use]
    pub fn applied(&self) -> watch::Receiver<LogPosition> {
        self.applied.clone()
    }

    /// What was done so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.throughput.counts()
    }

    /// Takes the next transaction. Waits only when so much is on its way that memory would grow.
    ///
    /// # Errors
    /// The trouble that ended the applier: everything from the applied position on has to be taken again
    /// by a new one.
    pub async fn apply(&mut self, transaction: Transaction<I>) -> Result<(), Fault> {
        let bytes = transaction.changes.iter().map(Change::bytes).sum();
        self.send(Item::Transaction(transaction), bytes).await
    }

    /// Begins a transaction that is larger than [`HUGE_BYTES`] or of unknown size: its parts are written as
    /// they come, in one transaction on the target. Between this and [`Applier::commit_huge`] (or
    /// [`Applier::abandon_huge`]) only [`Applier::piece`] may be called.
    ///
    /// # Errors
    /// As [`Applier::apply`].
    pub async fn begin_huge(&mut self, id: TransactionId) -> Result<(), Fault> {
        self.send(Item::BeginHuge(id), 0).await
    }

    /// Takes the next changes of a huge transaction.
    ///
    /// # Errors
    /// As [`Applier::apply`].
    pub async fn piece(&mut self, changes: Vec<Change<I>>) -> Result<(), Fault> {
        let bytes = changes.iter().map(Change::bytes).sum();
        self.send(Item::Piece(changes), bytes).await
    }

    /// Commits a huge transaction: `end` is the position behind it.
    ///
    /// # Errors
    /// As [`Applier::apply`].
    pub async fn commit_huge(&mut self, end: LogPosition) -> Result<(), Fault> {
        self.send(Item::CommitHuge(end), 0).await
    }

    /// Rolls back what came of a huge transaction, whose rest will not come: the log's connection was lost,
    /// and the same transaction comes again.
    ///
    /// # Errors
    /// As [`Applier::apply`].
    pub async fn abandon_huge(&mut self) -> Result<(), Fault> {
        self.send(Item::AbandonHuge, 0).await
    }

    /// Moves the position on where the log went on without a transaction of these tables. A position that
    /// was reached before is passed over.
    ///
    /// # Errors
    /// As [`Applier::apply`].
    pub async fn reach(&mut self, position: LogPosition) -> Result<(), Fault> {
        self.send(Item::Reach(position), 0).await
    }

    /// Waits until everything taken is applied, and tells how far that is. What lies within
    /// [`Standing::newest`] is applied only together, so until then that is where the lanes began.
    ///
    /// # Errors
    /// As [`Applier::apply`].
    pub async fn settle(&mut self) -> Result<LogPosition, Fault> {
        let (done, settled) = oneshot::channel();
        self.send(Item::Settle(done), 0).await?;
        match settled.await {
            Ok(()) => Ok(self.applied.borrow().clone()),
            Err(_ended) => Err(self.why_it_ended().await),
        }
    }

    /// Finishes what was taken and ends.
    ///
    /// # Errors
    /// As [`Applier::apply`].
    pub async fn close(mut self) -> Result<LogPosition, Fault> {
        let position = self.settle().await?;
        Ok(position)
    }

    async fn send(&mut self, item: Item<I>, bytes: usize) -> Result<(), Fault> {
        let kib = u32::try_from(bytes.div_ceil(1 << 10).min(ITEMS_KIB)).unwrap_or(0);
        // The semaphore is never closed.
        let permit = Arc::clone(&self.room).acquire_many_owned(kib).await.ok();
        match self.items.send(Parcel { item, permit }).await {
            Ok(()) => Ok(()),
            Err(_ended) => Err(self.why_it_ended().await),
        }
    }

    async fn why_it_ended(&mut self) -> Fault {
        match self.task.join_next().await {
            Some(Ok(Err(fault))) => fault,
            Some(Err(panic)) => {
                Fault::new(ErrorCode::Internal, "the applier broke down").because(panic)
            }
            Some(Ok(Ok(()))) | None => {
                Fault::new(ErrorCode::Internal, "the applier has ended before")
            }
        }
    }
}
