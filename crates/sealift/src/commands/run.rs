//! `sealift run`: carries everything across.

use std::sync::Arc;

use sealift_engine::apply::Mode;
use sealift_engine::cutover::{TurnAsk, TurnRecord};
use sealift_engine::fault::Fault;
use sealift_engine::journal::Journal;
use sealift_engine::report::Conclusion;
use sealift_engine::run::{self, Continuous, Offline, Online};
use sealift_mysql::snapshot::LockMode;
use sealift_server::api::{Running, Service, Token};
use sealift_server::store::{Comparison, StateFolder};

use super::watch::Watch;
use super::{Answer, Context};
use crate::config::Config;

/// The record of the state folder that holds the migration's name in the target's ledger.
pub(super) const LEDGER: &str = "ledger";

/// Carry everything across: objects, rows, indexes, foreign keys, code; then follow the source's changes
///
/// Makes the plan if there is none, creates schemas and tables, and copies all rows while the application
/// writes to the source; changes are carried beside. Then it follows the source, change after change, until
/// it is stopped. Triggers and events come with the cutover. What an earlier run has done is not done again.
///
/// With --offline everything is copied from one moment of a source nobody writes to, triggers and events
/// (disabled) too, and the migration is finished with that.
#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    /// Copy the source as it is now; nobody should write to it meanwhile
    #[arg(long)]
    offline: bool,
    /// Take no lock for the snapshot: rows are of one moment only if nobody writes
    #[arg(long, requires = "offline")]
    no_lock: bool,
    /// Forget what was copied before and begin anew: loaded tables are emptied
    #[arg(long)]
    restart: bool,
    /// Show on the target only states the source had, in its order: slower while catching up
    #[arg(long, conflicts_with = "offline")]
    atomic: bool,
    /// End once the target has everything the source had when all objects were there
    #[arg(long, conflicts_with = "offline")]
    until_caught_up: bool,
}

impl RunArgs {
    /// The command as it is typed.
    pub(super) fn words(&self) -> &'static str {
        if self.offline { "run --offline" } else { "run" }
    }
}

/// Transactions that write changes to the target side by side.
const LANES: usize = 4;

pub(super) async fn run(args: &RunArgs, context: &mut Context) -> Result<Answer, Fault> {
    let ended = work(args, None, context).await?;
    Ok(Answer::new(ended, String::new()))
}

/// A turn that no run is at work for.
pub(super) struct Alone {
    pub(super) ask: TurnAsk,
}

/// Follows until the turn can be made, makes it, and follows on if the other side is live then. Tells what became
/// of it.
pub(super) async fn run_alone(
    alone: Alone,
    context: &mut Context,
) -> Result<Option<TurnRecord>, Fault> {
    let args = RunArgs {
        offline: false,
        no_lock: false,
        restart: false,
        atomic: false,
        until_caught_up: false,
    };
    work(&args, Some(alone.ask), context).await?;
    Ok(context.report.turns.last().cloned())
}

async fn work(
    args: &RunArgs,
    ask: Option<TurnAsk>,
    context: &mut Context,
) -> Result<Conclusion, Fault> {
    let RunArgs { offline, no_lock, restart, atomic, until_caught_up } = *args;
    let config = context.config()?;
    let (source, target) = context.endpoints(&config)?;
    let definers = context.definers(&config, &target)?;
    // Nobody turns what is copied once.
    let client = if offline { None } else { context.client(&config)? };
    let state = Arc::new(context.open_state(&config)?);
    let ledger_name = ledger_name(&state, context)?;
    let not_empty = config.copy.not_empty;
    let continuous = continuous(&config, context)?;
    let mut watch = Watch::show(context);
    let migration = context.migration(&config, (source, target), &watch.progress);
    let mut migration = context.making(migration, definers);
    migration.turning.client = client;
    // What becomes of it is in the report.
    let _answer = ask.map(|ask| migration.turning.desk.queue(ask));
    watch.record(&state, &migration.control);
    let running = Running {
        state: Arc::clone(&state),
        progress: watch.progress.clone(),
        control: migration.control.clone(),
        desk: migration.turning.desk.clone(),
        orders: migration.orders.clone(),
        clock: context.clock.clone(),
    };
    let journal: Arc<dyn Journal> = state;
    let begun = Service::begin(running, config.listen, Token::random(context.randomness)).await;
    let ended = match begun {
        Err(fault) => Err(fault),
        Ok(service) => {
            let ended = if offline {
                let lock = if no_lock { LockMode::NoLock } else { LockMode::Lock };
                let options = Offline { lock, not_empty, restart, ledger_name };
                run::offline(&migration, &options, &journal, &mut context.report).await
            } else {
                let mode = if atomic { Mode::Atomic } else { Mode::Lanes(LANES) };
                let options =
                    Online { not_empty, restart, ledger_name, mode, until_caught_up, continuous };
                run::online(&migration, &options, &journal, &mut context.report).await
            };
            service.finish().await;
            ended
        }
    };
    watch.finish().await;
    ended
}

/// What compares rows while changes are followed, if that is wished.
fn continuous(config: &Config, context: &Context) -> Result<Option<Continuous>, Fault> {
    let Some(rows_per_second) = config.continuous else { return Ok(None) };
    let comparison =
        Comparison::continuous(context.state(), &config.identity(), context.clock.clone())?;
    Ok(Some(Continuous { notebook: Arc::new(comparison), rows_per_second }))
}

/// The migration's name in the target's ledger, if it has one yet.
pub(super) fn known_ledger_name(state: &StateFolder) -> Result<Option<String>, Fault> {
    state.get(LEDGER)
}

/// The migration's name in the target's ledger: made up once for each state folder, so that two folders
/// never take each other's rows for their own.
pub(super) fn ledger_name(state: &StateFolder, context: &Context) -> Result<String, Fault> {
    if let Some(name) = known_ledger_name(state)? {
        return Ok(name);
    }
    let name = format!("{:016x}", (context.randomness)());
    state.put(LEDGER, &name)?;
    Ok(name)
}
