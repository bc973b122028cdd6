//! Transactions that are prepared by XA and end much later, or never.

use sealift_lab::{Options, Pair, unique_schema, wait_until};

use super::aside::Client;
use super::{Running, assert_same, stage};
use crate::offline::{ends_with, folder};
use crate::pairs::mariadb;

fn schema(pair: &Pair) -> String {
    let schema = unique_schema("xa");
    pair.source.sql(format!(
        "CREATE DATABASE {schema}; USE {schema}; CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v INT); \
         CREATE TABLE bag (a INT); INSERT INTO t VALUES (1, 1), (2, 2), (3, 3); INSERT INTO bag VALUES (1); \
         CREATE TABLE wide (id INT NOT NULL PRIMARY KEY, v MEDIUMTEXT); INSERT INTO wide VALUES (1, 'x'), (2, 'y'); \
         CREATE TABLE moving (id INT NOT NULL PRIMARY KEY); INSERT INTO moving VALUES (1)"
    ));
    schema
}

/// 20 MiB of rows, in several events.
const LARGE: &str = "INSERT INTO wide WITH RECURSIVE n (i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 49) \
    SELECT i, REPEAT(CHAR(65 + i % 26), 524288) FROM n; DELETE FROM wide WHERE id IN (1, 11); \
    UPDATE wide SET v = 'z' WHERE id = 2;";

/// Prepares a transaction; its session ends, it stays.
pub(super) fn prepare(pair: &Pair, schema: &str, name: &str, sql: &str) {
    pair.source.sql(format!(
        "USE {schema}; XA START '{name}'; {sql} XA END '{name}'; XA PREPARE '{name}'"
    ));
}

/// A source of MySQL that is followed by file and offset.
pub(super) fn without_gtids() -> Pair {
    let pair = Pair::start(Options::mysql().without_gtid(), Options::azure_target()).unwrap();
    pair.source.sql(
        "GRANT BACKUP_ADMIN, XA_RECOVER_ADMIN ON *.* TO app_reader; \
         GRANT SELECT ON performance_schema.log_status TO app_reader",
    );
    pair
}

/// Transactions are prepared before the first run, while rows are copied and later; processes are killed and the
/// source restarts before they end.
fn carried(mut pair: Pair) {
    let schema = schema(&pair);
    let folder = folder(&pair.source, &pair.target, &[&schema], "[copy]\nworkers = 1\n");
    let caught_up = || ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    let asked = |pair: &Pair| pair.source.sql("SHOW GLOBAL STATUS LIKE 'Com_xa_recover'");
    let before = asked(&pair);
    if !pair.source.kind().is_mariadb() {
        pair.source.sql("GRANT XA_RECOVER_ADMIN ON *.* TO app_reader");
    }
    prepare(&pair, &schema, "early", "UPDATE t SET v = 5 WHERE id = 1;");
    let held = {
        let running = std::thread::scope(|scope| {
            let first = scope.spawn(|| Running::held_at(&folder, "chunk-begun:1=hold"));
            wait_until("the run asks what is prepared", || (asked(&pair) != before).then_some(()));
            pair.source.sql("XA COMMIT 'early'");
            first.join().unwrap()
        });
        prepare(&pair, &schema, "amid", "INSERT INTO t VALUES (6, 6);");
        pair.source.sql("XA COMMIT 'amid'");
        running
    };
    let running = held.go_on();
    wait_until("everything is copied", || (stage(&folder) == "following").then_some(()));
    prepare(
        &pair,
        &schema,
        "kept",
        "UPDATE t SET v = 10 WHERE id = 1; INSERT INTO bag VALUES (2);",
    );
    prepare(&pair, &schema, "dropped", "DELETE FROM t WHERE id = 2;");
    // More than a transaction may be that is applied whole.
    prepare(&pair, &schema, "large", LARGE);
    pair.source.sql(format!(
        "USE {schema}; UPDATE t SET v = 30 WHERE id = 3; INSERT INTO bag VALUES (3); \
         INSERT INTO moving VALUES (2); ALTER TABLE moving ADD COLUMN more INT; INSERT INTO moving VALUES (3, 3)"
    ));
    let there = |pair: &Pair, sql: &str| pair.target.sql(format!("USE {schema}; {sql}"));
    wait_until("what was done beside is there", || {
        let found = pair.target.try_sql(format!("SELECT COUNT(*) FROM {schema}.moving"));
        (found.ok()? == "3\n").then_some(())
    });
    assert_eq!(there(&pair, "SELECT v FROM t ORDER BY id"), "5\n2\n30\n6\n");
    assert_eq!(there(&pair, "SELECT a FROM bag ORDER BY a"), "1\n3\n");
    running.kill();
    // Another run knows of them only what it is sent again.
    caught_up();
    pair.source.restart().unwrap();
    caught_up();
    assert_eq!(there(&pair, "SELECT v FROM t ORDER BY id"), "5\n2\n30\n6\n");
    assert_eq!(there(&pair, "SELECT COUNT(*) FROM wide"), "2\n");
    pair.source.sql("XA COMMIT 'kept'; XA ROLLBACK 'dropped'; XA COMMIT 'large'");
    pair.source.sql(format!("INSERT INTO {schema}.t VALUES (4, 4)"));
    caught_up();
    assert_eq!(there(&pair, "SELECT v FROM t ORDER BY id"), "10\n2\n30\n4\n6\n");
    assert_eq!(there(&pair, "SELECT a FROM bag ORDER BY a"), "1\n2\n3\n");
    assert_eq!(there(&pair, "SELECT * FROM moving ORDER BY id"), "1\tNULL\n2\tNULL\n3\t3\n");
    let wide = format!("SELECT id, SHA2(v, 256) FROM {schema}.wide ORDER BY id");
    assert_eq!(pair.target.sql(&wide), pair.source.sql(&wide));
    if !pair.source.kind().is_mariadb() {
        // MariaDB prints definitions in another form.
        assert_same(&pair, &schema);
    }
    caught_up();
}

#[test]
fn what_mysql_has_prepared_comes_with_its_commit_however_many_runs_later() {
    carried(Pair::start(Options::mysql(), Options::azure_target()).unwrap());
    carried(without_gtids());
}

#[test]
fn what_mariadb_has_prepared_comes_with_its_commit_however_many_runs_later() {
    carried(Pair::mariadb_10_11());
    carried(Pair::mariadb_11_8());
}

/// A table without a key is read behind an `XA COMMIT` that nobody has read in the log yet: a change before it waits for
/// another table's chunk.
#[test]
fn a_table_of_mariadb_of_which_xa_leaves_unknown_what_its_copy_has_is_read_again() {
    let pair = mariadb();
    let schema = unique_schema("xa_unclear");
    pair.source.sql(format!(
        "CREATE DATABASE {schema}; USE {schema}; CREATE TABLE a (id INT PRIMARY KEY, v INT); \
         CREATE TABLE b LIKE a; CREATE TABLE c (v INT); INSERT INTO a VALUES (1, 1), (2, 2); \
         INSERT INTO b VALUES (1, 1); INSERT INTO c VALUES (1), (1)"
    ));
    // One worker waits for each of the first two, and takes the third when it may go on.
    let folder = folder(&pair.source, &pair.target, &[&schema], "[copy]\nworkers = 2\n");
    let mut keepers = ["a", "b"].map(|table| {
        let mut keeper = Client::of(&pair.source);
        keeper.say(&format!("LOCK TABLES {schema}.{table} WRITE;"));
        keeper
    });
    let running = Running::start(&folder);
    let waiting = "SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'app_reader' \
                   AND state LIKE 'Waiting for table metadata lock%'";
    wait_until("both are read", || (pair.source.sql(waiting) == "2\n").then_some(()));
    let end = || pair.source.sql("SHOW MASTER STATUS");
    let before = end();
    keepers[0].say(&format!("UPDATE {schema}.a SET v = 9;"));
    wait_until("it is logged", || (end() != before).then_some(()));
    prepare(&pair, &schema, "unclear", "INSERT INTO c VALUES (2);");
    pair.source.sql("XA COMMIT 'unclear'");
    keepers[1].say("UNLOCK TABLES;");
    let copied = "SELECT COUNT(*) FROM sealift.lane WHERE table_name = 'c' AND done = 1";
    wait_until("the third is copied", || {
        (pair.target.try_sql(copied).ok()? == "1\n").then_some(())
    });
    keepers[0].say("UNLOCK TABLES;");
    wait_until("everything is copied", || (stage(&folder) == "following").then_some(()));
    assert_eq!(running.interrupt(), Some(4));
    let record = std::fs::read_to_string(folder.file(".sealift/run.html")).unwrap();
    assert!(record.contains("a table is read again"), "{record}");
    let ran = folder.sealift(&["run", "--until-caught-up", "--json"]);
    ends_with(0, &ran);
    assert_eq!(pair.target.sql(format!("SELECT v FROM {schema}.c ORDER BY v")), "1\n1\n2\n");
    assert_eq!(pair.target.sql(format!("SELECT v FROM {schema}.a")), "9\n9\n");
    ends_with(0, &folder.sealift(&["verify"]));
}

#[test]
fn what_was_forgotten_prepared_refuses_a_first_run_where_no_gtids_tell() {
    let pair = without_gtids();
    let schema = schema(&pair);
    prepare(&pair, &schema, "forgotten", "UPDATE t SET v = 10 WHERE id = 1;");
    let folder = folder(&pair.source, &pair.target, &[&schema], "");
    let refused = folder.sealift(&["run", "--until-caught-up", "--json"]);
    ends_with(1, &refused);
    assert_eq!(refused.error_code(), "SL0406", "{}", refused.screen());
    let error = refused.json()["error"].to_string();
    // As `XA COMMIT` takes it.
    let name = "X'666f72676f7474656e',X'',1";
    assert!(error.contains(name) && error.contains("XA RECOVER"), "{error}");
    assert_eq!(pair.target.sql(format!("SELECT COUNT(*) FROM {schema}.t")), "0\n");
    pair.source.sql(format!("XA COMMIT {name}"));
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    assert_eq!(pair.target.sql(format!("SELECT v FROM {schema}.t WHERE id = 1")), "10\n");
    assert_same(&pair, &schema);
}

#[test]
fn what_was_prepared_before_the_migration_began_stops_it_at_its_commit() {
    let pair = Pair::start(Options::mysql(), Options::azure_target()).unwrap();
    let schema = schema(&pair);
    prepare(&pair, &schema, "before", "UPDATE t SET v = 10 WHERE id = 1;");
    let folder = folder(&pair.source, &pair.target, &[&schema], "");
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    pair.source.sql("XA COMMIT 'before'");
    let stopped = folder.sealift(&["run", "--until-caught-up", "--json"]);
    ends_with(1, &stopped);
    assert_eq!(stopped.error_code(), "SL0607");
    assert!(stopped.stdout.contains("XA"), "{}", stopped.screen());
}
