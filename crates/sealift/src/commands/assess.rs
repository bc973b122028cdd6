//! `sealift assess`: what will break, before anything is touched.

use sealift_engine::fault::{ErrorCode, Fault};
use sealift_engine::report::Conclusion;
use sealift_engine::run::{self, AssessOrder, AssessTarget};
use sealift_schema::rule::platform::Profile;
use serde_json::json;

use super::watch::Watch;
use super::{Answer, Context};
use crate::assessment::terminal::{Extent, told};
use crate::config::{AssessConfig, TargetNeed};
use crate::log;

/// Say what will break, object by object, with the fix, before anything is touched
///
/// Reads definitions, settings and statistics of both servers, no rows, and writes nothing anywhere.
/// Needs no privilege it does not have: what it may not see it names, with the GRANT that would allow
/// it. Exits 3 when something stops the migration.
#[derive(Debug, clap::Args)]
pub(crate) struct AssessArgs {
    /// Assess against a new server of this kind instead of the target: azure-8.0, azure-8.4,
    /// mysql-8.0, mysql-8.4 or mysql-9.x
    #[arg(long, value_name = "KIND")]
    target_profile: Option<String>,
    /// Print every check, every object and the statements behind them
    #[arg(long)]
    all: bool,
}

pub(super) async fn assess(args: &AssessArgs, context: &mut Context) -> Result<Answer, Fault> {
    let AssessArgs { target_profile, all } = args;
    let profile: Option<Profile> = match target_profile {
        None => None,
        Some(name) => Some(name.parse().map_err(
            |error: sealift_schema::rule::platform::UnknownProfile| {
                Fault::new(ErrorCode::UsageInvalid, error.to_string())
                    .advise("name one of them with --target-profile")
            },
        )?),
    };
    let watch = Watch::show(context);
    let assessed = run::assess(&order(profile, context, &watch)?).await;
    watch.finish().await;
    let assessment = assessed?;
    let conclusion =
        if assessment.is_blocked() { Conclusion::Incomplete } else { Conclusion::Done };
    let extent = if *all { Extent::All } else { Extent::Short };
    let mut answer =
        Answer::new(conclusion, told(&assessment, extent, context.output.prose_width()));
    answer.add("assessment", json!(assessment));
    Ok(answer)
}

fn order(profile: Option<Profile>, context: &Context, watch: &Watch) -> Result<AssessOrder, Fault> {
    let need = if profile.is_some() { TargetNeed::Profile } else { TargetNeed::Server };
    let surroundings = &context.surroundings;
    let file = &context.global.config;
    let config = AssessConfig::read(file, context.cores, need, surroundings.as_ref())?;
    let AssessConfig { source, target, selection, policy, workers, accept, log, warnings } = config;
    if let Some(log) = &log {
        log::start_as_configured(log, &context.output.screen)?;
    }
    for warning in &warnings {
        context.output.warn(warning);
    }
    let mut warn = |warning: String| context.output.warn(&warning);
    let source = source.endpoint(surroundings, &mut warn)?;
    let target = match (profile, target) {
        (Some(profile), _) => AssessTarget::Profile(profile),
        (None, Some(target)) => {
            AssessTarget::Server(Box::new(target.endpoint(surroundings, &mut warn)?))
        }
        (None, None) => {
            return Err(Fault::new(ErrorCode::Internal, "neither a target nor a profile"));
        }
    };
    Ok(AssessOrder {
        source,
        target,
        selection,
        policy,
        accepted: accept,
        workers: usize::from(workers),
        clock: context.clock.clone(),
        progress: watch.progress.clone(),
    })
}
