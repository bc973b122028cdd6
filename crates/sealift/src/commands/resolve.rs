//! `sealift resolve`: what becomes of an object that is held, or of a statement nobody knows.

use std::path::{Path, PathBuf};

use sealift_engine::fault::{ErrorCode, Fault};
use sealift_engine::order::{Order, Resolution};
use sealift_engine::report::Conclusion;
use sealift_engine::run;
use sealift_engine::stage::Choice;
use sealift_schema::sql::split_path;

use super::{Answer, Context};

/// Say what becomes of a view, routine or schema that is held, or of a statement that stopped the run
///
/// sealift status names what is held: a statement about it could not be carried. The run that is at work, or the
/// next, does what is said here. Without an option it makes the object as the plan's script says; a schema that is gone from the
/// source is removed from the target. A statement of an unknown kind can only be let pass, with --skip.
#[derive(Debug, clap::Args)]
pub(crate) struct ResolveArgs {
    /// The object by its name on the source (shop.totals, or shop for the schema), or the transaction of the
    /// statement as the run printed it
    #[arg(value_name = "OBJECT")]
    object: String,
    /// Leave the target as it is, and go on without it
    #[arg(long, conflicts_with = "script")]
    skip: bool,
    /// Make it by this SQL, which becomes its script in the plan
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
}

pub(super) async fn resolve(args: &ResolveArgs, context: &mut Context) -> Result<Answer, Fault> {
    let ResolveArgs { object, skip, script } = args;
    let choice = match (skip, script) {
        (true, _) => Choice::Skip,
        (false, None) => Choice::Again,
        (false, Some(file)) => Choice::Script(read(file)?),
    };
    let config = context.config()?;
    let resolution = Resolution { name: object.clone(), path: split_path(object), choice };
    let text = if context.order(Order::Resolve(resolution.clone())).await? {
        format!("{object}: noted, the run that is at work does it\n")
    } else {
        let state = context.open_state(&config)?;
        let what = run::resolve(&state, &resolution)?;
        format!("{what}: noted, the next sealift run does it\n")
    };
    Ok(Answer::new(Conclusion::Done, text))
}

fn read(file: &Path) -> Result<String, Fault> {
    std::fs::read_to_string(file).map_err(|error| {
        Fault::new(ErrorCode::UsageInvalid, "read the script").about(file.display()).because(error)
    })
}
