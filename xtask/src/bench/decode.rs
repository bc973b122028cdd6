//! How fast the binary log becomes values and load lines, beside `mysqlbinlog -vv` and the crates that read logs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use sealift_lab::{Options, Server};

use super::dataset::{Dataset, SCHEMA, sequence_sql};
use super::measure;
use crate::build;

/// Options of `cargo x bench decode`.
#[derive(Debug, Args)]
pub(crate) struct DecodeArgs {
    /// Transactions of four statements each, as sysbench's write-only load makes them
    #[arg(long, default_value_t = 20_000)]
    transactions: u32,
    /// Rounds; the contenders take turns in each, medians are printed
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

/// The crates of others, by the name that the program of `peers` knows.
const CRATES: [&str; 2] = ["mysql_common", "mysql-binlog-connector-rust"];

/// Makes a log of rows written at once and of small transactions, and decodes each.
///
/// # Errors
/// What failed, in words.
pub(super) fn run(args: &DecodeArgs) -> Result<(), String> {
    let ours = build::example("sealift-engine", "decode")?;
    let peers = build::peers()?;
    let server = Server::start(Options::mysql().buffer_pool_mib(1024).redo_mib(1024))
        .map_err(|error| error.to_string())?;
    let loads = [
        ("narrow rows, one INSERT … SELECT", insert_sql(Dataset::Narrow)),
        ("wide rows (TEXT, JSON, BLOB)", insert_sql(Dataset::Wide)),
        ("transactions of 2 updates, a delete, an insert", oltp_sql(args.transactions)),
    ];
    for (what, load) in loads {
        server.try_sql(format!("RESET BINARY LOGS AND GTIDS; {load}; FLUSH BINARY LOGS"))?;
        let log = Log { files: logs(&server.data())?, server: &server, ours: &ours, peers: &peers };
        log.compare(what, args.rounds)?;
    }
    Ok(())
}

/// A log, and who reads it.
struct Log<'a> {
    files: Vec<PathBuf>,
    server: &'a Server,
    ours: &'a Path,
    peers: &'a Path,
}

/// One pass over a log.
#[derive(Clone, Copy)]
struct Pass {
    seconds: f64,
    /// Images of rows, and values that are not NULL, or bytes of lines.
    counted: (u64, u64),
}

impl Log<'_> {
    /// Decodes the log by everybody in turn, and prints MB/s and how many times as fast we are.
    fn compare(&self, what: &str, rounds: usize) -> Result<(), String> {
        let (mut values, mut lines, mut dumps) = (Vec::new(), Vec::new(), Vec::new());
        let mut others: [Result<Vec<Pass>, String>; CRATES.len()] =
            [Ok(Vec::new()), Ok(Vec::new())];
        for _ in 0..rounds {
            let [pass, of_lines] = self.our_passes()?;
            values.push(pass);
            lines.push(of_lines);
            for (name, passes) in CRATES.iter().zip(&mut others) {
                // Who was wrong once is not asked again.
                let Ok(known) = passes else { continue };
                match self.peers_pass(name, pass.counted) {
                    Ok(pass) => known.push(pass),
                    Err(why) => *passes = Err(why),
                }
            }
            dumps.push(self.dump()?);
        }
        let (megabytes, seconds) = (self.megabytes(), [median(&values), median(&lines)]);
        let (images, present) = values.first().map_or((0, 0), |pass| pass.counted);
        println!("\n{what}: {megabytes:.0} MB, {images} images of rows, {present} values");
        println!("{:>6}  {:>8}  {:>7}  decoder", "MB/s", "values x", "lines x");
        let print = |who: &str, theirs: f64| {
            let [values, lines] = seconds.map(|ours| theirs / ours);
            println!("{:>6.0}  {values:>8.2}  {lines:>7.2}  {who}", megabytes / theirs);
        };
        let [of_values, of_lines] = seconds;
        print("sealift, values", of_values);
        print("sealift, lines of LOAD DATA", of_lines);
        for (name, passes) in CRATES.iter().zip(&others) {
            match passes {
                Ok(passes) => print(&format!("{name}, values"), median(passes)),
                Err(why) => println!("{:>6}  {:>8}  {:>7}  {name}: {why}", "-", "-", "-"),
            }
        }
        print("mysqlbinlog -vv, text", median(&dumps));
        Ok(())
    }

    /// Our values, and our lines.
    fn our_passes(&self) -> Result<[Pass; 2], String> {
        let mut command = Command::new(self.ours);
        command.arg(self.server.socket()).arg(SCHEMA).args(&self.files);
        passes(command)
    }

    /// A crate's values, which must be as many as ours.
    fn peers_pass(&self, name: &str, ours: (u64, u64)) -> Result<Pass, String> {
        let mut command = Command::new(self.peers);
        command.arg(name).args(&self.files);
        let [pass] = passes(command)?;
        if pass.counted == ours {
            return Ok(pass);
        }
        let (images, values) = pass.counted;
        Err(format!("wrong: {images} images of rows and {values} values"))
    }

    fn dump(&self) -> Result<Pass, String> {
        let programs = self.server.programs();
        let mut command = programs.command("mysqlbinlog").map_err(|error| error.to_string())?;
        command.arg("--no-defaults").arg("-vv").args(&self.files);
        let cost = measure::run(command)?;
        Ok(Pass { seconds: cost.wall.as_secs_f64(), counted: (0, 0) })
    }

    fn megabytes(&self) -> f64 {
        let sizes = self.files.iter().filter_map(|file| fs::metadata(file).ok());
        let bytes: u64 = sizes.map(|data| data.len()).sum();
        f64::from(u32::try_from(bytes / 1_000).unwrap_or(u32::MAX)) / 1_000.0
    }
}

/// Runs a decoder and reads what it printed, a line for each of its passes.
fn passes<const N: usize>(mut command: Command) -> Result<[Pass; N], String> {
    let output = command.output().map_err(|error| format!("start the decoder: {error}"))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{}: {}", output.status, words.trim().replace('\n', " | ")));
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let read = |line: &str| {
        let mut words = line.split_whitespace();
        let seconds = words.next()?.parse().ok()?;
        let counted = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        Some(Pass { seconds, counted })
    };
    let passes: Option<Vec<Pass>> = text.lines().map(read).collect();
    let passes = passes.and_then(|passes| passes.try_into().ok());
    passes.ok_or_else(|| format!("the decoder printed {text}"))
}

/// The middle one, in seconds.
fn median(passes: &[Pass]) -> f64 {
    let mut seconds: Vec<f64> = passes.iter().map(|pass| pass.seconds).collect();
    seconds.sort_by(f64::total_cmp);
    seconds.get(seconds.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The server's log files in their order.
fn logs(data: &Path) -> Result<Vec<PathBuf>, String> {
    let folder = fs::read_dir(data).map_err(|error| error.to_string())?;
    let mut files: Vec<PathBuf> = folder
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            name.strip_prefix("binlog.")
                .is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()))
        })
        .collect();
    files.sort();
    Ok(files)
}

/// Fills two tables of a data set, with their rows in the log.
fn insert_sql(dataset: Dataset) -> String {
    let tables: Vec<_> = dataset.tables().into_iter().take(2).collect();
    let rows = tables.iter().map(|table| table.rows).max().unwrap_or(0);
    let fill: String = tables.iter().map(super::dataset::Table::fill_sql).collect();
    format!(
        "DROP DATABASE IF EXISTS {SCHEMA}; DROP DATABASE IF EXISTS {SCHEMA}_seq;
         SET sql_log_bin=0; {} SET sql_log_bin=1; {fill}",
        sequence_sql(rows)
    )
}

/// Small transactions on a filled table, as sysbench's `oltp_write_only` makes them.
fn oltp_sql(transactions: u32) -> String {
    let filled = insert_sql(Dataset::Narrow);
    let pad = "REPEAT('0123456789-', 10)";
    format!(
        "{filled} RESET BINARY LOGS AND GTIDS; USE {SCHEMA};
         DELIMITER //
         CREATE PROCEDURE write_only(n INT) BEGIN
           DECLARE i INT DEFAULT 1;
           WHILE i <= n DO
             START TRANSACTION;
             UPDATE t1 SET k = k + 1 WHERE id = i;
             UPDATE t1 SET c = {pad} WHERE id = i + 100000;
             DELETE FROM t1 WHERE id = i + 200000;
             INSERT INTO t1 VALUES (i + 200000, i, {pad}, 'pad');
             COMMIT;
             SET i = i + 1;
           END WHILE;
         END //
         DELIMITER ;
         CALL write_only({transactions})"
    )
}
