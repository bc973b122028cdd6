//! Random tables with random rows, changed at random.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use sealift_lab::workload::seed;
use sealift_lab::{Kind, Server};

use crate::every_type::gathered;
use crate::history::{self, History, assert_same};
use crate::value::{Shape, shapes};
use crate::{log, reader, start};

const TABLES: usize = 12;
const ROWS: u32 = 40;
const CHANGES: u32 = 60;
const MODES: [&str; 4] =
    ["", "ALLOW_INVALID_DATES", "NO_ZERO_DATE,NO_ZERO_IN_DATE", "STRICT_ALL_TABLES"];

#[tokio::test]
async fn random_rows_of_mysql() {
    check(&start(Kind::MySql, &[])).await;
}

#[tokio::test]
async fn random_rows_of_mysql_5_6() {
    if !Kind::MySql5_6.is_left_out() {
        check(&start(Kind::MySql5_6, &[])).await;
    }
}

#[tokio::test]
async fn random_rows_of_mariadb_10_5() {
    check(&start(Kind::MariaDb10_5, &[])).await;
}

#[tokio::test]
async fn random_rows_of_mariadb_11_8() {
    check(&start(Kind::MariaDb11_8, &["--log-bin-compress=ON"])).await;
}

async fn check(server: &Server) {
    let seed = seed();
    let mut random = StdRng::seed_from_u64(seed);
    let metadata = if random.random_bool(0.5) { "MINIMAL" } else { "FULL" };
    let metadata = if server.kind() == Kind::MySql5_6 {
        String::new()
    } else {
        format!("SET GLOBAL binlog_row_metadata = {metadata};")
    };
    let mut script = format!(
        "{metadata} SET NAMES utf8mb4; SET time_zone = '+00:00';
         CREATE DATABASE random CHARACTER SET utf8mb4; USE random;\n"
    );
    for table in 0..TABLES {
        script.push_str(&fill(&mut random, server.kind(), table));
    }
    // What a server refuses (rows that are too wide, say) is left out.
    server.client().option("--force").try_run(&script).ok();

    let catalog = gathered(server, "random").await;
    assert!(catalog.tables.len() > TABLES / 2, "seed {seed}: only {} tables", catalog.tables.len());
    let mut history = History::of(server);
    history.apply(&log::row_events(server), &catalog);
    let mut session = reader(server).await;
    let mut rows = 0;
    for (name, table) in &catalog.tables {
        let selected = history::selected(server.kind(), &mut session, table).await;
        rows += selected.len();
        let logged = history.tables.remove(name).unwrap_or_default();
        assert_same(table, &format!("with seed {seed}"), &logged, &selected);
    }
    assert!(rows > TABLES * 10, "seed {seed}: only {rows} rows");
}

/// The statements that make, fill and change a table.
fn fill(random: &mut StdRng, kind: Kind, table: usize) -> String {
    let shapes = shapes(kind);
    let columns: Vec<&Shape> =
        (0..random.random_range(1..12)).map(|_| shapes.choose(random).unwrap()).collect();
    let mut definition = vec!["id INT NOT NULL PRIMARY KEY".to_owned()];
    let mut targets = Vec::new();
    for (at, shape) in columns.iter().enumerate() {
        if random.random_bool(0.1) && kind != Kind::MySql5_6 {
            let form = if random.random_bool(0.5) { "STORED" } else { "VIRTUAL" };
            definition.push(format!("g{at} BIGINT AS (id * {at}) {form}"));
        }
        let null = if random.random_bool(0.2) { "NOT NULL" } else { "NULL" };
        definition.push(format!("c{at} {} {null}", shape.declare(random)));
        targets.push(format!("c{at}"));
    }
    let targets = targets.join(", ");
    let mut script = format!("CREATE TABLE t{table} ({});\n", definition.join(", "));
    for id in 0..ROWS {
        let values: Vec<String> = columns.iter().map(|shape| shape.value(random)).collect();
        script.push_str(&mode(random));
        script.push_str(&format!(
            "INSERT IGNORE INTO t{table} (id, {targets}) VALUES ({id}, {});\n",
            values.join(", ")
        ));
    }
    for _ in 0..CHANGES {
        let id = random.random_range(0..ROWS);
        let at = random.random_range(0..columns.len());
        script.push_str(&mode(random));
        script.push_str(&match random.random_range(0..6) {
            0 => format!("DELETE FROM t{table} WHERE id = {id};\n"),
            _ => {
                let value = columns[at].change(&format!("c{at}"), random);
                format!("UPDATE IGNORE t{table} SET c{at} = {value} WHERE id >= {id} LIMIT 3;\n")
            }
        });
    }
    script
}

fn mode(random: &mut StdRng) -> String {
    format!("SET sql_mode = '{}';\n", MODES.choose(random).unwrap())
}
