//! A seeded writer that keeps changing some tables until it is told to stop, and knows what the server acknowledged.

use std::io::{BufRead, BufReader, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::server::Server;

/// Tables of the writer: `written_0` and so on.
const TABLES: u32 = 3;
/// Keys are drawn from this range: small enough for the same row to change often.
const KEYS: u32 = 2_000;

/// A running writer. Dropping it stops it.
#[derive(Debug)]
pub struct Writer {
    seed: u64,
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicU64>,
    thread: Option<JoinHandle<Written>>,
}

/// What a writer has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Transactions the server has acknowledged.
    pub acknowledged: u64,
    /// Transactions sent whose outcome is unknown: one at most, when the server or the connection went away.
    pub unknown: u64,
}

impl Writer {
    /// Creates the writer's tables in `schema` and starts to change them. Each transaction also adds to
    /// `written_total.transactions`, so that acknowledged and stored work can be compared.
    ///
    /// # Panics
    /// When the server refuses the tables.
    pub fn start(server: &Server, schema: &str, seed: u64) -> Self {
        server.sql(format!(
            "CREATE DATABASE IF NOT EXISTS `{schema}`; USE `{schema}`;\n{}",
            tables()
        ));
        Self::resume(server, schema, seed)
    }

    /// Goes on with tables that are there already, for instance after the server was killed.
    pub fn resume(server: &Server, schema: &str, seed: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let acknowledged = Arc::new(AtomicU64::new(0));
        let command = server.client().schema(schema).command();
        let (stopping, counting) = (Arc::clone(&stop), Arc::clone(&acknowledged));
        let thread = std::thread::spawn(move || write(command, seed, &stopping, &counting));
        Self { seed, stop, acknowledged, thread: Some(thread) }
    }

    /// Transactions acknowledged so far.
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::SeqCst)
    }

    /// The seed, for the message of a failing test.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Stops after the transaction at hand.
    pub fn stop(mut self) -> Written {
        self.finish().expect("it has not been stopped before")
    }

    fn finish(&mut self) -> Option<Written> {
        self.stop.store(true, Ordering::SeqCst);
        let thread = self.thread.take()?;
        Some(thread.join().unwrap_or_else(|_| panic!("the writer of seed {} panicked", self.seed)))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn tables() -> String {
    let mut script = String::from(
        "CREATE TABLE written_total (id INT NOT NULL PRIMARY KEY, transactions BIGINT NOT NULL);\n\
         INSERT INTO written_total VALUES (1, 0);\n",
    );
    for n in 0..TABLES {
        script.push_str(&format!(
            "CREATE TABLE written_{n} (id INT NOT NULL PRIMARY KEY, v VARCHAR(60), n BIGINT NOT NULL DEFAULT 0, \
             b VARBINARY(40), changed TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) \
             ON UPDATE CURRENT_TIMESTAMP(6), KEY by_v (v));\n"
        ));
    }
    script
}

/// Sends one transaction after the other, each when the one before is acknowledged.
fn write(
    mut command: std::process::Command,
    seed: u64,
    stop: &AtomicBool,
    counted: &AtomicU64,
) -> Written {
    let mut client = command.spawn().expect("the client runs");
    let mut pipe = client.stdin.take().expect("it is piped");
    let mut answers = BufReader::new(client.stdout.take().expect("it is piped")).lines();
    let mut draw = StdRng::seed_from_u64(seed);
    let mut unknown = 0;
    for number in 1_u64.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        // The answer to the SELECT comes only after the COMMIT's: it is the acknowledgement.
        let sent = writeln!(pipe, "{}SELECT {number};", transaction(&mut draw))
            .and_then(|()| pipe.flush());
        let answer = sent.ok().and_then(|()| answers.next()?.ok());
        if answer.as_deref() != Some(number.to_string().as_str()) {
            unknown = 1;
            break;
        }
        counted.store(number, Ordering::SeqCst);
    }
    drop(pipe);
    let _ = client.wait();
    Written { acknowledged: counted.load(Ordering::SeqCst), unknown }
}

/// A transaction of a few statements, some of which move a row to another key or are rolled back in part.
fn transaction(draw: &mut StdRng) -> String {
    let mut script = String::from("BEGIN;\n");
    for _ in 0..draw.random_range(1..5) {
        let (table, key, other) =
            (draw.random_range(0..TABLES), draw.random_range(0..KEYS), draw.random_range(0..KEYS));
        let text = format!("{:x} é'' 😀", draw.random::<u32>());
        script.push_str(&match draw.random_range(0..10) {
            0..4 => format!(
                "INSERT INTO written_{table} (id, v, b) VALUES ({key}, '{text}', x'{:08X}00') \
                 ON DUPLICATE KEY UPDATE n = n + 1, v = '{text}';\n",
                draw.random::<u32>()
            ),
            4..7 => format!("UPDATE written_{table} SET n = n + {other}, v = NULL WHERE id BETWEEN {key} AND {key} + 5;\n"),
            7 => format!("UPDATE IGNORE written_{table} SET id = {other} WHERE id = {key};\n"),
            8 => format!("SAVEPOINT s; DELETE FROM written_{table} WHERE id < 100; ROLLBACK TO s;\n"),
            _ => format!("DELETE FROM written_{table} WHERE id = {key};\n"),
        });
    }
    script.push_str(
        "UPDATE written_total SET transactions = transactions + 1 WHERE id = 1;\nCOMMIT;\n",
    );
    script
}
