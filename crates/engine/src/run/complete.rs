//! The end of a run: everything that stands on the tables; then, offline, the ledger goes.

use super::{Migration, apply};
use crate::copy;
use crate::fault::Fault;
use crate::journal::Journal;
use crate::plan::apply::Applier;
use crate::plan::read::Plan;
use crate::probe::Point;
use crate::report::{Conclusion, ObjectReport, Report};
use crate::stage::{Event, Part, Stage};

/// The parts that come after the rows, each with its words.
const PARTS: [(Part, &str); 6] = [
    (Part::Indexes, "building indexes"),
    (Part::ForeignKeys, "adding foreign keys"),
    (Part::Routines, "creating routines"),
    (Part::Views, "creating views"),
    (Part::Triggers, "creating triggers"),
    (Part::Events, "creating events, disabled"),
];

/// What the end of the scripts is the end of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The migration.
    Finished,
    /// All that may be done before the cutover: changes are followed from here on. Triggers would change what
    /// the source's own triggers have changed already, and events belong to whoever takes writes.
    Following,
}

impl Ending {
    fn includes(self, part: Part) -> bool {
        self == Self::Finished || !matches!(part, Part::Triggers | Part::Events)
    }
}

/// Carries out the scripts that come after the rows, and finishes the migration if none is refused.
pub(super) async fn complete(
    migration: &Migration,
    ending: Ending,
    ledger_name: &str,
    plan: &Plan,
    journal: &dyn Journal,
    report: &mut Report,
) -> Result<Conclusion, Fault> {
    let applier: Applier<'_> = apply::applier(migration, plan, journal);
    for (part, words) in PARTS.into_iter().filter(|(part, _)| ending.includes(*part)) {
        migration.progress.enter(words);
        let results = applier.apply(&[part]).await?;
        // Indexes that were built while rows were copied are told of once: with the time they took.
        report.objects.retain(|known| {
            known.part != part
                || !results
                    .iter()
                    .any(|result| result.step.object == known.object && result.fault().is_some())
        });
        for result in &results {
            let told = report
                .objects
                .iter()
                .any(|known| known.part == part && known.object == result.step.object);
            if !told {
                report.objects.push(ObjectReport::from(result));
            }
        }
    }
    if !apply::all_done(report) {
        report.happened(&migration.clock, "some scripts were refused by the target");
        return Ok(Conclusion::Incomplete);
    }
    migration.probe.pass(Point::Completed);
    if ending == Ending::Following {
        if matches!(apply::stage(journal)?, Stage::Completing(_)) {
            journal.record(&Event::Following)?;
            let what =
                "everything but triggers and events is on the target: they come with the cutover";
            report.happened(&migration.clock, what);
        }
        return Ok(Conclusion::Done);
    }
    if !apply::stage(journal)?.is_finished() {
        journal.record(&Event::Finished)?;
        report.happened(&migration.clock, "everything the plan holds is on the target");
    }
    migration.probe.pass(Point::Finished);
    copy::close_ledger(&migration.target, ledger_name).await?;
    migration.progress.enter("finished");
    Ok(Conclusion::Done)
}
