//! An application that writes all the time: key changes, swaps of unique values, rows that come and go, rows
//! without a key, now and then a large transaction.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sealift_lab::Server;

/// The tables it writes to.
pub(crate) const TABLES: &str = "
CREATE TABLE hot (id INT NOT NULL PRIMARY KEY, u INT NOT NULL, v VARCHAR(40), d DECIMAL(10,2), j JSON,
  at TIMESTAMP(3) NULL, UNIQUE KEY by_u (u), KEY by_v (v));
CREATE TABLE worded (w VARCHAR(30) COLLATE utf8mb4_0900_ai_ci NOT NULL PRIMARY KEY, n INT NOT NULL);
CREATE TABLE bag (a INT, b VARCHAR(40), f FLOAT);
CREATE TABLE parent (id INT NOT NULL PRIMARY KEY, v INT);
CREATE TABLE child (id INT NOT NULL PRIMARY KEY, parent INT, FOREIGN KEY (parent) REFERENCES parent (id)
  ON DELETE CASCADE);
";

/// Rows there are from the beginning.
pub(crate) const ROWS: &str = "
SET cte_max_recursion_depth = 100000;
INSERT INTO hot WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM s WHERE n < 20000)
  SELECT n, n, REPEAT('v', n % 40), n / 4, JSON_OBJECT('n', n), '2026-01-01' FROM s;
INSERT INTO worded SELECT CONCAT('Word', id), id FROM hot WHERE id <= 3000;
INSERT INTO bag SELECT id % 500, v, id / 3 FROM hot WHERE id <= 3000;
INSERT INTO parent SELECT id, id FROM hot WHERE id <= 500;
INSERT INTO child SELECT id, 1 + id % 500 FROM hot WHERE id <= 2000;
";

/// Keys come from this range: small enough for rows to change often.
const KEYS: i64 = 20_000;

/// A running application. Dropping it stops it.
pub(crate) struct Churn {
    stop: Arc<AtomicBool>,
    rounds: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Churn {
    /// Starts to write to a schema.
    pub(crate) fn start(server: &Server, schema: &str, seed: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let rounds = Arc::new(AtomicU64::new(0));
        let mut client = server.client().schema(schema).command();
        client.stdin(Stdio::piped()).stdout(Stdio::null());
        let (stopping, counting) = (Arc::clone(&stop), Arc::clone(&rounds));
        let thread = std::thread::spawn(move || {
            let mut random = StdRng::seed_from_u64(seed);
            while !stopping.load(Ordering::SeqCst) {
                let mut running = client.spawn().unwrap();
                // Dropped when it is written, which ends the script.
                running.stdin.take().unwrap().write_all(round(&mut random).as_bytes()).unwrap();
                assert!(running.wait().unwrap().success(), "a statement of seed {seed} failed");
                counting.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { stop, rounds, thread: Some(thread) }
    }

    /// Rounds of some dozen transactions written so far.
    pub(crate) fn rounds(&self) -> u64 {
        self.rounds.load(Ordering::SeqCst)
    }
}

impl Drop for Churn {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let joined = thread.join();
            assert!(std::thread::panicking() || joined.is_ok(), "the application failed");
        }
    }
}

fn round(random: &mut StdRng) -> String {
    let mut script = String::new();
    for _transaction in 0..30 {
        script.push_str("BEGIN;\n");
        for _statement in 0..random.random_range(1..4) {
            // Writing to a string cannot fail.
            let _infallible = writeln!(script, "{}", statement(random));
        }
        script.push_str(if random.random_ratio(1, 20) { "ROLLBACK;\n" } else { "COMMIT;\n" });
    }
    script
}

fn statement(random: &mut StdRng) -> String {
    let key = random.random_range(1..=KEYS);
    let other = random.random_range(1..=KEYS);
    let far = KEYS + random.random_range(1..=500);
    match random.random_range(0..13) {
        0 => {
            format!("INSERT IGNORE INTO hot VALUES ({far}, -{far}, 'new', 1.5, '[1, 2.5]', NULL);")
        }
        1 => format!("DELETE FROM hot WHERE id = {far};"),
        2 => format!("UPDATE hot SET v = 'changed {other}', d = d + 0.01 WHERE id = {key};"),
        3 => {
            format!("UPDATE hot SET j = JSON_SET(j, '$.x', {other}), at = NOW(3) WHERE id = {key};")
        }
        // Two rows take each other's unique value.
        4 => format!(
            "SET @a = (SELECT u FROM hot WHERE id = {key}), @b = (SELECT u FROM hot WHERE id = {other}); \
             UPDATE hot SET u = 9000000 WHERE id = {key} AND {key} <> {other} AND @b IS NOT NULL; \
             UPDATE hot SET u = @a WHERE id = {other} AND {key} <> {other} AND @a IS NOT NULL; \
             UPDATE hot SET u = @b WHERE id = {key} AND {key} <> {other} AND @b IS NOT NULL \
               AND @a IS NOT NULL; \
             UPDATE hot SET u = 9000001 + id WHERE u = 9000000;"
        ),
        // A row takes another key.
        5 => format!("UPDATE IGNORE hot SET id = {far} WHERE id = {key};"),
        6 => format!("UPDATE IGNORE hot SET id = {key} WHERE id = {far};"),
        // The same key to the collation, other bytes.
        7 => format!("UPDATE worded SET w = UPPER(w) WHERE w = 'word{}';", key % 3000),
        8 => format!(
            "DELETE FROM worded WHERE w = 'WORD{0}'; INSERT INTO worded VALUES ('wörd{0}', {key});",
            key % 3000
        ),
        9 => format!("INSERT INTO bag VALUES ({}, 'again', {key} / 7);", key % 500),
        10 => format!("UPDATE bag SET b = 'other' WHERE a = {} LIMIT 1;", key % 500),
        11 => format!("DELETE FROM bag WHERE a = {} LIMIT 1;", key % 500),
        _ => format!(
            "DELETE FROM parent WHERE id = {0}; INSERT INTO parent VALUES ({0}, {key}); \
             INSERT IGNORE INTO child VALUES ({1}, {0});",
            1 + key % 500,
            1 + other % 3000
        ),
    }
}
