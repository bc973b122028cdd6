//! `sealift plan`: writes the scripts, and carries them out.

use std::fmt::Write as _;
use std::sync::Arc;

use clap::Subcommand;
use sealift_engine::fault::{ErrorCode, Fault};
use sealift_engine::journal::{Journal, Volatile};
use sealift_engine::plan::apply::{Applier, Outcome, StepResult};
use sealift_engine::plan::folder::{CHANGES, Folder};
use sealift_engine::plan::make::{self, Planned};
use sealift_engine::plan::read::Plan;
use sealift_engine::plan::reconcile::Fate;
use sealift_engine::plan::{draft::Draft, generate, script::step_words};
use sealift_engine::prepare::servers;
use sealift_engine::report::{Conclusion, LeftOutBecause, ObjectReport};
use sealift_engine::stage::{Event, Part, Stage};
use sealift_engine::survey::{Survey, ask, survey};
use sealift_schema::rewrite;
use sealift_server::store::StateFolder;

use super::watch::Watch;
use super::{Answer, Context};
use crate::output::quantity::{counted, duration};
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
    let _state = context.open_state(&config)?;
    let watch = Watch::show(context);
    let surveyed = survey(&source, &target, &config.selection, &watch.progress).await;
    watch.finish().await;
    let Survey { source, target, catalog, notes } = surveyed?;
    context.report.source = Some(source.report);
    context.report.target = Some(target.report);
    notes.into_iter().for_each(|note| context.report.note(note));
    let draft = generate::draft(&rewrite::Context {
        source: &source.facts,
        target: &target.facts,
        policy: &config.policy,
        catalog: &catalog,
    });
    let folder = context.plan_folder();
    let planned = write(&draft, &folder, context)?;
    for script in &planned.scripts {
        context.report.script(&script.step, script.state, &script.notes);
    }
    for gone in planned.gone.iter().filter(|gone| gone.left) {
        context.report.note(format!(
            "{} is no longer part of the plan; its script {} was yours and is left.",
            step_words(&gone.step),
            gone.file
        ));
    }
    for stray in &planned.strays {
        context.report.note(format!("{stray} is no script of the plan: it is not carried out."));
    }
    let is_refused = |because| because == LeftOutBecause::Refused;
    let refused = context.report.left_out.iter().any(|left_out| is_refused(left_out.because));
    let conclusion = if refused { Conclusion::Incomplete } else { Conclusion::Done };
    let text = if context.output.is_quiet { String::new() } else { scripts(&planned, &folder) };
    Ok(Answer::new(conclusion, text))
}

fn write(draft: &Draft, folder: &Folder, context: &mut Context) -> Result<Planned, Fault> {
    let planned = make::write(draft, folder)?;
    context.report.plan = Some(Plan::read(folder)?.identity);
    Ok(planned)
}

/// How many scripts there are, and what moved beneath a person's version.
fn scripts(planned: &Planned, folder: &Folder) -> String {
    let mut fates = Vec::new();
    for (fate, word) in [
        (Fate::Created, "new"),
        (Fate::Regenerated, "written anew"),
        (Fate::Unchanged, "unchanged"),
        (Fate::Edited, "edited by you and kept"),
        (Fate::Locked, "locked by you and kept"),
    ] {
        match planned.count(fate) {
            0 => {}
            number => fates.push(format!("{number} {word}")),
        }
    }
    let number = planned.scripts.len().try_into().unwrap_or(u64::MAX);
    let mut said = format!(
        "{} in {}: {}\nevery change with its reason: {}\n",
        counted(number, "script", "scripts"),
        folder.root().display(),
        fates.join(", "),
        folder.path(CHANGES).display()
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
    let state = Arc::new(context.open_state(&config)?);
    let plan = Plan::read(&context.plan_folder())?;
    context.report.plan = Some(plan.identity.clone());
    let (source_asked, target_asked) = tokio::try_join!(ask(&source), ask(&target))?;
    let source_identity = servers::identity(&source_asked.facts, &source);
    let target_identity = servers::identity(&target_asked.facts, &target);
    context.report.source = Some(source_asked.report);
    context.report.target = Some(target_asked.report);
    servers::differ(&source_identity, &target_identity)?;
    let begun = Event::RunBegun {
        plan: plan.identity.clone(),
        source: source_identity,
        target: target_identity,
    };
    let journal = journal_for(&state, &begun)?;
    let watch = Watch::record(context, &state);
    watch.progress.enter("applying the plan");
    let applier = Applier {
        target: &target,
        plan: &plan,
        journal: journal.as_ref(),
        progress: &watch.progress,
        probe: &context.probe,
        stop: &context.stop,
        clock: &context.clock,
    };
    let results = applier.apply(&Part::ALL).await;
    watch.finish().await;
    let results = results?;
    context.report.objects = results.iter().map(ObjectReport::from).collect();
    for step in &plan.steps {
        context.report.script(step.step(), step.script.state, &step.notes);
    }
    let mut answer = Answer::new(Conclusion::Done, results.iter().map(result_line).collect());
    answer.fault = failure(&results);
    Ok(answer)
}

/// The journal that remembers scripts begun and done. After a finished run nothing is left to be
/// remembered, and its journal stays as it is.
fn journal_for(state: &Arc<StateFolder>, begun: &Event) -> Result<Arc<dyn Journal>, Fault> {
    let stage = Stage::replay(&state.events()?)
        .map_err(|error| Fault::new(ErrorCode::StateBroken, "read the journal").because(error))?;
    let journal: Arc<dyn Journal> =
        if stage.is_finished() { Arc::new(Volatile::default()) } else { Arc::clone(state) as _ };
    journal.record(begun)?;
    Ok(journal)
}

/// One object's line.
fn result_line(result: &StepResult) -> String {
    let words = step_words(&result.step);
    let said = match &result.outcome {
        Outcome::Created => format!("created    {words}  {}", duration(result.elapsed)),
        Outcome::AlreadyThere => format!("was there  {words}"),
        Outcome::Skipped(why) => format!("skipped    {words}: {why}"),
        Outcome::Failed(fault) => format!("failed     {words}: {fault}"),
    };
    clean(&said) + "\n"
}

/// One fault for all scripts that failed.
fn failure(results: &[StepResult]) -> Option<Fault> {
    let failed: Vec<&StepResult> =
        results.iter().filter(|result| result.fault().is_some()).collect();
    let first = failed.first()?;
    let what = match failed.len() {
        1 => format!("the target refused the script {}", first.file),
        number => format!("the target refused {number} scripts, the first is {}", first.file),
    };
    Some(Fault::new(ErrorCode::ScriptFailed, what).about(step_words(&first.step)))
}
