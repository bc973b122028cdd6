//! LOAD DATA LOCAL from a stream: what is kept, what is not, when it breaks.

use sealift_lab::{Options, unique_schema, wait_until};
use sealift_mysql::endpoint::{Address, Endpoint, TlsMode};
use sealift_mysql::error::ErrorClass;
use sealift_mysql::session::Session;

use crate::{MARIADB, MYSQL, connect, start, tcp, value, writer};

async fn table(session: &mut Session, stem: &str) -> String {
    let schema = unique_schema(stem);
    session.execute(format!("CREATE DATABASE {schema}")).await.unwrap();
    let create = format!("CREATE TABLE {schema}.t (id INT PRIMARY KEY, v VARCHAR(20))");
    session.execute(create).await.unwrap();
    format!("{schema}.t")
}

fn load_into(table: &str) -> String {
    format!("LOAD DATA LOCAL INFILE 'rows' INTO TABLE {table} CHARACTER SET binary")
}

/// Rows from `from` to before `to`.
fn rows(from: u32, to: u32) -> Vec<u8> {
    (from..to).flat_map(|id| format!("{id}\trow {id}\n").into_bytes()).collect()
}

fn ways() -> Vec<Endpoint> {
    let plain = writer(&MYSQL);
    vec![
        Endpoint { tls: TlsMode::Required, ..plain.clone() },
        Endpoint { compress: true, ..plain.clone() },
        Endpoint { address: Address::Socket(MYSQL.socket()), ..plain.clone() },
        plain,
        writer(&MARIADB),
        Endpoint { compress: true, ..writer(&MARIADB) },
    ]
}

#[tokio::test]
async fn a_load_stores_every_row_and_counts_them() {
    for way in ways() {
        let mut session = connect(&way).await;
        let table = table(&mut session, "client_load").await;
        let mut load = session.load(load_into(&table)).await.unwrap();
        for from in (0..60_000).step_by(1000) {
            load.send(&rows(from, from + 1000)).await.unwrap();
        }
        let done = load.finish().await.unwrap();
        let counts = done.load_counts().unwrap();
        assert_eq!((counts.records, counts.skipped, counts.warnings), (60_000, 0, 0), "{way:?}");
        let sum = format!("SELECT CONCAT(COUNT(*), ' ', SUM(id), ' ', MAX(v)) FROM {table}");
        assert_eq!(value(&mut session, &sum).await, "60000 1799970000 row 9999");
        // In one piece larger than a packet, and nothing at all.
        let mut load = session.load(load_into(&table)).await.unwrap();
        load.send(&rows(100_000, 200_000)).await.unwrap();
        assert_eq!(load.finish().await.unwrap().affected_rows, 100_000);
        let load = session.load(load_into(&table)).await.unwrap();
        assert_eq!(load.finish().await.unwrap().affected_rows, 0);
        let mut load = session.load(load_into(&table)).await.unwrap();
        load.send(&rows(0, 2)).await.unwrap();
        let counts = load.finish().await.unwrap().load_counts().unwrap();
        assert_eq!((counts.records, counts.skipped, counts.warnings), (2, 2, 2));
    }
}

#[tokio::test]
async fn an_aborted_load_leaves_no_row_even_outside_a_transaction() {
    for way in ways() {
        for end in [Abort::Called, Abort::Dropped] {
            let mut session = connect(&way).await;
            let table = table(&mut session, "client_abort").await;
            let number = session.connection_id();
            let mut load = session.load(load_into(&table)).await.unwrap();
            // Ends in the middle of a row, like a program that dies.
            let data = rows(0, 100_000);
            load.send(&data[..data.len() - 4]).await.unwrap();
            match end {
                Abort::Called => load.abort(),
                Abort::Dropped => drop(load),
            }
            let error = session.ping().await.unwrap_err();
            assert_eq!(error.class(), ErrorClass::Lost);
            let mut other = connect(&way).await;
            while is_alive(&mut other, number).await {}
            let count = format!("SELECT COUNT(*) FROM {table}");
            assert_eq!(value(&mut other, &count).await, "0", "{way:?}");
        }
    }
}

async fn is_alive(session: &mut Session, number: u32) -> bool {
    let all = session.rows("SHOW PROCESSLIST").await.unwrap();
    all.iter().any(|row| row.parse::<u32>(0).unwrap() == number)
}

#[derive(Clone, Copy)]
enum Abort {
    Called,
    Dropped,
}

#[tokio::test]
async fn an_error_in_the_middle_of_a_load_is_reported_and_the_session_goes_on() {
    for server in [&*MYSQL, &*MARIADB] {
        let mut session = connect(&writer(server)).await;
        let table = table(&mut session, "client_error").await;
        let schema = table.split('.').next().unwrap();
        let trigger = format!(
            "CREATE TRIGGER {schema}.stop BEFORE INSERT ON {table} FOR EACH ROW
             IF NEW.id = 500 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no 500'; END IF"
        );
        session.execute(trigger).await.unwrap();
        let mut load = session.load(load_into(&table)).await.unwrap();
        load.send(&rows(0, 300_000)).await.unwrap();
        let error = load.finish().await.unwrap_err();
        assert!(error.to_string().contains("no 500"), "{error}");
        assert_eq!(value(&mut session, &format!("SELECT COUNT(*) FROM {table}")).await, "0");
    }
}

#[tokio::test]
async fn a_statement_that_is_no_load_is_refused_without_harm() {
    let mut session = connect(&writer(&MYSQL)).await;
    for sql in ["SELECT 1", "DO 1"] {
        let error = session.load(sql).await.err().unwrap();
        assert!(error.to_string().contains("did not ask for the data"), "{error}");
    }
    let error = session.load(load_into("nothing.here")).await.err().unwrap();
    assert_eq!(error.class(), ErrorClass::DefinitionChanged);
    session.ping().await.unwrap();
}

#[tokio::test]
async fn a_server_that_takes_no_files_says_so() {
    let server = start(Options::mysql().without_local_infile());
    server.sql("CREATE USER writer IDENTIFIED BY 'pw-writer'; GRANT ALL ON *.* TO writer");
    let mut session = connect(&tcp(server.port(), "writer", "pw-writer")).await;
    let table = table(&mut session, "client_off").await;
    let error = session.load(load_into(&table)).await.err().unwrap();
    assert_eq!(error.class(), ErrorClass::LocalInfileOff, "{error}");
    session.ping().await.unwrap();
}

#[tokio::test]
async fn a_load_whose_connection_is_killed_is_lost() {
    let mut session = connect(&writer(&MYSQL)).await;
    let table = table(&mut session, "client_killed").await;
    let number = session.connection_id();
    let mut load = session.load(load_into(&table)).await.unwrap();
    load.send(&rows(0, 50_000)).await.unwrap();
    MYSQL.sql(format!("KILL {number}"));
    let mut from = 50_000;
    let error = loop {
        from += 1000;
        if let Err(error) = load.send(&rows(from, from + 1000)).await {
            break error;
        }
    };
    drop(load);
    assert!(matches!(error.class(), ErrorClass::Lost | ErrorClass::Interrupted), "{error}");
    assert_eq!(session.ping().await.unwrap_err().class(), ErrorClass::Lost);
    wait_until("the rows are rolled back", || {
        (MYSQL.sql(format!("SELECT COUNT(*) FROM {table}")) == "0\n").then_some(())
    });
}

#[tokio::test]
async fn an_abandoned_finish_ends_the_session() {
    let mut session = connect(&writer(&MYSQL)).await;
    let table = table(&mut session, "client_abandon").await;
    let mut locker = connect(&writer(&MYSQL)).await;
    locker.execute("START TRANSACTION").await.unwrap();
    locker.execute(format!("INSERT INTO {table} VALUES (1, 'mine')")).await.unwrap();
    let mut load = session.load(load_into(&table)).await.unwrap();
    load.send(&rows(0, 10)).await.unwrap();
    // Waits for the other's lock on row 1.
    let patience = std::time::Duration::from_millis(50);
    assert!(tokio::time::timeout(patience, load.finish()).await.is_err());
    assert_eq!(session.ping().await.unwrap_err().class(), ErrorClass::Lost);
}
