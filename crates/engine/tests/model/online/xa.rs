//! A transaction that XA had prepared, where no position tells when it takes effect: its `XA COMMIT` is in the log, and
//! within what counts as visible, before reads see its rows.

use super::application::{ABSENT, Cells, History, Position, is_counted, u_of};
use super::copier::Copier;
use super::gates::Gate;
use super::guard::Guard;
use super::world::{Kind, Reads, World};
use super::{Model, State, Step};

/// How far it is, and who knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Xa {
    /// A read may lack it.
    #[default]
    Hidden,
    /// A read has seen it, as all do that begin later.
    Seen,
    /// The applier has seen that it ended: a moment by which gates are told apart.
    Known,
    /// It ended before this process had anything read.
    Past,
}

impl Xa {
    /// What a new process finds.
    pub(crate) fn after_restart(self) -> Self {
        match self {
            Self::Hidden => Self::Hidden,
            Self::Seen | Self::Known | Self::Past => Self::Past,
        }
    }
}

/// What a read sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct View {
    pub(crate) at: Position,
    /// All of it but the transaction that XA had prepared.
    pub(crate) lacks_xa: bool,
}

/// What reads may see that begin now, and what is true of the transaction after them.
pub(crate) fn views(model: &Model, state: &State, table: u8, at: Position) -> Vec<(View, Xa)> {
    let is_in = model.xa.is_some_and(|xa| xa <= at);
    let seen = if is_in && state.xa == Xa::Hidden { Xa::Seen } else { state.xa };
    let mut all = vec![(View { at, lacks_xa: false }, seen)];
    if state.xa == Xa::Hidden && may_lack(model, table, at) {
        all.push((View { at, lacks_xa: true }, state.xa));
    }
    all
}

/// The same of a snapshot that is taken before its gate is opened: the gate says whether it was taken since the
/// transaction is known to have ended.
pub(crate) fn snapshots(
    model: &Model,
    state: &State,
    (table, upto): (u8, Position),
) -> Vec<(View, Gate, Xa)> {
    let mut all = Vec::new();
    for since_end in moments(state).iter().copied() {
        let gate = Gate { table, upto, since_end };
        let seen = views(model, state, table, upto).remove(0);
        all.push((seen.0, gate, seen.1));
        let is_open = state.xa != Xa::Past && !since_end;
        if is_open && may_lack(model, table, upto) {
            all.push((View { at: upto, lacks_xa: true }, gate, state.xa));
        }
    }
    all
}

/// Whether a gate's position may have been obtained since the transaction is known to have ended, or before.
pub(crate) fn moments(state: &State) -> &'static [bool] {
    match state.xa {
        Xa::Hidden | Xa::Seen => &[false],
        Xa::Known => &[false, true],
        Xa::Past => &[true],
    }
}

/// MySQL's tables without a key are locked for the moment of their snapshot, which waits for what is prepared.
fn may_lack(model: &Model, table: u8, at: Position) -> bool {
    let is_locked =
        model.world.table(table).kind == Kind::Keyless && model.world.reads == Reads::AfterL;
    !is_locked && model.lacking[usize::from(at)].is_some()
}

/// The applier looks and finds it ended.
pub(crate) fn steps(model: &Model, state: &State, all: &mut Vec<(Step, State)>) {
    if model.xa.is_some() && matches!(state.xa, Xa::Hidden | Xa::Seen) {
        all.push((Step::XaEnded, State { xa: Xa::Known, ..*state }));
    }
}

/// Whether the applier may be handed a transaction, as far as XA goes.
pub(crate) fn is_admitted(model: &Model, state: &State, at: Position) -> bool {
    let is_it = model.xa == Some(at) && model.world.keeps(Guard::XaEndAwaited);
    !is_it || matches!(state.xa, Xa::Known | Xa::Past)
}

/// Whether nobody knows if the exact copy of a table has the transaction: then the run stops by name.
pub(crate) fn is_unknown_to_copies(model: &Model, state: &State, at: Position) -> bool {
    if model.xa != Some(at)
        || !model.world.keeps(Guard::XaRefusedByCopies)
        || model.world.reads == Reads::AfterL
    {
        return false;
    }
    model.world.every_copier().any(|copier| {
        let place = usize::from(copier);
        let lane = model.world.copiers[place];
        let is_exact = model.world.table(lane.table).kind == Kind::Keyless;
        let copied = state.target.copied[place];
        let is_within = match state.copiers[place] {
            Copier::Writing(_) => state.gate(copier).is_some_and(|gate| at <= gate.upto),
            Copier::Idle | Copier::Reading => copied.done && at <= copied.snapshot,
        };
        is_exact && is_within && model.history.touches(at, lane.table)
    })
}

/// The source's rows at a position without those of a transaction, if that may be what a read sees: whoever changed
/// the same rows later waited until it had taken effect.
pub(crate) fn lacking(
    world: &World,
    history: &History,
    xa: Option<Position>,
    at: Position,
) -> Option<Cells> {
    let xa = xa.filter(|xa| *xa <= at)?;
    let touched = |position: Position| {
        let changes = history.to(position).changes.iter();
        changes.flat_map(|change| {
            let rows = change.before.into_iter().chain(change.after);
            rows.map(|(key, row)| (change.table, key, row))
        })
    };
    let meets = |(table, key, row): (u8, u8, u8)| {
        let definition = world.table(table);
        touched(xa).any(|(other_table, other, other_row)| {
            let same_u = definition.is_unique() && u_of(row) == u_of(other_row);
            table == other_table
                && definition.kind != Kind::Keyless
                && (definition.equal(key, other) || same_u)
        })
    };
    if (xa + 1..=at).flat_map(touched).any(meets) {
        return None;
    }
    let mut cells = *history.at(at);
    for change in history.to(xa).changes.iter().rev() {
        let cells = &mut cells[usize::from(change.table)];
        if let Some((key, row)) = change.after {
            let cell = &mut cells[usize::from(key)];
            *cell = if is_counted(row) { cell.checked_sub(1)? } else { ABSENT };
        }
        if let Some((key, row)) = change.before {
            let cell = &mut cells[usize::from(key)];
            *cell = if is_counted(row) { *cell + 1 } else { row };
        }
    }
    Some(cells)
}
