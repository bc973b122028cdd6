//! The secondary keys of a table: built once the table is consistent, while its changes are held.

use super::application::Position;
use super::gates::{Gate, Holder};
use super::guard::Guard;
use super::target::LaneRow;
use super::world::Kind;
use super::{Model, State, Step};

/// How far a table is on its way to its indexes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Indexes {
    /// Rows are still to be copied. (The newest `L` of its chunks, which only a missing guard asks for.)
    Copying(Position),
    /// All rows were copied; the table is consistent once the applier has passed this.
    Horizon(Position),
    /// They are being built, and the table's changes are held.
    Building,
    /// They are there, or the table has none.
    Built,
}

/// A chunk of a copier is committed. The last of the table asks for the horizon.
pub(crate) fn chunk_read(model: &Model, next: &mut State, copier: u8) {
    let table = model.world.copiers[usize::from(copier)].table;
    if model.world.table(table).kind == Kind::Keyless {
        return;
    }
    let Indexes::Copying(newest) = next.indexes[usize::from(table)] else { return };
    let by_log_end = model.world.keeps(Guard::HorizonIsLogEnd);
    let newest = match next.gate(copier) {
        Some(gate) if !by_log_end => gate.upto.max(newest),
        Some(_) | None => newest,
    };
    next.indexes[usize::from(table)] = if !is_copied(model, next, table) {
        Indexes::Copying(newest)
    } else if by_log_end {
        Indexes::Horizon(next.log_end())
    } else {
        Indexes::Horizon(newest)
    };
}

/// What a new process knows of a table.
pub(crate) fn after_restart(model: &Model, next: &State, table: u8) -> Indexes {
    if next.target.indexed[usize::from(table)] {
        Indexes::Built
    } else if !is_copied(model, next, table) || model.world.table(table).kind == Kind::Keyless {
        // Only an `L` of this life would be asked for without the guard, or what is visible now.
        let by_log_end = model.world.keeps(Guard::HorizonIsLogEnd);
        Indexes::Copying(if by_log_end { 0 } else { next.visible })
    } else if model.world.keeps(Guard::HorizonRenewed) {
        Indexes::Horizon(next.log_end())
    } else {
        Indexes::Horizon(0)
    }
}

/// Holds the table's changes, waits for what was handed over before, builds.
pub(crate) fn steps(model: &Model, state: &State, table: u8, all: &mut Vec<(Step, State)>) {
    let place = usize::from(table);
    let holder = Holder::Indexes(table);
    if !model.world.builds_index(table) {
        return;
    }
    let mut next = *state;
    match state.indexes[place] {
        Indexes::Horizon(_) if !is_consistent(model, state, table) => {}
        Indexes::Horizon(_) if model.world.keeps(Guard::IndexesHold) => {
            let upto = state.gates.handed_over[place].max(state.applier.applied());
            if next.gates.open(model, holder, Gate { table, upto, since_end: true }).is_ok() {
                next.indexes[place] = Indexes::Building;
                all.push((Step::Hold { table, upto }, next));
            }
        }
        Indexes::Horizon(_) | Indexes::Building => {
            let handed_over = state.gates.of(holder).map_or(0, |gate| gate.upto);
            if state.applier.applied() >= handed_over {
                next.target.build_index(table);
                next.indexes[place] = Indexes::Built;
                next.gates.release(holder);
                all.push((Step::Build { table }, next));
            }
        }
        Indexes::Copying(_) | Indexes::Built => {}
    }
}

/// Whether a table shows what the source had at the applied position.
pub(crate) fn is_consistent(model: &Model, state: &State, table: u8) -> bool {
    match state.indexes[usize::from(table)] {
        Indexes::Copying(_) if model.world.table(table).kind == Kind::Keyless => {
            let mut lanes = lanes_of(model, state, table);
            lanes.all(|row| row.done && state.applier.applied() >= row.snapshot)
        }
        Indexes::Copying(_) => false,
        Indexes::Horizon(horizon) => {
            state.applier.applied() >= horizon || !model.world.keeps(Guard::IndexesAfterHorizon)
        }
        Indexes::Building | Indexes::Built => true,
    }
}

fn is_copied(model: &Model, state: &State, table: u8) -> bool {
    lanes_of(model, state, table).all(|row| row.done)
}

fn lanes_of(model: &Model, state: &State, table: u8) -> impl Iterator<Item = LaneRow> {
    let lanes = model.world.copiers.iter().zip(state.target.copied);
    lanes.filter(move |(lane, _)| lane.table == table).map(|(_, row)| row)
}
