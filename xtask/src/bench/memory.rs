//! Peak memory: of a copy against the size of the table, of following a huge transaction, and many that XA prepared.

use std::path::Path;

use clap::Args;
use sealift_lab::Server;
use tempfile::TempDir;

use super::contender::{Ring, configuration};
use super::dataset::{Dataset, SCHEMA, sequence_sql};
use super::measure::{self, Cost};
use super::{make, servers};
use crate::build;

/// Options of `cargo x bench memory`.
#[derive(Debug, Args)]
pub(crate) struct MemoryArgs {
    /// The largest table, in rows; a quarter and a sixteenth of it are copied too
    #[arg(long, default_value_t = 4_000_000)]
    rows: u64,
    /// The size of the transaction in the binary log, in MiB
    #[arg(long, default_value_t = 2_048)]
    transaction: u64,
    /// What is measured (repeatable) [default: all]
    #[arg(long = "only", value_enum)]
    only: Vec<Load>,
}

/// What is carried while memory is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Load {
    /// A table, copied
    Copy,
    /// A huge transaction, followed
    Transaction,
    /// Transactions that XA prepared, followed
    Xa,
}

/// Measures each in turn.
///
/// # Errors
/// What failed, in words.
pub(super) fn run(args: &MemoryArgs) -> Result<(), String> {
    let sealift = build::sealift()?;
    let all = [Load::Copy, Load::Transaction, Load::Xa];
    for load in if args.only.is_empty() { &all[..] } else { &args.only } {
        match load {
            Load::Copy => copies(&sealift, args.rows)?,
            Load::Transaction => huge_transaction(&sealift, args.transaction)?,
            Load::Xa => prepared_by_xa(&sealift)?,
        }
    }
    Ok(())
}

fn copies(sealift: &Path, rows: u64) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let (source, target) = servers(&[])?;
    let files = folder.path().join("files");
    make(&source, Dataset::One, &files, false)?;
    let scratch = folder.path().join("scratch");
    println!("{:>12}  {:>9}  {:>9}", "rows", "seconds", "peak MiB");
    for rows in [rows, rows / 4, rows / 16] {
        source.try_sql(format!("DELETE FROM `{SCHEMA}`.t1 WHERE id > {rows}"))?;
        let ring = Ring {
            source: &source,
            target: &target,
            dataset: Dataset::One,
            scratch: &scratch,
            files: &files,
            sealift,
        };
        let cost = ring.copy_once()?;
        println!("{rows:>12}  {:>9.2}  {:>9}", cost.wall.as_secs_f64(), peak_mib(cost));
    }
    Ok(())
}

/// Peak memory of following one transaction of so many MiB.
fn huge_transaction(sealift: &Path, mebibytes: u64) -> Result<(), String> {
    let rows = Wide::rows(mebibytes);
    let wide = Wide::start(sealift, rows)?;
    let idle = wide.follow()?;
    wide.source.try_sql(Wide::insert_sql(1, rows))?;
    let cost = wide.follow()?;
    wide.same()?;
    println!("\none transaction of {mebibytes} MiB: {:.2} s", cost.wall.as_secs_f64());
    println!("peak {} MiB; a run that follows nothing {} MiB", peak_mib(cost), peak_mib(idle));
    Ok(())
}

/// Peak memory while transactions are prepared by XA, very nearly as large and as many as a run takes, and when they
/// are committed.
fn prepared_by_xa(sealift: &Path) -> Result<(), String> {
    const COUNT: u64 = 4;
    const MEBIBYTES: u64 = 63;
    let rows = Wide::rows(MEBIBYTES);
    let wide = Wide::start(sealift, rows * COUNT)?;
    let idle = wide.follow()?;
    for number in 0..COUNT {
        let insert = Wide::insert_sql(number * rows + 1, (number + 1) * rows);
        let name = format!("'bench-{number}'");
        wide.source
            .try_sql(format!("XA START {name}; {insert}; XA END {name}; XA PREPARE {name}"))?;
    }
    let prepared = wide.follow()?;
    for number in 0..COUNT {
        wide.source.try_sql(format!("XA COMMIT 'bench-{number}'"))?;
    }
    let committed = wide.follow()?;
    wide.same()?;
    println!("\n{COUNT} transactions of {MEBIBYTES} MiB that XA prepared:");
    let [prepared, committed, idle] = [prepared, committed, idle].map(peak_mib);
    println!(
        "peak {prepared} MiB while they are prepared, {committed} MiB when they are committed;"
    );
    println!("a run that follows nothing {idle} MiB");
    Ok(())
}

/// Two servers with a table of wide rows, and a migration between them.
struct Wide<'a> {
    sealift: &'a Path,
    folder: TempDir,
    source: Server,
    target: Server,
}

impl<'a> Wide<'a> {
    /// Bytes of one row in the log, very nearly.
    const ROW: u64 = 16 * 1024;

    /// How many rows are so many MiB.
    fn rows(mebibytes: u64) -> u64 {
        mebibytes * 1024 * 1024 / Self::ROW
    }

    fn start(sealift: &'a Path, rows: u64) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let (source, target) = servers(&[])?;
        source.try_sql(sequence_sql(rows))?;
        source.try_sql(format!("CREATE TABLE {SCHEMA}.huge (n INT PRIMARY KEY, pad LONGBLOB)"))?;
        Ok(Self { sealift, folder, source, target })
    }

    /// The statement that makes rows `first` to `last`.
    fn insert_sql(first: u64, last: u64) -> String {
        format!(
            "INSERT INTO {SCHEMA}.huge SELECT n, REPEAT(UNHEX(SHA2(n, 256)), {}) \
             FROM {SCHEMA}_seq.seq WHERE n BETWEEN {first} AND {last}",
            Self::ROW / 32
        )
    }

    /// Follows the log to its end, at first after a copy.
    fn follow(&self) -> Result<Cost, String> {
        let pair = (&self.source, &self.target);
        let mut command = configuration(self.sealift, self.folder.path(), pair, SCHEMA)?;
        command.args(["--quiet", "run", "--until-caught-up"]);
        measure::run(command)
    }

    fn same(&self) -> Result<(), String> {
        let sum = format!("CHECKSUM TABLE {SCHEMA}.huge");
        let is_same = self.source.sql(&sum) == self.target.sql(&sum);
        is_same.then_some(()).ok_or_else(|| "the rows that were followed differ".to_owned())
    }
}

fn peak_mib(cost: Cost) -> u64 {
    cost.peak_kib.unwrap_or(0) / 1024
}
