//! What a read is certain to see.

use std::collections::BTreeSet;
use std::io::Write;

use sealift_lab::{Kind, Options};
use sealift_mysql::binlog::{Event, Visible, VisibleError};
use sealift_mysql::session::Session;

use crate::told::{end, here, open};
use crate::{connect, mariadb, reader, start};

async fn count(session: &mut Session) -> u64 {
    session.first("SELECT COUNT(*) FROM s.a").await.unwrap().unwrap().parse(0).unwrap()
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
