//! The commands, one file each: its arguments (their comments are the help) and what it does.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealift_engine::clock::Clock;
use sealift_engine::control::Control;
use sealift_engine::cutover::{Client, Keeper, Poster, TurnDesk};
use sealift_engine::fault::{ErrorCode, Fault};
use sealift_engine::order::{Order, OrderDesk};
use sealift_engine::plan::folder::Folder;
use sealift_engine::probe::Probe;
use sealift_engine::progress::Progress;
use sealift_engine::report::{Conclusion, Report};
use sealift_engine::run::{Migration, TurnTools};
use sealift_engine::stop::Stop;
use sealift_engine::target::definers::Definers;
use sealift_mysql::endpoint::Endpoint;
use sealift_server::api::{Request, call, post};
use sealift_server::store::StateFolder;
use serde_json::{Map, Value};

use crate::args::{Command, Global};
use crate::config::{Config, Surroundings};
use crate::log;
use crate::output::Output;
use crate::report;

use accounts::{AccountsArgs, AccountsDeed};
use plan::{PlanArgs, PlanDeed};

pub(crate) mod assess;
pub(crate) mod check;
pub(crate) mod plan;
pub(crate) mod accounts;
pub(crate) mod run;
pub(crate) mod status;
pub(crate) mod verify;
pub(crate) mod repair;
pub(crate) mod copy_again;
pub(crate) mod resolve;
pub(crate) mod steer;
pub(crate) mod turn;
pub(crate) mod guard;
pub(crate) mod completions;
mod watch;

/// What every command is given.
pub(crate) struct Context {
    pub(crate) global: Global,
    pub(crate) surroundings: Arc<dyn Surroundings>,
    /// Cores of this machine.
    pub(crate) cores: usize,
    pub(crate) clock: Clock,
    pub(crate) output: Output,
    pub(crate) randomness: fn() -> u64,
    pub(crate) stop: Stop,
    pub(crate) probe: Probe,
    /// What the command did; shown when it has ended, also if it failed.
    pub(crate) report: Report,
    /// Where the report is written, once the command may write there.
    pub(crate) report_folder: Option<PathBuf>,
}

impl Context {
    /// Reads the configuration and passes on its warnings.
    fn config(&self) -> Result<Config, Fault> {
        let config = Config::read(&self.global.config, self.cores, self.surroundings.as_ref())?;
        if let Some(log) = &config.log {
            log::start_as_configured(log, &self.output.screen)?;
        }
        tracing::info!(command = self.report.command, version = self.report.version, "began");
        for warning in &config.warnings {
            self.output.warn(warning);
        }
        Ok(config)
    }

    /// How to log in to source and target; passwords are found now.
    fn endpoints(&self, config: &Config) -> Result<(Endpoint, Endpoint), Fault> {
        let mut warn = |warning: String| self.output.warn(&warning);
        let source = config.source.endpoint(&self.surroundings, &mut warn)?;
        let target = config.target.endpoint(&self.surroundings, &mut warn)?;
        Ok((source, target))
    }

    /// In whose names objects are made on the target; passwords are found now.
    fn definers(&self, config: &Config, target: &Endpoint) -> Result<Option<Definers>, Fault> {
        let mut warn = |warning: String| self.output.warn(&warning);
        config.definers.find(target, &self.surroundings, &mut warn)
    }

    /// Who measures for how long the application is refused, if anyone does; the password is found now.
    fn client(&self, config: &Config) -> Result<Option<Client>, Fault> {
        let mut warn = |warning: String| self.output.warn(&warning);
        config.client.as_ref().map(|client| client.find(&self.surroundings, &mut warn)).transpose()
    }

    /// The state folder's path.
    fn state(&self) -> &Path {
        &self.global.state
    }

    /// The plan's folder.
    fn plan_folder(&self) -> Folder {
        Folder::new(self.state().join("plan"))
    }

    /// Takes the state folder of the migration the configuration describes.
    fn open_state(&mut self, config: &Config) -> Result<StateFolder, Fault> {
        let state = StateFolder::open(self.state(), &config.identity(), self.clock.clone())?;
        self.report_folder = Some(self.state().to_owned());
        Ok(state)
    }

    /// What every stage is given.
    fn migration(
        &self,
        config: &Config,
        (source, target): (Endpoint, Endpoint),
        progress: &Progress,
    ) -> Migration {
        let guards = guard::guards(self, [&source, &target], None);
        Migration {
            source,
            target,
            definers: None,
            selection: config.selection.clone(),
            policy: config.policy.clone(),
            folder: self.plan_folder(),
            workers: usize::from(config.copy.workers),
            control: Control::new(self.stop.clone(), self.clock.clone(), config.throttle),
            clock: self.clock.clone(),
            progress: progress.clone(),
            probe: self.probe.clone(),
            stop: self.stop.clone(),
            orders: OrderDesk::default(),
            turning: TurnTools {
                settings: config.cutover.clone(),
                desk: TurnDesk::default(),
                keep: self.keeper(),
                guards,
                poster: Poster::new(|address, path, body| Box::pin(post(address, path, body))),
                client: None,
            },
        }
    }

    /// A migration that makes objects in the names of their definers, where that is wished.
    fn making(&self, migration: Migration, definers: Option<Definers>) -> Migration {
        let Migration { source, target, turning, .. } = &migration;
        let guards = guard::guards(self, [source, target], definers.as_ref());
        let turning = TurnTools { guards, ..turning.clone() };
        Migration { definers, turning, ..migration }
    }

    /// Hands an order to the run that is at work. Tells whether there is one.
    async fn order(&self, order: Order) -> Result<bool, Fault> {
        match call(self.state(), Request::Order(order)).await {
            Ok(_noted) => Ok(true),
            Err(fault) if fault.code == ErrorCode::NotRunning => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    /// Writes the record of each turn into the state folder, as soon as it has ended.
    fn keeper(&self) -> Keeper {
        let (folder, output, clock) =
            (self.state().to_owned(), self.output.clone(), self.clock.clone());
        Keeper::new(move |record| {
            let command = format!("{} {}", record.ask.wish.word(), record.turn);
            let mut report = Report::begin(command, env!("CARGO_PKG_VERSION"), &clock);
            (report.begun, report.turns) = (record.begun, vec![record.clone()]);
            report.end(&clock, Ok(turn::conclusion(record)));
            // It is in the run's own report, too.
            if let Err(fault) = report::write(&report, &folder) {
                output.warn(&fault.to_string());
            }
            output.remark(&turn::sentence(record));
        })
    }
}

/// What a command that did not fail has to say.
#[derive(Debug)]
pub(crate) struct Answer {
    /// How it ended.
    pub(crate) conclusion: Conclusion,
    /// The answer for people, with colours.
    pub(crate) text: String,
    /// Keys it adds to the JSON object.
    pub(crate) keys: Map<String, Value>,
    /// Why the command failed although it has an answer.
    pub(crate) fault: Option<Fault>,
}

impl Answer {
    fn new(conclusion: Conclusion, text: String) -> Self {
        Self { conclusion, text, keys: Map::new(), fault: None }
    }

    /// The answer of a command that failed before it had one.
    pub(crate) fn nothing() -> Self {
        Self::new(Conclusion::Failed, String::new())
    }

    fn add(&mut self, key: &str, value: Value) {
        self.keys.insert(key.to_owned(), value);
    }
}

impl Command {
    /// The command as it is typed.
    pub(crate) fn words(&self) -> &'static str {
        match self {
            Self::Assess(_) => "assess",
            Self::Check(_) => "check",
            Self::Plan(PlanArgs { deed: None }) => "plan",
            Self::Plan(PlanArgs { deed: Some(PlanDeed::Apply) }) => "plan apply",
            Self::Accounts(AccountsArgs { deed: None }) => "accounts",
            Self::Accounts(AccountsArgs { deed: Some(AccountsDeed::Apply) }) => "accounts apply",
            Self::Run(args) => args.words(),
            Self::Verify(_) => "verify",
            Self::Repair(_) => "repair",
            Self::CopyAgain(_) => "copy-again",
            Self::Resolve(_) => "resolve",
            Self::Cutover(args) => args.words(),
            Self::Rollback(_) => "rollback",
            Self::Finish(_) => "finish",
            Self::Status(_) => "status",
            Self::Pause(_) => "pause",
            Self::Resume(_) => "resume",
            Self::Stop(_) => "stop",
            Self::Set(_) => "set",
            Self::Completions(_) => "completions",
            Self::Guard(_) => "guard",
        }
    }

    /// Does what the command is for.
    pub(crate) async fn execute(&self, context: &mut Context) -> Result<Answer, Fault> {
        match self {
            Self::Assess(args) => assess::assess(args, context).await,
            Self::Check(args) => check::check(args, context).await,
            Self::Plan(PlanArgs { deed: None }) => plan::plan(context).await,
            Self::Plan(PlanArgs { deed: Some(PlanDeed::Apply) }) => plan::apply(context).await,
            Self::Accounts(AccountsArgs { deed: None }) => accounts::plan(context).await,
            Self::Accounts(AccountsArgs { deed: Some(AccountsDeed::Apply) }) => {
                accounts::apply(context).await
            }
            Self::Run(args) => run::run(args, context).await,
            Self::Verify(args) => verify::verify(args, context).await,
            Self::Repair(args) => repair::repair(args, context).await,
            Self::CopyAgain(args) => copy_again::copy_again(args, context).await,
            Self::Resolve(args) => resolve::resolve(args, context).await,
            Self::Cutover(args) => turn::cutover(args, context).await,
            Self::Rollback(args) => turn::rollback(args, context).await,
            Self::Finish(args) => turn::finish(args, context).await,
            Self::Status(args) => status::status(args, context),
            Self::Pause(args) => steer::pause(args, context).await,
            Self::Resume(args) => steer::resume(args, context).await,
            Self::Stop(args) => steer::stop(args, context).await,
            Self::Set(args) => steer::set(args, context).await,
            Self::Completions(args) => completions::completions(args),
            Self::Guard(args) => guard::guard(args, context).await,
        }
    }
}
