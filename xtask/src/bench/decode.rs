//! How fast the binary log becomes values and load lines, beside `mysqlbinlog -vv`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use sealift_lab::{Options, Server};

use super::dataset::{Dataset, SCHEMA, sequence_sql};
use super::measure::{self, median};
use crate::build;

/// Options of `cargo x bench decode`.
#[derive(Debug, Args)]
pub(crate) struct DecodeArgs {
    /// Transactions of four statements each, as sysbench's write-only load makes them
    #[arg(long, default_value_t = 20_000)]
    transactions: u32,
    /// Rounds of the peer, whose median is printed
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

/// Makes a log of rows written at once and of small transactions, and decodes each.
///
/// # Errors
/// What failed, in words.
pub(super) fn run(args: &DecodeArgs) -> Result<(), String> {
    let program = build::example("sealift-engine", "decode")?;
    let server = Server::start(Options::mysql().buffer_pool_mib(1024).redo_mib(1024))
        .map_err(|error| error.to_string())?;
    let loads = [
        ("narrow rows, one INSERT … SELECT", insert_sql(Dataset::Narrow)),
        ("wide rows (TEXT, JSON, BLOB)", insert_sql(Dataset::Wide)),
        ("transactions of 2 updates, a delete, an insert", oltp_sql(args.transactions)),
    ];
    println!(
        "{:>8} {:>10} {:>10} {:>12} {:>7}  log",
        "MB", "values", "lines", "mysqlbinlog", "ratio"
    );
    for (what, load) in loads {
        server.try_sql(format!("RESET BINARY LOGS AND GTIDS; {load}; FLUSH BINARY LOGS"))?;
        compare(&server, &program, what, args.rounds)?;
    }
    Ok(())
}

/// Decodes what the server logged, and prints MB/s of both and how many times as fast we are.
fn compare(server: &Server, program: &Path, what: &str, rounds: usize) -> Result<(), String> {
    let files = logs(&server.data())?;
    let bytes: u64 =
        files.iter().filter_map(|file| fs::metadata(file).ok()).map(|data| data.len()).sum();
    let megabytes = f64::from(u32::try_from(bytes / 1_000).unwrap_or(u32::MAX)) / 1_000.0;
    let output = Command::new(program).arg(server.socket()).arg(SCHEMA).args(&files).output();
    let output = output.map_err(|error| format!("start the decoder: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    let rate = |what: &str| -> Option<f64> {
        let line = output.lines().find(|line| line.starts_with(what))?;
        line.split_whitespace().nth(2)?.parse().ok()
    };
    let (Some(values), Some(lines)) = (rate("values"), rate("lines")) else {
        return Err(format!("the decoder printed {output}"));
    };
    let mut costs = Vec::new();
    for _ in 0..rounds {
        let mut peer =
            server.programs().command("mysqlbinlog").map_err(|error| error.to_string())?;
        peer.arg("--no-defaults").arg("-vv").args(&files);
        costs.push(measure::run(peer)?);
    }
    let peer = median(&costs).map_or(f64::NAN, |cost| megabytes / cost.wall.as_secs_f64());
    println!(
        "{megabytes:>8.0} {values:>10.0} {lines:>10.0} {peer:>12.0} {:>7.1}  {what}",
        lines / peer
    );
    Ok(())
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
