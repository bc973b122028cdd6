//! A source whose definitions move before anything is followed: the next run goes on by itself.

use std::fs;

use sealift_lab::{Pair, unique_schema};

use super::{assert_same, schema};
use crate::folder::Folder;
use crate::offline::{ends_with, folder};
use crate::pairs::mysql;

const RUN: &[&str] = &["run", "--until-caught-up"];

/// What releases do between the lives of a first run: types and keys that no list of columns shows, columns, tables that
/// come and go, what reads them.
const RELEASES: [&str; 6] = [
    "ALTER TABLE hot MODIFY v VARCHAR(60); CREATE TABLE made (id INT PRIMARY KEY, v INT); INSERT INTO made VALUES (1, 1);
     CREATE VIEW seen AS SELECT id FROM hot",
    "ALTER TABLE hot MODIFY u BIGINT NOT NULL, ADD w INT DEFAULT 4; ALTER TABLE made RENAME TO named;
     ALTER VIEW seen AS SELECT id, v FROM hot",
    "ALTER TABLE parent ADD w INT DEFAULT 3 FIRST; DROP TABLE worded; CREATE TABLE worded (id INT PRIMARY KEY);
     INSERT INTO worded VALUES (4)",
    "ALTER TABLE bag ADD id INT AUTO_INCREMENT PRIMARY KEY FIRST; ALTER TABLE hot DROP KEY by_v, DROP v; DROP TABLE named;
     ALTER VIEW seen AS SELECT u FROM hot",
    "ALTER TABLE parent DROP w, MODIFY v BIGINT; INSERT INTO parent VALUES (7777, 5000000000)",
    "ALTER TABLE wide MODIFY n BIGINT UNSIGNED NOT NULL; UPDATE wide SET n = 5000000000 LIMIT 2",
];

#[test]
fn a_first_run_that_is_killed_goes_on_with_the_definitions_that_the_source_has_by_then() {
    let pair = mysql();
    let schema = schema(&pair, "outrun");
    let folder = folder(&pair.source, &pair.target, &[&schema], "[copy]\nworkers = 2\n");
    let points = [
        "run-begun",
        "object-executed:6",
        "prepared",
        "outdated",
        "position-known",
        "position-known",
    ];
    for (point, release) in points.iter().zip(RELEASES) {
        folder.killed_at(&["run"], point);
        pair.source.sql(format!("USE {schema}; {release}"));
    }
    ends_with(0, &folder.sealift(RUN));
    assert_same(&pair, &schema);
    ends_with(0, &folder.sealift(&["verify"]));
}

#[test]
fn what_plan_apply_made_is_made_anew_where_the_source_has_moved_since() {
    let pair = mysql();
    let schema = schema(&pair, "outrun_applied");
    pair.source.sql(format!(
        "USE {schema}; CREATE VIEW seen AS SELECT id FROM hot; CREATE PROCEDURE p() SELECT 1; \
         CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1"
    ));
    let folder = folder(&pair.source, &pair.target, &[&schema], "");
    ends_with(0, &folder.sealift(&["plan"]));
    ends_with(0, &folder.sealift(&["plan", "apply"]));
    pair.source.sql(format!(
        "USE {schema}; ALTER VIEW seen AS SELECT u FROM hot; DROP PROCEDURE p; CREATE PROCEDURE p() SELECT 2; \
         DROP FUNCTION f; ALTER TABLE hot ADD KEY by_d (d); ALTER TABLE parent ADD w INT"
    ));
    let ran = folder.sealift(&["run", "--until-caught-up", "--json"]);
    ends_with(0, &ran);
    assert!(
        ran.stdout.contains(&format!("table `{schema}`.`parent` has changed")),
        "{}",
        ran.screen()
    );
    assert_same(&pair, &schema);
    ends_with(0, &folder.sealift(&["verify"]));
}

fn one_table(pair: &Pair, stem: &str) -> (Folder, String) {
    let schema = unique_schema(stem);
    pair.source.sql(format!(
        "CREATE DATABASE {schema}; USE {schema}; CREATE TABLE t (id INT PRIMARY KEY, a INT); \
         INSERT INTO t VALUES (1, 1), (2, 2); CREATE TABLE other (id INT PRIMARY KEY)"
    ));
    (folder(&pair.source, &pair.target, &[&schema], ""), schema)
}

#[test]
fn a_persons_script_beneath_which_the_source_moved_is_refused_by_name() {
    let pair = mysql();
    for (edit, to) in [("`a` int", "`a` bigint"), ("state generated", "state locked")] {
        let (folder, schema) = one_table(&pair, "outrun_edited");
        ends_with(0, &folder.sealift(&["plan"]));
        let file = format!("20-tables/{schema}/t.sql");
        let path = folder.file(format!(".sealift/plan/{file}"));
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(edit), "{text}");
        fs::write(&path, text.replace(edit, to)).unwrap();
        pair.source.sql(format!("USE {schema}; ALTER TABLE other ADD b INT"));
        folder.killed_at(&["run"], "prepared");
        pair.source.sql(format!("USE {schema}; ALTER TABLE t MODIFY a INT DEFAULT 7"));
        let refused = folder.sealift(&["run", "--until-caught-up", "--json"]);
        assert_eq!((refused.code, refused.error_code()), (Some(1), "SL0503".into()));
        let named = format!("table `{schema}`.`t` has changed beneath your version of {file}");
        assert!(refused.stdout.contains(&named), "{}", refused.screen());
        ends_with(0, &folder.sealift(&["plan"]));
        ends_with(0, &folder.sealift(RUN));
        let rows = pair.target.sql(format!("SELECT COUNT(*) FROM {schema}.t"));
        assert_eq!(rows, "2\n");
    }
}

/// Nobody but its owner may remove what sealift did not make.
#[test]
fn a_table_that_was_there_before_is_left_where_the_source_has_moved_since() {
    let pair = mysql();
    let (folder, schema) = one_table(&pair, "outrun_there");
    pair.target.sql(format!(
        "CREATE DATABASE {schema}; CREATE TABLE {schema}.t (id INT PRIMARY KEY, a INT, KEY own (a))"
    ));
    folder.killed_at(&["run"], "prepared");
    pair.source.sql(format!("USE {schema}; ALTER TABLE t ADD b INT"));
    let refused = folder.sealift(&["run", "--until-caught-up", "--json"]);
    assert_eq!((refused.code, refused.error_code()), (Some(1), "SL0501".into()));
    let there = pair.target.sql(format!("SHOW CREATE TABLE {schema}.t"));
    assert!(there.contains("KEY `own`"), "{there}");
}

/// The plan's list is written before its scripts.
#[test]
fn a_plan_whose_writing_was_interrupted_is_written_again() {
    let pair = mysql();
    let (folder, schema) = one_table(&pair, "outrun_unwritten");
    ends_with(0, &folder.sealift(&["plan"]));
    let list = folder.file(".sealift/plan/plan.json");
    let text = fs::read_to_string(&list).unwrap();
    fs::write(&list, text.replacen("\"version\": 1,", "\"version\": 1, \"unfinished\": true,", 1))
        .unwrap();
    fs::remove_file(folder.file(format!(".sealift/plan/20-tables/{schema}/t.sql"))).unwrap();
    ends_with(0, &folder.sealift(RUN));
    assert_same(&pair, &schema);
}
