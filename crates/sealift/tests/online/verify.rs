//! `verify` while `run` follows and the application writes: nothing false, everything planted found.

use std::collections::BTreeSet;
use std::thread;

use sealift_lab::workload::churn::Churn;
use sealift_lab::{Options, Pair, workload};
use serde_json::Value;

use super::{Running, schema, stage};
use crate::folder::{Folder, Ran};
use crate::offline::{ends_with, folder};
use crate::pairs::{mariadb, mysql};

/// Comparisons of equal sides in a row, and of sides that differ in a row or two between them; with
/// `SEALIFT_VERIFY_ROUNDS` another number.
const ROUNDS: u32 = 4;

/// What nobody writes to while corruption is planted in it, with every kind of object.
const STILL: &str = "
CREATE TABLE still (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, v VARCHAR(40), b BLOB);
INSERT INTO still SELECT id, CONCAT('v', id), REPEAT(CHAR(id % 256), 1 + id % 50) FROM hot WHERE id <= 5000;
CREATE TABLE still_bag (a INT, b VARCHAR(40));
INSERT INTO still_bag SELECT id % 500, v FROM hot WHERE id <= 1000;
CREATE VIEW seen AS SELECT id FROM still WHERE id < 10;
CREATE FUNCTION doubled(x INT) RETURNS INT DETERMINISTIC RETURN x * 2;
CREATE TRIGGER watched BEFORE INSERT ON still FOR EACH ROW SET NEW.v = UPPER(NEW.v);
CREATE TABLE restless (id INT NOT NULL PRIMARY KEY, n BIGINT NOT NULL);
INSERT INTO restless VALUES (1, 0), (2, 0);
DELIMITER //
CREATE PROCEDURE never_rests()
WHILE (SELECT n FROM restless WHERE id = 2) = 0 DO UPDATE restless SET n = n + 1 WHERE id = 1; END WHILE//
DELIMITER ;
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM still WHERE id < 0;
";

/// Everything of the churn and [`STILL`], copied, followed by a run that is at work.
pub(super) fn followed(pair: &Pair, what: &str) -> (String, Folder, Churn, Running) {
    let schema = schema(pair, what);
    pair.source.client().schema(&schema).run(STILL);
    let folder = folder(&pair.source, &pair.target, &[&schema], "[copy]\nworkers = 2\n");
    let churn = Churn::start(&pair.source, &schema, workload::seed());
    let running = Running::start(&folder);
    sealift_lab::wait_until("everything is copied", || {
        (stage(&folder) == "following").then_some(())
    });
    (schema, folder, churn, running)
}

/// Changes one row as fast as the source lets two sessions, while something is done.
fn with_a_restless_row(pair: &Pair, schema: &str, done: impl FnOnce()) {
    /// Ends the sessions, also when what is done panics.
    struct Rest<'a>(&'a Pair, &'a str);
    impl Drop for Rest<'_> {
        fn drop(&mut self) {
            self.0.source.client().schema(self.1).run("UPDATE restless SET n = 1 WHERE id = 2");
        }
    }
    thread::scope(|scope| {
        for _session in 0..2 {
            scope.spawn(|| pair.source.client().schema(schema).run("CALL never_rests()"));
        }
        let _rest = Rest(pair, schema);
        done();
    });
}

pub(super) fn differences(ran: &Ran) -> Vec<Value> {
    ran.json()["verification"]["differences"].as_array().cloned().unwrap_or_default()
}

#[track_caller]
fn is_equal(folder: &Folder) {
    let ran = folder.sealift(&["verify", "--json"]);
    ends_with(0, &ran);
    let told = ran.json();
    assert_eq!(told["outcome"], "equal", "{}", ran.screen());
    let waiting = told["verification"]["not_compared"].to_string();
    assert!(waiting.contains("2 triggers and events wait for the cutover"), "{waiting}");
}

/// Plants one difference on the target: it is found, and nothing else. Then takes it away.
fn is_found(pair: &Pair, schema: &str, folder: &Folder, round: u32) {
    let id = 1 + round * 487 % 5_000;
    let (bag, moved) = (id % 500, id + 1_000);
    let (plant, undo, keys) = match round % 4 {
        0 => (
            format!("UPDATE still SET b = CONCAT(b, 'x') WHERE id = {id}"),
            format!("UPDATE still SET b = LEFT(b, LENGTH(b) - 1) WHERE id = {id}"),
            vec![format!("id={id}: b")],
        ),
        // Equal to the collation.
        1 => (
            format!("UPDATE still SET v = UPPER(v) WHERE id = {id}"),
            format!("UPDATE still SET v = LOWER(v) WHERE id = {id}"),
            vec![format!("id={id}: v")],
        ),
        2 => (
            format!("UPDATE still SET id = -{id} WHERE id = {id}"),
            format!("UPDATE still SET id = {id} WHERE id = -{id}"),
            vec![format!("id={id}"), format!("id=-{id}")],
        ),
        _ => (
            format!("UPDATE still_bag SET a = {moved} WHERE a = {bag} LIMIT 1"),
            format!("UPDATE still_bag SET a = {bag} WHERE a = {moved}"),
            vec![format!("a={bag}, "), format!("a={moved}, ")],
        ),
    };
    pair.target.client().schema(schema).run(plant);
    let ran = folder.sealift(&["verify", "--json"]);
    ends_with(3, &ran);
    let told = differences(&ran);
    let found: Vec<&str> = told
        .iter()
        .filter_map(|one| one["keys"].as_array())
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let is_named = |key: &String| found.iter().any(|found| found.starts_with(key.as_str()));
    assert!(found.len() == keys.len() && keys.iter().all(is_named), "{found:?} for {keys:?}");
    pair.target.client().schema(schema).run(undo);
}

#[test]
fn while_the_application_writes_nothing_false_is_said_and_everything_planted_is_found() {
    let pair = mysql();
    let (schema, folder, churn, running) = followed(&pair, "verified");
    let rounds = std::env::var("SEALIFT_VERIFY_ROUNDS").ok().and_then(|text| text.parse().ok());
    with_a_restless_row(&pair, &schema, || {
        for round in 0..rounds.unwrap_or(ROUNDS) {
            is_equal(&folder);
            is_found(&pair, &schema, &folder, round);
        }
    });
    pair.target.client().schema(&schema).run(
        "UPDATE still SET b = CAST(CONCAT(CHAR(ASCII(b) ^ 1), SUBSTR(b, 2)) AS BINARY) WHERE id = 77;
         DELETE FROM still WHERE id = 1500; INSERT INTO still VALUES (600000, 'x', '');
         UPDATE still SET v = IF(id = 2001, 'v2002', 'v2001') WHERE id IN (2001, 2002);
         DELETE FROM still_bag WHERE a = 17 LIMIT 1; INSERT INTO still_bag VALUES (600, 'more');
         ALTER TABLE still AUTO_INCREMENT = 7000000;
         CREATE OR REPLACE VIEW seen AS SELECT id FROM still WHERE id < 11;
         UPDATE hot SET v = 'planted' WHERE id BETWEEN 10000 AND 10040;",
    );
    let ran = folder.sealift(&["verify", "--json"]);
    ends_with(3, &ran);
    let found = Value::from(differences(&ran)).to_string();
    for named in [
        "id=77: b",
        "id=1500",
        "id=600000",
        "id=2001: v",
        "id=2002: v",
        "a=17",
        "a=600, b=more",
        "AUTO_INCREMENT",
        "seen",
    ] {
        assert!(found.contains(named), "{named} is not found: {found}");
    }
    // Who did it is named by the target's own log; what we apply all the time is not.
    let strangers = ran.json()["verification"]["strangers"].clone();
    let strangers = strangers.as_array().cloned().unwrap_or_default();
    let tables: BTreeSet<&str> =
        strangers.iter().filter_map(|one| one["table"]["name"].as_str()).collect();
    assert_eq!(tables, BTreeSet::from(["hot", "still", "still_bag"]), "{strangers:?}");
    assert!(strangers.iter().all(|one| one["thread"].as_u64() > Some(0)), "{strangers:?}");
    // The application may have written some of these again, which mends them; not all of them.
    let hot = differences(&ran).into_iter().find(|one| one["object"]["name"]["name"] == "hot");
    let keys = hot.expect("the table hot differs")["keys"].clone();
    let planted = |key: &Value| {
        let id =
            key.as_str().and_then(|key| key.strip_prefix("id=")?.split(':').next()?.parse().ok());
        id.is_some_and(|id: u32| (10_000..=10_040).contains(&id))
    };
    let keys = keys.as_array().cloned().unwrap_or_default();
    assert!(!keys.is_empty() && keys.iter().all(planted), "{keys:?}");
    drop(churn);
    assert_eq!(running.interrupt(), Some(4));
}

#[test]
fn a_comparison_that_was_killed_goes_on_and_knows_what_it_found() {
    let pair = mysql();
    let (schema, folder, churn, running) = followed(&pair, "verify_killed");
    pair.target.client().schema(&schema).run("UPDATE still SET v = 'other' WHERE id = 33");
    let killed =
        folder.command(&["verify"]).env("SEALIFT_PROBE", "chunk-compared:4=kill").output().unwrap();
    assert_eq!(killed.status.code(), None, "{killed:?}");
    let ran = folder.sealift(&["verify", "--json"]);
    ends_with(3, &ran);
    assert!(ran.json()["notes"].to_string().contains("Goes on with"), "{}", ran.screen());
    assert!(Value::from(differences(&ran)).to_string().contains("id=33: v"), "{}", ran.screen());
    // That one came to its end: the next begins anew.
    let ran = folder.sealift(&["verify", "--json"]);
    assert!(!ran.json()["notes"].to_string().contains("Goes on with"), "{}", ran.screen());
    drop(churn);
    running.kill();
}

#[test]
fn where_nobody_applies_changes_the_rows_that_wait_for_it_are_not_called_different() {
    let pair = mysql();
    let schema = schema(&pair, "verify_idle");
    pair.source.client().schema(&schema).run(STILL);
    let folder = folder(&pair.source, &pair.target, &[&schema], "[copy]\nworkers = 2\n");
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    is_equal(&folder);
    pair.source.client().schema(&schema).run("UPDATE still SET v = 'later' WHERE id = 3");
    let ran = folder.sealift(&["verify", "--json"]);
    ends_with(3, &ran);
    assert_eq!(ran.json()["outcome"], "unsettled", "{}", ran.screen());
    let unsettled = ran.json()["verification"]["unsettled"].to_string();
    assert!(unsettled.contains("id=3") && unsettled.contains("no sealift run"), "{unsettled}");
}

#[test]
fn a_source_without_gtids_and_a_mariadb_are_compared_while_they_move() {
    let without_gtid =
        Pair::start(Options::mysql().without_gtid(), Options::azure_target()).unwrap();
    without_gtid.source.sql(
        "GRANT BACKUP_ADMIN ON *.* TO app_reader; \
         GRANT SELECT ON performance_schema.log_status TO app_reader",
    );
    for (pair, what) in [(&without_gtid, "files"), (&*mariadb(), "maria")] {
        let (schema, folder, churn, running) = followed(pair, &format!("verified_{what}"));
        for _round in 0..2 {
            is_equal(&folder);
        }
        pair.target.client().schema(&schema).run("UPDATE still SET v = 'other' WHERE id = 44");
        let ran = folder.sealift(&["verify", "--json"]);
        ends_with(3, &ran);
        let found = Value::from(differences(&ran)).to_string();
        assert!(found.contains("id=44: v") && !found.contains("hot"), "{found}");
        drop(churn);
        running.kill();
    }
}
