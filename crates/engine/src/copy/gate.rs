//! Where copier and applier meet: no chunk lands on a change that it was read before.
//!
//! A chunk is read when all transactions within a position `L` of the source's log are visible, and lands
//! later. A transaction within `L` may be applied before or after it lands: the chunk knows it. One outside
//! `L` must be applied after it, for the chunk may not know it. Hence two rules, proven by
//! `crates/engine/tests/model`:
//!
//! - **[`Gates::admit`]**: a transaction waits while it lies outside the `L` of a gate that is open on one of
//!   its tables. Once admitted it counts as handed over to the applier, for ever.
//! - **[`Gates::open`]**: a gate is refused while a transaction that was handed over for its table lies
//!   outside its `L`: the applier may have written what the read would not see.
//!
//! A table without a key has no rows that could be put twice, so it is copied as of one exact position
//! ([`Gates::open_exact`]), and what lies within it is left out for this table ([`Gates::skips`]).
//!
//! A position says nothing of a transaction that XA had prepared, unless by MySQL's GTIDs: its `XA COMMIT` may be in the
//! log, and within `L`, before reads see its rows. What is certain to see them begins after a moment at which it had
//! ended on the source ([`Gates::ended`]). So such a transaction waits for the gates of all reads that may have begun
//! before ([`Gates::admit_ended`]), and later none of them gets a gate.
//!
//! Nothing here waits for anything but gates, reads a clock or talks to anybody.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sealift_mysql::binlog::{LogPosition, TransactionId};
use sealift_schema::name::QualifiedName;
use thiserror::Error;
use tokio::sync::Notify;

/// Transactions that are remembered one by one, though all gates opened of late lie behind them: an `L`
/// that was obtained a moment before the newest one is then as good as that.
const RECENT_KEPT: usize = 256;

/// Transactions that are remembered one by one at most; older ones only as one position. A gate then has
/// to contain all of them, whatever their table: with some seconds of transactions between, it does.
const RECENT_MAX: usize = 16_384;

/// All gates of one migration. Clones share them.
#[derive(Clone, Debug)]
pub struct Gates {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    meeting: Mutex<Meeting>,
    /// A gate was released.
    released: Notify,
}

#[derive(Debug)]
struct Meeting {
    handed_over: HandedOver,
    tables: BTreeMap<QualifiedName, TableGates>,
    gates_made: u64,
    now: Moment,
}

/// A moment of these gates: whatever was known to have ended before it is seen by a read that begins after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u64);

/// What is known of one table.
#[derive(Debug, Default)]
struct TableGates {
    open: Vec<OpenGate>,
    /// The last transaction that was handed over for it, with its number.
    last: Option<(u64, Arc<TransactionId>)>,
    /// Reads that began before it may not see what was handed over.
    ended: Moment,
    exact: Exactness,
}

#[derive(Debug)]
struct OpenGate {
    number: u64,
    /// What may pass; `None`: nothing.
    upto: Option<Arc<LogPosition>>,
    /// Its read began after this.
    since: Moment,
}

/// How a table's copy relates to the changes that follow it.
#[derive(Debug, Default, PartialEq, Eq)]
enum Exactness {
    /// Changes may be applied over the copy or beneath it.
    #[default]
    NotNeeded,
    /// There is no copy yet. Whatever is handed over before it begins will lie within it.
    Awaited,
    /// The copy is the table as of this position.
    At(Arc<LogPosition>),
}

/// A gate is not opened: something was handed over for its table that lies outside its position, or may.
/// A newer position has to be obtained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a change was handed to the applier that may not be visible yet")]
pub struct Stale;

impl Gates {
    /// Gates for a migration whose applier has been handed everything within `handed_over` before, in this
    /// life of the process or an earlier one: the newest position of its lanes, or where it begins.
    #[must_use]
    pub fn new(handed_over: LogPosition) -> Self {
        let handed_over = HandedOver { older: handed_over, recent: VecDeque::new(), first: 0 };
        let tables = BTreeMap::new();
        let meeting = Meeting { handed_over, tables, gates_made: 0, now: Moment::default() };
        Self { shared: Arc::new(Shared { meeting: Mutex::new(meeting), released: Notify::new() }) }
    }

    /// The moment it is: to be asked before a read's position is obtained.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.lock().now
    }

    /// Begins a new moment, because a transaction is known to have ended on the source.
    #[must_use]
    pub fn ended(&self) -> Moment {
        let mut meeting = self.lock();
        meeting.now.0 += 1;
        meeting.now
    }

    /// Opens a gate on a table, for a read that sees everything within `upto`, obtained after the moment `since`, and
    /// takes its rows after this.
    ///
    /// # Errors
    /// [`Stale`] when a newer position is needed.
    pub fn open(
        &self,
        table: &QualifiedName,
        upto: &Arc<LogPosition>,
        since: Moment,
    ) -> Result<Gate, Stale> {
        self.open_as(table, (upto, since), Kind::Chunk)
    }

    /// Opens a gate on a table without a key, for a read that sees exactly what lies within `at`. Until
    /// [`Gate::complete`] the table counts as not copied.
    ///
    /// # Errors
    /// [`Stale`] when a newer position is needed.
    pub fn open_exact(
        &self,
        table: &QualifiedName,
        at: &Arc<LogPosition>,
        since: Moment,
    ) -> Result<Gate, Stale> {
        self.open_as(table, (at, since), Kind::Exact)
    }

    fn open_as(
        &self,
        table: &QualifiedName,
        (upto, since): (&Arc<LogPosition>, Moment),
        kind: Kind,
    ) -> Result<Gate, Stale> {
        let mut meeting = self.lock();
        let known = meeting.tables.get(table);
        let last = known.and_then(|gates| gates.last.as_ref()).map(|(number, _)| *number);
        let is_too_early = known.is_some_and(|gates| since < gates.ended);
        meeting.handed_over.forget_within(upto);
        if is_too_early || !meeting.handed_over.is_within(last, upto) {
            return Err(Stale);
        }
        let gates = meeting.tables.entry(table.clone()).or_default();
        if kind == Kind::Exact {
            gates.exact = Exactness::At(Arc::clone(upto));
        }
        Ok(self.gate(&mut meeting, table, (Some(Arc::clone(upto)), since), kind))
    }

    /// Closes a table to every transaction that was not handed over yet. To be sure that nothing is under
    /// way any more, wait until [`Gates::last_handed_over`] is applied.
    #[must_use]
    pub fn hold(&self, table: &QualifiedName) -> Gate {
        let mut meeting = self.lock();
        let now = meeting.now;
        self.gate(&mut meeting, table, (None, now), Kind::Hold)
    }

    fn gate(
        &self,
        meeting: &mut Meeting,
        table: &QualifiedName,
        (upto, since): (Option<Arc<LogPosition>>, Moment),
        kind: Kind,
    ) -> Gate {
        let number = meeting.gates_made;
        meeting.gates_made += 1;
        let gates = meeting.tables.entry(table.clone()).or_default();
        gates.open.push(OpenGate { number, upto, since });
        let (gates, table) = (self.clone(), table.clone());
        let (underway, completed) = (AtomicU32::new(0), AtomicBool::new(false));
        Gate { gates, table, number, kind, underway, completed }
    }

    /// Hands a transaction over to the applier: waits while a gate on one of its tables excludes it.
    ///
    /// A transaction that comes in pieces is admitted again with the tables of each piece. Whoever waits
    /// here must have applied or be applying what it was handed before, for others may wait for that.
    pub async fn admit(&self, transaction: &TransactionId, tables: &[QualifiedName]) {
        self.wait(|| self.try_admit(transaction, tables)).await;
    }

    /// Hands a transaction over unless it would have to wait.
    #[must_use]
    pub fn try_admit(&self, transaction: &TransactionId, tables: &[QualifiedName]) -> bool {
        self.hand_over(transaction, tables, Moment::default())
    }

    /// As [`Gates::admit`], for a transaction that was seen to have ended at a moment, because no position tells
    /// whether reads see it.
    pub async fn admit_ended(
        &self,
        transaction: &TransactionId,
        tables: &[QualifiedName],
        ended: Moment,
    ) {
        self.wait(|| self.hand_over(transaction, tables, ended)).await;
    }

    async fn wait(&self, may_pass: impl Fn() -> bool) {
        loop {
            // Made before looking, so that no release is missed in between.
            let released = self.shared.released.notified();
            if may_pass() {
                return;
            }
            released.await;
        }
    }

    fn hand_over(
        &self,
        transaction: &TransactionId,
        tables: &[QualifiedName],
        ended: Moment,
    ) -> bool {
        let mut meeting = self.lock();
        let excluded = |table| {
            let gates = meeting.tables.get(table);
            gates.is_some_and(|gates: &TableGates| gates.exclude(transaction, ended))
        };
        if tables.iter().any(excluded) {
            return false;
        }
        let transaction = Arc::new(transaction.clone());
        let number = meeting.handed_over.add(&transaction);
        for table in tables {
            let gates = meeting.tables.entry(table.clone()).or_default();
            gates.last = Some((number, Arc::clone(&transaction)));
            gates.ended = gates.ended.max(ended);
        }
        true
    }

    /// Says of a table without a key where an earlier run has copied it completely, if one has.
    pub fn expect_exact(&self, table: &QualifiedName, copied_at: Option<Arc<LogPosition>>) {
        let exact = copied_at.map_or(Exactness::Awaited, Exactness::At);
        self.lock().tables.entry(table.clone()).or_default().exact = exact;
    }

    /// Whether a transaction that was admitted is in the copy of a table without a key already, or will be,
    /// so that its changes of this table must be left out. Never so for other tables.
    #[must_use]
    pub fn skips(&self, table: &QualifiedName, transaction: &TransactionId) -> bool {
        match self.lock().tables.get(table).map(|gates| &gates.exact) {
            None | Some(Exactness::NotNeeded) => false,
            Some(Exactness::Awaited) => true,
            Some(Exactness::At(at)) => at.contains(transaction),
        }
    }

    /// Whether a table is copied, or being copied, as of one exact position.
    #[must_use]
    pub fn is_exact(&self, table: &QualifiedName) -> bool {
        let meeting = self.lock();
        meeting.tables.get(table).is_some_and(|gates| matches!(gates.exact, Exactness::At(_)))
    }

    /// The last transaction that was handed over for a table.
    #[must_use]
    pub fn last_handed_over(&self, table: &QualifiedName) -> Option<TransactionId> {
        let meeting = self.lock();
        let last = meeting.tables.get(table).and_then(|gates| gates.last.as_ref());
        last.map(|(_, transaction)| transaction.as_ref().clone())
    }

    fn lock(&self) -> MutexGuard<'_, Meeting> {
        self.shared.meeting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TableGates {
    fn exclude(&self, transaction: &TransactionId, ended: Moment) -> bool {
        // The rest of a transaction that was let in before a table was held belongs to it.
        let is_in = || self.last.as_ref().is_some_and(|(_, last)| last.as_ref() == transaction);
        self.open.iter().any(|gate| match &gate.upto {
            Some(upto) => gate.since < ended || !upto.contains(transaction),
            None => !is_in(),
        })
    }
}

/// Everything that was handed over, in its order.
#[derive(Debug)]
struct HandedOver {
    /// What is not remembered one by one.
    older: LogPosition,
    recent: VecDeque<Arc<TransactionId>>,
    /// The number of the first recent one.
    first: u64,
}

impl HandedOver {
    /// Adds a transaction, or another piece of the last one. Returns its number.
    fn add(&mut self, transaction: &Arc<TransactionId>) -> u64 {
        if self.recent.back() != Some(transaction) {
            self.recent.push_back(Arc::clone(transaction));
        }
        if self.recent.len() > RECENT_MAX {
            self.forget_first();
        }
        self.first + (self.recent.len() as u64) - 1
    }

    fn forget_first(&mut self) {
        let Some(transaction) = self.recent.pop_front() else { return };
        let TransactionId { gtid, file, begin } = transaction.as_ref();
        if let (Some(set), Some(gtid)) = (&mut self.older.gtids, gtid) {
            set.insert(gtid);
        }
        // A place behind its beginning: a position holds all of a transaction or nothing.
        (self.older.file, self.older.offset) = (file.to_string(), begin + 1);
        self.first += 1;
    }

    /// Forgets one by one what lies within a position, from the oldest on.
    fn forget_within(&mut self, upto: &LogPosition) {
        while self.recent.len() > RECENT_KEPT
            && self.recent.front().is_some_and(|first| upto.contains(first))
        {
            self.forget_first();
        }
    }

    /// Whether everything up to the transaction with this number lies within a position.
    fn is_within(&self, last: Option<u64>, upto: &LogPosition) -> bool {
        let recent = last.map_or(0, |last| (last + 1).saturating_sub(self.first));
        let recent = usize::try_from(recent).unwrap_or(usize::MAX);
        upto.covers(&self.older)
            && self.recent.iter().take(recent).all(|transaction| upto.contains(transaction))
    }
}

/// What a gate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Chunk,
    Exact,
    Hold,
}

/// An open gate. Dropping it releases it, unless what it guards is on its way to the target: then it stays,
/// for nobody in this process can tell any more when that lands.
#[derive(Debug)]
pub struct Gate {
    gates: Gates,
    table: QualifiedName,
    number: u64,
    kind: Kind,
    /// Transactions on the target whose end is not known.
    underway: AtomicU32,
    completed: AtomicBool,
}

impl Gate {
    /// Says that a transaction begins on the target whose rows the gate guards. Until [`Underway::settled`]
    /// the gate is not released.
    #[must_use]
    pub fn underway(self: &Arc<Self>) -> Underway {
        self.underway.fetch_add(1, Ordering::SeqCst);
        Underway { gate: Arc::clone(self) }
    }

    /// Says that all rows are there. The copy of a table without a key counts from here on.
    pub fn complete(&self) {
        self.completed.store(true, Ordering::SeqCst);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        if self.underway.load(Ordering::SeqCst) > 0 {
            tracing::warn!(table = %self.table, "a chunk is lost sight of: its table stays closed");
            return;
        }
        let mut meeting = self.gates.lock();
        if let Some(gates) = meeting.tables.get_mut(&self.table) {
            gates.open.retain(|gate| gate.number != self.number);
            if self.kind == Kind::Exact && !self.completed.load(Ordering::SeqCst) {
                gates.exact = Exactness::Awaited;
            }
        }
        drop(meeting);
        self.gates.shared.released.notify_waiters();
    }
}

/// A transaction on the target whose end is not known. Dropping it leaves its gate closed for ever.
#[derive(Debug)]
pub struct Underway {
    gate: Arc<Gate>,
}

impl Underway {
    /// Its end is known: committed or rolled back.
    pub fn settled(self) {
        self.gate.underway.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests;
