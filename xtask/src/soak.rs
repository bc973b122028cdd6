//! `cargo x soak`: migrations while everything breaks, from a seed; `cargo x soak cutover`: turns, again and again.

use std::process::ExitCode;
use std::time::Duration;

use clap::ValueEnum;
use sealift_lab::soak::{self, SoakOptions, TurnsOptions};
use sealift_lab::workload;
use sealift_lab::workload::churn::Definition;
use sealift_lab::{Kind, Options};

use crate::build;

/// How long one of the migrations is disturbed.
const STORM: Duration = Duration::from_secs(45);

/// Options of `cargo x soak`.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct SoakArgs {
    #[command(subcommand)]
    what: Option<Other>,
    /// Begin migrations for so long; the last one is brought to its end
    #[arg(long, default_value_t = 5)]
    minutes: u64,
    /// Draw everything from this seed [default: another one each time]
    #[arg(long)]
    seed: Option<u64>,
    /// What the source is
    #[arg(long, value_enum, default_value_t = SoakSource::Mysql)]
    source: SoakSource,
    /// Change no definitions meanwhile
    #[arg(long)]
    no_ddl: bool,
    /// Cut over and roll back as well, amid the same
    #[arg(long)]
    turns: bool,
}

/// What else can be done for long.
#[derive(clap::Subcommand)]
enum Other {
    /// Cut over and roll back again and again under an application that keeps a ledger
    Cutover {
        /// Turns: a cutover, a rollback, a cutover and so on
        #[arg(long, default_value_t = 100)]
        turns: u32,
        /// Clients of the application
        #[arg(long, default_value_t = 4)]
        clients: usize,
    },
}

/// Sources a soak can have.
#[derive(Clone, Copy, ValueEnum)]
enum SoakSource {
    Mysql,
    #[value(name = "mysql-5.6")]
    Mysql5_6,
    /// MariaDB 10.11
    Mariadb,
    #[value(name = "mariadb-11.8")]
    MariaDb11_8,
}

pub(crate) fn run(args: &SoakArgs) -> ExitCode {
    let said = match &args.what {
        None => soak(args).map(|tally| tally.to_string()),
        Some(Other::Cutover { turns, clients }) => cutover(*turns, *clients),
    };
    match said {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn soak(args: &SoakArgs) -> Result<soak::Tally, String> {
    let SoakArgs { what: _, minutes, seed, source, no_ddl, turns } = *args;
    let seed = seed.unwrap_or_else(workload::seed);
    println!("seed {seed}; sealift is built with the checks of a debug build");
    soak::soak(&SoakOptions {
        sealift: build::checked_sealift()?,
        source: match source {
            SoakSource::Mysql => Kind::MySql,
            SoakSource::Mysql5_6 => Kind::MySql5_6,
            SoakSource::Mariadb => Kind::MariaDb10_11,
            SoakSource::MariaDb11_8 => Kind::MariaDb11_8,
        },
        seed,
        length: Duration::from_secs(60 * minutes),
        storm: STORM,
        typed_tables: None,
        turns,
        definitions: if no_ddl { Vec::new() } else { Definition::all() },
        keep: soak::keeping_place(&build::target_folder()),
    })
}

fn cutover(turns: u32, clients: usize) -> Result<String, String> {
    let tally = soak::turns(&TurnsOptions {
        sealift: build::sealift()?,
        source: Options::mysql().durable(),
        target: Options::azure_target().durable(),
        turns,
        clients,
        rest: Duration::ZERO,
    })?;
    Ok(tally.to_string())
}
