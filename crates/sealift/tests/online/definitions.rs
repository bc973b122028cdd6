//! Definitions that change on the source while it is followed.

use sealift_lab::{Pair, unique_schema, wait_until};

use super::{Running, assert_same, schema, stage};
use crate::folder::turn;
use crate::offline::{ends_with, folder};

/// Waits until a query on the target gives this.
fn arrives(pair: &Pair, sql: &str, expected: &str) {
    wait_until("a change is on the target", || (pair.target.sql(sql) == expected).then_some(()));
}

#[test]
fn a_definition_that_moves_stops_the_run_before_it() {
    let _turn = turn();
    let pair = Pair::shared();
    let schema = schema(pair, "online_ddl");
    let folder = folder(&pair.source, &pair.target, &[&schema], "");
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    pair.source.sql(format!(
        "INSERT INTO {schema}.parent VALUES (7777, 1); ALTER TABLE {schema}.parent ADD w INT; \
         INSERT INTO {schema}.parent VALUES (7778, 1, 1);"
    ));
    let stopped = folder.sealift(&["run", "--json"]);
    ends_with(1, &stopped);
    // The plan is of the definition before.
    assert_eq!(stopped.error_code(), "SL0503");
    let followed = pair.target.sql(format!("SELECT COUNT(*) FROM {schema}.parent WHERE id > 7000"));
    assert_eq!(followed, "0\n");
}

#[test]
fn statements_about_other_objects_pass_and_ours_stop_the_run() {
    let _turn = turn();
    let pair = Pair::shared();
    let schema = schema(pair, "online_others");
    let other = unique_schema("others");
    let folder = folder(&pair.source, &pair.target, &[&schema], "");
    let running = Running::start_told(&folder);
    wait_until("everything is copied", || (stage(&folder) == "following").then_some(()));
    pair.source.sql(format!(
        "CREATE DATABASE {other}; USE {other}; CREATE TABLE t (i INT COMMENT '{schema}.hot'); \
         ALTER TABLE t ADD {schema} INT; CREATE VIEW v AS SELECT id FROM {schema}.parent; \
         CREATE TABLE made AS SELECT id FROM {schema}.parent; RENAME TABLE t TO u; \
         CREATE PROCEDURE p() DELETE FROM {schema}.parent; TRUNCATE made; DROP VIEW v; \
         USE {schema}; CREATE TEMPORARY TABLE hot2 (i INT); DROP TEMPORARY TABLE hot2; \
         CREATE INDEX i ON {other}.u (i); DROP DATABASE {other}; \
         INSERT INTO {schema}.parent VALUES (7777, 1)"
    ));
    let count = format!("SELECT COUNT(*) FROM {schema}.parent WHERE id > 7000");
    arrives(pair, &count, "1\n");
    assert_same(pair, &schema);
    pair.source.sql(format!(
        "USE {schema}; INSERT INTO parent VALUES (7778, 1); \
         /* no more */ alter /*!50000 table */ `parent` ADD w INT; \
         INSERT INTO parent VALUES (7779, 1, 1)"
    ));
    let (code, told) = running.ended();
    assert_eq!(code, Some(1));
    assert!(told.contains("SL0508") && told.contains("alter /*!50000 table */ `parent`"), "{told}");
    assert_eq!(pair.target.sql(&count), "2\n");
}
