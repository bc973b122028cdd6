//! A repair: one key of the target is not what it should be, and is copied again while changes are applied.
//!
//! It is another process than the one that copies and applies. The target's own ledger is its gate: no lane
//! commits while it is held.

use super::application::{ABSENT, Position, row, u_of};
use super::guard::Guard;
use super::world::{KEYS, Kind, World};
use super::xa::views;
use super::{Model, State, Step};

/// The content of a row nobody's transaction wrote.
const PLANTED: Position = 15;

/// How far a repair is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Repair {
    /// This world has none.
    #[default]
    Never,
    /// Nothing is wrong yet.
    Awaited,
    /// A key is wrong, and known to be.
    Needed { key: u8 },
    /// It holds the ledger, which says what the target may know at most.
    Holding { key: u8, newest: Position },
    /// It has read what the source has for the key, and holds the ledger.
    Writing { key: u8, put: Option<(u8, u8)> },
    /// It is committed.
    Done,
}

impl Repair {
    /// Whether no lane may commit.
    pub(crate) fn holds(self) -> bool {
        matches!(self, Self::Holding { .. } | Self::Writing { .. })
    }

    /// Whether nothing is left to do.
    pub(crate) fn is_over(self) -> bool {
        matches!(self, Self::Never | Self::Done)
    }

    /// Its session ends, or is ended: what is not committed is rolled back.
    pub(crate) fn ended(self) -> Self {
        match self {
            Self::Holding { key, .. } | Self::Writing { key, .. } => Self::Needed { key },
            Self::Never | Self::Awaited | Self::Needed { .. } | Self::Done => self,
        }
    }
}

/// Everything that is wrong may become so at any time; then it is repaired.
pub(crate) fn steps(model: &Model, state: &State, all: &mut Vec<(Step, State)>) {
    let world = &model.world;
    match state.repair {
        Repair::Never | Repair::Done => {}
        Repair::Awaited => plant(world, state, all),
        Repair::Needed { key } => {
            // A huge transaction under way has the ledger.
            if state.applier.has_pieces() {
                return;
            }
            let positions = state.target.positions.into_iter();
            let newest = if world.keeps(Guard::RepairKnowsNewest) {
                positions.max().unwrap()
            } else {
                positions.min().unwrap()
            };
            let next = State { repair: Repair::Holding { key, newest }, ..*state };
            all.push((Step::RepairHolds { key, newest }, next));
        }
        Repair::Holding { key, newest } => {
            let least = if world.keeps(Guard::RepairSeesNewest) { newest } else { 0 };
            let positions = least.max(state.visible)..=model.history.end();
            for (view, xa) in positions.flat_map(|at| views(model, state, 0, at)) {
                let (at, source) = (view.at, &model.rows(view)[0]);
                let put = (0..)
                    .zip(source)
                    .find(|(other, row)| world.table(0).equal(key, *other) && **row != ABSENT)
                    .map(|(other, row)| (other, *row));
                let repair = Repair::Writing { key, put };
                all.push((Step::RepairReads { at }, State { visible: at, repair, xa, ..*state }));
            }
        }
        Repair::Writing { key, put } => {
            let mut next = State { repair: Repair::Done, ..*state };
            if world.keeps(Guard::RepairDeletes) {
                next.target.delete(world, 0, key);
            }
            if let Some((key, row)) = put {
                next.target.replace(world, 0, key, row);
            }
            all.push((Step::RepairCommits, next));
        }
    }
    if state.repair.holds() {
        all.push((Step::RepairEnds, State { repair: state.repair.ended(), ..*state }));
    }
}

/// Somebody else than us writes to the target: a row goes, gets another content, or is one too many.
fn plant(world: &World, state: &State, all: &mut Vec<(Step, State)>) {
    let table = world.table(0);
    assert!(table.kind != Kind::Keyless, "rows without a key are not copied again");
    let cells = state.target.cells[0];
    let there = |key: u8| cells[usize::from(key)];
    let taken = |u: u8| cells.iter().any(|row| *row != ABSENT && u_of(*row) == u);
    for key in 0..table.keys.min(u8::try_from(KEYS).unwrap()) {
        let planted = if there(key) != ABSENT {
            vec![ABSENT, row(u_of(there(key)), PLANTED)]
        } else if (0..table.keys).any(|other| table.equal(key, other) && there(other) != ABSENT) {
            continue;
        } else {
            (0..table.u_values.max(1))
                .filter(|u| !table.is_unique() || !taken(*u))
                .map(|u| row(u, PLANTED))
                .collect()
        };
        for wrong in planted {
            let mut next = State { repair: Repair::Needed { key }, ..*state };
            next.target.cells[0][usize::from(key)] = wrong;
            all.push((Step::Planted { key }, next));
        }
    }
}
