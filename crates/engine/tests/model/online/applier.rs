//! The applier: batch after batch, each by all lanes in a target transaction of their own.

use super::application::Position;
use super::batch::{apply_keyless, effects, lane_of};
use super::guard::Guard;
use super::world::LANES;
use super::xa::{is_admitted, is_unknown_to_copies};
use super::{Model, State, Step};

/// What the applier of the living process knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Applier {
    /// How far each lane has come in this life. A batch is under way while they differ.
    pub(crate) done: [Position; LANES],
    /// The end of the batch that the dead process has committed by some lanes, or less than `done`.
    unfinished: Position,
    /// How many pieces of the huge transaction that comes next are executed and not committed.
    pieces: u8,
}

impl Applier {
    /// It replays from here, and the next batch ends no sooner than the one that was left unfinished.
    pub(crate) fn new(from: Position, unfinished: Position) -> Self {
        Self { done: [from; LANES], unfinished, pieces: 0 }
    }

    /// All lanes are here.
    fn at(here: Position) -> Self {
        Self::new(here, 0)
    }

    /// Everything up to here is committed by all lanes.
    pub(crate) fn applied(&self) -> Position {
        self.done.into_iter().min().unwrap()
    }

    /// The end of the batch under way, or of the last one.
    pub(crate) fn batch_end(&self) -> Position {
        self.done.into_iter().max().unwrap()
    }

    /// Whether a transaction of pieces is under way.
    pub(crate) fn has_pieces(&self) -> bool {
        self.pieces > 0
    }

    /// Whether no batch is under way.
    pub(crate) fn rests(&self) -> bool {
        self.pieces == 0 && self.applied() == self.batch_end()
    }
}

/// Everything the applier may do.
///
/// A batch begins with the first commit of one of its lanes, and only then are its transactions handed over:
/// handing them over sooner would let fewer gates open and nothing else.
pub(crate) fn steps(model: &Model, state: &State, all: &mut Vec<(Step, State)>) {
    let applier = state.applier;
    if state.repair.holds() && model.world.keeps(Guard::RepairHolds) {
        return;
    }
    if !model.world.keeps(Guard::PositionWithRows) {
        move_positions(model, state, all);
    }
    if applier.pieces > 0 {
        return huge_steps(model, state, all);
    }
    for lane in 0..model.world.lanes {
        let from = applier.done[usize::from(lane)];
        if model.world.keeps(Guard::Barrier) && !applier.rests() {
            if from < applier.batch_end() {
                all.push(commit(model, state, lane, applier.batch_end()));
            }
            continue;
        }
        for to in from + 1..=model.history.end() {
            let is_admitted = state.gates.admits(model, to) && is_admitted(model, state, to);
            if model.huge == Some(to) || !is_admitted {
                break;
            }
            if is_unknown_to_copies(model, state, to) {
                all.push((Step::Refused { at: to }, State { refused: true, ..*state }));
                break;
            }
            if to >= applier.unfinished {
                all.push(commit(model, state, lane, to));
            }
        }
    }
    let next = applier.applied() + 1;
    if model.huge == Some(next) && applier.rests() {
        begin_huge(model, state, next, all);
    }
}

/// A lane commits its part of the batch that ends at `to`, and its position.
fn commit(model: &Model, state: &State, lane: u8, to: Position) -> (Step, State) {
    let mut next = *state;
    let from = state.applier.done[usize::from(lane)];
    (from + 1..=to).for_each(|at| next.gates.hand_over(model, at));
    // An unfinished batch is one transaction for all lanes: rows may be divided in another way than before.
    let at_once = model.world.lanes == 1
        || state.applier.unfinished > from && model.world.keeps(Guard::UnfinishedBatchAtOnce);
    if at_once {
        (0..model.world.lanes).for_each(|lane| write(model, &mut next, lane, to));
        next.applier = Applier::at(to);
        return (Step::AllLanes { from, to }, next);
    }
    write(model, &mut next, lane, to);
    if next.applier.applied() >= next.applier.unfinished {
        next.applier.unfinished = 0;
    }
    (Step::Lane { lane, from, to }, next)
}

/// A lane's share of a transaction on the target.
fn write(model: &Model, next: &mut State, lane: u8, to: Position) {
    let world = &model.world;
    let from = next.applier.done[usize::from(lane)];
    for last in model.batch(from, to) {
        if lane_of(world, last.table, last.key, next.mishaps_left) == lane {
            last.apply(world, &mut next.target);
        }
    }
    if lane == 0 {
        apply_keyless(model, &mut next.target, from, to);
    }
    if world.keeps(Guard::PositionWithRows) {
        move_position(model, next, lane, to);
    }
    next.applier.done[usize::from(lane)] = to;
}

fn move_position(model: &Model, next: &mut State, lane: u8, to: Position) {
    let position = &mut next.target.positions[usize::from(lane)];
    *position = to.max(*position);
    if model.world.lanes == 1 {
        next.target.positions = [*position; LANES];
    }
}

/// Without its guard: the positions follow in transactions of their own.
fn move_positions(model: &Model, state: &State, all: &mut Vec<(Step, State)>) {
    for lane in 0..model.world.lanes {
        let done = state.applier.done[usize::from(lane)];
        if state.target.positions[usize::from(lane)] < done {
            let mut next = *state;
            move_position(model, &mut next, lane, done);
            all.push((Step::Position { lane }, next));
        }
    }
}

/// A huge transaction begins alone when no gate excludes it. Its target transaction moves all lanes' positions.
fn begin_huge(model: &Model, state: &State, at: Position, all: &mut Vec<(Step, State)>) {
    let mut next = *state;
    if model.world.keeps(Guard::HugeAdmittedWhole) {
        if !state.gates.admits(model, at) {
            return;
        }
        next.gates.hand_over(model, at);
    }
    if let Some((_, next)) = piece(model, &next, at) {
        all.push((Step::HugeBegins { at }, next));
    }
}

/// One more piece of it, and its rows stay locked.
fn piece(model: &Model, state: &State, at: Position) -> Option<(Step, State)> {
    let place = usize::from(state.applier.pieces);
    let change = model.history.to(at).changes.get(place)?;
    let is_whole = model.world.keeps(Guard::HugeAdmittedWhole);
    if !is_whole && !state.gates.admits_change(model, change.table, at) {
        return None;
    }
    let mut next = *state;
    next.applier.pieces += 1;
    Some((Step::Piece { at }, next))
}

fn huge_steps(model: &Model, state: &State, all: &mut Vec<(Step, State)>) {
    let at = state.applier.applied() + 1;
    if usize::from(state.applier.pieces) < model.history.to(at).changes.len() {
        return all.extend(piece(model, state, at));
    }
    let mut next = *state;
    next.gates.hand_over(model, at);
    for change in &model.history.to(at).changes {
        for effect in effects(&model.world, change) {
            effect.apply(&model.world, &mut next.target);
        }
    }
    apply_keyless(model, &mut next.target, at - 1, at);
    next.target.positions = [at; LANES];
    next.applier = Applier::at(at);
    all.push((Step::HugeCommits { at }, next));
}

/// Whether the huge transaction under way has locked a row.
pub(crate) fn locks(model: &Model, state: &State, table: u8, key: u8) -> bool {
    let Some(at) = model.huge.filter(|_| state.applier.pieces > 0) else { return false };
    let changes = &model.history.to(at).changes[..usize::from(state.applier.pieces)];
    let mut effects = changes.iter().flat_map(|change| effects(&model.world, change));
    effects.any(|effect| effect.table == table && effect.key == key)
}
