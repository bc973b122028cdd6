//! The stream over every kind of connection, and what a source must be like.

use sealift_lab::server::APP_READER;
use sealift_lab::{Kind, Options};
use sealift_mysql::binlog::{RowImages, hindrances};
use sealift_mysql::endpoint::{Address, Endpoint, TlsMode};
use sealift_mysql::gather;

use crate::told::{end, here, open, up_to};
use crate::{connect, endpoint, mariadb, reader, root, start};

#[tokio::test]
async fn tls_and_compression_change_nothing() {
    for server in [start(Options::mysql()), start(mariadb(Kind::MariaDb11_8))] {
        server.sql("CREATE SCHEMA s; CREATE TABLE s.a (id INT PRIMARY KEY, v TEXT)");
        let from = here(&server).await;
        server.sql("INSERT INTO s.a VALUES (1, REPEAT('x', 2000)), (2, REPEAT('y', 2000)); DELETE FROM s.a");
        let address = || Address::Tcp { host: server.host().to_owned(), port: server.port() };
        let authority = std::fs::read(server.ca()).unwrap();
        let verified = Endpoint {
            tls_ca: Some(authority),
            ..endpoint(address(), APP_READER, TlsMode::VerifyCa)
        };
        let compressed = |endpoint: Endpoint| Endpoint { compress: true, ..endpoint };
        for way in [
            root(&server),
            reader(&server),
            verified.clone(),
            compressed(root(&server)),
            compressed(verified),
        ] {
            let mut stream = open(&way, &from).await;
            let told = up_to(&mut stream, &end(&server).await).await.unwrap();
            let expected =
                ["begin", "map s.a", "insert", "commit", "begin", "map s.a", "delete", "commit"];
            assert_eq!(told, expected, "{:?}", way.tls);
        }
    }
}

#[tokio::test]
async fn the_smallest_reader_is_enough_and_what_hinders_is_told() {
    for (server, expected) in [
        (start(Options::mysql()), vec![]),
        (start(mariadb(Kind::MariaDb10_11)), vec![]),
        (start(Options::mysql().arg("--skip-log-bin")), vec!["the source writes no binary log"]),
        (
            start(Options::mysql().arg("--binlog-do-db=a").arg("--binlog-row-image=MINIMAL")),
            vec![
                "binlog_row_image is MINIMAL: rows are not logged whole",
                "the source's log lacks schemas (only a)",
            ],
        ),
        (
            start(mariadb(Kind::MariaDb10_11).arg("--binlog-format=MIXED")),
            vec!["binlog_format is MIXED: rows are not logged whole"],
        ),
    ] {
        let mut session = connect(&reader(&server)).await;
        let facts = gather::facts(&mut session).await.unwrap();
        let found = hindrances(&mut session, &facts, RowImages::Whole).await.unwrap();
        let what = found.iter().map(|hindrance| hindrance.what.as_str()).collect::<Vec<_>>();
        assert_eq!(what, expected);
    }
}
