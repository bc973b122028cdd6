//! Going on from a position: after kills, restarts, rotations, purges, on other servers.

use std::time::Duration;

use sealift_lab::proxy::FaultProxy;
use sealift_lab::server::APP_READER;
use sealift_lab::{Kind, Options, Server, wait_until};
use sealift_mysql::binlog::{
    BinlogError, BinlogStream, Event, LogPosition, Reaction, StreamOptions,
};
use sealift_mysql::endpoint::{Address, TlsMode};

use crate::told::{OPTIONS, end, here, open, told, up_to, words};
use crate::{endpoint, mariadb, reader, start};

const SCHEMA: &str = "CREATE SCHEMA s; CREATE TABLE s.a (id INT PRIMARY KEY)";

fn servers() -> Vec<Server> {
    vec![
        start(Options::mysql()),
        start(Options::mysql().without_gtid()),
        start(mariadb(Kind::MariaDb10_11)),
    ]
}

/// The next transaction in words.
async fn transaction(stream: &mut BinlogStream) -> Result<Vec<String>, BinlogError> {
    let mut told = Vec::new();
    loop {
        let event = stream.next().await?;
        told.extend(words(&event));
        if matches!(event, Event::End(_)) {
            return Ok(told);
        }
    }
}

const INSERT: [&str; 4] = ["begin", "map s.a", "insert", "commit"];

/// The connections that read the log.
fn followers(server: &Server) -> Vec<String> {
    let sql = "SELECT id FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%'";
    server.sql(sql).lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_killed_connection_is_opened_again_where_it_was() {
    for server in servers() {
        server.sql(SCHEMA);
        let mut stream = open(&reader(&server), &here(&server).await).await;
        server.sql("INSERT INTO s.a VALUES (1)");
        assert_eq!(transaction(&mut stream).await.unwrap(), INSERT);
        let [id] = &followers(&server)[..] else { panic!("{}", server.kind()) };
        server.sql(format!("KILL {id}"));
        let error = loop {
            match stream.next().await {
                Ok(Event::Idle(_)) => {}
                Ok(event) => panic!("{event:?}"),
                Err(error) => break error,
            }
        };
        assert_eq!(error.reaction(), Reaction::Reopen, "{error}");
        server.sql("FLUSH BINARY LOGS; INSERT INTO s.a VALUES (2); FLUSH BINARY LOGS; INSERT INTO s.a VALUES (3)");
        let position = stream.position().clone();
        let json = serde_json::to_string(&position).unwrap();
        let kept = serde_json::from_str::<LogPosition>(&json).unwrap();
        let mut stream = open(&reader(&server), &kept).await;
        let told = up_to(&mut stream, &end(&server).await).await.unwrap();
        assert_eq!(told, [INSERT, INSERT].concat(), "{}", server.kind());
    }
}

#[tokio::test]
async fn a_source_that_restarts_or_dies_goes_on() {
    for mut server in servers() {
        server.sql(SCHEMA);
        let mut stream = open(&reader(&server), &here(&server).await).await;
        for number in 0..3 {
            server.sql(format!("INSERT INTO s.a VALUES ({number})"));
            assert_eq!(transaction(&mut stream).await.unwrap(), INSERT, "{}", server.kind());
            if number == 1 {
                server.kill9();
            } else {
                server.stop();
            }
            let error = loop {
                match stream.next().await {
                    Ok(event) => assert_eq!(words(&event), None),
                    Err(error) => break error,
                }
            };
            assert_eq!(error.reaction(), Reaction::Reopen, "{error}");
            let from = stream.position().clone();
            let error = BinlogStream::open(&reader(&server), &from, &OPTIONS).await.unwrap_err();
            assert_eq!(error.reaction(), Reaction::Reopen, "{error}");
            server.start_again().unwrap();
            stream = open(&reader(&server), &from).await;
        }
    }
}

#[tokio::test]
async fn an_idle_source_moves_the_position_over_its_files() {
    for server in servers() {
        server.sql(SCHEMA);
        let mut stream = open(&reader(&server), &here(&server).await).await;
        server.sql("FLUSH BINARY LOGS; FLUSH BINARY LOGS");
        let end = end(&server).await;
        up_to(&mut stream, &end).await.unwrap();
        assert_eq!(stream.position().file, end.file);
    }
}

#[tokio::test]
async fn a_purged_log_is_told_as_such() {
    for server in servers() {
        server.sql(SCHEMA);
        let from = here(&server).await;
        let from = LogPosition { file: "binlog.000001".to_owned(), ..from };
        server.sql("INSERT INTO s.a VALUES (1); FLUSH BINARY LOGS; INSERT INTO s.a VALUES (2); FLUSH BINARY LOGS");
        let last = end(&server).await.file;
        wait_until("the first file is gone", || {
            server.sql(format!("PURGE BINARY LOGS TO '{last}'"));
            (!server.sql("SHOW BINARY LOGS").contains("binlog.000001")).then_some(())
        });
        let mut stream = open(&reader(&server), &from).await;
        let error = stream.next().await.unwrap_err();
        assert!(matches!(error, BinlogError::Purged { .. }), "{}: {error:?}", server.kind());
        assert_eq!(error.reaction(), Reaction::CopyAgain);
    }
}

#[tokio::test]
async fn a_place_in_the_log_of_another_server_is_refused() {
    let server = start(Options::mysql().without_gtid());
    let from = LogPosition { server: "another".to_owned(), ..here(&server).await };
    let error = BinlogStream::open(&reader(&server), &from, &OPTIONS).await.unwrap_err();
    assert!(matches!(error, BinlogError::OtherServer { .. }), "{error:?}");
    let with_gtid = start(Options::mysql());
    let from = LogPosition { gtids: None, ..here(&with_gtid).await };
    let error = BinlogStream::open(&reader(&with_gtid), &from, &OPTIONS).await.unwrap_err();
    assert!(matches!(error, BinlogError::NoPosition(_)), "{error:?}");
}

#[tokio::test]
async fn a_server_that_lacks_what_we_have_is_refused() {
    let ahead = start(Options::mysql());
    ahead.sql(SCHEMA);
    let from = here(&ahead).await;
    let behind = start(Options::mysql());
    let error = BinlogStream::open(&reader(&behind), &from, &OPTIONS).await.unwrap_err();
    assert!(matches!(error, BinlogError::Behind { .. }), "{error:?}");
}

#[tokio::test]
async fn a_mariadb_is_followed_by_gtid_on_another_server() {
    for kind in [Kind::MariaDb10_5, Kind::MariaDb10_11, Kind::MariaDb11_8] {
        let server = start(mariadb(kind));
        server.sql(SCHEMA);
        server.sql("INSERT INTO s.a VALUES (1)");
        // As if the position had been taken elsewhere: what is after the schema comes.
        let gtids = server.sql("SELECT @@gtid_binlog_pos").trim().parse().unwrap();
        let elsewhere = LogPosition {
            server: "another".to_owned(),
            file: String::new(),
            offset: 0,
            gtids: Some(gtids),
            since: None,
        };
        server.sql("INSERT INTO s.a VALUES (2); FLUSH BINARY LOGS; INSERT INTO s.a VALUES (3)");
        let mut stream = open(&reader(&server), &elsewhere).await;
        let heard = up_to(&mut stream, &end(&server).await).await.unwrap();
        assert_eq!(heard, [INSERT, INSERT].concat(), "{kind}");
        let now = server.sql("SELECT @@gtid_binlog_pos").trim().parse().unwrap();
        assert_eq!(stream.position().gtids, Some(now));
        let again = stream.position().clone();
        assert_eq!(told(&server, &again).await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn tagged_gtids_are_followed_and_resumed() {
    let server = start(Options::mysql());
    server.sql(SCHEMA);
    let from = here(&server).await;
    server.sql(
        "SET gtid_next = 'AUTOMATIC:nightly'; INSERT INTO s.a VALUES (1); INSERT INTO s.a VALUES (2); \
         SET gtid_next = 'AUTOMATIC'; INSERT INTO s.a VALUES (3)",
    );
    let mut stream = open(&reader(&server), &from).await;
    let first = loop {
        if let Event::Begin(begin) = stream.next().await.unwrap() {
            break begin;
        }
    };
    assert!(first.id.gtid.unwrap().to_string().contains(":nightly:1"));
    // Microseconds of a time after 2020.
    assert!(first.committed_at > 1_577_836_800_000_000, "{}", first.committed_at);
    up_to(&mut stream, &end(&server).await).await.unwrap();
    let executed = server.sql("SELECT @@gtid_executed").trim().parse().unwrap();
    assert_eq!(stream.position().gtids, Some(executed));
    server.sql("SET gtid_next = 'AUTOMATIC:nightly'; INSERT INTO s.a VALUES (4)");
    assert_eq!(told(&server, stream.position()).await, INSERT);
}

#[tokio::test]
async fn whoever_comes_with_our_number_takes_our_place() {
    for server in [start(Options::mysql()), start(mariadb(Kind::MariaDb10_11))] {
        server.sql(SCHEMA);
        let from = here(&server).await;
        let mut first = open(&reader(&server), &from).await;
        server.sql("INSERT INTO s.a VALUES (1)");
        transaction(&mut first).await.unwrap();
        let mut second = open(&reader(&server), &from).await;
        assert_eq!(transaction(&mut second).await.unwrap(), INSERT);
        let error = loop {
            match first.next().await {
                Ok(event) => assert_eq!(words(&event), None),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, BinlogError::Displaced(_)), "{}: {error:?}", server.kind());
        // Somebody else with another number is welcome.
        let options = StreamOptions { server_id: 9, ..OPTIONS };
        BinlogStream::open(&reader(&server), &from, &options).await.unwrap();
    }
}

/// All that the log holds is known already, by GTIDs: the heartbeats tell that its end is reached.
#[tokio::test]
async fn a_source_that_passes_over_everything_says_where_it_is() {
    for kind in [Kind::MySql5_6, Kind::MySql] {
        if kind.is_left_out() {
            continue;
        }
        let server = start(Options::source(kind));
        server.sql(
            "CREATE SCHEMA s; CREATE TABLE s.a (id INT PRIMARY KEY); INSERT INTO s.a VALUES (1)",
        );
        let (from, end) = (here(&server).await, end(&server).await);
        let options = StreamOptions { heartbeat: Duration::from_millis(50), ..OPTIONS };
        let mut stream = BinlogStream::open(&reader(&server), &from, &options).await.unwrap();
        let reached = |stream: &BinlogStream| {
            LogPosition { gtids: None, ..stream.position().clone() }.covers(&end)
        };
        for _heartbeat in 0..20 {
            let event = stream.next().await.unwrap();
            assert!(matches!(event, Event::Idle(_)), "{kind}: {event:?}");
            if reached(&stream) {
                break;
            }
        }
        assert!(reached(&stream), "{kind}: {} is not {end}", stream.position());
    }
}

#[tokio::test]
async fn a_source_that_falls_silent_is_given_up() {
    let server = start(Options::mysql());
    let proxy = FaultProxy::before(&server);
    let address = Address::Tcp { host: "127.0.0.1".to_owned(), port: proxy.port() };
    let from = here(&server).await;
    let options = StreamOptions { heartbeat: Duration::from_millis(100), ..OPTIONS };
    let endpoint = endpoint(address, APP_READER, TlsMode::Required);
    let mut stream = BinlogStream::open(&endpoint, &from, &options).await.unwrap();
    while !matches!(stream.next().await.unwrap(), Event::Idle(_)) {}
    proxy.freeze();
    let error = loop {
        if let Err(error) = stream.next().await {
            break error;
        }
    };
    assert!(matches!(error, BinlogError::Silent(_)), "{error:?}");
    assert_eq!(error.reaction(), Reaction::Reopen);
}

#[tokio::test]
async fn without_the_privilege_nothing_is_sent() {
    for server in [start(Options::mysql()), start(mariadb(Kind::MariaDb10_11))] {
        server.sql("CREATE USER blind IDENTIFIED BY 'pw'");
        let from = here(&server).await;
        let blind = sealift_lab::Account { user: "blind", password: "pw" };
        let address = Address::Tcp { host: server.host().to_owned(), port: server.port() };
        let endpoint = endpoint(address, blind, TlsMode::Required);
        let error = BinlogStream::open(&endpoint, &from, &OPTIONS).await.unwrap_err();
        assert_eq!(error.reaction(), Reaction::Stop, "{error}");
    }
}
