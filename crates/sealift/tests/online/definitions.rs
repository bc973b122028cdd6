//! Definitions that change on the source while it is followed.

use std::panic::AssertUnwindSafe;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};

use sealift_lab::workload::churn::Churn;
use sealift_lab::{Pair, unique_schema, wait_until, workload};
use serde_json::Value;

use super::{Running, assert_same, schema, stage};
use crate::folder::Folder;
use crate::offline::{ends_with, folder};
use crate::pairs::{mariadb, mysql};

/// Waits until a query on the target gives this.
fn arrives(pair: &Pair, sql: &str, expected: &str) {
    wait_until("a change is on the target", || (pair.target.sql(sql) == expected).then_some(()));
}

/// A run that follows.
fn following(folder: &Folder) -> Running {
    let running = Running::start(folder);
    wait_until("everything is copied", || (stage(folder) == "following").then_some(()));
    running
}

/// What an application's releases do, with rows before and after each.
const RELEASES: [&str; 17] = [
    "CREATE TABLE made (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(20), at DATETIME DEFAULT NOW());
     INSERT INTO made (v) VALUES ('a'), ('b'), ('c')",
    "ALTER TABLE made ADD w DECIMAL(8,2) NOT NULL DEFAULT 1.5 AFTER id, ADD INDEX (v), ALGORITHM=INPLACE;
     INSERT INTO made (w, v) VALUES (2.25, 'd'); UPDATE made SET w = 9 WHERE id = 1",
    "ALTER TABLE made CHANGE v name VARCHAR(40) COLLATE utf8mb4_bin, ADD UNIQUE KEY (name),
       ADD stamp DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6);
     INSERT INTO made (name) VALUES ('A'), ('e'); DELETE FROM made WHERE id = 2",
    "ALTER TABLE hot ADD extra INT DEFAULT 7 INVISIBLE",
    "ALTER TABLE bag ADD extra INT DEFAULT 3 INVISIBLE",
    "CREATE TABLE twin LIKE made; INSERT INTO twin SELECT * FROM made",
    "CREATE TABLE taken AS SELECT id, name FROM made; INSERT INTO taken SELECT id, name FROM made;
     DELETE FROM taken WHERE id = 1 LIMIT 1",
    "ALTER TABLE made DROP COLUMN w, RENAME INDEX v TO by_v; INSERT INTO made (name) VALUES ('f')",
    "CREATE TABLE _made_gho LIKE made;
     ALTER TABLE _made_gho ADD note TEXT, MODIFY id BIGINT NOT NULL AUTO_INCREMENT;
     INSERT INTO _made_gho (id, name, at, stamp) SELECT id, name, at, stamp FROM made;
     RENAME TABLE made TO _made_del, _made_gho TO made;
     INSERT INTO made (name, note) VALUES ('g', 'swapped'); DROP TABLE _made_del",
    "INSERT INTO twin (name) VALUES ('gone'); TRUNCATE twin; INSERT INTO twin (name) VALUES ('stays')",
    "CREATE OR REPLACE VIEW seen AS SELECT id, name FROM made; ALTER VIEW seen AS SELECT name FROM made;
     CREATE PROCEDURE p() SELECT name FROM made; ALTER PROCEDURE p COMMENT 'x'; DROP VIEW IF EXISTS none",
    "CREATE TRIGGER counted BEFORE INSERT ON made FOR EACH ROW SET NEW.note = 'by the trigger';
     INSERT INTO made (name) VALUES ('h'); DROP TRIGGER counted",
    "RENAME TABLE twin TO other_twin; INSERT INTO other_twin (name) VALUES ('i');
     ALTER TABLE other_twin RENAME TO twin, ADD z INT; INSERT INTO twin (name, z) VALUES ('j', 1)",
    "CREATE INDEX by_v ON parent (v) ALGORITHM=INPLACE LOCK=NONE; DROP INDEX by_v ON parent",
    "ALTER TABLE twin DROP KEY name; ALTER TABLE twin PARTITION BY HASH (id) PARTITIONS 3; INSERT INTO twin (name) VALUES ('k');
     ALTER TABLE twin TRUNCATE PARTITION p0",
    "UPDATE taken SET name = 'm' WHERE id = 3 LIMIT 1; DELETE FROM taken WHERE id > 3; DELETE FROM taken WHERE id = 1 LIMIT 1;
     ALTER TABLE taken ADD PRIMARY KEY (id, name), ENGINE=InnoDB, COMMENT='keyed';
     UPDATE taken SET name = 'l' WHERE id = 3 AND name = 'm'",
    "DROP TABLE taken; CREATE TABLE taken (s SET('x','y'), e ENUM('m','n')); INSERT INTO taken VALUES ('x,y', 'n')",
];

#[test]
fn definitions_that_change_under_a_writing_application_are_carried_at_their_place() {
    let pair = mysql();
    let schema = schema(&pair, "online_ddl");
    let folder = folder(&pair.source, &pair.target, &[&schema], "");
    let churn = Churn::beside_releases(&pair.source, &schema, workload::seed());
    let mut running = following(&folder);
    for (number, release) in RELEASES.iter().enumerate() {
        pair.source.sql(format!("USE {schema}; {release}"));
        if number % 6 == 5 {
            running.kill();
            running = Running::start(&folder);
        }
    }
    let so_far = churn.rounds();
    wait_until("the application goes on", || (churn.rounds() > so_far + 2).then_some(()));
    drop(churn);
    running.kill();
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    assert_same(&pair, &schema);
    ends_with(0, &folder.sealift(&["verify"]));
}

/// The log is read from a position before the statement: rows before it are of the old definition, though neither
/// the source nor the plan know that any more.
#[test]
fn rows_before_a_statement_are_read_by_the_definition_of_their_own_position() {
    let pair = mysql();
    let schema = schema(&pair, "online_before");
    let folder = folder(&pair.source, &pair.target, &[&schema], "");
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    pair.source.sql(format!(
        "USE {schema}; INSERT INTO parent VALUES (7777, 1); UPDATE parent SET v = 2 WHERE id = 7; \
         ALTER TABLE parent ADD e ENUM('a', 'b', 'c') NOT NULL DEFAULT 'b', ADD f ENUM('x', 'y'); \
         UPDATE parent SET e = 'c', f = 'y' WHERE id = 7; INSERT INTO parent VALUES (7780, 1, 'a', NULL); \
         ALTER TABLE parent DROP COLUMN e; UPDATE parent SET f = 'x' WHERE id = 8; ALTER TABLE parent DROP COLUMN f; \
         ALTER TABLE parent ADD w VARCHAR(9) DEFAULT 'x' FIRST; INSERT INTO parent VALUES ('y', 7778, 1); \
         ALTER TABLE parent DROP COLUMN v, MODIFY w CHAR(5); INSERT INTO parent VALUES ('z', 7779); \
         INSERT INTO bag VALUES (1, 'b', 2.5); ALTER TABLE bag MODIFY f DOUBLE; \
         UPDATE bag SET f = f / 3 WHERE a = 1"
    ));
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    assert_same(&pair, &schema);
}

#[test]
fn killed_around_a_statement_it_is_executed_once() {
    let pair = mysql();
    let schema = schema(&pair, "online_ddl_killed");
    let folder = folder(&pair.source, &pair.target, &[&schema], "");
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    let statements = [
        "ALTER TABLE parent ADD w INT DEFAULT 5; INSERT INTO parent VALUES (9001, 1, 2)",
        "CREATE TABLE taken AS SELECT id, v FROM parent; INSERT INTO taken SELECT id, v FROM parent",
        "RENAME TABLE taken TO kept; INSERT INTO kept VALUES (1, 1)",
        "TRUNCATE kept; INSERT INTO kept VALUES (2, 2)",
    ];
    for statement in statements {
        pair.source.sql(format!("USE {schema}; {statement}"));
        for point in ["statement-begun", "statement-executed", "statement-done"] {
            let probe = format!("{point}=kill");
            let mut run = folder.command(&["run", "--until-caught-up"]);
            let killed = run.env("SEALIFT_PROBE", probe).output().unwrap();
            // What was executed is found to be done: then there is no second end of it.
            let went_through = point == "statement-done" && killed.status.code() == Some(0);
            assert!(killed.status.code().is_none() || went_through, "{statement}: {killed:?}");
        }
    }
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    assert_same(&pair, &schema);
}

#[test]
fn a_mariadbs_definitions_are_carried() {
    let pair = mariadb();
    let schema = schema(&pair, "online_ddl_maria");
    let folder = folder(&pair.source, &pair.target, &[&schema], "");
    let churn = Churn::beside_releases(&pair.source, &schema, workload::seed());
    let mut running = following(&folder);
    for (number, release) in [
        "CREATE TABLE made (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(20)); INSERT INTO made (v) VALUES ('a'), ('b')",
        "ALTER ONLINE TABLE made WAIT 9 ADD w DECIMAL(8,2) NOT NULL DEFAULT 1.5 AFTER id, ALGORITHM=NOCOPY; INSERT INTO made (w, v) VALUES (2.25, 'c')",
        "CREATE TABLE taken AS SELECT id, v FROM made; INSERT INTO taken VALUES (7, 'x')",
        "ALTER TABLE hot ADD extra INT INVISIBLE DEFAULT 7",
        "RENAME TABLE made TO _made_old, taken TO made; INSERT INTO made VALUES (8, 'y'); INSERT INTO _made_old (v) VALUES ('d')",
        "TRUNCATE TABLE made; INSERT INTO made VALUES (9, 'z'); CREATE VIEW seen AS SELECT id FROM made",
        "ALTER TABLE _made_old DROP COLUMN w, CHANGE v u VARCHAR(30); UPDATE _made_old SET u = 'e' WHERE id = 1",
        "SET STATEMENT lock_wait_timeout=60 FOR ALTER TABLE _made_old ADD q INT DEFAULT 3; CREATE SEQUENCE s; SELECT NEXTVAL(s); INSERT INTO _made_old (u, q) VALUES ('f', 4)",
    ]
    .iter()
    .enumerate()
    {
        pair.source.sql(format!("USE {schema}; {release}"));
        if number % 3 == 2 {
            running.kill();
            running = Running::start(&folder);
        }
    }
    drop(churn);
    running.kill();
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    for rows in ["id, extra FROM hot", "* FROM made", "* FROM _made_old", "* FROM seen"] {
        let sql = format!("USE {schema}; SELECT {rows} ORDER BY 1");
        assert_eq!(pair.source.sql(&sql), pair.target.sql(&sql), "{rows}");
    }
    ends_with(0, &folder.sealift(&["verify"]));
    pair.source.sql(format!(
        "USE {schema}; ALTER TABLE made ADD j JSON; INSERT INTO made VALUES (1, 'q', '1')"
    ));
    let held = folder.sealift(&["run", "--until-caught-up", "--json"]);
    ends_with(3, &held);
    assert!(held.stdout.contains("JSON is another type"), "{}", held.screen());
    ends_with(0, &folder.sealift(&["copy-again", &format!("{schema}.made")]));
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    ends_with(0, &folder.sealift(&["verify"]));
}

#[test]
fn statements_about_other_objects_pass_and_a_table_that_cannot_be_carried_is_held() {
    let pair = mysql();
    let schema = schema(&pair, "online_others");
    let other = unique_schema("others");
    let folder = folder(&pair.source, &pair.target, &[&schema], "");
    let running = Running::start(&folder);
    wait_until("everything is copied", || (stage(&folder) == "following").then_some(()));
    pair.source.sql(format!(
        "CREATE DATABASE {other}; USE {other}; CREATE TABLE t (i INT COMMENT '{schema}.hot'); \
         ALTER TABLE t ADD {schema} INT; CREATE VIEW v AS SELECT id FROM {schema}.parent; \
         CREATE TABLE made AS SELECT id FROM {schema}.parent; RENAME TABLE t TO u; \
         CREATE PROCEDURE p() DELETE FROM {schema}.parent; TRUNCATE made; DROP VIEW v; \
         USE {schema}; CREATE TEMPORARY TABLE hot2 (i INT); DROP TEMPORARY TABLE hot2; \
         CREATE INDEX i ON {other}.u (i); INSERT INTO {schema}.parent VALUES (7777, 1)"
    ));
    let count = format!("SELECT COUNT(*) FROM {schema}.parent WHERE id > 7000");
    arrives(&pair, &count, "1\n");
    assert_same(&pair, &schema);
    pair.source.sql(format!(
        "USE {schema}; INSERT INTO parent VALUES (7778, 1); \
         /* rows come with it */ rename /*!50000 table */ {other}.made to `made`; \
         INSERT INTO parent VALUES (7779, 1)"
    ));
    // The others go on.
    arrives(&pair, &count, "3\n");
    let held = wait_until("status tells of the table", || {
        let following = folder.sealift(&["status", "--json"]).json()["following"].clone();
        following["held"].as_array().is_some_and(|held| !held.is_empty()).then_some(following)
    });
    assert_eq!(held["held"][0]["name"], "made", "{held}");
    let reason = held["held"][0]["reason"].as_str().unwrap();
    assert!(
        reason.contains("rename /*!50000 table */") && reason.contains("not migrated"),
        "{held}"
    );
    assert_eq!(held["ready"], false, "{held}");
    pair.source.sql(format!(
        "USE {schema}; INSERT INTO made VALUES (1); DROP TABLE made; DROP DATABASE {other}"
    ));
    assert_eq!(running.interrupt(), Some(4));
    ends_with(3, &folder.sealift(&["run", "--until-caught-up"]));
    ends_with(0, &folder.sealift(&["copy-again", &format!("{schema}.made")]));
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    assert_same(&pair, &schema);
}

/// Tables that a statement changes while rows are copied are copied again, the others go on.
#[test]
fn definitions_that_move_under_the_copy_are_the_copys() {
    let pair = mysql();
    let schema = schema(&pair, "online_ddl_copy");
    let folder = folder(&pair.source, &pair.target, &[&schema], "[copy]\nworkers = 2\n");
    let churn = Churn::beside_releases(&pair.source, &schema, workload::seed());
    let held = Running::held_at(&folder, "chunk-committed:3=hold");
    // Without the lock MySQL may refuse it where others swap unique values meanwhile (manual: Online DDL Limitations).
    pair.source.sql(format!(
        "USE {schema}; ALTER TABLE hot ADD extra INT DEFAULT 7 INVISIBLE, DROP KEY by_v, LOCK=SHARED; \
         CREATE TABLE made (id INT PRIMARY KEY, v INT); INSERT INTO made VALUES (1, 1), (2, 2); \
         ALTER TABLE bag MODIFY b VARCHAR(50); CREATE VIEW seen AS SELECT id FROM made; \
         CREATE TABLE short_lived (i INT); DROP TABLE short_lived; TRUNCATE leaf; \
         INSERT INTO leaf VALUES (1, NULL, 1)"
    ));
    let running = held.go_on();
    wait_until("everything is copied", || (stage(&folder) == "following").then_some(()));
    pair.source.sql(format!(
        "USE {schema}; ALTER TABLE made ADD w INT; INSERT INTO made VALUES (3, 3, 3)"
    ));
    drop(churn);
    running.kill();
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    assert_same(&pair, &schema);
}

/// A table that comes after the source was looked at, and before the position its changes are followed from, is in
/// no log that is read.
#[test]
fn tables_that_come_while_a_migration_begins_are_copied() {
    let pair = mysql();
    let schema = schema(&pair, "online_ddl_begin");
    let folder = folder(&pair.source, &pair.target, &[&schema], "[copy]\nworkers = 2\n");
    let held = Running::held_at(&folder, "run-begun=hold");
    pair.source.sql(format!(
        "USE {schema}; CREATE TABLE early (id INT PRIMARY KEY, v INT); INSERT INTO early VALUES (1, 1), (2, 2); \
         ALTER TABLE parent ADD w INT DEFAULT 5"
    ));
    let running = held.go_on();
    wait_until("everything is copied", || (stage(&folder) == "following").then_some(()));
    pair.source.sql(format!("INSERT INTO {schema}.early VALUES (3, 3)"));
    running.kill();
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    assert_same(&pair, &schema);
}

/// Whoever changes the same definitions all the time keeps no other table from being copied and followed, nor
/// definitions of others from being carried.
#[test]
fn definitions_that_never_rest_keep_nothing_else_from_being_copied() {
    let pair = mysql();
    let schema = schema(&pair, "online_ddl_busy");
    let folder = folder(&pair.source, &pair.target, &[&schema], "[copy]\nworkers = 2\n");
    pair.source.sql(format!("ALTER TABLE {schema}.worded ADD x0 INT INVISIBLE"));
    let churn = Churn::beside_releases(&pair.source, &schema, workload::seed());
    let stop = AtomicBool::new(false);
    let running = std::thread::scope(|scope| {
        scope.spawn(|| {
            for now in (1..).take_while(|_now| !stop.load(Ordering::SeqCst)) {
                let before = now - 1;
                pair.source.sql(format!(
                    "USE {schema}; ALTER TABLE worded ADD x{now} INT INVISIBLE; \
                     CREATE OR REPLACE VIEW busy AS SELECT n, x{now} FROM worded; ALTER TABLE worded DROP COLUMN x{before}"
                ));
                let so_far = churn.rounds();
                wait_until("the application goes on", || (churn.rounds() > so_far + 3).then_some(()));
            }
        });
        let running = Running::start(&folder);
        let carried = format!("SELECT COUNT(*) FROM {schema}.hot WHERE y = 3");
        let waited = std::panic::catch_unwind(AssertUnwindSafe(|| {
            wait_until("everything else is copied", || {
                (stage(&folder) == "following").then_some(())
            });
            pair.source.sql(format!(
                "USE {schema}; CREATE TABLE twin LIKE worded; INSERT INTO twin (w, n) VALUES ('a', 1); \
                 ALTER TABLE hot ADD y INT DEFAULT 3 INVISIBLE"
            ));
            wait_until("the others are followed", || {
                pair.target.try_sql(&carried).is_ok_and(|count| count != "0\n").then_some(())
            });
        }));
        stop.store(true, Ordering::SeqCst);
        waited.map(|()| running)
    });
    let running = running.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    wait_until("the table is copied in the end", || {
        let following = folder.sealift(&["status", "--json"]).json()["following"].clone();
        (following["ready"] == true).then_some(())
    });
    drop(churn);
    running.kill();
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    assert_same(&pair, &schema);
}

/// It is in no plan yet, and no table waits: the run begins again for it by itself.
#[test]
fn a_view_that_comes_while_rows_are_copied_is_made_by_the_same_run() {
    let pair = mysql();
    let schema = schema(&pair, "online_view");
    let folder = folder(&pair.source, &pair.target, &[&schema], "[copy]\nworkers = 1\n");
    let command = folder.command(&["run", "--until-caught-up"]);
    let held = Running::held(command, "chunk-committed=hold");
    pair.source.sql(format!("CREATE VIEW {schema}.came AS SELECT id FROM {schema}.hot"));
    assert_eq!(held.go_on().wait(), Some(0));
    assert_same(&pair, &schema);
}

/// Nobody is there to see the statement: the next run finds it in the log, or the definition another.
#[test]
fn definitions_that_move_while_a_copy_is_interrupted_are_the_copys() {
    let pair = mariadb();
    let schema = schema(&pair, "online_ddl_pause");
    let folder = folder(&pair.source, &pair.target, &[&schema], "[copy]\nworkers = 2\n");
    folder.killed_at(&["run"], "table-copied:2");
    pair.source.sql(format!(
        "USE {schema}; INSERT INTO parent VALUES (7777, 7); ALTER TABLE parent ADD w INT DEFAULT 5; \
         INSERT INTO bag VALUES (1, 'x', 2); ALTER TABLE bag ADD u UUID; INSERT INTO bag (a, u) VALUES (2, UUID()); \
         RENAME TABLE child TO kids; INSERT INTO kids VALUES (9999, NULL); DROP TABLE worded"
    ));
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    for rows in ["* FROM parent", "a, b, f, u FROM bag", "* FROM kids", "id, u, v, d, at FROM hot"]
    {
        let sql = format!("USE {schema}; SELECT {rows} ORDER BY 1, 2, 3")
            .replace("kids ORDER BY 1, 2, 3", "kids ORDER BY 1");
        assert_eq!(pair.source.sql(&sql), pair.target.sql(&sql), "{rows}");
    }
    assert_eq!(pair.target.sql(format!("SHOW TABLES FROM {schema} LIKE 'worded'")), "");
    ends_with(0, &folder.sealift(&["verify"]));
}

/// What cannot be carried stops the run; the operator has its table copied again.
#[test]
fn a_table_that_could_not_be_carried_is_copied_again_on_demand() {
    let pair = mysql();
    let schema = schema(&pair, "online_again");
    let other = unique_schema("from_elsewhere");
    let folder = folder(&pair.source, &pair.target, &[&schema], "");
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    pair.source.sql(format!(
        "CREATE DATABASE {other}; CREATE TABLE {other}.bag (a INT, z INT); \
         INSERT INTO {other}.bag VALUES (1, 2), (3, 4); USE {schema}; INSERT INTO parent VALUES (7777, 1); \
         RENAME TABLE bag TO {other}.old_bag, {other}.bag TO bag; INSERT INTO bag VALUES (5, 6); \
         DROP DATABASE {other}"
    ));
    ends_with(3, &folder.sealift(&["run", "--until-caught-up"]));
    let unknown = folder.sealift(&["copy-again", "elsewhere.none", "--json"]);
    assert_eq!(unknown.error_code(), "SL0105");
    ends_with(0, &folder.sealift(&["copy-again", &format!("{schema}.bag")]));
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    pair.source
        .sql(format!("USE {schema}; ALTER TABLE bag ADD y INT; INSERT INTO bag VALUES (7, 8, 9)"));
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    assert_same(&pair, &schema);
}

/// What it copied before it began again is its own work, not that of an earlier run.
#[test]
fn a_run_that_went_on_by_itself_tells_of_all_it_copied() {
    let pair = mysql();
    let schema = schema(&pair, "online_went_on");
    let folder = folder(&pair.source, &pair.target, &[&schema], "[copy]\nworkers = 2\n");
    let answer = std::fs::File::create(folder.file("answer")).unwrap();
    let mut command = folder.command(&["run", "--until-caught-up", "--json"]);
    command.stdout(answer).stderr(Stdio::null());
    let held = Running::held(command, "table-copied:4=hold");
    pair.source.sql(format!("ALTER TABLE {schema}.worded ADD extra INT INVISIBLE"));
    assert_eq!(held.go_on().wait(), Some(0));
    let answer = std::fs::read_to_string(folder.file("answer")).unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let tables = answer["tables"].as_array().unwrap();
    assert!(!tables.is_empty() && answer.to_string().contains("a definition moved"), "{answer}");
    for table in tables {
        assert_eq!(table["result"], "copied", "{table}");
    }
    let later = folder.sealift(&["run", "--until-caught-up", "--json"]).json();
    assert!(later["tables"].as_array().is_none_or(Vec::is_empty), "{later}");
}
