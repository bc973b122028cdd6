//! What applier and source say, put together: pure but for what it remembers.

use std::time::Duration;

use sealift_mysql::vitals::Vitals;
use sealift_schema::facts::Side;
use sealift_schema::rule::BEHIND_MS_MAX;

use super::Stood;
use super::lag::{Ends, bytes_between, transactions_between};
use super::pace::Pace;
use super::retention::head_room;
use crate::progress::{FollowState, Following, Held, HeldObject, Lag};

/// A target that lags no more than this is as good as level with its source, and a cutover may begin: what `assess`
/// says of the downtime follows from it.
const LEVEL_MS: u64 = BEHIND_MS_MAX;

/// One that was level is so until it lags by more than this: a large transaction is no reason to say else.
const BEHIND_MS: u64 = 30_000;

/// What the source said is good for so long.
const VITALS_VALID: Duration = Duration::from_secs(10);

/// What is remembered from look to look.
#[derive(Debug)]
pub(super) struct Assessor {
    live: Side,
    ends: Ends,
    vitals: Option<(Duration, Vitals)>,
    transactions: Pace,
    changes: Pace,
    backlog: Pace,
    backlog_unit: Option<Unit>,
    was_level: bool,
}

/// What the backlog is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Bytes,
    Transactions,
    Milliseconds,
}

impl Assessor {
    /// Nothing is known yet of the side that is followed.
    pub(super) fn of(live: Side) -> Self {
        Self {
            live,
            ends: Ends::default(),
            vitals: None,
            transactions: Pace::default(),
            changes: Pace::default(),
            backlog: Pace::default(),
            backlog_unit: None,
            was_level: false,
        }
    }

    /// The source answered.
    pub(super) fn observe(&mut self, now: Duration, vitals: Vitals) {
        if let Some(end) = &vitals.log_end {
            self.ends.observe(vitals.at_micros, end);
        }
        self.vitals = Some((now, vitals));
    }

    /// How it stands now.
    pub(super) fn assess(&mut self, now: Duration, stood: &Stood, is_paused: bool) -> Following {
        self.transactions.observe(now, stood.transactions);
        self.changes.observe(now, stood.changes);
        let vitals = self
            .vitals
            .as_ref()
            .filter(|(seen_at, _)| now.saturating_sub(*seen_at) <= VITALS_VALID)
            .map(|(seen_at, vitals)| (now.saturating_sub(*seen_at), vitals.clone()));
        let lag = self.lag(vitals.as_ref(), stood);
        self.was_level = match lag.ms {
            Some(ms) if self.was_level => ms <= BEHIND_MS,
            Some(ms) => ms <= LEVEL_MS,
            None => false,
        };
        let state = match (is_paused, stood.is_copied, self.was_level) {
            (true, _, _) => FollowState::Paused,
            (false, false, _) => FollowState::Copying,
            (false, true, false) => FollowState::CatchingUp,
            (false, true, true) => FollowState::Following,
        };
        self.observe_backlog(now, lag, state);
        let position = stood.position.as_ref();
        let vitals = vitals.map(|(_, vitals)| vitals).unwrap_or_default();
        Following {
            live: self.live,
            state,
            position: position.map(ToString::to_string).unwrap_or_default(),
            source_position: vitals.log_end.as_ref().map(ToString::to_string).unwrap_or_default(),
            lag,
            transactions: stood.transactions,
            changes: stood.changes,
            transactions_per_second: self.transactions.growth(),
            changes_per_second: self.changes.growth(),
            eta_seconds: (state == FollowState::CatchingUp)
                .then(|| self.backlog.until_zero())
                .flatten()
                .map(|time| time.as_secs()),
            ready: state == FollowState::Following
                && lag.ms.is_some_and(|ms| ms <= LEVEL_MS)
                && stood.held.is_empty()
                && stood.held_objects.is_empty(),
            held: stood.held.iter().map(|(table, why)| Held::new(table, why)).collect(),
            held_objects: stood
                .held_objects
                .iter()
                .map(|(object, why)| HeldObject { object: object.clone(), reason: why.clone() })
                .collect(),
            threads_running: vitals.threads_running,
            retention: position.and_then(|position| head_room(position, &vitals, lag.ms)),
        }
    }

    fn lag(&mut self, vitals: Option<&(Duration, Vitals)>, stood: &Stood) -> Lag {
        let Some((age, vitals)) = vitals else { return Lag::default() };
        let (Some(position), Some(end)) = (&stood.position, &vitals.log_end) else {
            return Lag::default();
        };
        let age = u64::try_from(age.as_micros()).unwrap_or(u64::MAX);
        let now_micros = vitals.at_micros.saturating_add(age);
        let is_level = position.covers(end);
        Lag {
            ms: self.ends.age_ms(now_micros, position, stood.committed_at),
            bytes: if is_level { Some(0) } else { bytes_between(position, end, &vitals.log_files) },
            transactions: transactions_between(position, end),
        }
    }

    /// The backlog in the finest unit that is known; a change of unit or of state begins anew.
    fn observe_backlog(&mut self, now: Duration, lag: Lag, state: FollowState) {
        let backlog = match lag {
            Lag { bytes: Some(bytes), .. } => Some((Unit::Bytes, bytes)),
            Lag { transactions: Some(count), .. } => Some((Unit::Transactions, count)),
            Lag { ms: Some(ms), .. } => Some((Unit::Milliseconds, ms)),
            Lag { ms: None, bytes: None, transactions: None } => None,
        };
        let unit = backlog.map(|(unit, _)| unit).filter(|_| state == FollowState::CatchingUp);
        if unit != self.backlog_unit {
            self.backlog.restart();
            self.backlog_unit = unit;
        }
        if let (Some(_), Some((_, amount))) = (unit, backlog) {
            self.backlog.observe(now, amount);
        }
    }
}

#[cfg(test)]
mod tests;
