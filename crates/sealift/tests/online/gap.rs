//! A source that logs commits long before anybody sees them: a semi-synchronous one whose replica is away.

use std::io::Write;
use std::process::Child;

use sealift_lab::{Options, Pair, Server, unique_schema, wait_until};

use super::xa::{prepare, without_gtids};
use super::{Running, assert_same};
use crate::offline::{ends_with, folder};

/// Loads semi-sync with nobody to acknowledge: commits hang between the log and the engine.
fn hang_commits(server: &Server) {
    server.sql(
        "INSTALL PLUGIN rpl_semi_sync_source SONAME 'semisync_source.so'; \
         SET GLOBAL rpl_semi_sync_source_wait_no_replica = 1, GLOBAL rpl_semi_sync_source_timeout = 600000, \
         GLOBAL rpl_semi_sync_source_enabled = 1",
    );
}

/// Clients that commit and get no answer.
struct Hanging(Vec<Child>);

impl Hanging {
    fn start(server: &Server, statements: &[String]) -> Self {
        let clients = statements.iter().map(|sql| {
            let mut client = server.client().command().spawn().unwrap();
            client.stdin.take().unwrap().write_all(sql.as_bytes()).unwrap();
            client
        });
        let hanging = Self(clients.collect());
        wait_until("the commits are logged and hang", || {
            let waiting = "SELECT COUNT(*) FROM performance_schema.threads WHERE type = 'FOREGROUND' \
                           AND processlist_state IN ('Waiting for semi-sync ACK from replica', 'waiting for handler commit')";
            (server.sql(waiting) == format!("{}\n", statements.len())).then_some(())
        });
        hanging
    }

    fn let_go(self, server: &Server) {
        server.sql("SET GLOBAL rpl_semi_sync_source_enabled = 0");
        for mut client in self.0 {
            assert!(client.wait().unwrap().success());
        }
    }
}

const TABLES: usize = 6;

fn schema(pair: &Pair) -> String {
    let schema = unique_schema("gap");
    pair.source.sql(format!("CREATE DATABASE {schema}"));
    for table in 0..TABLES {
        pair.source.sql(format!(
            "USE {schema}; CREATE TABLE t{table} (id INT NOT NULL PRIMARY KEY, v INT); \
             INSERT INTO t{table} WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) \
             SELECT i, 0 FROM n"
        ));
    }
    schema
}

/// All rows of a table, and those that have changed, as the target has them.
fn there(pair: &Pair, schema: &str, table: usize) -> String {
    let sql = format!("SELECT COUNT(*), SUM(v > 0) FROM {schema}.t{table}");
    pair.target.try_sql(sql).unwrap_or_default()
}

#[test]
fn a_chunk_waits_for_what_the_log_has_and_no_read_sees() {
    let pair = Pair::start(Options::mysql(), Options::azure_target()).unwrap();
    let schema = schema(&pair);
    let folder = folder(&pair.source, &pair.target, &[&schema], "[copy]\nworkers = 1\n");
    let held = Running::held_at(&folder, "chunk-begun:1=hold");
    hang_commits(&pair.source);
    let commits: Vec<String> = (0..TABLES)
        .map(|table| format!("UPDATE {schema}.t{table} SET v = 1 WHERE id = 100;\n"))
        .collect();
    let hanging = Hanging::start(&pair.source, &commits);
    let running = held.go_on();
    // What was changed is on the target, and nothing was read since: no read would see it.
    for table in 2..TABLES {
        wait_until("the change is applied", || {
            (there(&pair, &schema, table) == "1\t1\n").then_some(())
        });
    }
    hanging.let_go(&pair.source);
    assert_eq!(running.interrupt(), Some(4));
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    assert_same(&pair, &schema);
}

#[test]
fn without_gtids_what_xa_commits_waits_for_reads_that_do_not_see_it() {
    let pair = without_gtids();
    let schema = schema(&pair);
    let folder = folder(&pair.source, &pair.target, &[&schema], "[copy]\nworkers = 1\n");
    let held = Running::held_at(&folder, "chunk-begun:1=hold");
    let updates = (0..TABLES).map(|table| format!("UPDATE t{table} SET v = 1 WHERE id = 100; "));
    prepare(&pair, &schema, "hangs", &updates.collect::<String>());
    hang_commits(&pair.source);
    let hanging = Hanging::start(&pair.source, &["XA COMMIT 'hangs';\n".to_owned()]);
    let running = held.go_on();
    // What the source calls visible has the commit; what is read has not.
    for table in 0..TABLES {
        wait_until("the table is copied as it was", || {
            (there(&pair, &schema, table) == "200\t0\n").then_some(())
        });
    }
    hanging.let_go(&pair.source);
    for table in 0..TABLES {
        wait_until("the change is applied", || {
            (there(&pair, &schema, table) == "200\t1\n").then_some(())
        });
    }
    assert_eq!(running.interrupt(), Some(4));
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    assert_same(&pair, &schema);
}
