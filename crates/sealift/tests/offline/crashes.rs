//! Killed at every named point, and interrupted: the same command again ends the job, no row lost or doubled.

use sealift_engine::probe::Point;
use sealift_lab::oracle::Comparison;
use sealift_lab::{Pair, unique_schema};

use super::{allowed, ends_with, folder};
use crate::folder::Folder;
use crate::pairs::mysql;

/// Small, with everything a crash can catch half done: several chunks, a table without a key, objects.
fn fill(pair: &Pair, schema: &str) {
    pair.source.sql(format!(
        "CREATE DATABASE {schema}; USE {schema}; SET cte_max_recursion_depth = 100000; \
         CREATE TABLE keyed (id INT PRIMARY KEY, a VARCHAR(50), KEY (a)); \
         INSERT INTO keyed WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM s WHERE n < 20000) \
           SELECT n, REPEAT(CHAR(65 + n % 26), n % 50) FROM s; \
         CREATE TABLE no_key (a INT, b VARCHAR(50)); \
         INSERT INTO no_key SELECT id DIV 2, a FROM keyed WHERE id <= 5000; \
         CREATE TABLE child (id INT PRIMARY KEY, k INT, FOREIGN KEY (k) REFERENCES keyed (id)); \
         INSERT INTO child SELECT id, id FROM keyed WHERE id <= 100; \
         CREATE VIEW v AS SELECT id FROM keyed; \
         CREATE TRIGGER tr BEFORE INSERT ON child FOR EACH ROW SET NEW.k = NEW.k;"
    ));
}

fn assert_arrived(folder: &Folder, pair: &Pair, schema: &str) {
    ends_with(0, &folder.sealift(&["run", "--offline"]));
    allowed(Comparison::of([schema])).assert_same(&pair.source, &pair.target);
}

fn killed_at(pair: &Pair, point: Point) {
    let schema = unique_schema(&format!("killed_{}", point.name().replace('-', "_")));
    fill(pair, &schema);
    let folder = folder(&pair.source, &pair.target, &[&schema], "[copy]\nworkers = 2\n");
    folder.killed_at(&["run", "--offline"], point.name());
    assert_arrived(&folder, pair, &schema);
}

/// The points that only a run passes whose source has moved, or whose changes are followed, a comparison or a
/// repair, are killed in tests of their own, and so are those of accounts and of the guard of a turn.
fn is_passed_by_a_first_run(point: Point) -> bool {
    !matches!(
        point,
        Point::TableEmptied
            | Point::Cleared
            | Point::Outdated
            | Point::PositionKnown
            | Point::StatementBegun
            | Point::StatementExecuted
            | Point::StatementDone
            | Point::AccountsBegun
            | Point::AccountChanged
            | Point::AccountsDone
            | Point::ChunkCompared
            | Point::RowsReread
            | Point::RowsMended
            | Point::GuardWoken
    ) && !point.is_of_a_turn()
}

#[test]
fn killed_at_every_point_it_goes_on_and_nothing_is_lost_or_doubled() {
    let pair = mysql();
    for point in Point::ALL.iter().copied().filter(|point| is_passed_by_a_first_run(*point)) {
        killed_at(&pair, point);
    }
}

#[test]
fn ctrl_c_stops_cleanly_and_says_how_to_go_on() {
    let pair = mysql();
    let schema = unique_schema("interrupted");
    fill(&pair, &schema);
    let folder = folder(&pair.source, &pair.target, &[&schema], "[copy]\nworkers = 2\n");
    let output = folder.run_to_probe("chunk-committed=interrupt");
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("again"), "{said}");
    assert_arrived(&folder, &pair, &schema);
}

#[test]
fn a_table_changed_while_the_run_was_interrupted_is_copied_again() {
    let pair = mysql();
    let schema = unique_schema("drifted");
    fill(&pair, &schema);
    let folder = folder(&pair.source, &pair.target, &[&schema], "[copy]\nworkers = 1\n");
    let killed =
        folder.command(&["run", "--offline"]).env("SEALIFT_PROBE", "copied=kill").output().unwrap();
    assert_eq!(killed.status.code(), None);
    pair.source.client().schema(&schema).run("UPDATE keyed SET a = 'later' WHERE id = 3");
    assert_arrived(&folder, &pair, &schema);
}

#[test]
fn killed_while_a_changed_table_is_emptied_it_goes_on_and_nothing_is_lost_or_doubled() {
    let pair = mysql();
    let schema = unique_schema("killed_emptied");
    fill(&pair, &schema);
    let folder = folder(&pair.source, &pair.target, &[&schema], "[copy]\nworkers = 1\n");
    assert_eq!(folder.run_to_probe("copied=kill").status.code(), None);
    pair.source.client().schema(&schema).run(
        "UPDATE keyed SET a = 'later' WHERE id = 3; DELETE FROM no_key WHERE a = 4; \
         DELETE FROM child WHERE id = 5",
    );
    // The first table; then that one again and the second; then the second again and the third.
    for passes in [1, 2, 2] {
        let killed = folder.run_to_probe(&format!("table-emptied:{passes}=kill"));
        assert_eq!(killed.status.code(), None, "the point was not passed: {killed:?}");
    }
    assert_arrived(&folder, &pair, &schema);
}

#[test]
fn restart_begins_anew() {
    let pair = mysql();
    let schema = unique_schema("restarted");
    fill(&pair, &schema);
    let folder = folder(&pair.source, &pair.target, &[&schema], "");
    ends_with(0, &folder.sealift(&["run", "--offline"]));
    pair.target.client().schema(&schema).run("DELETE FROM child");
    ends_with(0, &folder.sealift(&["run", "--offline", "--restart"]));
    allowed(Comparison::of([&schema])).assert_same(&pair.source, &pair.target);
}
