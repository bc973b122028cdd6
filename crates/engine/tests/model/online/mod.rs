//! Every interleaving of application, copiers, gates, stream, lanes, crash and restart on a tiny world.
//!
//! The application's history is chosen first, and every history of a length is. Then every order in which
//! the actors may act is walked. What the application does at a moment nobody looks is no step of its own:
//! a transaction is in the log when the applier is given it, and visible when a copier sees it, at the
//! latest; anything sooner only forbids the others something. So the gap between the log and what reads
//! see is as long as it can be.
//!
//! `world` and `application` say what is migrated and written, `xa` what reads see late of it, `gates`, `copier`,
//! `batch`, `applier`, `indexes`, `life` and `repair` are the algorithm, an actor per file, `target` is the server, `guard` lists what
//! makes the algorithm right and `proofs` takes each of them away. The algorithm of the product changes only
//! together with this model.

mod world;
mod application;
mod xa;
mod guard;
mod gates;
mod copier;
mod batch;
mod applier;
mod indexes;
mod life;
mod repair;
mod target;
mod proofs;

use std::fmt;

use super::explore::System;
use application::{Cells, History, Position};
use applier::Applier;
use batch::Last;
use copier::{Chunk, Copier};
use gates::{Gate, Gates, Holder};
use guard::Guard;
use indexes::Indexes;
use repair::Repair;
use target::{Complaint, Target};
use world::{LANES, TABLES, World};
use xa::{View, Xa};

/// A world and what the application does to it.
struct Model {
    world: World,
    history: History,
    /// Which transaction is over the cap of a batch.
    huge: Option<Position>,
    /// Which transaction XA had prepared.
    xa: Option<Position>,
    /// The source's rows at each position without that one, if a read may see them so.
    lacking: Vec<Option<Cells>>,
    /// What the transactions from a position to another leave behind.
    batches: Vec<Vec<Vec<Last>>>,
}

/// Source, target and the living process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct State {
    /// What a read sees at least.
    visible: Position,
    target: Target,
    /// Chunks of dead sessions that the target may still commit.
    orphans: [Option<Chunk>; LANES],
    copiers: [Copier; LANES],
    gates: Gates,
    applier: Applier,
    indexes: [Indexes; TABLES],
    repair: Repair,
    xa: Xa,
    /// Whether the run has stopped because nobody knows what a copy has.
    refused: bool,
    /// Whether the applier has passed the horizon of every table, in this life or before.
    consistent: bool,
    mishaps_left: u8,
}

impl State {
    /// The log's end as the source tells it.
    fn log_end(&self) -> Position {
        let handed_over = self.gates.handed_over.into_iter().max().unwrap();
        self.visible.max(handed_over).max(self.applier.batch_end())
    }

    /// The gate a copier holds open.
    fn gate(&self, copier: u8) -> Option<Gate> {
        self.gates.of(Holder::Copier(copier))
    }
}

impl Model {
    fn new(world: World, history: History, huge: Option<Position>) -> Self {
        let lacking = vec![None; history.states.len()];
        let transactions = &history.transactions;
        let batch = |from: usize, to: usize| {
            let changes = transactions[from..to.max(from)].iter().flat_map(|one| &one.changes);
            batch::coalesce(&world, changes)
        };
        let ends = 0..=transactions.len();
        let batches = ends.clone().map(|from| ends.clone().map(|to| batch(from, to)).collect());
        Self { batches: batches.collect(), world, history, huge, xa: None, lacking }
    }

    /// The same, where one transaction was prepared by XA.
    fn with_xa(self, xa: Position) -> Self {
        let lacking = |at| xa::lacking(&self.world, &self.history, Some(xa), at);
        Self { lacking: (0..=self.history.end()).map(lacking).collect(), xa: Some(xa), ..self }
    }

    /// The source's rows as a read sees them.
    fn rows(&self, View { at, lacks_xa }: View) -> &Cells {
        let lacking = self.lacking[usize::from(at)].as_ref().filter(|_| lacks_xa);
        lacking.unwrap_or_else(|| self.history.at(at))
    }

    /// What the transactions after `from` up to `to` leave behind.
    fn batch(&self, from: Position, to: Position) -> &[Last] {
        &self.batches[usize::from(from)][usize::from(to)]
    }

    fn differs(&self, state: &State, at: Position, when: &str) -> Option<String> {
        let source = self.history.at(at);
        let target = &state.target.cells;
        (source != target)
            .then(|| format!("{when}: the source has {source:?}, the target {target:?}"))
    }
}

impl System for Model {
    type State = State;
    type Step = Step;

    fn start(&self) -> State {
        life::begin(self)
    }

    fn steps(&self, state: &State) -> Vec<(Step, State)> {
        let mut all = Vec::new();
        if self.is_finished(state) {
            return all;
        }
        for copier in self.world.every_copier() {
            copier::steps(self, state, copier, &mut all);
        }
        copier::orphan_steps(self, state, &mut all);
        applier::steps(self, state, &mut all);
        for table in self.world.every_table() {
            indexes::steps(self, state, table, &mut all);
        }
        repair::steps(self, state, &mut all);
        xa::steps(self, state, &mut all);
        all.extend(life::kill(self, state));
        for (_, next) in &mut all {
            let mut tables = self.world.every_table();
            next.consistent |= tables.all(|table| indexes::is_consistent(self, next, table));
        }
        all
    }

    fn is_mishap(&self, step: &Step) -> bool {
        matches!(step, Step::Killed | Step::Lost { .. } | Step::RepairEnds)
    }

    fn is_finished(&self, state: &State) -> bool {
        if state.refused {
            return true;
        }
        let is_over = |table| match state.indexes[usize::from(table)] {
            Indexes::Built => true,
            Indexes::Copying(_) | Indexes::Horizon(_) | Indexes::Building => {
                !self.world.builds_index(table) && indexes::is_consistent(self, state, table)
            }
        };
        state.applier.applied() == self.history.end()
            && state.orphans == [None; LANES]
            && state.repair.is_over()
            && self.world.every_table().all(is_over)
    }

    fn wrong(&self, state: &State) -> Option<String> {
        if state.refused {
            return None;
        }
        match state.target.complaint {
            Some(Complaint::Duplicate) => return Some("the unique index meets a duplicate".into()),
            Some(Complaint::NotThere) => return Some("a row without a key is not there".into()),
            None => {}
        }
        if self.is_finished(state) {
            return self.differs(state, self.history.end(), "at the end");
        }
        let [one, other] = state.target.positions;
        // Without a guard of the horizon this fails at once: let it go on to what comes of it.
        let horizon = [Guard::IndexesAfterHorizon, Guard::HorizonIsLogEnd, Guard::HorizonRenewed];
        let is_known = horizon.into_iter().all(|guard| self.world.keeps(guard));
        let is_whole = state.repair == Repair::Never;
        if is_known && is_whole && state.consistent && one == other {
            return self.differs(state, one, "after the horizon");
        }
        None
    }
}

/// One step of one actor.
enum Step {
    Gate { copier: u8, upto: Position, exact: bool },
    Read { copier: u8, at: Position },
    Commit { copier: u8 },
    Lost { copier: u8 },
    CommitsLate { copier: u8 },
    RollsBack { copier: u8 },
    Lane { lane: u8, from: Position, to: Position },
    AllLanes { from: Position, to: Position },
    Position { lane: u8 },
    HugeBegins { at: Position },
    Piece { at: Position },
    HugeCommits { at: Position },
    Hold { table: u8, upto: Position },
    Build { table: u8 },
    Planted { key: u8 },
    RepairHolds { key: u8, newest: Position },
    RepairReads { at: Position },
    RepairCommits,
    RepairEnds,
    XaEnded,
    Refused { at: Position },
    Killed,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gate { copier, upto, exact: true } => {
                write!(
                    f,
                    "copier {copier} takes a snapshot at T{upto}, opens a gate up to it, reads"
                )
            }
            Self::Gate { copier, upto, exact: false } => {
                write!(f, "copier {copier} opens a gate with L = T{upto}")
            }
            Self::Read { copier, at } => write!(f, "copier {copier} reads, T{at} is visible"),
            Self::Commit { copier } => write!(f, "copier {copier} commits its chunk"),
            Self::Lost { copier } => write!(f, "copier {copier} loses its connection"),
            Self::CommitsLate { copier } => write!(f, "a dead session of copier {copier} commits"),
            Self::RollsBack { copier } => write!(f, "a dead session of copier {copier} rolls back"),
            Self::Lane { lane, from, to } => {
                write!(f, "lane {lane} commits T{}..T{to}", from + 1)
            }
            Self::AllLanes { from, to } => write!(f, "T{}..T{to} are committed at once", from + 1),
            Self::Position { lane } => write!(f, "lane {lane} commits its position"),
            Self::HugeBegins { at } => write!(f, "the huge T{at} begins with its first piece"),
            Self::Piece { at } => write!(f, "a piece of the huge T{at}"),
            Self::HugeCommits { at } => write!(f, "the huge T{at} commits"),
            Self::Hold { table, upto } => {
                write!(f, "table {table} is held after T{upto} for its indexes")
            }
            Self::Build { table } => write!(f, "the indexes of table {table} are built"),
            Self::Planted { key } => write!(f, "somebody else writes key {key} of the target"),
            Self::RepairHolds { key, newest } => {
                write!(
                    f,
                    "a repair of key {key} holds the ledger, whose newest position is T{newest}"
                )
            }
            Self::RepairReads { at } => write!(f, "the repair reads, T{at} is visible"),
            Self::RepairCommits => write!(f, "the repair commits"),
            Self::RepairEnds => write!(f, "the repair's process is killed"),
            Self::XaEnded => write!(f, "what XA had prepared is seen to have ended"),
            Self::Refused { at } => {
                write!(f, "the run stops: nobody knows whether a copy has T{at}")
            }
            Self::Killed => write!(f, "the process is killed and started again"),
        }
    }
}
