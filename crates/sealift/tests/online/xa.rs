//! Transactions that are prepared by XA and end much later, or never.

use sealift_lab::{Options, Pair, unique_schema};

use super::assert_same;
use crate::offline::{ends_with, folder};

fn schema(pair: &Pair) -> String {
    let schema = unique_schema("xa");
    pair.source.sql(format!(
        "CREATE DATABASE {schema}; USE {schema}; CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v INT); \
         CREATE TABLE bag (a INT); INSERT INTO t VALUES (1, 1), (2, 2), (3, 3); INSERT INTO bag VALUES (1)"
    ));
    schema
}

/// Prepares a transaction; its session ends, it stays.
fn prepare(pair: &Pair, schema: &str, name: &str, sql: &str) {
    pair.source.sql(format!(
        "USE {schema}; XA START '{name}'; {sql} XA END '{name}'; XA PREPARE '{name}'"
    ));
}

#[test]
fn what_is_prepared_comes_with_its_commit_however_many_runs_later() {
    let pair = Pair::start(Options::mysql(), Options::azure_target()).unwrap();
    let schema = schema(&pair);
    let folder = folder(&pair.source, &pair.target, &[&schema], "");
    let caught_up = || ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    caught_up();
    prepare(
        &pair,
        &schema,
        "kept",
        "UPDATE t SET v = 10 WHERE id = 1; INSERT INTO bag VALUES (2);",
    );
    prepare(&pair, &schema, "dropped", "DELETE FROM t WHERE id = 2;");
    pair.source.sql(format!(
        "UPDATE {schema}.t SET v = 30 WHERE id = 3; INSERT INTO {schema}.bag VALUES (3)"
    ));
    caught_up();
    let there = |sql: &str| pair.target.sql(format!("USE {schema}; {sql}"));
    assert_eq!(there("SELECT v FROM t ORDER BY id"), "1\n2\n30\n");
    assert_eq!(there("SELECT a FROM bag ORDER BY a"), "1\n3\n");
    // Another run knows of them only what it is sent again.
    caught_up();
    pair.source.sql("XA COMMIT 'kept'; XA ROLLBACK 'dropped'");
    pair.source.sql(format!("INSERT INTO {schema}.t VALUES (4, 4)"));
    caught_up();
    assert_eq!(there("SELECT v FROM t ORDER BY id"), "10\n2\n30\n4\n");
    assert_eq!(there("SELECT a FROM bag ORDER BY a"), "1\n2\n3\n");
    assert_same(&pair, &schema);
    caught_up();
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
