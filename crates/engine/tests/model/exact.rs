//! What models of exact copies have in common: rows copied as of one position, and a process that then takes every
//! change once and in order, however often it is killed.

use std::fmt;

use crate::explore::{System, explore};

/// A position in the log.
pub(crate) type Position = usize;

/// What happens between two states.
pub(crate) enum Step {
    Snapshot(Position),
    /// A part of what is copied: its kind, its number, and as of when.
    Copied(&'static str, usize, Position),
    Passed(Position),
    Applied(Position, Position),
    Position(Position),
    Killed,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Snapshot(at) => write!(f, "a snapshot is opened at T{at}"),
            Self::Copied(kind, part, at) => write!(f, "{kind} {part} is copied as of T{at}"),
            Self::Passed(at) => write!(f, "T{at} is left out"),
            Self::Applied(from, to) => write!(f, "T{from}..T{to} are applied"),
            Self::Position(at) => write!(f, "the position T{at} is committed"),
            Self::Killed => write!(f, "the process is killed and started again"),
        }
    }
}

/// What a process heeds of changes it need not make.
#[derive(Clone, Copy)]
pub(crate) struct Heeds {
    /// Those within the position of the copy are left out.
    pub(crate) snapshot: bool,
    /// Those that were made before a restart are left out.
    pub(crate) applied: bool,
}

/// The process that takes changes, and what the target knows of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Taker {
    /// Everything within is applied, says the target.
    pub(crate) applied: Position,
    /// Where the process is in the log.
    pub(crate) at: Position,
    /// What it was handed, and earlier processes too.
    pub(crate) handed_over: Position,
    kills_left: u8,
}

impl Taker {
    /// At the beginning of the log, to be killed once.
    pub(crate) fn new() -> Self {
        Self { applied: 0, at: 0, handed_over: 0, kills_left: 1 }
    }

    /// Commits a position that was not moved with the rows, if there is one.
    pub(crate) fn position(&self) -> Option<Self> {
        (self.applied < self.at).then(|| Self { applied: self.at, ..self.clone() })
    }

    /// Leaves the next change out, if it need not be made: it was made before, or the copy, if it is begun, has it.
    pub(crate) fn passing(&self, copy: Option<Position>, heeds: Heeds) -> Option<Self> {
        let next = self.at + 1;
        let was_applied = next <= self.applied && heeds.applied;
        let is_known = copy.is_none_or(|at| next <= at && heeds.snapshot);
        (was_applied || is_known).then(|| Self {
            at: next,
            handed_over: self.handed_over.max(next),
            applied: self.applied.max(next),
            kills_left: self.kills_left,
        })
    }

    /// Has made the changes up to here.
    pub(crate) fn made(&mut self, to: Position, position_with_rows: bool) {
        (self.at, self.handed_over) = (to, self.handed_over.max(to));
        if position_with_rows {
            self.applied = self.applied.max(to);
        }
    }

    /// The processes that may come after a kill: other lanes may stand behind the one that has the rows.
    pub(crate) fn killed(&self) -> Vec<Self> {
        let Some(kills_left) = self.kills_left.checked_sub(1) else { return Vec::new() };
        let (applied, handed_over) = (self.applied, self.applied);
        (0..=applied).map(|at| Self { applied, at, handed_over, kills_left }).collect()
    }

    /// Whether everything up to the end of the log is made, and the target knows it.
    pub(crate) fn has_all(&self, end: Position) -> bool {
        self.at == end && self.applied == end
    }
}

/// Walks every history of this many deeds; `Err` is the first trace to a failure.
pub(crate) fn walk<D: Clone + fmt::Debug, S: System>(
    length: usize,
    choices: impl Fn(&[D]) -> Vec<D>,
    system: impl Fn(&[D]) -> S,
) -> Result<usize, String> {
    let mut histories: Vec<Vec<D>> = vec![Vec::new()];
    for _ in 0..length {
        let longer = |before: &Vec<D>| {
            let longer = |next: D| [before.as_slice(), &[next]].concat();
            choices(before).into_iter().map(longer).collect::<Vec<_>>()
        };
        histories = histories.iter().flat_map(longer).collect();
    }
    let mut states = 0;
    for history in histories {
        let explored =
            explore(&system(&history)).map_err(|trace| format!("{history:?}\n{trace}"))?;
        assert!(explored.finished > 0, "the end was never reached");
        states += explored.states;
    }
    Ok(states)
}
