//! The end of a run: everything that stands on the tables, then the ledger goes.

use super::offline::Offline;
use super::{Migration, apply};
use crate::copy;
use crate::fault::Fault;
use crate::journal::Journal;
use crate::plan::apply::Applier;
use crate::plan::read::Plan;
use crate::probe::Point;
use crate::report::{Conclusion, ObjectReport, Report};
use crate::stage::{Event, Part};

/// The parts that come after the rows, each with its words.
const PARTS: [(Part, &str); 6] = [
    (Part::Indexes, "building indexes"),
    (Part::ForeignKeys, "adding foreign keys"),
    (Part::Routines, "creating routines"),
    (Part::Views, "creating views"),
    (Part::Triggers, "creating triggers"),
    (Part::Events, "creating events, disabled"),
];

/// Carries out the scripts that come after the rows, and finishes the migration if none is refused.
pub(super) async fn complete(
    migration: &Migration,
    offline: &Offline,
    plan: &Plan,
    journal: &dyn Journal,
    report: &mut Report,
) -> Result<Conclusion, Fault> {
    let applier: Applier<'_> = apply::applier(migration, plan, journal);
    for (part, words) in PARTS {
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
    if !apply::stage(journal)?.is_finished() {
        journal.record(&Event::Finished)?;
        report.happened(&migration.clock, "everything the plan holds is on the target");
    }
    migration.probe.pass(Point::Finished);
    copy::close_ledger(&migration.target, &offline.ledger_name).await?;
    migration.progress.enter("finished");
    Ok(Conclusion::Done)
}
