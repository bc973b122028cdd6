//! A table that is copied again while the others are followed: its rows are read by the definition its copy has. As
//! long as others are still to be copied it is set aside. One test per guard takes it away and sees the model fail.

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
    /// Everything up to where the log ended behind that is applied without the table, before its changes are.
    level: bool,
    /// A statement between both ends has it wait for the next time.
    waits: bool,
    /// A statement about the table that its definition does not know sets it aside.
    set_aside: bool,
    /// The ledger has it as due before the statement passes.
    marked_first: bool,
}

const ALL: Guards =
    Guards { end_first: true, level: true, waits: true, set_aside: true, marked_first: true };

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum At {
    /// It asks for the log's end and looks at definitions.
    Looking { from: Option<usize>, columns: Option<usize> },
    /// It has asked for the log's end once more, and applies everything up to that without the table.
    Levelling { from: usize, to: usize, columns: usize, waits: bool },
    /// The table's changes are applied while it is copied and after, by the definition in the ledger.
    Applying,
    /// The table's changes are left out: others are copied first.
    Aside,
}

/// What the ledger on the target has of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Ledger {
    is_due: bool,
    columns: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct State {
    written: usize,
    position: usize,
    at: At,
    ledger: Ledger,
    /// Rows were read by another definition than their own.
    is_wrong: bool,
    faults_left: u8,
}

struct Again {
    guards: Guards,
}

const LOOKING: At = At::Looking { from: None, columns: None };

fn columns_at(position: usize) -> usize {
    LOG[..position].iter().filter(|entry| **entry == Entry::Statement).count()
}

impl Again {
    fn looking(
        &self,
        state: State,
        from: Option<usize>,
        columns: Option<usize>,
    ) -> (&'static str, State) {
        let written = state.written;
        let asks = if self.guards.end_first { from.is_none() } else { columns.is_some() };
        let (words, at) = match (from, columns) {
            (Some(from), Some(columns)) => {
                let at = At::Levelling { from, to: written, columns, waits: false };
                ("the log's end is asked for again", at)
            }
            (_, columns) if asks => {
                ("the log's end is asked for", At::Looking { from: Some(written), columns })
            }
            (from, _) => {
                let columns = Some(columns_at(written));
                ("definitions are looked at", At::Looking { from, columns })
            }
        };
        (words, State { at, ..state })
    }

    /// The next entry of the log while the table is left out, if it is taken.
    fn left_out(&self, state: State) -> Option<(String, State)> {
        let (place, position) = (state.position, state.position + 1);
        if LOG[place] == Entry::Rows {
            return Some(("rows of others are applied".to_owned(), State { position, ..state }));
        }
        let at = match state.at {
            At::Levelling { to, .. } if place >= to => return None,
            At::Levelling { from, to, columns, waits } => {
                let waits = waits || (self.guards.waits && place >= from);
                At::Levelling { from, to, columns, waits }
            }
            at @ (At::Looking { .. } | At::Applying | At::Aside) => at,
        };
        Some(("a statement passes".to_owned(), State { at, position, ..state }))
    }

    /// The next entry of the log while the table's changes are applied.
    fn applied(&self, state: State) -> (String, State) {
        let (place, position) = (state.position, state.position + 1);
        match LOG[place] {
            Entry::Rows => {
                let is_wrong = state.is_wrong || state.ledger.columns != columns_at(place);
                ("rows are applied".to_owned(), State { position, is_wrong, ..state })
            }
            Entry::Statement if !self.guards.set_aside => {
                ("a statement passes".to_owned(), State { position, ..state })
            }
            Entry::Statement if self.guards.marked_first => {
                let ledger = Ledger { is_due: true, ..state.ledger };
                ("it is due by a statement".to_owned(), State { at: At::Aside, ledger, ..state })
            }
            Entry::Statement => {
                ("a statement passes".to_owned(), State { at: At::Aside, position, ..state })
            }
        }
    }
}

impl System for Again {
    type State = State;
    type Step = String;

    fn start(&self) -> State {
        let ledger = Ledger { is_due: true, columns: 0 };
        let (at, faults_left) = (LOOKING, FAULTS);
        State { written: 0, position: 0, at, ledger, is_wrong: false, faults_left }
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
            At::Looking { from, columns } => {
                let (words, next) = self.looking(state, from, columns);
                steps.push((words.to_owned(), next));
            }
            At::Levelling { to, columns, waits, .. } => {
                if state.position >= to || !self.guards.level {
                    let ledger = Ledger { is_due: false, columns };
                    steps.push(if waits {
                        ("it waits for the next time".to_owned(), State { at: At::Aside, ..state })
                    } else {
                        let made = State { at: At::Applying, ledger, ..state };
                        ("the table is made anew".to_owned(), made)
                    });
                }
                if has_more && self.guards.level {
                    steps.extend(self.left_out(state));
                }
            }
            At::Applying if has_more => steps.push(self.applied(state)),
            At::Applying => {}
            At::Aside => {
                if state.ledger.is_due {
                    let again = State { at: LOOKING, ..state };
                    steps.push(("the others are copied".to_owned(), again));
                } else {
                    let ledger = Ledger { is_due: true, ..state.ledger };
                    steps.push(("the ledger has it as due".to_owned(), State { ledger, ..state }));
                }
                if has_more {
                    steps.extend(self.left_out(state));
                }
            }
        }
        if state.faults_left > 0 && state.at != LOOKING {
            let faults_left = state.faults_left - 1;
            let found = if state.ledger.is_due { At::Aside } else { At::Applying };
            steps.push((KILLED.to_owned(), State { at: found, faults_left, ..state }));
        }
        steps
    }

    fn is_mishap(&self, step: &String) -> bool {
        step == KILLED
    }

    fn is_finished(&self, state: &State) -> bool {
        state.position == LOG.len() && state.at == At::Applying
    }

    fn wrong(&self, state: &State) -> Option<String> {
        if state.is_wrong {
            return Some("rows are read by another definition than their own".to_owned());
        }
        let is_old = state.ledger.columns != columns_at(LOG.len());
        if self.is_finished(state) && is_old {
            return Some("the table is not what it is on the source".to_owned());
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
fn a_definition_that_moves_while_it_is_looked_at_is_looked_at_again() {
    fails_without(Guards { waits: false, ..ALL });
}

#[test]
fn a_statement_behind_the_end_has_to_set_it_aside() {
    fails_without(Guards { set_aside: false, ..ALL });
}

#[test]
fn a_statement_must_not_pass_before_the_ledger_has_the_table_as_due() {
    fails_without(Guards { marked_first: false, ..ALL });
}
