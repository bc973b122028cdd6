//! `sealift assess`: what will break, before anything is touched.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use sealift_engine::fault::{ErrorCode, Fault};
use sealift_engine::report::Conclusion;
use sealift_engine::run::{self, AssessOrder, AssessTarget, Measures};
use sealift_schema::rule::Assessment;
use sealift_schema::rule::platform::Profile;
use sealift_schema::rule::sku::Sku;
use serde_json::json;

use super::watch::Watch;
use super::{Answer, Context};
use crate::assessment::baseline::{self, Changes, Told};
use crate::assessment::terminal::{Extent, told};
use crate::assessment::{fix_script, html};
use crate::config::{AssessConfig, TargetNeed};
use crate::log;
use crate::output::text::clean;

/// Say what will break, object by object, with the fix, before anything is touched
///
/// Reads definitions, settings and statistics of both servers; rows only with --scan, and writes only with
/// --probe.
/// Needs no privilege it does not have: what it may not see it names, with the GRANT that would allow
/// it. Exits 3 when something stops the migration.
#[derive(Debug, clap::Args)]
pub(crate) struct AssessArgs {
    /// Assess against a new server of this kind instead of the target: azure-8.0, azure-8.4,
    /// mysql-8.0, mysql-8.4 or mysql-9.x
    #[arg(long, value_name = "KIND")]
    target_profile: Option<String>,
    /// The size an Azure target has or will have, as Standard_D4ds_v4: says how many connections it takes
    #[arg(long, value_name = "SIZE")]
    target_sku: Option<String>,
    /// Read samples of rows, too: at most 20,000 rows or 64 MiB of a table, five seconds each, five
    /// minutes in all
    #[arg(long)]
    scan: bool,
    /// Let the source check its tables (CHECK TABLE … QUICK) up to 1 GiB each. A server may end itself
    /// when it meets a damaged page
    #[arg(long)]
    check_tables: bool,
    /// Measure how fast rows are copied and changes applied: a few seconds each, in a scratch schema
    /// sealift_probe of the target that is removed again
    #[arg(long, conflicts_with = "target_profile")]
    probe: bool,
    /// Print every check, every object and the statements behind them
    #[arg(long)]
    all: bool,
    /// Write the report as one HTML file, too
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// An earlier assess --json: say what is new, what is gone, and what is accepted since
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write the fixes into a new folder: scripts by who must run them, safe ones apart, with the way
    /// back
    #[arg(long, value_name = "DIR")]
    fix_script: Option<PathBuf>,
}

pub(super) async fn assess(args: &AssessArgs, context: &mut Context) -> Result<Answer, Fault> {
    let AssessArgs {
        target_profile,
        target_sku,
        scan,
        check_tables,
        probe,
        all,
        html,
        baseline,
        fix_script,
    } = args;
    let measures = Measures { scan: *scan, check_tables: *check_tables, probe: *probe };
    let advice = "name one of them with --target-profile";
    let profile: Option<Profile> = named(target_profile.as_deref(), advice)?;
    let advice = "name it as Azure does with --target-sku";
    let sku: Option<Sku> = named(target_sku.as_deref(), advice)?;
    let before = baseline.as_deref().map(baseline::read).transpose()?;
    let watch = Watch::show(context);
    let assessed =
        run::assess(&AssessOrder { sku, ..order(profile, measures, context, &watch)? }).await;
    watch.finish().await;
    let assessment = assessed?;
    let changes = before.map(|before| baseline::changes(&before, &assessment));
    let extent = if *all { Extent::All } else { Extent::Short };
    let mut text = told(&assessment, extent, context.output.prose_width());
    if let Some(changes) = &changes {
        text += &since(changes);
    }
    if let Some(file) = html {
        write_page(file, &assessment, changes.as_ref())?;
        text += &format!("\nreport: {}\n", file.display());
    }
    if let Some(folder) = fix_script {
        for path in fix_script::write(&assessment, folder)? {
            text += &format!("fixes: {}\n", path.display());
        }
    }
    let conclusion =
        if assessment.is_blocked() { Conclusion::Incomplete } else { Conclusion::Done };
    let mut answer = Answer::new(conclusion, text);
    answer.add("assessment", json!(assessment));
    if let Some(changes) = changes {
        answer.add("changes", json!(changes));
    }
    Ok(answer)
}

/// What an option names.
fn named<T>(name: Option<&str>, advice: &str) -> Result<Option<T>, Fault>
where
    T: FromStr<Err: std::fmt::Display>,
{
    let read = name.map(|name| {
        let unknown = |error: T::Err| Fault::new(ErrorCode::UsageInvalid, error.to_string());
        name.parse().map_err(|error| unknown(error).advise(advice))
    });
    read.transpose()
}

fn write_page(file: &Path, told: &Assessment, changes: Option<&Changes>) -> Result<(), Fault> {
    let failed = |cause: Box<dyn std::error::Error + Send + Sync>| {
        Fault::new(ErrorCode::UsageInvalid, "write the report")
            .about(format!("file {}", file.display()))
            .because(cause)
            .advise("name a file that can be written with --html")
    };
    let page = html::render(told, changes).map_err(|error| failed(error.into()))?;
    std::fs::write(file, page).map_err(|error| failed(error.into()))
}

/// What has changed since the baseline, a line each.
fn since(changes: &Changes) -> String {
    let Changes { new, gone, accepted } = changes;
    let mut text = format!(
        "\nsince the baseline: {} new, {} gone, {} accepted\n",
        new.len(),
        gone.len(),
        accepted.len()
    );
    for (word, told) in [("new", new), ("gone", gone), ("accepted", accepted)] {
        for Told { id, object, .. } in told {
            text += &clean(&format!("  {word:<9}  {id}: {object}"));
            text.push('\n');
        }
    }
    text
}

fn order(
    profile: Option<Profile>,
    measures: Measures,
    context: &Context,
    watch: &Watch,
) -> Result<AssessOrder, Fault> {
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
        sku: None,
        selection,
        policy,
        accepted: accept,
        measures,
        workers: usize::from(workers),
        clock: context.clock.clone(),
        stop: context.stop.clone(),
        progress: watch.progress.clone(),
    })
}
