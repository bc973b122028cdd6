//! A family: three tables in a chain, whose foreign keys change rows of which the log does not tell.
//!
//! The application's history is chosen first; then every order is walked in which the tables are copied, changes
//! are applied and the process is killed. The algorithm of `copy/family.rs` and `apply/ordered.rs` changes only
//! together with this model. How a table is emptied, and that a dead session commits nothing, is the other
//! models' part.

use crate::exact::{self, Heeds, Position, Step, Taker};
use crate::explore::System;

/// What makes it right. Each can be taken away to see the model fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Guard {
    /// All tables are copied as of one position.
    OneSnapshot,
    /// The position contains everything that was handed over, which was left out.
    StaleCheck,
    /// No change is made before all tables are copied.
    HeldUntilCopied,
    /// Changes within the position are left out.
    SkipsSnapshot,
    /// Changes that were made before a restart are left out.
    SkipsApplied,
    /// The position of what was applied is moved with it.
    PositionWithRows,
    /// After a restart, tables of different positions are all emptied.
    EmptiedTogether,
    /// Changes are made one after the other, not as final states.
    InOrder,
    /// Rows that refer to others are changed before these.
    FarEndFirst,
    /// What a session did without foreign keys, they do not follow.
    HeedsChecks,
}

const TABLES: usize = 3;
const KEYS: u8 = 2;

/// For each table and key: no row, or the key it refers to in the table before. The first table refers to
/// nothing: its rows are 0.
type Rows = [[Option<u8>; KEYS as usize]; TABLES];

/// What the log tells of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Put {
        table: usize,
        key: u8,
        refers: u8,
    },
    Delete {
        table: usize,
        key: u8,
    },
    /// A row of the first table takes another key, and what refers to it follows.
    Rename {
        from: u8,
        to: u8,
    },
}

/// A transaction of the source: the session's `foreign_key_checks`, and what it changed itself.
#[derive(Clone, Debug)]
struct Transaction {
    checks: bool,
    changes: Vec<Change>,
}

fn referring(rows: &Rows, table: usize, key: u8) -> Vec<u8> {
    if table + 1 == TABLES {
        return Vec::new();
    }
    (0..KEYS).filter(|other| rows[table + 1][usize::from(*other)] == Some(key)).collect()
}

/// What a server does with a change. `follow`: whether foreign keys act.
fn change(rows: &mut Rows, change: Change, follow: bool, far_end_first: bool) {
    match change {
        Change::Put { table, key, refers } => rows[table][usize::from(key)] = Some(refers),
        Change::Delete { table, key } => {
            let there = rows[table][usize::from(key)].is_some();
            if !far_end_first {
                rows[table][usize::from(key)] = None;
            }
            // Whoever looks by way of a row that is gone finds nothing.
            if follow && there && rows[table][usize::from(key)].is_some() {
                for other in referring(rows, table, key) {
                    self::change(rows, Change::Delete { table: table + 1, key: other }, true, true);
                }
            }
            rows[table][usize::from(key)] = None;
        }
        Change::Rename { from, to } => {
            let children = referring(rows, 0, from);
            rows[0][usize::from(from)] = None;
            rows[0][usize::from(to)] = Some(0);
            if follow && far_end_first {
                children.into_iter().for_each(|child| rows[1][usize::from(child)] = Some(to));
            }
        }
    }
}

/// Final states of a batch: what each row was last, wherever it was before.
fn coalesced(transactions: &[Transaction]) -> Vec<Change> {
    let mut last: Vec<(usize, u8, Change)> = Vec::new();
    for change in transactions.iter().flat_map(|one| &one.changes) {
        let states = match *change {
            Change::Put { table, key, .. } | Change::Delete { table, key } => {
                vec![(table, key, *change)]
            }
            Change::Rename { from, to } => vec![
                (0, from, Change::Delete { table: 0, key: from }),
                (0, to, Change::Put { table: 0, key: to, refers: 0 }),
            ],
        };
        for state in states {
            last.retain(|(table, key, _)| (*table, *key) != (state.0, state.1));
            last.push(state);
        }
    }
    last.sort_by_key(|(.., change)| !matches!(change, Change::Delete { .. }));
    last.into_iter().map(|(.., change)| change).collect()
}

/// Everything an application may do next.
fn choices(rows: &Rows) -> Vec<Transaction> {
    let mut all = Vec::new();
    let mut add = |checks: bool, changes: Vec<Change>| all.push(Transaction { checks, changes });
    for table in 0..TABLES {
        for key in 0..KEYS {
            let is_there = rows[table][usize::from(key)].is_some();
            if is_there {
                add(true, vec![Change::Delete { table, key }]);
            }
            let parents = (0..KEYS).filter(|to| match table.checked_sub(1) {
                None => *to == 0,
                Some(before) => rows[before][usize::from(*to)].is_some(),
            });
            // New rows; and in the tables that refer, rows that come to refer to others.
            for refers in parents.filter(|_| !is_there || table > 0) {
                add(true, vec![Change::Put { table, key, refers }]);
            }
        }
    }
    for from in (0..KEYS).filter(|key| rows[0][usize::from(*key)].is_some()) {
        let to = 1 - from;
        if rows[0][usize::from(to)].is_none() {
            add(true, vec![Change::Rename { from, to }]);
        }
        // A row that goes and comes again takes others with it, unless nobody asks the keys.
        let again = vec![
            Change::Delete { table: 0, key: from },
            Change::Put { table: 0, key: from, refers: 0 },
        ];
        add(true, again.clone());
        add(false, again);
    }
    all
}

struct Family {
    transactions: Vec<Transaction>,
    /// The source's rows at each position.
    source: Vec<Rows>,
    missing: Option<Guard>,
}

/// The target and the living process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    rows: Rows,
    /// The position that each table is copied as of.
    copied: [Option<Position>; TABLES],
    /// The snapshot that is being read, and how many tables it has brought.
    reading: Option<(Position, usize)>,
    taker: Taker,
}

const START: Rows = [[Some(0), Some(0)], [Some(0), Some(1)], [Some(0), Some(1)]];

impl Family {
    fn of(transactions: &[Transaction], missing: Option<Guard>) -> Self {
        let mut source = vec![START];
        for transaction in transactions {
            let mut rows = *source.last().unwrap();
            for one in &transaction.changes {
                change(&mut rows, *one, transaction.checks, true);
            }
            source.push(rows);
        }
        Self { transactions: transactions.to_vec(), source, missing }
    }

    fn keeps(&self, guard: Guard) -> bool {
        self.missing != Some(guard)
    }

    fn end(&self) -> Position {
        self.transactions.len()
    }

    /// The position of a family that is copied.
    fn ready(&self, state: &State) -> Option<Position> {
        let [Some(one), Some(other), Some(third)] = state.copied else { return None };
        let is_one = one == other && other == third;
        let is_kept = self.keeps(Guard::OneSnapshot) && self.keeps(Guard::EmptiedTogether);
        (is_one || !is_kept).then_some(one.max(other).max(third))
    }

    fn copy_steps(&self, state: &State, all: &mut Vec<(Step, State)>) {
        let Some((at, next)) = state.reading else {
            let oldest = if self.keeps(Guard::StaleCheck) { state.taker.handed_over } else { 0 };
            for at in oldest..=self.end() {
                let mut begun = state.clone();
                if self.keeps(Guard::EmptiedTogether) {
                    (begun.rows, begun.copied) = (Rows::default(), [None; TABLES]);
                }
                begun.reading = Some((at, 0));
                all.push((Step::Snapshot(at), begun));
            }
            return;
        };
        let each_its_own = at..=if self.keeps(Guard::OneSnapshot) { at } else { self.end() };
        for at in each_its_own {
            let mut done = state.clone();
            if done.copied[next].is_none() {
                done.rows[next] = self.source[at][next];
                done.copied[next] = Some(at);
            }
            done.reading = (next + 1 < TABLES).then_some((at, next + 1));
            all.push((Step::Copied("table", next, at), done));
        }
    }

    fn apply_steps(&self, state: &State, all: &mut Vec<(Step, State)>) {
        if !self.keeps(Guard::PositionWithRows)
            && let Some(taker) = state.taker.position()
        {
            let moved = State { taker, ..state.clone() };
            all.push((Step::Position(state.taker.at), moved));
        }
        let first = state.taker.at + 1;
        if first > self.end() {
            return;
        }
        let ready = self.ready(state);
        let copy = ready.or(state.reading.map(|(at, _)| at));
        let heeds = Heeds {
            snapshot: self.keeps(Guard::SkipsSnapshot),
            applied: self.keeps(Guard::SkipsApplied),
        };
        if let Some(taker) = state.taker.passing(copy, heeds) {
            all.push((Step::Passed(first), State { taker, ..state.clone() }));
            return;
        }
        if ready.is_none() && self.keeps(Guard::HeldUntilCopied) {
            return;
        }
        for to in first..=self.end() {
            all.push((Step::Applied(first, to), self.applied(state, to)));
        }
    }

    fn applied(&self, state: &State, to: Position) -> State {
        let mut next = state.clone();
        let batch = &self.transactions[state.taker.at..to];
        let far_end_first = self.keeps(Guard::FarEndFirst);
        if self.keeps(Guard::InOrder) {
            for transaction in batch {
                let follow = transaction.checks || !self.keeps(Guard::HeedsChecks);
                for one in &transaction.changes {
                    change(&mut next.rows, *one, follow, far_end_first);
                }
            }
        } else {
            for one in coalesced(batch) {
                change(&mut next.rows, one, true, far_end_first);
            }
        }
        next.taker.made(to, self.keeps(Guard::PositionWithRows));
        next
    }
}

impl System for Family {
    type State = State;
    type Step = Step;

    fn start(&self) -> State {
        State { rows: Rows::default(), copied: [None; TABLES], reading: None, taker: Taker::new() }
    }

    fn steps(&self, state: &State) -> Vec<(Step, State)> {
        let mut all = Vec::new();
        if self.is_finished(state) {
            return all;
        }
        if self.ready(state).is_none() {
            self.copy_steps(state, &mut all);
        }
        self.apply_steps(state, &mut all);
        let killed = state.taker.killed().into_iter();
        let killed = killed.map(|taker| State { reading: None, taker, ..state.clone() });
        all.extend(killed.map(|next| (Step::Killed, next)));
        all
    }

    fn is_mishap(&self, step: &Step) -> bool {
        matches!(step, Step::Killed)
    }

    fn is_finished(&self, state: &State) -> bool {
        self.ready(state).is_some() && state.taker.has_all(self.end())
    }

    fn wrong(&self, state: &State) -> Option<String> {
        let source = self.source.last().unwrap();
        let differs = self.is_finished(state) && state.rows != *source;
        differs.then(|| format!("the source has {source:?}, the target {:?}", state.rows))
    }
}

/// Walks every history of this many transactions; `Err` is the first trace to a failure.
fn walk(length: usize, missing: Option<Guard>) -> Result<usize, String> {
    let choices = |before: &[Transaction]| choices(Family::of(before, None).source.last().unwrap());
    exact::walk(length, choices, |history| Family::of(history, missing))
}

#[test]
fn what_foreign_keys_change_is_on_the_target_whatever_is_killed() {
    let states: usize =
        (0..=2).map(|length| walk(length, None).unwrap_or_else(|trace| panic!("{trace}"))).sum();
    assert!(states > 10_000, "hardly explored: {states}");
}

#[test]
fn each_guard_of_a_family_guards_something() {
    for guard in [
        Guard::OneSnapshot,
        Guard::StaleCheck,
        Guard::HeldUntilCopied,
        Guard::SkipsSnapshot,
        Guard::SkipsApplied,
        Guard::PositionWithRows,
        Guard::EmptiedTogether,
        Guard::InOrder,
        Guard::FarEndFirst,
        Guard::HeedsChecks,
    ] {
        let trace = (1..=3).find_map(|length| walk(length, Some(guard)).err());
        let trace = trace.unwrap_or_else(|| panic!("{guard:?} guards nothing"));
        println!("without {guard:?}: {trace}");
        assert!(trace.contains("the source has"), "{guard:?}: {trace}");
    }
}
