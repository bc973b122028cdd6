//! `sealift run`: carries everything across.

use std::sync::Arc;

use sealift_engine::fault::{ErrorCode, Fault};
use sealift_engine::journal::Journal;
use sealift_engine::run::{self, Offline};
use sealift_mysql::snapshot::LockMode;
use sealift_server::store::StateFolder;

use super::watch::Watch;
use super::{Answer, Context};

/// The record of the state folder that holds the migration's name in the target's ledger.
const LEDGER: &str = "ledger";

/// Carry everything across: objects, rows, indexes, foreign keys, code
///
/// Makes the plan if there is none, creates schemas and tables, copies all rows from one moment of the
/// source, then builds indexes, foreign keys, routines, views, triggers and events (disabled). What an
/// earlier run has done is not done again.
#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    /// Copy the source as it is now; nobody should write to it meanwhile
    #[arg(long)]
    offline: bool,
    /// Take no lock for the snapshot: rows are of one moment only if nobody writes
    #[arg(long, requires = "offline")]
    no_lock: bool,
    /// Forget what was copied before and begin anew: loaded tables are emptied
    #[arg(long, requires = "offline")]
    restart: bool,
}

pub(super) async fn run(args: &RunArgs, context: &mut Context) -> Result<Answer, Fault> {
    let RunArgs { offline, no_lock, restart } = *args;
    if !offline {
        let what = "this version of sealift runs offline migrations only";
        return Err(Fault::new(ErrorCode::UsageInvalid, what)
            .advise("say sealift run --offline, and let nobody write to the source meanwhile"));
    }
    let config = context.config()?;
    let (source, target) = context.endpoints(&config)?;
    let state = Arc::new(context.open_state(&config)?);
    let options = Offline {
        lock: if no_lock { LockMode::NoLock } else { LockMode::Lock },
        not_empty: config.copy.not_empty,
        restart,
        ledger_name: ledger_name(&state, context)?,
    };
    let watch = Watch::record(context, &state);
    let migration = context.migration(&config, (source, target), &watch.progress);
    let journal: Arc<dyn Journal> = state;
    let ended = run::offline(&migration, &options, &journal, &mut context.report).await;
    watch.finish().await;
    Ok(Answer::new(ended?, String::new()))
}

/// The migration's name in the target's ledger: made up once for each state folder, so that two folders
/// never take each other's rows for their own.
fn ledger_name(state: &StateFolder, context: &Context) -> Result<String, Fault> {
    if let Some(name) = state.get(LEDGER)? {
        return Ok(name);
    }
    let name = format!("{:016x}", (context.randomness)());
    state.put(LEDGER, &name)?;
    Ok(name)
}
