//! Rows copied while the source is written to, beside a stand-in applier that is nothing but the gates.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use sealift_engine::clock::Clock;
use sealift_engine::control::{Control, Settings};
use sealift_engine::copy::aside::Aside;
use sealift_engine::copy::family::Holds;
use sealift_engine::copy::gate::Gates;
use sealift_engine::copy::gated::Gated;
use sealift_engine::copy::online::{self, Settled};
use sealift_engine::copy::{self, AfterTable, Copied, CopyJob, Reading, Sizes};
use sealift_engine::family::Families;
use sealift_engine::fault::{ErrorCode, Fault};
use sealift_lab::{Options, Pair, Server, wait_until};
use sealift_mysql::binlog::{LogPosition, TransactionId, Visible, log_end};
use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::session::Session;
use sealift_schema::facts::Side;
use sealift_schema::name::QualifiedName;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::trouble::until_rows;
use super::{Case, Seen};
use crate::servers::endpoint;

/// Makes the gates of a run whose applier begins where the source stands.
async fn gates(case: &Case<'_>) -> Gates {
    let target = endpoint(&case.pair.target, Side::Target);
    let tables = case.tables(Side::Source).await;
    let here = start(&case.pair.source).await;
    online::gates(&target, &case.schema, tables.values(), &Families::default(), here)
        .await
        .unwrap()
        .0
}

async fn start(source: &Server) -> LogPosition {
    let mut session = Session::connect(&endpoint(source, Side::Source)).await.unwrap();
    let visible = Visible::of(&mut session).await.unwrap();
    visible.start(&mut session).await.unwrap()
}

async fn job(case: &Case<'_>, gates: &Gates) -> CopyJob {
    let clock = Clock::manual(Timestamp::UNIX_EPOCH);
    let reading = Reading::Gated(Gated {
        source: endpoint(&case.pair.source, Side::Source),
        workers: case.workers,
        gates: gates.clone(),
        clock: clock.clone(),
        control: Control::new(case.stop.clone(), clock, Settings::default()),
        families: Families::default(),
        holds: Holds::default(),
        aside: Aside::default(),
    });
    CopyJob { reading, ..case.job().await }
}

/// Copies and makes sure that both sides are the same.
pub(super) async fn carry(case: &Case<'_>) -> Copied {
    let job = job(case, &gates(case).await).await;
    let copied = copy::tables(job).await.unwrap_or_else(|fault| panic!("{fault}"));
    case.assert_same();
    copied
}

/// Starts a copy that is looked at while it runs.
async fn begin(case: &Case<'_>, gates: &Gates) -> JoinHandle<Result<Copied, Fault>> {
    tokio::spawn(copy::tables(job(case, gates).await))
}

async fn finish(case: &Case<'_>, running: JoinHandle<Result<Copied, Fault>>) {
    running.await.unwrap().unwrap_or_else(|fault| panic!("{fault}"));
    case.assert_same();
}

fn count(case: &Case<'_>, table: &str) -> u64 {
    let sql = format!("SELECT COUNT(*) FROM {}.{table}", case.schema);
    case.pair.target.sql(sql).trim().parse().unwrap()
}

/// Whether a table's copy is complete, by the ledger.
fn is_copied(case: &Case<'_>, table: &str) -> bool {
    let sql = format!(
        "SELECT MIN(done) FROM sealift.lane WHERE migration='{}' AND table_name='{table}'",
        case.schema
    );
    case.pair.target.sql(sql) == "1\n"
}

/// A transaction of the source by its number.
fn transaction(source: &Server, number: u64) -> TransactionId {
    let uuid = source.sql("SELECT @@server_uuid");
    let gtid = format!("{}:{number}", uuid.trim()).parse().unwrap();
    TransactionId { gtid: Some(gtid), file: "binlog.000001".into(), begin: 0 }
}

/// The number the source will give its next transaction.
fn next_number(source: &Server) -> u64 {
    let executed = source.sql("SELECT REPLACE(@@GLOBAL.gtid_executed, '\\n', '')");
    let last = executed.trim().rsplit(['-', ':']).next().unwrap();
    last.parse::<u64>().unwrap() + 1
}

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

fn name(case: &Case<'_>, table: &str) -> QualifiedName {
    QualifiedName::new(case.schema.clone(), table)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_not_read_before_what_the_applier_was_handed_is_visible() {
    let pair = Pair::mysql();
    let case = case(&pair);
    let gates = gates(&case).await;
    let number = next_number(&pair.source) + 10;
    let handed_over = transaction(&pair.source, number);
    assert!(gates.try_admit(&handed_over, &[name(&case, "a")]));
    let running = begin(&case, &gates).await;
    wait_until("the others are copied", || {
        (is_copied(&case, "b") && is_copied(&case, "keyless")).then_some(())
    });
    assert_eq!(count(&case, "a"), 0);
    let gtid = handed_over.gtid.unwrap();
    pair.source.sql(format!("SET gtid_next='{gtid}'; BEGIN; COMMIT; SET gtid_next=AUTOMATIC"));
    finish(&case, running).await;
}

/// A transaction is in the log and not yet committed in the engine: the log's readers have it, nobody else.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_logged_and_not_yet_visible_is_waited_for() {
    let pair = Pair::mysql();
    let case = case(&pair);
    pair.source.sql(
        "INSTALL PLUGIN rpl_semi_sync_source SONAME 'semisync_source.so'; \
         SET GLOBAL rpl_semi_sync_source_wait_no_replica=1, \
         GLOBAL rpl_semi_sync_source_timeout=600000, GLOBAL rpl_semi_sync_source_enabled=1;",
    );
    let gates = gates(&case).await;
    let handed_over = transaction(&pair.source, next_number(&pair.source));
    let log_before = pair.source.sql("SHOW BINARY LOG STATUS");
    std::thread::scope(|scope| {
        let runtime = tokio::runtime::Handle::current();
        let update = format!("UPDATE {}.a SET f='changed'; ", case.schema);
        let waiting = scope.spawn(|| pair.source.sql(update));
        wait_until("the change is logged", || {
            (pair.source.sql("SHOW BINARY LOG STATUS") != log_before).then_some(())
        });
        assert!(!waiting.is_finished(), "the commit waits for a replica");
        assert!(gates.try_admit(&handed_over, &[name(&case, "a")]));
        tokio::task::block_in_place(|| {
            runtime.block_on(async {
                let running = begin(&case, &gates).await;
                wait_until("the others are copied", || {
                    (is_copied(&case, "b") && is_copied(&case, "keyless")).then_some(())
                });
                assert_eq!(count(&case, "a"), 0);
                pair.source.sql("SET GLOBAL rpl_semi_sync_source_enabled=0");
                finish(&case, running).await;
            });
        });
        waiting.join().unwrap();
    });
    let changed = format!("SELECT COUNT(*) FROM {}.a WHERE f='changed'", case.schema);
    assert_eq!(pair.target.sql(changed), "3000\n");
}

/// A session of the application, which may write.
async fn application(case: &Case<'_>) -> Session {
    let (source, user) = (&case.pair.source, format!("app_{}", case.schema));
    source.sql(format!(
        "CREATE USER IF NOT EXISTS {user}@'%' IDENTIFIED BY 'App-pw1'; GRANT ALL ON {}.* TO {user}@'%';",
        case.schema
    ));
    let endpoint = endpoint(source, Side::Source);
    let endpoint = Endpoint { user, password: "App-pw1".into(), ..endpoint };
    let mut session = Session::connect(&endpoint).await.unwrap();
    session.execute(format!("USE {}", case.schema)).await.unwrap();
    session
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_the_application_has_locked_are_read_without_waiting() {
    for pair in [Pair::shared(), Pair::shared_mariadb()] {
        let tables = "CREATE TABLE a (id INT PRIMARY KEY, f VARCHAR(20)); CREATE TABLE b LIKE a;";
        let case = Case::new(pair, tables, "INSERT INTO a VALUES (1,'a'),(2,'b');");
        let mut application = application(&case).await;
        for sql in [
            "START TRANSACTION",
            "UPDATE a SET f='not committed'",
            "SELECT * FROM a FOR UPDATE",
            "INSERT INTO b VALUES (1,'not committed')",
        ] {
            application.execute(sql).await.unwrap();
        }
        assert_eq!(carry(&case).await.rows.values().sum::<u64>(), 2);
        application.execute("ROLLBACK").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_the_applier_has_put_there_are_replaced() {
    let load = Pair::shared();
    let insert = Pair::start(Options::mysql(), Options::azure_target().without_local_infile());
    for pair in [load, &insert.unwrap(), Pair::shared_mariadb()] {
        let tables = "
            CREATE TABLE p (id INT PRIMARY KEY, f VARCHAR(20));
            CREATE TABLE u (f VARCHAR(20), k VARCHAR(20) NOT NULL, UNIQUE KEY u (k));
            CREATE TABLE one (id INT PRIMARY KEY);";
        let rows = "
            INSERT INTO p VALUES (1,'new'),(2,'new'),(3,'new'),(9,'new');
            INSERT INTO u VALUES ('new','a'),('new','B'),('new','c');
            INSERT INTO one VALUES (1);";
        let case = Case::new(pair, tables, rows);
        pair.target.sql(format!(
            "USE {}; INSERT INTO p VALUES (1,'old'),(3,'old'); INSERT INTO one VALUES (1); \
             INSERT INTO u VALUES ('old','A'),('old','b');",
            case.schema
        ));
        carry(&case).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_anywhere_is_gone_on_from() {
    for pair in [Pair::shared(), Pair::shared_mariadb()] {
        let case = match pair.source.kind().is_mariadb() {
            false => case(pair),
            true => {
                let rows =
                    ROWS.replace("SET cte_max_recursion_depth", "SET max_recursive_iterations");
                let mut case = Case::new(pair, TABLES, &rows);
                case.sizes = SMALL;
                case
            }
        };
        for rows in [0, 1, 300, 900, 1_500, 2_000, 2_900, 4_000] {
            let job = job(&case, &gates(&case).await).await;
            let (running, early) = until_rows(job, rows).await;
            assert!(!early, "killed too late at {rows} rows");
            running.abort();
            assert!(running.await.unwrap_err().is_cancelled());
        }
        let copied = carry(&case).await;
        assert_eq!(copied.rows.values().sum::<u64>(), 7_000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_the_source_kills_are_opened_again() {
    let pair = Pair::mysql();
    let mut case = case(&pair);
    // Without the table that is read in one pass: that cannot be gone on with.
    pair.source.sql(format!("DROP TABLE {}.keyless", case.schema));
    case.sizes.chunk_bytes = 1_000;
    let job = job(&case, &gates(&case).await).await;
    let progress = job.progress.clone();
    let running = tokio::spawn(copy::tables(job));
    let mut killer = Session::connect(&endpoint(&pair.source, Side::Source)).await.unwrap();
    let (mut killed, mut seen) = (0, 0);
    while !running.is_finished() && killed < 20 {
        let rows = progress.snapshot().rows().0;
        if rows < seen + 50 {
            tokio::task::yield_now().await;
            continue;
        }
        seen = rows;
        let others = "SELECT id FROM information_schema.processlist \
                      WHERE id<>CONNECTION_ID() AND user='app_reader'";
        for victim in killer.rows(others).await.unwrap() {
            let kill = format!("KILL {}", victim.text(0).unwrap());
            killed += usize::from(killer.execute(kill).await.is_ok());
        }
    }
    finish(&case, running).await;
    assert!(killed > 5, "only {killed} connections were killed");
}

/// Its rows are with the target and not committed: what the chunk was read before must wait for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_not_handed_over_before_the_chunk_that_does_not_know_it_has_landed() {
    let pair = Pair::mysql();
    let case =
        Case::new(&pair, "CREATE TABLE a (id INT PRIMARY KEY);", "INSERT INTO a VALUES (1);");
    let gates = gates(&case).await;
    let mut blocker = Session::connect(&endpoint(&pair.target, Side::Target)).await.unwrap();
    blocker.execute("START TRANSACTION").await.unwrap();
    blocker.execute(format!("INSERT INTO {}.a VALUES (1)", case.schema)).await.unwrap();
    let before = next_number(&pair.source) - 1;
    let after = transaction(&pair.source, before + 10);
    let running = begin(&case, &gates).await;
    wait_until("the chunk waits for the row", || {
        let waiting =
            "SELECT COUNT(*) FROM performance_schema.data_locks WHERE lock_status='WAITING'";
        (pair.target.sql(waiting) == "1\n").then_some(())
    });
    let tables = [name(&case, "a")];
    assert!(gates.try_admit(&transaction(&pair.source, before), &tables), "the chunk knows it");
    assert!(!gates.try_admit(&after, &tables), "the chunk may not know it");
    let waiting = tokio::spawn({
        let (gates, after, tables) = (gates.clone(), after.clone(), tables.clone());
        async move { gates.admit(&after, &tables).await }
    });
    blocker.execute("ROLLBACK").await.unwrap();
    waiting.await.unwrap();
    assert_eq!(count(&case, "a"), 1, "the chunk has landed first");
    finish(&case, running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_without_a_key_is_copied_as_of_a_position_that_lasts() {
    let pair = Pair::mysql();
    let case = case(&pair);
    let keyless = name(&case, "keyless");
    let begun = gates(&case).await;
    let early = next_number(&pair.source);
    assert!(begun.skips(&keyless, &transaction(&pair.source, early)), "the copy will hold it");
    let mut application = application(&case).await;
    application.execute("START TRANSACTION").await.unwrap();
    application.execute("INSERT INTO keyless VALUES (1, 'late')").await.unwrap();
    let running = begin(&case, &begun).await;
    wait_until("the others are copied", || {
        (is_copied(&case, "a") && is_copied(&case, "b")).then_some(())
    });
    assert_eq!(count(&case, "keyless"), 0, "a position amid a transaction would not be exact");
    application.execute("COMMIT").await.unwrap();
    finish(&case, running).await;
    let last = next_number(&pair.source) - 1;
    for gates in [begun, gates(&case).await] {
        assert!(gates.skips(&keyless, &transaction(&pair.source, last)));
        assert!(!gates.skips(&keyless, &transaction(&pair.source, last + 1)));
        assert!(!gates.skips(&name(&case, "a"), &transaction(&pair.source, last)));
    }
}

/// Says when it is called.
struct Builds(Arc<AtomicUsize>);

impl AfterTable for Builds {
    fn table_copied<'a>(&'a self, _table: &'a QualifiedName) -> BoxFuture<'a, Result<(), Fault>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Ok(()) })
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
async fn indexes_are_built_when_all_is_applied_that_the_log_held_after_the_last_chunk() {
    let pair = Pair::mysql();
    let case = case(&pair);
    let gates = gates(&case).await;
    let before = start(&pair.source).await;
    // Something of other tables, so that the log goes on.
    pair.source.sql("CREATE SCHEMA other");
    let (applied, seen) =
        watch::channel(LogPosition { file: "binlog.000001".into(), offset: 4, ..before });
    let built = Arc::new(AtomicUsize::new(0));
    let mut job = job(&case, &gates).await;
    job.builders = 3;
    job.after_table = Arc::new(Settled {
        source: endpoint(&pair.source, Side::Source),
        gates: gates.clone(),
        applied: seen,
        then: Arc::new(Builds(Arc::clone(&built))),
        aside: Aside::default(),
        stop: case.stop.clone(),
    });
    let running = tokio::spawn(copy::tables(job));
    wait_until("all tables are copied", || {
        ["a", "b", "keyless"].iter().all(|table| is_copied(&case, table)).then_some(())
    });
    assert_eq!(built.load(Ordering::SeqCst), 0);
    let mut session = Session::connect(&endpoint(&pair.source, Side::Source)).await.unwrap();
    let end = log_end(&mut session).await.unwrap().unwrap();
    applied.send_replace(LogPosition { offset: end.offset - 1, ..end.clone() });
    assert_eq!(built.load(Ordering::SeqCst), 0);
    applied.send_replace(end);
    finish(&case, running).await;
    assert_eq!(built.load(Ordering::SeqCst), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_is_heard_while_changes_are_not_visible_or_not_applied() {
    let pair = Pair::mysql();
    let case = case(&pair);
    let gates = gates(&case).await;
    let never = transaction(&pair.source, next_number(&pair.source) + 10);
    assert!(gates.try_admit(&never, &[name(&case, "a")]));
    let (_applied, seen) = watch::channel(start(&pair.source).await);
    let mut job = job(&case, &gates).await;
    job.after_table = Arc::new(Settled {
        source: endpoint(&pair.source, Side::Source),
        gates: gates.clone(),
        applied: seen,
        then: Arc::new(Seen::default()),
        aside: Aside::default(),
        stop: case.stop.clone(),
    });
    let running = tokio::spawn(copy::tables(job));
    wait_until("the others are copied", || {
        (is_copied(&case, "b") && is_copied(&case, "keyless")).then_some(())
    });
    case.stop.request();
    let fault = running.await.unwrap().unwrap_err();
    assert_eq!(fault.code, ErrorCode::Interrupted, "{fault}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_without_gtids_tells_by_its_log_status_or_is_refused() {
    let pair = Pair::start(Options::mysql().without_gtid(), Options::azure_target()).unwrap();
    let case = case(&pair);
    let gates = Gates::new(
        log_end(&mut Session::connect(&endpoint(&pair.source, Side::Source)).await.unwrap())
            .await
            .unwrap()
            .unwrap(),
    );
    let fault = begin(&case, &gates).await.await.unwrap().unwrap_err();
    assert_eq!(fault.code, ErrorCode::ServerUnsuitable, "{fault}");
    assert!(fault.to_string().contains("BACKUP_ADMIN"), "{fault}");
    pair.source.sql("GRANT BACKUP_ADMIN ON *.* TO app_reader");
    carry(&case).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_copy_reads_nothing_until_it_is_resumed() {
    let case = case(Pair::shared());
    // Tables known to be large have several lanes, which are entered before their first chunk.
    case.pair.source.sql(format!("ANALYZE TABLE {0}.a, {0}.b", case.schema));
    let gates = gates(&case).await;
    let mut job = job(&case, &gates).await;
    let clock = Clock::manual(Timestamp::UNIX_EPOCH);
    let control = Control::new(case.stop.clone(), clock, Settings::default());
    let Reading::Gated(gated) = &mut job.reading else { unreachable!() };
    gated.control = control.clone();
    control.pause();
    let running = tokio::spawn(copy::tables(job));
    wait_until("lanes are entered", || {
        let lanes =
            format!("SELECT COUNT(*) > 1 FROM sealift.lane WHERE migration='{}'", case.schema);
        (case.pair.target.sql(lanes) == "1\n").then_some(())
    });
    assert_eq!(count(&case, "a") + count(&case, "b"), 0);
    control.resume();
    finish(&case, running).await;
}
