//! `run --offline` and `verify` end to end, each against an oracle nobody here wrote.

use sealift_lab::oracle::{Comparison, edits};
use sealift_lab::workload::{every_type, shop};
use sealift_lab::{Kind, Options, Pair, Server, unique_schema};

use crate::folder::{Folder, Ran};
use crate::pairs::{mariadb, mysql};

mod crashes;
mod definers;
mod held;
mod refusals;
mod scenarios;
mod servers_say_no;
mod troubles;
mod steering;

/// A folder that carries these schemas from one server to another.
pub(crate) fn folder(source: &Server, target: &Server, schemas: &[&str], rest: &str) -> Folder {
    Folder::between(source, target, &format!("[select]\nschemas = {schemas:?}\n{rest}"))
}

#[track_caller]
pub(crate) fn ends_with(code: i32, ran: &Ran) {
    assert_eq!(ran.code, Some(code), "{}", ran.screen());
}

/// What the rewrites of a MySQL source for an Azure-like target are allowed to change.
pub(crate) fn allowed(comparison: Comparison) -> Comparison {
    comparison
        .allowing(edits::definers())
        .allowing(edits::engines())
        .allowing(edits::event_state())
        .allowing(edits::table_option("ROW_FORMAT"))
        .allowing(explicit_charset())
        // MEMORY's hashes are no more in InnoDB.
        .allowing(edits::replaced(" USING HASH", ""))
}

/// MySQL leaves a column's character set out where it is the table's, and prints it once a definition has
/// said it; so does its own dump and restore.
fn explicit_charset() -> edits::Edit {
    edits::Edit::new("explicit character set", |_side, text| {
        let mut words: Vec<&str> = text.split(' ').collect();
        let mut at = 0;
        while at + 3 < words.len() {
            if words[at] == "CHARACTER" && words[at + 1] == "SET" && words[at + 3] == "COLLATE" {
                words.drain(at..at + 3);
            } else {
                at += 1;
            }
        }
        words.join(" ")
    })
}

/// Tables of every type but two that no program can carry by SQL: the members of `enum_odd` hold a
/// character of four bytes, which `SHOW CREATE TABLE` prints as `?` (its rows are refused), and the JSON
/// of `json_opaque` holds DECIMALs, which have no form in JSON's text (verify tells of them).
pub(crate) fn typed(kind: Kind, seed: u64) -> Vec<every_type::Table> {
    let carried =
        |table: &every_type::Table| !["enum_odd", "json_opaque"].contains(&table.name.as_str());
    every_type::tables(kind, seed).into_iter().filter(carried).collect()
}

#[test]
fn a_shop_with_every_kind_of_object_arrives_whole() {
    let pair = Pair::mysql();
    shop::create(&pair.source, 2_000);
    let folder = folder(&pair.source, &pair.target, shop::SCHEMAS, "");
    ends_with(0, &folder.sealift(&["plan"]));
    ends_with(0, &folder.sealift(&["run", "--offline"]));
    let (schema, view) = shop::BROKEN_VIEW.split_once('.').unwrap();
    allowed(Comparison::of(shop::SCHEMAS))
        .without(schema, view)
        // Its name is in lower case on the target, where the dump has it in another place.
        .without("shop", "OrderNotes")
        .without("shop", "ordernotes")
        .assert_same(&pair.source, &pair.target);
    ends_with(0, &folder.sealift(&["verify"]));
    assert!(folder.file(".sealift/report.html").exists());
    // Nothing of ours stays behind.
    assert_eq!(pair.target.sql("SHOW DATABASES LIKE 'sealift'"), "");
    // And again: nothing is left to do, nothing is done.
    let again = folder.sealift(&["run", "--offline", "--json"]);
    ends_with(0, &again);
    ends_with(0, &folder.sealift(&["verify"]));
}

#[test]
fn every_mysql_type_and_every_kind_of_key_arrives_byte_for_byte() {
    let pair = mysql();
    let schema = unique_schema("types");
    every_type::create(&pair.source, &schema, &typed(Kind::MySql, 11));
    let folder = folder(&pair.source, &pair.target, &[&schema], "");
    ends_with(0, &folder.sealift(&["run", "--offline"]));
    // InnoDB wants a key of its own for MyISAM's counter per group.
    allowed(Comparison::of([&schema]))
        .without(&schema, "engine_myisam")
        .assert_same(&pair.source, &pair.target);
    ends_with(0, &folder.sealift(&["verify"]));
}

#[test]
fn every_type_arrives_by_insert_where_local_infile_is_off() {
    let pair = mysql();
    let target = Server::start(Options::azure_target().without_local_infile()).unwrap();
    let source = &pair.source;
    let schema = unique_schema("types_insert");
    every_type::create(source, &schema, &typed(Kind::MySql, 12));
    let folder = folder(source, &target, &[&schema], "");
    ends_with(0, &folder.sealift(&["run", "--offline"]));
    allowed(Comparison::of([&schema]))
        .without(&schema, "engine_myisam")
        .assert_same(source, &target);
    ends_with(0, &folder.sealift(&["verify"]));
}

#[test]
fn every_mariadb_type_that_can_go_arrives_and_the_others_are_refused_by_name() {
    let pair = mariadb();
    let schema = unique_schema("types_maria");
    every_type::create(&pair.source, &schema, &typed(Kind::MariaDb10_11, 13));
    let unmovable = every_type::unmovable(Kind::MariaDb10_11);
    every_type::create(&pair.source, &schema, &unmovable);
    let folder = folder(&pair.source, &pair.target, &[&schema], "");
    let plan = folder.sealift(&["plan", "--json"]);
    // Some objects cannot be carried: the answer is no, until that is accepted.
    ends_with(3, &plan);
    let left_out = plan.json()["left_out"].to_string();
    for table in &unmovable {
        assert!(left_out.contains(&table.name), "{} is not refused: {left_out}", table.name);
    }
    ends_with(0, &folder.sealift(&["run", "--offline"]));
    ends_with(0, &folder.sealift(&["verify"]));
}

#[test]
fn planted_corruption_is_found_and_named() {
    let pair = mysql();
    let schema = unique_schema("planted");
    pair.source.sql(format!(
        "CREATE DATABASE {schema}; USE {schema}; \
         CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, a VARCHAR(20)) AUTO_INCREMENT=1000; \
         INSERT INTO t VALUES (1,'a'),(2,'b'),(3,'c'); \
         CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 'x'; \
         CREATE TABLE words (id INT PRIMARY KEY, a VARCHAR(20), b CHAR(20) CHARACTER SET latin1, c VARBINARY(9)); \
         INSERT INTO words VALUES (1,'ab','c',NULL),(2,'','ä','d'),(3,'x','y','z'),(4,'v','w','z'); \
         CREATE TABLE bag (a VARCHAR(20)); INSERT INTO bag VALUES ('twice'),('twice'),('once');"
    ));
    let folder = folder(&pair.source, &pair.target, &[&schema], "");
    ends_with(0, &folder.sealift(&["run", "--offline"]));
    ends_with(0, &folder.sealift(&["verify"]));
    let planted = [
        ("UPDATE t SET a = 'B' WHERE id = 2", "id=2"),
        // The same letters, cut elsewhere; nothing instead of NULL; values that have changed places.
        ("UPDATE words SET a = 'a', b = 'bc' WHERE id = 1", "id=1: a, b"),
        ("UPDATE words SET c = '' WHERE id = 1", "id=1: a, b, c"),
        ("UPDATE words SET a = NULL WHERE id = 2", "id=2: a"),
        ("UPDATE words SET a = IF(id = 3, 'v', 'x') WHERE id > 2", "id=4: a"),
        // Two equal rows must not cancel each other out.
        ("UPDATE bag SET a = 'other' WHERE a = 'twice'", "a=other (2 times)"),
        (
            "DROP TRIGGER tr; CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 'y'",
            "tr",
        ),
        ("ALTER TABLE t AUTO_INCREMENT = 2000", "AUTO_INCREMENT"),
        ("ALTER TABLE t ADD KEY extra (a)", "extra"),
    ];
    for (sql, named) in planted {
        pair.target.client().schema(&schema).run(sql);
        let ran = folder.sealift(&["verify", "--json"]);
        ends_with(3, &ran);
        let differences = ran.json()["verification"]["differences"].to_string();
        assert!(differences.contains(named), "{sql}: {differences}");
    }
}
