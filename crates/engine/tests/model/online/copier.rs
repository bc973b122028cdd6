//! A copier: chunk after chunk of its lane, each read behind a gate and written with its ledger row.

use super::application::{ABSENT, Position};
use super::gates::Holder;
use super::guard::Guard;
use super::world::{KEYS, Kind, Reads};
use super::xa::{View, snapshots, views};
use super::{Model, State, Step};

/// Where a copier is within a chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Copier {
    /// Between two chunks.
    #[default]
    Idle,
    /// Its gate is open; it may read at any time from now.
    Reading,
    /// It has read; the target may commit at any time from now.
    Writing(Chunk),
}

/// One target transaction: rows and the ledger row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Chunk {
    rows: [u8; KEYS],
    /// The first key of the lane that comes after it.
    next: u8,
    done: bool,
    snapshot: Position,
    /// Its rows are not those of XA's transaction, which lies within.
    lacks_xa: bool,
}

/// Everything a copier may do.
pub(crate) fn steps(model: &Model, state: &State, copier: u8, all: &mut Vec<(Step, State)>) {
    let place = usize::from(copier);
    let before_reading = model.world.keeps(Guard::LBeforeRead) || is_keyless(model, copier);
    match state.copiers[place] {
        Copier::Idle if state.target.copied[place].done => {}
        Copier::Idle if before_reading => open(model, state, copier, all),
        Copier::Idle | Copier::Reading => read(model, state, copier, all),
        Copier::Writing(_) if !before_reading && state.gate(copier).is_none() => {
            open(model, state, copier, all);
        }
        Copier::Writing(chunk) => {
            write(model, state, copier, chunk, all);
            lose(model, state, copier, chunk, all);
        }
    }
}

/// Obtains `L` and opens the gate.
///
/// Any position that was visible at any time may be `L`: that covers whatever happens between obtaining it
/// and opening the gate, and a `gtid_executed` that lags behind what reads see. A stale one is refused.
fn open(model: &Model, state: &State, copier: u8, all: &mut Vec<(Step, State)>) {
    let lane = model.world.copiers[usize::from(copier)];
    let late = !model.world.keeps(Guard::LBeforeRead) && !is_keyless(model, copier);
    let oldest = if late { state.visible } else { 0 };
    let exact = model.world.reads == Reads::ExactlyL || is_keyless(model, copier);
    for upto in oldest..=model.history.end() {
        for (view, gate, xa) in snapshots(model, state, (lane.table, upto)) {
            let mut next = *state;
            if next.gates.open(model, Holder::Copier(copier), gate).is_err() {
                continue;
            }
            if model.world.keeps(Guard::VisibleL) {
                next.visible = next.visible.max(upto);
            }
            if exact {
                next.xa = xa;
                empty_what_was_begun(model, &mut next, copier);
                next.copiers[usize::from(copier)] =
                    Copier::Writing(chunk(model, &next, copier, view));
            } else if !late {
                next.copiers[usize::from(copier)] = Copier::Reading;
            }
            all.push((Step::Gate { copier, upto, exact }, next));
        }
    }
}

/// Reads what is visible by now, which may be more than `L`.
fn read(model: &Model, state: &State, copier: u8, all: &mut Vec<(Step, State)>) {
    let table = model.world.copiers[usize::from(copier)].table;
    let positions = state.visible..=model.history.end();
    for (view, xa) in positions.flat_map(|at| views(model, state, table, at)) {
        let (mut next, at) = (*state, view.at);
        (next.visible, next.xa) = (at, xa);
        next.copiers[usize::from(copier)] = Copier::Writing(chunk(model, &next, copier, view));
        if !model.world.keeps(Guard::GateUntilCommit) {
            next.gates.release(Holder::Copier(copier));
        }
        all.push((Step::Read { copier, at }, next));
    }
}

/// The target commits rows and ledger row; then the gate is closed.
fn write(model: &Model, state: &State, copier: u8, chunk: Chunk, all: &mut Vec<(Step, State)>) {
    let place = usize::from(copier);
    let table = model.world.copiers[place].table;
    let keys = (0..).zip(chunk.rows).filter(|(_, row)| *row != ABSENT);
    let is_locked = keys.clone().any(|(key, _)| super::applier::locks(model, state, table, key));
    if is_locked || state.orphans[place].is_some() {
        return;
    }
    let mut next = *state;
    chunk.commit(model, &mut next, copier);
    if is_keyless(model, copier) && !chunk.done {
        let view = View { at: chunk.snapshot, lacks_xa: chunk.lacks_xa };
        let rest = self::chunk(model, &next, copier, view);
        next.copiers[place] = Copier::Writing(rest);
    } else {
        super::indexes::chunk_read(model, &mut next, copier);
        next.copiers[place] = Copier::Idle;
        next.gates.release(Holder::Copier(copier));
    }
    all.push((Step::Commit { copier }, next));
}

/// The connection breaks while the COMMIT is under way.
///
/// If the gate stays until the outcome is known, this is a commit, or another try of the same chunk behind
/// the same gate: no new state. If it does not, the server may commit at any later time.
fn lose(model: &Model, state: &State, copier: u8, chunk: Chunk, all: &mut Vec<(Step, State)>) {
    if model.world.keeps(Guard::GateUntilKnown) || state.mishaps_left == 0 {
        return;
    }
    let mut next = *state;
    next.mishaps_left -= 1;
    next.orphans[usize::from(copier)] = Some(chunk);
    next.copiers[usize::from(copier)] = Copier::Idle;
    next.gates.release(Holder::Copier(copier));
    all.push((Step::Lost { copier }, next));
}

/// A session whose client is gone commits late, or rolls back.
pub(crate) fn orphan_steps(model: &Model, state: &State, all: &mut Vec<(Step, State)>) {
    for copier in model.world.every_copier() {
        if let Some(chunk) = state.orphans[usize::from(copier)] {
            let mut next = *state;
            next.orphans[usize::from(copier)] = None;
            all.push((Step::RollsBack { copier }, next));
            chunk.commit(model, &mut next, copier);
            all.push((Step::CommitsLate { copier }, next));
        }
    }
}

impl Chunk {
    fn commit(self, model: &Model, next: &mut State, copier: u8) {
        let place = usize::from(copier);
        let table = model.world.copiers[place].table;
        for (key, row) in (0..).zip(self.rows).filter(|(_, row)| *row != ABSENT) {
            if is_keyless(model, copier) {
                (0..row).for_each(|_| next.target.insert_one(table, key));
            } else if model.world.keeps(Guard::CopyReplaces) {
                next.target.replace(&model.world, table, key, row);
            } else {
                next.target.insert_ignore(&model.world, table, key, row);
            }
        }
        let lane = &mut next.target.copied[place];
        (lane.next, lane.done) = (self.next, self.done);
        lane.snapshot = if self.done { self.snapshot } else { 0 };
    }
}

/// The next row of the lane as it is at a position. A chunk that comes to the lane's end ends it.
fn chunk(model: &Model, state: &State, copier: u8, view: View) -> Chunk {
    let lane = model.world.copiers[usize::from(copier)];
    let table = model.world.table(lane.table);
    let begun = state.target.copied[usize::from(copier)].next.max(lane.first);
    let source = &model.rows(view)[usize::from(lane.table)];
    let mut chunk = Chunk { next: lane.last + 1, done: true, ..Chunk::default() };
    if table.kind == Kind::Keyless {
        (chunk.snapshot, chunk.lacks_xa) = (view.at, view.lacks_xa);
    }
    let mut keys = begun..=lane.last;
    let Some(key) = keys.find(|key| source[usize::from(*key)] != ABSENT) else { return chunk };
    chunk.rows[usize::from(key)] = source[usize::from(key)];
    chunk.next = keys.find(|other| !table.equal(key, *other)).unwrap_or(lane.last + 1);
    chunk.done = chunk.next > lane.last;
    chunk
}

/// A table without a key that a dead process began is emptied.
fn empty_what_was_begun(model: &Model, next: &mut State, copier: u8) {
    let place = usize::from(copier);
    let was_begun = next.target.copied[place].next > 0;
    if is_keyless(model, copier) && was_begun {
        if model.world.keeps(Guard::KeylessEmptied) {
            next.target.cells[usize::from(model.world.copiers[place].table)] = Default::default();
        }
        next.target.copied[place].next = 0;
    }
}

fn is_keyless(model: &Model, copier: u8) -> bool {
    let lane = model.world.copiers[usize::from(copier)];
    model.world.table(lane.table).kind == Kind::Keyless
}
