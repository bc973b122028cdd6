//! Every type, with the values at which decoders break.

use sealift_lab::workload::every_type;
use sealift_lab::{Kind, Server};
use sealift_mysql::gather::{self, Request};
use sealift_mysql::session::Session;
use sealift_schema::catalog::Catalog;
use sealift_schema::name::{ObjectKind, QualifiedName, quote};

use crate::history::{self, History, assert_same};
use crate::{log, reader, root, start};

/// InnoDB's limit is 1017 columns: this table has no room for one more.
const FULL_TABLE: &str = "wide_1017_columns";

#[tokio::test]
async fn images_of_mysql_equal_its_rows() {
    let server = start(Kind::MySql, &[]);
    for metadata in ["MINIMAL", "FULL"] {
        check(&server, metadata).await;
    }
}

#[tokio::test]
async fn images_of_mysql_5_6_equal_its_rows() {
    if !Kind::MySql5_6.is_left_out() {
        check(&start(Kind::MySql5_6, &[]), "NO_LOG").await;
    }
}

#[tokio::test]
async fn images_of_mariadb_10_5_equal_its_rows() {
    mariadb(Kind::MariaDb10_5, &[]).await;
}

#[tokio::test]
async fn images_of_mariadb_10_11_equal_its_rows() {
    mariadb(Kind::MariaDb10_11, &[]).await;
}

#[tokio::test]
async fn images_of_mariadb_11_8_equal_its_rows() {
    mariadb(Kind::MariaDb11_8, &[]).await;
}

#[tokio::test]
async fn compressed_events_of_mariadb_equal_its_rows() {
    let arguments = [
        "--log-bin-compress=ON",
        "--log-bin-compress-min-len=10",
        "--column-compression-zlib-wrap=ON",
    ];
    let server = start(Kind::MariaDb11_8, &arguments);
    check(&server, "FULL").await;
    let packed = log::row_events(&server).iter().filter(|e| e.type_code >= 166).count();
    assert!(packed > 100, "{packed} compressed events");
}

#[tokio::test]
async fn old_temporal_forms_of_mariadb_equal_its_rows() {
    let server = start(Kind::MariaDb10_11, &["--mysql56-temporal-format=OFF"]);
    check(&server, "NO_LOG").await;
}

async fn mariadb(kind: Kind, args: &[&str]) {
    let server = start(kind, args);
    for metadata in ["NO_LOG", "MINIMAL", "FULL"] {
        check(&server, metadata).await;
    }
}

/// Makes the tables, changes every row, deletes every row; compares after each step.
async fn check(server: &Server, metadata: &str) {
    let schema = format!("images_{}", metadata.to_lowercase());
    if server.kind() != Kind::MySql5_6 {
        server.sql(format!("SET GLOBAL binlog_row_metadata = {metadata}"));
    }
    let seen = log::row_events(server).len();
    every_type::create(server, &schema, &every_type::tables(server.kind(), 7));
    let mut session = reader(server).await;
    let mut history = History::of(server);

    let catalog = gathered(server, &schema).await;
    history.apply(&log::row_events(server)[seen..], &catalog);
    compare((server, &mut session), &mut history, &catalog, "after INSERT").await;

    let mut changes =
        String::from("SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES';\n");
    for name in catalog.tables.keys() {
        if name.name != FULL_TABLE {
            changes.push_str(&format!(
                "ALTER TABLE {name} ADD COLUMN zz_mark INT NOT NULL DEFAULT 7;\n"
            ));
        }
    }
    server.sql(&changes);
    for (name, bag) in &mut history.tables {
        if name.name != FULL_TABLE {
            let marked = |(mut row, count): (history::Row, usize)| {
                row.push("Int(7)".to_owned());
                (row, count)
            };
            *bag = std::mem::take(bag).into_iter().map(marked).collect();
        }
    }
    let seen = log::row_events(server).len();
    let catalog = gathered(server, &schema).await;
    let update = |name: &QualifiedName| {
        let mut set = if name.name == FULL_TABLE { "c1 = 4711" } else { "zz_mark = -1" }.to_owned();
        for column in &catalog.tables[name].columns {
            // Left to themselves, all rows of a key of times would get the same one.
            if column.extra.to_lowercase().contains("on update") {
                set.push_str(&format!(", {0} = {0}", quote(&column.name)));
            }
        }
        format!("UPDATE {name} SET {set};\n")
    };
    let mode = "SET SESSION sql_mode = 'ALLOW_INVALID_DATES';\n".to_owned();
    server.sql(catalog.tables.keys().map(update).fold(mode, |all, one| all + &one));
    history.apply(&log::row_events(server)[seen..], &catalog);
    compare((server, &mut session), &mut history, &catalog, "after UPDATE").await;

    let seen = log::row_events(server).len();
    let delete = |name: &QualifiedName| format!("DELETE FROM {name};\n");
    server.sql(catalog.tables.keys().map(delete).collect::<String>());
    history.apply(&log::row_events(server)[seen..], &catalog);
    compare((server, &mut session), &mut history, &catalog, "after DELETE").await;
    assert!(history.tables.values().all(history::Bag::is_empty));
}

async fn compare(
    (server, session): (&Server, &mut Session),
    history: &mut History,
    catalog: &Catalog,
    when: &str,
) {
    for (name, table) in &catalog.tables {
        let logged = history.tables.entry(name.clone()).or_default();
        let selected = history::selected(server.kind(), session, table).await;
        assert_same(table, when, logged, &selected);
    }
}

pub(crate) async fn gathered(server: &Server, schema: &str) -> Catalog {
    let wanted = |_: ObjectKind, name: &QualifiedName| name.schema == schema;
    let endpoint = root(server);
    let request = Request { endpoint: &endpoint, sessions: 2, wanted: &wanted, progress: &|_| {} };
    gather::catalog(&request).await.unwrap().catalog
}
