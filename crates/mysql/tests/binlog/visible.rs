//! What a read is certain to see.

use std::collections::BTreeSet;
use std::io::Write;

use sealift_lab::{Kind, Options, Server, wait_until};
use sealift_mysql::binlog::{Event, TransactionId, Visible, VisibleError};
use sealift_mysql::session::Session;

use crate::told::{end, here, open};
use crate::{connect, mariadb, reader, root, start};

/// Loads semi-sync with nobody to acknowledge: commits hang between the log and the engine.
fn hang_commits(server: &Server) {
    server.sql(
        "INSTALL PLUGIN rpl_semi_sync_source SONAME 'semisync_source.so'; \
         SET GLOBAL rpl_semi_sync_source_wait_no_replica = 1, GLOBAL rpl_semi_sync_source_timeout = 600000, \
         GLOBAL rpl_semi_sync_source_enabled = 1",
    );
}

async fn count(session: &mut Session) -> u64 {
    session.first("SELECT COUNT(*) FROM s.a").await.unwrap().unwrap().parse(0).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_hangs_before_its_engine_commit_is_streamed_and_not_visible() {
    for options in [Options::mysql(), Options::mysql().without_gtid()] {
        let with_gtid = options.gtid;
        let server = start(options);
        server.sql("CREATE SCHEMA s; CREATE TABLE s.a (id INT PRIMARY KEY)");
        let from = here(&server).await;
        let mut session = connect(&root(&server)).await;
        let visible = Visible::of(&mut session).await.unwrap();
        hang_commits(&server);
        let mut hanging = server.client().command().spawn().unwrap();
        hanging.stdin.as_mut().unwrap().write_all(b"INSERT INTO s.a VALUES (1);\n").unwrap();
        // The stream delivers it, semi-sync or not.
        let mut stream = open(&root(&server), &from).await;
        let begin = loop {
            if let Event::Begin(begin) = stream.next().await.unwrap() {
                break begin;
            }
        };
        // The log's end has it, which is why that is no visible position.
        assert!(at_end(&server, &begin.id).await);
        if with_gtid {
            let seen = visible.begin(&mut session).await.unwrap();
            assert!(!seen.contains(&begin.id), "{seen} {}", begin.id);
            assert_eq!(count(&mut session).await, 0);
        }
        // Without GTIDs the question waits until the commit is through.
        let asked = tokio::spawn(async move {
            let seen = visible.begin(&mut session).await.unwrap();
            (seen, count(&mut session).await)
        });
        if !with_gtid {
            wait_until("the question is asked", || {
                let sql = "SELECT 1 FROM information_schema.processlist WHERE info LIKE '%log_status%' \
                           AND id <> CONNECTION_ID()";
                server.try_sql(sql).ok().filter(|found| !found.is_empty())
            });
        }
        server.sql("SET GLOBAL rpl_semi_sync_source_enabled = 0");
        drop(hanging.stdin.take());
        assert!(hanging.wait().unwrap().success());
        let (seen, rows) = asked.await.unwrap();
        if seen.contains(&begin.id) {
            assert_eq!(rows, 1);
        } else {
            assert!(with_gtid);
        }
        let mut session = connect(&root(&server)).await;
        let visible = Visible::of(&mut session).await.unwrap();
        assert!(visible.begin(&mut session).await.unwrap().contains(&begin.id));
        assert_eq!(count(&mut session).await, 1);
    }
}

async fn at_end(server: &Server, id: &TransactionId) -> bool {
    let id = TransactionId { gtid: None, ..id.clone() };
    end(server).await.contains(&id)
}

#[tokio::test]
async fn a_mariadb_snapshot_sees_exactly_what_its_position_holds() {
    for kind in [Kind::MariaDb10_5, Kind::MariaDb10_11, Kind::MariaDb11_8] {
        let server = start(mariadb(kind));
        server.sql("CREATE SCHEMA s; CREATE TABLE s.a (id INT PRIMARY KEY)");
        let from = here(&server).await;
        assert!(from.gtids.is_some(), "{from}");
        let mut session = connect(&reader(&server)).await;
        let visible = Visible::of(&mut session).await.unwrap();
        let mut writer = server.client().command().spawn().unwrap();
        let mut pipe = writer.stdin.take().unwrap();
        let feeding = std::thread::spawn(move || {
            for number in 0..400 {
                writeln!(pipe, "INSERT INTO s.a VALUES ({number});").unwrap();
            }
        });
        let mut seen = Vec::new();
        loop {
            let position = visible.begin(&mut session).await.unwrap();
            let rows = count(&mut session).await;
            visible.finish(&mut session).await.unwrap();
            seen.push((position, rows));
            if rows == 400 {
                break;
            }
        }
        feeding.join().unwrap();
        assert!(writer.wait().unwrap().success());
        let mut stream = open(&reader(&server), &from).await;
        let mut transactions = Vec::new();
        while transactions.len() < 400 {
            if let Event::Begin(begin) = stream.next().await.unwrap() {
                transactions.push(begin.id);
            }
        }
        for (position, rows) in &seen {
            let held = transactions.iter().filter(|id| position.contains(id)).count();
            assert_eq!(u64::try_from(held), Ok(*rows), "{kind} {position}");
        }
        let different = seen.iter().map(|(_, rows)| *rows).collect::<BTreeSet<_>>();
        assert!(different.len() > 1, "{different:?}");
    }
}

/// Its `gtid_executed` runs ahead of what reads see.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_mysql_5_6_has_executed_and_nobody_owns_is_seen() {
    const WRITERS: u64 = 6;
    const EACH: u64 = 400;
    if Kind::MySql5_6.is_left_out() {
        return;
    }
    // The log reaches the disk between the one and the other.
    let server = start(Options::source(Kind::MySql5_6).durable());
    server.sql("CREATE SCHEMA s; CREATE TABLE s.a (id INT PRIMARY KEY)");
    let from = here(&server).await;
    let mut session = connect(&reader(&server)).await;
    let visible = Visible::of(&mut session).await.unwrap();
    let writers = (0..WRITERS).map(|writer| {
        let mut command = server.client().command();
        std::thread::spawn(move || {
            let mut client = command.spawn().unwrap();
            let mut pipe = client.stdin.take().unwrap();
            for number in 0..EACH {
                writeln!(pipe, "INSERT INTO s.a VALUES ({});", number * WRITERS + writer).unwrap();
            }
            drop(pipe);
            assert!(client.wait().unwrap().success());
        })
    });
    let writers: Vec<_> = writers.collect();
    let mut seen = Vec::new();
    loop {
        let position = visible.begin(&mut session).await.unwrap();
        let rows = count(&mut session).await;
        let before = from.gtids.as_ref().unwrap();
        seen.push((position.gtids.as_ref().unwrap().count_beyond(before), rows));
        if rows == WRITERS * EACH {
            break;
        }
    }
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    let unseen: Vec<_> = seen.iter().filter(|(held, rows)| held > rows).collect();
    assert!(unseen.is_empty(), "{} of {}: {unseen:?}", unseen.len(), seen.len());
    let different = seen.iter().map(|(held, _)| *held).collect::<BTreeSet<_>>();
    assert!(different.len() > 10, "{different:?}");
}

#[tokio::test]
async fn a_mysql_5_6_without_gtids_cannot_tell() {
    if Kind::MySql5_6.is_left_out() {
        return;
    }
    let server = start(Options::source(Kind::MySql5_6).without_gtid());
    let error = Visible::of(&mut connect(&reader(&server)).await).await.unwrap_err();
    assert!(matches!(error, VisibleError::NoWay { .. }), "{error:?}");
}

#[tokio::test]
async fn without_gtids_the_privilege_is_asked_for() {
    let server = start(Options::mysql().without_gtid());
    let mut session = connect(&reader(&server)).await;
    let error = Visible::of(&mut session).await.unwrap_err();
    assert!(matches!(error, VisibleError::NoWay { .. }), "{error:?}");
    server.sql("GRANT BACKUP_ADMIN ON *.* TO app_reader; GRANT SELECT ON performance_schema.log_status TO app_reader");
    let mut session = connect(&reader(&server)).await;
    let visible = Visible::of(&mut session).await.unwrap();
    let position = visible.begin(&mut session).await.unwrap();
    assert_eq!(
        (&position.file, position.offset),
        (&end(&server).await.file, end(&server).await.offset)
    );
}
