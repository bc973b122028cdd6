//! `sealift plan`: writes the scripts, and carries them out.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use clap::Subcommand;
use sealift_engine::fault::Fault;
use sealift_engine::plan::folder::{CHANGES, Folder};
use sealift_engine::plan::make::Planned;
use sealift_engine::plan::reconcile::Fate;
use sealift_engine::plan::script::step_words;
use sealift_engine::report::{Conclusion, LeftOutBecause, ObjectReport, ObjectResult, Report};
use sealift_engine::run;

use super::watch::Watch;
use super::{Answer, Context};
use crate::output::quantity::{counted, duration_ms};
use crate::output::text::clean;

/// Write a plan: one SQL script per object, to be read, edited, locked or skipped
///
/// The scripts lie in plan/ of the state folder, with changes.diff, which shows every change against the
/// source's own text and its reason. Run it again at any time: what you edited is kept, and what moved on
/// the source beneath it is shown.
#[derive(Debug, clap::Args)]
pub(crate) struct PlanArgs {
    #[command(subcommand)]
    pub(super) deed: Option<PlanDeed>,
}

/// What else can be done with a plan.
#[derive(Debug, Subcommand)]
pub(super) enum PlanDeed {
    /// Carry the scripts out on the target and print a result per object
    ///
    /// What is there already is not touched, so it can be repeated after a fix. Rows are not copied:
    /// that is what run does, which also carries out what is missing.
    Apply,
}

pub(super) async fn plan(context: &mut Context) -> Result<Answer, Fault> {
    let config = context.config()?;
    let (source, target) = context.endpoints(&config)?;
    let _locked = context.open_state(&config)?;
    let watch = Watch::show(context);
    let migration = context.migration(&config, (source, target), &watch.progress);
    let planned = run::plan(&migration, &mut context.report).await;
    watch.finish().await;
    let planned = planned?;
    tell_leftovers(&planned, &mut context.report);
    let is_refused = |because| because == LeftOutBecause::Refused;
    let refused = context.report.left_out.iter().any(|left_out| is_refused(left_out.because));
    let conclusion = if refused { Conclusion::Incomplete } else { Conclusion::Done };
    let said =
        if context.output.is_quiet { String::new() } else { scripts(&planned, &migration.folder) };
    Ok(Answer::new(conclusion, said))
}

/// Notes files that are not, or no longer, part of the plan.
fn tell_leftovers(planned: &Planned, report: &mut Report) {
    for gone in planned.gone.iter().filter(|gone| gone.left) {
        report.note(format!(
            "{} is no longer part of the plan; its script {} was yours and is left.",
            step_words(&gone.step),
            gone.file
        ));
    }
    for stray in &planned.strays {
        report.note(format!("{stray} is no script of the plan: it is not carried out."));
    }
}

/// How many scripts there are, and what moved beneath a person's version.
fn scripts(planned: &Planned, folder: &Folder) -> String {
    let mut fates = Vec::new();
    for (fate, word) in Fate::WORDS {
        match planned.count(fate) {
            0 => {}
            number => fates.push(format!("{number} {word}")),
        }
    }
    let number = planned.scripts.len().try_into().unwrap_or(u64::MAX);
    let shown = |path: &Path| path.display().to_string();
    let mut said = format!(
        "{} in {}: {}\nevery change with its reason: {}\n",
        counted(number, "script", "scripts"),
        shown(folder.root()),
        fates.join(", "),
        shown(&folder.path(CHANGES))
    );
    for (script, diff) in planned.moved() {
        // Writing to a string cannot fail.
        let _infallible = writeln!(said, "moved on the source beneath your {}:", script.file);
        for line in diff.lines() {
            let _infallible = writeln!(said, "  {}", clean(line));
        }
    }
    said
}

pub(super) async fn apply(context: &mut Context) -> Result<Answer, Fault> {
    let config = context.config()?;
    let (source, target) = context.endpoints(&config)?;
    let definers = context.definers(&config, &target)?;
    let state = Arc::new(context.open_state(&config)?);
    let mut watch = Watch::show(context);
    let migration = context.migration(&config, (source, target), &watch.progress);
    let migration = context.making(migration, definers);
    watch.record(&state, &migration.control);
    let applied = run::apply(&migration, state.as_ref(), &mut context.report).await;
    watch.finish().await;
    applied?;
    let objects = &context.report.objects;
    let is_failed = |object: &ObjectReport| matches!(object.result, ObjectResult::Failed(_));
    let conclusion =
        if objects.iter().any(is_failed) { Conclusion::Incomplete } else { Conclusion::Done };
    Ok(Answer::new(conclusion, objects.iter().map(result_line).collect()))
}

/// One object's line.
fn result_line(object: &ObjectReport) -> String {
    let words = format!("{} ({})", object.object, object.part.folder());
    let said = match &object.result {
        ObjectResult::Created => format!("created    {words}  {}", duration_ms(object.elapsed_ms)),
        ObjectResult::Present => format!("was there  {words}"),
        ObjectResult::Skipped => format!("skipped    {words}"),
        ObjectResult::Failed(why) => format!("failed     {words}: {why}"),
    };
    clean(&said) + "\n"
}
