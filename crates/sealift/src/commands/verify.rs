//! `sealift verify`: is it the same on both sides.

use std::sync::Arc;

use sealift_engine::fault::Fault;
use sealift_engine::run::{self, Followed, Verify};
use sealift_server::store::{Before, Comparison, StateFolder};

use super::run::LEDGER;
use super::watch::Watch;
use super::{Answer, Context};
use crate::config::Config;

/// Compare both sides row by row and name what differs
///
/// Both servers compute checksums of chunks of rows; where these differ, the differing rows' keys are
/// named. Nothing is changed on either side. Works while the application writes and sealift run follows:
/// rows that are only on their way are looked at again until they are equal, really different or said to be
/// still moving. Exits 3 when there is a difference, or rows that are not known to be equal.
///
/// One that was interrupted goes on where it stopped.
#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// Compare everything, also what an interrupted comparison has compared before
    #[arg(long)]
    restart: bool,
}

pub(super) async fn verify(args: &VerifyArgs, context: &mut Context) -> Result<Answer, Fault> {
    let config = context.config()?;
    let (source, target) = context.endpoints(&config)?;
    let (followed, held) = standing(context, &config)?;
    let before = if args.restart { Before::Forgotten } else { Before::GoneOnWith };
    let comparison =
        Comparison::open(context.state(), &config.identity(), context.clock.clone(), before)?;
    let comparison = Arc::new(comparison);
    if let Some(begun) = comparison.gone_on_from() {
        context.report.note(format!(
            "Goes on with the comparison begun at {begun}; --restart compares everything anew."
        ));
    }
    let watch = Watch::show(context);
    let migration = context.migration(&config, (source, target), &watch.progress);
    let verify = Verify {
        followed,
        notebook: Arc::<Comparison>::clone(&comparison),
        accounts: config.accounts.clone(),
    };
    let ended = run::verify(&migration, &verify, &mut context.report).await;
    watch.finish().await;
    let conclusion = ended?;
    comparison.finish()?;
    drop(held);
    Ok(Answer::new(conclusion, String::new()))
}

/// What of the migration matters for a comparison. A run may be at work on it, so its folder is not held;
/// only when there is no plan yet, for then one is made.
pub(super) fn standing(
    context: &mut Context,
    config: &Config,
) -> Result<(Option<Followed>, Option<StateFolder>), Fault> {
    let has_plan = context.plan_folder().manifest()?.is_some();
    let visit = StateFolder::visit(context.state(), &config.identity())?;
    let Some(visit) = visit.filter(|_visit| has_plan) else {
        return Ok((None, Some(context.open_state(config)?)));
    };
    context.report_folder = Some(context.state().to_owned());
    let ledger_name: Option<String> = visit.get(LEDGER)?;
    let stage = visit.stage()?;
    let followed = match ledger_name {
        Some(name) => Followed::of(&stage, &name)?,
        None => None,
    };
    Ok((followed, None))
}
