//! Several sessions that see one moment, while others write.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sealift_lab::server::APP_READER;
use sealift_lab::{Account, Options, Server, wait_until};
use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::position::{self, Drift};
use sealift_mysql::session::Session;
use sealift_mysql::snapshot::{Held, LockMode, SELECT, Snapshot, SnapshotError, SnapshotRequest};
use sealift_schema::name::QualifiedName;

use crate::{MARIADB, MYSQL, account, connect, start};

const MONEY: u64 = 1_000;
const LOCK_WAIT: Duration = Duration::from_secs(20);

fn names(schema: &str, tables: &[&str]) -> Vec<QualifiedName> {
    tables.iter().map(|table| QualifiedName::new(schema, *table)).collect()
}

/// Two InnoDB tables between which money moves, and two of engines without snapshots that each move fills.
fn bank(server: &Server, schema: &str) {
    server.sql(format!(
        "CREATE SCHEMA {schema}; USE {schema};
         CREATE TABLE left_bank (id INT PRIMARY KEY, money INT); INSERT INTO left_bank VALUES (1, {MONEY});
         CREATE TABLE right_bank (id INT PRIMARY KEY, money INT); INSERT INTO right_bank VALUES (1, 0);
         CREATE TABLE journal (money INT) ENGINE=MyISAM; CREATE TABLE memory (money INT) ENGINE=MEMORY;",
    ));
}

struct Wish<'a> {
    endpoint: &'a Endpoint,
    schema: &'a str,
    without_snapshots: &'a [&'a str],
    lock: LockMode,
    lock_wait: Duration,
}

async fn open(wish: &Wish<'_>) -> Result<Snapshot, SnapshotError> {
    let mut tables = names(wish.schema, &["left_bank", "right_bank"]);
    let without_snapshots = names(wish.schema, wish.without_snapshots);
    tables.extend_from_slice(&without_snapshots);
    let request = SnapshotRequest {
        endpoint: wish.endpoint,
        readers: 4,
        tables: &tables,
        without_snapshots: &without_snapshots,
        lock: wish.lock,
        lock_wait: wish.lock_wait,
    };
    Snapshot::open(&request, || ()).await
}

async fn number(session: &mut Session, rest: &str) -> u64 {
    session.first(&format!("{SELECT} {rest}")).await.unwrap().unwrap().parse(0).unwrap()
}

/// What each reader sees: all the money, and how much is on the right.
async fn seen(snapshot: &mut Snapshot, schema: &str) -> Vec<(u64, u64)> {
    let mut seen = Vec::new();
    for reader in &mut snapshot.readers {
        let left = number(reader, &format!("money FROM {schema}.left_bank")).await;
        let right = number(reader, &format!("money FROM {schema}.right_bank")).await;
        seen.push((left + right, right));
    }
    seen
}

/// Stops the client when it goes out of scope.
struct Stopping<'a>(&'a AtomicBool);

impl Drop for Stopping<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs a test while a client moves money, one unit per transaction, and a note of it into each table
/// without snapshots; the client's every statement must succeed.
fn while_money_moves(server: &Server, schema: &str, test: impl AsyncFnOnce()) {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let mover = scope.spawn(|| {
            let script = format!(
                "USE {schema}; BEGIN; UPDATE left_bank SET money = money - 1;
                 UPDATE right_bank SET money = money + 1; COMMIT;
                 INSERT INTO journal VALUES (1); UPDATE memory SET money = 1; INSERT INTO memory VALUES (1);\n"
            )
            .repeat(5);
            while !stop.load(Ordering::Relaxed) {
                server.sql(&script);
            }
        });
        // Also when the test fails: the scope waits for the client.
        let stopping = Stopping(&stop);
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(test()));
        drop(stopping);
        mover.join().unwrap();
    });
}

fn moved(server: &Server, schema: &str) -> u64 {
    server.sql(format!("SELECT money FROM {schema}.right_bank")).trim().parse().unwrap()
}

/// Each of these tests locks a whole server and waits for writers that another one's lock would stop.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

fn all_readers_see_one_moment(server: &Server, schema: &str, endpoint: &Endpoint, held: Held) {
    bank(server, schema);
    while_money_moves(server, schema, async || {
        wait_until("money moves", || (moved(server, schema) > 5).then_some(()));
        let wish = Wish {
            endpoint,
            schema,
            without_snapshots: &["journal", "memory"],
            lock: LockMode::Lock,
            lock_wait: LOCK_WAIT,
        };
        let mut snapshot = open(&wish).await.unwrap();
        assert_eq!(snapshot.held, held);
        let first = seen(&mut snapshot, schema).await;
        let (_, right) = first[0];
        assert!(first.iter().all(|seen| *seen == (MONEY, right)), "{first:?}");
        // The client may be waiting for a table that stays locked already; others write as they like.
        server.sql(format!(
            "USE {schema}; BEGIN; UPDATE left_bank SET money = money - 1;
             UPDATE right_bank SET money = money + 1; COMMIT"
        ));
        assert!(moved(server, schema) > right);
        let reader = &mut snapshot.readers[1];
        let notes = number(reader, &format!("COUNT(*) FROM {schema}.journal")).await;
        assert!(notes == right || notes + 1 == right, "{notes} notes of {right} moves");
        let notes = number(reader, &format!("COUNT(*) FROM {schema}.memory")).await;
        assert!(notes == right || notes + 1 == right, "{notes} notes of {right} moves");
        assert_eq!(seen(&mut snapshot, schema).await, first);
        let since = snapshot.position.clone().unwrap();
        snapshot.release().await;
        wait_until("the client goes on", || (moved(server, schema) > right + 6).then_some(()));
        let drift = position::drift(&mut connect(server).await, Some(&since)).await.unwrap();
        let Drift::Tables(changed) = drift else { panic!("{drift:?}") };
        assert!(changed.contains(&QualifiedName::new(schema, "left_bank")));
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn all_readers_see_one_moment_under_the_global_lock() {
    let _turn = TURN.lock().await;
    for server in [&*MYSQL, &*MARIADB] {
        let reader = account(server, APP_READER);
        all_readers_see_one_moment(server, "bank_global", &reader, Held::GlobalLock);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_readers_see_one_moment_under_table_locks() {
    let _turn = TURN.lock().await;
    for server in [&*MYSQL, &*MARIADB] {
        let client =
            if server.kind().is_mariadb() { "BINLOG MONITOR" } else { "REPLICATION CLIENT" };
        server.sql(format!(
            "CREATE USER locker IDENTIFIED BY 'pw'; GRANT SELECT, LOCK TABLES ON *.* TO locker;
             GRANT {client} ON *.* TO locker"
        ));
        let locker = account(server, Account { user: "locker", password: "pw" });
        all_readers_see_one_moment(server, "bank_tables", &locker, Held::TableLocks);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_lock_nobody_waits_and_the_position_lies_before() {
    let _turn = TURN.lock().await;
    for server in [&*MYSQL, &*MARIADB] {
        let schema = "bank_unlocked";
        bank(server, schema);
        server.sql("FLUSH BINARY LOGS");
        let endpoint = account(server, APP_READER);
        let wish = Wish {
            endpoint: &endpoint,
            schema,
            without_snapshots: &["journal"],
            lock: LockMode::NoLock,
            lock_wait: LOCK_WAIT,
        };
        let mut holder = connect(server).await;
        holder.execute("LOCK TABLES bank_unlocked.left_bank WRITE").await.unwrap();
        let mut snapshot = open(&wish).await.unwrap();
        holder.execute("UNLOCK TABLES").await.unwrap();
        assert_eq!(snapshot.held, Held::Nothing);
        assert_eq!(seen(&mut snapshot, schema).await, [(MONEY, 0); 4]);
        server.sql("INSERT INTO bank_unlocked.journal VALUES (1)");
        let since = snapshot.position.as_ref().unwrap();
        let drift = position::drift(&mut connect(server).await, Some(since)).await.unwrap();
        let Drift::Tables(changed) = drift else { panic!("{drift:?}") };
        assert!(changed.contains(&QualifiedName::new(schema, "journal")), "{changed:?}");
        snapshot.release().await;
    }
}

#[tokio::test]
async fn a_lock_that_does_not_come_names_what_it_waits_for_and_is_gone() {
    let _turn = TURN.lock().await;
    for server in [&*MYSQL, &*MARIADB] {
        let schema = "bank_held";
        bank(server, schema);
        server.sql(
            "CREATE USER held IDENTIFIED BY 'pw'; GRANT SELECT, LOCK TABLES, PROCESS ON *.* TO held",
        );
        let endpoint = account(server, Account { user: "held", password: "pw" });
        let wish = Wish {
            endpoint: &endpoint,
            schema,
            without_snapshots: &[],
            lock: LockMode::Lock,
            lock_wait: Duration::from_secs(1),
        };
        let mut writer = connect(server).await;
        writer.execute("BEGIN").await.unwrap();
        writer.execute("UPDATE bank_held.left_bank SET money = 0").await.unwrap();
        let Err(error) = open(&wish).await else { panic!("locked past a transaction") };
        let text = error.to_string();
        assert!(matches!(error, SnapshotError::Waited { .. }), "{text}");
        assert!(text.contains(&format!("connection {} with a", writer.connection_id())), "{text}");
        server.sql("SET lock_wait_timeout = 5; UPDATE bank_held.right_bank SET money = 7");
        writer.execute("COMMIT").await.unwrap();
        assert!(open(&wish).await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_statement_is_named_instead_of_waited_for() {
    let _turn = TURN.lock().await;
    for server in [&*MYSQL, &*MARIADB] {
        bank(server, "bank_busy");
        let endpoint = account(server, APP_READER);
        let wish = Wish {
            endpoint: &endpoint,
            schema: "bank_busy",
            without_snapshots: &[],
            lock: LockMode::Lock,
            lock_wait: Duration::from_secs(1),
        };
        let mut slow = connect(server).await;
        let id = slow.connection_id();
        let running = tokio::spawn(async move {
            slow.rows("SELECT /* the report */ money, SLEEP(1000) FROM bank_busy.left_bank").await
        });
        let sql =
            format!("SELECT id FROM information_schema.processlist WHERE id = {id} AND time >= 2");
        wait_until("it runs for long", || (!server.sql(&sql).is_empty()).then_some(()));
        let Err(error) = open(&wish).await else { panic!("waited behind a long statement") };
        let text = error.to_string();
        assert!(matches!(error, SnapshotError::Busy(_)), "{text}");
        assert!(text.contains("/* the report */"), "{text}");
        server.sql("SET lock_wait_timeout = 5; UPDATE bank_busy.right_bank SET money = 7");
        server.sql(format!("KILL {id}"));
        assert!(running.await.unwrap().is_err());
    }
}

#[tokio::test]
async fn a_failure_under_the_lock_leaves_no_lock() {
    let _turn = TURN.lock().await;
    for server in [&*MYSQL, &*MARIADB] {
        let schema = "bank_failed";
        bank(server, schema);
        server.sql(
            "CREATE USER reloader IDENTIFIED BY 'pw'; GRANT SELECT, RELOAD ON *.* TO reloader",
        );
        let endpoint = account(server, Account { user: "reloader", password: "pw" });
        let wish = Wish {
            endpoint: &endpoint,
            schema,
            without_snapshots: &["journal"],
            lock: LockMode::Lock,
            lock_wait: LOCK_WAIT,
        };
        let Err(error) = open(&wish).await else { panic!("LOCK TABLES without the privilege") };
        assert!(error.to_string().contains("LOCK TABLES"), "{error}");
        server.sql("SET lock_wait_timeout = 5; UPDATE bank_failed.left_bank SET money = 7");
    }
}

#[tokio::test]
async fn a_snapshot_that_is_given_up_leaves_no_lock() {
    let _turn = TURN.lock().await;
    for server in [&*MYSQL, &*MARIADB] {
        let schema = "bank_dropped";
        bank(server, schema);
        let endpoint = account(server, APP_READER);
        let wish = Wish {
            endpoint: &endpoint,
            schema,
            without_snapshots: &["journal"],
            lock: LockMode::Lock,
            lock_wait: LOCK_WAIT,
        };
        drop(open(&wish).await.unwrap());
        server.sql("SET lock_wait_timeout = 5; INSERT INTO bank_dropped.journal VALUES (1)");
    }
}

#[tokio::test]
async fn a_snapshot_needs_no_binary_log() {
    let _turn = TURN.lock().await;
    let server = start(Options::mysql().arg("--skip-log-bin"));
    bank(&server, "bank");
    let endpoint = account(&server, APP_READER);
    let wish = Wish {
        endpoint: &endpoint,
        schema: "bank",
        without_snapshots: &[],
        lock: LockMode::Lock,
        lock_wait: LOCK_WAIT,
    };
    let mut snapshot = open(&wish).await.unwrap();
    assert_eq!(snapshot.position, None);
    assert_eq!(seen(&mut snapshot, "bank").await, [(MONEY, 0); 4]);
}
