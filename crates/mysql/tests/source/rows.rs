//! What `assess --scan` reads of rows, on real servers: every type, odd names, both ends of a table, limits.

use sealift_lab::workload::every_type;
use sealift_lab::{Account, Server};
use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::gather::rows::{RowReader, TableChecked};
use sealift_mysql::gather::{self, Request};
use sealift_mysql::session::Session;
use sealift_schema::catalog::Catalog;
use sealift_schema::name::{ObjectKind, QualifiedName};
use sealift_schema::rule::rows::{Look, Looked, Outcome, Subject, looks};
use sealift_schema::rule::suspicion::Wrong;

use crate::{MARIADB, MYSQL, account, root};

/// What there is to look at in a schema.
async fn looks_at(server: &Server, schema: &str) -> Vec<Look> {
    let mut session = Session::connect(&root(server)).await.unwrap();
    let version = gather::facts(&mut session).await.unwrap().version;
    session.close().await;
    looks(&catalog(server, schema).await, version)
}

async fn catalog(server: &Server, schema: &str) -> Catalog {
    let wanted = |_kind: ObjectKind, name: &QualifiedName| name.schema == schema;
    let endpoint = root(server);
    let request = Request { endpoint: &endpoint, sessions: 2, wanted: &wanted, progress: &|_| {} };
    gather::catalog(&request).await.unwrap().catalog
}

async fn reader(endpoint: &Endpoint) -> RowReader {
    let mut session = Session::connect(endpoint).await.unwrap();
    let facts = gather::facts(&mut session).await.unwrap();
    session.close().await;
    RowReader::open(endpoint, &facts).await.unwrap()
}

/// Every look at a schema with its outcome, as root.
async fn looked(server: &Server, schema: &str) -> Vec<Looked> {
    let mut reader = reader(&root(server)).await;
    let mut all = Vec::new();
    for look in looks_at(server, schema).await {
        let outcome = reader.look(&look).await.unwrap();
        all.push(Looked { look, outcome });
    }
    all
}

#[tokio::test]
async fn rows_of_every_type_can_be_looked_at() {
    for server in [&*MYSQL, &*MARIADB] {
        every_type::create(server, "looked_types", &every_type::tables(server.kind(), 3));
        let looked = looked(server, "looked_types").await;
        assert!(looked.len() > 10);
        for looked in looked {
            assert!(looked.rows().is_some(), "{}: {looked:?}", server.kind());
        }
    }
}

#[tokio::test]
async fn what_is_wrong_with_values_is_counted() {
    for server in [&*MYSQL, &*MARIADB] {
        server.sql(
            "CREATE SCHEMA looked_wrong; USE looked_wrong; SET sql_mode = 'ALLOW_INVALID_DATES';
             CREATE TABLE `odd ``t`` a.b-c'\"` (`i ``d` INT PRIMARY KEY, `d'1` DATE, t TIMESTAMP NULL, m DATETIME NOT NULL,
               `e ``x` ENUM('', 'b'));
             INSERT INTO `odd ``t`` a.b-c'\"` VALUES (1, '0000-00-00', NULL, '2020-01-01', 'b'), (2, '2021-02-31', '2020-02-29', '0000-00-00', ''),
               (3, '2020-02-29', '0000-00-00', '2020-12-00 10:00:00', 'c'), (4, NULL, NULL, '2024-02-29', NULL);",
        );
        let looked = looked(server, "looked_wrong").await;
        let [looked] = looked.as_slice() else { panic!("{looked:?}") };
        let Subject::Values(suspicions) = &looked.look.subject else { panic!("{looked:?}") };
        let columns: Vec<&str> = suspicions.iter().map(|one| one.column.as_str()).collect();
        assert_eq!(columns, ["d'1", "t", "m", "e `x"]);
        let Outcome::Read(numbers) = &looked.outcome else { panic!("{looked:?}") };
        assert_eq!((numbers[0], &numbers[3..]), (4, &[2, 1, 2, 1][..]), "{}", server.kind());
        assert!(looked.is_whole());
    }
}

/// What is wrong with the values of a table, and how often: nothing of what is well.
fn wrongs(looked: &Looked) -> Vec<(&str, Wrong, u64)> {
    let Subject::Values(suspicions) = &looked.look.subject else { panic!("{looked:?}") };
    let Outcome::Read(numbers) = &looked.outcome else { panic!("{looked:?}") };
    let told = suspicions.iter().zip(&numbers[3..]).filter(|(_, count)| **count > 0);
    told.map(|(one, count)| (one.column.as_str(), one.wrong, *count)).collect()
}

/// Gives a MyISAM table the rows of another one, whose columns are as wide.
fn exchange(server: &Server, schema: &str, from: &str, to: &str) {
    server.sql("FLUSH TABLES");
    for ending in ["MYD", "MYI"] {
        let file = |table: &str| server.data().join(schema).join(format!("{table}.{ending}"));
        std::fs::copy(file(from), file(to)).unwrap();
    }
    server.sql("FLUSH TABLES");
}

#[tokio::test]
async fn bytes_that_are_not_of_their_character_set_are_counted() {
    for server in [&*MYSQL, &*MARIADB] {
        server.sql(
            "CREATE SCHEMA looked_text; USE looked_text;
             CREATE TABLE bytes (id INT PRIMARY KEY, c VARBINARY(40), a VARBINARY(10)) ENGINE=MyISAM;
             INSERT INTO bytes VALUES (1, 'plain', 'plain'), (2, x'4DFC6C6C6572', x'C3A9'), (3, x'C3A9', NULL), (4, NULL, NULL),
               (5, REPEAT('x', 11), ''), (6, x'F09F98', 'ok');
             CREATE TABLE broken (id INT PRIMARY KEY, c VARCHAR(10) CHARACTER SET utf8mb4, a VARCHAR(10) CHARACTER SET ascii)
               ENGINE=MyISAM;
             CREATE TABLE latin (id INT PRIMARY KEY, c VARCHAR(40) CHARACTER SET latin1, t TEXT CHARACTER SET cp1251) ENGINE=InnoDB;
             INSERT INTO latin VALUES (1, 'plain', NULL), (2, _latin1 x'C3A9C3A8', _cp1251 x'D0B0'), (3, _latin1 x'E9', _cp1251 x'E0E1'),
               (4, _latin1 x'C3A9E9', ''), (5, _latin1 x'F09F9880', NULL);
             CREATE TABLE well (id INT PRIMARY KEY, m VARCHAR(3) CHARACTER SET utf8mb3, e TEXT CHARACTER SET utf8mb4,
               s VARCHAR(9) CHARACTER SET sjis, u VARCHAR(9) CHARACTER SET ucs2, g CHAR(3) CHARACTER SET gbk, w CHAR(3) CHARACTER SET utf32);
             INSERT INTO well VALUES (1, 'äöü', '😀', 'カタカナ', '漢字', '汉字', '😀'), (2, '', '', '', '', '', ''), (3, NULL, NULL, NULL, NULL, NULL, NULL);",
        );
        exchange(server, "looked_text", "bytes", "broken");
        let all = looked(server, "looked_text").await;
        let of = |table: &str| {
            let looked = all.iter().find(|looked| looked.look.table.name == table).unwrap();
            (wrongs(looked), server.kind())
        };
        let broken =
            vec![("c", Wrong::BrokenText, 2), ("c", Wrong::TooLong, 1), ("a", Wrong::OtherText, 1)];
        assert_eq!(of("broken"), (broken, server.kind()));
        let other = vec![("c", Wrong::OtherText, 2), ("t", Wrong::OtherText, 1)];
        assert_eq!(of("latin"), (other, server.kind()));
        assert_eq!(of("well"), (vec![], server.kind()));
    }
}

#[tokio::test]
async fn rows_that_break_a_check_are_counted_where_a_session_may_turn_checks_off() {
    let server = &*MARIADB;
    server.sql(
        "CREATE SCHEMA looked_checks; USE looked_checks;
         CREATE TABLE t (id INT PRIMARY KEY, j JSON, n VARCHAR(9) CHECK (n <> 'it''s'), `o ``d` INT, CONSTRAINT low CHECK (`o ``d` < 9));
         INSERT INTO t VALUES (1, '{}', 1, 1), (2, NULL, NULL, NULL);
         SET check_constraint_checks = OFF; INSERT INTO t VALUES (3, 'no json', 1, 10), (4, '{', 1, 8);",
    );
    let counted: Vec<(String, Option<u64>)> = looked(server, "looked_checks")
        .await
        .iter()
        .filter_map(|looked| match &looked.look.subject {
            Subject::Constraint(name) => Some((name.clone(), looked.number(1))),
            Subject::Values(_) | Subject::Reference(_) => None,
        })
        .collect();
    let expected = [("j", 2), ("low", 1), ("n", 0)];
    assert_eq!(counted, expected.map(|(name, count)| (name.to_owned(), Some(count))));
}

#[tokio::test]
async fn rows_without_a_parent_are_counted_also_by_several_columns() {
    for server in [&*MYSQL, &*MARIADB] {
        server.sql(
            "CREATE SCHEMA looked_orphans; USE looked_orphans;
             CREATE TABLE p (a INT, b VARCHAR(9), PRIMARY KEY (a, b));
             CREATE TABLE c (id INT PRIMARY KEY, x INT, y VARCHAR(9), up INT, FOREIGN KEY (x, y) REFERENCES p (a, b),
               FOREIGN KEY (up) REFERENCES c (id));
             SET foreign_key_checks = 0; INSERT INTO p VALUES (1, 'a');
             INSERT INTO c VALUES (1, 1, 'A', 1), (2, 1, 'b', 9), (3, NULL, 'b', NULL), (4, 2, 'a', 8);",
        );
        let counted: Vec<u64> = looked(server, "looked_orphans")
            .await
            .iter()
            .filter(|looked| matches!(looked.look.subject, Subject::Reference(_)))
            .map(|looked| looked.number(1).unwrap())
            .collect();
        assert_eq!(counted, [2, 2], "{}", server.kind());
    }
}

#[tokio::test]
async fn of_a_large_table_no_more_than_both_ends_are_read() {
    let server = &*MYSQL;
    server.sql(
        "CREATE SCHEMA looked_large; USE looked_large; SET cte_max_recursion_depth = 100000;
         CREATE TABLE t (id INT PRIMARY KEY, at DATE, KEY (at)) STATS_PERSISTENT = 1;
         INSERT INTO t WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 90000) SELECT i, '2020-01-01' FROM n;
         SET sql_mode = ''; UPDATE t SET at = '0000-00-00' WHERE id IN (1, 45000, 90000); ANALYZE TABLE t;",
    );
    let looked = looked(server, "looked_large").await;
    let plan = server.sql(format!("EXPLAIN FORMAT=TREE {}", looked[0].look.sql));
    assert!(!plan.contains("Sort"), "{plan}");
    assert_eq!((looked[0].rows(), looked[0].number(3)), (Some(20_000), Some(2)), "{looked:?}");
    assert_eq!(looked[0].of_rows(2), "2 of 20000 rows that were read");
}

#[tokio::test]
async fn what_takes_too_long_and_what_is_not_allowed_is_no_error() {
    let server = &*MYSQL;
    server.sql(
        "CREATE SCHEMA looked_late; CREATE TABLE looked_late.t (id INT PRIMARY KEY); INSERT INTO looked_late.t VALUES (1);
         CREATE USER looks_little IDENTIFIED BY 'pw';",
    );
    let mut look = looks_at(server, "looked_late").await.remove(0);
    let little = Account { user: "looks_little", password: "pw" };
    let mut poor = reader(&account(server, little)).await;
    assert_eq!(poor.look(&look).await.unwrap(), Outcome::Denied);
    let mut reader = reader(&root(server)).await;
    let columns = "information_schema.columns";
    look.sql = format!(
        "SELECT COUNT(*) FROM {columns} a, {columns} b, {columns} c WHERE RAND() < 0 OR CONCAT(a.column_name, b.column_name, c.column_name) = ''"
    );
    assert_eq!(reader.look(&look).await.unwrap(), Outcome::Late);
    look.sql = "SELECT COUNT(*) FROM looked_late.gone".to_owned();
    assert!(matches!(reader.look(&look).await.unwrap(), Outcome::Failed { .. }));
}

#[tokio::test]
async fn the_source_itself_names_a_damaged_table() {
    for server in [&*MYSQL, &*MARIADB] {
        server.sql(
            "CREATE SCHEMA looked_damaged; USE looked_damaged; CREATE TABLE whole (a INT PRIMARY KEY);
             CREATE TABLE broken (a INT PRIMARY KEY, b VARCHAR(99)) ENGINE=MyISAM;
             INSERT INTO broken VALUES (1, REPEAT('x', 99)), (2, REPEAT('y', 99)); FLUSH TABLES;",
        );
        let file = server.data().join("looked_damaged/broken.MYD");
        std::fs::write(&file, b"not rows").unwrap();
        let mut reader = reader(&root(server)).await;
        let of = |table: &str| QualifiedName::new("looked_damaged", table);
        let whole = reader.check_table(&of("whole")).await.unwrap();
        assert_eq!(whole, TableChecked::Done(Vec::new()));
        let TableChecked::Done(said) = reader.check_table(&of("broken")).await.unwrap() else {
            panic!("it was not checked")
        };
        assert!(said.iter().any(|said| said.kind.eq_ignore_ascii_case("error")), "{said:?}");
    }
}
