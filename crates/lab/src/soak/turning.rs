//! Cutovers and rollbacks while everything breaks. The application goes where the live side is, and keeps a ledger of
//! what was acknowledged to it.

use std::time::{Duration, Instant};

use rand::Rng;

use super::lives::{Life, Place, Turned};
use super::storm::Storm;
use super::{SCHEMA, Soak, judge};
use crate::server::{Kind, Options};
use crate::wait::wait_until_within;
use crate::workload::churn::{self, Sides};
use crate::workload::clients::{
    self, Clients, MARIADB_SOURCE_GRANTS, MYSQL_5_6_SOURCE_GRANTS, Manner, SOURCE_GRANTS,
};
use crate::workload::every_type;

/// The schema of the application's ledger.
pub(super) const LEDGER: &str = "ledgered";
/// Clients that keep it.
const CLIENTS: usize = 2;
/// How long each of them rests between two writes.
const REST: Duration = Duration::from_millis(20);
/// How long a run in a storm may take until it could be asked to turn.
const READY_PATIENCE: Duration = Duration::from_secs(20);
/// How long a turn is waited for in a storm; then it is asked again, or ends by itself.
const TURN_PATIENCE: Duration = Duration::from_secs(20);
/// How long a turn may take once everything is calm.
const CALM_TURN_PATIENCE: Duration = Duration::from_secs(120);
/// How many clients' writes show that the application goes on.
const WRITES: u64 = 20;

/// A source that may be left and come back, restarts included.
pub(super) fn source(kind: Kind) -> Options {
    Options::source(kind).arg("--log-bin-trust-function-creators=ON").arg("--event-scheduler=ON")
}

/// Whether rows of a table of types go back exactly (`docs/cutover.md`), and the target takes its script.
pub(super) fn goes_back(kind: Kind, table: &str) -> bool {
    // Types and options that only a MariaDB has; its own word for a reference system; `-0.0` (`docs/limits.md`).
    let stays = table.starts_with("mariadb") || ["geometry_indexed", "floats"].contains(&table);
    !(kind.is_mariadb() && stays)
}

/// Lets the application in on both sides, and sealift raise fences on the source.
pub(super) fn admit(sides: Sides<'_>, schema: &str, types: &[every_type::Table]) {
    sides.source.sql(match sides.source.kind() {
        Kind::MySql5_6 => MYSQL_5_6_SOURCE_GRANTS,
        Kind::MySql => SOURCE_GRANTS,
        Kind::MariaDb10_5 | Kind::MariaDb10_11 | Kind::MariaDb11_8 => MARIADB_SOURCE_GRANTS,
    });
    churn::admit_to_both(sides, schema, types);
}

/// Makes the ledger anew and begins to write to it.
pub(super) fn clients(storm: &Storm, place: &Place) -> Clients {
    let (source, target) = (storm.source(), storm.target());
    for server in [source, target] {
        server.sql(format!("DROP DATABASE IF EXISTS {LEDGER}"));
    }
    clients::create(source, target, LEDGER);
    // At the end everything rests.
    source.sql(format!("DROP EVENT {LEDGER}.tick"));
    let manner = Manner { besides: "", rest: REST };
    Clients::start_in((source, target), LEDGER, &place.router(), CLIENTS, manner)
}

impl Soak<'_> {
    /// Turns again and again in a storm, there and back once it is calm; both sides are equal whichever is live.
    pub(super) fn turn_and_judge(&mut self, clients: Clients) -> Result<(), String> {
        // Definitions are not carried from the first cutover on.
        self.churn.at_ease(true);
        self.catch_up()?;
        let begun = Instant::now();
        while begun.elapsed() < self.options.storm {
            self.turning_life()?;
        }
        self.calm()?;
        self.catch_up()?;
        if !self.place.is_turned() {
            self.turn_in_calm()?;
        }
        self.ledger_goes_on(&clients)?;
        self.application_goes_on()?;
        self.same_at_rest()?;
        self.turn_in_calm()?;
        self.ledger_goes_on(&clients)?;
        self.application_goes_on()?;
        let (acknowledged, _refused) = clients.finish();
        self.catch_up_at_rest()?;
        self.judge_ledger(&acknowledged)?;
        self.until_done(&["finish", "--yes", "--json"])?;
        self.churn.at_ease(false);
        Ok(())
    }

    /// Both sides are equal, but for the ledger, which is written to.
    fn same_at_rest(&mut self) -> Result<(), String> {
        self.churn.pause();
        let caught_up = self.catch_up();
        let (source, target) = (self.storm.source(), self.storm.target());
        let same = caught_up.and_then(|()| judge::same(source, target, SCHEMA));
        self.churn.resume();
        same
    }

    /// A process of sealift that is asked to turn, while something may happen to it.
    fn turning_life(&mut self) -> Result<(), String> {
        let mut run = self.place.live(&["run", "--json"])?;
        self.tally.lives += 1;
        self.wait_until_ready(&mut run, READY_PATIENCE);
        let mut turn = self.ask()?;
        for _disturbance in 0..self.random.random_range(0..3) {
            let pause = Duration::from_millis(self.random.random_range(0..1_500));
            wait_until_within(pause, || turn.has_ended().then_some(()));
            self.storm.strike(&mut self.tally)?;
            self.place.note(self.storm.last());
        }
        if self.random.random_ratio(1, 3) {
            let pause = Duration::from_millis(self.random.random_range(0..1_500));
            wait_until_within(pause, || turn.has_ended().then_some(()));
            self.place.note("killed while it was to turn");
            self.tally.killed += 1;
            run.end()?;
        } else {
            self.storm.let_pass();
            wait_until_within(TURN_PATIENCE, || turn.has_ended().then_some(()));
            if run.has_ended() {
                self.tally.gave_up += 1;
                run.end()?;
            } else {
                self.tally.interrupted += 1;
                run.interrupt()?;
            }
        }
        self.count(turn)?;
        self.failed_application()
    }

    /// Asks for a turn to the side that is not live.
    fn ask(&mut self) -> Result<Life, String> {
        let wish = if self.place.is_turned() { "rollback" } else { "cutover" };
        self.place.live(&[wish, "--yes", "--json"])
    }

    fn count(&mut self, turn: Life) -> Result<Turned, String> {
        let turned = turn.turned()?;
        self.place.note(&format!("turn: {turned:?}"));
        match turned {
            Turned::Made => self.tally.turns += 1,
            Turned::InVain => self.tally.turns_in_vain += 1,
        }
        Ok(turned)
    }

    /// A turn that nothing stands in the way of but what the application has left open.
    fn turn_in_calm(&mut self) -> Result<(), String> {
        let mut run = self.place.live(&["run", "--json"])?;
        let begun = Instant::now();
        self.wait_until_ready(&mut run, CALM_TURN_PATIENCE);
        loop {
            let mut turn = self.ask()?;
            wait_until_within(CALM_TURN_PATIENCE, || turn.has_ended().then_some(()));
            if self.count(turn)? == Turned::Made {
                break;
            }
            if begun.elapsed() > CALM_TURN_PATIENCE {
                return Err("it could not be turned although everything was calm".to_owned());
            }
        }
        run.interrupt()
    }

    /// Waits until the run could be asked to turn, or has ended.
    fn wait_until_ready(&self, run: &mut Life, patience: Duration) {
        let ready =
            ["following: ready to cut over", "following the target back: ready to roll back"];
        wait_until_within(patience, || {
            let status = self.place.status();
            (run.has_ended() || ready.iter().any(|doing| status.contains(doing))).then_some(())
        });
    }

    /// The side that is live takes the clients' writes.
    fn ledger_goes_on(&self, clients: &Clients) -> Result<(), String> {
        let so_far = clients.acknowledged();
        let went_on = || (clients.acknowledged() > so_far + WRITES).then_some(());
        wait_until_within(super::CALM_PATIENCE, went_on)
            .ok_or_else(|| "no client's write is taken although everything is calm".to_owned())
    }

    /// Nothing acknowledged is missing, or there twice.
    fn judge_ledger(&mut self, acknowledged: &[(usize, u64)]) -> Result<(), String> {
        for (side, server) in [("source", self.storm.source()), ("target", self.storm.target())] {
            let lost = clients::lost(server, LEDGER, acknowledged);
            if !lost.is_empty() {
                return Err(format!("on the {side}: {}", lost.join("; ")));
            }
        }
        judge::same(self.storm.source(), self.storm.target(), LEDGER)?;
        self.tally.acknowledged += u64::try_from(acknowledged.len()).unwrap_or(u64::MAX);
        Ok(())
    }
}
