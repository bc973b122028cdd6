//! The operator's live wishes: pause, stop, and settings that may change while a run is at work.
//!
//! Whoever copies asks for a [`Turn`] before each chunk, whoever applies asks before each batch. Nobody who
//! waits here may hold anything others wait for: ask before a gate is opened or a transaction begun.

mod pacer;
mod settings;

use std::fmt;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::time::timeout;

use self::pacer::Pacer;
use crate::clock::Clock;
use crate::fault::Fault;
use crate::stop::Stop;

pub use self::settings::{Settings, SettingsError};

/// A wait for the rate limit is looked at again this often: a limit may be lifted, and a clock may be moved
/// by hand.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// What the operator wants of a run. Clones share it.
#[derive(Clone, Debug)]
pub struct Control {
    state: Arc<Mutex<State>>,
    changed: Arc<Notify>,
    stop: Stop,
    clock: Clock,
    /// Whose wishes hold as well.
    above: Option<Arc<Self>>,
}

#[derive(Debug)]
struct State {
    is_paused: bool,
    settings: Settings,
    load: SourceLoad,
    /// The target's `Threads_running`, as far as it is known.
    target_running: Option<u64>,
    /// Chunks under way.
    turns: usize,
    pacer: Pacer,
}

/// How much the source has to do, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SourceLoad {
    /// Its `Threads_running`; our own sessions are among them.
    pub threads_running: Option<u64>,
    /// Seconds it is behind its own source, if it is a replica.
    pub replica_lag: Option<u64>,
}

/// Why no chunk is begun just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// The operator paused the run.
    Paused,
    /// As many chunks are under way as may be.
    Workers,
    /// The source runs more statements at a time than it should.
    SourceBusy {
        /// Its `Threads_running`.
        running: u64,
        /// The setting.
        most: u64,
    },
    /// The source, a replica, is too far behind its own source.
    ReplicaLag {
        /// Seconds it is behind.
        seconds: u64,
        /// The setting.
        most: u64,
    },
    /// The target runs more statements at a time than it should.
    TargetBusy {
        /// Its `Threads_running`.
        running: u64,
        /// The setting.
        most: u64,
    },
    /// The rate is at its limit.
    Rate {
        /// Until when, by the clock's elapsed time.
        until: Duration,
    },
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Paused => f.write_str("paused"),
            Self::Workers => f.write_str("as many workers copy as may"),
            Self::SourceBusy { running, most } => {
                write!(f, "the source is busy: Threads_running is {running}, allowed {most}")
            }
            Self::ReplicaLag { seconds, most } => {
                write!(f, "the source lags behind its own by {seconds} s, allowed {most} s")
            }
            Self::TargetBusy { running, most } => {
                write!(f, "the target is busy: Threads_running is {running}, allowed {most}")
            }
            Self::Rate { .. } => f.write_str("rows are at their rate limit"),
        }
    }
}

/// What the operator wants, as others may see it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Steering {
    /// Whether the run is paused.
    pub paused: bool,
    /// Why the copy waits, if it does for another reason than a pause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
    /// The settings in force.
    #[serde(default)]
    pub settings: Settings,
}

impl Control {
    /// Nothing is paused yet.
    #[must_use]
    pub fn new(stop: Stop, clock: Clock, settings: Settings) -> Self {
        let state = State {
            is_paused: false,
            settings,
            load: SourceLoad::default(),
            target_running: None,
            turns: 0,
            pacer: Pacer::default(),
        };
        let state = Arc::new(Mutex::new(state));
        Self { state, changed: Arc::default(), stop, clock, above: None }
    }

    /// The same wishes for something that is done beside, with a rate and a wish to stop of its own.
    #[must_use]
    pub fn slower(&self, stop: Stop, rows_per_second: NonZeroU64) -> Self {
        let settings = Settings { rows_per_second: Some(rows_per_second), ..Settings::default() };
        let own = Self::new(stop, self.clock.clone(), settings);
        Self { above: Some(Arc::new(self.clone())), ..own }
    }

    /// The wish to stop.
    #[must_use]
    pub fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Lets chunks and batches under way finish and no more begin.
    pub fn pause(&self) {
        self.change(|state| state.is_paused = true);
    }

    /// Goes on after a pause.
    pub fn resume(&self) {
        self.change(|state| state.is_paused = false);
    }

    /// Whether the run is paused.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.lock().is_paused
    }

    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.lock().settings
    }

    /// Changes the settings. What a rate limit still made wait for is forgiven when another takes its place: a slow one
    /// may have added up hours. Whoever sets something else over and over does not get round the limit.
    pub fn set(&self, settings: Settings) {
        let rates = |settings: &Settings| (settings.rows_per_second, settings.bytes_per_second);
        self.change(|state| {
            if rates(&state.settings) != rates(&settings) {
                state.pacer = Pacer::default();
            }
            state.settings = settings;
        });
    }

    /// Takes note of how much the source has to do.
    pub fn observe(&self, load: SourceLoad) {
        self.change(|state| state.load = load);
    }

    /// Takes note of how much the target has to do: its `Threads_running`, if it is known.
    pub fn observe_target(&self, running: Option<u64>) {
        self.change(|state| state.target_running = running);
    }

    /// Why the copy waits, if it does for another reason than that enough is under way.
    #[must_use]
    pub fn held(&self) -> Option<Hold> {
        let now = self.clock.elapsed();
        self.lock().hold(now).filter(|hold| *hold != Hold::Workers)
    }

    /// All of it, for others to see.
    #[must_use]
    pub fn steering(&self) -> Steering {
        let held = self.held().filter(|hold| *hold != Hold::Paused);
        let state = self.lock();
        Steering {
            paused: state.is_paused,
            held: held.map(|hold| hold.to_string()),
            settings: state.settings,
        }
    }

    /// Waits until one more chunk may be copied.
    ///
    /// # Errors
    /// [`crate::fault::ErrorCode::Interrupted`] once a stop was asked for.
    pub async fn turn(&self) -> Result<Turn, Fault> {
        let own = self.own_turn().await?;
        let above = match &self.above {
            Some(above) => Some(above.own_turn().await?),
            None => None,
        };
        Ok(Turn { own, above })
    }

    async fn own_turn(&self) -> Result<OwnTurn, Fault> {
        loop {
            // Made before looking, so that no change is missed in between.
            let changed = self.changed.notified();
            self.stop.check()?;
            let hold = {
                let now = self.clock.elapsed();
                let mut state = self.lock();
                let hold = state.hold(now);
                if hold.is_none() {
                    state.turns += 1;
                }
                hold
            };
            match hold {
                None => return Ok(OwnTurn { control: self.clone() }),
                Some(Hold::Rate { until }) => {
                    let wait = until.saturating_sub(self.clock.elapsed()).min(LOOK_AGAIN);
                    // Whether the time passed or something changed: it is looked at again.
                    let _looked_at_again = timeout(wait, self.wait_for(changed)).await.is_ok();
                }
                Some(
                    Hold::Paused
                    | Hold::Workers
                    | Hold::SourceBusy { .. }
                    | Hold::ReplicaLag { .. }
                    | Hold::TargetBusy { .. },
                ) => self.wait_for(changed).await,
            }
        }
    }

    /// Waits while the run is paused. Nothing else ever holds the applier: it would only fall behind.
    ///
    /// # Errors
    /// [`crate::fault::ErrorCode::Interrupted`] once a stop was asked for.
    pub async fn ready_to_apply(&self) -> Result<(), Fault> {
        loop {
            let changed = self.changed.notified();
            self.stop.check()?;
            if !self.is_paused() {
                return Ok(());
            }
            self.wait_for(changed).await;
        }
    }

    /// Returns with a change or the wish to stop.
    async fn wait_for(&self, changed: impl Future<Output = ()>) {
        tokio::select! {
            () = changed => {}
            () = self.stop.wait() => {}
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Why no chunk may begin at `now`.
    fn hold(&self, now: Duration) -> Option<Hold> {
        let Settings {
            rows_per_second: _,
            bytes_per_second: _,
            workers,
            threads_running_max,
            replica_lag_max,
            target_threads_running_max,
        } = self.settings;
        let SourceLoad { threads_running, replica_lag } = self.load;
        if self.is_paused {
            return Some(Hold::Paused);
        }
        if workers.is_some_and(|workers| self.turns >= usize::from(workers.get())) {
            return Some(Hold::Workers);
        }
        if let (Some(running), Some(most)) = (threads_running, threads_running_max)
            && running > most.get()
        {
            return Some(Hold::SourceBusy { running, most: most.get() });
        }
        if let (Some(seconds), Some(most)) = (replica_lag, replica_lag_max)
            && seconds > most.get()
        {
            return Some(Hold::ReplicaLag { seconds, most: most.get() });
        }
        if let (Some(running), Some(most)) = (self.target_running, target_threads_running_max)
            && running > most.get()
        {
            return Some(Hold::TargetBusy { running, most: most.get() });
        }
        self.pacer.waits_until(now).map(|until| Hold::Rate { until })
    }
}

/// Leave to copy one chunk; dropping it lets the next one begin.
#[derive(Debug)]
#[must_use = "the chunk counts as under way while this lives"]
pub struct Turn {
    own: OwnTurn,
    above: Option<OwnTurn>,
}

impl Turn {
    /// Says what the chunk was, for the rate limit.
    pub fn copied(self, rows: u64, bytes: u64) {
        let Self { own, above } = self;
        for turn in [Some(own), above].into_iter().flatten() {
            let now = turn.control.clock.elapsed();
            let mut state = turn.control.lock();
            let settings = state.settings;
            state.pacer.charge(now, rows, bytes, &settings);
        }
    }
}

/// A chunk that is under way.
#[derive(Debug)]
struct OwnTurn {
    control: Control,
}

impl Drop for OwnTurn {
    fn drop(&mut self) {
        self.control.change(|state| state.turns -= 1);
    }
}

#[cfg(test)]
mod tests;
