//! The gates: where copier and applier meet, so that no copy overwrites a change it has not seen.

use super::Model;
use super::application::Position;
use super::guard::Guard;
use super::world::{LANES, TABLES};

/// Whoever opens a gate: a copier, or the building of a table's indexes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Holder {
    Copier(u8),
    Indexes(u8),
}

/// An open gate of a table: what lies outside `upto` is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Gate {
    pub(crate) table: u8,
    pub(crate) upto: Position,
    /// Its read began after the transaction that XA had prepared was known to have ended.
    pub(crate) since_end: bool,
}

/// Something handed over lies outside: take a newer `L`.
pub(crate) struct Stale;

/// All open gates, and what the applier was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Gates {
    open: [Option<Gate>; LANES + TABLES],
    /// The last transaction on each table that was handed over to the applier.
    pub(crate) handed_over: [Position; TABLES],
    /// The tables for which the transaction that XA had prepared was.
    ended: [bool; TABLES],
}

impl Gates {
    /// The gates of a new process. Everything within `handed_over` is, or may be, on the target.
    pub(crate) fn new(handed_over: Position) -> Self {
        let (open, ended) = Default::default();
        Self { open, handed_over: [handed_over; TABLES], ended }
    }

    /// Opens a gate, unless a copy that sees only `upto` could overwrite what was handed over.
    pub(crate) fn open(&mut self, model: &Model, holder: Holder, gate: Gate) -> Result<(), Stale> {
        let stale = self.handed_over[usize::from(gate.table)] > gate.upto;
        let is_too_early = self.ended[usize::from(gate.table)] && !gate.since_end;
        if stale && model.world.keeps(Guard::StaleCheck)
            || is_too_early && model.world.keeps(Guard::XaStaleCheck)
        {
            return Err(Stale);
        }
        self.open[place(holder)] = Some(gate);
        Ok(())
    }

    /// The gate somebody holds open.
    pub(crate) fn of(&self, holder: Holder) -> Option<Gate> {
        self.open[place(holder)]
    }

    /// Closes it.
    pub(crate) fn release(&mut self, holder: Holder) {
        self.open[place(holder)] = None;
    }

    /// Whether a change of a table at a position may go to the applier.
    pub(crate) fn admits_change(&self, model: &Model, table: u8, at: Position) -> bool {
        let is_xa = model.xa == Some(at) && model.world.keeps(Guard::XaHold);
        let excludes =
            |gate: &Gate| gate.table == table && (gate.upto < at || is_xa && !gate.since_end);
        !model.world.keeps(Guard::Hold) || !self.open.iter().flatten().any(excludes)
    }

    /// Whether a whole transaction may go to the applier.
    pub(crate) fn admits(&self, model: &Model, at: Position) -> bool {
        let mut touched =
            model.world.every_table().filter(|table| model.history.touches(at, *table));
        touched.all(|table| self.admits_change(model, table, at))
    }

    /// Records a transaction as handed over.
    pub(crate) fn hand_over(&mut self, model: &Model, at: Position) {
        for table in model.world.every_table().filter(|table| model.history.touches(at, *table)) {
            let last = &mut self.handed_over[usize::from(table)];
            *last = at.max(*last);
            self.ended[usize::from(table)] |= model.xa == Some(at);
        }
    }
}

fn place(holder: Holder) -> usize {
    match holder {
        Holder::Copier(copier) => usize::from(copier),
        Holder::Indexes(table) => LANES + usize::from(table),
    }
}
