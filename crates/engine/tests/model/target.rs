//! The target server as far as the algorithm leans on it: sessions, transactions, one ledger row, locks.

/// Rows of the table that is copied.
pub(crate) const ROWS: usize = 3;

/// How often each row is there.
pub(crate) type Rows = [u8; ROWS];

/// The lane's row of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Ledger {
    /// Rows on the target, which is also the last key.
    pub(crate) position: u8,
    /// Whether the lane is done.
    pub(crate) done: bool,
    /// Whether the table is being emptied.
    pub(crate) emptying: bool,
}

/// A statement on its way to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Statement {
    /// `SELECT`: what is committed, waiting for nobody.
    Read,
    /// `BEGIN; SELECT … FOR UPDATE`.
    Lock,
    /// `LOAD DATA` of the row with this number.
    Load(u8),
    /// `UPDATE` of the ledger row inside the transaction.
    Move(Ledger),
    /// `UPDATE` of the ledger row on its own.
    MoveAlone(Ledger),
    /// `COMMIT`.
    Commit,
    /// `INSERT` of a fresh ledger row on its own.
    Enter,
    /// `BEGIN; INSERT` of a fresh ledger row, as the beginning of a chunk's transaction.
    EnterWithin,
    /// `GET_LOCK` in the table's name; the session keeps it until it ends.
    Fence,
    /// `UPDATE … SET emptying` on its own.
    MarkEmptying,
    /// `TRUNCATE`.
    Truncate,
    /// `DELETE` of the ledger row on its own: whatever it says, or only if the table is being emptied.
    Forget { only_if_emptying: bool },
}

/// The server's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Answer {
    /// Done.
    Ok,
    /// The ledger row, if there is one.
    Ledger(Option<Ledger>),
    /// The ledger row is there already.
    Duplicate,
}

/// An open transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Transaction {
    locked: bool,
    loaded: Rows,
    ledger: Option<Ledger>,
}

/// A connection as the server sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Session {
    /// What has arrived and was not executed yet.
    pub(crate) inflight: Option<Statement>,
    /// What was answered and not read yet.
    pub(crate) answer: Option<Answer>,
    fenced: bool,
    transaction: Option<Transaction>,
}

/// The server.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Target {
    /// Committed rows.
    pub(crate) rows: Rows,
    /// The committed ledger row.
    pub(crate) ledger: Option<Ledger>,
    /// The session of the living client, if it is connected.
    pub(crate) session: Option<Session>,
    /// Sessions whose client is gone; what they were sent may still be executed, then they roll back.
    pub(crate) orphans: Vec<Session>,
}

impl Target {
    /// The client sends a statement.
    pub(crate) fn send(&mut self, statement: Statement) {
        let session = self.session.get_or_insert_default();
        assert!(session.inflight.is_none() && session.answer.is_none(), "one statement at a time");
        session.inflight = Some(statement);
    }

    /// The connection breaks; the server may find out later.
    pub(crate) fn cut(&mut self) {
        if let Some(mut session) = self.session.take() {
            session.answer = None;
            self.keep(session);
        }
    }

    /// Keeps what is left of a dead client's session, if it can still do or hold anything.
    fn keep(&mut self, orphan: Session) {
        if orphan != Session::default() {
            self.orphans.push(orphan);
            self.orphans.sort();
        }
    }

    /// Everything the server may do next.
    pub(crate) fn steps(&self) -> Vec<(String, Self)> {
        let mut steps = Vec::new();
        if let Some(session) = self.session
            && let Some(statement) = session.inflight
        {
            let mut next = self.clone();
            next.session = None;
            let mut session = session;
            if next.execute(&mut session, statement) {
                next.session = Some(session);
                steps.push((format!("server: {statement:?}"), next));
            }
        }
        for index in 0..self.orphans.len() {
            let mut without = self.clone();
            let mut orphan = without.orphans.remove(index);
            if let Some(statement) = orphan.inflight {
                let mut next = without.clone();
                // The living session's locks count for orphans too.
                if next.execute(&mut orphan, statement) {
                    orphan.answer = None;
                    next.keep(orphan);
                    steps.push((format!("server, for a dead client: {statement:?}"), next));
                }
            }
            steps.push(("server: rolls a dead client back".into(), without));
        }
        steps
    }

    /// Executes a statement of a session that was taken out of `self`; `false` when it has to wait.
    fn execute(&mut self, session: &mut Session, statement: Statement) -> bool {
        let takes_lock = matches!(
            statement,
            Statement::Lock
                | Statement::Move(_)
                | Statement::MoveAlone(_)
                | Statement::Enter
                | Statement::EnterWithin
                | Statement::MarkEmptying
                | Statement::Forget { .. }
        );
        let others = || self.session.iter().chain(&self.orphans).filter_map(|s| s.transaction);
        if takes_lock && others().any(|other| other.locked) {
            return false;
        }
        let mut sessions = self.session.iter().chain(&self.orphans);
        if statement == Statement::Fence && sessions.any(|other| other.fenced) {
            return false;
        }
        // TRUNCATE waits for transactions that have touched the table (metadata lock).
        if statement == Statement::Truncate && others().any(|other| other.loaded != [0; ROWS]) {
            return false;
        }
        session.inflight = None;
        session.fenced |= statement == Statement::Fence;
        session.answer = Some(self.effect(&mut session.transaction, statement));
        true
    }

    fn effect(&mut self, open: &mut Option<Transaction>, statement: Statement) -> Answer {
        match statement {
            Statement::Read => return Answer::Ledger(self.ledger),
            Statement::Lock => {
                open.get_or_insert_default().locked = true;
                return Answer::Ledger(self.ledger);
            }
            Statement::Load(row) => {
                open.get_or_insert_default().loaded[usize::from(row)] += 1;
            }
            Statement::Move(ledger) => {
                let transaction = open.get_or_insert_default();
                transaction.locked = true;
                transaction.ledger = Some(ledger);
            }
            Statement::MoveAlone(ledger) => self.ledger = Some(ledger),
            Statement::Commit => {
                if let Some(transaction) = open.take() {
                    for (row, loaded) in self.rows.iter_mut().zip(transaction.loaded) {
                        *row += loaded;
                    }
                    self.ledger = transaction.ledger.or(self.ledger);
                }
            }
            Statement::Enter => {
                if self.ledger.is_some() {
                    return Answer::Duplicate;
                }
                self.ledger = Some(Ledger { position: 0, done: false, emptying: false });
            }
            Statement::EnterWithin => {
                if self.ledger.is_some() {
                    return Answer::Duplicate;
                }
                let transaction = open.get_or_insert_default();
                transaction.locked = true;
                let fresh = Ledger { position: 0, done: false, emptying: false };
                transaction.ledger = Some(fresh);
                return Answer::Ledger(Some(fresh));
            }
            Statement::Fence => {}
            Statement::MarkEmptying => {
                self.ledger = self.ledger.map(|ledger| Ledger { emptying: true, ..ledger });
            }
            Statement::Truncate => self.rows = [0; ROWS],
            Statement::Forget { only_if_emptying } => {
                self.ledger = self.ledger.filter(|ledger| only_if_emptying && !ledger.emptying);
            }
        }
        Answer::Ok
    }
}
