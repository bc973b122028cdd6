//! Catching up on the same binary log: sealift beside MySQL's own replica.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use sealift_lab::{Options, Server};

use super::contender::configuration;
use super::sysbench::{self, SCHEMA};
use super::{measure, replica};
use crate::build;

/// Options of `cargo x bench sync`.
#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    /// Transactions of sysbench's oltp_write_only to catch up on
    #[arg(long, default_value_t = 200_000)]
    transactions: u64,
    /// Rows in each of the 8 tables
    #[arg(long, default_value_t = 500_000)]
    rows: u64,
    /// Who catches up (repeatable) [default: all]
    #[arg(long = "only", value_enum)]
    only: Vec<Follower>,
}

/// Who catches up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Follower {
    /// sealift run
    Sealift,
    /// sealift run --atomic
    SealiftAtomic,
    /// MySQL's replica with one worker
    Replica1,
    /// MySQL's replica with 4 workers, its default
    Replica4,
    /// MySQL's replica with 16 workers
    Replica16,
}

impl Follower {
    const ALL: [Self; 5] =
        [Self::Sealift, Self::SealiftAtomic, Self::Replica4, Self::Replica16, Self::Replica1];

    fn word(self) -> &'static str {
        match self {
            Self::Sealift => "sealift run",
            Self::SealiftAtomic => "sealift run --atomic",
            Self::Replica1 => "replica, 1 worker",
            Self::Replica4 => "replica, 4 workers",
            Self::Replica16 => "replica, 16 workers",
        }
    }

    /// The replica's workers; `None` for us.
    fn workers(self) -> Option<u32> {
        match self {
            Self::Sealift | Self::SealiftAtomic => None,
            Self::Replica1 => Some(1),
            Self::Replica4 => Some(4),
            Self::Replica16 => Some(16),
        }
    }
}

/// One follower with its server.
struct Place {
    follower: Follower,
    server: Server,
    folder: PathBuf,
}

/// Measures how fast each follower catches up.
pub(crate) fn run(args: &SyncArgs) -> Result<(), String> {
    let followers = if args.only.is_empty() { Follower::ALL.to_vec() } else { args.only.clone() };
    let sealift = build::sealift()?;
    let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
    let big = |options: Options| options.durable().buffer_pool_mib(3072).redo_mib(2048);
    let source = Server::start(big(Options::mysql())).map_err(|error| error.to_string())?;
    source.sql(format!("CREATE DATABASE {SCHEMA}"));
    replica::allow(&source)?;
    let sysbench = |more: &[&str]| sysbench::run(&source, args.rows, more);
    sysbench(&["prepare"])?;
    let mut places = Vec::new();
    for (number, follower) in followers.into_iter().enumerate() {
        let mut place = place(follower, number, big, scratch.path())?;
        begin(&place, &source, &sealift)?;
        place.server.stop();
        places.push(place);
    }
    let before = Instant::now();
    let events = format!("--events={}", args.transactions);
    sysbench(&["--threads=8", &events, "--time=0", "run"])?;
    let rate = args.transactions as f64 / before.elapsed().as_secs_f64();
    println!("the source made {} transactions at {rate:.0}/s", args.transactions);
    let mut results = Vec::new();
    for place in &mut places {
        place.server.start_again().map_err(|error| error.to_string())?;
        let took = catch_up(place, &source, &sealift)?;
        sysbench::same(&source, &place.server)?;
        place.server.stop();
        eprintln!("{:8.2} s  {}", took.as_secs_f64(), place.follower.word());
        results.push((place.follower, took));
    }
    print_table(args.transactions, &results);
    Ok(())
}

fn place(
    follower: Follower,
    number: usize,
    big: impl Fn(Options) -> Options,
    scratch: &Path,
) -> Result<Place, String> {
    let options = match follower.workers() {
        None => big(Options::azure_target()),
        Some(workers) => big(Options::mysql())
            .arg(format!("--replica-parallel-workers={workers}"))
            .arg("--skip-replica-start"),
    };
    let options = options.arg(format!("--server-id={}", 100 + number));
    let server = Server::start(options).map_err(|error| error.to_string())?;
    let folder = scratch.join(number.to_string());
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    Ok(Place { follower, server, folder })
}

/// Brings a follower to where the source is before the measured transactions.
fn begin(place: &Place, source: &Server, sealift: &Path) -> Result<(), String> {
    if place.follower.workers().is_some() {
        replica::attach(&place.server, source)?;
    }
    catch_up(place, source, sealift).map(|_took| ())
}

/// How long a follower takes until it has all the source has.
fn catch_up(place: &Place, source: &Server, sealift: &Path) -> Result<Duration, String> {
    let begun = Instant::now();
    match place.follower.workers() {
        Some(_) => {
            replica::start(&place.server)?;
            replica::level(&place.server, source)?;
            place.server.try_sql("STOP REPLICA")?;
        }
        None => {
            let pair = (source, &place.server);
            let mut command = configuration(sealift, &place.folder, pair, SCHEMA)?;
            command.args(["--quiet", "run", "--until-caught-up"]);
            if place.follower == Follower::SealiftAtomic {
                command.arg("--atomic");
            }
            measure::run(command)?;
        }
    }
    Ok(begun.elapsed())
}

fn print_table(transactions: u64, results: &[(Follower, Duration)]) {
    let seconds = |follower| {
        results.iter().find(|(of, _)| *of == follower).map(|(_, took)| took.as_secs_f64())
    };
    let replica = seconds(Follower::Replica4);
    println!("\ncatching up on {transactions} transactions");
    println!("{:>9}  {:>10}  {:>22}  follower", "s", "per second", "rate to replica with 4");
    for (follower, took) in results {
        let took = took.as_secs_f64();
        let ratio = replica.map_or(f64::NAN, |replica| replica / took);
        let rate = transactions as f64 / took;
        println!("{took:>9.2}  {rate:>10.0}  {ratio:>22.2}  {}", follower.word());
    }
}
