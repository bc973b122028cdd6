//! Tables and programs for the tests of differences, and tests of whole catalogs.

mod stored;
mod tables;

use super::*;
use crate::column::{Column, ColumnType};
use crate::facts::ServerVersion;

fn facts(version: &str) -> ServerFacts {
    ServerFacts {
        version: ServerVersion::parse(version).unwrap(),
        version_text: version.to_owned(),
        variables: BTreeMap::new(),
        collations: BTreeMap::new(),
        engines: BTreeSet::new(),
        current_user: String::new(),
        grants: Vec::new(),
        accounts: None,
    }
}

const MYSQL: &str = "9.7.4";
const MARIADB: &str = "10.11.8-MariaDB";

fn column(name: &str, collation: &str) -> Column {
    Column {
        name: name.to_owned(),
        kind: ColumnType::VarChar,
        type_text: "varchar(40)".to_owned(),
        nullable: true,
        default: None,
        extra: String::new(),
        generated: None,
        invisible: false,
        charset: collation.split('_').next().map(str::to_owned),
        collation: Some(collation.to_owned()),
        srid: None,
        comment: String::new(),
    }
}

fn table(create_sql: &str, next: u64) -> Table {
    Table {
        name: QualifiedName::new("s", "t"),
        kind: crate::catalog::TableKind::Base,
        engine: "InnoDB".to_owned(),
        row_format: "Dynamic".to_owned(),
        create_options: String::new(),
        collation: "utf8mb4_bin".to_owned(),
        auto_increment: Some(next),
        rows_estimate: 0,
        data_bytes: 0,
        index_bytes: 0,
        comment: String::new(),
        create_sql: create_sql.to_owned(),
        columns: vec![column("name", "utf8mb4_bin"), column("note", "latin1_swedish_ci")],
        keys: Vec::new(),
        foreign_keys: Vec::new(),
        checks: BTreeMap::new(),
        partitioned: false,
    }
}

fn said(differences: &[Difference]) -> Vec<String> {
    differences.iter().map(ToString::to_string).collect()
}

/// What is said of a table that was to be made by scripts and is found as printed.
fn table_differences(source: &str, scripts: &[&str], found: &Table) -> Vec<String> {
    let (source, target) = (facts(source), facts(MYSQL));
    let origin = table(FOUND, 7);
    let expected = Expected {
        object: ObjectId::new(ObjectKind::Table, QualifiedName::new("s", "t")),
        origin: Origin::Table(&origin),
        scripts: scripts.to_vec(),
        made_under: None,
    };
    let mut actual = Catalog::default();
    actual.tables.insert(found.name.clone(), found.clone());
    let servers = Servers { source: &source, target: &target };
    said(&objects(&[expected], &actual, &servers))
}

const FOUND: &str = "CREATE TABLE `t` (
  `id` int unsigned NOT NULL AUTO_INCREMENT,
  `name` varchar(40) DEFAULT 'it''s \\\\ a \"name\"' COMMENT 'a\\nb',
  `note` varchar(40) CHARACTER SET latin1 COLLATE latin1_swedish_ci DEFAULT NULL,
  `price` decimal(10,2) NOT NULL DEFAULT '0.50',
  `code` binary(4) DEFAULT 0x61000000,
  `flags` bit(9) DEFAULT b'101',
  `changed` timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  `upper_name` varchar(40) GENERATED ALWAYS AS (upper(`name`)) VIRTUAL,
  `doubled` int GENERATED ALWAYS AS ((`id` + 1) * 2) STORED,
  `secret` int DEFAULT '7' /*!80023 INVISIBLE */,
  `place` point NOT NULL /*!80003 SRID 4326 */,
  `kind` enum('a','b,c','d''e') NOT NULL DEFAULT 'b,c',
  PRIMARY KEY (`id`),
  UNIQUE KEY `by name` (`name`(10) DESC,`note`),
  KEY `lower` ((lower(`name`)),`id`) /*!80000 INVISIBLE */,
  FULLTEXT KEY `words` (`note`) /*!50100 WITH PARSER `ngram` */ ,
  CONSTRAINT `fk` FOREIGN KEY (`id`) REFERENCES `p` (`id`) ON DELETE CASCADE,
  CONSTRAINT `positive` CHECK ((`price` > 0)),
  CONSTRAINT `relaxed` CHECK ((`secret` <> 3)) /*!80016 NOT ENFORCED */
) ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin STATS_PERSISTENT=1 COMMENT='it''s'
/*!50100 PARTITION BY HASH (`id`)
PARTITIONS 4 */";

#[test]
fn objects_missing_or_too_many_are_found() {
    let target = facts(MYSQL);
    let servers = Servers { source: &target, target: &target };
    let origin = table(FOUND, 7);
    let expected = Expected {
        object: ObjectId::new(ObjectKind::Table, QualifiedName::new("s", "wanted")),
        origin: Origin::Table(&origin),
        scripts: vec![FOUND],
        made_under: None,
    };
    let mut actual = Catalog::default();
    for (schema, name) in [("s", "unwanted"), ("elsewhere", "t")] {
        let name = QualifiedName::new(schema, name);
        actual.tables.insert(name.clone(), Table { name, ..origin.clone() });
    }
    assert_eq!(
        said(&objects(&[expected], &actual, &servers)),
        ["table `s`.`unwanted`: on the target only", "table `s`.`wanted`: missing on the target"]
    );
}

#[test]
fn names_in_lower_case_are_the_same_where_the_target_says_so() {
    let source = facts(MYSQL);
    let mut target = facts(MYSQL);
    let origin = table(FOUND, 7);
    let expected = || Expected {
        object: ObjectId::new(ObjectKind::Table, QualifiedName::new("S", "T")),
        origin: Origin::Table(&origin),
        scripts: vec![FOUND],
        made_under: None,
    };
    let mut actual = Catalog::default();
    actual.tables.insert(origin.name.clone(), origin.clone());
    let count = |target: &ServerFacts| {
        objects(&[expected()], &actual, &Servers { source: &source, target }).len()
    };
    assert_eq!(count(&target), 1);
    target.variables.insert("lower_case_table_names".to_owned(), "1".to_owned());
    assert_eq!(count(&target), 0);
}
