//! A table that is copied again while the others are followed: its rows are read by the definition its copy has. One
//! test per guard takes it away and sees the model fail.

use crate::explore::{System, explore};

/// What the source writes to its log, one after the other, whenever it likes.
const LOG: [Entry; 5] = [Entry::Rows, Entry::Statement, Entry::Rows, Entry::Statement, Entry::Rows];

const FAULTS: u8 = 2;

const KILLED: &str = "the process is killed and started again";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Entry {
    Rows,
    Statement,
}

#[derive(Clone, Copy)]
struct Guards {
    /// The log's end is asked for before definitions are looked at.
    end_first: bool,
    /// Everything up to that end is applied without the table, before its changes are.
    level: bool,
    /// A statement about the table behind that end begins the copy again.
    begin_again: bool,
}

const ALL: Guards = Guards { end_first: true, level: true, begin_again: true };

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum At {
    /// It asks for the log's end and looks at definitions: one of them is done.
    Looking { end: Option<usize>, columns: Option<usize> },
    /// It applies everything up to the end without the table.
    Levelling { end: usize, columns: usize },
    /// The table is made anew; its changes are applied while it is copied and after.
    Applying { end: usize, columns: usize },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct State {
    written: usize,
    position: usize,
    at: At,
    /// Rows of the table as it is on the target were read by another definition than their own, or it is of another.
    is_wrong: bool,
    faults_left: u8,
}

struct Again {
    guards: Guards,
}

const LOOKING: At = At::Looking { end: None, columns: None };

fn columns_at(position: usize) -> usize {
    LOG[..position].iter().filter(|entry| **entry == Entry::Statement).count()
}

impl Again {
    fn looking(&self, state: State, end: Option<usize>, columns: Option<usize>) -> (String, State) {
        let is_first = end.is_none() && columns.is_none();
        let asks = if self.guards.end_first { end.is_none() } else { !is_first };
        let (mut now_end, mut now_columns) = (end, columns);
        if asks {
            now_end = Some(state.written);
        } else {
            now_columns = Some(columns_at(state.written));
        }
        let at = match (now_end, now_columns) {
            (Some(end), Some(columns)) => At::Levelling { end, columns },
            (end, columns) => At::Looking { end, columns },
        };
        let words = if asks { "the log's end is asked for" } else { "definitions are looked at" };
        (words.to_owned(), State { at, ..state })
    }

    /// The next entry of the log, while the table is left out or not.
    fn entry(&self, state: State, end: usize, columns: Option<usize>) -> (String, State) {
        let (place, position) = (state.position, state.position + 1);
        match (LOG[place], columns) {
            (Entry::Rows, None) => {
                ("rows of others are applied".to_owned(), State { position, ..state })
            }
            (Entry::Rows, Some(columns)) => {
                let is_wrong = state.is_wrong || columns != columns_at(place);
                ("rows are applied".to_owned(), State { position, is_wrong, ..state })
            }
            (Entry::Statement, _) if place >= end && self.guards.begin_again => {
                ("a statement begins it again".to_owned(), State { at: LOOKING, ..state })
            }
            (Entry::Statement, _) => ("a statement passes".to_owned(), State { position, ..state }),
        }
    }
}

impl System for Again {
    type State = State;
    type Step = String;

    fn start(&self) -> State {
        State { written: 0, position: 0, at: LOOKING, is_wrong: false, faults_left: FAULTS }
    }

    fn steps(&self, state: &State) -> Vec<(String, State)> {
        let state = *state;
        let mut steps = Vec::new();
        if self.is_finished(&state) {
            return steps;
        }
        if state.written < LOG.len() {
            let written = State { written: state.written + 1, ..state };
            steps.push(("the source goes on".to_owned(), written));
        }
        let has_more = state.position < state.written;
        match state.at {
            At::Looking { end, columns } => steps.push(self.looking(state, end, columns)),
            At::Levelling { end, columns } => {
                if state.position >= end || !self.guards.level {
                    // It is made with this definition, and nothing of before is left of it.
                    let at = At::Applying { end, columns };
                    let renewed = State { at, is_wrong: false, ..state };
                    steps.push(("the table is made anew".to_owned(), renewed));
                }
                if has_more && self.guards.level {
                    steps.push(self.entry(state, end, None));
                }
            }
            At::Applying { end, columns } if has_more => {
                steps.push(self.entry(state, end, Some(columns)));
            }
            At::Applying { .. } => {}
        }
        if state.faults_left > 0 && state.at != LOOKING {
            let faults_left = state.faults_left - 1;
            steps.push((KILLED.to_owned(), State { at: LOOKING, faults_left, ..state }));
        }
        steps
    }

    fn is_mishap(&self, step: &String) -> bool {
        step == KILLED
    }

    fn is_finished(&self, state: &State) -> bool {
        state.position == LOG.len() && matches!(state.at, At::Applying { .. })
    }

    fn wrong(&self, state: &State) -> Option<String> {
        let At::Applying { columns, .. } = state.at else { return None };
        let is_finished = self.is_finished(state);
        if is_finished && (state.is_wrong || columns != columns_at(LOG.len())) {
            return Some("the table is of another definition than its rows".to_owned());
        }
        None
    }
}

fn fails_without(guards: Guards) {
    assert!(explore(&Again { guards }).is_err(), "the guard is not needed");
}

#[test]
fn a_table_copied_again_ends_with_the_definition_of_its_rows() {
    let explored = explore(&Again { guards: ALL }).unwrap_or_else(|trace| panic!("{trace}"));
    assert!(explored.states > 50 && explored.finished > 0);
}

#[test]
fn a_definition_looked_at_before_the_end_is_asked_for_may_be_too_old() {
    fails_without(Guards { end_first: false, ..ALL });
}

#[test]
fn rows_of_before_the_definition_have_to_be_over() {
    fails_without(Guards { level: false, ..ALL });
}

#[test]
fn a_statement_behind_the_end_has_to_begin_it_again() {
    fails_without(Guards { begin_again: false, ..ALL });
}
