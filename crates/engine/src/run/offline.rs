//! `sealift run --offline`: everything, from one moment of a source nobody writes to.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sealift_mysql::binlog::LogPosition;
use sealift_mysql::position::{self, Drift};
use sealift_mysql::session::Session;
use sealift_mysql::snapshot::{
    Held, LockMode, Snapshot, SnapshotError, SnapshotRequest, keeps_snapshots,
};
use sealift_schema::facts::Side;
use sealift_schema::name::QualifiedName;

use super::apply::{applier, begin, ready};
use super::build::{BUILDERS, builders};
use super::complete::{Ending, complete};
use super::patience::persist;
use super::survey::Survey;
use super::tables::Tables;
use super::{Migration, apply};
use crate::copy::{self, CopyJob, Reading};
use crate::fault::{ErrorCode, Fault, OnServer};
use crate::journal::Journal;
use crate::plan::apply::{SmallTables, StepResult};
use crate::plan::read::Plan;
use crate::prepare::tables::NotEmpty;
use crate::probe::Point;
use crate::report::{Conclusion, ObjectReport, Report};
use crate::stage::{Event, Memory, Stage, Step};

/// How long the source's writers may have to wait for our lock, and we for theirs.
const LOCK_WAIT: Duration = Duration::from_secs(30);

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
    let mut offline = offline.clone();
    let before = journal.events()?.len();
    let attempt =
        async |report: &mut Report| once(migration, (&mut offline, before), journal, report).await;
    persist(migration, journal.as_ref(), report, attempt).await
}

/// Begins where journal and ledger say that the last run, or the last attempt of this one, ended.
async fn once(
    migration: &Migration,
    (offline, before): (&mut Offline, usize),
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
        // The ledger first: of what it still knew, rows of before would be taken for copied.
        copy::close_ledger(&migration.target, &offline.ledger_name).await?;
        journal.record(&Event::Restarted)?;
        (offline.restart, offline.not_empty) = (false, NotEmpty::Truncate);
        report.happened(&migration.clock, "began anew: what was copied before is emptied");
        stage = apply::stage(journal.as_ref())?;
    }
    refuse_online_state(&stage)?;
    if stage.is_finished() {
        report.note("This migration was finished before; nothing was left to do.");
    }
    let run = Run { migration, offline, before, journal, survey: &survey, plan: &plan };
    if stage.needs_copy() {
        run.copy(stage, report).await?;
    }
    let name = &offline.ledger_name;
    complete(migration, Ending::Finished, name, &plan, journal.as_ref(), report).await
}

/// What an online migration has copied is of no one moment.
fn refuse_online_state(stage: &Stage) -> Result<(), Fault> {
    if !stage.memory().is_some_and(Memory::is_online) {
        return Ok(());
    }
    Err(Fault::new(ErrorCode::StateForeign, "the state folder holds an online migration").advise(
        "go on with sealift run, begin anew with sealift run --offline --restart, or name another \
         folder with --state",
    ))
}

/// What the steps of one run share.
struct Run<'a> {
    migration: &'a Migration,
    offline: &'a Offline,
    /// Events that were in the journal when the command began.
    before: usize,
    journal: &'a Arc<dyn Journal>,
    survey: &'a Survey,
    plan: &'a Plan,
}

impl Run<'_> {
    fn tables(&self) -> Tables<'_> {
        Tables {
            migration: self.migration,
            survey: self.survey,
            plan: self.plan,
            journal: self.journal.as_ref(),
            ledger_name: &self.offline.ledger_name,
        }
    }

    /// Makes the tables, copies their rows, builds their indexes.
    async fn copy(&self, stage: Stage, report: &mut Report) -> Result<(), Fault> {
        let applier = applier(self.migration, self.plan, self.journal.as_ref());
        let tables = self.tables();
        let small = SmallTables::of(&self.survey.catalog);
        tables.prepare(&stage, self.offline.not_empty, Some(&small), report).await?;
        let memory = stage.memory().cloned();
        let mut snapshot = self.snapshot(memory.as_ref(), report).await?;
        let memory = apply::stage(self.journal.as_ref())?.memory().cloned();
        let jobs = tables.jobs(memory.as_ref()).await?;
        self.migration.progress.update(|board| {
            for job in &jobs {
                let line = board.tables.entry(job.source.name.clone()).or_default();
                line.rows_expected = job.source.rows_estimate;
            }
        });
        self.migration.progress.enter("copying");
        let indexes = applier.indexes().await?;
        let (relay, builders) = builders();
        let job = CopyJob {
            migration: self.offline.ledger_name.clone(),
            reading: Reading::Snapshot(snapshot.take_readers(), self.migration.control.clone()),
            target: self.migration.target.clone(),
            tables: jobs,
            sizes: copy::Sizes::default(),
            after_table: Arc::new(relay),
            builders: BUILDERS,
            journal: Arc::clone(self.journal),
            progress: self.migration.progress.clone(),
            probe: self.migration.probe.clone(),
            stop: self.migration.stop.clone(),
        };
        let begun = self.migration.clock.elapsed();
        let at_once = async |_table: &QualifiedName| Ok(());
        let (copied, ()) = tokio::join!(
            self.migration.watched(None, copy::tables(job)),
            builders.work(&indexes, at_once)
        );
        snapshot.release().await;
        let elapsed = self.migration.clock.elapsed().saturating_sub(begun);
        tables.tell(self.before, report)?;
        tell_indexes(&builders.results(), report);
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
        let now = tables.definitions_held(report).await?;
        applier.counters(&now).await?;
        self.migration.probe.pass(Point::Copied);
        self.journal.record(&Event::Copied)
    }

    /// Opens the snapshot; after an interruption, finds out what has changed since the one before.
    async fn snapshot(
        &self,
        memory: Option<&Memory>,
        report: &mut Report,
    ) -> Result<Snapshot, Fault> {
        let migration = self.migration;
        migration.progress.enter("opening a snapshot of the source");
        let tables = self.tables();
        let wanted = tables.wanted();
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
        let on_lock = || migration.probe.pass(Point::SnapshotLocked);
        let snapshot = Snapshot::open(&request, on_lock).await.map_err(refused)?;
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
}

/// Tells what became of indexes, but for those that were made with their tables.
fn tell_indexes(results: &[StepResult], report: &mut Report) {
    let told: BTreeSet<Step> = report
        .objects
        .iter()
        .map(|object| Step { part: object.part, object: object.object.clone() })
        .collect();
    let news = results.iter().filter(|result| !told.contains(&result.step));
    report.objects.extend(news.map(ObjectReport::from));
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
