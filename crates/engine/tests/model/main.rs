//! Every interleaving of copier, ledger, lost connections, crashes and restarts on a table of three rows.
//!
//! The copier is killed and cut off at every step; sessions it leaves behind execute what they were sent
//! at any later time. At the end each row must be on the target exactly once. One test per guard takes
//! the guard away and sees the model fail. The algorithm of `crates/engine/src/copy` changes only together
//! with this model.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

mod again;
mod copier;
mod definitions;
mod exact;
mod explore;
mod family;
mod in_part;
mod online;
mod target;

use copier::{ALL, At, Copier, Guards, Work};
use explore::{Explored, System, explore};
use target::{Ledger, ROWS, Target};

/// Faults per run; more of them reach no new kind of state.
const FAULTS: u8 = 3;

const LOST: &str = "the connection is lost";
const KILLED: &str = "the process is killed and started again";

struct Copy {
    work: Work,
    guards: Guards,
}

/// The target, the living process, what the journal remembers of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    target: Target,
    copier: Copier,
    /// Whether the source's changes ask for a reset; journaled before the snapshot that knows them.
    reset_due: bool,
    faults_left: u8,
}

impl System for Copy {
    type State = State;
    type Step = String;

    fn start(&self) -> State {
        let mut target = Target::default();
        if self.work == Work::Reset {
            target.rows = [1; ROWS];
            target.ledger = Some(Ledger { position: 3, done: true, emptying: false });
        }
        State {
            target,
            copier: Copier::new(),
            reset_due: self.work == Work::Reset,
            faults_left: FAULTS,
        }
    }

    fn steps(&self, state: &State) -> Vec<(String, State)> {
        let mut steps: Vec<(String, State)> = state
            .target
            .steps()
            .into_iter()
            .map(|(words, target)| (words, State { target, ..state.clone() }))
            .collect();
        steps.extend(self.copier_steps(state));
        if state.faults_left > 0 && state.copier.at != At::Finished {
            let mut next = state.clone();
            next.faults_left -= 1;
            next.target.cut();
            if matches!(next.copier.at, At::Waiting(_)) {
                let mut cut = next.clone();
                cut.copier.lost(self.guards);
                steps.push((LOST.into(), cut));
            }
            next.copier = Copier::new();
            steps.push((KILLED.into(), next));
        }
        steps
    }

    fn is_mishap(&self, step: &String) -> bool {
        step == LOST || step == KILLED
    }

    fn is_finished(&self, state: &State) -> bool {
        state.copier.at == At::Finished
    }

    fn wrong(&self, state: &State) -> Option<String> {
        let rows = state.target.rows;
        if state.copier.at == At::Confused {
            return Some(format!("the lane is forgotten, the target has {rows:?} of each row"));
        }
        let over = state.copier.at == At::Finished && rows != [1; ROWS];
        // A table with a key refuses a second copy of a row, and the run can never finish.
        let doubled = self.work != Work::Keyless && rows.iter().any(|count| *count > 1);
        (over || doubled).then(|| format!("the target has {rows:?} of each row"))
    }
}

impl Copy {
    /// The copier reads an answer and sends what comes next: being killed between the two leaves nothing
    /// behind that being killed just before the server executes does not.
    fn copier_steps(&self, state: &State) -> Option<(String, State)> {
        let mut next = state.clone();
        let mut words = String::new();
        if let Some(answer) = next.target.session.as_mut().and_then(|session| session.answer.take())
        {
            next.copier.answered(answer, self.work, state.reset_due, self.guards);
            words = format!("copier reads {answer:?}, ");
        }
        // Once the old rows and their ledger are gone, there is nothing left to reset.
        next.reset_due &= next.target.ledger.is_some();
        if let Some(statement) = next.copier.sent() {
            next.target.send(statement);
            words = format!("{words}copier sends {statement:?}");
        }
        (!words.is_empty()).then_some((words, next))
    }
}

const EVERY_WORK: [Work; 4] = [Work::Keyed, Work::Small, Work::Keyless, Work::Reset];

fn walk(work: Work, guards: Guards) -> Result<Explored, String> {
    explore(&Copy { work, guards })
}

/// Without the guard, some kind of work must go wrong: rows twice or rows missing.
fn must_fail(guards: Guards) {
    let traces: Vec<String> =
        EVERY_WORK.iter().filter_map(|work| walk(*work, guards).err()).collect();
    assert!(!traces.is_empty(), "the guard guards nothing");
    assert!(traces.iter().all(|trace| trace.contains("of each row")), "{traces:?}");
}

#[test]
fn every_row_arrives_exactly_once_whatever_is_lost_or_killed() {
    for work in EVERY_WORK {
        let explored = walk(work, ALL).unwrap_or_else(|trace| panic!("{work:?}:\n{trace}"));
        assert!(explored.states > 1_000 && explored.finished > 0, "{work:?} was hardly explored");
    }
}

#[test]
fn a_ledger_outside_the_transaction_doubles_rows() {
    must_fail(Guards { ledger_in_transaction: false, ..ALL });
}

#[test]
fn a_chunk_that_does_not_lock_the_ledger_first_doubles_rows() {
    must_fail(Guards { lock_first: false, ..ALL });
}

#[test]
fn a_lost_answer_taken_for_a_failure_doubles_rows() {
    must_fail(Guards { ask_after_unknown: false, ..ALL });
}

#[test]
fn a_keyless_table_begun_again_without_emptying_doubles_rows() {
    must_fail(Guards { empty_before_restart: false, ..ALL });
}

#[test]
fn a_table_emptied_without_waiting_for_others_who_do_loses_rows() {
    must_fail(Guards { fence_before_emptying: false, ..ALL });
}

#[test]
fn a_table_emptied_before_the_ledger_says_so_loses_rows() {
    must_fail(Guards { mark_before_emptying: false, ..ALL });
}
