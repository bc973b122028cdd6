//! Sources whose binary log does not have whole rows.

use sealift_lab::{Pair, unique_schema, wait_until};

use super::{Running, stage};
use crate::folder::turn;
use crate::offline::{ends_with, folder};

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
    let _turn = turn();
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
