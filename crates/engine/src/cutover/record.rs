//! What became of a turn: every step with its time, who asked for it, what was checked.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use sealift_schema::facts::Side;
use serde::{Deserialize, Serialize};

use super::ask::TurnAsk;
use super::kind::FenceKind;
use super::measured::ClientRecord;
use crate::clock::Clock;
use crate::fault::Fault;
use crate::report::FaultReport;

/// A turn, as it is signed off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnRecord {
    /// Its number; 0 when it was refused before it had one.
    pub turn: u32,
    /// What was asked for.
    pub ask: TurnAsk,
    /// How it ended.
    pub outcome: TurnOutcome,
    /// The side that is live after it.
    pub live: Side,
    /// When it began.
    pub begun: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// How writes were kept out.
    pub fence: Option<FenceKind>,
    /// Milliseconds from when writes began to be kept out of the one side until the other one was live; of a
    /// rehearsal, until it could have been.
    pub refused_ms: Option<u64>,
    /// What a client saw that went the application's way; `None` when none was configured, or none could measure.
    #[serde(default)]
    pub client: Option<ClientRecord>,
    /// Whether the side that was left is kept current.
    pub way_back: bool,
    /// What was done, in its order.
    pub steps: Vec<StepRecord>,
    /// What was found good.
    pub checks: Vec<String>,
    /// What the operator should know: whole sentences.
    pub notes: Vec<String>,
    /// Why it was refused, or what failed after the switch.
    pub error: Option<FaultReport>,
}

/// What keeps a record.
type Keep = dyn Fn(&TurnRecord) + Send + Sync;

/// Keeps the records of turns, as soon as each has ended. Clones share it.
#[derive(Clone, Default)]
pub struct Keeper {
    keep: Option<Arc<Keep>>,
}

impl Keeper {
    /// Keeps records by a function.
    pub fn new(keep: impl Fn(&TurnRecord) + Send + Sync + 'static) -> Self {
        Self { keep: Some(Arc::new(keep)) }
    }

    /// Keeps a record, if there is a function for it.
    pub fn keep(&self, record: &TurnRecord) {
        if let Some(keep) = &self.keep {
            keep(record);
        }
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("keeps", &self.keep.is_some()).finish()
    }
}

/// How a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TurnOutcome {
    /// The side that was live still is, and takes writes.
    Refused,
    /// The same, as it was wished.
    Rehearsed,
    /// The other side is live.
    Switched,
    /// The other side is live, and something that comes after the switch failed.
    Unfinished,
}

/// A step of a turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRecord {
    /// When it was done.
    pub at: Timestamp,
    /// What it was.
    pub what: String,
    /// Milliseconds since the step before.
    pub took_ms: u64,
}

impl TurnRecord {
    /// The record of a turn that begins now.
    pub(crate) fn begin(ask: &TurnAsk, live: Side, clock: &Clock) -> Self {
        let now = clock.now();
        Self {
            turn: 0,
            ask: ask.clone(),
            outcome: TurnOutcome::Refused,
            live,
            begun: now,
            ended: now,
            fence: None,
            refused_ms: None,
            client: None,
            way_back: false,
            steps: Vec::new(),
            checks: Vec::new(),
            notes: Vec::new(),
            error: None,
        }
    }

    /// Takes note of a step that is done.
    pub(crate) fn did(&mut self, clock: &Clock, what: impl Into<String>) {
        let at = clock.now();
        let took = at.as_millisecond().saturating_sub(self.ended.as_millisecond());
        let took_ms = u64::try_from(took).unwrap_or(0);
        self.ended = at;
        self.steps.push(StepRecord { at, what: what.into(), took_ms });
    }

    /// Takes note of why it was refused, or what failed.
    pub(crate) fn failed(&mut self, fault: &Fault) {
        self.error = Some(FaultReport::from(fault));
    }
}
