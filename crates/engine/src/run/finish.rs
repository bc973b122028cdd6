//! `sealift finish`: the end of a migration that was followed, and of everything of ours on both servers.

use super::turn_end::{End, ledger, settle};
use super::turning::turns;
use super::{Migration, apply as scripts};
use crate::cutover::{Dismantled, dismantle};
use crate::fault::{ErrorCode, Fault};
use crate::journal::Journal;
use crate::plan::read::Plan;
use crate::report::{Conclusion, Report};
use crate::stage::{Event, Stage, opposite};
use crate::{apply, copy, definition};

/// Ends the migration: the live side stays live, the other one is not kept current any more, and nothing of ours
/// stays on either.
///
/// # Errors
/// When there is nothing to end, or a server refuses. May be repeated.
pub async fn finish(
    migration: &Migration,
    name: &str,
    journal: &dyn Journal,
    report: &mut Report,
) -> Result<Conclusion, Fault> {
    settle(migration, name, journal, report).await?;
    let stage = scripts::stage(journal)?;
    let Some(memory) = stage.memory().filter(|memory| memory.following_from.is_some()) else {
        let what = "there is no migration here that is followed";
        return Err(
            Fault::new(ErrorCode::TurnRefused, what).advise("sealift run --offline ends by itself")
        );
    };
    if !stage.is_finished() && !matches!(stage, Stage::Following(_)) {
        let what = "not everything is on the target yet";
        return Err(
            Fault::new(ErrorCode::TurnRefused, what).advise("let sealift run catch up first")
        );
    }
    migration.progress.enter("finishing");
    let plan = Plan::read(&migration.folder)?;
    let end = End { migration, journal, plan: &plan, name };
    let turns = turns(journal)?;
    for side in [opposite(turns.live), turns.live] {
        let endpoint = migration.endpoint(side);
        let Dismantled { was_there, locked } = dismantle(endpoint, name, &end.names(side)).await?;
        for turn in 1..=turns.count {
            apply::close_ledger(endpoint, &ledger(name, turn)).await?;
            copy::close_ledger(endpoint, &ledger(name, turn)).await?;
            definition::close_ledger(endpoint, &ledger(name, turn)).await?;
        }
        if !locked.is_empty() {
            report.note(format!("Accounts of the {side} stay locked: {}.", locked.join(", ")));
        }
        if was_there && side != turns.live {
            report.note(format!(
                "Nothing of sealift keeps writes out of the {side} any more. A server that is read_only \
                 stays so; a MySQL 8 remembers it until RESET PERSIST read_only."
            ));
        }
    }
    copy::close_ledger(&migration.target, name).await?;
    apply::close_ledger(&migration.target, name).await?;
    definition::close_ledger(&migration.target, name).await?;
    if !stage.is_finished() {
        journal.record(&Event::Finished)?;
    }
    report.happened(
        &migration.clock,
        format!("finished: the {} is live, and {} runs have worked on it", turns.live, memory.runs),
    );
    Ok(Conclusion::Done)
}
