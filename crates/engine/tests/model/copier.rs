//! The copier: what it asks next, by what it was answered, and what it believes when no answer comes.

use super::target::{Answer, Ledger, ROWS, Statement};

/// What makes the algorithm right. Each can be taken away to see the model fail.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guards {
    /// The ledger moves in the transaction of the rows.
    pub(crate) ledger_in_transaction: bool,
    /// A chunk's transaction begins by locking the ledger row.
    pub(crate) lock_first: bool,
    /// After a lost answer the ledger is believed, not memory.
    pub(crate) ask_after_unknown: bool,
    /// A table without a key is emptied before it is begun again.
    pub(crate) empty_before_restart: bool,
    /// Whoever empties a table first waits until no session is left that was about to do the same.
    pub(crate) fence_before_emptying: bool,
    /// The ledger says that a table is being emptied before it is emptied.
    pub(crate) mark_before_emptying: bool,
}

/// Every guard in place.
pub(crate) const ALL: Guards = Guards {
    ledger_in_transaction: true,
    lock_first: true,
    ask_after_unknown: true,
    empty_before_restart: true,
    fence_before_emptying: true,
    mark_before_emptying: true,
};

/// What kind of table is copied, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// A table with a row key and several lanes, which are entered before the first chunk.
    Keyed,
    /// A table with a row key and one lane, which its first chunk enters.
    Small,
    /// A table without one: no chunk can be read again on its own.
    Keyless,
    /// A table with a row key that was copied before and has changed since.
    Reset,
}

/// Where the copier is: the statement it waits for an answer to, or the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum At {
    /// About to send this.
    Ready(Statement),
    /// Waiting for its answer.
    Waiting(Statement),
    /// All rows are there.
    Finished,
    /// The lane it loads is not in the ledger any more.
    Confused,
}

/// The process that copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Copier {
    /// Where it is.
    pub(crate) at: At,
    /// Rows it believes to be committed.
    position: u8,
    /// Whether it copies in this life, so that its memory of `position` is worth something.
    loading: bool,
    /// Whether the ledger has the lane.
    entered: bool,
    /// Whether the chunk's COMMIT was sent and not answered.
    commit_sent: bool,
    /// Whether no other session is left that was about to empty the table.
    fenced: bool,
}

impl Copier {
    /// A process that has just begun. It reads the ledger to see where it stands.
    pub(crate) fn new() -> Self {
        let at = At::Ready(Statement::Read);
        Self { at, position: 0, loading: false, entered: false, commit_sent: false, fenced: false }
    }

    /// It sends what it is ready to send.
    pub(crate) fn sent(&mut self) -> Option<Statement> {
        let At::Ready(statement) = self.at else { return None };
        self.at = At::Waiting(statement);
        self.commit_sent |= statement == Statement::Commit;
        Some(statement)
    }

    /// Its connection broke: it connects again and looks where it stands.
    pub(crate) fn lost(&mut self, guards: Guards) {
        let At::Waiting(_) = self.at else { return };
        self.fenced = false;
        if guards.ask_after_unknown || !self.loading {
            self.at = At::Ready(if self.loading { self.first(guards) } else { Statement::Read });
        } else {
            // It takes the lost answer for a failure and tries the same chunk again.
            self.at = At::Ready(Statement::Load(self.position));
        }
    }

    /// An answer arrived. `reset_due` is whether the table is known to have changed.
    pub(crate) fn answered(&mut self, answer: Answer, work: Work, reset_due: bool, guards: Guards) {
        let At::Waiting(statement) = self.at else { return };
        self.at = match (statement, answer) {
            (Statement::Read, Answer::Ledger(ledger)) if !self.loading => {
                self.decide(ledger, work, reset_due, guards)
            }
            (
                Statement::Read | Statement::Lock | Statement::EnterWithin,
                Answer::Ledger(ledger),
            ) => self.next_chunk(ledger, work, guards),
            (Statement::EnterWithin, _) => {
                self.entered = true;
                At::Ready(Statement::Lock)
            }
            (Statement::Enter, Answer::Duplicate) => At::Ready(Statement::Read),
            (Statement::Enter, _) => self.begin_loading(0, true, guards),
            (Statement::Fence, _) => {
                // What was read before is of no worth: the others may have emptied and forgotten.
                self.fenced = true;
                At::Ready(Statement::Read)
            }
            (Statement::MarkEmptying, _) => At::Ready(Statement::Truncate),
            (Statement::Truncate, _) => {
                let only_if_emptying = guards.mark_before_emptying;
                At::Ready(Statement::Forget { only_if_emptying })
            }
            (Statement::Forget { .. }, _) => self.begin_afresh(work, guards),
            (Statement::Load(_), _) if guards.ledger_in_transaction => {
                At::Ready(Statement::Move(self.moved()))
            }
            (Statement::Load(_) | Statement::Move(_), _) => At::Ready(Statement::Commit),
            (Statement::Commit, _) if !guards.ledger_in_transaction => {
                At::Ready(Statement::MoveAlone(self.moved()))
            }
            (Statement::Commit | Statement::MoveAlone(_), _) => self.committed(guards),
            (Statement::Read | Statement::Lock, Answer::Ok | Answer::Duplicate) => {
                unreachable!("a query is answered by rows")
            }
        };
    }

    /// What to do with a table at the beginning of a process.
    fn decide(
        &mut self,
        ledger: Option<Ledger>,
        work: Work,
        reset_due: bool,
        guards: Guards,
    ) -> At {
        match ledger {
            None => self.begin_afresh(work, guards),
            Some(Ledger { emptying: true, .. }) => self.reset(guards),
            Some(_) if reset_due => self.reset(guards),
            Some(Ledger { done: true, .. }) => At::Finished,
            Some(_) if work == Work::Keyless && guards.empty_before_restart => self.reset(guards),
            Some(_) if work == Work::Keyless => self.begin_loading(0, true, guards),
            Some(Ledger { position, .. }) => self.begin_loading(position, true, guards),
        }
    }

    fn reset(&self, guards: Guards) -> At {
        At::Ready(if guards.fence_before_emptying && !self.fenced {
            Statement::Fence
        } else if guards.mark_before_emptying {
            Statement::MarkEmptying
        } else {
            Statement::Truncate
        })
    }

    /// The table is empty and the ledger knows nothing of it.
    fn begin_afresh(&mut self, work: Work, guards: Guards) -> At {
        match work {
            Work::Keyed | Work::Reset => At::Ready(Statement::Enter),
            Work::Small | Work::Keyless => self.begin_loading(0, false, guards),
        }
    }

    fn begin_loading(&mut self, position: u8, entered: bool, guards: Guards) -> At {
        (self.position, self.loading, self.entered) = (position, true, entered);
        (self.commit_sent, self.fenced) = (false, false);
        At::Ready(self.first(guards))
    }

    /// What a chunk's transaction begins with.
    fn first(&self, guards: Guards) -> Statement {
        match (self.entered, guards.lock_first) {
            (false, _) => Statement::EnterWithin,
            (true, true) => Statement::Lock,
            (true, false) => Statement::Read,
        }
    }

    /// The chunk is on the target.
    fn committed(&mut self, guards: Guards) -> At {
        self.position += 1;
        (self.entered, self.commit_sent) = (true, false);
        if usize::from(self.position) == ROWS {
            At::Finished
        } else {
            At::Ready(self.first(guards))
        }
    }

    /// The ledger row is at hand, and locked if the guard is in place. The chunk is in memory until it is
    /// known to be committed, so it can be sent again.
    fn next_chunk(&mut self, ledger: Option<Ledger>, work: Work, guards: Guards) -> At {
        let Some(ledger) = ledger else { return At::Confused };
        if work == Work::Keyless && !guards.empty_before_restart {
            return At::Ready(Statement::Load(self.position));
        }
        if ledger.position == self.position && !ledger.done {
            return At::Ready(Statement::Load(self.position));
        }
        if self.commit_sent && ledger.position == self.position + 1 {
            return self.committed(guards);
        }
        // A dead process has committed meanwhile: begin with what the ledger says.
        *self = Self::new();
        self.at
    }

    fn moved(&self) -> Ledger {
        let position = self.position + 1;
        Ledger { position, done: usize::from(position) == ROWS, emptying: false }
    }
}
