//! The process: it begins, is killed at any step, and begins again with what the target knows.

use super::application::Position;
use super::applier::Applier;
use super::copier::Copier;
use super::gates::Gates;
use super::guard::Guard;
use super::indexes::{Indexes, after_restart};
use super::repair::Repair;
use super::target::{LaneRow, Target};
use super::world::{LANES, TABLES};
use super::xa::Xa;
use super::{Model, State, Step};

/// Nothing is copied. The stream begins at P0, which the ledger has.
pub(crate) fn begin(model: &Model) -> State {
    if model.world.repairs {
        return begin_copied(model);
    }
    let start = model.world.unseen_at_start;
    let target = Target { positions: [start; LANES], ..Target::default() };
    let has_ended =
        model.xa.is_some_and(|xa| xa <= start) && model.world.keeps(Guard::XaEndedAtStart);
    State {
        visible: 0,
        target,
        orphans: [None; LANES],
        copiers: [Copier::Idle; LANES],
        gates: gates(model, start),
        applier: Applier::new(start, 0),
        indexes: [Indexes::Copying(0); TABLES],
        repair: Repair::Never,
        xa: if has_ended { Xa::Past } else { Xa::Hidden },
        refused: false,
        consistent: false,
        mishaps_left: model.world.mishaps,
    }
}

/// Everything is copied, and the stream begins with the first transaction.
fn begin_copied(model: &Model) -> State {
    let copied = LaneRow { next: 0, done: true, snapshot: 0 };
    let target = Target {
        cells: *model.history.at(0),
        copied: [copied; LANES],
        indexed: [true; TABLES],
        ..Target::default()
    };
    State {
        visible: 0,
        target,
        orphans: [None; LANES],
        copiers: [Copier::Idle; LANES],
        gates: gates(model, 0),
        applier: Applier::new(0, 0),
        indexes: [Indexes::Built; TABLES],
        repair: Repair::Awaited,
        xa: Xa::Hidden,
        refused: false,
        consistent: false,
        mishaps_left: model.world.mishaps,
    }
}

/// The process is killed and started again.
///
/// What it had sent commits before the kill or never: a restart waits until no session of the dead process
/// is left, and reads the ledger only then. Without that guard it may commit at any later time.
pub(crate) fn kill(model: &Model, state: &State) -> Option<(Step, State)> {
    let mut next = *state;
    next.mishaps_left = state.mishaps_left.checked_sub(1)?;
    next.copiers = [Copier::Idle; LANES];
    // Whoever begins ends the session that repairs.
    next.repair = state.repair.ended();
    next.xa = state.xa.after_restart();
    if !model.world.keeps(Guard::FenceAtRestart) {
        for (copier, orphan) in state.copiers.iter().zip(&mut next.orphans) {
            if let Copier::Writing(chunk) = copier {
                *orphan = Some(*chunk);
            }
        }
    }
    let positions = state.target.positions.into_iter();
    let (lowest, highest) = (positions.clone().min().unwrap(), positions.max().unwrap());
    let from = if model.world.keeps(Guard::ReplayFromMinimum) { lowest } else { highest };
    let unfinished = if model.world.keeps(Guard::UnfinishedBatchFirst) { highest } else { 0 };
    next.applier = Applier::new(from, if from < unfinished { unfinished } else { 0 });
    next.gates = gates(model, highest);
    for table in model.world.every_table() {
        next.indexes[usize::from(table)] = after_restart(model, &next, table);
    }
    Some((Step::Killed, next))
}

fn gates(model: &Model, handed_over: Position) -> Gates {
    Gates::new(if model.world.keeps(Guard::HandedOverBeforeRestart) { handed_over } else { 0 })
}
