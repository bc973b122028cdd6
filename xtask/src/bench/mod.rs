//! `cargo x bench`: peers and us side by side in one run; a claim is a ratio printed here.

mod assess;
mod contender;
mod dataset;
mod decode;
mod family;
mod load;
mod measure;
mod memory;
mod replica;
mod sync;
mod sysbench;
mod verify;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use sealift_lab::{Options, Server};

use crate::build;
use contender::{Contender, Ring};
use dataset::{Dataset, SCHEMA, Table};
use measure::{Cost, median};

/// What can be measured.
#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// A full offline copy: us, the floor, mydumper, mysqldump
    Copy(CopyArgs),
    /// Peak memory of a copy against the size of the table, of following one huge transaction, and prepared ones
    Memory(memory::MemoryArgs),
    /// Comparing two equal sides: us, pt-table-checksum, two dumps
    Verify(verify::VerifyArgs),
    /// Catching up on a binary log: us beside MySQL's own replica
    Sync(sync::SyncArgs),
    /// Catching up on tables whose foreign keys change rows in silence, beside the same tables without such keys
    Family(family::FamilyArgs),
    /// Assessing a source of 20,000 tables and 2,000 routines: time, memory, what the source is asked
    Assess(assess::AssessArgs),
    /// An application at a steady rate: what a copy costs it, and how far behind the target is
    Load(load::LoadArgs),
    /// From the binary log to values and load lines: us, other crates, mysqlbinlog
    Decode(decode::DecodeArgs),
}

/// Options of `cargo x bench copy`.
#[derive(Debug, Args)]
pub(crate) struct CopyArgs {
    /// Rounds; the contenders take turns in each, medians are printed
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// What to copy (repeatable) [default: all]
    #[arg(long = "set", value_enum)]
    sets: Vec<Dataset>,
    /// Who copies (repeatable) [default: all]
    #[arg(long = "only", value_enum)]
    only: Vec<Contender>,
}

/// Runs a benchmark and prints its table.
pub(crate) fn run(bench: Bench) -> ExitCode {
    let measured = match bench {
        Bench::Copy(args) => copy(args),
        Bench::Memory(args) => memory::run(&args),
        Bench::Verify(args) => verify::run(&args),
        Bench::Sync(args) => sync::run(&args),
        Bench::Family(args) => family::run(&args),
        Bench::Assess(args) => assess::run(&args),
        Bench::Load(args) => load::run(&args),
        Bench::Decode(args) => decode::run(&args),
    };
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("bench: {why}");
            ExitCode::FAILURE
        }
    }
}

/// The servers of all benchmarks: durable, binary log on, memory as on a small production server.
fn servers(more_of_target: &[&str]) -> Result<(Server, Server), String> {
    let big = |options: Options| options.durable().buffer_pool_mib(3072).redo_mib(2048);
    let source = Server::start(big(Options::mysql()).arg("--secure-file-priv="));
    let target = big(Options::azure_target()).arg("--secure-file-priv=");
    let target = Server::start(more_of_target.iter().fold(target, |target, arg| target.arg(*arg)));
    Ok((source.map_err(|e| e.to_string())?, target.map_err(|e| e.to_string())?))
}

fn copy(args: CopyArgs) -> Result<(), String> {
    let sets = if args.sets.is_empty() {
        vec![Dataset::Narrow, Dataset::One, Dataset::Small, Dataset::Wide]
    } else {
        args.sets
    };
    let contenders = if args.only.is_empty() { Contender::ALL.to_vec() } else { args.only };
    let sealift = build::sealift()?;
    for dataset in sets {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let (source, target) = servers(&[])?;
        let files = folder.path().join("files");
        make(&source, dataset, &files, contenders.contains(&Contender::Floor))?;
        let scratch = folder.path().join("scratch");
        let ring = Ring {
            source: &source,
            target: &target,
            dataset,
            scratch: &scratch,
            files: &files,
            sealift: &sealift,
        };
        let mut costs: Vec<Vec<Cost>> = vec![Vec::new(); contenders.len()];
        for round in 1..=args.rounds {
            for (contender, costs) in contenders.iter().zip(&mut costs) {
                let cost = ring.run(*contender)?;
                eprintln!("round {round}: {:8.2} s  {}", cost.wall.as_secs_f64(), contender.word());
                costs.push(cost);
            }
        }
        let ours = contenders.iter().position(|contender| *contender == Contender::Sealift);
        let words: Vec<&str> = contenders.iter().map(|contender| contender.word()).collect();
        print_table(dataset.word(), &words, &costs, ours);
    }
    Ok(())
}

/// Fills the source, and writes the floor's files.
fn make(source: &Server, dataset: Dataset, files: &Path, floor: bool) -> Result<(), String> {
    fs::create_dir_all(files).map_err(|error| error.to_string())?;
    let tables = dataset.tables();
    source.try_sql(fill_sql(&tables))?;
    if floor {
        let mut script = String::new();
        for table in &tables {
            let file = files.join(&table.name);
            script.push_str(&format!(
                "SELECT * FROM `{SCHEMA}`.`{}` INTO OUTFILE '{}' CHARACTER SET binary;\n",
                table.name,
                file.display()
            ));
        }
        source.try_sql(&script)?;
    }
    Ok(())
}

/// Statements that make and fill tables, beside the server's binary log: it is not what is measured.
fn fill_sql(tables: &[Table]) -> String {
    let rows = tables.iter().map(|table| table.rows).max().unwrap_or(0);
    let mut script = format!("SET sql_log_bin=0; {}", dataset::sequence_sql(rows));
    for table in tables {
        script.push_str(&table.fill_sql());
    }
    script
}

/// Prints the medians of some contenders, and how many times as long as ours they took.
fn print_table(what: &str, words: &[&str], costs: &[Vec<Cost>], ours: Option<usize>) {
    let medians: Vec<Option<Cost>> = costs.iter().map(|costs| median(costs)).collect();
    let ours = ours.and_then(|index| medians.get(index).copied().flatten());
    println!("\n{what}");
    println!("{:>9}  {:>9}  {:>9}  contender", "median s", "sealift x", "peak MiB");
    for (word, median) in words.iter().zip(&medians) {
        let Some(cost) = median else { continue };
        let seconds = cost.wall.as_secs_f64();
        // How many times as long as we take: above 1 we are the faster.
        let ratio = ours.map_or(f64::NAN, |ours| seconds / ours.wall.as_secs_f64());
        let peak = cost.peak_kib.map_or_else(|| "-".to_owned(), |kib| (kib / 1024).to_string());
        println!("{seconds:>9.2}  {ratio:>9.2}  {peak:>9}  {word}");
    }
}
