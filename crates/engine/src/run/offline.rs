//! `sealift run --offline`: everything, from one moment of a source nobody writes to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use sealift_mysql::binlog::LogPosition;
use sealift_mysql::position::{self, Drift};
use sealift_mysql::session::Session;
use sealift_mysql::snapshot::{
    Held, LockMode, Snapshot, SnapshotError, SnapshotRequest, keeps_snapshots,
};
use sealift_schema::catalog::{Catalog, Table};
use sealift_schema::facts::Side;
use sealift_schema::name::{ObjectKind, QualifiedName};
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};

use super::apply::{applier, begin, ready};
use super::complete::complete;
use super::survey::{Survey, source_catalog, target_catalog};
use super::{Migration, apply};
use crate::copy::{self, AfterTable, CopyJob, CopyTable};
use crate::fault::{ErrorCode, Fault, OnServer};
use crate::journal::Journal;
use crate::plan::apply::{Hand, Indexes, StepResult};
use crate::plan::generate;
use crate::plan::read::Plan;
use crate::prepare::tables::{self, Names, NotEmpty};
use crate::probe::Point;
use crate::report::{Conclusion, ObjectReport, Report, TableReport, TableResult};
use crate::stage::{Event, Memory, Part, Stage};

/// How long the source's writers may have to wait for our lock, and we for theirs.
const LOCK_WAIT: Duration = Duration::from_secs(30);

/// Tables whose indexes are built at a time, beside the copying of others.
const BUILDERS: usize = 2;

/// What an offline run is told beside the migration itself.
#[derive(Clone, Debug)]
pub struct Offline {
    /// Whether the source is held still while the snapshot opens.
    pub lock: LockMode,
    /// What to do with tables on the target that hold rows before the first copy.
    pub not_empty: NotEmpty,
    /// Forget what was copied before and begin anew.
    pub restart: bool,
    /// Names the migration in the target's ledger.
    pub ledger_name: String,
}

/// Carries everything across, going on where an earlier run stopped.
///
/// # Errors
/// The first fault that concerns more than one object. Everything done so far is kept and journaled.
pub async fn offline(
    migration: &Migration,
    offline: &Offline,
    journal: &Arc<dyn Journal>,
    report: &mut Report,
) -> Result<Conclusion, Fault> {
    let survey = Survey::take(migration, report).await?;
    if migration.folder.manifest()?.is_none() {
        super::plan::write(migration, &survey, report)?;
    }
    let plan = ready(migration, &survey, report)?;
    let mut stage = begin(migration, &survey, &plan, journal.as_ref())?;
    if offline.restart {
        journal.record(&Event::Restarted)?;
        copy::close_ledger(&migration.target, &offline.ledger_name).await?;
        report.happened(&migration.clock, "began anew: what was copied before is emptied");
        stage = apply::stage(journal.as_ref())?;
    }
    if stage.is_finished() {
        report.note("This migration was finished before; nothing was left to do.");
    }
    let run = Run { migration, offline, journal, survey: &survey, plan: &plan };
    if stage.needs_copy() {
        run.copy(stage, report).await?;
    }
    complete(migration, offline, &plan, journal.as_ref(), report).await
}

/// What the steps of one run share.
struct Run<'a> {
    migration: &'a Migration,
    offline: &'a Offline,
    journal: &'a Arc<dyn Journal>,
    survey: &'a Survey,
    plan: &'a Plan,
}

impl Run<'_> {
    /// Makes the tables, copies their rows, builds their indexes.
    async fn copy(&self, stage: Stage, report: &mut Report) -> Result<(), Fault> {
        let applier = applier(self.migration, self.plan, self.journal.as_ref());
        self.prepare(&stage, report).await?;
        let memory = stage.memory().cloned();
        let mut snapshot = self.snapshot(memory.as_ref(), report).await?;
        let memory = apply::stage(self.journal.as_ref())?.memory().cloned();
        let jobs = self.jobs(memory.as_ref()).await?;
        let before: Vec<QualifiedName> =
            memory.map(|memory| memory.copied.into_keys().collect()).unwrap_or_default();
        self.migration.progress.update(|board| {
            for job in &jobs {
                let line = board.tables.entry(job.source.name.clone()).or_default();
                line.rows_expected = job.source.rows_estimate;
            }
        });
        self.migration.progress.enter("copying");
        let indexes = applier.indexes().await?;
        let (sender, requests) = mpsc::unbounded_channel();
        let (requests, results) = (AsyncMutex::new(requests), Mutex::default());
        let job = CopyJob {
            migration: self.offline.ledger_name.clone(),
            readers: snapshot.take_readers(),
            target: self.migration.target.clone(),
            tables: jobs,
            sizes: copy::Sizes::default(),
            after_table: Arc::new(Relay { requests: sender }),
            builders: BUILDERS,
            journal: Arc::clone(self.journal),
            progress: self.migration.progress.clone(),
            probe: self.migration.probe.clone(),
            stop: self.migration.stop.clone(),
        };
        let begun = self.migration.clock.elapsed();
        let builder = || build_indexes(&indexes, &requests, &results);
        let builders = join_all((0..BUILDERS).map(|_builder| builder()));
        let (copied, _) = tokio::join!(copy::tables(job), builders);
        snapshot.release().await;
        let elapsed = self.migration.clock.elapsed().saturating_sub(begun);
        self.tell_tables(&before, report);
        let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
        report.objects.extend(results.iter().map(ObjectReport::from));
        let copied = copied?;
        let rows: u64 = copied.rows.values().sum();
        report.happened(
            &self.migration.clock,
            format!(
                "copied {rows} rows of {} tables in {:.1} s",
                copied.rows.len(),
                elapsed.as_secs_f64()
            ),
        );
        let now = self.definitions_held(report).await?;
        applier.counters(&now).await?;
        self.migration.probe.pass(Point::Copied);
        self.journal.record(&Event::Copied)
    }

    /// Makes the target's schemas and tables, and clears the way for the load.
    async fn prepare(&self, stage: &Stage, report: &mut Report) -> Result<(), Fault> {
        let migration = self.migration;
        migration.progress.enter("creating tables");
        let applier = applier(migration, self.plan, self.journal.as_ref());
        let results = applier.apply(&[Part::Schemas, Part::Tables]).await?;
        report.objects.extend(results.iter().map(ObjectReport::from));
        if let Some(failed) = results.iter().find_map(StepResult::fault) {
            let count = results.iter().filter(|result| result.fault().is_some()).count();
            let first = failed.to_string();
            let what =
                format!("{count} scripts were refused before any row was copied; first: {first}");
            return Err(Fault::new(ErrorCode::ScriptFailed, what).on(Side::Target).advise(
                "edit the script, or set its state to skip, then run the same command again",
            ));
        }
        let names = Names::of(&self.survey.target);
        let mut session = Session::connect(&migration.target).await.on(Side::Target, "connect")?;
        crate::target::pin::writer(&mut session).await.on(Side::Target, "pin the session")?;
        let found = tables::look(&mut session, self.plan, names).await?;
        let begun = copy::begun(&migration.target, &self.offline.ledger_name).await?;
        let ours = |table: &QualifiedName| begun.contains(table);
        let policy = if self.offline.restart { NotEmpty::Truncate } else { self.offline.not_empty };
        let todo = tables::judge(self.plan, &self.survey.catalog, &found, names, policy, ours)?;
        tables::clear(&mut session, &todo).await?;
        session.close().await;
        migration.probe.pass(Point::Prepared);
        if matches!(stage, Stage::Preparing(_)) {
            self.journal.record(&Event::Prepared)?;
        }
        Ok(())
    }

    /// Opens the snapshot; after an interruption, finds out what has changed since the one before.
    async fn snapshot(
        &self,
        memory: Option<&Memory>,
        report: &mut Report,
    ) -> Result<Snapshot, Fault> {
        let migration = self.migration;
        migration.progress.enter("opening a snapshot of the source");
        let wanted = self.wanted_tables();
        let tables: Vec<QualifiedName> = wanted.iter().map(|table| table.name.clone()).collect();
        let without_snapshots: Vec<QualifiedName> = wanted
            .iter()
            .filter(|table| !keeps_snapshots(&table.engine))
            .map(|table| table.name.clone())
            .collect();
        let request = SnapshotRequest {
            endpoint: &migration.source,
            readers: migration.workers,
            tables: &tables,
            without_snapshots: &without_snapshots,
            lock: self.offline.lock,
            lock_wait: LOCK_WAIT,
        };
        let begun = migration.clock.elapsed();
        let snapshot = Snapshot::open(&request).await.map_err(refused)?;
        let elapsed = migration.clock.elapsed().saturating_sub(begun);
        report.happened(&migration.clock, describe(snapshot.held, elapsed));
        if snapshot.held == Held::Nothing {
            report.note(
                "With --no-lock the readers opened their snapshots one after the other: the copy is \
                 consistent only if nobody wrote to the source meanwhile.",
            );
        }
        if let Some(before) = memory.and_then(|memory| memory.snapshot.as_ref()) {
            self.settle_drift(before.as_ref(), &tables, report).await?;
        }
        if snapshot.position.is_none() && self.survey.source.variable("log_bin") == Some("ON") {
            report.note(
                "The account may not read the position of the source's binary log: after an \
                 interruption all tables are copied again. Grant it REPLICATION CLIENT (on MariaDB \
                 BINLOG MONITOR).",
            );
        }
        report.position.clone_from(&snapshot.position);
        migration.probe.pass(Point::SnapshotTaken);
        self.journal.record(&Event::SnapshotTaken { position: snapshot.position.clone() })?;
        Ok(snapshot)
    }

    /// Marks what has changed since the last snapshot for another copy.
    async fn settle_drift(
        &self,
        before: Option<&LogPosition>,
        tables: &[QualifiedName],
        report: &mut Report,
    ) -> Result<(), Fault> {
        let migration = self.migration;
        let side = Side::Source;
        let mut session = Session::connect(&migration.source).await.on(side, "connect")?;
        let drift = position::drift(&mut session, before).await.on(side, "read the binary log")?;
        session.close().await;
        let again: Vec<QualifiedName> = match drift {
            Drift::Unchanged => return Ok(()),
            Drift::Tables(changed) => {
                tables.iter().filter(|table| changed.contains(table)).cloned().collect()
            }
            Drift::Unknown(why) if self.offline.lock == LockMode::NoLock => {
                report.note(format!(
                    "It is not known what changed on the source since the copy was interrupted ({why}); \
                     with --no-lock it is taken for nothing."
                ));
                return Ok(());
            }
            Drift::Unknown(why) => {
                report.note(format!(
                    "All tables were copied again: it is not known what changed on the source since \
                     the copy was interrupted ({why})."
                ));
                tables.to_vec()
            }
        };
        for table in &again {
            report.note(format!("{table} is copied again: the source may have changed it since."));
        }
        copy::reset(&migration.target, &self.offline.ledger_name, &again, self.journal.as_ref())
            .await
    }

    /// The source's tables whose rows are to be copied.
    fn wanted_tables(&self) -> Vec<&Table> {
        self.plan
            .of(Part::Tables)
            .filter(|step| step.is_wanted())
            .filter_map(|step| self.survey.catalog.tables.get(&step.step().object.name))
            .collect()
    }

    /// Every table to be copied, as both sides hold it.
    async fn jobs(&self, memory: Option<&Memory>) -> Result<Vec<CopyTable>, Fault> {
        let steps: BTreeMap<&QualifiedName, &QualifiedName> = self
            .plan
            .of(Part::Tables)
            .filter(|step| step.is_wanted())
            .map(|step| (&step.step().object.name, &step.target))
            .collect();
        let targets = target_tables(self.migration, steps.values().copied()).await?;
        self.wanted_tables()
            .into_iter()
            .map(|source| {
                let target = steps
                    .get(&source.name)
                    .and_then(|name| find(&targets, name))
                    .ok_or_else(|| {
                        Fault::new(ErrorCode::ScriptFailed, "its script did not create it")
                            .on(Side::Target)
                            .about(format!("table {}", source.name))
                    })?;
                if !target.engine.eq_ignore_ascii_case("InnoDB") {
                    let what =
                        format!("its engine is {}; rows are loaded into InnoDB", target.engine);
                    return Err(Fault::new(ErrorCode::ObjectRefused, what)
                        .on(Side::Target)
                        .about(format!("table {}", target.name))
                        .advise(
                            "alter its engine on the target; change it back after the migration",
                        ));
                }
                let copied = memory.and_then(|memory| memory.copied.get(&source.name).copied());
                Ok(CopyTable { source: source.clone(), target: target.clone(), copied })
            })
            .collect()
    }

    /// Fills in what became of each table's rows.
    fn tell_tables(&self, before: &[QualifiedName], report: &mut Report) {
        let board = self.migration.progress.snapshot();
        let now = apply::stage(self.journal.as_ref()).ok();
        let copied = now.as_ref().and_then(Stage::memory).map(|memory| &memory.copied);
        for step in self.plan.of(Part::Tables).filter(|step| step.is_wanted()) {
            let name = &step.step().object.name;
            let line = board.tables.get(name).cloned().unwrap_or_default();
            let there = copied.is_some_and(|copied| copied.contains_key(name));
            let result = match (there, before.contains(name)) {
                (true, true) => TableResult::Present,
                (true, false) => TableResult::Copied,
                (false, _) => TableResult::Unfinished,
            };
            let renamed = step.target != *name;
            report.tables.push(TableReport {
                name: name.clone(),
                target_name: renamed.then(|| step.target.clone()),
                result,
                rows: line.rows,
                bytes: line.bytes,
            });
        }
    }

    /// Makes sure that no definition moved on the source while its rows were read.
    /// Returns the source's catalog as it is now, for its counters.
    async fn definitions_held(&self, report: &mut Report) -> Result<Catalog, Fault> {
        self.migration.progress.enter("checking that no definition moved");
        let now = source_catalog(self.migration, &self.survey.source, report).await?;
        let moved = moved_table(&self.survey.catalog, &now);
        match moved {
            None => Ok(now),
            Some(table) => {
                Err(Fault::new(ErrorCode::SourceChanged, "compare definitions after the copy")
                    .on(Side::Source)
                    .about(format!("table {table}")))
            }
        }
    }
}

/// The first table whose definition is another than it was.
fn moved_table(before: &Catalog, now: &Catalog) -> Option<QualifiedName> {
    let (before_sources, now_sources) = (generate::sources(before), generate::sources(now));
    before_sources
        .iter()
        .find(|(object, text)| {
            object.kind == ObjectKind::Table && now_sources.get(object) != Some(text)
        })
        .map(|(object, _)| object.name.clone())
}

/// The named tables of the target.
pub(super) async fn target_tables(
    migration: &Migration,
    names: impl Iterator<Item = &QualifiedName>,
) -> Result<Catalog, Fault> {
    let fold = |name: &QualifiedName| (name.schema.to_lowercase(), name.name.to_lowercase());
    let tables: std::collections::BTreeSet<(String, String)> = names.map(fold).collect();
    let schemas: std::collections::BTreeSet<String> =
        tables.iter().map(|(schema, _)| schema.clone()).collect();
    let wanted = move |kind: ObjectKind, name: &QualifiedName| match kind {
        ObjectKind::Schema => schemas.contains(&name.schema.to_lowercase()),
        ObjectKind::Table => tables.contains(&fold(name)),
        ObjectKind::View
        | ObjectKind::Function
        | ObjectKind::Procedure
        | ObjectKind::Trigger
        | ObjectKind::Event => false,
    };
    target_catalog(migration, &wanted).await
}

/// A table by name, in the target's spelling or, where it folds names, in any case.
pub(super) fn find<'c>(catalog: &'c Catalog, name: &QualifiedName) -> Option<&'c Table> {
    catalog.tables.get(name).or_else(|| {
        let folded = QualifiedName::new(name.schema.to_lowercase(), name.name.to_lowercase());
        catalog.tables.get(&folded)
    })
}

fn refused(error: SnapshotError) -> Fault {
    match error {
        SnapshotError::Server { doing, cause } => Fault::server(Side::Source, doing, cause),
        other @ (SnapshotError::Busy(_) | SnapshotError::Waited { .. }) => {
            Fault::new(ErrorCode::SnapshotLocked, other.to_string()).on(Side::Source)
        }
        other @ SnapshotError::Scattered { .. } => {
            Fault::new(ErrorCode::ServerUnsuitable, other.to_string())
                .on(Side::Source)
                .advise("connect to one server, past the proxy that spreads connections")
        }
    }
}

fn describe(held: Held, elapsed: Duration) -> String {
    let ms = elapsed.as_millis();
    match held {
        Held::GlobalLock => format!("opened the snapshot under the global read lock, in {ms} ms"),
        Held::TableLocks => format!("opened the snapshot under table locks, in {ms} ms"),
        Held::Nothing => "opened the snapshots without a lock".to_owned(),
    }
}

/// A table whose rows are there, and where to say that its indexes are too.
type Request = (QualifiedName, oneshot::Sender<Result<(), Fault>>);

/// Hands tables from the copy's tasks to the builders, which live where the plan does.
struct Relay {
    requests: mpsc::UnboundedSender<Request>,
}

impl AfterTable for Relay {
    fn table_copied<'a>(&'a self, table: &'a QualifiedName) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let gone = || Fault::new(ErrorCode::Internal, "hand a table to the index builders");
            let (reply, answer) = oneshot::channel();
            self.requests.send((table.clone(), reply)).map_err(|_closed| gone())?;
            answer.await.map_err(|_dropped| gone())?
        })
    }
}

/// Builds the indexes of tables as they come, until none can come any more.
async fn build_indexes(
    indexes: &Indexes<'_>,
    requests: &AsyncMutex<mpsc::UnboundedReceiver<Request>>,
    results: &Mutex<Vec<StepResult>>,
) {
    let mut hand: Option<Hand> = None;
    loop {
        let next = requests.lock().await.recv().await;
        let Some((table, reply)) = next else { return };
        let built = build(indexes, &mut hand, &table, results).await;
        if let Err(unheard) = reply.send(built) {
            // The copy has ended for another reason and does not ask any more.
            tracing::debug!(?unheard, %table, "nobody asked what became of the indexes");
        }
    }
}

async fn build(
    indexes: &Indexes<'_>,
    hand: &mut Option<Hand>,
    table: &QualifiedName,
    results: &Mutex<Vec<StepResult>>,
) -> Result<(), Fault> {
    if hand.is_none() {
        *hand = Some(indexes.session().await?);
    }
    let Some(hand) = hand else { return Ok(()) };
    let result = indexes.add(hand, table).await?;
    results.lock().unwrap_or_else(PoisonError::into_inner).extend(result);
    Ok(())
}
