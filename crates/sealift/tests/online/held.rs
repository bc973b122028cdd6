//! Statements that cannot be carried and are about what holds no rows: rows are followed on, the operator decides.

use sealift_lab::workload::churn::Churn;
use sealift_lab::{unique_schema, wait_until, workload};
use serde_json::Value;

use super::{Running, assert_same, away::is_following, schema};
use crate::folder::Folder;
use crate::offline::{ends_with, folder};
use crate::pairs::mysql;

fn held(folder: &Folder) -> Vec<Value> {
    let status = folder.sealift(&["status", "--json"]).json();
    status["following"]["held_objects"].as_array().cloned().unwrap_or_default()
}

/// The target lacks a table that a view reads: it is not migrated.
#[test]
fn a_view_that_cannot_be_made_keeps_no_rows_from_being_followed() {
    let pair = mysql();
    let schema = schema(&pair, "held_view");
    let other = unique_schema("held_other");
    pair.source.sql(format!(
        "CREATE DATABASE {other}; CREATE TABLE {other}.t (i INT); \
         USE {schema}; CREATE VIEW was AS SELECT id FROM parent; CREATE VIEW dropped AS SELECT id FROM parent"
    ));
    let folder = folder(&pair.source, &pair.target, &[&schema], "");
    let running = Running::start(&folder);
    wait_until("everything is copied", || is_following(&folder));
    pair.source.sql(format!(
        "USE {schema}; CREATE VIEW odd AS SELECT i FROM {other}.t; \
         CREATE OR REPLACE VIEW was AS SELECT i FROM {other}.t; \
         CREATE VIEW healed AS SELECT i FROM {other}.t; INSERT INTO parent VALUES (7777, 1); \
         CREATE OR REPLACE VIEW healed AS SELECT v FROM parent; DROP VIEW dropped; \
         INSERT INTO parent VALUES (7778, 1)"
    ));
    let count = format!("SELECT COUNT(*) FROM {schema}.parent WHERE id > 7000");
    wait_until("rows are followed on", || (pair.target.sql(&count) == "2\n").then_some(()));
    let told = wait_until("status tells of two", || Some(held(&folder)).filter(|h| h.len() == 2));
    assert_eq!(told[0]["object"]["kind"], "view", "{told:?}");
    assert!(told[0]["reason"].as_str().unwrap().contains("VIEW `odd` AS SELECT"), "{told:?}");
    let status = folder.sealift(&["status"]);
    assert!(status.stdout.contains("sealift resolve"), "{}", status.screen());
    let refused = folder.sealift(&["cutover", "--rehearse", "--yes", "--json"]);
    ends_with(3, &refused);
    running.kill();

    let run = folder.sealift(&["run", "--until-caught-up", "--json"]);
    ends_with(3, &run);
    assert!(run.stdout.contains("sealift resolve"), "{}", run.screen());
    let verify = folder.sealift(&["verify", "--json"]);
    ends_with(3, &verify);
    assert!(verify.stdout.contains("is held since"), "{}", verify.screen());
    let unknown = folder.sealift(&["resolve", &format!("{schema}.parent"), "--json"]);
    assert_eq!(unknown.error_code(), "SL0105", "{}", unknown.screen());
    folder.write(
        "was.sql",
        &format!("CREATE VIEW `{schema}`.was AS SELECT v AS i FROM `{schema}`.parent"),
    );
    ends_with(0, &folder.sealift(&["resolve", &format!("{schema}.was"), "--script", "was.sql"]));
    ends_with(0, &folder.sealift(&["resolve", &format!("{schema}.odd"), "--skip"]));
    for point in ["run-begun", "object-executed"] {
        folder.killed_at(&["run", "--until-caught-up"], point);
    }
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    assert!(held(&folder).is_empty());
    let there =
        pair.target.sql(format!("SHOW FULL TABLES FROM {schema} WHERE table_type = 'VIEW'"));
    let names: Vec<&str> = there.lines().filter_map(|line| line.split('\t').next()).collect();
    assert_eq!(names, ["healed", "was"]);
    let rows = format!("SELECT COUNT(*) FROM {schema}.was");
    assert_eq!(
        pair.target.sql(rows),
        pair.source.sql(format!("SELECT COUNT(*) FROM {schema}.parent"))
    );
}

/// A run that is at work with something held can be cut over once a statement has made that anew.
#[test]
fn what_the_source_makes_anew_holds_a_run_at_work_no_longer() {
    let pair = mysql();
    let schema = schema(&pair, "held_released");
    let other = unique_schema("held_elsewhere");
    let folder = folder(&pair.source, &pair.target, &[&schema], "");
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    pair.source.sql(format!(
        "CREATE DATABASE {other}; CREATE TABLE {other}.t (i INT); CREATE VIEW {schema}.v AS SELECT i FROM {other}.t"
    ));
    ends_with(3, &folder.sealift(&["run", "--until-caught-up"]));
    let running = Running::start(&folder);
    wait_until("it follows all but the view", || {
        let status = folder.sealift(&["status"]).stdout;
        (status.contains("not all") && status.contains("held")).then_some(())
    });
    let rehearsal = ["cutover", "--rehearse", "--yes", "--json"];
    assert_eq!(folder.sealift(&rehearsal).error_code(), "SL1001");
    pair.source.sql(format!("CREATE OR REPLACE VIEW {schema}.v AS SELECT id FROM {schema}.parent"));
    wait_until("nothing is held", || held(&folder).is_empty().then_some(()));
    // It is looked at what the turn needs: this login lacks that.
    wait_until("a turn is served", || {
        (folder.sealift(&rehearsal).error_code() == "SL0403").then_some(())
    });
    drop(running);
    assert_same(&pair, &schema);
}

/// What was missing is there by now: nobody has to say anything.
#[test]
fn what_is_held_is_tried_again_by_the_next_run() {
    let pair = mysql();
    let schema = schema(&pair, "held_again");
    let other = unique_schema("held_missing");
    let folder = folder(&pair.source, &pair.target, &[&schema], "");
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    let make = format!("CREATE DATABASE {other}; CREATE TABLE {other}.t (i INT)");
    pair.source.sql(format!("{make}; CREATE VIEW {schema}.v AS SELECT i FROM {other}.t"));
    ends_with(3, &folder.sealift(&["run", "--until-caught-up"]));
    ends_with(3, &folder.sealift(&["run", "--until-caught-up"]));
    pair.target.sql(make);
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    assert_same(&pair, &schema);
    ends_with(0, &folder.sealift(&["verify"]));
}

/// What comes by after a run has looked at the source is not in its plan: that makes nothing good. A newer plan does.
#[test]
fn what_moves_while_a_run_begins_is_not_made_good_by_its_older_plan() {
    let pair = mysql();
    let schema = schema(&pair, "held_meanwhile");
    let other = unique_schema("held_meanwhile");
    let make = format!("CREATE DATABASE {other}; CREATE TABLE {other}.t (i INT)");
    pair.source.sql(format!("{make}; CREATE VIEW {schema}.was AS SELECT id FROM {schema}.parent"));
    let folder = folder(&pair.source, &pair.target, &[&schema], "");
    let run = ["run", "--until-caught-up"];
    ends_with(0, &folder.sealift(&run));
    let held_run = Running::held(folder.command(&run), "run-begun=hold,run-begun:2=hold");
    pair.source.sql(format!(
        "USE {schema}; CREATE OR REPLACE VIEW was AS SELECT i FROM {other}.t; \
         CREATE VIEW came AS SELECT i FROM {other}.t"
    ));
    // It begins again with a plan that knows of both.
    let begun_again = held_run.go_on().stands_still();
    pair.target.sql(make);
    assert_eq!(begun_again.go_on().wait(), Some(0));
    assert_same(&pair, &schema);
    ends_with(0, &folder.sealift(&["verify"]));
}

/// `ALTER` tells of a part only, and of what is held the rest is not there.
#[test]
fn what_is_held_and_altered_while_a_run_begins_is_made_as_it_was_altered() {
    let pair = mysql();
    let schema = schema(&pair, "held_altered");
    let folder = folder(&pair.source, &pair.target, &[&schema], "");
    let running = Running::start(&folder);
    wait_until("everything is copied", || is_following(&folder));
    let function = |returns| {
        format!("CREATE FUNCTION {schema}.made() RETURNS INT DETERMINISTIC RETURN {returns}")
    };
    // Somebody's whom the target's login cannot take it from.
    pair.target.sql(function(0));
    pair.source.sql(function(2));
    wait_until("it is held", || (held(&folder).len() == 1).then_some(()));
    running.kill();
    pair.target.sql(format!("DROP FUNCTION {schema}.made"));
    pair.target.sql_as(pair.target.account(), function(0));
    let run = folder.command(&["run", "--until-caught-up"]);
    let held_run = Running::held(run, "run-begun=hold");
    pair.source.sql(format!("ALTER FUNCTION {schema}.made COMMENT 'altered'"));
    assert_eq!(held_run.go_on().wait(), Some(0));
    assert!(held(&folder).is_empty());
    assert_same(&pair, &schema);
    ends_with(0, &folder.sealift(&["verify"]));
}

#[test]
fn a_schema_that_is_dropped_stays_on_the_target_until_the_operator_decides() {
    let pair = mysql();
    let (stays, kept, gone) =
        (schema(&pair, "held_stays"), schema(&pair, "held_kept"), schema(&pair, "held_gone"));
    let folder = folder(&pair.source, &pair.target, &[&stays, &kept, &gone], "");
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    pair.source.sql(format!(
        "DROP DATABASE {kept}; INSERT INTO {stays}.parent VALUES (7777, 1); DROP DATABASE {gone}; \
         INSERT INTO {stays}.parent VALUES (7778, 1)"
    ));
    let run = folder.sealift(&["run", "--until-caught-up", "--json"]);
    ends_with(3, &run);
    let count = format!("SELECT COUNT(*) FROM {stays}.parent WHERE id > 7000");
    assert_eq!(pair.target.sql(&count), "2\n");
    for schema in [&kept, &gone] {
        let rows = pair.target.sql(format!("SELECT COUNT(*) > 0 FROM {schema}.parent"));
        assert_eq!(rows, "1\n", "nobody has said that it may go");
    }
    ends_with(0, &folder.sealift(&["resolve", &gone]));
    ends_with(0, &folder.sealift(&["resolve", &kept, "--skip"]));
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    assert_eq!(pair.target.sql(format!("SHOW DATABASES LIKE '{gone}'")), "");
    let rows = pair.target.sql(format!("SELECT COUNT(*) > 0 FROM {kept}.parent"));
    assert_eq!(rows, "1\n");
    assert_same(&pair, &stays);
    // The last one: nothing of what is selected is left on the source.
    pair.source.sql(format!("DROP DATABASE {stays}"));
    ends_with(3, &folder.sealift(&["run", "--until-caught-up"]));
    let held = held(&folder);
    assert!(held.len() == 1 && held[0].to_string().contains("DROP DATABASE"), "{held:?}");
    assert_eq!(pair.target.sql(format!("SELECT COUNT(*) > 0 FROM {stays}.parent")), "1\n");
    ends_with(0, &folder.sealift(&["resolve", &stays]));
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    assert_eq!(pair.target.sql(format!("SHOW DATABASES LIKE '{stays}'")), "");
}

/// Libraries stand for any statement of tomorrow's servers.
#[test]
fn a_statement_of_an_unknown_kind_stops_the_run_until_it_is_let_pass() {
    let pair = mysql();
    let schema = schema(&pair, "held_unknown");
    let folder = folder(&pair.source, &pair.target, &[&schema], "");
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    pair.source.sql(format!(
        "USE {schema}; INSERT INTO parent VALUES (7777, 1); DROP LIBRARY IF EXISTS parent; \
         INSERT INTO bag VALUES (1, 'b', 2.5); DROP LIBRARY IF EXISTS none; INSERT INTO bag VALUES (2, 'c', 3.5)"
    ));
    let stopped = folder.sealift(&["run", "--until-caught-up", "--json"]);
    ends_with(1, &stopped);
    assert_eq!(stopped.error_code(), "SL0508", "{}", stopped.screen());
    let bag = format!("SELECT COUNT(*) FROM {schema}.bag WHERE f IN (2.5, 3.5)");
    assert_eq!(pair.target.sql(&bag), "1\n", "nothing behind it is applied: {}", stopped.screen());
    let fault = stopped.json()["error"].clone();
    let remedy = fault["remedy"].as_str().unwrap();
    let transaction = remedy.split(" resolve ").nth(1).unwrap().split(' ').next().unwrap();
    let other = folder.sealift(&["resolve", transaction, "--json"]);
    assert_eq!(other.error_code(), "SL0105", "it can only be let pass: {}", other.screen());
    ends_with(0, &folder.sealift(&["resolve", transaction, "--skip"]));
    // The table that the first one names is held; the others are followed on.
    ends_with(3, &folder.sealift(&["run", "--until-caught-up"]));
    assert_eq!(pair.target.sql(&bag), "2\n");
    let parent = format!("{schema}.parent");
    ends_with(0, &folder.sealift(&["copy-again", &parent]));
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    assert_same(&pair, &schema);
}

/// Nobody has to stop the run for it, and its process stays the same.
#[test]
fn a_run_at_work_copies_tables_again_and_makes_good_what_is_held() {
    let pair = mysql();
    let schema = schema(&pair, "held_ordered");
    let other = unique_schema("held_from");
    let folder = folder(&pair.source, &pair.target, &[&schema], "[copy]\nworkers = 2\n");
    let churn = Churn::start(&pair.source, &schema, workload::seed());
    let running = Running::start(&folder);
    wait_until("everything is copied", || is_following(&folder));
    pair.source.sql(format!(
        "CREATE DATABASE {other}; CREATE TABLE {other}.came (i INT PRIMARY KEY); INSERT INTO {other}.came VALUES (1); \
         CREATE TABLE {other}.t (i INT); CREATE VIEW {schema}.odd AS SELECT i FROM {other}.t; \
         RENAME TABLE {other}.came TO {schema}.came; INSERT INTO {schema}.came VALUES (2)"
    ));
    let following = || folder.sealift(&["status", "--json"]).json()["following"].clone();
    wait_until("both are held", || {
        (following()["held"][0]["name"] == "came" && held(&folder).len() == 1).then_some(())
    });
    let (came, hot) = (format!("{schema}.came"), format!("{schema}.hot"));
    let unknown = folder.sealift(&["copy-again", "elsewhere.none", "--json"]);
    assert_eq!(unknown.error_code(), "SL0105", "{}", unknown.screen());
    let noted = folder.sealift(&["copy-again", &came, &hot]);
    ends_with(0, &noted);
    assert!(noted.stdout.contains("at work"), "{}", noted.screen());
    ends_with(0, &folder.sealift(&["resolve", &format!("{schema}.odd"), "--skip"]));
    wait_until("nothing is held, everything is copied", || {
        (following()["ready"] == true).then_some(())
    });
    ends_with(0, &folder.sealift(&["copy-again", "--all"]));
    wait_until("all tables are copied once more", || is_following(&folder));
    let so_far = churn.rounds();
    wait_until("the application goes on", || (churn.rounds() > so_far + 2).then_some(()));
    drop(churn);
    pair.source.sql(format!("DROP VIEW {schema}.odd"));
    assert_eq!(running.interrupt(), Some(4), "it is still the same process");
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    assert_same(&pair, &schema);
    ends_with(0, &folder.sealift(&["verify"]));
}
