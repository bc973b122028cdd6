//! `cargo x soak`: migrations while everything breaks, from a seed.

use std::process::ExitCode;
use std::time::Duration;

use clap::ValueEnum;
use sealift_lab::Kind;
use sealift_lab::soak::{self, SoakOptions};
use sealift_lab::workload;
use sealift_lab::workload::churn::Definition;

use crate::build;

/// How long one of the migrations is disturbed.
const STORM: Duration = Duration::from_secs(45);

/// Options of `cargo x soak`.
#[derive(clap::Args)]
pub(crate) struct SoakArgs {
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
}

/// Sources a soak can have.
#[derive(Clone, Copy, ValueEnum)]
enum SoakSource {
    Mysql,
    /// MariaDB 10.11
    Mariadb,
    #[value(name = "mariadb-11.8")]
    MariaDb11_8,
}

pub(crate) fn run(args: &SoakArgs) -> ExitCode {
    match soak(args) {
        Ok(tally) => {
            println!("{tally}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn soak(args: &SoakArgs) -> Result<soak::Tally, String> {
    let SoakArgs { minutes, seed, source, no_ddl } = *args;
    let seed = seed.unwrap_or_else(workload::seed);
    println!("seed {seed}; sealift is built with the checks of a debug build");
    soak::soak(&SoakOptions {
        sealift: build::checked_sealift()?,
        source: match source {
            SoakSource::Mysql => Kind::MySql,
            SoakSource::Mariadb => Kind::MariaDb10_11,
            SoakSource::MariaDb11_8 => Kind::MariaDb11_8,
        },
        seed,
        length: Duration::from_secs(60 * minutes),
        storm: STORM,
        typed_tables: None,
        definitions: if no_ddl { Vec::new() } else { Definition::OUTSIDE.to_vec() },
        keep: soak::keeping_place(&build::target_folder()),
    })
}
