//! What only MariaDB has: columns that no definition shows, vectors that are VARBINARY.

use std::sync::Arc;

use sealift_lab::Kind;
use sealift_mysql::binlog::{RowShape, RowsEvent, TableMap, hash_columns};

use crate::every_type::gathered;
use crate::history::{self, History, assert_same};
use crate::log::Logged;
use crate::{log, reader, start};

#[tokio::test]
async fn the_hash_of_a_long_unique_key_is_known_from_the_definition() {
    for kind in [Kind::MariaDb10_5, Kind::MariaDb10_11, Kind::MariaDb11_8] {
        let server = start(kind, &[]);
        server.sql(
            "CREATE DATABASE hidden; USE hidden;
             CREATE TABLE t (id INT PRIMARY KEY, b BLOB, v VARCHAR(3000) CHARACTER SET utf8mb4, n INT, UNIQUE (b),
                 UNIQUE (id, v), UNIQUE (n), KEY (v(10)));
             INSERT INTO t VALUES (1, 'x', 'y', 2), (2, NULL, NULL, NULL);",
        );
        let catalog = gathered(&server, "hidden").await;
        let table = catalog.tables.values().next().unwrap();
        assert_eq!(hash_columns(table), 2, "{}", table.create_sql);
        let events = log::row_events(&server);
        let map = TableMap::read(&events[0].body).unwrap();
        assert!(RowShape::new(&map, &table.columns).is_err());
        let shape = Arc::new(RowShape::with_hidden(&map, &table.columns, 2).unwrap());
        assert_eq!((shape.len(), shape.visible()), (6, 4));
        let Logged { type_code, body } = &events[1];
        let rows = RowsEvent::read(*type_code, body, map.into(), &shape).unwrap();
        assert_eq!(rows.rows().map(Result::unwrap).count(), 2);
    }
}

#[tokio::test]
async fn vectors_of_mariadb_are_their_bytes() {
    let server = start(Kind::MariaDb11_8, &["--binlog-row-metadata=FULL"]);
    server.sql(
        "CREATE DATABASE vectors; USE vectors;
         CREATE TABLE t (id INT PRIMARY KEY, a VECTOR(2), b VECTOR(100));
         INSERT INTO t VALUES (1, VEC_FromText('[1.5,-2]'), NULL), (2, NULL, NULL);",
    );
    let catalog = gathered(&server, "vectors").await;
    let table = catalog.tables.values().next().unwrap();
    let mut history = History::of(&server);
    history.apply(&log::row_events(&server), &catalog);
    let selected = history::selected(server.kind(), &mut reader(&server).await, table).await;
    assert_same(table, "after INSERT", &history.tables[&table.name], &selected);
}
