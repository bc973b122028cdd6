//! MySQL 5.6 as a source, the whole way.

use std::sync::LazyLock;

use sealift_lab::oracle::Comparison;
use sealift_lab::workload::churn::{self, Appetite, Churn, Definition};
use sealift_lab::workload::every_type;
use sealift_lab::{Kind, Options, Pair, unique_schema, wait_until, workload};

use super::aside::Client;
use super::{Running, families, stage};
use crate::folder::Folder;
use crate::offline::{ends_with, folder, typed};
use crate::pairs::{Alone, Pool};

static PAIRS: Pool = Pool::new(&STARTED);
static STARTED: [LazyLock<Pair>; 1] = [LazyLock::new(Pair::mysql_5_6)];

/// The pair for this test alone; none where the server cannot be had, which is then said.
fn mysql_5_6() -> Option<Alone> {
    (!Kind::MySql5_6.is_left_out()).then(|| PAIRS.take())
}

/// Each side's own dump: text that neither sealift nor a checksum of one version has made.
fn assert_same_rows(pair: &Pair, schema: &str, without: &[&str]) {
    let all = Comparison::of([schema]);
    let compared = without.iter().fold(all, |compared, table| compared.without(schema, table));
    let differences = compared.row_differences(&pair.source, &pair.target);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// What an old server has gathered in its years.
const OLD: &str = "
CREATE TABLE plain (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(60), word VARCHAR(255), KEY (name), KEY (word(191)));
CREATE TABLE dated (id INT PRIMARY KEY, d DATE NOT NULL DEFAULT '0000-00-00', at TIMESTAMP NOT NULL,
  seen TIMESTAMP NOT NULL DEFAULT '0000-00-00 00:00:00', y YEAR, dt DATETIME DEFAULT '0000-00-00 00:00:00');
CREATE TABLE parts (id INT NOT NULL, at DATE NOT NULL, t TEXT, PRIMARY KEY (id, at)) ENGINE=MyISAM
  PARTITION BY RANGE (YEAR(at)) (PARTITION p0 VALUES LESS THAN (2010), PARTITION p1 VALUES LESS THAN MAXVALUE);
CREATE TABLE searched (id INT PRIMARY KEY, t TEXT, FULLTEXT KEY (t)) ENGINE=MyISAM DEFAULT CHARSET=latin1;
CREATE TABLE packed (id INT PRIMARY KEY, b BLOB) ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8;
CREATE TABLE rank (`groups` INT PRIMARY KEY, `system` INT, `rows` INT, lateral INT);
CREATE TABLE parent (id INT NOT NULL, part INT NOT NULL, PRIMARY KEY (id, part));
CREATE TABLE child (id INT PRIMARY KEY, parent INT, KEY (parent), CONSTRAINT odd FOREIGN KEY (parent) REFERENCES parent (id));
CREATE TABLE three (c VARCHAR(40) CHARACTER SET utf8 COLLATE utf8_unicode_ci, KEY (c)) DEFAULT CHARSET=utf8;
INSERT INTO plain (name, word) VALUES ('Käthe', 'x'), (NULL, 'größe'), ('', '\\\\');
INSERT INTO dated VALUES (1, '0000-00-00', '2020-01-01', '0000-00-00', 0, '2011-02-31'), (2, '2015-00-00', '2001-02-03', NOW(), 2015, NULL);
INSERT INTO parts VALUES (1, '2001-01-01', 'one'), (2, '2020-01-01', 'two');
INSERT INTO searched VALUES (1, 'find me'); INSERT INTO packed VALUES (1, REPEAT(x'00ff', 2000));
INSERT INTO rank VALUES (1, 2, 3, 4), (5, 6, 7, 8); INSERT INTO parent VALUES (1, 1), (2, 1); INSERT INTO child VALUES (1, 1), (2, NULL);
INSERT INTO three VALUES ('a'), ('A'), ('ß');
CREATE VIEW few AS SELECT id, name FROM plain WHERE id < 100;
CREATE VIEW dear AS SELECT COUNT(*) AS n, f.name FROM few f GROUP BY f.name;
DELIMITER //
CREATE FUNCTION doubled(n INT) RETURNS INT DETERMINISTIC BEGIN DECLARE r INT DEFAULT n; SET r = r * 2; RETURN r; END//
CREATE PROCEDURE emptied() BEGIN DELETE FROM plain WHERE id < 0; END//
CREATE TRIGGER lowered BEFORE INSERT ON plain FOR EACH ROW BEGIN IF NEW.name = '' THEN SET NEW.name = NULL; END IF; END//
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 03:00:00' DO DELETE FROM searched WHERE id < 0//
DELIMITER ;
";

/// A schema with what is old, and a folder that carries it.
fn old(pair: &Pair, what: &str, rest: &str) -> (String, Folder) {
    let schema = unique_schema(what);
    pair.source.sql(format!(
        "SET sql_mode = 'NO_AUTO_CREATE_USER,ALLOW_INVALID_DATES'; CREATE DATABASE {schema}; USE {schema}; {OLD}"
    ));
    let folder = folder(&pair.source, &pair.target, &[&schema], rest);
    (schema, folder)
}

#[test]
fn what_an_old_server_has_gathered_is_checked_assessed_planned_and_arrives() {
    let Some(pair) = mysql_5_6() else { return };
    let (schema, folder) = old(&pair, "old", "");
    ends_with(0, &folder.sealift(&["check"]));
    let assessed = folder.sealift(&["assess", "--json"]);
    assert!(matches!(assessed.code, Some(0 | 3)), "{}", assessed.screen());
    let told = assessed.json();
    let checks = told["assessment"]["checks"].as_array().unwrap();
    let failed: Vec<_> =
        checks.iter().filter(|check| check.to_string().contains("failed")).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    ends_with(0, &folder.sealift(&["plan"]));
    ends_with(0, &folder.sealift(&["run", "--offline"]));
    assert_same_rows(&pair, &schema, &[]);
    ends_with(0, &folder.sealift(&["verify"]));
    let code =
        format!("USE {schema}; SELECT doubled(21); CALL emptied(); SELECT COUNT(*) FROM dear");
    assert_eq!(pair.target.sql(code), "42\n3\n");
}

#[test]
fn every_type_of_a_mysql_5_6_arrives_byte_for_byte() {
    let Some(pair) = mysql_5_6() else { return };
    let schema = unique_schema("types_5_6");
    every_type::create(&pair.source, &schema, &typed(Kind::MySql5_6, 11));
    let folder = folder(&pair.source, &pair.target, &[&schema], "");
    ends_with(0, &folder.sealift(&["run", "--offline"]));
    // InnoDB wants a key of its own for MyISAM's counter per group.
    assert_same_rows(&pair, &schema, &["engine_myisam"]);
    ends_with(0, &folder.sealift(&["verify"]));
}

/// It counts on from the rows that are there; the target keeps the number it had.
#[test]
fn a_counter_that_a_mysql_5_6_forgets_when_it_restarts_is_no_difference() {
    if Kind::MySql5_6.is_left_out() {
        return;
    }
    let mut pair = Pair::mysql_5_6();
    let schema = unique_schema("counted_5_6");
    pair.source.sql(format!(
        "CREATE DATABASE {schema}; USE {schema}; CREATE TABLE counted (id INT AUTO_INCREMENT PRIMARY KEY); \
         INSERT INTO counted VALUES (700); DELETE FROM counted"
    ));
    let folder = folder(&pair.source, &pair.target, &[&schema], "");
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    pair.source.restart().unwrap();
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    let verified = folder.sealift(&["verify", "--json"]);
    ends_with(0, &verified);
    assert!(verified.stdout.contains("counts on from its rows"), "{}", verified.screen());
}

#[test]
fn a_mysql_5_6_that_is_written_to_is_copied_and_followed_killed_again_and_again() {
    let Some(pair) = mysql_5_6() else { return };
    let schema = unique_schema("online_5_6");
    churn::create_everything(&pair.source, &schema, &typed(Kind::MySql5_6, 3));
    let folder = folder(&pair.source, &pair.target, &[&schema], "[copy]\nworkers = 2\n");
    let appetite = Appetite::everything(2).and_definitions(Definition::OUTSIDE);
    let churn = Churn::hungry(&pair.source, &schema, workload::seed(), &appetite);
    for point in ["chunk-begun", "chunk-committed:3", "table-copied:2", "copied"] {
        folder.killed_at(&["run"], point);
    }
    let running = Running::start(&folder);
    wait_until("everything is copied", || (stage(&folder) == "following").then_some(()));
    let so_far = churn.rounds();
    wait_until("the application goes on", || {
        (churn.rounds() > so_far + 2 || churn.failure().is_some()).then_some(())
    });
    running.kill();
    assert_eq!(churn.stop(), Ok(()));
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    assert_same_rows(&pair, &schema, &["engine_myisam"]);
    ends_with(0, &folder.sealift(&["verify"]));
}

#[test]
fn definitions_of_a_mysql_5_6_are_carried_while_it_is_followed() {
    let Some(pair) = mysql_5_6() else { return };
    let (schema, folder) = old(&pair, "defined", "");
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    pair.source.sql(format!(
        "USE {schema}; ALTER TABLE plain ADD COLUMN more INT FIRST, ADD KEY by_more (more); UPDATE plain SET more = id;
         CREATE TABLE made (id INT PRIMARY KEY, at TIMESTAMP(3) NULL, t TEXT) ENGINE=MyISAM; INSERT INTO made VALUES (1, NULL, 'x');
         RENAME TABLE searched TO found; TRUNCATE TABLE packed; INSERT INTO packed VALUES (7, 'seven');
         DROP VIEW dear; CREATE VIEW dear AS SELECT id FROM plain; DROP TABLE parts;
         ALTER TABLE three CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci; DROP FUNCTION doubled;
         CREATE FUNCTION doubled(n INT) RETURNS INT DETERMINISTIC RETURN n + n; CREATE INDEX by_y ON dated (y)"
    ));
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    assert_same_rows(&pair, &schema, &[]);
    ends_with(0, &folder.sealift(&["verify"]));
    let tables = format!("SHOW TABLES FROM {schema}");
    assert_eq!(pair.source.sql(&tables), pair.target.sql(&tables));
    assert_eq!(pair.target.sql(format!("SELECT {schema}.doubled(4)")), "8\n");
}

#[test]
fn a_mysql_5_6_without_gtids_is_carried_offline_and_told_what_online_takes() {
    if Kind::MySql5_6.is_left_out() {
        return;
    }
    let source = Options::source(Kind::MySql5_6).without_gtid();
    let pair = Pair::start(source, Options::azure_target()).unwrap();
    let (schema, folder) = old(&pair, "no_gtid", "");
    let refused = folder.sealift(&["run", "--json"]);
    ends_with(1, &refused);
    assert_eq!(refused.error_code(), "SL0406", "{}", refused.screen());
    assert!(refused.stdout.contains("gtid_mode"), "{}", refused.screen());
    ends_with(0, &folder.sealift(&["run", "--offline"]));
    assert_same_rows(&pair, &schema, &[]);
    ends_with(0, &folder.sealift(&["verify"]));
}

/// Its XA transactions live in their sessions, and its log has them with their commit.
#[test]
fn what_a_mysql_5_6_has_prepared_by_xa_comes_with_its_commit() {
    let Some(pair) = mysql_5_6() else { return };
    let schema = unique_schema("xa_5_6");
    pair.source.sql(format!(
        "CREATE DATABASE {schema}; USE {schema}; CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v INT); \
         CREATE TABLE bag (a INT); INSERT INTO t VALUES (1, 1), (2, 2), (3, 3), (4, 4); INSERT INTO bag VALUES (1)"
    ));
    let folder = folder(&pair.source, &pair.target, &[&schema], "[copy]\nworkers = 1\n");
    let prepared = |name: &str, sql: &str| {
        let mut client = Client::of(&pair.source);
        client.say(&format!(
            "USE {schema}; XA START '{name}'; {sql} XA END '{name}'; XA PREPARE '{name}';"
        ));
        wait_until("it is prepared", || pair.source.sql("XA RECOVER").contains(name).then_some(()));
        client
    };
    let ends = |mut client: Client, name: &str, how: &str| {
        client.say(&format!("XA {how} '{name}';"));
        wait_until("it has ended", || {
            (!pair.source.sql("XA RECOVER").contains(name)).then_some(())
        });
    };
    let early = prepared("early", "UPDATE t SET v = 10 WHERE id = 1;");
    let held = Running::held_at(&folder, "chunk-begun:1=hold");
    ends(early, "early", "COMMIT");
    let amid = prepared("amid", "INSERT INTO t VALUES (5, 5); DELETE FROM t WHERE id = 2;");
    ends(amid, "amid", "COMMIT");
    let running = held.go_on();
    wait_until("everything is copied", || (stage(&folder) == "following").then_some(()));
    let kept = prepared("kept", "UPDATE t SET v = 30 WHERE id = 3; INSERT INTO bag VALUES (2);");
    let dropped = prepared("dropped", "DELETE FROM t WHERE id = 4;");
    let gone = prepared("gone", "INSERT INTO t VALUES (6, 6);");
    pair.source
        .sql(format!("INSERT INTO {schema}.t VALUES (7, 7); INSERT INTO {schema}.bag VALUES (3)"));
    wait_until("what was done beside is there", || {
        (pair.target.sql(format!("SELECT v FROM {schema}.t WHERE id = 7")) == "7\n").then_some(())
    });
    running.kill();
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    ends(kept, "kept", "COMMIT");
    ends(dropped, "dropped", "ROLLBACK");
    // A session that ends takes what it has prepared with it.
    drop(gone);
    wait_until("it is rolled back", || pair.source.sql("XA RECOVER").is_empty().then_some(()));
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    assert_eq!(
        pair.target.sql(format!("SELECT id, v FROM {schema}.t ORDER BY id")),
        "1\t10\n3\t30\n4\t4\n5\t5\n7\t7\n"
    );
    assert_same_rows(&pair, &schema, &[]);
    ends_with(0, &folder.sealift(&["verify"]));
}

#[test]
fn what_foreign_keys_change_on_a_mysql_5_6_is_repeated() {
    let Some(pair) = mysql_5_6() else { return };
    families::killed_again_and_again(&pair);
}
