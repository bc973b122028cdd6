//! What `assess --scan` reads of rows, on real servers: every type, odd names, both ends of a table, limits.

use sealift_lab::workload::every_type;
use sealift_lab::{Account, Server};
use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::gather::rows::{RowReader, TableChecked};
use sealift_mysql::gather::{self, Request};
use sealift_mysql::session::Session;
use sealift_schema::catalog::Catalog;
use sealift_schema::name::{ObjectKind, QualifiedName};
use sealift_schema::rule::rows::{Looked, Outcome, Subject, looks};

use crate::{MARIADB, MYSQL, account, root};

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
    for look in looks(&catalog(server, schema).await) {
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
    let mut look = looks(&catalog(server, "looked_late").await).remove(0);
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
