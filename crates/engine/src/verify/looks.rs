//! Whether a row that differed when both sides were read differs really: pure, from what each look saw.
//!
//! A look is four readings, in this order: the row on the source (`before`); then, when everything is
//! applied that the source's log held by then, the row on the target; then, when everything is visible on the
//! source that may be on the target by then, the row on the source once more (`after`). Let `i` and `j` be the
//! row's versions that `before` and `after` saw, counted in the order of the log. The target held at least
//! version `i`, for what `before` saw was in the log; and at most version `j`, for nothing is on the target
//! that `after` did not see. So:
//!
//! - A target that equals one of both readings is as it should be.
//! - So is one that equals a reading made between them, for that saw a version from `i` to `j` too. A row that changes
//!   all the time is rarely met twice with the same value, so after [`WATCHED_FROM`] looks it is read over and over
//!   while the target catches up and is read.
//! - If the log's end did not move between the two readings, everything `after` saw was applied: the target
//!   held exactly version `j`, and another value is a difference. One look is proof.
//! - Else, if all readings are equal, either the row was not changed between (`i = j`), and another value is
//!   a difference; or it was changed there and back, and the target was met amid that. Such a row would have
//!   to be met so again and again: it takes [`CONFIRMATIONS`] looks, at irregular intervals, and none counts
//!   in which the target has a value the source was ever seen to have.
//! - What is not settled after [`LOOKS_MAX`] looks is still moving, and said to be.
//!
//! After a cutover it is the same the other way: what is called the source here is the side that is live.

use super::DifferenceKind;

/// Looks that say so before a row of a table that is being written to counts as different. A row that changes
/// to and fro between two values as fast as we look passes one with a chance of 1 in 8 at most.
pub(super) const CONFIRMATIONS: u32 = 8;

/// Looks after which a row that is not settled is watched while the target is read.
pub(super) const WATCHED_FROM: u32 = 4;

/// Looks after which a row is left alone.
pub(super) const LOOKS_MAX: u32 = 40;

/// What one look saw of a row: its digest, `None` where it was not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Look {
    /// On the source, before the target was read.
    pub(super) before: Option<u64>,
    /// On the source, after `before` and before `after`; each value once.
    pub(super) between: Vec<Option<u64>>,
    /// On the target.
    pub(super) target: Option<u64>,
    /// On the source, after the target was read.
    pub(super) after: Option<u64>,
}

/// Whether the source's log went on between the two readings of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Log {
    /// Nothing was written to it.
    Still,
    /// Something was.
    Moved,
}

/// What is known after a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// Both sides are the same.
    Equal,
    /// They are not.
    Different(DifferenceKind),
    /// It has to be looked at again.
    Open,
    /// It was looked at too often.
    Moving,
}

/// A row that is being looked at.
#[derive(Clone, Debug, Default)]
pub(super) struct Suspicion {
    looks: u32,
    confirmations: u32,
    /// Every value the source was seen to have.
    seen: Vec<Option<u64>>,
}

impl Suspicion {
    /// Takes one more look into account.
    pub(super) fn look(&mut self, look: &Look, log: Log) -> Known {
        let Look { before, between, target, after } = look;
        let (before, target, after) = (*before, *target, *after);
        self.looks += 1;
        if target == before || target == after || between.contains(&target) {
            return Known::Equal;
        }
        let rested = before == after && between.iter().all(|value| *value == before);
        for value in [before, after].iter().chain(between) {
            if !self.seen.contains(value) {
                self.seen.push(*value);
            }
        }
        if log == Log::Still {
            return Known::Different(kind(after, target));
        }
        if rested && !self.seen.contains(&target) {
            self.confirmations += 1;
        }
        if self.confirmations >= CONFIRMATIONS {
            return Known::Different(kind(after, target));
        }
        if self.looks >= LOOKS_MAX { Known::Moving } else { Known::Open }
    }
}

/// How two sides differ that do.
pub(super) fn kind(source: Option<u64>, target: Option<u64>) -> DifferenceKind {
    match (source, target) {
        (Some(_), None) => DifferenceKind::Missing,
        (None, _) => DifferenceKind::Extra,
        (Some(_), Some(_)) => DifferenceKind::Different,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(before: u64, target: u64, after: u64) -> Look {
        let there = |value| (value > 0).then_some(value);
        let (before, target, after) = (there(before), there(target), there(after));
        Look { before, between: Vec::new(), target, after }
    }

    #[test]
    fn a_target_that_was_a_moment_of_the_source_is_equal() {
        for (before, target, after) in [(1, 1, 1), (1, 1, 2), (1, 2, 2), (0, 0, 1), (1, 0, 0)] {
            let known = Suspicion::default().look(&look(before, target, after), Log::Moved);
            assert_eq!(known, Known::Equal, "{before} {target} {after}");
        }
    }

    #[test]
    fn while_the_log_rests_one_look_is_proof() {
        for (seen, kind) in [
            (look(1, 2, 1), DifferenceKind::Different),
            (look(1, 0, 1), DifferenceKind::Missing),
            (look(0, 2, 0), DifferenceKind::Extra),
        ] {
            let known = Suspicion::default().look(&seen, Log::Still);
            assert_eq!(known, Known::Different(kind));
        }
    }

    #[test]
    fn while_the_log_moves_a_difference_has_to_stay() {
        let mut suspicion = Suspicion::default();
        for _ in 1..CONFIRMATIONS {
            assert_eq!(suspicion.look(&look(1, 7, 1), Log::Moved), Known::Open);
        }
        // The source changed meanwhile: this look says nothing.
        assert_eq!(suspicion.look(&look(1, 7, 2), Log::Moved), Known::Open);
        let known = suspicion.look(&look(2, 7, 2), Log::Moved);
        assert_eq!(known, Known::Different(DifferenceKind::Different));
    }

    #[test]
    fn a_target_that_was_seen_meanwhile_is_equal() {
        let between = vec![Some(2), None, Some(5)];
        let mut suspicion = Suspicion::default();
        let seen = |target| Look { between: between.clone(), ..look(1, target, 6) };
        assert_eq!(suspicion.look(&seen(4), Log::Moved), Known::Open);
        assert_eq!(suspicion.look(&seen(5), Log::Moved), Known::Equal);
        // It went away and came back: a look at a row that moved says nothing against it.
        let mut suspicion = Suspicion::default();
        for _ in 0..CONFIRMATIONS {
            let seen = Look { between: between.clone(), ..look(1, 7, 1) };
            assert_eq!(suspicion.look(&seen, Log::Moved), Known::Open);
        }
    }

    #[test]
    fn a_row_that_never_rests_is_moving_and_not_different() {
        let mut suspicion = Suspicion::default();
        for number in 1..LOOKS_MAX {
            let number = u64::from(number) * 3;
            let seen = look(number, number + 1, number + 2);
            assert_eq!(suspicion.look(&seen, Log::Moved), Known::Open);
        }
        assert_eq!(suspicion.look(&look(1, 2, 3), Log::Moved), Known::Moving);
    }

    /// The worst row: it changes to and fro faster than anybody looks.
    #[test]
    fn a_row_that_flips_is_never_different() {
        let mut random: u64 = 7;
        let mut value = || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            1 + (random >> 63)
        };
        for _row in 0..20_000 {
            let mut suspicion = Suspicion::default();
            let known = loop {
                let known = suspicion.look(&look(value(), value(), value()), Log::Moved);
                if known != Known::Open {
                    break known;
                }
            };
            assert_eq!(known, Known::Equal);
        }
    }
}
