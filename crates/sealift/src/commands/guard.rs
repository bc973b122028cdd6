//! `sealift guard`: a process that ends a turn when the one that makes it dies. Nobody types it.

use std::io::Read;
use std::process::Stdio;
use std::sync::Arc;

use sealift_engine::cutover::{Guard, Guards};
use sealift_engine::fault::{ErrorCode, Fault};
use sealift_engine::journal::Journal;
use sealift_engine::probe::Point;
use sealift_engine::report::Conclusion;
use sealift_engine::run;
use sealift_engine::target::definers::{self, Definers};
use sealift_engine::target::pause::pause;
use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::password::Password;
use secrecy::ExposeSecret;
use tokio::process::{Child, Command};

use super::run::ledger_name;
use super::watch::Watch;
use super::{Answer, Context};
use crate::config::password_variable;

/// End the turn of the process that began this one, when that dies
#[derive(Debug, clap::Args)]
pub(crate) struct GuardArgs {}

/// Times the folder is asked for: it is free as soon as the dead process is gone, or somebody else ends the turn.
const TRIES_MAX: u32 = 8;

/// Waits until standard input ends, which is when whoever holds its other end has died, and ends what was left.
pub(super) async fn guard(args: &GuardArgs, context: &mut Context) -> Result<Answer, Fault> {
    let GuardArgs {} = args;
    let config = context.config()?;
    let (source, target) = context.endpoints(&config)?;
    let definers = context.definers(&config, &target)?;
    let watched = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    let ended = watched
        .await
        .map_err(|panic| Fault::new(ErrorCode::Internal, "watch over a turn").because(panic))?;
    ended.map_err(|error| Fault::new(ErrorCode::Internal, "watch over a turn").because(error))?;
    context.probe.pass(Point::GuardWoken);
    let mut tries = 0;
    let state = loop {
        match context.open_state(&config) {
            Err(fault) if fault.code == ErrorCode::StateLocked && tries < TRIES_MAX => {
                tries += 1;
                pause(tries).await;
            }
            opened => break Arc::new(opened?),
        }
    };
    // What the run itself has done is in its own report.
    context.report_folder = None;
    let name = ledger_name(&state, context)?;
    let mut watch = Watch::show(context);
    let migration = context.migration(&config, (source, target), &watch.progress);
    let migration = context.making(migration, definers);
    watch.record(&state, &migration.control);
    let journal: Arc<dyn Journal> = state;
    let settled = run::settle(&migration, &name, journal.as_ref(), &mut context.report).await;
    watch.finish().await;
    settled.map(|()| Answer::new(Conclusion::Done, String::new()))
}

/// A guard at its post: it waits for the end of its standard input, which we hold.
struct Posted(Child);

impl Guard for Posted {
    fn dismiss(mut self: Box<Self>) {
        if let Err(error) = self.0.start_kill() {
            tracing::debug!(%error, "the guard had gone");
        }
    }
}

/// Posts guards that do what the next command would do.
pub(super) fn guards(
    context: &Context,
    endpoints: [&Endpoint; 2],
    definers: Option<&Definers>,
) -> Guards {
    let (config, state) = (context.global.config.clone(), context.global.state.clone());
    let ours = endpoints
        .map(|endpoint| (password_variable(endpoint.side).to_owned(), endpoint.password.clone()));
    let theirs = definers.into_iter().flat_map(Definers::passwords);
    let theirs =
        theirs.map(|(user, password)| (definers::password_variable(user), password.clone()));
    // What a file or a command gives it asks for itself.
    let typed = |(_, password): &(String, Password)| !password.is_renewable();
    let passwords: Vec<(String, Password)> = ours.into_iter().chain(theirs).filter(typed).collect();
    Guards::new(move || {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut guard = Command::new(program);
        guard.arg("--config").arg(&config).arg("--state").arg(&state).args(["--quiet", "guard"]);
        guard.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // What a person has typed nobody types again.
        for (variable, password) in &passwords {
            guard.env(variable, password.current().expose_secret());
        }
        // Ctrl-C is for us alone.
        guard.process_group(0);
        let posted = guard.spawn().map_err(|error| error.to_string())?;
        Ok(Box::new(Posted(posted)) as Box<dyn Guard>)
    })
}
