//! Lost connections and answers, kills and restarts in the middle of a copy: no row lost, none doubled.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use sealift_engine::copy::{self, AfterTable, Copied, CopyJob, Sizes};
use sealift_engine::fault::{ErrorCode, Fault};
use sealift_engine::journal::Journal;
use sealift_engine::stage::Event;
use sealift_engine::stop::Stop;
use sealift_lab::{Options, Pair};
use sealift_mysql::endpoint::Address;
use sealift_mysql::session::Session;
use sealift_schema::facts::Side;
use sealift_schema::name::QualifiedName;

use super::Case;
use super::proxy::Proxy;
use crate::servers::endpoint;

const TABLES: &str = "
CREATE TABLE a (id INT NOT NULL PRIMARY KEY, f VARCHAR(200));
CREATE TABLE b (id INT NOT NULL PRIMARY KEY, f VARCHAR(200));
CREATE TABLE keyless (n INT, f VARCHAR(200));
";

const ROWS: &str = "
SET cte_max_recursion_depth = 100000;
INSERT INTO a WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<3000) SELECT i, REPEAT('a', 100) FROM n;
INSERT INTO b SELECT id*3, f FROM a WHERE id <= 1000;
INSERT INTO keyless SELECT id%7, f FROM a;
";

/// Dozens of chunks.
const SMALL: Sizes = Sizes { chunk_bytes: 5_000, lane_bytes: 100_000 };

fn case(pair: &Pair) -> Case<'_> {
    let mut case = Case::new(pair, TABLES, ROWS);
    case.sizes = SMALL;
    case
}

/// Starts a job and waits until this many rows are committed, or until it ends.
pub(super) async fn until_rows(
    job: CopyJob,
    rows: u64,
) -> (tokio::task::JoinHandle<Result<Copied, Fault>>, bool) {
    let progress = job.progress.clone();
    let running = tokio::spawn(copy::tables(job));
    while progress.snapshot().rows().0 < rows && !running.is_finished() {
        tokio::task::yield_now().await;
    }
    let early = running.is_finished();
    (running, early)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_anywhere_is_gone_on_from() {
    let case = case(Pair::shared());
    for rows in [0, 1, 300, 900, 1_500, 2_000, 2_900, 4_000] {
        let (running, early) = until_rows(case.job().await, rows).await;
        assert!(!early, "killed too late at {rows} rows");
        running.abort();
        assert!(running.await.unwrap_err().is_cancelled());
    }
    let copied = case.carry().await;
    assert_eq!(copied.rows.values().sum::<u64>(), 7_000);
}

/// The machine of the first process is gone without a word: the target still waits for its sessions, and
/// they hold their locks.
#[tokio::test(flavor = "multi_thread")]
async fn sessions_of_a_process_that_vanished_are_ended_and_not_waited_for() {
    let pair = Pair::mysql();
    let case = case(&pair);
    let network = sealift_lab::proxy::FaultProxy::before(&pair.target);
    let mut job = case.job().await;
    job.target.address = Address::Tcp { host: "127.0.0.1".into(), port: network.port() };
    // Nothing can be inserted yet, so both workers come to wait in the middle of a chunk.
    let target = endpoint(&pair.target, Side::Target);
    let mut blocker = Session::connect(&target).await.unwrap();
    blocker.execute("START TRANSACTION").await.unwrap();
    for table in ["a", "b"] {
        blocker.rows(format!("SELECT * FROM {}.{table} FOR UPDATE", case.schema)).await.unwrap();
    }
    let running = tokio::spawn(copy::tables(job));
    // innodb_trx is no help to who asks often: it shows what it showed unless left alone for 0.1 s.
    let workers = |status: &str| {
        pair.target.sql(format!(
            "SELECT COUNT(DISTINCT engine_transaction_id) FROM performance_schema.data_locks \
             WHERE object_schema='{}' AND lock_type='RECORD' AND lock_status='{status}'",
            case.schema
        ))
    };
    while workers("WAITING") != "2\n" {
        assert!(!running.is_finished(), "the copy went past the lock");
    }
    network.freeze();
    blocker.execute("ROLLBACK").await.unwrap();
    while workers("WAITING") != "0\n" {
        assert!(!running.is_finished(), "the copy went through the frozen network");
    }
    assert_eq!(workers("GRANTED"), "2\n", "both hold what they inserted");
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    case.carry().await;
    // A GET_LOCK that finds a lock taken counts as a lock wait that timed out, but fails no statement.
    let refused = "SELECT COUNT(*) FROM performance_schema.events_statements_summary_by_digest \
                   WHERE sum_errors > 0";
    assert_eq!(pair.target.sql(refused), "0\n", "nobody waited for the locks until it failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_keeps_what_is_committed_and_the_next_run_goes_on() {
    let mut case = case(Pair::shared());
    let (running, _) = until_rows(case.job().await, 1_000).await;
    case.stop.request();
    let fault = running.await.unwrap().unwrap_err();
    assert_eq!(fault.code, ErrorCode::Interrupted, "{fault}");
    let count =
        format!("SELECT SUM(row_count) FROM sealift.lane WHERE migration='{}'", case.schema);
    let kept: u64 = case.pair.target.sql(&count).trim().parse().unwrap();
    assert!((1_000..7_000).contains(&kept), "{kept} rows were kept");
    case.stop = Stop::new();
    case.carry().await;
    let tables = case.journal.events().unwrap();
    let copied = tables.iter().filter(|event| matches!(event, Event::TableCopied { .. })).count();
    assert_eq!(copied, 3, "each table is journaled once");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_the_target_kills_are_opened_again() {
    // On a server of its own: it kills whoever is there.
    let pair = Pair::mysql();
    let case = case(&pair);
    let job = case.job().await;
    let progress = job.progress.clone();
    let running = tokio::spawn(copy::tables(job));
    // An administrator of the same login, who spares only itself.
    let target = endpoint(&case.pair.target, Side::Target);
    let mut killer = Session::connect(&target).await.unwrap();
    let (mut killed, mut seen) = (0, 0);
    while !running.is_finished() && killed < 20 {
        let rows = progress.snapshot().rows().0;
        if rows < seen + 100 {
            tokio::task::yield_now().await;
            continue;
        }
        seen = rows;
        let others = "SELECT id FROM information_schema.processlist \
                      WHERE id<>CONNECTION_ID() AND user='azadmin'";
        for victim in killer.rows(others).await.unwrap() {
            let kill = format!("KILL {}", victim.text(0).unwrap());
            killed += usize::from(killer.execute(kill).await.is_ok());
        }
    }
    let copied = running.await.unwrap().unwrap_or_else(|fault| panic!("{fault}"));
    assert!(killed > 5, "only {killed} connections were killed");
    assert_eq!(copied.rows.values().sum::<u64>(), 7_000);
    case.assert_same();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_is_killed_and_comes_back_is_waited_for() {
    let mut pair = Pair::mysql();
    let mut rows = 500;
    let case = case(&pair);
    let schema = case.schema.clone();
    let (running, early) = until_rows(case.job().await, rows).await;
    assert!(!early);
    drop(case);
    pair.target.kill9();
    pair.target.start_again().unwrap();
    let copied = running.await.unwrap().unwrap_or_else(|fault| panic!("{fault}"));
    rows = copied.rows.values().sum();
    assert_eq!(rows, 7_000);
    for table in ["a", "b", "keyless"] {
        let count = format!("SELECT COUNT(*), COUNT(DISTINCT f) FROM {schema}.{table}");
        assert_eq!(pair.source.sql(&count), pair.target.sql(&count));
    }
}

/// Every answer of the target is lost once, the one to COMMIT among them: what was sent has been executed,
/// and we do not know it.
#[tokio::test(flavor = "multi_thread")]
async fn every_answer_may_be_lost() {
    let pair = Pair::shared();
    let mut case = Case::new(
        pair,
        "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, f VARCHAR(200)); CREATE TABLE keyless (n INT);",
        "INSERT INTO t VALUES (1,'a'),(2,'b'),(3,'c'); INSERT INTO keyless VALUES (1),(1),(2);",
    );
    (case.workers, case.sizes.chunk_bytes) = (1, 1);
    let migration = case.schema.clone();
    let mut losses = 0;
    for lost in 1.. {
        let proxy = Proxy::start(pair.target.port(), lost).await;
        let mut job = case.job().await;
        job.migration = format!("{migration}.{lost}");
        job.target.address = Address::Tcp { host: "127.0.0.1".into(), port: proxy.port() };
        job.tables.iter_mut().for_each(|table| table.copied = None);
        match copy::tables(job).await {
            Ok(_) => case.assert_same(),
            // The very first connection is not tried again: nothing was begun.
            Err(fault) => assert!(
                matches!(fault.code, ErrorCode::ConnectionLost | ErrorCode::Unreachable),
                "{fault}"
            ),
        }
        if !proxy.has_cut() {
            break;
        }
        losses += 1;
        // The next round begins with nothing; what this one left is gone on from, which must be harmless.
        case.copy_as(&format!("{migration}.{lost}")).await.unwrap();
        case.assert_same();
        pair.target.sql(format!("TRUNCATE {0}.t; TRUNCATE {0}.keyless", case.schema));
    }
    assert!(losses > 40, "only {losses} answers were lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_changed_on_the_source_is_emptied_and_copied_again() {
    let case = case(Pair::shared());
    case.carry().await;
    let source = &case.pair.source;
    source.sql(format!("USE {}; DELETE FROM b LIMIT 5; UPDATE b SET id=id+1 LIMIT 7", case.schema));
    let target = endpoint(&case.pair.target, Side::Target);
    let changed = [QualifiedName::new(case.schema.clone(), "b")];
    copy::reset(&target, &case.schema, &changed, &case.journal).await.unwrap();
    // The snapshot may be journaled now: whatever happens, the ledger knows.
    let copied = case.carry().await;
    assert_eq!(copied.rows.values().sum::<u64>(), 6_995);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_somebody_else_moves_stops_the_copy() {
    let case = case(Pair::shared());
    let (running, early) = until_rows(case.job().await, 500).await;
    assert!(!early);
    let forget = format!("DELETE FROM sealift.lane WHERE migration='{}'", case.schema);
    case.pair.target.sql(forget);
    let fault = running.await.unwrap().unwrap_err();
    assert_eq!(fault.code, ErrorCode::LedgerMismatch, "{fault}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_is_held_too_long_is_waited_for_again() {
    let target = Options::azure_target().arg("--innodb-lock-wait-timeout=1");
    let pair = Pair::start(Options::mysql(), target).unwrap();
    let case = case(&pair);
    let (running, early) = until_rows(case.job().await, 500).await;
    assert!(!early);
    let mut other = Session::connect(&endpoint(&pair.target, Side::Target)).await.unwrap();
    other.execute("START TRANSACTION").await.unwrap();
    other.execute("SELECT * FROM sealift.lane FOR UPDATE").await.unwrap();
    // Two waits have run into the limit.
    let timeouts = "SELECT SUM(sum_error_raised) FROM performance_schema.events_errors_summary_global_by_error \
                    WHERE error_number=1205";
    while pair.target.sql(timeouts).trim().parse::<u64>().unwrap_or(0) < 2 {
        tokio::task::yield_now().await;
    }
    other.execute("ROLLBACK").await.unwrap();
    running.await.unwrap().unwrap_or_else(|fault| panic!("{fault}"));
    case.assert_same();
}

/// Fails for one table.
struct Refuses(&'static str);

impl AfterTable for Refuses {
    fn table_copied<'a>(&'a self, table: &'a QualifiedName) -> BoxFuture<'a, Result<(), Fault>> {
        let refused = table.name == self.0;
        Box::pin(async move {
            if refused { Err(Fault::new(ErrorCode::ScriptFailed, "no")) } else { Ok(()) }
        })
    }

    fn family_copied<'a>(
        &'a self,
        tables: &'a [QualifiedName],
    ) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            for table in tables {
                self.table_copied(table).await?;
            }
            Ok(())
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_with_what_follows_a_table_ends_the_copy_in_good_order() {
    let case = case(Pair::shared());
    let mut job = case.job().await;
    job.after_table = Arc::new(Refuses("b"));
    assert_eq!(copy::tables(job).await.unwrap_err().code, ErrorCode::ScriptFailed);
    case.carry().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_is_read_only_is_named() {
    let pair = Pair::mysql();
    let case = case(&pair);
    let job = case.job().await;
    pair.target.sql("SET GLOBAL super_read_only=ON");
    let fault = copy::tables(job).await.unwrap_err();
    assert_eq!(fault.code, ErrorCode::TargetReadOnly, "{fault}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_too_large_for_a_statement_is_named() {
    let target = Options::azure_target().without_local_infile().arg("--max-allowed-packet=1M");
    let pair = Pair::start(Options::mysql(), target).unwrap();
    let case = Case::new(
        &pair,
        "CREATE TABLE t (id INT PRIMARY KEY, b LONGTEXT);",
        "INSERT INTO t VALUES (1, REPEAT('x', 2000000));",
    );
    let fault = case.copy().await.unwrap_err();
    assert_eq!(fault.code, ErrorCode::PacketTooLarge, "{fault}");
    assert!(fault.to_string().contains("`t`"), "{fault}");
}
