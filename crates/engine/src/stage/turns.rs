//! Which side is live, and the turn under way: what the journal says of cutovers and rollbacks.

use std::collections::BTreeMap;

use sealift_mysql::binlog::LogPosition;
use sealift_schema::catalog::Trigger;
use sealift_schema::facts::Side;
use sealift_schema::name::QualifiedName;
use serde::{Deserialize, Serialize};

/// A step of a turn: a cutover or a rollback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "deed", rename_all = "snake_case")]
pub enum TurnEvent {
    /// A turn is about to touch a server.
    Begun {
        /// Its number, from 1.
        turn: u32,
        /// The side that is to be live.
        to: Side,
        /// Whether it is to be undone in any case.
        rehearsal: bool,
        /// Who asked for it.
        by: String,
    },
    /// The live side is about to be left, by one statement on it. Whether that took effect is asked of the
    /// server.
    Deciding {
        /// Its number.
        turn: u32,
        /// Where the changes of the other side are followed from, if they are to be.
        from: Option<LogPosition>,
        /// What is taken off the side that is left.
        kept: Kept,
    },
    /// The side was not left: it takes writes, and nothing of the turn is there any more.
    Undone {
        /// Its number.
        turn: u32,
        /// Why.
        why: String,
    },
    /// The side was left: the other one is live.
    Switched {
        /// Its number.
        turn: u32,
    },
    /// Everything that comes after the switch was done.
    Done {
        /// Its number.
        turn: u32,
    },
}

/// What acts by itself on a side that is not live, and was taken off it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Dropped triggers, as they are made again.
    pub triggers: Vec<Trigger>,
    /// Events that were enabled.
    pub events: Vec<KeptEvent>,
}

/// An event that was enabled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptEvent {
    /// Its name.
    pub name: QualifiedName,
    /// Its definer, `user@host`.
    pub definer: String,
}

/// Which side is live, and what turns have left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turns {
    /// Turns begun so far.
    pub count: u32,
    /// The side that is live.
    pub live: Side,
    /// The turn that was begun and neither undone nor done.
    pub open: Option<OpenTurn>,
    /// The last switch; `None` before the first.
    pub switch: Option<Switch>,
    /// What was taken off each side when it was left.
    pub kept: BTreeMap<Side, Kept>,
}

/// A turn under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenTurn {
    /// Its number.
    pub number: u32,
    /// The side that is to be live.
    pub to: Side,
    /// How far it has come.
    pub reached: Reached,
}

/// How far a turn has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reached {
    /// A server may have been touched.
    Begun,
    /// The live side may have been left.
    Deciding {
        /// Where the changes of the other side are followed from.
        from: Option<LogPosition>,
        /// What is taken off the side that is left.
        kept: Kept,
    },
    /// It was.
    Switched,
}

/// A switch: from here on the other side's changes are followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switch {
    /// The turn's number.
    pub turn: u32,
    /// Where the live side's changes are followed from; `None`: they are not.
    pub from: Option<LogPosition>,
}

impl Default for Turns {
    fn default() -> Self {
        let (open, switch, kept) = (None, None, BTreeMap::new());
        Self { count: 0, live: Side::Source, open, switch, kept }
    }
}

/// The other side.
#[must_use]
pub fn opposite(side: Side) -> Side {
    match side {
        Side::Source => Side::Target,
        Side::Target => Side::Source,
    }
}

impl Turns {
    /// What stands after an event; `None` when it cannot happen.
    pub(super) fn next(mut self, event: &TurnEvent) -> Option<Self> {
        match (event, self.open.take()) {
            (TurnEvent::Begun { turn, to, .. }, None)
                if *turn == self.count + 1 && *to != self.live =>
            {
                self.count = *turn;
                self.open = Some(OpenTurn { number: *turn, to: *to, reached: Reached::Begun });
            }
            (
                TurnEvent::Deciding { turn, from, kept },
                Some(OpenTurn { number, to, reached: Reached::Begun }),
            ) if *turn == number => {
                let reached = Reached::Deciding { from: from.clone(), kept: kept.clone() };
                self.open = Some(OpenTurn { number, to, reached });
            }
            (
                TurnEvent::Undone { turn, .. },
                Some(OpenTurn {
                    number, reached: Reached::Begun | Reached::Deciding { .. }, ..
                }),
            ) if *turn == number => {}
            (
                TurnEvent::Switched { turn },
                Some(OpenTurn { number, to, reached: Reached::Deciding { from, kept } }),
            ) if *turn == number => {
                self.kept.insert(self.live, kept);
                self.live = to;
                self.switch = Some(Switch { turn: number, from });
                self.open = Some(OpenTurn { number, to, reached: Reached::Switched });
            }
            (
                TurnEvent::Done { turn },
                Some(OpenTurn { number, reached: Reached::Switched, .. }),
            ) if *turn == number => {}
            (
                TurnEvent::Begun { .. }
                | TurnEvent::Deciding { .. }
                | TurnEvent::Undone { .. }
                | TurnEvent::Switched { .. }
                | TurnEvent::Done { .. },
                _,
            ) => return None,
        }
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(turn: u32, to: Side) -> TurnEvent {
        TurnEvent::Begun { turn, to, rehearsal: false, by: "a@b".into() }
    }

    fn deciding(turn: u32) -> TurnEvent {
        TurnEvent::Deciding { turn, from: None, kept: Kept::default() }
    }

    fn fold(events: &[TurnEvent]) -> Option<Turns> {
        events.iter().try_fold(Turns::default(), Turns::next)
    }

    #[test]
    fn only_a_switch_makes_the_other_side_live() {
        let undone = TurnEvent::Undone { turn: 1, why: "late".into() };
        let turns = fold(&[begun(1, Side::Target), deciding(1), undone]).unwrap();
        assert_eq!((turns.live, turns.count, turns.open), (Side::Source, 1, None));
        let there = [
            begun(1, Side::Target),
            deciding(1),
            TurnEvent::Switched { turn: 1 },
            TurnEvent::Done { turn: 1 },
        ];
        let turns = fold(&there).unwrap();
        assert_eq!((turns.live, turns.switch.as_ref().unwrap().turn), (Side::Target, 1));
        let back = [begun(2, Side::Source), deciding(2), TurnEvent::Switched { turn: 2 }];
        let turns = fold(&[&there[..], &back[..]].concat()).unwrap();
        assert_eq!((turns.live, turns.open.unwrap().reached), (Side::Source, Reached::Switched));
    }

    #[test]
    fn what_no_turn_could_have_written_is_refused() {
        for events in [
            &[begun(2, Side::Target)][..],
            &[begun(1, Side::Source)],
            &[begun(1, Side::Target), begun(2, Side::Target)],
            &[begun(1, Side::Target), TurnEvent::Switched { turn: 1 }],
            &[begun(1, Side::Target), TurnEvent::Done { turn: 1 }],
            &[begun(1, Side::Target), deciding(2)],
        ] {
            assert_eq!(fold(events), None, "{events:?}");
        }
    }
}
