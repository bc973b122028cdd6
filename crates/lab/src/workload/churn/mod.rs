//! An application that writes all the time: key changes, swaps of unique values, rows that come and go, trees of
//! foreign keys, rows without a key, huge transactions, definitions beside the migrated schema.

mod tables;
mod statements;
mod distributed;
mod typed;
mod definitions;
mod ways;

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IteratorRandom;
use rand::{Rng, SeedableRng};

use definitions::FOUND_OTHERWISE;
pub use definitions::{BESIDE, Definition};
use distributed::Distributed;
pub use tables::{EVERYDAY, create, create_everything};
use typed::Typed;
use ways::{Side, Ways};
pub use ways::{Sides, admit_to_both};

use crate::server::{Kind, Server};
use crate::wait::{wait_until, wait_until_within};
use crate::workload::every_type;

/// How long a writer rests after each round while it is at ease.
const EASE: Duration = Duration::from_millis(500);

/// Transactions a client writes before it logs out.
const TRANSACTIONS: u64 = 30;

/// What an application does beside the everyday.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Appetite {
    everything: bool,
    distributed: bool,
    definitions: Vec<Definition>,
    writers: u64,
    disturbed: bool,
    beside_releases: bool,
    changes_own_definitions: bool,
}

impl Appetite {
    /// Huge transactions and values of all types besides; several writers, which get into each other's way.
    pub fn everything(writers: u64) -> Self {
        Self { everything: true, writers, ..Self::default() }
    }

    /// Changes definitions now and then, too.
    pub fn and_definitions(self, kinds: &[Definition]) -> Self {
        let changes_own_definitions = kinds.iter().any(|kind| Definition::INSIDE.contains(kind));
        Self { definitions: kinds.to_vec(), changes_own_definitions, ..self }
    }

    /// Distributed transactions too, where the server's log carries them; some are left prepared for a later session.
    pub fn and_distributed(self) -> Self {
        Self { distributed: true, ..self }
    }

    /// The server may go away and come back: that fails no test.
    pub fn among_disturbances(self) -> Self {
        Self { disturbed: true, ..self }
    }
}

/// A running application. Dropping it stops it.
#[derive(Debug)]
pub struct Churn {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    paused: AtomicBool,
    /// No definition of what is migrated is changed, and there are pauses.
    at_ease: AtomicBool,
    resting: AtomicU64,
    rounds: AtomicU64,
    interrupted: AtomicU64,
    definitions: AtomicU64,
    left_prepared: AtomicU64,
    failure: Mutex<Option<String>>,
}

impl Churn {
    /// Starts to write the everyday to the tables of [`create`], by one writer, whose every statement is obeyed.
    pub fn start(server: &Server, schema: &str, seed: u64) -> Self {
        Self::hungry(server, schema, seed, &Appetite { writers: 1, ..Appetite::default() })
    }

    /// Starts to write the everyday while somebody changes the definitions of its tables: a transaction that meets
    /// such a change fails, and the next goes on.
    pub fn beside_releases(server: &Server, schema: &str, seed: u64) -> Self {
        let appetite = Appetite { writers: 1, beside_releases: true, ..Appetite::default() };
        Self::hungry(server, schema, seed, &appetite)
    }

    /// Starts to write to the tables of [`create`]. Statements depend on nothing but the seed.
    pub fn hungry(server: &Server, schema: &str, seed: u64, appetite: &Appetite) -> Self {
        let goes_on = appetite.disturbed
            || appetite.distributed
            || appetite.beside_releases
            || appetite.writers > 1
            || server.kind() == Kind::MySql5_6;
        let ways = || Ways::to(server, schema, goes_on);
        Self::writing(server, schema, seed, appetite, ways)
    }

    /// The same on the side that is live, by an account that was [let in](admit_to_both).
    pub fn moving(sides: Sides<'_>, schema: &str, seed: u64, appetite: &Appetite) -> Self {
        Self::writing(sides.source, schema, seed, appetite, || Ways::of(sides, schema))
    }

    fn writing(
        server: &Server,
        schema: &str,
        seed: u64,
        appetite: &Appetite,
        ways: impl Fn() -> Ways,
    ) -> Self {
        let shared = Arc::new(Shared::default());
        let typed = if appetite.everything { typed::tables(server, schema) } else { Vec::new() };
        let mut threads = Vec::new();
        for number in 0..appetite.writers {
            let writer = Writer {
                ways: ways(),
                distributed: Distributed::of(number, server.kind())
                    .filter(|_| appetite.distributed),
                kind: server.kind(),
                schema: schema.to_owned(),
                // Only one changes definitions: two would wait for each other's locks.
                appetite: if number == 0 {
                    appetite.clone()
                } else {
                    Appetite { definitions: Vec::new(), ..appetite.clone() }
                },
                typed: typed.clone(),
                random: StdRng::seed_from_u64(seed.wrapping_add(number)),
                shared: Arc::clone(&shared),
            };
            threads.push(std::thread::spawn(move || writer.work()));
        }
        Self { shared, threads }
    }

    /// Rounds of some dozen transactions written so far.
    pub fn rounds(&self) -> u64 {
        self.shared.rounds.load(Ordering::SeqCst)
    }

    /// Transactions written so far in rounds without trouble, about.
    pub fn transactions(&self) -> u64 {
        self.rounds() * TRANSACTIONS
    }

    /// Rounds that a disturbance broke off.
    pub fn interrupted(&self) -> u64 {
        self.shared.interrupted.load(Ordering::SeqCst)
    }

    /// Definitions changed so far.
    pub fn definitions(&self) -> u64 {
        self.shared.definitions.load(Ordering::SeqCst)
    }

    /// Distributed transactions that were left prepared for another session to end, so far.
    pub fn left_prepared(&self) -> u64 {
        self.shared.left_prepared.load(Ordering::SeqCst)
    }

    /// What the server refused although nothing disturbed it.
    pub fn failure(&self) -> Option<String> {
        self.shared.failure().clone()
    }

    /// Rests once the rounds at hand are written, until [`resume`](Self::resume).
    pub fn pause(&self) {
        self.shared.paused.store(true, Ordering::SeqCst);
        wait_until("the application rests", || {
            let resting = self.shared.resting.load(Ordering::SeqCst);
            (resting >= self.threads.len() as u64 || self.failure().is_some()).then_some(())
        });
    }

    /// Goes on after a [`pause`](Self::pause).
    pub fn resume(&self) {
        self.shared.paused.store(false, Ordering::SeqCst);
    }

    /// Has the definitions of what is migrated rest, and writers now and then, so that somebody can keep up with them
    /// who is disturbed all the time; or has all of it go on as before.
    pub fn at_ease(&self, is: bool) {
        self.pause();
        self.shared.at_ease.store(is, Ordering::SeqCst);
        self.resume();
    }

    /// Stops after the rounds at hand.
    ///
    /// # Errors
    /// What the server refused although nothing disturbed it.
    pub fn stop(mut self) -> Result<(), String> {
        self.finish();
        self.failure().map_or(Ok(()), Err)
    }

    fn finish(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                self.shared.fail("the application panicked".to_owned());
            }
        }
    }
}

impl Drop for Churn {
    fn drop(&mut self) {
        if self.threads.is_empty() {
            // It was stopped, and its failure told.
            return;
        }
        self.finish();
        let failure = self.failure();
        assert!(
            std::thread::panicking() || failure.is_none(),
            "the application failed: {failure:?}"
        );
    }
}

impl Shared {
    fn failure(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fail(&self, why: String) {
        self.failure().get_or_insert(why);
        self.stop.store(true, Ordering::SeqCst);
    }
}

/// One of the application's threads.
struct Writer {
    ways: Ways,
    distributed: Option<Distributed>,
    kind: Kind,
    schema: String,
    appetite: Appetite,
    typed: Vec<Typed>,
    random: StdRng,
    shared: Arc<Shared>,
}

impl Writer {
    fn work(mut self) {
        while !self.shared.stop.load(Ordering::SeqCst) {
            self.rest();
            if self.shared.at_ease.load(Ordering::SeqCst) {
                let stop = || self.shared.stop.load(Ordering::SeqCst).then_some(());
                wait_until_within(EASE, stop);
                self.end_distributed_elsewhere();
            }
            let script = self.round();
            match self.send(&script) {
                Ok(()) => {
                    self.shared.rounds.fetch_add(1, Ordering::SeqCst);
                }
                Err(said) if self.appetite.disturbed && of_disturbance(&said) => {
                    self.shared.interrupted.fetch_add(1, Ordering::SeqCst);
                    let stop = || self.shared.stop.load(Ordering::SeqCst).then_some(());
                    wait_until_within(Duration::from_millis(100), stop);
                }
                Err(said) => self.shared.fail(format!("the server refused a statement: {said}")),
            }
        }
        self.end_distributed();
    }

    fn rest(&mut self) {
        if !self.shared.paused.load(Ordering::SeqCst) {
            return;
        }
        self.end_distributed();
        self.shared.resting.fetch_add(1, Ordering::SeqCst);
        let goes_on = || {
            let paused = self.shared.paused.load(Ordering::SeqCst);
            (!paused || self.shared.stop.load(Ordering::SeqCst)).then_some(())
        };
        while wait_until_within(Duration::from_secs(60), goes_on).is_none() {}
        self.shared.resting.fetch_sub(1, Ordering::SeqCst);
    }

    /// Ends what is left prepared on either side: it would keep its locks while everything rests.
    fn end_distributed(&mut self) {
        let Some(distributed) = self.distributed.clone() else { return };
        for side in [Side::Live, Side::Other] {
            wait_until_within(Duration::from_secs(60), || {
                let end = distributed.end_all(&mut self.random) + &distributed.probe();
                let is_taken = |line: &String| line.starts_with(Distributed::NAME_TAKEN);
                let ended = self.refusals(side, &end).is_ok_and(|lines| {
                    !lines.iter().any(|line| is_taken(line) || !self.is_everyday(line))
                });
                (ended || self.shared.stop.load(Ordering::SeqCst)).then_some(())
            });
        }
    }

    /// Ends what was left prepared where the live side was before.
    fn end_distributed_elsewhere(&mut self) {
        if let Some(distributed) = self.distributed.clone() {
            let end = distributed.end_all(&mut self.random);
            // It is tried again in the next round.
            let _ = self.refusals(Side::Other, &end);
        }
    }

    /// Sends a script and tells what was refused but for what happens to every application among others.
    fn send(&mut self, script: &str) -> Result<(), String> {
        let mut refused = self.refusals(Side::Live, script)?;
        refused.retain(|line| !self.is_everyday(line));
        if refused.is_empty() { Ok(()) } else { Err(refused.join("\n")) }
    }

    /// Sends a script to a side, if there is one, and tells what was refused.
    fn refusals(&mut self, side: Side, script: &str) -> Result<Vec<String>, String> {
        let io = |error: std::io::Error| format!("run the client: {error}");
        let Some(client) = self.ways.reaching(side) else { return Ok(Vec::new()) };
        let mut running = client.spawn().map_err(io)?;
        let mut pipe = running.stdin.take().ok_or("the client has no input")?;
        // A client that ends early says why.
        let _ = pipe.write_all(script.as_bytes());
        drop(pipe);
        let output = running.wait_with_output().map_err(io)?;
        let said = String::from_utf8_lossy(&output.stderr);
        // Between them a client may repeat its statements.
        let errors = said.lines().filter(|line| line.contains("ERROR"));
        Ok(errors.map(str::to_owned).collect())
    }

    /// Whether a message is of trouble that writers make each other.
    fn is_everyday(&self, line: &str) -> bool {
        // Deadlock, lock wait, a definition that is newer than the transaction.
        let codes = ["ERROR 1213 ", "ERROR 1205 ", "ERROR 1412 "];
        let meets_others = self.appetite.writers > 1 || self.appetite.beside_releases;
        let changes_own = self.appetite.changes_own_definitions;
        (meets_others && codes.iter().any(|code| line.starts_with(code)))
            || (changes_own && FOUND_OTHERWISE.iter().any(|code| line.starts_with(code)))
            || (self.kind == Kind::MySql5_6
                && NOT_IGNORED.iter().any(|code| line.starts_with(code)))
            || (self.distributed.is_some()
                && distributed::ENDED.iter().any(|code| line.starts_with(code)))
    }

    /// The statements of a round, drawn from the seed alone.
    fn round(&mut self) -> String {
        let random = &mut self.random;
        let everything = self.appetite.everything;
        let mut script = String::new();
        if let Some(distributed) = &self.distributed {
            script.push_str(&distributed.end_all(random));
        }
        if everything {
            // What the tables of all types were made under.
            script.push_str(every_type::SESSION);
        }
        if everything && self.kind == Kind::MySql && random.random_ratio(1, 3) {
            script.push_str("SET SESSION binlog_transaction_compression = ON;\n");
        }
        for _transaction in 0..TRANSACTIONS {
            if everything && random.random_ratio(1, 3) {
                script.push_str(&typed::statement(random, &self.typed));
                continue;
            }
            let end = if random.random_ratio(1, 20) { "ROLLBACK" } else { "COMMIT" };
            let distributed = self.distributed.as_ref();
            if let Some(whole) = distributed.and_then(|some| some.transaction(random, end)) {
                script.push_str(&whole);
                continue;
            }
            script.push_str("BEGIN;\n");
            for _statement in 0..random.random_range(1..4) {
                script.push_str(&statements::statement(random, self.kind));
                script.push('\n');
            }
            if everything && random.random_ratio(1, 400) {
                script.push_str(&statements::huge(random));
            }
            script.push_str(&format!("{end};\n"));
        }
        if let Some(distributed) = &self.distributed {
            // Its session may have been there still when this round began, and definitions would wait for it.
            script.push_str(&distributed.end_all(random));
        }
        for sort in [Definition::OUTSIDE, Definition::INSIDE] {
            let kinds = self.appetite.definitions.iter().filter(|kind| sort.contains(kind));
            let Some(kind) = kinds.choose(random) else { continue };
            let rests = sort == Definition::INSIDE && self.shared.at_ease.load(Ordering::SeqCst);
            if random.random_ratio(1, kind.rarity()) && !rests {
                script.push_str(&kind.script(random, &self.schema, self.kind));
                self.shared.definitions.fetch_add(1, Ordering::SeqCst);
            }
        }
        let distributed = self.distributed.as_ref();
        if let Some(left) = distributed.and_then(|some| some.left_prepared(random)) {
            script.push_str(&left);
            self.shared.left_prepared.fetch_add(1, Ordering::SeqCst);
        }
        script
    }
}

/// Foreign keys, which `IGNORE` is nothing to in MySQL 5.6.
const NOT_IGNORED: [&str; 2] = ["ERROR 1451 ", "ERROR 1452 "];

/// Whether a client says that its server went away: it is being restarted, or connections are being cut.
fn of_disturbance(said: &str) -> bool {
    // Nobody listens, gone away, lost in a handshake or after, shutting down, interrupted, aborted; it takes no writes.
    const CODES: [&str; 11] =
        ["2002", "2003", "2006", "2013", "2026", "1053", "1317", "1927", "3169", "4031", "1290"];
    let code = |line: &str| {
        CODES.iter().any(|code| line.starts_with("ERROR ") && line[6..].starts_with(code))
    };
    said.lines().all(code)
}
