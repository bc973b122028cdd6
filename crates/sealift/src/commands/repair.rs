//! `sealift repair`: what differs is made equal.

use std::sync::Arc;

use sealift_engine::fault::{ErrorCode, Fault};
use sealift_engine::run::{self, Repair, RepairDeed};
use sealift_engine::stage::Turns;
use sealift_server::store::{Comparison, StateFolder};

use super::verify::standing;
use super::watch::Watch;
use super::{Answer, Context};

/// Make rows of the target equal that the last verify found different
///
/// Looks at these rows again and says what it would do with them on the target: insert, update, delete.
/// Nothing is done without --yes. With it the rows are copied again, safely while sealift run follows, and
/// compared once more. Nothing is ever written to the source. Definitions that differ are left to sealift
/// plan apply. Exits 3 when something is left to do.
#[derive(Debug, clap::Args)]
pub(crate) struct RepairArgs {
    /// Do it
    #[arg(long)]
    yes: bool,
}

pub(super) async fn repair(args: &RepairArgs, context: &mut Context) -> Result<Answer, Fault> {
    let config = context.config()?;
    let (source, target) = context.endpoints(&config)?;
    refuse_turned(context)?;
    let (followed, held) = standing(context, &config)?;
    let last = Comparison::last(context.state(), &config.identity(), context.clock.clone())?;
    let comparison = last.ok_or_else(|| {
        let about = format!("state folder {}", context.state().display());
        Fault::new(ErrorCode::NothingCompared, "no verify has come to its end").about(about)
    })?;
    if let Some(begun) = comparison.gone_on_from() {
        context.report.note(format!("By the comparison begun at {begun}."));
    }
    let watch = Watch::show(context);
    let migration = context.migration(&config, (source, target), &watch.progress);
    let deed = if args.yes { RepairDeed::Do } else { RepairDeed::Show };
    let repair = Repair { followed, notebook: Arc::new(comparison), deed };
    let ended = run::repair(&migration, &repair, &mut context.report).await;
    watch.finish().await;
    drop(held);
    Ok(Answer::new(ended?, String::new()))
}

/// Once the target is live its rows are the application's: making them the source's would lose writes.
fn refuse_turned(context: &Context) -> Result<(), Fault> {
    let peek = StateFolder::peek(context.state())?;
    let turns = peek.and_then(|peek| peek.stage.memory().map(|memory| memory.turns.clone()));
    if turns.is_none_or(|turns| turns.live == Turns::default().live && turns.open.is_none()) {
        return Ok(());
    }
    let what =
        "the target is live, or a cutover was interrupted: its rows are not the source's to make";
    Err(Fault::new(ErrorCode::TurnRefused, what).advise("see sealift status"))
}
