//! Is an equal data set equal: sealift beside pt-table-checksum, and beside two dumps that are compared.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use clap::Args;
use sealift_lab::{Server, packages};

use super::contender::{configuration, over_tcp};
use super::dataset::{Dataset, SCHEMA, Table};
use super::measure::{self, Cost};
use super::{fill_sql, print_table, replica, servers};
use crate::build;

/// Options of `cargo x bench verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Rounds; the contenders take turns in each, medians are printed
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Who compares (repeatable) [default: all]
    #[arg(long = "only", value_enum)]
    only: Vec<Verifier>,
    /// What is compared
    #[arg(long = "set", value_enum, default_value_t = Dataset::One)]
    dataset: Dataset,
}

/// A way to compare two servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Verifier {
    /// `sealift verify`.
    Sealift,
    /// Percona's pt-table-checksum, which compares a server with its replica.
    PtTableChecksum,
    /// `mysqldump` of both sides at the same time, their outputs compared as they come.
    Mysqldump,
}

impl Verifier {
    const ALL: [Self; 3] = [Self::Sealift, Self::PtTableChecksum, Self::Mysqldump];

    fn word(self) -> &'static str {
        match self {
            Self::Sealift => "sealift verify",
            Self::PtTableChecksum => "pt-table-checksum",
            Self::Mysqldump => "mysqldump of both, cmp",
        }
    }
}

/// The schema where pt-table-checksum keeps its sums, on both sides.
const SUMS: &str = "percona";

/// Measures each contender on the same two servers, of which the target is a replica of the source.
pub(crate) fn run(args: &VerifyArgs) -> Result<(), String> {
    let verifiers = if args.only.is_empty() { Verifier::ALL.to_vec() } else { args.only.clone() };
    let sealift = build::sealift()?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let (source, target) = servers(&["--server-id=2"])?;
    let ring = Ring { source, target, tables: args.dataset.tables(), sealift: &sealift };
    ring.fill()?;
    ring.replicate()?;
    let mut costs: Vec<Vec<Cost>> = vec![Vec::new(); verifiers.len()];
    for round in 1..=args.rounds {
        for (verifier, costs) in verifiers.iter().zip(&mut costs) {
            let scratch = folder.path().join(format!("{round}-{verifier:?}"));
            fs::create_dir_all(&scratch).map_err(|error| error.to_string())?;
            let cost = match verifier {
                Verifier::Sealift => ring.sealift(&scratch),
                Verifier::PtTableChecksum => ring.pt_table_checksum(),
                Verifier::Mysqldump => ring.mysqldump(&scratch),
            }?;
            eprintln!("round {round}: {:8.2} s  {}", cost.wall.as_secs_f64(), verifier.word());
            costs.push(cost);
        }
    }
    let ours = verifiers.iter().position(|verifier| *verifier == Verifier::Sealift);
    let words: Vec<&str> = verifiers.iter().map(|verifier| verifier.word()).collect();
    print_table(args.dataset.word(), &words, &costs, ours);
    Ok(())
}

/// The place of the comparison.
struct Ring<'a> {
    source: Server,
    target: Server,
    tables: Vec<Table>,
    sealift: &'a Path,
}

impl Ring<'_> {
    /// The same rows on both sides, made by each server itself.
    fn fill(&self) -> Result<(), String> {
        let script = &fill_sql(&self.tables);
        std::thread::scope(|scope| {
            let fills = [&self.source, &self.target]
                .map(|server| scope.spawn(move || server.try_sql(script)));
            for fill in fills {
                fill.join().map_err(|_panic| "a client panicked".to_owned())??;
            }
            Ok(())
        })
    }

    /// Makes the target a replica: pt-table-checksum's sums reach it by replication.
    fn replicate(&self) -> Result<(), String> {
        let (source, target) = (&self.source, &self.target);
        source.try_sql(format!(
            "CREATE DATABASE {SUMS}; \
             CREATE TABLE {SUMS}.dsns (id INT NOT NULL PRIMARY KEY, parent_id INT, dsn VARCHAR(255) NOT NULL); \
             INSERT INTO {SUMS}.dsns VALUES (1, NULL, 'u=root,S={}')",
            target.socket().display()
        ))?;
        replica::allow(source)?;
        replica::attach(target, source)?;
        replica::start(target)?;
        replica::level(target, source)
    }

    fn sealift(&self, scratch: &Path) -> Result<Cost, String> {
        let mut command =
            configuration(self.sealift, scratch, (&self.source, &self.target), SCHEMA)?;
        command.args(["--quiet", "verify"]);
        measure::run(command)
    }

    fn pt_table_checksum(&self) -> Result<Cost, String> {
        // Older ones do not know the words of MySQL 8.4 and later.
        let programs =
            packages::tools("sid", &["percona-toolkit"]).map_err(|error| error.to_string())?;
        let mut command =
            programs.command("pt-table-checksum").map_err(|error| error.to_string())?;
        command
            .args(["--user=root", "--no-version-check", "--no-check-binlog-format", "--quiet"])
            .arg(format!("--socket={}", self.source.socket().display()))
            .arg(format!("--databases={SCHEMA}"))
            .arg(format!("--replicate={SUMS}.checksums"))
            .arg(format!("--recursion-method=dsn=D={SUMS},t=dsns"));
        let cost = measure::run(command)?;
        replica::level(&self.target, &self.source)?;
        let counted = self.target.client().option("-N").run(format!(
            "SELECT SUM(this_cnt), SUM(this_crc <> source_crc OR this_cnt <> source_cnt) \
             FROM {SUMS}.checksums WHERE db = '{SCHEMA}'"
        ));
        let rows: u64 = self.tables.iter().map(|table| table.rows).sum();
        if counted.trim() == format!("{rows}\t0") {
            return Ok(cost);
        }
        Err(format!("pt-table-checksum counted {}", counted.trim()))
    }

    /// Two dumps through pipes into `cmp`: nothing is written, and it is told only whether they differ.
    fn mysqldump(&self, scratch: &Path) -> Result<Cost, String> {
        let begun = Instant::now();
        let pipes = [scratch.join("source"), scratch.join("target")];
        let made = Command::new("mkfifo").args(&pipes).status().map_err(|e| e.to_string())?;
        if !made.success() {
            return Err("mkfifo failed".to_owned());
        }
        let mut cmp =
            Command::new("cmp").args(&pipes).spawn().map_err(|error| error.to_string())?;
        let mut dumps = Vec::new();
        for (server, pipe) in [&self.source, &self.target].into_iter().zip(&pipes) {
            let programs = server.programs();
            let mut dump = programs.command("mysqldump").map_err(|error| error.to_string())?;
            let pipe = fs::File::options().write(true).open(pipe).map_err(|e| e.to_string())?;
            dump.args(["--no-defaults", "-uroot", "--single-transaction", "--quick"])
                .args(["--skip-comments", "--order-by-primary", "--set-gtid-purged=OFF"])
                .args(over_tcp(server))
                .args(["--databases", SCHEMA])
                .stdin(Stdio::null())
                .stdout(pipe);
            dumps.push(dump.spawn().map_err(|error| error.to_string())?);
        }
        let mut all = cmp.wait().map_err(|error| error.to_string())?.success();
        for mut dump in dumps {
            all &= dump.wait().map_err(|error| error.to_string())?.success();
        }
        if all {
            Ok(Cost { wall: begun.elapsed(), peak_kib: None })
        } else {
            Err("the dumps differ, or one of them failed".to_owned())
        }
    }
}
