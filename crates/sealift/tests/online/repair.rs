//! `repair` while `run` follows and the application writes: what was planted is mended, nothing else is touched.

use sealift_lab::Pair;
use sealift_lab::oracle::Comparison;

use super::assert_same;
use super::verify::followed;
use crate::folder::Folder;
use crate::offline::{allowed, ends_with, folder};
use crate::pairs::mysql;

/// Corruption of every kind: in tables the application writes to, in others, in one without a key.
const PLANTED: &str = "
UPDATE hot SET v = 'planted' WHERE id BETWEEN 10000 AND 11500;
DELETE FROM hot WHERE id BETWEEN 12000 AND 12040;
INSERT IGNORE INTO hot SELECT id + 700000, u + 700000, v, d, j, at FROM hot WHERE id BETWEEN 100 AND 140;
UPDATE still SET v = IF(id = 2001, 'v2002', 'v2001') WHERE id IN (2001, 2002);
DELETE FROM still WHERE id = 1500; INSERT INTO still VALUES (-5, 'x', '');
DELETE FROM still_bag WHERE a = 17 LIMIT 1; INSERT INTO still_bag VALUES (600, 'more'), (600, 'more');
DELETE FROM worded WHERE n BETWEEN 10 AND 20;
";

fn repaired(folder: &Folder) {
    for attempt in 0..3 {
        let ran = folder.sealift(&["repair", "--yes", "--json"]);
        if ran.code == Some(0) {
            return;
        }
        // The application may have written what was in the way of something.
        assert!(attempt < 2 && ran.code == Some(3), "{}", ran.screen());
    }
}

#[test]
fn what_was_planted_is_shown_then_mended_while_the_application_writes() {
    let pair = mysql();
    let (schema, folder, churn, running) = followed(&pair, "repaired");
    let never = folder.sealift(&["repair", "--json"]);
    ends_with(1, &never);
    assert_eq!(never.error_code(), "SL0702");
    pair.target.client().schema(&schema).run(PLANTED);
    ends_with(3, &folder.sealift(&["verify"]));

    let shown = folder.sealift(&["repair", "--json"]);
    ends_with(3, &shown);
    let told = shown.json()["repair"].clone();
    assert_eq!(told["done"], false);
    let tables = told["tables"].as_array().cloned().unwrap_or_default();
    let still = tables.iter().find(|table| table["table"]["name"] == "still").unwrap();
    let counts = ["insert", "update", "delete"].map(|word| still[word].as_u64().unwrap());
    assert_eq!(counts, [1, 2, 1], "{still}");
    assert!(still["keys"].to_string().contains("delete id=-5"), "{still}");
    let bag = tables.iter().find(|table| table["table"]["name"] == "still_bag").unwrap();
    assert_eq!((&bag["insert"], &bag["delete"]), (&1.into(), &2.into()), "{bag}");
    // It only showed it.
    let there = format!("SELECT COUNT(*) FROM {schema}.still WHERE id = -5");
    assert_eq!(pair.target.sql(&there), "1\n");

    repaired(&folder);
    assert_eq!(pair.target.sql(&there), "0\n");
    ends_with(0, &folder.sealift(&["verify"]));
    assert_eq!(pair.target.sql("SHOW TABLES FROM sealift LIKE 'repaired'"), "");
    drop(churn);
    assert_eq!(running.interrupt(), Some(4));
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    assert_same_rows(&pair, &schema);
}

/// Triggers and events wait for the cutover.
fn assert_same_rows(pair: &Pair, schema: &str) {
    let drop = "DROP TRIGGER watched; DROP EVENT nightly";
    pair.source.client().schema(schema).run(drop);
    allowed(Comparison::of([schema])).assert_same(&pair.source, &pair.target);
}

#[test]
fn killed_in_the_middle_a_repair_holds_up_nobody_and_is_done_again() {
    let pair = mysql();
    let (schema, folder, churn, running) = followed(&pair, "repair_killed");
    pair.target.client().schema(&schema).run(PLANTED);
    ends_with(3, &folder.sealift(&["verify"]));
    for probe in ["rows-reread:2=kill", "rows-mended:2=kill"] {
        let mut command = folder.command(&["repair", "--yes"]);
        let killed = command.env("SEALIFT_PROBE", probe).output().unwrap();
        assert_eq!(killed.status.code(), None, "{probe}: {killed:?}");
    }
    repaired(&folder);
    ends_with(0, &folder.sealift(&["verify"]));
    drop(churn);
    assert_eq!(running.interrupt(), Some(4));
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    assert_same_rows(&pair, &schema);
}

#[test]
fn after_an_offline_copy_rows_are_repaired_where_no_trigger_would_change_them() {
    let pair = mysql();
    let schema = sealift_lab::unique_schema("repair_offline");
    pair.source.sql(format!(
        "CREATE DATABASE {schema}; USE {schema};
         CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(20), u INT, UNIQUE KEY (u), g INT AS (u + 1) STORED);
         INSERT INTO t (id, a, u) VALUES (1,'a',1),(2,'b',2),(3,'c',3),(4,'d',4);
         CREATE TABLE bag (a INT, b TEXT); INSERT INTO bag VALUES (1, 'x'), (1, 'x'), (NULL, NULL);
         CREATE TABLE guarded (id INT PRIMARY KEY, a INT); INSERT INTO guarded VALUES (1, 1);
         CREATE TRIGGER tr BEFORE INSERT ON guarded FOR EACH ROW SET NEW.a = NEW.a + 1;"
    ));
    let folder = folder(&pair.source, &pair.target, &[&schema], "");
    ends_with(0, &folder.sealift(&["run", "--offline"]));
    let target = || pair.target.client().schema(&schema);
    // Two rows with each other's unique value, one that is missing, one too many.
    target().run(
        "UPDATE t SET u = 9 WHERE id = 1; UPDATE t SET u = 1 WHERE id = 2; UPDATE t SET u = 2 WHERE id = 1;
         DELETE FROM t WHERE id = 3; INSERT INTO t (id, a, u) VALUES (7, 'g', 3);
         DELETE FROM bag WHERE a = 1 LIMIT 1; INSERT INTO bag VALUES (NULL, NULL), (5, 'y');",
    );
    ends_with(3, &folder.sealift(&["verify"]));
    ends_with(3, &folder.sealift(&["repair"]));
    ends_with(0, &folder.sealift(&["repair", "--yes"]));
    assert_same(&pair, &schema);
    // What was found is mended; nothing is left to do.
    let again = folder.sealift(&["repair", "--json"]);
    ends_with(0, &again);

    target().run("UPDATE guarded SET a = 5");
    ends_with(3, &folder.sealift(&["verify"]));
    let refused = folder.sealift(&["repair", "--yes", "--json"]);
    ends_with(1, &refused);
    assert_eq!(refused.error_code(), "SL0505");
    target().run("DROP TRIGGER tr");
    ends_with(0, &folder.sealift(&["repair", "--yes"]));
    ends_with(0, &folder.sealift(&["plan", "apply"]));
    ends_with(0, &folder.sealift(&["verify"]));
}
