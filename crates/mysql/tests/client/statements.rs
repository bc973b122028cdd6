//! Statements and their results on real servers.

use std::sync::LazyLock;
use std::time::Duration;

use sealift_lab::{Options, Server, unique_schema, wait_until};
use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::error::{ErrorClass, MysqlError};

use crate::{MARIADB, MYSQL, connect, start, tcp, value, writer};

/// Takes no zstd.
static ZLIB_ONLY: LazyLock<Server> = LazyLock::new(|| {
    let server = start(Options::mysql().arg("--protocol-compression-algorithms=zlib,uncompressed"));
    server.sql("CREATE USER writer IDENTIFIED BY 'pw-writer'; GRANT ALL ON *.* TO writer");
    server
});

#[tokio::test]
async fn a_statement_reports_what_it_did() {
    let schema = unique_schema("client_done");
    for server in [&*MYSQL, &*MARIADB] {
        let mut session = connect(&writer(server)).await;
        session.execute(format!("CREATE DATABASE {schema}")).await.unwrap();
        let create = format!("CREATE TABLE {schema}.t (id INT AUTO_INCREMENT PRIMARY KEY, v INT)");
        session.execute(create).await.unwrap();
        let insert = format!("INSERT INTO {schema}.t (v) VALUES (1), (2), (3)");
        let done = session.execute(insert).await.unwrap();
        assert_eq!((done.affected_rows, done.last_insert_id, done.warnings), (3, 1, 0));
        assert_eq!(done.load_counts().unwrap().records, 3);
        let done = session.execute(format!("DROP TABLE IF EXISTS {schema}.nothing")).await.unwrap();
        assert_eq!(done.warnings, 1);
        let done = session.execute(format!("SELECT * FROM {schema}.t")).await.unwrap();
        assert_eq!(done.affected_rows, 0);
    }
}

#[tokio::test]
async fn statements_sent_together_each_report_what_they_did() {
    let schema = unique_schema("client_together");
    for server in [&*MYSQL, &*MARIADB] {
        for compress in [false, true] {
            let mut session = connect(&Endpoint { compress, ..writer(server) }).await;
            session.execute(format!("CREATE DATABASE {schema}")).await.unwrap();
            session.execute(format!("CREATE TABLE {schema}.t (id INT PRIMARY KEY)")).await.unwrap();
            assert_eq!(session.execute_all(&[]).await.unwrap(), []);
            let rows =
                |n: i32| format!("INSERT INTO {schema}.t VALUES ({n}), ({})", -n).into_bytes();
            let many: Vec<Vec<u8>> = (1..=200).map(rows).collect();
            let done = session.execute_all(&many).await.unwrap();
            assert!(done.len() == 200 && done.iter().all(|done| done.affected_rows == 2));
            let refused = [rows(300), rows(7), rows(301), b"SELECT 1".to_vec()];
            let error = session.execute_all(&refused).await.unwrap_err();
            assert_eq!(error.class(), ErrorClass::DuplicateKey);
            let left = format!("SELECT COUNT(*) FROM {schema}.t WHERE ABS(id) < 300");
            assert_eq!(value(&mut session, &left).await, "400", "the session is in order");
            session.execute(format!("DROP DATABASE {schema}")).await.unwrap();
        }
    }
}

#[tokio::test]
async fn rows_come_with_their_nulls_and_bytes() {
    for server in [&*MYSQL, &*MARIADB] {
        let mut session = connect(&writer(server)).await;
        let sql =
            "SELECT 1 AS a, NULL AS b, x'00FF' AS c, '' AS d UNION ALL SELECT 2, 'x', '', 'ü'";
        let rows = session.rows(sql).await.unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].parse::<u8>(0).unwrap(), 1);
        assert_eq!(rows[0].named("B").unwrap(), None);
        assert_eq!(rows[0].get(2), Some(&[0, 255][..]));
        assert_eq!(rows[0].text(3).unwrap(), "");
        assert_eq!(rows[1].named("d").unwrap(), Some("ü"));
        assert!(session.rows("SELECT 1 FROM dual WHERE 1 = 0").await.unwrap().is_empty());
        assert!(session.first("DO 1").await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_refused_statement_leaves_the_session_in_order() {
    let mut session = connect(&writer(&MYSQL)).await;
    let error = session.execute("SELEC 1").await.unwrap_err();
    assert_eq!(error.code(), Some(1064));
    // A row went out before the error.
    let late = "SELECT IF(n = 3, (SELECT 1 UNION SELECT 2), n) FROM
        (SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3) AS numbers";
    assert_eq!(session.rows(late).await.unwrap_err().code(), Some(1242));
    let mut rows = session.read(late).await.unwrap();
    let error = loop {
        match rows.next().await {
            Ok(row) => assert!(row.is_some(), "the error is missing"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.code(), Some(1242));
    assert!(rows.next().await.unwrap().is_none());
    session.ping().await.unwrap();
    assert_eq!(value(&mut session, "SELECT 7").await, "7");
}

#[tokio::test]
async fn a_procedure_with_several_results_is_taken_to_its_end() {
    let schema = unique_schema("client_call");
    for server in [&*MYSQL, &*MARIADB] {
        let mut session = connect(&writer(server)).await;
        session.execute(format!("CREATE DATABASE {schema}")).await.unwrap();
        let create = format!(
            "CREATE PROCEDURE {schema}.p() BEGIN SELECT 1; SELECT 2 UNION SELECT 3; SELECT 4 WHERE 0;
             CREATE TABLE {schema}.t AS SELECT 5 AS v UNION SELECT 6; DELETE FROM {schema}.t; END"
        );
        session.execute(create).await.unwrap();
        let call = format!("CALL {schema}.p()");
        // MySQL adds up what all statements changed, MariaDB reports the last.
        assert!(matches!(session.execute(&call).await.unwrap().affected_rows, 2 | 4));
        session.execute(format!("DROP TABLE {schema}.t")).await.unwrap();
        assert_eq!(session.rows(&call).await.unwrap().len(), 1);
        session.execute(format!("DROP TABLE {schema}.t")).await.unwrap();
        let mut rows = session.read(&call).await.unwrap();
        assert!(rows.next().await.unwrap().is_some());
        assert!(rows.next().await.unwrap().is_none());
        assert_eq!(value(&mut session, "SELECT 8").await, "8");
    }
}

#[tokio::test]
async fn a_row_of_20_mib_travels_both_ways_compressed_or_not() {
    let schema = unique_schema("client_big");
    let plain = writer(&MYSQL);
    let cases = [
        ("off", plain.clone()),
        ("zstd", Endpoint { compress: true, ..plain }),
        ("zlib", Endpoint { compress: true, ..tcp(ZLIB_ONLY.port(), "writer", "pw-writer") }),
        ("mariadb", Endpoint { compress: true, ..writer(&MARIADB) }),
    ];
    for server in [&*MYSQL, &*ZLIB_ONLY, &*MARIADB] {
        server.sql("SET GLOBAL max_allowed_packet = 64 << 20");
        server.sql(format!("CREATE DATABASE {schema}"));
    }
    // Not compressible to nothing, with every byte that needs no escape.
    let mut state = 1u32;
    let pattern: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .filter(|byte| !matches!(byte, b'\'' | b'\\'))
    .take(99_991)
    .collect();
    let mut big = pattern.repeat(((20 << 20) / pattern.len()) + 1);
    big.truncate(20 << 20);
    for (name, endpoint) in cases {
        let mut session = connect(&endpoint).await;
        let table = format!("{schema}.t_{name}");
        session.execute(format!("CREATE TABLE {table} (id INT, v LONGBLOB)")).await.unwrap();
        // Around the fragment's length: 16 MiB - 1, and empty last fragments.
        for (id, length) in [(1, big.len()), (2, (1 << 24) - 1), (3, 1 << 24), (4, 0)] {
            let mut sql = format!("INSERT INTO {table} VALUES ({id}, _binary'").into_bytes();
            sql.extend_from_slice(&big[..length]);
            sql.extend(b"')");
            session.execute(&sql).await.unwrap_or_else(|error| panic!("{name} {length}: {error}"));
        }
        let select = format!("SELECT v FROM {table} ORDER BY id");
        let rows = session.rows(&select).await.unwrap();
        let lengths = [big.len(), (1 << 24) - 1, 1 << 24, 0];
        for (row, length) in rows.iter().zip(lengths) {
            assert!(row.get(0) == Some(&big[..length]), "{name}: text row of {length}");
        }
        let mut rows = session.read(&select).await.unwrap();
        for length in lengths {
            let row = rows.next().await.unwrap().unwrap();
            assert!(row.ends_with(&big[..length]), "{name}: binary row of {length}");
        }
        assert!(rows.next().await.unwrap().is_none());
        session.ping().await.unwrap();
    }
}

#[tokio::test]
async fn a_statement_larger_than_the_server_takes_is_explained() {
    let server = start(Options::mysql().arg("--max-allowed-packet=1M"));
    server.sql("CREATE USER writer IDENTIFIED BY 'pw-writer'");
    for compress in [false, true] {
        let endpoint = Endpoint { compress, ..tcp(server.port(), "writer", "pw-writer") };
        let mut session = connect(&endpoint).await;
        let statement = format!("SELECT '{}'", "x".repeat(30 << 20));
        let error = session.execute(statement).await.unwrap_err();
        assert_eq!(error.class(), ErrorClass::PacketTooLarge, "{error}");
        // The server closes the connection; a later call says why it cannot be made.
        let error = session.ping().await.unwrap_err();
        assert!(error.to_string().contains("an earlier statement"), "{error}");
    }
}

#[tokio::test]
async fn a_connection_killed_during_a_read_is_lost() {
    let mut session = connect(&writer(&MYSQL)).await;
    let number = session.connection_id();
    let sql = "WITH RECURSIVE n AS (SELECT 1 AS v UNION ALL SELECT v + 1 FROM n WHERE v < 100000)
        SELECT a.v, REPEAT('x', 200) FROM n AS a, n AS b";
    session.execute("SET cte_max_recursion_depth = 1000000").await.unwrap();
    let mut rows = session.read(sql).await.unwrap();
    assert!(rows.next().await.unwrap().is_some());
    MYSQL.sql(format!("KILL {number}"));
    let error = loop {
        match rows.next().await {
            Ok(row) => assert!(row.is_some(), "the rows ended as if they were all"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error.class(), ErrorClass::Lost | ErrorClass::Interrupted), "{error}");
    let error = session.ping().await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Lost, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_is_noticed() {
    let mut server = start(Options::mysql());
    server.sql("CREATE USER writer IDENTIFIED BY 'pw-writer'");
    let mut session = connect(&tcp(server.port(), "writer", "pw-writer")).await;
    let asleep = tokio::spawn(async move { (session.execute("DO SLEEP(1000)").await, session) });
    wait_until("the statement runs", || {
        let running = server.sql(
            "SELECT COUNT(*) FROM performance_schema.processlist
            WHERE INFO LIKE 'DO SLEEP%'",
        );
        (running == "1\n").then_some(())
    });
    server.kill9();
    let (outcome, mut session) = asleep.await.unwrap();
    assert!(matches!(outcome, Err(MysqlError::Lost { .. })), "{outcome:?}");
    assert!(matches!(session.execute("DO 1").await, Err(MysqlError::Lost { .. })));
}

#[tokio::test]
async fn an_abandoned_statement_ends_the_session_but_not_with_anothers_answer() {
    let mut session = connect(&writer(&MYSQL)).await;
    let patience = Duration::from_millis(50);
    let abandoned = tokio::time::timeout(patience, session.rows("SELECT SLEEP(3)")).await;
    assert!(abandoned.is_err());
    let error = session.rows("SELECT 5").await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Lost);
}

#[tokio::test]
async fn rows_that_were_not_taken_do_not_reach_the_next_statement() {
    let mut session = connect(&writer(&MYSQL)).await;
    let sql = "WITH RECURSIVE n AS (SELECT 1 AS v UNION ALL SELECT v + 1 FROM n WHERE v < 1000)
        SELECT v FROM n";
    let mut rows = session.read(sql).await.unwrap();
    assert!(rows.next().await.unwrap().is_some());
    assert_eq!(value(&mut session, "SELECT 'mine'").await, "mine");
    session.read(sql).await.unwrap().finish().await.unwrap();
    drop(session.read(sql).await.unwrap());
    assert_eq!(value(&mut session, "SELECT 'mine'").await, "mine");
}

#[tokio::test]
async fn waiting_for_a_row_may_be_cancelled_without_losing_it() {
    let mut session = connect(&writer(&MYSQL)).await;
    // The first row is too large for the server's buffer, so that it leaves before the second is there.
    let sql = "SELECT REPEAT('x', 100000) AS v UNION ALL SELECT CONCAT('slept ', SLEEP(0.3))";
    let mut rows = session.read(sql).await.unwrap();
    assert!(rows.next().await.unwrap().unwrap().ends_with(b"xxx"));
    let mut cancelled = 0;
    let row = loop {
        match tokio::time::timeout(Duration::from_millis(20), rows.next()).await {
            Ok(row) => break row.unwrap().unwrap().to_vec(),
            Err(_elapsed) => cancelled += 1,
        }
    };
    assert!(cancelled > 0);
    assert!(row.ends_with(b"\x07slept 0"), "{row:?}");
    assert!(rows.next().await.unwrap().is_none());
}

#[tokio::test]
async fn prepared_statements_do_not_pile_up() {
    let mut session = connect(&writer(&MYSQL)).await;
    for _time in 0..5 {
        let mut rows = session.read("SELECT 1").await.unwrap();
        assert!(rows.next().await.unwrap().is_some());
    }
    let with_parameters = session.read("SELECT ?").await.err().unwrap();
    assert!(with_parameters.to_string().contains("parameters"), "{with_parameters}");
    let kept = "SELECT COUNT(*) FROM performance_schema.prepared_statements_instances AS p
        JOIN performance_schema.threads AS t ON t.THREAD_ID = p.OWNER_THREAD_ID
        WHERE t.PROCESSLIST_ID = CONNECTION_ID()";
    assert_eq!(value(&mut session, kept).await, "0");
}

#[tokio::test]
async fn a_server_that_shuts_an_idle_connection_is_quoted() {
    let mut session = connect(&writer(&MYSQL)).await;
    session.execute("SET wait_timeout = 1").await.unwrap();
    let number = session.connection_id();
    wait_until("the server closes the connection", || {
        let sql =
            format!("SELECT COUNT(*) FROM performance_schema.processlist WHERE ID = {number}");
        (MYSQL.sql(sql) == "0\n").then_some(())
    });
    let error = session.execute("DO 1").await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Lost);
    assert_eq!(error.code(), Some(4031), "{error}");
}
