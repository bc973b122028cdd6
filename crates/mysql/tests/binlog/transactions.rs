//! Every kind of transaction, as its events tell it.

use sealift_lab::{Kind, Options, Server};
use sealift_mysql::binlog::Event;

use crate::told::{end, here, open, told};
use crate::{mariadb, reader, start};

const SCHEMA: &str = "CREATE SCHEMA s; CREATE TABLE s.a (id INT PRIMARY KEY, v VARCHAR(200)); \
    CREATE TABLE s.m (id INT PRIMARY KEY) ENGINE=MyISAM";

/// Every kind of server and setting whose log differs.
fn servers() -> Vec<(&'static str, Server)> {
    let old = (!Kind::MySql5_6.is_left_out()).then(|| {
        let old = || Options::source(Kind::MySql5_6);
        [("mysql 5.6", old()), ("mysql 5.6 without GTIDs", old().without_gtid())]
            .map(|(name, options)| (name, start(options)))
    });
    let mut servers = vec![
        ("mysql", start(Options::mysql())),
        ("mysql without GTIDs", start(Options::mysql().without_gtid())),
        ("mysql without checksums", start(Options::mysql().arg("--binlog-checksum=NONE"))),
        ("mysql compressed", start(Options::mysql().arg("--binlog-transaction-compression=ON"))),
        ("mariadb 10.5", start(mariadb(Kind::MariaDb10_5))),
        ("mariadb 10.11", start(mariadb(Kind::MariaDb10_11).arg("--binlog-checksum=NONE"))),
        (
            "mariadb 11.8 compressed",
            start(
                mariadb(Kind::MariaDb11_8)
                    .arg("--log-bin-compress=ON")
                    .arg("--log-bin-compress-min-len=10"),
            ),
        ),
    ];
    servers.extend(old.into_iter().flatten());
    servers
}

#[tokio::test]
async fn transactions_are_told_alike_by_every_server() {
    for (name, server) in servers() {
        server.sql(SCHEMA);
        let from = here(&server).await;
        server.sql(
            "USE s; INSERT INTO a VALUES (1, REPEAT('x', 100)), (2, 'y'); \
             BEGIN; UPDATE a SET v = 'z' WHERE id = 2; DELETE FROM a WHERE id = 1; COMMIT; \
             BEGIN; INSERT INTO a VALUES (3, ''); ROLLBACK; \
             INSERT INTO m VALUES (1); \
             ALTER TABLE a ADD COLUMN w INT; FLUSH BINARY LOGS; TRUNCATE TABLE a",
        );
        let expected = [
            "begin",
            "map s.a",
            "insert",
            "commit", //
            "begin",
            "map s.a",
            "update",
            "map s.a",
            "delete",
            "commit", //
            "begin",
            "map s.m",
            "insert",
            "commit", //
            "begin",
            "s: ALTER TABLE a ADD COLUMN w INT",
            "commit", //
            "begin",
            "s: FLUSH BINARY LOGS",
            "commit", //
            "begin",
            "s: TRUNCATE TABLE a",
            "commit",
        ];
        let told = told(&server, &from).await;
        // Some versions log the FLUSH as a statement, which is nobody's loss; and compressed tables map once.
        let told = told.join("|").replace("begin|s: FLUSH BINARY LOGS|commit|", "");
        let expected = expected.join("|").replace("begin|s: FLUSH BINARY LOGS|commit|", "");
        assert_eq!(told, expected, "{name}");
    }
}

#[tokio::test]
async fn a_table_made_from_a_query_comes_with_its_rows() {
    for (name, server) in [
        ("mysql", start(Options::mysql())),
        ("mysql without GTIDs", start(Options::mysql().without_gtid())),
        ("mariadb", start(mariadb(Kind::MariaDb10_11))),
    ] {
        server.sql("CREATE SCHEMA s");
        let from = here(&server).await;
        server.sql("CREATE TABLE s.t AS SELECT 1 AS a; DROP TABLE s.t");
        let told = told(&server, &from).await;
        assert_eq!(told.len(), 8, "{name}: {told:?}");
        assert!(told[1].contains("CREATE TABLE"), "{name}: {told:?}");
        assert_eq!(told[2..5], ["map s.t", "insert", "commit"], "{name}");
        assert!(told[6].contains("DROP TABLE"), "{name}: {told:?}");
    }
}

#[tokio::test]
async fn the_halves_of_an_xa_transaction_come_apart() {
    let marias = [Kind::MariaDb10_11, Kind::MariaDb11_8].map(|kind| start(mariadb(kind)));
    for server in [start(Options::mysql())].into_iter().chain(marias) {
        server.sql(SCHEMA);
        let from = here(&server).await;
        server.sql(
            "XA START 'x','y',7; INSERT INTO s.a VALUES (1, ''); XA END 'x','y',7; XA PREPARE 'x','y',7; \
             XA COMMIT 'x','y',7; \
             XA START 'z'; INSERT INTO s.a VALUES (2, ''); XA END 'z'; XA COMMIT 'z' ONE PHASE",
        );
        let told = told(&server, &from).await;
        assert_eq!(
            told[..4],
            ["begin", "map s.a", "insert", "prepare X'78',X'79',7"],
            "{}",
            server.kind()
        );
        assert!(told[5].ends_with("XA COMMIT X'78',X'79',7"), "{told:?}");
        assert_eq!(told[6..], ["commit", "begin", "map s.a", "insert", "commit"]);
    }
}

#[tokio::test]
async fn statements_come_with_what_their_session_had_set() {
    for server in [start(Options::mysql()), start(mariadb(Kind::MariaDb10_11))] {
        server.sql("CREATE SCHEMA s");
        let from = here(&server).await;
        server.sql(
            "USE s; SET NAMES latin1; SET sql_mode = 'ANSI_QUOTES', time_zone = '+02:00', \
             foreign_key_checks = 0, default_storage_engine = 'InnoDB'; \
             CREATE TABLE \"t\" (d TIMESTAMP DEFAULT '2020-01-01')",
        );
        let mut stream = open(&reader(&server), &from).await;
        let query = loop {
            if let Event::Query(query) = stream.next().await.unwrap() {
                break query;
            }
        };
        assert_eq!(query.schema, "s");
        assert!(query.sql.starts_with(b"CREATE TABLE"), "{query:?}");
        assert_eq!((query.error, query.has_context), (0, false));
        let settings = query.settings;
        assert_eq!(settings.sql_mode, Some(4));
        assert_eq!(settings.collations.map(|collations| collations[0]), Some(8));
        assert!(settings.foreign_key_checks_off);
        assert_eq!(settings.time_zone.as_deref(), Some("+02:00"), "{}", server.kind());
    }
}

#[tokio::test]
async fn a_statement_logged_as_such_is_handed_out_with_its_need_of_context() {
    let server = start(Options::mysql());
    server.sql("CREATE SCHEMA s; CREATE TABLE s.t (id INT AUTO_INCREMENT PRIMARY KEY, v INT)");
    let from = here(&server).await;
    server.sql(
        "SET binlog_format = 'STATEMENT'; SET @v = 5; INSERT INTO s.t (v) VALUES (@v); \
         UPDATE s.t SET v = 6",
    );
    let mut stream = open(&reader(&server), &from).await;
    let end = end(&server).await;
    let mut statements = Vec::new();
    while !stream.position().covers(&end) && statements.len() < 2 {
        if let Event::Query(query) = stream.next().await.unwrap() {
            statements.push((String::from_utf8_lossy(&query.sql).into_owned(), query.has_context));
        }
    }
    let expected = [("INSERT INTO s.t (v) VALUES (@v)", true), ("UPDATE s.t SET v = 6", false)];
    assert_eq!(statements, expected.map(|(sql, context)| (sql.to_owned(), context)));
}

#[tokio::test]
async fn partial_json_is_told_as_what_it_is() {
    let server = start(Options::mysql());
    server.sql(
        "CREATE SCHEMA s; CREATE TABLE s.j (id INT PRIMARY KEY, j JSON); \
        INSERT INTO s.j VALUES (1, JSON_OBJECT('a', REPEAT('x', 100), 'b', 1))",
    );
    let from = here(&server).await;
    server.sql(
        "SET binlog_row_value_options = 'PARTIAL_JSON'; UPDATE s.j SET j = JSON_SET(j, '$.b', 2)",
    );
    assert_eq!(told(&server, &from).await, ["begin", "map s.j", "rows of type 39", "commit"]);
}

#[tokio::test]
async fn large_events_and_many_of_them_arrive_whole() {
    for options in [
        Options::mysql(),
        Options::mysql().arg("--binlog-transaction-compression=ON"),
        mariadb(Kind::MariaDb10_11),
    ] {
        let server = start(options.arg("--max-allowed-packet=256M"));
        server.sql("CREATE SCHEMA s; CREATE TABLE s.big (id INT PRIMARY KEY, b LONGBLOB)");
        let from = here(&server).await;
        server.sql(
            "INSERT INTO s.big VALUES (1, REPEAT('a', 16777215)), (2, REPEAT('b', 40000000)); \
             INSERT INTO s.big VALUES (3, '')",
        );
        let mut stream = open(&reader(&server), &from).await;
        let end = end(&server).await;
        let mut bytes = 0;
        loop {
            let position = stream.position().clone();
            if (sealift_mysql::binlog::LogPosition { gtids: None, ..position }).covers(&end) {
                break;
            }
            if let Event::Rows(rows) = stream.next().await.unwrap() {
                bytes += rows.body.len();
            }
        }
        assert!((56_777_215..56_778_000).contains(&bytes), "{bytes}");
    }
}
