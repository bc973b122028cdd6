//! Trees of foreign keys that change rows by themselves, of which the source's log tells nothing.

use std::io::Write as _;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sealift_lab::{Kind, Options, Pair, Server, unique_schema, wait_until, workload};

use super::{Running, stage};
use crate::folder::Folder;
use crate::offline::{ends_with, folder};
use crate::pairs::mariadb;

/// A chain of three with a table without a key at its end, two parents of one child, a tree in one table, and
/// tables that have nothing to do with them.
const TABLES: &str = "
CREATE TABLE customer (id INT NOT NULL PRIMARY KEY, v INT, UNIQUE KEY by_v (v));
CREATE TABLE agent (id INT NOT NULL PRIMARY KEY, v INT);
CREATE TABLE orders (id INT NOT NULL PRIMARY KEY, customer INT, v INT,
  FOREIGN KEY (customer) REFERENCES customer (id) ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE line (id INT NOT NULL PRIMARY KEY, orders INT, agent INT, v INT,
  FOREIGN KEY (orders) REFERENCES orders (id) ON DELETE CASCADE ON UPDATE CASCADE,
  FOREIGN KEY (agent) REFERENCES agent (id) ON DELETE SET NULL ON UPDATE SET NULL);
CREATE TABLE note (line INT, t VARCHAR(20), FOREIGN KEY (line) REFERENCES line (id) ON DELETE CASCADE);
CREATE TABLE node (id INT NOT NULL PRIMARY KEY, up INT, v INT,
  FOREIGN KEY (up) REFERENCES node (id) ON DELETE CASCADE);
CREATE TABLE alone (id INT NOT NULL PRIMARY KEY, v INT, KEY by_v (v));
";

const BY_RECURSION: &str = "
SET cte_max_recursion_depth = 100000;
INSERT INTO alone WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM s WHERE n < 20000)
  SELECT n, n FROM s;
";

/// The same for a server that knows no recursion.
const BY_DOUBLING: &str = "
CREATE TABLE digit (d INT NOT NULL PRIMARY KEY);
INSERT INTO digit VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
INSERT INTO alone SELECT n, n FROM
  (SELECT 1 + a.d + 10 * b.d + 100 * c.d + 1000 * d.d + 10000 * e.d AS n
   FROM digit a, digit b, digit c, digit d, digit e WHERE e.d < 2) numbers;
DROP TABLE digit;
";

const ROWS: &str = "
INSERT INTO customer SELECT id, id FROM alone WHERE id <= 300;
INSERT INTO agent SELECT id, id FROM alone WHERE id <= 40;
INSERT INTO orders SELECT id, 1 + id % 300, id FROM alone WHERE id <= 1500;
INSERT INTO line SELECT id, 1 + id % 1500, 1 + id % 40, id FROM alone WHERE id <= 6000;
INSERT INTO note SELECT 1 + id % 6000, 'a note' FROM alone WHERE id <= 8000;
INSERT INTO node SELECT id, NULLIF(id DIV 5, 0), id FROM alone WHERE id <= 2000 ORDER BY id;
";

/// Each table's rows, in an order of their own.
const QUERIES: [&str; 7] = [
    "SELECT * FROM customer ORDER BY id",
    "SELECT * FROM agent ORDER BY id",
    "SELECT * FROM orders ORDER BY id",
    "SELECT * FROM line ORDER BY id",
    "SELECT * FROM note ORDER BY line, t",
    "SELECT * FROM node ORDER BY id",
    "SELECT * FROM alone ORDER BY id",
];

fn schema(source: &Server) -> String {
    let schema = unique_schema("family");
    let first = if source.kind() == Kind::MySql5_6 { BY_DOUBLING } else { BY_RECURSION };
    let mut script = format!("CREATE DATABASE {schema}; USE {schema}; {TABLES} {first} {ROWS}");
    if source.kind().is_mariadb() {
        script = script.replace("cte_max_recursion_depth", "max_recursive_iterations");
    }
    source.sql(script);
    schema
}

/// An application that writes to these tables until it is dropped.
struct Writer {
    stop: Arc<AtomicBool>,
    rounds: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    fn start(server: &Server, schema: &str) -> Self {
        let (stop, rounds) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let mut client = server.client().schema(schema);
        if server.kind() == Kind::MySql5_6 {
            // Its IGNORE ignores no foreign key.
            client = client.option("--force");
        }
        let mut client = client.command();
        client.stdin(Stdio::piped()).stdout(Stdio::null());
        let (stopping, counting) = (Arc::clone(&stop), Arc::clone(&rounds));
        let mut random = StdRng::seed_from_u64(workload::seed());
        let thread = std::thread::spawn(move || {
            while !stopping.load(Ordering::SeqCst) {
                let transactions: String = (0..30).map(|_| transaction(&mut random)).collect();
                let mut running = client.spawn().unwrap();
                // Dropped when it is written, which ends the script.
                running.stdin.take().unwrap().write_all(transactions.as_bytes()).unwrap();
                assert!(running.wait().unwrap().success(), "the source refused a statement");
                counting.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { stop, rounds, thread: Some(thread) }
    }

    fn rounds(&self) -> u64 {
        self.rounds.load(Ordering::SeqCst)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let written = self.thread.take().is_none_or(|thread| thread.join().is_ok());
        assert!(std::thread::panicking() || written, "the application failed");
    }
}

fn transaction(random: &mut StdRng) -> String {
    let count = random.random_range(1..4);
    let statements: String = (0..count).map(|_| statement(random)).collect();
    let end = if random.random_ratio(1, 20) { "ROLLBACK" } else { "COMMIT" };
    format!("BEGIN; {statements} {end};\n")
}

fn statement(random: &mut StdRng) -> String {
    let customer = random.random_range(1..=300);
    let order = random.random_range(1..=1500);
    let line = random.random_range(1..=6000);
    let agent = random.random_range(1..=40);
    let node = random.random_range(1..=2000);
    let any: u32 = random.random_range(0..1_000_000);
    let new_customer = format!("INSERT IGNORE INTO customer VALUES ({customer}, {any});");
    let new_order = format!("INSERT IGNORE INTO orders VALUES ({order}, {customer}, {any});");
    match random.random_range(0..18) {
        0 => format!("DELETE FROM customer WHERE id = {customer}; {new_customer} {new_order}"),
        1 => format!("REPLACE INTO customer VALUES ({customer}, {any}); {new_order}"),
        // Keys move away and back, and what refers to them with them.
        2 => format!("UPDATE IGNORE customer SET id = id + 1000 WHERE id = {customer};"),
        3 => format!("UPDATE IGNORE customer SET id = id - 1000 WHERE id = {customer} + 1000;"),
        4 => format!("UPDATE customer SET v = -{any} WHERE id = {customer};"),
        5 => format!("DELETE FROM orders WHERE id = {order};"),
        6 => format!("UPDATE IGNORE orders SET id = id + 10000 WHERE id = {order};"),
        7 => {
            format!("UPDATE IGNORE orders SET customer = {customer}, v = {any} WHERE id = {order};")
        }
        8 => format!(
            "DELETE FROM agent WHERE id = {agent}; INSERT IGNORE INTO agent VALUES ({agent}, {any});"
        ),
        9 => format!(
            "{new_customer} {new_order} INSERT IGNORE INTO line VALUES ({line}, {order}, {agent}, {any});"
        ),
        10 => format!(
            "UPDATE IGNORE line SET agent = {agent}, v = {any} WHERE id BETWEEN {line} AND {line} + 3;"
        ),
        11 => format!(
            "INSERT IGNORE INTO note VALUES ({line}, 'again'); DELETE FROM note WHERE line = {line} LIMIT 1;"
        ),
        12 => format!("UPDATE note SET t = 'other {any}' WHERE line = {line};"),
        13 => format!("DELETE FROM node WHERE id = {node} AND id > 60;"),
        14 => format!("INSERT IGNORE INTO node VALUES ({node}, {node} DIV 5, {any});"),
        // Children without a parent: nobody asked the keys.
        15 => format!(
            "SET foreign_key_checks=0; DELETE FROM customer WHERE id = {customer}; \
             UPDATE orders SET customer = {customer} WHERE id = {order}; SET foreign_key_checks=1;"
        ),
        16 => format!(
            "DELETE o, l FROM orders o JOIN line l ON l.orders = o.id WHERE o.id = {order};"
        ),
        _ => format!("UPDATE alone SET v = {any} WHERE id = {line};"),
    }
}

fn assert_same(pair: &Pair, schema: &str) {
    for query in QUERIES {
        let sql = format!("USE {schema}; {query}");
        assert_eq!(pair.source.sql(&sql), pair.target.sql(&sql), "{query}");
    }
}

/// Killed while a family is copied, before its keys are there, and while its changes are made.
pub(super) fn killed_again_and_again(pair: &Pair) {
    let schema = schema(&pair.source);
    let folder = folder(&pair.source, &pair.target, &[&schema], "[copy]\nworkers = 2\n");
    let writer = Writer::start(&pair.source, &schema);
    for point in ["chunk-loaded:2", "chunk-committed:3", "table-copied:2"] {
        folder.killed_at(&["run"], point);
    }
    // It is copied again when all families are there and change.
    pair.source.sql(format!("ALTER TABLE {schema}.alone ADD w INT DEFAULT 7"));
    folder.killed_at(&["run"], "copied");
    for _life in 0..2 {
        let running = Running::start(&folder);
        follows(&folder, &writer);
        running.kill();
    }
    drop(writer);
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    assert_same(pair, &schema);
    ends_with(0, &folder.sealift(&["verify"]));
}

fn follows(folder: &Folder, writer: &Writer) {
    wait_until("changes are followed", || (stage(folder) == "following").then_some(()));
    let so_far = writer.rounds();
    wait_until("the application goes on", || (writer.rounds() > so_far + 2).then_some(()));
}

#[test]
fn what_foreign_keys_change_on_a_mariadb_is_repeated() {
    killed_again_and_again(&mariadb());
}

#[test]
fn what_foreign_keys_change_on_an_old_mysql_is_repeated() {
    let source = Options::mysql().arg("--innodb-native-foreign-keys=ON");
    killed_again_and_again(&Pair::start(source, Options::azure_target()).unwrap());
}
