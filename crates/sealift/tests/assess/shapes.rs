//! Schemas as people have them, and names as nobody has them: nothing that is no defect is called one.

use std::fmt::Write as _;

use sealift_lab::unique_schema;

use super::{assessed, findings};
use crate::folder::Folder;
use crate::pairs::mysql;

#[test]
fn a_rental_shop_has_no_false_blocker_and_hardly_a_warning() {
    let schema = unique_schema("rental");
    let pair = mysql();
    let script = include_str!("rental.sql");
    pair.source
        .sql(format!("CREATE DATABASE {schema} CHARACTER SET utf8mb4; USE {schema};\n{script}"));
    let rest = format!("[select]\nschemas = [\"{schema}\"]\n");
    let folder = Folder::between(&pair.source, &pair.target, &rest);
    let told = assessed(&folder, &["--scan", "--check-tables"], 0);
    let own =
        findings(&told, |found| found["schema"] == schema.as_str() && found["level"] != "notes");
    assert_eq!(own, "");
    let ways = &told["assessment"]["ways"];
    assert_eq!((&ways["offline"]["open"], &ways["online"]["open"]), (&true.into(), &true.into()));
}

/// Every character a name may have, in names of at most 60: all of ASCII but NUL, and some beyond.
fn names() -> Vec<String> {
    let ascii: Vec<char> = (1..128_u8).map(char::from).collect();
    let mut names: Vec<String> = ascii.chunks(43).map(|part| part.iter().collect()).collect();
    names.push("ÄöüßéñçčşğıİΩжשع漢字ひカ한\u{a0}\u{200b}\u{feff}\u{fffd}".to_owned());
    // A name may not end with a blank, and letter case is the target's to change.
    names.iter().map(|name| format!("{}.", name.to_lowercase())).collect()
}

#[test]
fn names_of_every_character_are_read_sampled_and_quoted() {
    let pair = mysql();
    for (number, name) in names().iter().enumerate() {
        // A schema's name is part of the configuration, too.
        let schema = unique_schema("odd");
        let quoted = format!("`{}`", name.replace('`', "``"));
        let mut script = format!("CREATE DATABASE {schema}; USE {schema};\n");
        write!(
            script,
            "CREATE TABLE parent (id INT PRIMARY KEY, {quoted} INT, UNIQUE KEY {quoted} ({quoted}));
             CREATE TABLE {quoted} ({quoted} INT PRIMARY KEY, at DATE, kind ENUM('a'), KEY {quoted} (at),
               CONSTRAINT {quoted} FOREIGN KEY ({quoted}) REFERENCES parent ({quoted}));
             CREATE VIEW {quoted}_v AS SELECT {quoted} FROM {quoted};
             CREATE FUNCTION {quoted}() RETURNS INT DETERMINISTIC RETURN 1;
             CREATE PROCEDURE {quoted}() SELECT {quoted} FROM {quoted};
             CREATE TRIGGER {quoted} BEFORE INSERT ON {quoted} FOR EACH ROW SET NEW.at = '2020-01-01';
             CREATE EVENT {quoted} ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1;
             SET foreign_key_checks = 0, sql_mode = '';
             INSERT INTO {quoted} VALUES (1, '2020-01-01', 'z');"
        )
        .unwrap();
        let script =
            script.replace(&format!("{quoted}_v"), &format!("`v{}`", &quoted[1..quoted.len() - 1]));
        pair.source.sql(&script);
        let rest = format!("[select]\nschemas = [\"{schema}\"]\n");
        let folder = Folder::between(&pair.source, &pair.target, &rest);
        let told = assessed(&folder, &["--scan", "--check-tables"], 0);
        let schemas = &told["assessment"]["schemas"][0];
        assert_eq!((&schemas["tables"], &schemas["programs"]), (&2.into(), &5.into()), "{name:?}");
        let said = findings(&told, |found| {
            found["schema"] == schema.as_str() && found["level"] != "notes"
        });
        let objects = [
            format!(
                "warns enum-without-member: column `{schema}`.{quoted}.`kind`: 1 of all 1 rows"
            ),
            format!("warns orphan-rows: foreign key `{schema}`.{quoted}.{quoted}: 1 of all 1 rows"),
        ];
        for object in objects {
            assert!(said.contains(&object), "{number}: no {object:?} in\n{said}");
        }
        let count = told["assessment"]["checks"].as_array().unwrap().iter();
        let count: usize = count
            .flat_map(|check| check["findings"].as_array().into_iter().flatten())
            .filter(|found| found["schema"] == schema.as_str() && found["level"] != "notes")
            .count();
        assert_eq!(count, 2, "{said}");
    }
}
