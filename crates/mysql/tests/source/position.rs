//! The position in the binary log, and what it tells of changed tables.

use std::collections::BTreeSet;

use sealift_lab::server::APP_READER;
use sealift_lab::{Account, Kind, Options, Server, wait_until};
use sealift_mysql::binlog::LogPosition;
use sealift_mysql::position::{self, Drift};
use sealift_mysql::session::Session;
use sealift_schema::name::QualifiedName;

use crate::{MARIADB, MYSQL, account, connect, start};

async fn here(server: &Server) -> LogPosition {
    position::current(&mut connect(server).await).await.unwrap().unwrap()
}

/// What the smallest reader makes of what happened since.
async fn drift(server: &Server, since: &LogPosition) -> Drift {
    let mut session = Session::connect(&account(server, APP_READER)).await.unwrap();
    position::drift(&mut session, Some(since)).await.unwrap()
}

fn tables<const N: usize>(names: [(&str, &str); N]) -> Drift {
    let names = names.map(|(schema, name)| QualifiedName::new(schema, name));
    Drift::Tables(BTreeSet::from(names))
}

fn unknown(drift: &Drift) -> &str {
    match drift {
        Drift::Unknown(why) => why,
        Drift::Unchanged | Drift::Tables(_) => panic!("{drift:?}"),
    }
}

/// Each kind of server, for this test alone: others would move its log.
fn servers() -> Vec<Server> {
    let kinds =
        [Options::mysql(), Options::mysql().without_gtid(), Options::source(Kind::MariaDb10_11)];
    kinds.into_iter().map(start).collect()
}

const SCHEMA: &str = "CREATE SCHEMA drift; CREATE TABLE drift.a (a INT PRIMARY KEY); CREATE TABLE drift.b (a INT);
    CREATE TABLE drift.m (a INT) ENGINE=MyISAM; CREATE SCHEMA `d.o``t ä`; CREATE TABLE `d.o``t ä`.`t.b` (a INT);";

#[tokio::test]
async fn nothing_but_changed_rows_is_a_change() {
    for mut server in servers() {
        server.sql(SCHEMA);
        let since = here(&server).await;
        assert_eq!(drift(&server, &since).await, Drift::Unchanged);
        server.sql("FLUSH BINARY LOGS; CREATE USER nobody; ANALYZE TABLE drift.a; FLUSH TABLES");
        assert_eq!(drift(&server, &since).await, Drift::Unchanged, "{}", server.kind());
        server.restart().unwrap();
        server.kill9();
        server.start_again().unwrap();
        assert_eq!(drift(&server, &since).await, Drift::Unchanged, "{}", server.kind());
        server.sql(
            "INSERT INTO drift.a VALUES (1); INSERT INTO drift.m VALUES (1); FLUSH BINARY LOGS",
        );
        server.sql("BEGIN; SAVEPOINT s; INSERT INTO drift.b VALUES (1); ROLLBACK TO s; COMMIT");
        let expected = tables([("drift", "a"), ("drift", "m")]);
        assert_eq!(drift(&server, &since).await, expected, "{}", server.kind());
    }
}

#[tokio::test]
async fn a_table_with_dots_in_its_name_is_among_the_changed() {
    for server in [&*MYSQL, &*MARIADB] {
        let schema = "CREATE SCHEMA `d.o``t ä`; CREATE TABLE `d.o``t ä`.`t.b` (a INT)";
        server.sql(schema);
        let since = here(server).await;
        server.sql("INSERT INTO `d.o``t ä`.`t.b` VALUES (1)");
        let Drift::Tables(changed) = drift(server, &since).await else { panic!() };
        assert!(changed.contains(&QualifiedName::new("d.o`t ä", "t.b")), "{changed:?}");
    }
}

#[tokio::test]
async fn an_xa_transaction_counts_when_it_is_committed() {
    for server in servers() {
        server.sql(SCHEMA);
        let since = here(&server).await;
        server.sql("XA START 'x'; INSERT INTO drift.a VALUES (1); XA END 'x'; XA PREPARE 'x'");
        let prepared = here(&server).await;
        server.sql("XA COMMIT 'x'");
        assert_eq!(drift(&server, &since).await, tables([("drift", "a")]), "{}", server.kind());
        let why = drift(&server, &prepared).await;
        assert!(unknown(&why).contains("was prepared before"), "{why:?}");
    }
}

#[tokio::test]
async fn definitions_and_statements_are_not_known() {
    for server in [&*MYSQL, &*MARIADB] {
        server.sql("CREATE SCHEMA unknown_drift; CREATE TABLE unknown_drift.a (a INT)");
        for statement in [
            "ALTER TABLE unknown_drift.a ADD b INT",
            "TRUNCATE TABLE unknown_drift.a",
            "SET binlog_format = 'STATEMENT'; INSERT INTO unknown_drift.a (a) VALUES (1)",
        ] {
            let since = here(server).await;
            server.sql(statement);
            let drift = drift(server, &since).await;
            assert!(unknown(&drift).contains("statement \""), "{statement}: {drift:?}");
        }
    }
}

#[tokio::test]
async fn compressed_transactions_are_looked_into_wherever_a_page_ends() {
    let server = start(Options::mysql());
    server.sql(SCHEMA);
    let since = here(&server).await;
    // One transaction of more events than a page, then several that lie across ends of pages.
    let mut script = String::from("SET binlog_transaction_compression = ON; BEGIN;");
    for value in 0..3000 {
        script.push_str(&format!("INSERT INTO drift.a VALUES ({value});"));
    }
    script.push_str("INSERT INTO drift.b VALUES (1); COMMIT;");
    for value in 3000..5000 {
        script.push_str(&format!("INSERT INTO drift.a VALUES ({value});"));
    }
    script.push_str("INSERT INTO drift.m VALUES (1);");
    server.sql(script);
    let expected = tables([("drift", "a"), ("drift", "b"), ("drift", "m")]);
    assert_eq!(drift(&server, &since).await, expected);
}

#[tokio::test]
async fn a_log_that_is_gone_or_another_server_tells_nothing() {
    for server in servers() {
        server.sql(SCHEMA);
        let since = here(&server).await;
        let foreign = LogPosition { server: "another".to_owned(), ..since.clone() };
        assert!(unknown(&drift(&server, &foreign).await).starts_with("this is another server"));
        let is_mysql = server.kind() == Kind::MySql;
        server.sql(if is_mysql { "RESET BINARY LOGS AND GTIDS" } else { "RESET MASTER" });
        server.sql("INSERT INTO drift.a VALUES (1)");
        unknown(&drift(&server, &since).await);
        let since = here(&server).await;
        server.sql("INSERT INTO drift.a VALUES (2); FLUSH BINARY LOGS; FLUSH BINARY LOGS");
        // MariaDB leaves a file alone, with a warning, until its engines need it no more.
        wait_until("the first file is gone", || {
            server.sql("PURGE BINARY LOGS TO 'binlog.000003'");
            (!server.sql("SHOW BINARY LOGS").contains("binlog.000001")).then_some(())
        });
        let drift = drift(&server, &since).await;
        assert!(unknown(&drift).contains("purged"), "{}: {drift:?}", server.kind());
    }
}

#[tokio::test]
async fn a_source_without_log_or_privilege_has_no_position() {
    let silent = start(Options::mysql().arg("--skip-log-bin"));
    let current = position::current(&mut connect(&silent).await).await.unwrap();
    assert_eq!(current, None);
    for server in [&*MYSQL, &*MARIADB] {
        server.sql("CREATE USER blind IDENTIFIED BY 'pw'");
        let blind = account(server, Account { user: "blind", password: "pw" });
        let mut session = Session::connect(&blind).await.unwrap();
        let current = position::current(&mut session).await.unwrap();
        assert_eq!(current, None, "{}", server.kind());
        let drift = position::drift(&mut session, Some(&here(server).await)).await.unwrap();
        assert!(unknown(&drift).contains("BINLOG MONITOR"), "{drift:?}");
    }
}
