//! A statement that changes a definition, carried at its place: executed once, though it is in no transaction, and
//! rows read by the definition of their own position. One test per guard takes it away and sees the model fail.

use crate::explore::{System, explore};

/// What the log holds: rows, and statements that each make one more column.
const LOG: [Entry; 5] = [Entry::Rows, Entry::Statement, Entry::Rows, Entry::Statement, Entry::Rows];

const FAULTS: u8 = 3;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Entry {
    Rows,
    Statement,
}

/// What keeps it right.
#[derive(Clone, Copy)]
struct Guards {
    /// The statement is in the ledger before it is executed.
    journal: bool,
    /// After a crash the target's tables tell whether it was executed.
    ask: bool,
    /// The session of a dead process is gone before they are asked.
    seize: bool,
    /// The statement comes again, and is known to be done.
    remember: bool,
    /// Rows are read by the definitions in the ledger, not by those the source has now.
    keep: bool,
}

const ALL: Guards = Guards { journal: true, ask: true, seize: true, remember: true, keep: true };

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Intent {
    statement: usize,
    columns_before: usize,
    done: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum At {
    Starting,
    Reading,
    Begun,
    Waiting,
    Executed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct State {
    /// Entries of the log that are applied.
    position: usize,
    /// Columns the target's table has got.
    columns: usize,
    /// Columns by the ledger's definition.
    kept: usize,
    intent: Option<Intent>,
    /// A statement is with the target; whoever sent it may be dead.
    underway: bool,
    at: At,
    faults_left: u8,
    misread: bool,
}

struct Carry {
    guards: Guards,
}

/// Columns behind this many entries of the log.
fn columns_at(position: usize) -> usize {
    LOG[..position].iter().filter(|entry| **entry == Entry::Statement).count()
}

impl Carry {
    fn reading(&self, state: State) -> (String, State) {
        let position = state.position + 1;
        let known = |intent: Intent| intent.done && intent.statement == state.position;
        match LOG[state.position] {
            Entry::Rows => {
                let columns = if self.guards.keep { state.kept } else { columns_at(LOG.len()) };
                let right = columns_at(state.position);
                let misread = columns != right || state.columns != right;
                ("rows are applied".to_owned(), State { position, misread, ..state })
            }
            Entry::Statement if self.guards.remember && state.intent.is_some_and(known) => {
                ("the statement passes".to_owned(), State { position, ..state })
            }
            Entry::Statement => {
                let (statement, columns_before) = (state.position, state.columns);
                let intent = Intent { statement, columns_before, done: false };
                let intent = if self.guards.journal { Some(intent) } else { state.intent };
                ("the statement is journaled".to_owned(), State { intent, at: At::Begun, ..state })
            }
        }
    }

    fn starting(&self, state: State) -> (String, State) {
        let mut state = State { at: At::Reading, ..state };
        if self.guards.seize {
            state.underway = false;
        }
        let Some(intent) = state.intent.filter(|intent| !intent.done) else {
            return ("the ledger is read".to_owned(), state);
        };
        if self.guards.ask && state.columns != intent.columns_before {
            state.kept = state.columns;
            state.intent = Some(Intent { done: true, ..intent });
            return ("the statement is found executed".to_owned(), state);
        }
        state.intent = None;
        ("the statement is found not executed".to_owned(), state)
    }
}

impl System for Carry {
    type State = State;
    type Step = String;

    fn start(&self) -> State {
        State {
            position: 0,
            columns: 0,
            kept: 0,
            intent: None,
            underway: false,
            at: At::Starting,
            faults_left: FAULTS,
            misread: false,
        }
    }

    fn steps(&self, state: &State) -> Vec<(String, State)> {
        let state = *state;
        let mut steps = Vec::new();
        if self.is_finished(&state) {
            return steps;
        }
        match state.at {
            At::Starting => steps.push(self.starting(state)),
            At::Reading if state.position < LOG.len() => steps.push(self.reading(state)),
            At::Reading | At::Waiting => {}
            At::Begun => {
                let sent = State { underway: true, at: At::Waiting, ..state };
                steps.push(("the statement is sent".to_owned(), sent));
            }
            At::Executed => {
                let intent = state.intent.map(|intent| Intent { done: true, ..intent });
                let done = State { kept: state.columns, intent, at: At::Reading, ..state };
                steps.push(("its definition is kept".to_owned(), done));
            }
        }
        if state.underway {
            let at = if state.at == At::Waiting { At::Executed } else { state.at };
            let columns = state.columns + 1;
            let executed = State { underway: false, columns, at, ..state };
            steps.push(("the target executes it".to_owned(), executed));
        }
        if state.faults_left > 0 && state.at != At::Starting {
            let faults_left = state.faults_left - 1;
            steps.push((KILLED.to_owned(), State { at: At::Starting, faults_left, ..state }));
        }
        steps
    }

    fn is_mishap(&self, step: &String) -> bool {
        step == KILLED
    }

    fn is_finished(&self, state: &State) -> bool {
        state.position == LOG.len() && state.at == At::Reading && !state.underway
    }

    fn wrong(&self, state: &State) -> Option<String> {
        if state.misread {
            return Some("rows were read by another definition than their own".to_owned());
        }
        if state.columns > columns_at((state.position + 1).min(LOG.len())) {
            return Some("a statement was executed twice".to_owned());
        }
        None
    }
}

const KILLED: &str = "the process is killed and started again";

fn fails_without(guards: Guards) {
    let Err(trace) = explore(&Carry { guards }) else { panic!("the guard is not needed") };
    assert!(!trace.is_empty());
}

#[test]
fn each_statement_is_executed_once_and_rows_are_read_by_their_own_definition() {
    let explored = explore(&Carry { guards: ALL }).unwrap_or_else(|trace| panic!("{trace}"));
    assert!(explored.states > 100 && explored.finished > 0);
}

#[test]
fn without_a_journal_a_statement_is_executed_twice() {
    fails_without(Guards { journal: false, ..ALL });
}

#[test]
fn without_asking_the_target_a_statement_is_executed_twice() {
    fails_without(Guards { ask: false, ..ALL });
}

#[test]
fn a_dead_sessions_statement_would_be_executed_beside_ours() {
    fails_without(Guards { seize: false, ..ALL });
}

#[test]
fn a_statement_that_comes_again_must_be_known() {
    fails_without(Guards { remember: false, ..ALL });
}

#[test]
fn the_sources_own_definition_is_too_new_for_rows_of_before() {
    fails_without(Guards { keep: false, ..ALL });
}
