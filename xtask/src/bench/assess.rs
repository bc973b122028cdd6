//! `sealift assess` of a source with very many objects: its time, its memory, and what it asks of the source.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use clap::Args;
use sealift_lab::{Options, Server};

use super::measure::{self, median};
use crate::build;

/// Options of `cargo x bench assess`.
#[derive(Debug, Args)]
pub(crate) struct AssessArgs {
    /// Tables on the source, 200 to a schema
    #[arg(long, default_value_t = 20_000)]
    tables: u32,
    /// Routines on the source
    #[arg(long, default_value_t = 2_000)]
    routines: u32,
    /// Rounds; the median is printed
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// An option for sealift assess, e.g. --scan (repeatable)
    #[arg(long = "with", allow_hyphen_values = true)]
    with: Vec<String>,
}

/// Tables of one schema.
const PER_SCHEMA: u32 = 200;

/// Sessions that make them: while one waits for the dictionary the others go on.
const SESSIONS: usize = 4;

pub(crate) fn run(args: &AssessArgs) -> Result<(), String> {
    let sealift = build::sealift()?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    // A server's own sizes of caches: those of tests would be measured instead of us.
    let big = |options: Options| options.buffer_pool_mib(1024).arg("--table-definition-cache=2000");
    let source = Server::start(big(Options::mysql())).map_err(|error| error.to_string())?;
    let target = Server::start(Options::azure_target()).map_err(|error| error.to_string())?;
    fill(&source, args)?;
    let config = format!(
        "[source]\nurl = \"mysql://{}@127.0.0.1:{}\"\ntls = \"off\"\n\
         [target]\nurl = \"mysql://{}@127.0.0.1:{}\"\ntls = \"required\"\n",
        source.account().user,
        source.port(),
        target.account().user,
        target.port()
    );
    fs::write(folder.path().join("sealift.toml"), config).map_err(|error| error.to_string())?;
    let mut costs = Vec::new();
    for round in 1..=args.rounds {
        // As after a restart: nothing of the dictionary is cached on account of the round before.
        source.try_sql(
            "FLUSH TABLES; TRUNCATE performance_schema.events_statements_summary_by_digest",
        )?;
        let mut command = Command::new(&sealift);
        command
            .current_dir(folder.path())
            .args(["assess", "--json"])
            .args(&args.with)
            .env("SEALIFT_SOURCE_PASSWORD", source.account().password)
            .env("SEALIFT_TARGET_PASSWORD", target.account().password);
        let cost = measure::run_to(command, &[0, 3])?;
        eprintln!("round {round}: {:.2} s", cost.wall.as_secs_f64());
        costs.push(cost);
    }
    let cost = median(&costs).ok_or("no round")?;
    let peak = cost.peak_kib.unwrap_or(0) / 1024;
    println!("{:>8}  {:>8}  {:>9}  {:>9}", "tables", "routines", "seconds", "peak MiB");
    let seconds = cost.wall.as_secs_f64();
    println!("{:>8}  {:>8}  {seconds:>9.2}  {peak:>9}", args.tables, args.routines);
    println!("\nthe longest statements of the last round on the source:\n{}", asked(&source)?);
    Ok(())
}

/// What took longest, by the source's own clock.
fn asked(source: &Server) -> Result<String, String> {
    source.try_sql(
        "SELECT CONCAT(LPAD(ROUND(max_timer_wait / 1e9), 6, ' '), ' ms at most, ', LPAD(count_star, 6, ' '), \
         ' times, ', LPAD(ROUND(sum_timer_wait / 1e12, 1), 6, ' '), ' s in all  ', LEFT(COALESCE(digest_text, 'statements beyond the list, such as SHOW CREATE of one object each'), 90)) \
         FROM performance_schema.events_statements_summary_by_digest ORDER BY max_timer_wait DESC LIMIT 12",
    )
}

fn fill(source: &Server, args: &AssessArgs) -> Result<(), String> {
    eprintln!("making {} tables and {} routines", args.tables, args.routines);
    let begun = Instant::now();
    let schemas = args.tables.div_ceil(PER_SCHEMA).max(1);
    let routines = args.routines.div_ceil(schemas);
    // Nothing of it has to survive: neither the log nor the disk is waited for.
    source.try_sql("SET GLOBAL innodb_flush_log_at_trx_commit = 0")?;
    let next = AtomicU32::new(0);
    let make = || loop {
        let schema = next.fetch_add(1, Ordering::Relaxed);
        if schema >= schemas {
            return Ok::<(), String>(());
        }
        let tables = PER_SCHEMA.min(args.tables.saturating_sub(schema * PER_SCHEMA));
        source.try_sql(script(schema, tables, routines))?;
        if (schema + 1).is_multiple_of(10) {
            eprintln!("{} schemas, {} s", schema + 1, begun.elapsed().as_secs());
        }
    };
    std::thread::scope(|scope| {
        let sessions: Vec<_> = (0..SESSIONS).map(|_| scope.spawn(make)).collect();
        sessions.into_iter().try_for_each(|session| {
            session.join().map_err(|_panicked| "making tables failed".to_owned())?
        })
    })
}

/// Ten columns, three keys, every second table refers to the one before; to ten tables a few rows and a view.
fn script(schema: u32, tables: u32, routines: u32) -> String {
    let mut sql =
        format!("SET sql_log_bin = 0;\nCREATE DATABASE many_{schema}; USE many_{schema};\n");
    for table in 0..tables {
        let reference = if table % 2 == 1 {
            format!(", CONSTRAINT fk_{table} FOREIGN KEY (other) REFERENCES t{} (id)", table - 1)
        } else {
            String::new()
        };
        // Writing to a string cannot fail.
        let _infallible = writeln!(
            sql,
            "CREATE TABLE t{table} (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, other INT, name VARCHAR(60) NOT NULL, \
             about TEXT, price DECIMAL(10,2) NOT NULL DEFAULT 0, kind ENUM('a', 'b', 'c') NOT NULL, flags SET('x', 'y'), \
             made DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, note VARCHAR(200) COMMENT 'anything', size BIGINT UNSIGNED, \
             KEY name (name), KEY made (made, kind){reference});"
        );
        if table % 10 == 0 {
            let _infallible = writeln!(
                sql,
                "INSERT INTO t{table} (name, kind) VALUES ('one', 'a'), ('two', 'b');\n\
                 CREATE VIEW v{table} AS SELECT id, name FROM t{table} WHERE price > 1;"
            );
        }
    }
    for routine in 0..routines {
        let _infallible = writeln!(
            sql,
            "CREATE PROCEDURE p{routine}(IN wanted INT) SELECT a.id, b.name FROM t0 a JOIN t1 b ON b.other = a.id \
             WHERE a.id = wanted AND b.price BETWEEN 1 AND 100 ORDER BY b.made DESC;"
        );
    }
    sql
}
