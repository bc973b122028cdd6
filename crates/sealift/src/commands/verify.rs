//! `sealift verify`: is it the same on both sides.

use sealift_engine::fault::Fault;
use sealift_engine::run;

use super::watch::Watch;
use super::{Answer, Context};

/// Compare both sides row by row and name what differs
///
/// Both servers compute checksums of chunks of rows; where these differ, the differing rows' keys are
/// named. Nothing is changed on either side. Exits 3 when there is a difference.
#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {}

pub(super) async fn verify(_args: &VerifyArgs, context: &mut Context) -> Result<Answer, Fault> {
    let config = context.config()?;
    let (source, target) = context.endpoints(&config)?;
    let _locked = context.open_state(&config)?;
    let watch = Watch::show(context);
    let migration = context.migration(&config, (source, target), &watch.progress);
    let ended = run::verify(&migration, &mut context.report).await;
    watch.finish().await;
    Ok(Answer::new(ended?, String::new()))
}
