//! Whole migrations while everything that can break does: sealift is killed every few seconds, connections are cut,
//! delayed and stranded, both servers restart; at the end both sides are the same by three witnesses.

mod lives;
mod storm;
mod judge;
mod tally;
mod turning;
mod turns;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};

use self::lives::{Place, router};
use self::storm::Storm;
pub use self::tally::Tally;
pub use self::turns::{TurnsOptions, TurnsTally, turns};
use crate::error::{LabError, io};
use crate::pair::Pair;
use crate::server::{Kind, Options};
use crate::wait::wait_until_within;
use crate::workload::churn::{self, Appetite, Churn, Definition, Sides};
use crate::workload::every_type;

/// The schema that is migrated.
const SCHEMA: &str = "soaked";
/// Writers of the application.
const WRITERS: u64 = 2;
/// Of how many disturbances one has an order of the operator's beside it.
const ORDER_RARITY: u32 = 8;
/// How long it may take; whoever asked then goes away.
const ORDER_PATIENCE: Duration = Duration::from_secs(5);
/// How long the application may take to go on once everything is calm.
const CALM_PATIENCE: Duration = Duration::from_secs(120);

/// What a soak is asked for.
#[derive(Clone, Debug)]
pub struct SoakOptions {
    /// The program under test.
    pub sealift: PathBuf,
    /// What the source is.
    pub source: Kind,
    /// What is drawn is drawn from this.
    pub seed: u64,
    /// How long migrations are begun.
    pub length: Duration,
    /// How long each of them is disturbed.
    pub storm: Duration,
    /// Tables of types beside the application's own; `None` for all there are.
    pub typed_tables: Option<usize>,
    /// Whether it is cut over and rolled back as well, once it was disturbed for so long.
    pub turns: bool,
    /// Definitions that change meanwhile.
    pub definitions: Vec<Definition>,
    /// Where logs, configuration and state are kept when something is wrong.
    pub keep: PathBuf,
}

/// Runs a soak and counts what it did.
///
/// # Errors
/// What is wrong, and where everything about it is kept.
pub fn soak(options: &SoakOptions) -> Result<Tally, String> {
    let mut soak = Soak::begin(options).map_err(|error| error.to_string())?;
    let outcome = soak.run();
    let Soak { tally, churn, place, storm, .. } = soak;
    let stopped = churn.stop();
    let SoakOptions { seed, source, .. } = options;
    match outcome.and(stopped) {
        Ok(()) => {
            let _ = fs::remove_dir_all(place.folder());
            Ok(tally)
        }
        Err(why) => {
            storm.keep_logs(place.folder());
            let folder = place.folder().display();
            let failure = format!(
                "soak of seed {seed} on {source}: {why}\n{tally}\neverything about it is in {folder}"
            );
            let _ = fs::write(place.folder().join("failure.txt"), &failure);
            Err(failure)
        }
    }
}

/// A soak under way.
struct Soak<'a> {
    options: &'a SoakOptions,
    random: StdRng,
    tally: Tally,
    churn: Churn,
    storm: Storm,
    place: Place,
}

impl<'a> Soak<'a> {
    fn begin(options: &'a SoakOptions) -> Result<Self, LabError> {
        let SoakOptions { source, seed, keep, .. } = options;
        let mut random = StdRng::seed_from_u64(*seed);
        // Without TLS the proxy can tell a COMMIT from other statements.
        let encrypted = random.random_ratio(1, 2);
        let on = if encrypted { "ON" } else { "OFF" };
        let target = Options::azure_target().arg(format!("--require-secure-transport={on}"));
        let source_options =
            if options.turns { turning::source(*source) } else { Options::source(*source) };
        let pair = Pair::start(source_options, target)?;
        let types = types(options, &mut random);
        churn::create_everything(&pair.source, SCHEMA, &types);
        // A killed MariaDB and its log may tell different ends of them: <https://jira.mariadb.org/browse/MDEV-21469>.
        let distributed = !source.is_mariadb() || random.random_ratio(1, 2);
        let appetite = Appetite::everything(WRITERS)
            .and_definitions(&options.definitions)
            .among_disturbances();
        let appetite = if distributed { appetite.and_distributed() } else { appetite };
        let folder = keep.join(format!("seed-{seed}"));
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(io("remove what an earlier soak kept"))?;
        }
        fs::create_dir_all(&folder).map_err(io("create the soak's folder"))?;
        let churn = if options.turns {
            let router = router(&folder);
            let sides = Sides { source: &pair.source, target: &pair.target, router: &router };
            turning::admit(sides, SCHEMA, &types);
            Churn::moving(sides, SCHEMA, *seed, &appetite)
        } else {
            Churn::hungry(&pair.source, SCHEMA, *seed, &appetite)
        };
        // Of its own: the program may be built again meanwhile.
        let sealift = folder.join("sealift");
        fs::copy(&options.sealift, &sealift).map_err(io("copy the program under test"))?;
        let storm = Storm::over(pair, StdRng::seed_from_u64(random.random()));
        let storm =
            if distributed && source.is_mariadb() { storm.that_spares_the_source() } else { storm };
        let place = Place::new(folder, sealift, encrypted);
        Ok(Self { options, random, tally: Tally::default(), churn, storm, place })
    }

    fn run(&mut self) -> Result<(), String> {
        let begun = Instant::now();
        loop {
            self.migration()?;
            self.tally.migrations += 1;
            self.tally.took = begun.elapsed();
            if begun.elapsed() >= self.options.length {
                return Ok(());
            }
        }
    }

    /// One migration, from nothing to equality.
    fn migration(&mut self) -> Result<(), String> {
        for server in [self.storm.source(), self.storm.target()] {
            // Nobody reads what is that old; what XA has prepared is younger. The servers' folders are in memory.
            server.sql("FLUSH BINARY LOGS; PURGE BINARY LOGS BEFORE NOW() - INTERVAL 5 MINUTE");
        }
        self.storm
            .target()
            .sql(format!("DROP DATABASE IF EXISTS {SCHEMA}; DROP DATABASE IF EXISTS sealift;"));
        let schemas: &[&str] =
            if self.options.turns { &[SCHEMA, turning::LEDGER] } else { &[SCHEMA] };
        self.place.begin(&self.storm, schemas, &mut self.random).map_err(|e| e.to_string())?;
        let clients = self.options.turns.then(|| turning::clients(&self.storm, &self.place));
        let begun = Instant::now();
        while begun.elapsed() < self.options.storm {
            self.life()?;
        }
        self.calm()?;
        // The application still writes; then it rests, and nothing is missing.
        self.catch_up()?;
        self.application_goes_on()?;
        match clients {
            Some(clients) => self.turn_and_judge(clients),
            None => self.catch_up_at_rest(),
        }
    }

    /// One process of sealift, until it is killed, stops as asked, or gives up.
    fn life(&mut self) -> Result<(), String> {
        let mut life = self.place.live(&["run", "--json"])?;
        self.tally.lives += 1;
        for _disturbance in 0..self.random.random_range(1..6) {
            let pause = Duration::from_millis(self.random.random_range(50..2_500));
            // While nothing happens to it.
            wait_until_within(pause, || life.has_ended().then_some(()));
            if life.has_ended() {
                break;
            }
            self.storm.strike(&mut self.tally)?;
            self.place.note(self.storm.last());
            if self.random.random_ratio(1, ORDER_RARITY) {
                self.order()?;
            }
        }
        let ends_itself = life.has_ended();
        if !ends_itself && self.random.random_ratio(1, 5) {
            self.storm.calm();
            self.tally.interrupted += 1;
            self.place.note("interrupted");
            return life.interrupt();
        }
        if ends_itself {
            self.tally.gave_up += 1;
            // What lasts until the next disturbance would end the next one at once, and so on.
            self.storm.let_pass();
        } else {
            self.tally.killed += 1;
            self.place.note("killed");
        }
        life.end()?;
        self.failed_application()
    }

    /// Has a table copied again, by the run that is at work if it takes orders.
    fn order(&mut self) -> Result<(), String> {
        let table = churn::EVERYDAY[self.random.random_range(0..churn::EVERYDAY.len())];
        let mut order = self.place.live(&["copy-again", &format!("{SCHEMA}.{table}"), "--json"])?;
        wait_until_within(ORDER_PATIENCE, || order.has_ended().then_some(()));
        if order.obeyed()? {
            self.tally.orders += 1;
        }
        Ok(())
    }

    fn calm(&mut self) -> Result<(), String> {
        self.storm.calm();
        self.place.note("calm");
        self.application_goes_on()
    }

    fn failed_application(&self) -> Result<(), String> {
        self.churn.failure().map_or(Ok(()), Err)
    }

    /// Nothing of ours may hold the application up for good.
    fn application_goes_on(&mut self) -> Result<(), String> {
        let so_far = self.churn.rounds();
        let went_on = wait_until_within(CALM_PATIENCE, || {
            let failed = self.churn.failure().is_some();
            (failed || self.churn.rounds() > so_far + WRITERS).then_some(())
        });
        self.failed_application()?;
        self.tally.transactions = self.churn.transactions();
        self.tally.definitions = self.churn.definitions();
        self.tally.left_prepared = self.churn.left_prepared();
        went_on.ok_or_else(|| "the application did not go on after the storm".to_owned())
    }

    fn catch_up(&mut self) -> Result<(), String> {
        self.until_done(&["run", "--until-caught-up", "--json"])
    }

    /// Brings a command to its end, which may have to wait for the guard of a turn.
    fn until_done(&mut self, words: &[&str]) -> Result<(), String> {
        let begun = Instant::now();
        while !self.place.live(words)?.finish()? {
            if begun.elapsed() > CALM_PATIENCE {
                return Err(format!(
                    "the state folder is in use, so sealift {} is",
                    words.join(" ")
                ));
            }
        }
        Ok(())
    }

    /// Everything is carried and equal while nobody writes.
    fn catch_up_at_rest(&mut self) -> Result<(), String> {
        // Sessions of writers that were cut off may still roll back; locks tell.
        self.churn.pause();
        let caught_up = self.catch_up().and_then(|()| self.judge());
        self.churn.resume();
        caught_up
    }

    fn judge(&mut self) -> Result<(), String> {
        self.until_done(&["verify", "--json"])?;
        judge::same(self.storm.source(), self.storm.target(), SCHEMA)
    }
}

/// Tables of all types that a migration carries exactly, there and back if it turns, or some of them.
fn types(options: &SoakOptions, random: &mut StdRng) -> Vec<every_type::Table> {
    let SoakOptions { source, typed_tables, turns, .. } = options;
    let mut all = every_type::tables(*source, random.random());
    all.retain(|table| {
        judge::comparable(*source, &table.name)
            && (!turns || turning::goes_back(*source, &table.name))
    });
    if let Some(some) = *typed_tables {
        all.shuffle(random);
        all.truncate(some);
    }
    all
}

/// Where a soak keeps what it has to show, by default: below cargo's target folder.
#[must_use]
pub fn keeping_place(target_folder: &Path) -> PathBuf {
    target_folder.join("soak")
}
