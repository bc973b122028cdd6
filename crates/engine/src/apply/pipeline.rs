//! Takes transactions into the next batch while the one before is being written.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sealift_mysql::binlog::{LogPosition, TransactionId};
use sealift_schema::facts::Side;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};
use tokio::task::{JoinError, JoinSet};

use super::Sizes;
use super::batch::Batch;
use super::change::{Change, Image, Transaction};
use super::crew::Crew;
use super::share::Work;
use super::table::TableForm;
use crate::fault::{ErrorCode, Fault};

/// What comes to be done.
#[derive(Debug)]
pub(super) enum Item<I> {
    /// A whole transaction.
    Transaction(Transaction<I>),
    /// A transaction begins that comes in pieces.
    BeginHuge(TransactionId),
    /// Some of its changes.
    Piece(Vec<Change<I>>),
    /// It ends, and this is the position behind it.
    CommitHuge(LogPosition),
    /// It does not come to its end.
    AbandonHuge,
    /// The log went on without a transaction.
    Reach(LogPosition),
    /// Somebody wants to know when everything before is done.
    Settle(oneshot::Sender<()>),
}

/// An item, and the room it takes until it is in a batch.
#[derive(Debug)]
pub(super) struct Parcel<I> {
    pub(super) item: Item<I>,
    pub(super) permit: Option<OwnedSemaphorePermit>,
}

/// What an applier has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Transactions of the source.
    pub transactions: u64,
    /// Row changes they held.
    pub changes: u64,
    /// Rows written or removed: the last state of each row of each batch.
    pub rows: u64,
    /// Batches.
    pub batches: u64,
}

/// [`Counts`] as they grow.
#[derive(Debug, Default)]
pub(super) struct Throughput {
    transactions: AtomicU64,
    changes: AtomicU64,
    rows: AtomicU64,
    batches: AtomicU64,
}

impl Throughput {
    pub(super) fn counts(&self) -> Counts {
        Counts {
            transactions: self.transactions.load(Ordering::Relaxed),
            changes: self.changes.load(Ordering::Relaxed),
            rows: self.rows.load(Ordering::Relaxed),
            batches: self.batches.load(Ordering::Relaxed),
        }
    }

    fn add(&self, done: Counts) {
        self.transactions.fetch_add(done.transactions, Ordering::Relaxed);
        self.changes.fetch_add(done.changes, Ordering::Relaxed);
        self.rows.fetch_add(done.rows, Ordering::Relaxed);
        self.batches.fetch_add(done.batches, Ordering::Relaxed);
    }
}

/// The background of an applier.
pub(super) struct Pipeline<I: Image> {
    forms: Arc<[TableForm]>,
    lanes: usize,
    sizes: Sizes,
    items: mpsc::Receiver<Parcel<I>>,
    applied: watch::Sender<LogPosition>,
    throughput: Arc<Throughput>,
    /// The lanes while they rest.
    crew: Option<Crew>,
    /// The batch that is being written, one at most.
    writing: JoinSet<Written>,
    /// The next batch.
    batch: Batch<I>,
    /// The position behind it; `None`: it is empty, and moves nothing.
    end: Option<LogPosition>,
    transactions: u64,
    /// The position behind the last batch that was handed to the lanes.
    written_up_to: LogPosition,
    scratch: I::Scratch,
    /// Everything within that is made in order was made before this began.
    ordered: Option<LogPosition>,
    /// The transaction that comes in pieces.
    huge: Option<TransactionId>,
    /// Where the first batch has to end: it was left half committed. Written in parts, or divided over the
    /// lanes in another way, it would make lanes go back behind their positions, and a second crash would
    /// lose what they had.
    unfinished: Option<LogPosition>,
}

/// What comes of a batch.
struct Written {
    crew: Crew,
    end: LogPosition,
    counts: Counts,
    outcome: Result<(), Fault>,
}

impl<I: Image> Pipeline<I> {
    pub(super) fn new(
        crew: Crew,
        forms: Arc<[TableForm]>,
        (lanes, sizes): (usize, Sizes),
        items: mpsc::Receiver<Parcel<I>>,
        applied: watch::Sender<LogPosition>,
        throughput: Arc<Throughput>,
    ) -> Self {
        let written_up_to = applied.borrow().clone();
        Self {
            forms,
            lanes,
            sizes,
            items,
            applied,
            throughput,
            ordered: crew.ordered().cloned(),
            unfinished: crew.unfinished().cloned(),
            crew: Some(crew),
            writing: JoinSet::new(),
            batch: Batch::default(),
            end: None,
            transactions: 0,
            written_up_to,
            scratch: I::Scratch::default(),
            huge: None,
        }
    }

    /// Runs until nobody is left who could bring more.
    pub(super) async fn run(mut self) -> Result<(), Fault> {
        while let Some(Parcel { item, permit }) = self.next().await? {
            match item {
                Item::Transaction(transaction) => self.take(transaction)?,
                Item::BeginHuge(id) => self.begin_huge(id).await?,
                Item::Piece(changes) => self.piece(changes).await?,
                Item::CommitHuge(end) => self.commit_huge(end).await?,
                Item::AbandonHuge => self.abandon_huge().await?,
                Item::Reach(position) => self.reach(position)?,
                Item::Settle(done) => {
                    self.settle().await?;
                    let _nobody_waits = done.send(()).is_err();
                }
            }
            drop(permit);
        }
        self.settle().await
    }

    /// The next item. Writes the batch as soon as the lanes rest and nothing more is at hand.
    async fn next(&mut self) -> Result<Option<Parcel<I>>, Fault> {
        loop {
            if self.writing.is_empty() && self.is_whole() {
                if !self.batch.is_full(&self.sizes)
                    && let Ok(parcel) = self.items.try_recv()
                {
                    return Ok(Some(parcel));
                }
                self.begin_writing();
            }
            tokio::select! {
                Some(written) = self.writing.join_next() => self.note(written)?,
                item = self.items.recv(), if self.has_room() => return Ok(item),
            }
        }
    }

    /// Whether there is a batch that may be written.
    fn is_whole(&self) -> bool {
        let Some(end) = &self.end else { return false };
        self.unfinished.as_ref().is_none_or(|unfinished| end.covers(unfinished))
    }

    /// Whether the batch may grow. One that was left half committed had room before, all of it.
    fn has_room(&self) -> bool {
        self.unfinished.is_some() && !self.is_whole() || !self.batch.is_full(&self.sizes)
    }

    fn take(&mut self, transaction: Transaction<I>) -> Result<(), Fault> {
        let Transaction { id, end, changes } = transaction;
        self.no_huge()?;
        self.take_changes(&id, changes)?;
        self.transactions += 1;
        self.end = Some(end);
        Ok(())
    }

    fn reach(&mut self, position: LogPosition) -> Result<(), Fault> {
        self.no_huge()?;
        let before = self.end.as_ref().unwrap_or(&self.written_up_to);
        // By GTIDs nothing may be new, and the place in the log still is: who waits for the end of the log
        // waits for that.
        let is_new = position.covers(before) && position != *before;
        if is_new {
            self.end = Some(position);
        }
        Ok(())
    }

    fn take_changes(&mut self, id: &TransactionId, changes: Vec<Change<I>>) -> Result<(), Fault> {
        let ordered_before = self.ordered.as_ref().is_some_and(|position| position.contains(id));
        for change in changes {
            let form = self.forms.get(change.table).ok_or_else(|| {
                Fault::new(ErrorCode::Internal, "a change of a table nobody asked for")
            })?;
            let key = form.key();
            if key.is_none() && ordered_before {
                continue;
            }
            self.batch.take(change, key, &mut self.scratch).map_err(|error| {
                let fault = Fault::new(ErrorCode::Protocol, "read a change").on(Side::Source);
                fault.about(format!("table {}", form.source)).because(error)
            })?;
        }
        Ok(())
    }

    /// Hands the batch to the lanes, if there is a whole one and they rest.
    fn begin_writing(&mut self) {
        if !self.is_whole() {
            return;
        }
        let Some(end) = self.end.clone() else { return };
        let Some(mut crew) = self.crew.take() else { return };
        self.end = None;
        // One lane's transaction moves the rows of all.
        let is_begun = self.unfinished.take().is_some();
        self.written_up_to = end.clone();
        let transactions = std::mem::take(&mut self.transactions);
        let is_small = self.batch.rows().len() < self.sizes.divided_rows;
        let lanes = if is_small || is_begun { 1 } else { self.lanes };
        let (work, counts) = self.seal(end.clone(), lanes);
        let counts = Counts { transactions, ..counts };
        self.writing.spawn(async move {
            let outcome = crew.write(work).await;
            Written { crew, end, counts, outcome }
        });
    }

    fn seal(&mut self, end: LogPosition, lanes: usize) -> (Work<I>, Counts) {
        let batch = std::mem::take(&mut self.batch);
        let rows = batch.rows().len() + batch.ordered().len();
        let counts =
            Counts { transactions: 0, changes: batch.changes(), rows: rows as u64, batches: 1 };
        (Work::divide(batch, end, &self.forms, lanes), counts)
    }

    /// Takes note of a batch that was written, or was not.
    fn note(&mut self, written: Result<Written, JoinError>) -> Result<(), Fault> {
        let Written { crew, end, counts, outcome } = written.map_err(|panic| {
            Fault::new(ErrorCode::Internal, "the writing of a batch broke down").because(panic)
        })?;
        self.crew = Some(crew);
        outcome?;
        self.throughput.add(counts);
        self.applied.send_replace(end);
        Ok(())
    }

    /// Writes all that was taken, unless it is a part of the batch that was left half committed.
    async fn settle(&mut self) -> Result<(), Fault> {
        loop {
            if self.writing.is_empty() {
                self.begin_writing();
            }
            match self.writing.join_next().await {
                Some(written) => self.note(written)?,
                None => return Ok(()),
            }
        }
    }

    async fn begin_huge(&mut self, id: TransactionId) -> Result<(), Fault> {
        self.no_huge()?;
        self.settle().await?;
        if self.unfinished.is_some() {
            // Such a transaction moves all lanes at once, so no batch holds one.
            return Err(out_of_order());
        }
        self.resting()?.begin_huge().await?;
        self.huge = Some(id);
        Ok(())
    }

    async fn piece(&mut self, changes: Vec<Change<I>>) -> Result<(), Fault> {
        let id = self.huge.clone().ok_or_else(out_of_order)?;
        self.take_changes(&id, changes)?;
        if self.batch.is_full(&self.sizes) { self.write_piece().await } else { Ok(()) }
    }

    async fn write_piece(&mut self) -> Result<(), Fault> {
        let nowhere = self.applied.borrow().clone();
        let (work, counts) = self.seal(nowhere, 1);
        self.resting()?.piece(&work).await?;
        self.throughput.add(Counts { batches: 0, ..counts });
        Ok(())
    }

    async fn commit_huge(&mut self, end: LogPosition) -> Result<(), Fault> {
        self.huge.take().ok_or_else(out_of_order)?;
        self.write_piece().await?;
        self.resting()?.commit_huge(&end).await?;
        self.throughput.add(Counts { transactions: 1, batches: 1, ..Counts::default() });
        self.written_up_to = end.clone();
        self.applied.send_replace(end);
        Ok(())
    }

    async fn abandon_huge(&mut self) -> Result<(), Fault> {
        self.huge.take().ok_or_else(out_of_order)?;
        self.batch = Batch::default();
        self.resting()?.abandon_huge().await
    }

    /// Nothing but its pieces may come while a transaction comes in pieces: it would be in it.
    fn no_huge(&self) -> Result<(), Fault> {
        if self.huge.is_some() { Err(out_of_order()) } else { Ok(()) }
    }

    fn resting(&mut self) -> Result<&mut Crew, Fault> {
        self.crew.as_mut().ok_or_else(out_of_order)
    }
}

fn out_of_order() -> Fault {
    Fault::new(ErrorCode::Internal, "parts of a transaction came out of their order")
}
