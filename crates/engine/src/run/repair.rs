//! `sealift repair`: rows that the last comparison found different, made what the source's are.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use sealift_mysql::binlog::{LogPosition, RowImages};
use sealift_mysql::error::MysqlError;
use sealift_mysql::session::Session;
use sealift_schema::catalog::Catalog;
use sealift_schema::facts::Side;
use sealift_schema::name::QualifiedName;

use super::Migration;
use super::verify::{Definitions, Followed, compare_definitions, pairs, survey};
use crate::apply::AppliedLedger;
use crate::fault::{ErrorCode, Fault};
use crate::plan::read::Plan;
use crate::repair::{Gatekeeper, Mender};
use crate::report::{Conclusion, RepairReport, Report, TableRepairReport};
use crate::verify::{
    self, DifferJob, DifferenceKind, Findings, Mend, Notebook, Range, TableDiffering, TableMemory,
    TablePair,
};

/// What a repair is told beside the migration itself.
#[derive(Clone, Debug)]
pub struct Repair {
    /// How the source's changes come to the target; `None`: they do not.
    pub followed: Option<Followed>,
    /// What the last comparison found.
    pub notebook: Arc<dyn Notebook>,
    /// Whether anything is changed.
    pub deed: RepairDeed,
}

/// Whether a repair changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepairDeed {
    /// It only says what it would do.
    Show,
    /// It does it.
    Do,
}

/// Looks again at what the last comparison found, and says what has to be done with the target's rows, or does it.
///
/// # Errors
/// When a server cannot be asked or refuses, or a stop was asked for. What is mended stays mended.
pub async fn repair(
    migration: &Migration,
    repair: &Repair,
    report: &mut Report,
) -> Result<Conclusion, Fault> {
    let Repair { followed, notebook, deed } = repair;
    let survey = survey(migration, followed.as_ref(), report).await?;
    let plan = Plan::read(&migration.folder)?;
    migration.progress.enter("comparing definitions");
    let Definitions { actual, found, moving } =
        compare_definitions(migration, (&survey, &plan), followed.as_ref(), report).await?;
    if !found.differences.is_empty() {
        let count = found.differences.len();
        report.note(format!(
            "{count} differences are of definitions: sealift plan apply makes what is missing; what is there and \
             differs has to be dropped on the target first."
        ));
    }
    let mut known: BTreeMap<QualifiedName, TableMemory> = notebook.tables()?.into_iter().collect();
    let mut tables = Vec::new();
    for pair in pairs(&survey, &plan, &actual) {
        if let Some(memory) = known.get(&pair.source.name) {
            let places = memory.findings.places.clone();
            if !places.is_empty() {
                tables.push((pair, places));
            }
        }
    }
    if *deed == RepairDeed::Do {
        refuse_triggers(&tables, &actual)?;
        refuse_images(followed.as_ref())?;
    }
    migration.progress.enter(match deed {
        RepairDeed::Show => "looking at rows that differ",
        RepairDeed::Do => "repairing rows that differ",
    });
    let job = DifferJob {
        source: migration.source.clone(),
        target: migration.target.clone(),
        tables,
        moving,
        control: migration.control.clone(),
        progress: migration.progress.clone(),
        stop: migration.stop.clone(),
    };
    let differing = match deed {
        RepairDeed::Show => Box::pin(verify::differing(job, None)).await?,
        RepairDeed::Do => mend(migration, job, followed.as_ref()).await?,
    };
    if *deed == RepairDeed::Do {
        remember(&differing, &mut known, notebook.as_ref())?;
    }
    let conclusion = conclude(&differing, *deed);
    let done = *deed == RepairDeed::Do;
    report.repair = Some(RepairReport { done, tables: differing.iter().map(tell).collect() });
    Ok(conclusion)
}

async fn mend(
    migration: &Migration,
    job: DifferJob,
    followed: Option<&Followed>,
) -> Result<Vec<TableDiffering>, Fault> {
    let keeper = followed.map(|followed| LedgerKeeper(AppliedLedger::of(followed.ledger())));
    let gatekeeper = keeper.as_ref().map(|keeper| keeper as &dyn Gatekeeper);
    let servers = (migration.source.clone(), migration.target.clone());
    let mender = Mender::new(servers, gatekeeper, migration.probe.clone(), migration.stop.clone());
    let mended = Box::pin(verify::differing(job, Some(&mender as &dyn Mend))).await;
    let finished = mender.finish().await;
    let mended = mended?;
    finished?;
    Ok(mended)
}

/// A trigger would do once more what the source's own has done.
fn refuse_triggers(tables: &[(TablePair, Vec<Range>)], actual: &Catalog) -> Result<(), Fault> {
    for (pair, _) in tables {
        let table = &pair.target.name;
        if let Some(trigger) = actual.triggers.values().find(|trigger| trigger.table == *table) {
            let what = format!("trigger {} would be executed for every row", trigger.name);
            return Err(Fault::new(ErrorCode::TargetTriggers, what)
                .on(Side::Target)
                .about(format!("table {table}"))
                .advise(
                    "drop the table's triggers on the target, run sealift repair --yes, then sealift plan \
                     apply, which makes them again",
                ));
        }
    }
    Ok(())
}

/// A row that is read later than its changes are applied would take changes in part that are in it already.
fn refuse_images(followed: Option<&Followed>) -> Result<(), Fault> {
    let images = followed.map_or(RowImages::Whole, |followed| followed.images);
    if images == RowImages::Whole {
        return Ok(());
    }
    let what = "the source's binary log has rows in part only (binlog_row_image), so single rows cannot be copied \
                while changes are followed";
    Err(Fault::new(ErrorCode::ServerUnsuitable, what).on(Side::Source).advise(
        "stop the run, name the tables with sealift copy-again, then run again: they are copied as a whole",
    ))
}

/// What still differs is what the next repair begins with.
fn remember(
    differing: &[TableDiffering],
    known: &mut BTreeMap<QualifiedName, TableMemory>,
    notebook: &dyn Notebook,
) -> Result<(), Fault> {
    let mut kept = Vec::new();
    for table in differing {
        if let (Some(mut memory), Some(left)) = (known.remove(&table.table), table.left.clone()) {
            let Findings { differences, more, unsettled, unsettled_count, places, .. } = left;
            memory.findings = Findings {
                differences,
                more,
                unsettled,
                unsettled_count,
                places,
                ..memory.findings
            };
            kept.push((table.table.clone(), memory));
        }
    }
    if kept.is_empty() { Ok(()) } else { notebook.keep(&kept) }
}

fn conclude(differing: &[TableDiffering], deed: RepairDeed) -> Conclusion {
    let differs = |table: &TableDiffering| table.missing + table.different + table.extra > 0;
    let is_left = |table: &TableDiffering| match (&table.left, deed) {
        (_, RepairDeed::Show) | (None, RepairDeed::Do) => differs(table),
        (Some(left), RepairDeed::Do) => !left.differences.is_empty() || left.more,
    };
    let is_unsettled = |table: &TableDiffering| match (&table.left, deed) {
        (_, RepairDeed::Show) | (None, RepairDeed::Do) => table.unsettled > 0,
        (Some(left), RepairDeed::Do) => left.unsettled_count > 0,
    };
    if differing.iter().any(is_left) {
        Conclusion::Different
    } else if differing.iter().any(is_unsettled) {
        Conclusion::Unsettled
    } else {
        Conclusion::Done
    }
}

fn tell(table: &TableDiffering) -> TableRepairReport {
    let keys = table.keys.iter().map(|(kind, key)| {
        let verb = match kind {
            DifferenceKind::Missing => "insert",
            DifferenceKind::Different => "update",
            DifferenceKind::Extra => "delete",
        };
        format!("{verb} {key}")
    });
    TableRepairReport {
        table: table.table.clone(),
        insert: table.missing,
        update: table.different,
        delete: table.extra,
        keys: keys.collect(),
        unsettled: table.unsettled,
        left: table.left.as_ref().map(|left| {
            let rows: u64 = left.differences.iter().map(|row| row.count).sum();
            rows.max(u64::from(left.more))
        }),
    }
}

/// The target's ledger of applied changes as the gate of a repair.
struct LedgerKeeper(AppliedLedger);

impl Gatekeeper for LedgerKeeper {
    fn lock_name(&self) -> String {
        self.0.repair_lock()
    }

    fn prepare<'a>(&'a self, session: &'a mut Session) -> BoxFuture<'a, Result<u64, MysqlError>> {
        Box::pin(self.0.prepare_repairs(session))
    }

    fn hold<'a>(
        &'a self,
        session: &'a mut Session,
        number: u64,
    ) -> BoxFuture<'a, Result<LogPosition, MysqlError>> {
        Box::pin(async move {
            let standing = self.0.hold(session, number).await?;
            let newest = standing.as_ref().and_then(|standing| standing.newest().cloned());
            newest.ok_or_else(|| {
                MysqlError::Result("the ledger of applied changes has no newest position".into())
            })
        })
    }

    fn is_there<'a>(
        &'a self,
        session: &'a mut Session,
        number: u64,
    ) -> BoxFuture<'a, Result<bool, MysqlError>> {
        Box::pin(async move { Ok(self.0.last_repair(session).await? == number) })
    }

    fn finish<'a>(&'a self, session: &'a mut Session) -> BoxFuture<'a, Result<(), MysqlError>> {
        Box::pin(self.0.finish_repairs(session))
    }
}
