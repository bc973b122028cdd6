//! A plan that the source has outrun before anything is followed by it: it is brought up to the source.
//!
//! As long as the ledger keeps no definitions, no row is on the target and no change is applied. So what the source has
//! otherwise by now is made anew: off the target with what an earlier run made of it, then the plan. In this order, for the
//! plan alone tells what is outdated: a run that is killed between both finds it still to be so.

use std::collections::BTreeSet;

use sealift_mysql::error::ErrorClass;
use sealift_mysql::session::Session;
use sealift_schema::facts::Side;
use sealift_schema::name::{ObjectKind, QualifiedName};

use super::Migration;
use super::online::Online;
use super::survey::Survey;
use crate::definition::{self, DefinitionLedger};
use crate::fault::{Fault, OnServer};
use crate::journal::Journal;
use crate::plan::generate;
use crate::plan::read::{Plan, PlanStep};
use crate::prepare::freshness;
use crate::prepare::tables::NotEmpty;
use crate::probe::Point;
use crate::report::Report;
use crate::stage::{Event, Part, Step};

/// Writes the plan for what the source is now, unless it is so. What a person has edited or locked beneath which the
/// source moved is refused by name.
pub(super) async fn bring_up(
    migration: &Migration,
    (survey, online): (&Survey, &Online),
    journal: &dyn Journal,
    report: &mut Report,
) -> Result<(), Fault> {
    let is_whole = migration.folder.manifest()?.map(|manifest| !manifest.is_interrupted());
    if is_whole != Some(true) {
        super::plan::write(migration, survey, report)?;
        return Ok(());
    }
    let plan = Plan::read(&migration.folder)?;
    let context = survey.context(migration);
    let stale = plan.stale(&generate::sources(&survey.catalog), &generate::settings(&context));
    if stale.is_empty() {
        return Ok(());
    }
    freshness::untouched(&plan, &stale)?;
    let outdated: Vec<&PlanStep> = plan
        .steps
        .iter()
        .filter(|step| stale.iter().any(|stale| stale.object() == Some(&step.step().object)))
        .collect();
    remove_made((migration, online), &outdated, journal).await?;
    migration.probe.pass(Point::Outdated);
    let what = format!("brought the plan up to the source: {}", freshness::named(&stale));
    report.happened(&migration.clock, what);
    super::plan::write(migration, survey, report)?;
    Ok(())
}

/// Takes off the target what this migration has made of these scripts. Tables that hold rows all the same are left to be
/// judged, unless those may be removed.
async fn remove_made(
    (migration, online): (&Migration, &Online),
    outdated: &[&PlanStep],
    journal: &dyn Journal,
) -> Result<(), Fault> {
    let may_hold_rows = online.restart || online.not_empty == NotEmpty::Truncate;
    let events = journal.events()?;
    let begun: BTreeSet<&Step> = events.iter().filter_map(begun_step).collect();
    let made: Vec<&&PlanStep> =
        outdated.iter().filter(|step| begun.contains(step.step())).collect();
    if made.is_empty() {
        return Ok(());
    }
    let ledger = DefinitionLedger::of(online.ledger_name.as_str());
    let mut session = definition::session_alone(&migration.target, &ledger).await?;
    for step in made.into_iter().rev() {
        let Some(word) = word(step.step()) else { continue };
        let is_table = step.step().part == Part::Tables;
        if is_table && !may_hold_rows && holds_rows(&mut session, &step.target).await? {
            continue;
        }
        let dropped = session.execute(format!("DROP {word} IF EXISTS {}", step.target)).await;
        let dropped = dropped.on(Side::Target, "remove what the source has otherwise by now");
        dropped.map_err(|fault| fault.about(&step.step().object))?;
    }
    session.close().await;
    Ok(())
}

fn begun_step(event: &Event) -> Option<&Step> {
    if let Event::ObjectBegun { step } = event { Some(step) } else { None }
}

/// What is removed by which word. Indexes and keys go with their tables; a schema may hold what is not ours.
fn word(step: &Step) -> Option<&'static str> {
    match (step.part, step.object.kind) {
        (Part::Tables, _) => Some("TABLE"),
        (Part::Views, _) => Some("VIEW"),
        (Part::Routines, ObjectKind::Procedure) => Some("PROCEDURE"),
        (Part::Routines, _) => Some("FUNCTION"),
        (Part::Triggers, _) => Some("TRIGGER"),
        (Part::Events, _) => Some("EVENT"),
        (Part::Schemas | Part::Indexes | Part::ForeignKeys, _) => None,
    }
}

async fn holds_rows(session: &mut Session, table: &QualifiedName) -> Result<bool, Fault> {
    match session.first(format!("SELECT 1 FROM {table} LIMIT 1")).await {
        Ok(row) => Ok(row.is_some()),
        // There is no such table.
        Err(error) if error.class() == ErrorClass::DefinitionChanged => Ok(false),
        Err(error) => Err(error).on(Side::Target, "see whether a table holds rows"),
    }
}
