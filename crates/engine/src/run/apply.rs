//! `sealift plan apply`: carry the scripts out, all of them, without any rows.

use sealift_schema::name::ObjectId;
use sealift_schema::rule::{self, Finding, Scene, Severity};

use super::Migration;
use super::failover;
use super::survey::Survey;
use crate::fault::{ErrorCode, Fault};
use crate::journal::Journal;
use crate::plan::apply::{Applier, SmallTables};
use crate::plan::generate;
use crate::plan::read::Plan;
use crate::prepare::{freshness, servers};
use crate::report::{ObjectReport, ObjectResult, Report};
use crate::stage::{Event, Part, Stage};

/// Creates what is missing on the target. Says in the report what became of each object.
///
/// # Errors
/// What concerns all scripts. One that the target refuses is no error: the rest goes on.
pub async fn apply(
    migration: &Migration,
    journal: &dyn Journal,
    report: &mut Report,
) -> Result<(), Fault> {
    let survey = Survey::take(migration, report).await?;
    let plan = ready(migration, &survey, report)?;
    begin(migration, &survey, &plan, journal)?;
    migration.progress.enter("creating objects");
    let small = SmallTables::of(&survey.catalog);
    let applier = Applier { small: Some(&small), ..applier(migration, &plan, journal) };
    let results = applier.apply(&Part::ALL).await?;
    report.objects = results.iter().map(ObjectReport::from).collect();
    report.happened(&migration.clock, "created what was missing on the target");
    Ok(())
}

/// Reads the plan and makes sure that it fits both servers as they are.
pub(super) fn ready(
    migration: &Migration,
    survey: &Survey,
    report: &mut Report,
) -> Result<Plan, Fault> {
    servers::takes_writes(&survey.target)?;
    let plan = Plan::read(&migration.folder)?;
    super::plan::tell(&plan, report);
    let context = survey.context(migration);
    let stale = plan.stale(&generate::sources(&survey.catalog), &generate::settings(&context));
    freshness::fresh(&stale)?;
    servers::ledger_schema_is_free(&plan)?;
    judge(survey, &plan, report)?;
    Ok(plan)
}

/// Asks the rules: the first blocker ends it, everything else is told.
fn judge(survey: &Survey, plan: &Plan, report: &mut Report) -> Result<(), Fault> {
    let wanted = plan.steps.iter().filter(|step| step.is_wanted());
    let planned: Vec<ObjectId> = wanted
        .map(|step| ObjectId { kind: step.step().object.kind, name: step.target.clone() })
        .collect();
    let Survey { source, target, catalog, .. } = survey;
    for finding in rule::judge(&Scene { source, target, catalog, planned: &planned }) {
        let Finding { severity, side, what, remedy, .. } = finding;
        match severity {
            Severity::Note | Severity::Warning => {
                report.note(format!("On the {side}: {what}. To change it: {remedy}."));
            }
            Severity::Blocker => {
                return Err(Fault::new(ErrorCode::PrivilegeMissing, what).on(side).advise(remedy));
            }
        }
    }
    Ok(())
}

/// Journals that a run begins; refuses a journal of other servers.
pub(super) fn begin(
    migration: &Migration,
    survey: &Survey,
    plan: &Plan,
    journal: &dyn Journal,
) -> Result<Stage, Fault> {
    let stage = stage(journal)?;
    if let Some(memory) = stage.memory() {
        let known = [&memory.source, &memory.target];
        let found = [&survey.source_identity, &survey.target_identity];
        let may_go_on = memory.target == survey.target_identity && failover::may_move(&stage);
        if known != found && !may_go_on {
            let [source, target] = known;
            let what = format!(
                "the journal was begun with other servers than answer now: source {source}, target \
                 {target}"
            );
            return Err(Fault::new(ErrorCode::StateForeign, what));
        }
    }
    journal.record(&Event::RunBegun {
        plan: plan.identity.clone(),
        source: survey.source_identity.clone(),
        target: survey.target_identity.clone(),
    })?;
    migration.probe.pass(crate::probe::Point::RunBegun);
    self::stage(journal)
}

/// Where the migration stands.
pub(super) fn stage(journal: &dyn Journal) -> Result<Stage, Fault> {
    Stage::replay(&journal.events()?)
        .map_err(|error| Fault::new(ErrorCode::StateBroken, "read the journal").because(error))
}

pub(super) fn applier<'a>(
    migration: &'a Migration,
    plan: &'a Plan,
    journal: &'a dyn Journal,
) -> Applier<'a> {
    Applier {
        target: &migration.target,
        definers: migration.definers.as_ref(),
        plan,
        small: None,
        journal,
        progress: &migration.progress,
        probe: &migration.probe,
        stop: &migration.stop,
        clock: &migration.clock,
    }
}

/// Whether every script that is wanted is carried out.
pub(super) fn all_done(report: &Report) -> bool {
    !report.objects.iter().any(|object| matches!(object.result, ObjectResult::Failed(_)))
}
