//! `cargo x lab up`: two test servers to try things on, until Enter or Ctrl-C.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use sealift_lab::up::{self, UpOptions};
use sealift_lab::{Kind, Options, Pair};

/// Test servers to try things on.
#[derive(Subcommand)]
pub(crate) enum Lab {
    /// Starts a source and an Azure-like target, says how to reach them, ends them at Enter or Ctrl-C
    Up(UpArgs),
}

#[derive(clap::Args)]
pub(crate) struct UpArgs {
    /// What the source is
    #[arg(long, value_enum, default_value_t = SourceKind::Mysql)]
    source: SourceKind,
    /// Give the source a shop with this many orders
    #[arg(long, value_name = "N")]
    orders: Option<u64>,
    /// A script to run on the source first
    #[arg(long, value_name = "FILE.sql")]
    script: Option<PathBuf>,
}

/// Servers the lab can be asked for.
#[derive(Clone, Copy, ValueEnum)]
enum SourceKind {
    Mysql,
    #[value(name = "mysql-5.6")]
    Mysql5_6,
    #[value(name = "mariadb-10.11")]
    MariaDb10_11,
    #[value(name = "mariadb-11.8")]
    MariaDb11_8,
}

impl Lab {
    pub(crate) fn run(self) -> ExitCode {
        let Self::Up(args) = self;
        match start(&args) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        }
    }
}

fn start(UpArgs { source, orders, script }: &UpArgs) -> Result<(), Box<dyn std::error::Error>> {
    let script = script.as_ref().map(fs::read).transpose()?;
    let kind = match source {
        SourceKind::Mysql => Kind::MySql,
        SourceKind::Mysql5_6 => Kind::MySql5_6,
        SourceKind::MariaDb10_11 => Kind::MariaDb10_11,
        SourceKind::MariaDb11_8 => Kind::MariaDb11_8,
    };
    let source = Options::source(kind);
    let pair = up::up(UpOptions { source, orders: *orders, ..UpOptions::default() })?;
    if let Some(script) = script {
        pair.source.try_sql(script)?;
    }
    println!(
        "{}\n# sealift.toml\n{}\n{}",
        up::how_to_connect(&pair),
        pair.configuration(),
        passwords(&pair)
    );
    println!("Both servers end with Enter or Ctrl-C.");
    io::stdin().read_line(&mut String::new())?;
    Ok(())
}

fn passwords(Pair { source, target }: &Pair) -> String {
    format!(
        "# shell\nexport SEALIFT_SOURCE_PASSWORD={}\nexport SEALIFT_TARGET_PASSWORD={}\n",
        source.account().password,
        target.account().password,
    )
}
