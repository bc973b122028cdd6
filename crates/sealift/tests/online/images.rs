//! Sources whose binary log does not have whole rows.

use std::fmt::Write;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sealift_lab::workload::churn::{self, Appetite, Churn};
use sealift_lab::{Kind, Options, Pair, unique_schema, wait_until, workload};

use super::{Running, assert_same, stage};
use crate::offline::{ends_with, folder, typed};
use crate::pairs::mysql;

/// Keys over what is computed when it is read, and a table whose only key is one.
const GENERATED: &str = "
CREATE TABLE keyed (id INT NOT NULL PRIMARY KEY, first_half INT AS (id DIV 2) VIRTUAL, v INT, twice INT AS (v * 2) VIRTUAL,
  kept INT AS (v + 1) STORED, same INT AS (v + 0) VIRTUAL, t VARCHAR(20), KEY by_twice (twice), UNIQUE KEY by_same (same));
CREATE TABLE bag (v INT, twice INT AS (v * 2) VIRTUAL, t VARCHAR(20));
CREATE TABLE unlike (v INT, next INT AS (v + 1) VIRTUAL, t VARCHAR(20), UNIQUE KEY by_next (next));
INSERT INTO keyed (id, v, t) SELECT seq, seq, 'first' FROM seq_1_to_3000;
INSERT INTO bag (v, t) SELECT seq MOD 100, 'first' FROM seq_1_to_500;
INSERT INTO unlike (v, t) SELECT seq, 'first' FROM seq_1_to_500;
";

/// Every kind of change, unique values that change hands between two rows among them.
fn changes(schema: &str, [one, other]: [i32; 2]) -> String {
    format!("USE {schema};
UPDATE keyed SET v = v + 100000 WHERE id MOD 7 = 1;
UPDATE keyed SET v = -{one} WHERE id = {one}; UPDATE keyed SET v = {one} WHERE id = {other};
UPDATE keyed SET v = {other} WHERE id = {one};
UPDATE keyed SET id = id + 10000 WHERE id BETWEEN 500 AND 520;
DELETE FROM keyed WHERE id BETWEEN 600 AND 640;
INSERT INTO keyed (id, v, t) SELECT id, v + 500000, 'again' FROM (SELECT seq id, seq v FROM seq_600_to_610) s;
UPDATE keyed SET t = NULL WHERE id MOD 11 = 1;
DELETE FROM keyed WHERE id >= 600 AND id < 605; UPDATE keyed SET id = id - 10000, v = v + 700000 WHERE id > 10000;
UPDATE bag SET t = CONCAT(t, '+'), v = NULLIF(v, 3) WHERE v < 10; DELETE FROM bag WHERE v = 50 LIMIT 2;
INSERT INTO bag (v, t) VALUES (NULL, NULL), (7, 'more');
UPDATE unlike SET v = v + 1 ORDER BY v DESC; DELETE FROM unlike WHERE v MOD 9 = 4; UPDATE unlike SET v = NULL WHERE v = 30;
INSERT INTO unlike (v, t) VALUES (-1, 'more'), (NULL, NULL);
")
}

/// The newest MariaDB 11.8 leaves generated columns out of its row images.
#[test]
fn generated_columns_of_a_mariadb_that_does_not_log_them_are_computed_on_the_target() {
    let pair = Pair::mariadb_11_8();
    let schema = unique_schema("computed");
    pair.source.sql(format!("CREATE DATABASE {schema}; USE {schema}; {GENERATED}"));
    let folder = folder(&pair.source, &pair.target, &[&schema], "[copy]\nworkers = 1\n");
    let held = Running::held_at(&folder, "chunk-committed:1=hold");
    pair.source.sql(changes(&schema, [2, 3]));
    let running = held.go_on();
    wait_until("everything is copied", || (stage(&folder) == "following").then_some(()));
    pair.source.sql(changes(&schema, [4, 5]));
    assert_eq!(running.interrupt(), Some(4));
    pair.source.sql(changes(&schema, [9, 10]));
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    for table in ["keyed ORDER BY id", "bag ORDER BY v, t", "unlike ORDER BY v, t"] {
        let sql = format!("SELECT * FROM {schema}.{table}");
        assert_eq!(pair.source.sql(&sql), pair.target.sql(&sql), "{table}");
    }
    let by_key =
        format!("SELECT COUNT(*) FROM {schema}.keyed FORCE INDEX (by_twice) WHERE twice > 100000");
    assert_eq!(pair.source.sql(&by_key), pair.target.sql(&by_key));
    ends_with(0, &folder.sealift(&["verify"]));
}

/// What a log in part says nothing of: defaults, values that stay, rows before they change.
const IN_PART: &str = "
CREATE TABLE row_of (id INT NOT NULL PRIMARY KEY AUTO_INCREMENT, a INT, b VARCHAR(20) NOT NULL DEFAULT 'it''s', c TEXT,
  d DECIMAL(8,2) DEFAULT 1.50, e ENUM('x', 'y') NOT NULL DEFAULT 'y', f BLOB, g BIT(4) DEFAULT b'101',
  h DATETIME DEFAULT '2001-02-03 04:05:06', at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
  ON UPDATE CURRENT_TIMESTAMP(6), made DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3), u VARCHAR(36) DEFAULT (UUID()),
  k INT AS (a + 1) STORED, v INT AS (a * 2) VIRTUAL, UNIQUE KEY by_a (a), KEY by_v (v));
CREATE TABLE by_two (a VARCHAR(10) NOT NULL, b INT NOT NULL, v INT, w TEXT, PRIMARY KEY (b, a));
CREATE TABLE by_unique (v INT, k BINARY(4) NOT NULL, w TEXT, UNIQUE KEY by_k (k));
CREATE TABLE bag (v INT, w TEXT, x INT DEFAULT 7);
CREATE TABLE parent (id INT NOT NULL PRIMARY KEY, code INT NOT NULL, v INT, UNIQUE KEY by_code (code));
CREATE TABLE child (id INT NOT NULL PRIMARY KEY, parent INT, code INT, v INT,
  FOREIGN KEY (parent) REFERENCES parent (id) ON DELETE CASCADE ON UPDATE CASCADE,
  FOREIGN KEY (code) REFERENCES parent (code) ON DELETE SET NULL ON UPDATE SET NULL);
INSERT INTO row_of (id, a, c, f) VALUES (1, 1, 'one', 'one'), (2, 2, 'two', 'two'), (3, 3, NULL, NULL), (4, 4, 'four', ''),
  (5, 5, 'five', 'five'), (6, 6, 'six', 'six');
INSERT INTO by_two VALUES ('a', 1, 1, 'first'), ('b', 1, 2, 'second'), ('c', 2, 3, 'third');
INSERT INTO by_unique VALUES (1, 'one', 'first'), (2, 'two', 'second');
INSERT INTO bag VALUES (1, 'first', 1), (1, 'first', 1), (2, 'second', NULL);
INSERT INTO parent VALUES (1, 10, 1), (2, 20, 2), (3, 30, 3);
INSERT INTO child VALUES (1, 1, 10, 1), (2, 2, 20, 2), (3, 3, 30, 3), (4, 1, 20, 4);
";

const CHANGED: &str = "
INSERT INTO row_of (a) VALUES (100); INSERT INTO row_of () VALUES (); INSERT INTO row_of (c, a) VALUES ('c', 101), ('d', 102);
UPDATE row_of SET c = 'other' WHERE id = 1; UPDATE row_of SET at = at, b = 'kept' WHERE id = 2;
UPDATE row_of SET a = -1 WHERE id = 3; UPDATE row_of SET a = 3 WHERE id = 4; UPDATE row_of SET a = 4 WHERE id = 3;
UPDATE row_of SET id = 50 WHERE id = 5; INSERT INTO row_of (id, a) VALUES (5, 55); UPDATE row_of SET id = 51 WHERE id = 5;
UPDATE row_of SET id = 5 WHERE id = 50; UPDATE row_of SET f = 'new' WHERE id = 5; UPDATE row_of SET f = f, c = NULL WHERE id = 51;
INSERT INTO row_of (id, a) VALUES (6, 6) ON DUPLICATE KEY UPDATE d = d + 1; REPLACE INTO row_of (id, a) VALUES (1, 2);
UPDATE row_of SET a = a + 1000 ORDER BY a DESC; DELETE FROM row_of WHERE id = 4;
UPDATE by_two SET v = 10 WHERE b = 1; UPDATE by_two SET b = 3, a = 'z' WHERE a = 'a'; DELETE FROM by_two WHERE a = 'b';
INSERT INTO by_two (a, b) VALUES ('a', 1); UPDATE by_two SET w = NULL WHERE a = 'a'; UPDATE by_two SET a = 'A' WHERE a = 'a';
UPDATE by_unique SET w = 'other' WHERE v = 1; UPDATE by_unique SET k = '2' WHERE v = 2; INSERT INTO by_unique (k) VALUES ('two');
UPDATE bag SET x = 8 LIMIT 1; INSERT INTO bag (v) VALUES (5); DELETE FROM bag WHERE v = 2; UPDATE bag SET w = NULL WHERE v = 1 LIMIT 1;
UPDATE parent SET v = 5, code = code WHERE id = 1; UPDATE parent SET id = 11 WHERE id = 1; UPDATE parent SET code = 21 WHERE id = 2;
DELETE FROM parent WHERE id = 3; UPDATE child SET v = 9 WHERE id = 2;
BEGIN; UPDATE row_of SET c = 'lost'; DELETE FROM bag; ROLLBACK;
";

/// Carries the tables while they change, and again in another run, from a source that logs in this way.
fn in_part(pair: &Pair, image: &str) {
    let schema = unique_schema(&image.to_lowercase());
    pair.source.sql(format!("SET GLOBAL binlog_row_image = {image}"));
    pair.source.sql(format!("CREATE DATABASE {schema}; USE {schema}; {IN_PART}"));
    let folder = folder(&pair.source, &pair.target, &[&schema], "[copy]\nworkers = 1\n");
    let held = Running::held_at(&folder, "table-copied:2=hold");
    pair.source.sql(format!("USE {schema}; {CHANGED}"));
    let running = held.go_on();
    wait_until("everything is copied", || (stage(&folder) == "following").then_some(()));
    pair.source.sql(format!(
        "USE {schema}; UPDATE row_of SET d = 3 WHERE a > 0; UPDATE bag SET v = v + 1"
    ));
    assert_eq!(running.interrupt(), Some(4));
    // Whoever logs whole rows from now on changes nothing of how this migration goes on.
    pair.source.sql("SET GLOBAL binlog_row_image = FULL");
    pair.source.sql(format!(
        "USE {schema}; UPDATE row_of SET c = 'whole'; SET SESSION binlog_row_image = {image}; DELETE FROM row_of WHERE id = 2;
         INSERT INTO row_of (id, a) VALUES (2, -2); UPDATE row_of SET b = 'in part'; UPDATE by_two SET v = 0; DELETE FROM child"
    ));
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    for table in ["row_of", "by_two", "by_unique", "bag", "parent", "child"] {
        let sql = format!("SELECT * FROM {schema}.{table} ORDER BY 1, 2, 3");
        assert_eq!(pair.source.sql(&sql), pair.target.sql(&sql), "{image}: {table}");
    }
    ends_with(0, &folder.sealift(&["verify"]));
    // A single row cannot be copied beside changes that tell of a row in part.
    let planted = format!("UPDATE {schema}.by_two SET v = 77 LIMIT 1");
    pair.target.sql(&planted);
    ends_with(3, &folder.sealift(&["verify"]));
    let refused = folder.sealift(&["repair", "--yes", "--json"]);
    ends_with(1, &refused);
    assert_eq!(refused.error_code(), "SL0406", "{}", refused.screen());
    let there = format!("SELECT COUNT(*) FROM {schema}.by_two WHERE v = 77");
    assert_eq!(pair.target.sql(there), "1\n", "nothing was done");
}

#[test]
fn rows_that_mysql_logs_in_part_arrive_whole() {
    let pair = Pair::mysql();
    for image in ["MINIMAL", "NOBLOB"] {
        in_part(&pair, image);
    }
}

#[test]
fn rows_that_mariadb_logs_in_part_arrive_whole() {
    let pair = Pair::mariadb_11_8();
    for image in ["MINIMAL", "NOBLOB", "FULL_NODUP"] {
        in_part(&pair, image);
    }
}

/// All types, key changes, swaps, trees of foreign keys, huge transactions; killed again and again.
#[test]
fn an_application_that_logs_rows_in_part_is_followed_through_kills() {
    let source = Options::mysql().arg("--binlog-row-image=MINIMAL");
    let pair = Pair::start(source, Options::azure_target()).unwrap();
    let schema = unique_schema("in_part");
    // An engine without snapshots cannot be followed so.
    let types =
        typed(Kind::MySql, 21).into_iter().filter(|table| !table.name.starts_with("engine"));
    churn::create_everything(&pair.source, &schema, &types.step_by(4).collect::<Vec<_>>());
    let folder = folder(&pair.source, &pair.target, &[&schema], "[copy]\nworkers = 2\n");
    let appetite = Appetite::everything(1).and_distributed();
    let churn = Churn::hungry(&pair.source, &schema, workload::seed(), &appetite);
    for point in ["chunk-loaded:2", "chunk-committed:3", "table-copied:2", "copied"] {
        folder.killed_at(&["run"], point);
    }
    for _life in 0..2 {
        let running = Running::start(&folder);
        let so_far = churn.rounds();
        wait_until("the application goes on", || (churn.rounds() > so_far + 3).then_some(()));
        running.kill();
    }
    drop(churn);
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    assert_same(&pair, &schema);
    ends_with(0, &folder.sealift(&["verify"]));
}

/// Only what concerns a migrated table stops the run.
#[test]
fn rows_in_part_stop_the_run_only_in_a_migrated_table() {
    let pair = mysql();
    let [ours, others] = ["json_ours", "json_others"].map(unique_schema);
    for schema in [&ours, &others] {
        pair.source.sql(format!(
            "CREATE DATABASE {schema}; USE {schema}; CREATE TABLE t (id INT PRIMARY KEY, j JSON); \
             INSERT INTO t VALUES (1, JSON_OBJECT('a', REPEAT('x', 100), 'b', 1))"
        ));
    }
    let folder = folder(&pair.source, &pair.target, &[&ours], "");
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    let in_part = |schema: &str| {
        pair.source.sql(format!(
            "SET binlog_row_value_options = 'PARTIAL_JSON', binlog_row_image = 'MINIMAL'; \
             UPDATE {schema}.t SET j = JSON_SET(j, '$.b', 2)"
        ));
    };
    in_part(&others);
    pair.source.sql(format!("INSERT INTO {ours}.t VALUES (2, '{{}}')"));
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    assert_eq!(pair.target.sql(format!("SELECT COUNT(*) FROM {ours}.t")), "2\n");
    in_part(&ours);
    let stopped = folder.sealift(&["run", "--until-caught-up", "--json"]);
    ends_with(1, &stopped);
    assert_eq!(stopped.error_code(), "SL0607", "{}", stopped.screen());
    assert!(stopped.stdout.contains("binlog_row_image"), "{}", stopped.screen());
}

/// Changes of JSON values that the log has in part, drawn one after the other.
fn json_changes(rng: &mut StdRng) -> String {
    const CHANGES: [&str; 16] = [
        "j = JSON_SET(j, '$.a', #)",
        "j = JSON_SET(j, '$.b[1]', #)",
        "j = JSON_SET(j, '$.b[last]', 'a \"quoted\" text')",
        "j = JSON_SET(j, '$.new#', CAST('[1, {\"z\": [2.50, null]}]' AS JSON))",
        "j = JSON_REPLACE(j, '$.d.\"e f\"', 2.25e0)",
        "j = JSON_REMOVE(j, '$.b[0]')",
        "j = JSON_REMOVE(j, '$.d.g', '$.new1', '$.new2')",
        "j = JSON_SET(j, '$.h[9]', true)",
        "j = JSON_SET(j, '$.b[0][0]', #, '$.a[1]', 'wrapped')",
        "j = JSON_SET(JSON_REMOVE(j, '$.a'), '$.a', #), v = v + 1",
        "j = JSON_SET(j, '$.\"ü \\\\\\\\ x\"', 'ü', '$.d.g', REPEAT('g', #))",
        "j = JSON_SET(j, '$.d', JSON_OBJECT('e f', #, 'g', CAST('2020-02-03' AS DATE)))",
        "k = JSON_SET(k, '$[0]', #, '$[9]', #), j = JSON_SET(j, '$.n', JSON_ARRAY())",
        "k = JSON_REMOVE(k, '$[last]'), t = 'other'",
        "k = JSON_ARRAY_APPEND(k, '$', #), j = JSON_REPLACE(j, '$.a', NULL)",
        "j = JSON_SET(j, '$.b', JSON_ARRAY(1, 2, #)), k = JSON_ARRAY(#, 'x', REPEAT('y', 99)), id = id + 100",
    ];
    let mut sql = String::new();
    for _ in 0..400 {
        let change = CHANGES[rng.random_range(0..CHANGES.len())];
        let change = change.replace('#', &rng.random_range(0..4).to_string());
        let rows = rng.random_range(0..9);
        writeln!(sql, "UPDATE IGNORE t SET {change} WHERE id % 9 = {rows};").unwrap();
    }
    sql
}

#[test]
fn json_in_part_is_made_whole_by_what_it_was() {
    let pair = mysql();
    let schema = unique_schema("json_in_part");
    pair.source.sql(format!(
        r#"CREATE DATABASE {schema}; USE {schema};
        CREATE TABLE t (id INT NOT NULL PRIMARY KEY, t VARCHAR(20), j JSON, v INT, k JSON);
        INSERT INTO t WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20)
        SELECT i, 'first', JSON_OBJECT('a', i, 'b', JSON_ARRAY(1, 2.5, JSON_OBJECT('c', 'x')), 'h', JSON_ARRAY(), 'n', NULL,
        'd', JSON_OBJECT('e f', 1.5, 'g', REPEAT('y', 100)), 'long', REPEAT('z', 200)), 0,
        IF(i % 5, JSON_ARRAY(1, 'two', REPEAT('w', 99), NULL), NULL) FROM n;
        CREATE TABLE bag AS SELECT j, v FROM t LIMIT 5"#
    ));
    let folder = folder(&pair.source, &pair.target, &[&schema], "");
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    let seed = workload::seed();
    let changes = json_changes(&mut StdRng::seed_from_u64(seed));
    let end = |sql| pair.source.sql(sql).split('\t').next().unwrap_or_default().to_owned();
    pair.source.sql("FLUSH BINARY LOGS");
    let file = end("SHOW BINARY LOG STATUS");
    pair.source.sql(format!(
        "USE {schema}; SET binlog_row_value_options = 'PARTIAL_JSON'; {changes} UPDATE bag SET j = JSON_SET(j, '$.a', 9)"
    ));
    let events = pair.source.sql(format!("SHOW BINLOG EVENTS IN '{file}'"));
    assert!(events.matches("Update_rows_partial").count() > 100, "the log has whole values");
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    assert_same(&pair, &schema);
    ends_with(0, &folder.sealift(&["verify"]));
}
