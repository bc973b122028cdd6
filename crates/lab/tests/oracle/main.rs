//! The oracle sees what was planted and nothing else.

use sealift_lab::oracle::{Comparison, checksums, edits, row_counts};
use sealift_lab::{Pair, unique_schema};

const SCHEMA: &str = "
    CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(20), b VARBINARY(20), f DOUBLE) AUTO_INCREMENT=10;
    INSERT INTO t VALUES (1, 'é''\\n', x'00FF', 0.1), (2, NULL, x'', -0e0);
    CREATE TABLE nokey (a INT);
    INSERT INTO nokey VALUES (1), (1), (2);
    CREATE VIEW v AS SELECT id FROM t;
    CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.v = 'x';
    CREATE PROCEDURE p() SELECT 1;
    CREATE EVENT e ON SCHEDULE AT '2035-01-01' DISABLE DO SELECT 1;
";

/// The same schema on both servers of the shared pair, then a change on the target.
fn planted(change: &str) -> Vec<String> {
    let pair = Pair::shared();
    let schema = unique_schema("oracle");
    for server in [&pair.source, &pair.target] {
        server.sql(format!("CREATE DATABASE {schema}; USE {schema}; {SCHEMA}"));
    }
    pair.target.sql(format!("USE {schema}; {change}"));
    Comparison::of([&schema]).differences(&pair.source, &pair.target)
}

#[test]
fn equal_schemas_have_no_difference_though_the_target_adds_keys() {
    assert_eq!(planted("DO 0"), Vec::<String>::new());
}

#[test]
fn every_planted_difference_is_seen() {
    let changes = [
        ("UPDATE t SET b = x'00FE' WHERE id = 1", "0x00FE"),
        ("UPDATE t SET v = '' WHERE id = 2", "(2,'',"),
        ("DELETE FROM t WHERE id = 2", "1 only on the source"),
        ("INSERT INTO nokey VALUES (1)", "1 only on the target"),
        ("DELETE FROM nokey LIMIT 1", "1 only on the source"),
        ("ALTER TABLE t AUTO_INCREMENT = 11", "AUTO_INCREMENT=11"),
        ("ALTER TABLE t COMMENT 'x'", "COMMENT='x'"),
        ("ALTER VIEW v AS SELECT id + 0 AS id FROM t", "VIEW"),
        ("DROP TRIGGER g; CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.v = 'y'", "'y'"),
        ("DROP PROCEDURE p; CREATE PROCEDURE p() SELECT 2", "SELECT 2"),
        ("ALTER EVENT e ENABLE", "ENABLE"),
    ];
    for (change, seen) in changes {
        let differences = planted(change).join("\n");
        assert!(differences.contains(seen), "{change} was not seen: {differences}");
    }
}

#[test]
fn a_named_edit_lets_its_own_difference_pass_only() {
    let pair = Pair::shared();
    let schema = unique_schema("oracle");
    let create = |engine: &str, definer: &str| {
        format!(
            "CREATE DATABASE {schema}; USE {schema}; CREATE TABLE T1 (a INT PRIMARY KEY) ENGINE={engine}; \
             INSERT INTO T1 VALUES (1); CREATE DEFINER={definer} VIEW V AS SELECT a FROM T1"
        )
    };
    pair.source.sql(create("MyISAM", "gone@'%'"));
    pair.target.sql(create("InnoDB", "azadmin@'%'"));
    let strict = Comparison::of([&schema]);
    assert!(!strict.schema_differences(&pair.source, &pair.target).is_empty());
    strict
        .allowing(edits::engines())
        .allowing(edits::definers())
        .allowing(edits::lower_case_names())
        .assert_same(&pair.source, &pair.target);
}

#[test]
fn counts_and_checksums_are_those_of_the_server() {
    let pair = Pair::shared();
    let schema = unique_schema("oracle");
    pair.source.sql(format!("CREATE DATABASE {schema}; USE {schema}; {SCHEMA}"));
    let counts = row_counts(&pair.source, &schema);
    assert_eq!(
        counts.into_iter().collect::<Vec<_>>(),
        [("nokey".to_owned(), 3), ("t".to_owned(), 2)]
    );
    let before = checksums(&pair.source, &schema, &["t", "nokey"]);
    pair.source.sql(format!("UPDATE {schema}.t SET f = 0e0 WHERE id = 2"));
    let after = checksums(&pair.source, &schema, &["t", "nokey"]);
    assert_eq!(before["nokey"], after["nokey"]);
    assert_ne!(before["t"], after["t"], "minus zero is not zero");
}

#[test]
fn rows_of_mariadb_are_compared_with_rows_of_mysql() {
    let pair = Pair::shared_mariadb();
    let schema = unique_schema("oracle");
    let table = "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), b VARBINARY(20), d DATETIME(3), f DOUBLE); \
                 INSERT INTO t VALUES (1, 'é''\\n\\0', x'00FF', '2026-01-02 03:04:05.678', 1e100), (2, NULL, x'', NULL, 0.1)";
    for server in [&pair.source, &pair.target] {
        server
            .sql(format!("CREATE DATABASE {schema} CHARACTER SET utf8mb4; USE {schema}; {table}"));
    }
    let comparison = Comparison::of([&schema]);
    assert_eq!(comparison.row_differences(&pair.source, &pair.target), Vec::<String>::new());
    pair.target.sql(format!("UPDATE {schema}.t SET f = 0.2 WHERE id = 2"));
    assert_eq!(comparison.row_differences(&pair.source, &pair.target).len(), 1);
}
