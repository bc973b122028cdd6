//! One process of sealift: its own copy, gates, stream and applier, wired as the conductor does it.

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
use sealift_engine::family::Families;
use sealift_engine::fault::{ErrorCode, Fault};
use sealift_engine::journal::Volatile;
use sealift_engine::probe::Probe;
use sealift_engine::progress::Progress;
use sealift_engine::stop::Stop;
use sealift_engine::stream::{Change, Definition, Item, Stream, StreamRequest, Tables};
use sealift_mysql::binlog::{self, LogPosition, RowImages, TransactionId, Visible};
use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::session::Session;
use sealift_schema::catalog::Table;
use sealift_schema::name::QualifiedName;

use super::world::Shared;

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
}

impl Process {
    /// Carries everything, until the application has ended and all of it is on the target.
    pub(super) async fn run(&self) -> Result<(), Fault> {
        self.start().await?;
        let manner = self.manner;
        let pair = |table: &Table| ApplyTable {
            source: table.clone(),
            target: table.clone(),
            manner: apply::Manner::FinalStates,
        };
        let applier: Applier<LoggedImage> = Applier::open(ApplyJob {
            migration: MIGRATION.to_owned(),
            target: self.target.clone(),
            tables: self.tables.iter().map(pair).collect(),
            mode: manner.mode,
            sizes: manner.sizes,
        })
        .await?;
        let (oldest, newest) = {
            let found = applier.found();
            (found.oldest().cloned().unwrap(), found.newest().cloned().unwrap())
        };
        let families = Families::default();
        let (gates, holds) =
            online::gates(&self.target, MIGRATION, &self.tables, &families, newest.clone()).await?;
        let definition = |table: &Table| Definition {
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
            tables: Tables::new(self.tables.iter().map(definition).collect()),
            piece_bytes: manner.piece_bytes,
            stop: stop.clone(),
        });
        let applied = applier.applied();
        let end = Stop::new();
        let apart = Gates::new(nothing(&applied.borrow().clone()));
        let seen_by_applier = if manner.without == Without::Gates { apart } else { gates.clone() };
        let follow = Follow {
            stream,
            gates: seen_by_applier,
            applier,
            end: end.clone(),
            is_exact: manner.without != Without::Exactness,
        };
        let carrying = async {
            let carried = self.carry((gates, holds), applied, &stop).await;
            end.request();
            carried
        };
        let following = async {
            let followed = follow.run().await;
            if followed.is_err() {
                end.request();
                stop.request();
            }
            followed
        };
        let (followed, carried) = tokio::join!(following, carrying);
        followed?;
        carried
    }

    async fn start(&self) -> Result<(), Fault> {
        if apply::standing(&self.target, MIGRATION).await?.is_some() {
            return Ok(());
        }
        let lost = |error: String| Fault::new(ErrorCode::ConnectionLost, error);
        let mut session =
            Session::connect(&self.source).await.map_err(|error| lost(error.to_string()))?;
        let visible = Visible::of(&mut session).await.map_err(|error| lost(error.to_string()))?;
        let from = visible.start(&mut session).await.map_err(|error| lost(error.to_string()))?;
        session.close().await;
        apply::begin(&self.target, MIGRATION, &from).await
    }

    async fn carry(
        &self,
        (gates, holds): (Gates, Holds),
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
        let tables = self.tables.iter().map(|table| CopyTable {
            source: table.clone(),
            target: table.clone(),
            copied: None,
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
            journal: Arc::new(Volatile::default()),
            progress: Progress::default(),
            probe: Probe::none(),
            stop: stop.clone(),
        })
        .await?;
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
}

impl Follow {
    async fn run(mut self) -> Result<LogPosition, Fault> {
        let mut huge = false;
        loop {
            let end = self.end.clone();
            let item = tokio::select! {
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
