//! The way of a change: from the stream past the gates to the applier.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sealift_mysql::binlog::{LogPosition, TransactionId};
use sealift_schema::facts::Side;
use sealift_schema::name::{ObjectKind, QualifiedName};
use sealift_schema::sql::DefinitionStatement;
use sealift_schema::sql::statement::Deed;
use tokio::sync::{Mutex, OwnedMutexGuard, watch};

use super::again::is_following;
use super::orders::{Orders, placed};
use super::prepared::{EndsOfXa, unknown_to_copies};
use super::unsettled::template;
use super::way::{Opening, Way};
use crate::apply::{self, LoggedImage};
use crate::control::Control;
use crate::copy::CopyTable;
use crate::copy::aside::Aside;
use crate::copy::gate::Moment;
use crate::cutover::is_own_statement;
use crate::definition::{Carrier, Concern, Marked, Outcome};
use crate::fault::{ErrorCode, Fault};
use crate::follow::Standing;
use crate::journal::Journal;
use crate::order::Placed;
use crate::stop::Stop;
use crate::stream::{Change, Item, Piece, Statement, Transaction};

/// Everything the changes pass on their way.
pub(super) struct Follow<'a> {
    pub(super) way: Way,
    /// Opens the way again, for other definitions.
    pub(super) opening: Opening<'a>,
    /// What becomes of statements that change definitions.
    pub(super) definitions: Definitions<'a>,
    /// Says whether everything is copied: until then definitions have to rest.
    pub(super) journal: &'a dyn Journal,
    /// Pauses are the operator's.
    pub(super) control: &'a Control,
    /// For people: how much was carried.
    pub(super) standing: Standing,
    /// Where the source's log ended before its definitions were looked at; `None` in a migration's first run.
    pub(super) surveyed: Option<LogPosition>,
    /// Tables whose changes are left out: they are about to be copied again.
    pub(super) left_out: BTreeSet<QualifiedName>,
    /// What changes are followed for.
    pub(super) course: Course,
    /// Counts statements that change what is migrated, and lets others change definitions between them.
    pub(super) moves: Moves,
    /// Sees when reads of the source know what XA had prepared.
    pub(super) ends_of_xa: EndsOfXa,
    /// What is asked of the run between two changes; `None` only while one is waited for.
    pub(super) orders: Option<Orders<'a>>,
    /// Nothing more is wanted.
    pub(super) end: Stop,
}

/// How many statements about migrated definitions have come by, of triggers and events too. Each is counted before
/// the applied position passes it. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Moves {
    count: Arc<AtomicU64>,
    /// Whoever has it is the only one who changes definitions of the target.
    turn: Arc<Mutex<()>>,
}

impl Moves {
    /// So many so far.
    pub(super) fn count(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }

    /// Waits until no statement is under way; the next one waits for as long as what this returns is kept.
    pub(super) async fn rest(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.turn).lock_owned().await
    }

    /// Counts a statement. It is under way for as long as what this returns is kept.
    async fn another(&self) -> OwnedMutexGuard<()> {
        self.count.fetch_add(1, Ordering::SeqCst);
        self.rest().await
    }
}

/// What changes are followed for.
#[derive(Clone, Debug)]
pub(super) enum Course {
    /// To have everything on the target up to where definitions had been looked at.
    Levelling {
        /// Where the source's log ended then.
        to: LogPosition,
        /// Tables that a statement was about meanwhile.
        aside: Aside,
    },
    /// For good; tables can be set aside as long as any are copied meanwhile.
    Lasting(Aside),
}

/// What becomes of statements that change definitions.
pub(super) enum Definitions<'a> {
    /// They are carried.
    Carried(Carrier<'a>),
    /// Since the first cutover definitions have to rest: tables whose definitions move are held.
    Resting {
        /// Keeps the live side's tables as they were when the other side was left.
        carrier: Carrier<'a>,
        /// The tables as they are followed.
        tables: Vec<CopyTable>,
    },
}

impl<'a> Definitions<'a> {
    fn carrier(&self) -> &Carrier<'a> {
        match self {
            Self::Carried(carrier) | Self::Resting { carrier, .. } => carrier,
        }
    }
}

/// What came of waiting.
pub(super) enum Waited<T> {
    For(T),
    /// Nothing more is wanted.
    End,
    /// Definitions are others from here on: a statement about these tables was executed, or they are held.
    Redefined(BTreeSet<QualifiedName>),
}

/// A transaction that comes in pieces, of which some were handed over.
#[derive(Debug)]
pub(super) struct Huge {
    id: TransactionId,
    /// When it was seen to have ended, if XA had prepared it and positions tell nothing of that.
    ended: Option<Moment>,
}

/// What is done next.
enum Next {
    /// This goes its way.
    Item(Item),
    /// The operator asks for something.
    Order(Placed),
}

impl<'a> Follow<'a> {
    /// Keeps the definitions that rows are read by.
    pub(super) fn carrier(&self) -> &Carrier<'a> {
        self.definitions.carrier()
    }

    /// Carries changes until nothing more is wanted; what was taken by then is applied before it returns.
    ///
    /// # Errors
    /// What no waiting mends. Everything up to the applied position is kept.
    pub(super) async fn run(mut self) -> Result<LogPosition, Fault> {
        let mut huge = None;
        loop {
            self.begin_again_if_obeyed()?;
            let end = self.end.clone();
            let orders = self.orders.take();
            let waited = tokio::select! {
                next = self.next() => Waited::For(Next::Item(next?)),
                placed = placed(orders.as_ref()) => Waited::For(Next::Order(placed)),
                () = end.wait() => Waited::End,
            };
            self.orders = orders;
            let Waited::For(next) = waited else { break };
            let item = match next {
                Next::Item(item) => item,
                Next::Order(placed) => {
                    self.obey(placed).await?;
                    continue;
                }
            };
            match self.take(item, &mut huge).await? {
                Waited::For(()) => {}
                Waited::End => break,
                Waited::Redefined(touched) => self = self.redefined(&touched).await?,
            }
        }
        if huge.is_some() {
            // A part of a transaction is on the target, uncommitted.
            self.way.applier.abandon_huge().await?;
        }
        self.way.applier.close().await
    }

    /// The same on a way for the definitions as they are now. Everything that was taken is applied.
    async fn redefined(self, touched: &BTreeSet<QualifiedName>) -> Result<Self, Fault> {
        let Self { way, mut opening, definitions, .. } = self;
        // Its sessions end before others take its lanes.
        drop(way);
        let tables = match &definitions {
            Definitions::Carried(carrier) => {
                let mut known = carrier.tables().await?.unwrap_or_default();
                known.retain(|table, _| !self.left_out.contains(table));
                opening.tables(known, touched, &carrier.context).await?
            }
            Definitions::Resting { carrier, tables } => {
                let held = carrier.held().await?;
                let is_held = |table: &&CopyTable| held.contains_key(&table.source.name);
                tables.iter().filter(|table| !is_held(table)).cloned().collect()
            }
        };
        let way = opening.open(&tables, &BTreeSet::new()).await?;
        Ok(Self { way, opening, definitions, ..self })
    }

    async fn next(&mut self) -> Result<Item, Fault> {
        match self.control.ready_to_apply().await {
            // Whoever asked for it also ends this.
            Err(_stopping) => std::future::pending().await,
            Ok(()) => self.way.stream.next().await,
        }
    }

    async fn take(&mut self, item: Item, huge: &mut Option<Huge>) -> Result<Waited<()>, Fault> {
        match item {
            Item::Transaction(transaction) => self.transaction(transaction).await,
            Item::Piece(piece) => self.piece(piece, huge).await,
            Item::Statement(statement) => self.statement(*statement).await,
            Item::Idle(position) => {
                self.way.applier.reach(position).await?;
                Ok(Waited::For(()))
            }
            Item::BrokenOff => {
                *huge = None;
                self.way.applier.abandon_huge().await?;
                Ok(Waited::For(()))
            }
        }
    }

    async fn transaction(&mut self, transaction: Transaction) -> Result<Waited<()>, Fault> {
        let tables = self.names(&transaction.tables());
        let Waited::For(ended) = self.ended(&transaction.id, transaction.xid, &tables).await?
        else {
            return Ok(Waited::End);
        };
        if let Waited::End = self.admit_either(&transaction.id, &tables, ended).await? {
            return Ok(Waited::End);
        }
        let changes = self.wanted(&transaction.id, transaction.changes)?;
        let Transaction { id, end, .. } = transaction;
        self.standing.counted(1, changes.len());
        self.way.applier.apply(apply::Transaction { id, end, changes }).await?;
        Ok(Waited::For(()))
    }

    async fn piece(&mut self, piece: Piece, huge: &mut Option<Huge>) -> Result<Waited<()>, Fault> {
        let tables = self.names(&piece.tables());
        let begun = huge.as_ref().filter(|huge| huge.id == piece.id).map(|huge| huge.ended);
        // The moment of the first piece is that of all: a later one would wait for gates that know the first.
        let ended = if let Some(ended) = begun {
            ended
        } else {
            // Nothing is on its way that a gate could be waiting for.
            self.way.applier.settle().await?;
            let Waited::For(ended) = self.ended(&piece.id, piece.xid, &tables).await? else {
                return Ok(Waited::End);
            };
            self.way.applier.begin_huge(piece.id.clone()).await?;
            *huge = Some(Huge { id: piece.id.clone(), ended });
            ended
        };
        if let Waited::End = self.admit_either(&piece.id, &tables, ended).await? {
            return Ok(Waited::End);
        }
        let changes = self.wanted(&piece.id, piece.changes)?;
        self.way.applier.piece(changes).await?;
        if let Some(end) = piece.end {
            self.way.applier.commit_huge(end).await?;
            *huge = None;
        }
        Ok(Waited::For(()))
    }

    /// Waits until a transaction has ended on the source that XA had prepared, if that is what it is and no position
    /// tells.
    async fn ended(
        &mut self,
        id: &TransactionId,
        xid: Option<String>,
        tables: &[QualifiedName],
    ) -> Result<Waited<Option<Moment>>, Fault> {
        let Some(xid) = xid.filter(|_xid| EndsOfXa::are_hidden(id)) else {
            return Ok(Waited::For(None));
        };
        if !tables.is_empty() || !self.left_out.is_empty() {
            tokio::select! {
                ended = self.ends_of_xa.wait(&xid, id) => ended?,
                () = self.end.wait() => return Ok(Waited::End),
            }
        }
        Ok(Waited::For(Some(self.way.gates.ended())))
    }

    async fn admit_either(
        &self,
        id: &TransactionId,
        tables: &[QualifiedName],
        ended: Option<Moment>,
    ) -> Result<Waited<()>, Fault> {
        let Some(ended) = ended else { return Ok(self.admit(id, tables).await) };
        let admitted = self.admit_ended(id, tables, ended).await;
        if let Waited::For(()) = admitted {
            let unknown = unknown_to_copies(&self.way.gates, id, tables);
            if !unknown.is_empty() {
                return Err(self.unclear(id, unknown).await);
            }
        }
        Ok(admitted)
    }

    /// Says that tables are due of which nobody knows whether their copies have a transaction: they are read again when
    /// it is long over.
    async fn unclear(&self, id: &TransactionId, tables: BTreeSet<QualifiedName>) -> Fault {
        let all: Vec<String> = tables.iter().map(ToString::to_string).collect();
        if let Err(fault) = self.carrier().mark(&self.with_related(&tables)).await {
            return fault;
        }
        let what = format!(
            "a transaction prepared by XA was committed about when table {} was read: its copy may have it or not",
            all.join(", ")
        );
        Fault::new(ErrorCode::CopyUnclear, what).on(Side::Source).about(format!("transaction {id}"))
    }

    async fn admit_ended(
        &self,
        id: &TransactionId,
        tables: &[QualifiedName],
        ended: Moment,
    ) -> Waited<()> {
        tokio::select! {
            () = self.way.gates.admit_ended(id, tables, ended) => Waited::For(()),
            () = self.end.wait() => Waited::End,
        }
    }

    /// Waits until no gate excludes a transaction.
    async fn admit(&self, id: &TransactionId, tables: &[QualifiedName]) -> Waited<()> {
        if self.way.gates.try_admit(id, tables) {
            return Waited::For(());
        }
        tokio::select! {
            () = self.way.gates.admit(id, tables) => Waited::For(()),
            () = self.end.wait() => Waited::End,
        }
    }

    fn names(&self, tables: &[usize]) -> Vec<QualifiedName> {
        let known = self.way.stream.tables();
        tables.iter().filter_map(|table| known.get(*table)).map(|d| d.name.clone()).collect()
    }

    /// The row changes the applier is to make: without those that a table's copy has already.
    fn wanted(
        &self,
        id: &TransactionId,
        changes: Vec<Change>,
    ) -> Result<Vec<apply::Change<LoggedImage>>, Fault> {
        let mut wanted = Vec::new();
        for change in changes {
            let Some(definition) = self.way.stream.tables().get(change.table) else { continue };
            if self.way.gates.skips(&definition.name, id) {
                continue;
            }
            for row in change.rows.rows() {
                let row = row.map_err(|error| {
                    Fault::new(ErrorCode::LogUnreadable, "read changed rows")
                        .on(Side::Source)
                        .about(format!("table {}, transaction {id}", definition.name))
                        .because(error)
                })?;
                if let Some(row) = LoggedImage::change(&change.rows, row) {
                    let checks = change.rows.checks;
                    wanted.push(apply::Change { table: change.table, row, checks });
                }
            }
        }
        Ok(wanted)
    }

    /// Carries a statement at its place, and passes it once it is on the target.
    async fn statement(&mut self, statement: Statement) -> Result<Waited<()>, Fault> {
        // A fence is no definition of the application's.
        if is_own_statement(&String::from_utf8_lossy(&statement.query.sql)) {
            return self.passed(statement, Vec::new()).await;
        }
        let Concern::Ours(ours) = self.definitions.carrier().scope.concern(&statement.query) else {
            return self.passed(statement, Vec::new()).await;
        };
        let _underway = self.moves.another().await;
        if let Definitions::Resting { .. } = &self.definitions {
            return self.left_to_the_live_side(statement, &ours).await;
        }
        if let Deed::Stored { kind: ObjectKind::Trigger | ObjectKind::Event, .. } = ours.deed {
            // The plan has it, for the cutover.
            return self.passed(statement, Vec::new()).await;
        }
        let marked = self.carrier().marked().await?;
        let tables = self.tables_of(&statement, &ours, &marked);
        if matches!(ours.deed, Deed::Unknown) && tables.is_empty() {
            // Nothing is known of it, not even what could be held. What was before it is there, for who has to decide.
            self.way.applier.settle().await?;
            self.let_pass_or_stop(&statement, &ours)?;
            return self.passed(statement, Vec::new()).await;
        }
        let template = template(&statement, &ours);
        let Marked { due, made, held } = marked;
        if !tables.is_empty() && tables.iter().all(|table| held.contains_key(table)) {
            return self.passed(statement, Vec::new()).await;
        }
        let concerned = || tables.iter().chain(&template);
        if let Some(held) = concerned().find(|table| held.contains_key(*table)) {
            let why = format!("table {held} is held");
            return self.hold(&statement, &ours, &tables, &why).await;
        }
        let is_settled = !concerned().any(|table| due.contains(table) || made.contains(table));
        if !is_settled || !is_following(self.journal)? {
            return self.unsettled(statement, &ours, &tables).await;
        }
        self.way.applier.settle().await?;
        match self.carrier().carry(&statement, &ours).await? {
            Outcome::Executed => Ok(Waited::Redefined(tables)),
            Outcome::Done => {
                self.release_made(&statement, &ours)?;
                let Statement { ref id, ref changes, .. } = statement;
                let changes = self.wanted(id, changes.clone())?;
                self.passed(statement, changes).await
            }
            Outcome::Later => self.passed(statement, Vec::new()).await,
            Outcome::Refused(why) if tables.is_empty() => {
                self.hold_objects(statement, &ours, &why).await
            }
            Outcome::Refused(why) => self.hold(&statement, &ours, &tables, &why).await,
        }
    }

    pub(super) async fn passed(
        &mut self,
        statement: Statement,
        changes: Vec<apply::Change<LoggedImage>>,
    ) -> Result<Waited<()>, Fault> {
        let Statement { id, end, .. } = statement;
        self.standing.counted(1, changes.len());
        self.way.applier.apply(apply::Transaction { id, end, changes }).await?;
        Ok(Waited::For(()))
    }
}

/// Tells how far the applier is, until nothing more is wanted.
pub(super) async fn tell(
    mut applied: watch::Receiver<LogPosition>,
    standing: &Standing,
    end: &Stop,
) {
    loop {
        let position = applied.borrow_and_update().clone();
        standing.reached(position);
        tokio::select! {
            changed = applied.changed() => if changed.is_err() { return },
            () = end.wait() => return,
        }
    }
}

/// Characters of a statement that are shown.
const SHOWN_MAX: usize = 200;

pub(super) fn shown(ours: &DefinitionStatement) -> String {
    ours.sql.text().chars().take(SHOWN_MAX).collect()
}

/// What cannot be carried stops the run, before rows of another shape come.
pub(super) fn refused(statement: &Statement, ours: &DefinitionStatement, why: &str) -> Fault {
    let shown = shown(ours);
    Fault::new(ErrorCode::DefinitionFollowed, format!("the source executed: {shown}; {why}"))
        .on(Side::Source)
        .about(format!("transaction {}", statement.id))
}
