//! One process of sealift: its own copy, gates, stream and applier, wired as the conductor does it.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use sealift_engine::apply::{self, Applier, ApplyJob, ApplyTable, LoggedImage, Mode};
use sealift_engine::clock::Clock;
use sealift_engine::control::{Control, Settings};
use sealift_engine::copy::aside::Aside;
use sealift_engine::copy::family::Holds;
use sealift_engine::copy::gate::Gates;
use sealift_engine::copy::gated::Gated;
use sealift_engine::copy::online::{self, Settled};
use sealift_engine::copy::{self, AfterTable, CopyJob, CopyTable, Reading};
use sealift_engine::definition::{self, DefinitionLedger};
use sealift_engine::family::Families;
use sealift_engine::fault::{ErrorCode, Fault};
use sealift_engine::journal::{Journal, Volatile};
use sealift_engine::probe::Probe;
use sealift_engine::progress::Progress;
use sealift_engine::stage::Event;
use sealift_engine::stop::Stop;
use sealift_engine::stream::{Change, Definition, Item, Stream, StreamRequest, Tables};
use sealift_mysql::binlog::{self, LogPosition, RowImages, TransactionId, Visible};
use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::session::Session;
use sealift_schema::catalog::Table;
use sealift_schema::facts::Flavor;
use sealift_schema::name::QualifiedName;

use super::world::{Due, Shared, World, pass};

/// Names the migration.
const MIGRATION: &str = "m";

/// A guard that is taken away, to see that it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Without {
    Nothing,
    /// The copier and the applier do not know of each other.
    Gates,
    /// The log is read from the foremost lane's position after a crash.
    OldestPosition,
    /// Unique keys are made as soon as a table's rows are there.
    Horizon,
    /// Tables without a key are applied from where the log is read, whatever their copy holds.
    Exactness,
    /// What was copied of a table before it was made anew is not forgotten.
    Reset,
}

/// How a process works.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    pub(super) mode: Mode,
    pub(super) sizes: apply::Sizes,
    pub(super) copying: copy::Sizes,
    pub(super) piece_bytes: usize,
    pub(super) workers: usize,
    pub(super) without: Without,
}

/// A process; all of it ends when its future is dropped.
pub(super) struct Process {
    pub(super) source: Endpoint,
    pub(super) target: Endpoint,
    pub(super) tables: Vec<Table>,
    pub(super) manner: Manner,
    pub(super) shared: Shared,
    pub(super) journal: Arc<Volatile>,
    pub(super) takes_orders: bool,
}

impl Process {
    /// Carries everything, until the application has ended and all of it is on the target. Begins again when the
    /// operator asks for it.
    pub(super) async fn run(&self) -> Result<(), Fault> {
        self.start().await?;
        loop {
            match self.attempt().await {
                Err(fault) if fault.code == ErrorCode::SourceChanged => {}
                ended => return ended,
            }
        }
    }

    async fn attempt(&self) -> Result<(), Fault> {
        let later = &self.made_anew().await?;
        let (way, gates, holds) = self.open(later).await?;
        let stop = way.stop.clone();
        let (applied, end) = (way.follow.applier.applied(), way.follow.end.clone());
        let carrying = async {
            let carried = self.carry((gates, holds), later, applied, &stop).await;
            end.request();
            carried
        };
        let following = async {
            let followed = way.follow.run().await;
            let is_ordered =
                followed.as_ref().is_err_and(|fault| fault.code == ErrorCode::SourceChanged);
            if followed.is_err() && !is_ordered {
                end.request();
                stop.request();
            }
            (followed, is_ordered)
        };
        tokio::pin!(following, carrying);
        tokio::select! {
            biased;
            (followed, is_ordered) = &mut following => {
                if is_ordered {
                    // What the copy still does ends as by a crash.
                    return followed.map(drop);
                }
                let carried = carrying.await;
                followed?;
                carried
            }
            carried = &mut carrying => {
                following.await.0?;
                carried
            }
        }
    }

    /// Gets everything ready that changes pass, but for those of some tables.
    async fn open(&self, without: &[QualifiedName]) -> Result<(Way, Gates, Holds), Fault> {
        let manner = self.manner;
        let tables: Vec<&Table> =
            self.tables.iter().filter(|table| !without.contains(&table.name)).collect();
        let pair = |table: &&Table| ApplyTable {
            source: (*table).clone(),
            target: (*table).clone(),
            taker: Flavor::MySql,
            manner: apply::Manner::FinalStates,
        };
        let applier: Applier<LoggedImage> = Applier::open(ApplyJob {
            migration: MIGRATION.to_owned(),
            target: self.target.clone(),
            tables: tables.iter().map(pair).collect(),
            mode: manner.mode,
            sizes: manner.sizes,
        })
        .await?;
        let (oldest, newest) = {
            let found = applier.found();
            (found.oldest().cloned().unwrap(), found.newest().cloned().unwrap())
        };
        let unsettled = tables.iter().copied().filter(|table| self.is_unsettled(&table.name));
        let families = Families::default();
        let (gates, holds) =
            online::gates(&self.target, MIGRATION, unsettled, &families, newest.clone()).await?;
        let definition = |table: &&Table| Definition {
            name: table.name.clone(),
            columns: table.columns.clone(),
            hidden: binlog::hash_columns(table),
            images: RowImages::Whole,
        };
        let stop = Stop::new();
        let skips_behind = manner.without == Without::OldestPosition;
        let stream = Stream::new(StreamRequest {
            source: self.source.clone(),
            server_id: 7,
            from: if skips_behind { newest } else { oldest },
            tables: Tables::new(tables.iter().map(definition).collect()),
            piece_bytes: manner.piece_bytes,
            stop: stop.clone(),
        });
        let applied = applier.applied();
        let apart = Gates::new(nothing(&applied.borrow().clone()));
        let seen_by_applier = if manner.without == Without::Gates { apart } else { gates.clone() };
        let follow = Follow {
            stream,
            gates: seen_by_applier,
            applier,
            end: Stop::new(),
            is_exact: manner.without != Without::Exactness,
            takes_orders: self.takes_orders,
            shared: self.shared.clone(),
        };
        Ok((Way { follow, stop }, gates, holds))
    }

    /// Whether a table is being copied, or may be.
    fn is_unsettled(&self, table: &QualifiedName) -> bool {
        let world = self.shared.lock();
        !world.follows || world.due.get(&table.name) == Some(&Due::Made)
    }

    /// Makes tables anew that are to be copied again; tells which of them wait for others.
    async fn made_anew(&self) -> Result<Vec<QualifiedName>, Fault> {
        let due: Vec<QualifiedName> = {
            let world = self.shared.lock();
            let is_due = |table: &&Table| world.due.get(&table.name.name) == Some(&Due::Yes);
            self.tables.iter().filter(is_due).map(|table| table.name.clone()).collect()
        };
        if due.is_empty() {
            return Ok(due);
        }
        let copied = self.copied();
        let is_left = |table: &&Table| {
            let name = &table.name;
            !due.contains(name) && self.is_unsettled(name) && !copied.contains_key(name)
        };
        if self.tables.iter().any(|table| is_left(&table)) {
            return Ok(due);
        }
        self.level(&due).await?;
        if self.manner.without != Without::Reset {
            copy::reset(&self.target, MIGRATION, &due, self.journal.as_ref()).await?;
        }
        self.remove(&due).await?;
        let made = |world: &mut World| {
            for table in &due {
                world.due.insert(table.name.clone(), Due::Made);
            }
        };
        deed(&self.shared, made).await?;
        Ok(Vec::new())
    }

    /// Applies what the source has by now, but for these tables.
    async fn level(&self, due: &[QualifiedName]) -> Result<(), Fault> {
        let mut session = Session::connect(&self.source).await.map_err(lost)?;
        let to = binlog::log_end(&mut session).await.map_err(lost)?;
        session.close().await;
        let to = to.expect("the source has a log");
        let (way, _gates, holds) = self.open(due).await?;
        drop(holds);
        let (mut applied, end) = (way.follow.applier.applied(), way.follow.end.clone());
        let waiting = async {
            let _reached_or_failed = applied.wait_for(|at| at.covers(&to)).await.is_ok();
            end.request();
        };
        let (followed, ()) = tokio::join!(way.follow.run(), waiting);
        let reached = followed?;
        assert!(reached.covers(&to), "it ended before");
        Ok(())
    }

    async fn remove(&self, due: &[QualifiedName]) -> Result<(), Fault> {
        let ledger = DefinitionLedger::of(MIGRATION);
        let mut session = definition::session_alone(&self.target, &ledger).await?;
        for table in due {
            let removed = session.execute(format!("DROP TABLE IF EXISTS {table}")).await;
            removed.map_err(lost)?;
        }
        session.close().await;
        Ok(())
    }

    /// The tables that the journal has as copied.
    fn copied(&self) -> BTreeMap<QualifiedName, u64> {
        let mut copied = BTreeMap::new();
        for event in self.journal.events().unwrap() {
            if let Event::TableCopied { table, rows } = event {
                copied.insert(table, rows);
            } else if let Event::TableReset { table } = event {
                copied.remove(&table);
            }
        }
        copied
    }

    async fn start(&self) -> Result<(), Fault> {
        if apply::standing(&self.target, MIGRATION).await?.is_some() {
            return Ok(());
        }
        let mut session = Session::connect(&self.source).await.map_err(lost)?;
        let visible = Visible::of(&mut session).await.map_err(lost)?;
        let from = visible.start(&mut session).await.map_err(lost)?;
        session.close().await;
        apply::begin(&self.target, MIGRATION, &from).await
    }

    async fn carry(
        &self,
        (gates, holds): (Gates, Holds),
        later: &[QualifiedName],
        applied: tokio::sync::watch::Receiver<LogPosition>,
        stop: &Stop,
    ) -> Result<(), Fault> {
        let clock = Clock::manual(jiff::Timestamp::UNIX_EPOCH);
        let builder = Builder { shared: self.shared.clone() };
        let settled = Settled {
            source: self.source.clone(),
            gates: gates.clone(),
            applied: applied.clone(),
            then: Arc::new(builder.clone()),
            aside: Aside::default(),
            stop: stop.clone(),
        };
        let hurries = self.manner.without == Without::Horizon;
        let after_table: Arc<dyn AfterTable> =
            if hurries { Arc::new(builder) } else { Arc::new(settled) };
        let copied = self.copied();
        let wanted = self
            .tables
            .iter()
            .filter(|table| !later.contains(&table.name) && self.is_unsettled(&table.name));
        let made: Vec<String> = {
            let world = self.shared.lock();
            world.due.iter().filter(|(_, due)| **due == Due::Made).map(|(t, _)| t.clone()).collect()
        };
        let tables = wanted.map(|table| CopyTable {
            source: table.clone(),
            target: table.clone(),
            copied: copied.get(&table.name).copied(),
        });
        copy::tables(CopyJob {
            migration: MIGRATION.to_owned(),
            reading: Reading::Gated(Gated {
                source: self.source.clone(),
                workers: self.manner.workers,
                gates,
                clock: clock.clone(),
                control: Control::new(stop.clone(), clock, Settings::default()),
                families: Families::default(),
                holds,
                aside: Aside::default(),
            }),
            target: self.target.clone(),
            tables: tables.collect(),
            sizes: self.manner.copying,
            after_table,
            builders: 1,
            journal: self.journal.clone(),
            progress: Progress::default(),
            probe: Probe::none(),
            stop: stop.clone(),
        })
        .await?;
        if !later.is_empty() {
            return Err(Fault::new(ErrorCode::SourceChanged, "others are copied now"));
        }
        self.shared.change(|world| world.follows = true);
        if !made.is_empty() {
            let settled = |world: &mut World| {
                // But for those that are due again meanwhile.
                world.due.retain(|table, due| *due != Due::Made || !made.contains(table));
            };
            deed(&self.shared, settled).await?;
        }
        self.caught_up(applied).await
    }

    /// Waits until all is on the target that the application has ever written.
    async fn caught_up(
        &self,
        applied: tokio::sync::watch::Receiver<LogPosition>,
    ) -> Result<(), Fault> {
        let end = self.shared.until(|world| {
            let source = &world.source;
            let is_over = source.is_done && source.visible_count == source.log.len();
            is_over.then_some(source.log.len() as u64)
        });
        let last = end.await;
        let set = self.shared.lock().source.gtids(usize::try_from(last).unwrap());
        let wanted = LogPosition { gtids: Some(set.parse().unwrap()), ..applied.borrow().clone() };
        let mut applied = applied;
        let reached = applied.wait_for(|at| at.covers(&wanted)).await;
        reached
            .map(|_at| ())
            .map_err(|_ended| Fault::new(ErrorCode::Interrupted, "the applier ended"))
    }
}

fn lost(error: impl std::fmt::Display) -> Fault {
    Fault::new(ErrorCode::ConnectionLost, error.to_string())
}

/// Writes the ledger of definitions, which the simulator keeps itself: it may be written without an answer.
async fn deed(shared: &Shared, write: impl FnOnce(&mut World)) -> Result<(), Fault> {
    let latency = shared.lock().latency();
    pass(latency).await;
    if shared.lock().befalls() {
        return Err(lost("it is not written"));
    }
    shared.change(write);
    if shared.lock().befalls() {
        return Err(lost("it is written"));
    }
    Ok(())
}

/// What changes pass, and what ends it at once.
struct Way {
    follow: Follow,
    stop: Stop,
}

/// A position that holds nothing.
fn nothing(like: &LogPosition) -> LogPosition {
    LogPosition { gtids: Some("".parse().unwrap()), offset: 4, ..like.clone() }
}

/// Makes the unique key, which fails where rows are there that no moment of the source had together.
#[derive(Clone)]
struct Builder {
    shared: Shared,
}

impl AfterTable for Builder {
    fn table_copied<'a>(&'a self, table: &'a QualifiedName) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            if table.name != "t" {
                return Ok(());
            }
            // An ALTER TABLE waits for whoever uses the table.
            let built = self.shared.until(|world| {
                let store = &mut world.target.store;
                if store.used_by_others("t", 0).is_some() {
                    return None;
                }
                let sheet = store.sheets.get_mut("t").unwrap();
                let mut values: Vec<_> = sheet.rows().map(|row| row[1].clone()).collect();
                values.retain(|value| *value != super::sql::Val::Null);
                let count = values.len();
                values.sort();
                values.dedup();
                sheet.unique = Some(1);
                Some(values.len() == count)
            });
            if built.await {
                return Ok(());
            }
            Err(Fault::new(ErrorCode::ScriptFailed, "make the unique key: there are duplicates"))
        })
    }

    fn family_copied<'a>(
        &'a self,
        tables: &'a [QualifiedName],
    ) -> BoxFuture<'a, Result<(), Fault>> {
        panic!("no foreign keys bind {tables:?}")
    }
}

/// The way of one change.
struct Follow {
    stream: Stream,
    gates: Gates,
    applier: Applier<LoggedImage>,
    end: Stop,
    is_exact: bool,
    takes_orders: bool,
    shared: Shared,
}

impl Follow {
    async fn run(mut self) -> Result<LogPosition, Fault> {
        let mut huge = false;
        loop {
            let (end, shared) = (self.end.clone(), self.shared.clone());
            let ordered = async {
                if self.takes_orders {
                    return shared.until(|world| world.orders.front().copied()).await;
                }
                std::future::pending().await
            };
            let item = tokio::select! {
                table = ordered => return Err(self.obey(table).await),
                item = self.stream.next() => item?,
                () = end.wait() => break,
            };
            tokio::select! {
                taken = self.take(item, &mut huge) => taken?,
                () = end.wait() => break,
            }
        }
        if huge {
            self.applier.abandon_huge().await?;
        }
        self.applier.close().await
    }

    /// Notes an order: everything begins again with it.
    async fn obey(&self, table: &'static str) -> Fault {
        let note = |world: &mut World| {
            world.due.insert(table.to_owned(), Due::Yes);
        };
        if let Err(fault) = deed(&self.shared, note).await {
            return fault;
        }
        self.shared.change(|world| {
            world.orders.pop_front();
            world.obeyed += 1;
        });
        Fault::new(ErrorCode::SourceChanged, "the operator asked for it")
    }

    async fn take(&mut self, item: Item, huge: &mut bool) -> Result<(), Fault> {
        match item {
            Item::Transaction(transaction) => {
                let tables = self.names(&transaction.tables());
                self.gates.admit(&transaction.id, &tables).await;
                let changes = self.wanted(&transaction.id, transaction.changes);
                let (id, end) = (transaction.id, transaction.end);
                self.applier.apply(apply::Transaction { id, end, changes }).await
            }
            Item::Piece(piece) => {
                let tables = self.names(&piece.tables());
                if !*huge {
                    self.applier.settle().await?;
                    self.applier.begin_huge(piece.id.clone()).await?;
                    *huge = true;
                }
                self.gates.admit(&piece.id, &tables).await;
                let changes = self.wanted(&piece.id, piece.changes);
                self.applier.piece(changes).await?;
                if let Some(end) = piece.end {
                    self.applier.commit_huge(end).await?;
                    *huge = false;
                }
                Ok(())
            }
            Item::Idle(position) => self.applier.reach(position).await,
            Item::BrokenOff => {
                *huge = false;
                self.applier.abandon_huge().await
            }
            Item::Statement(statement) => panic!("nobody changed definitions: {statement:?}"),
        }
    }

    fn names(&self, tables: &[usize]) -> Vec<QualifiedName> {
        let known = self.stream.tables();
        tables.iter().filter_map(|table| known.get(*table)).map(|d| d.name.clone()).collect()
    }

    fn wanted(&self, id: &TransactionId, changes: Vec<Change>) -> Vec<apply::Change<LoggedImage>> {
        let mut wanted = Vec::new();
        for change in changes {
            let Some(definition) = self.stream.tables().get(change.table) else { continue };
            if self.is_exact && self.gates.skips(&definition.name, id) {
                continue;
            }
            for row in change.rows.rows() {
                let row = LoggedImage::change(&change.rows, row.unwrap());
                let checks = change.rows.checks;
                wanted.extend(row.map(|row| apply::Change { table: change.table, row, checks }));
            }
        }
        wanted
    }
}
