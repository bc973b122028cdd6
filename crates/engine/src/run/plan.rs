//! `sealift plan`: look at both servers, write the scripts.

use sealift_schema::name::ObjectId;

use super::Migration;
use super::survey::Survey;
use crate::fault::Fault;
use crate::plan::draft::Note;
use crate::plan::generate;
use crate::plan::make::{self, Planned};
use crate::plan::read::Plan;
use crate::plan::script::State;
use crate::report::{ChangeReport, LeftOut, LeftOutBecause, Report};

/// Writes the plan, keeping what people have edited or locked.
///
/// # Errors
/// When a server cannot be asked, or a file of the folder not be used.
pub async fn plan(migration: &Migration, report: &mut Report) -> Result<Planned, Fault> {
    let survey = Survey::take(migration, report).await?;
    write(migration, &survey, report)
}

pub(super) fn write(
    migration: &Migration,
    survey: &Survey,
    report: &mut Report,
) -> Result<Planned, Fault> {
    migration.progress.enter("planning");
    let draft = generate::draft(&survey.context(migration));
    let planned = make::write(&draft, &migration.folder)?;
    report.happened(&migration.clock, format!("planned {} scripts", planned.scripts.len()));
    tell(&Plan::read(&migration.folder)?, report);
    Ok(planned)
}

/// Tells of a plan what a reader of the report must know: what is changed, what is left out, and why.
pub(super) fn tell(plan: &Plan, report: &mut Report) {
    report.plan = Some(plan.identity.clone());
    report.changes.clear();
    report.left_out.clear();
    for step in &plan.steps {
        let object = &step.step().object;
        for note in &step.notes {
            tell_note(object, note, report);
        }
        if step.script.state == State::Skip && !step.notes.iter().any(Note::stops) {
            let reason = format!("{} says skip", step.file);
            leave_out(object, LeftOutBecause::Skipped, reason, report);
        }
    }
}

fn tell_note(object: &ObjectId, note: &Note, report: &mut Report) {
    match note {
        Note::Change { rewrite, what, why } => report.changes.push(ChangeReport {
            object: object.clone(),
            rewrite: rewrite.clone(),
            reason: format!("{what}, because {why}"),
        }),
        Note::Refused { rewrite: _, what, why, remedy } => {
            let reason = format!("{what}: {why}; {remedy}");
            leave_out(object, LeftOutBecause::Refused, reason, report);
        }
        Note::Broken { what } => {
            leave_out(object, LeftOutBecause::Broken, what.clone(), report);
        }
    }
}

/// An object with several scripts is left out once.
fn leave_out(object: &ObjectId, because: LeftOutBecause, reason: String, report: &mut Report) {
    let left = LeftOut { object: object.clone(), because, reason };
    if !report.left_out.contains(&left) {
        report.left_out.push(left);
    }
}
