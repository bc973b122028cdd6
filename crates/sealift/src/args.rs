//! The command line. Its help is the documentation.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::commands::{
    accounts, assess, check, completions, copy_again, guard, plan, repair, resolve, run, status,
    steer, turn, verify,
};
use crate::log::LogFormat;

/// Carries a live MySQL or MariaDB server to Azure Database for MySQL, or to any MySQL.
///
/// A migration is described by one sealift.toml and kept in one state folder. Every command can be
/// killed at any instant and run again: it goes on where it stopped. Nothing is written to the source
/// before the cutover.
#[derive(Debug, Parser)]
#[command(name = "sealift", version, max_term_width = 80, after_help = AFTER_HELP)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// The configuration
    #[arg(long, global = true, value_name = "FILE", default_value = "sealift.toml")]
    pub(crate) config: PathBuf,
    /// The folder that keeps the migration's plan, journal and reports
    #[arg(long, global = true, value_name = "DIR", default_value = ".sealift")]
    pub(crate) state: PathBuf,
    /// Print one JSON object on standard output at the end
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// No progress, no warnings, no summary: only errors and what was asked for
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Log what is done to standard error, whatever [log] of the configuration says
    #[arg(long, global = true, value_name = "text|json", hide_possible_values = true)]
    pub(crate) log: Option<LogFormat>,
}

/// The commands, in the order a migration meets them.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Check(check::CheckArgs),
    Assess(assess::AssessArgs),
    Plan(plan::PlanArgs),
    Accounts(accounts::AccountsArgs),
    Run(run::RunArgs),
    Verify(verify::VerifyArgs),
    Repair(repair::RepairArgs),
    CopyAgain(copy_again::CopyAgainArgs),
    Resolve(resolve::ResolveArgs),
    Cutover(turn::CutoverArgs),
    Rollback(turn::RollbackArgs),
    Finish(turn::FinishArgs),
    Status(status::StatusArgs),
    Pause(steer::PauseArgs),
    Resume(steer::ResumeArgs),
    Stop(steer::StopArgs),
    Set(steer::SetArgs),
    Completions(completions::CompletionsArgs),
    #[command(hide = true)]
    Guard(guard::GuardArgs),
}

const AFTER_HELP: &str = "\
Environment:
  SEALIFT_SOURCE_PASSWORD  password of the source's account
  SEALIFT_TARGET_PASSWORD  password of the target's account
  SEALIFT_LOG              what to log on standard error, e.g. debug
  NO_COLOR                 no colours

Exit codes:
  0  done, and equal where that was asked
  1  failed; the error's code and page are printed
  2  the command line or the configuration is not valid
  3  the answer is no: differences, objects that cannot be carried, a cutover
     that was refused
  4  interrupted; the same command goes on where it stopped

Ctrl-C stops cleanly: what is under way is finished. A second one leaves at
once, which is as safe, but copies up to one chunk per worker again.";
