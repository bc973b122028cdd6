//! A table whose rows the log has in part: a change says which row it is and what changed of it, nothing else.
//!
//! The application's history is chosen first; then every order is walked in which the table is copied, changes are
//! applied and the process is killed. What such a change leaves a row to be depends on what it was, so the table is
//! copied and changed as a family of one, and this model shows that nothing less is enough.

use crate::exact::{self, Heeds, Position, Step, Taker};
use crate::explore::System;

/// What makes it right. Each can be taken away to see the model fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Guard {
    /// All rows are copied as of one position, and what an interrupted copy left is removed.
    OneSnapshot,
    /// The position contains everything that was handed over, which was left out.
    StaleCheck,
    /// No change is made before all rows are copied.
    HeldUntilCopied,
    /// Changes within the position are left out.
    SkipsSnapshot,
    /// Changes that were made before a restart are left out.
    SkipsApplied,
    /// The position of what was applied is moved with it.
    PositionWithRows,
    /// Changes are made one after the other, not as the last of each row.
    InOrder,
}

const KEYS: usize = 2;

/// For each key: no row, or its two values.
type Rows = [Option<[u8; 2]>; KEYS];

/// What the log tells of a row: a transaction of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Insert {
        key: usize,
        values: [u8; 2],
    },
    /// One of its values changes.
    Set {
        key: usize,
        value: usize,
        to: u8,
    },
    /// It takes another key. Its values are not said.
    Rename {
        from: usize,
        to: usize,
    },
    Delete {
        key: usize,
    },
}

/// What a server does with a change; `None` if the row is not as the change takes it to be.
fn changed(mut rows: Rows, change: Change) -> Option<Rows> {
    match change {
        Change::Insert { key, values } => {
            if rows[key].replace(values).is_some() {
                return None;
            }
        }
        Change::Set { key, value, to } => rows[key].as_mut()?[value] = to,
        Change::Rename { from, to } => {
            let values = rows[from].take()?;
            if rows[to].replace(values).is_some() {
                return None;
            }
        }
        // A row may have gone with another one before.
        Change::Delete { key } => rows[key] = None,
    }
    Some(rows)
}

/// The last change of each row, rows that go first.
fn coalesced(changes: &[Change]) -> Vec<Change> {
    let keys = |change: &Change| match *change {
        Change::Insert { key, .. } | Change::Set { key, .. } | Change::Delete { key } => [key, key],
        Change::Rename { from, to } => [from, to],
    };
    let mut last: Vec<Change> = Vec::new();
    for change in changes {
        last.retain(|other| keys(other).iter().all(|key| !keys(change).contains(key)));
        last.push(*change);
    }
    last.sort_by_key(|change| !matches!(change, Change::Delete { .. }));
    last
}

/// Everything an application may do next.
fn choices(rows: &Rows) -> Vec<Change> {
    let mut all = Vec::new();
    for key in 0..KEYS {
        let Some(values) = rows[key] else {
            all.push(Change::Insert { key, values: [1, 1] });
            continue;
        };
        all.push(Change::Delete { key });
        all.extend((0..2).map(|value| Change::Set { key, value, to: values[value] + 2 }));
        if rows[1 - key].is_none() {
            all.push(Change::Rename { from: key, to: 1 - key });
        }
    }
    all
}

struct Table {
    changes: Vec<Change>,
    /// The source's rows at each position.
    source: Vec<Rows>,
    missing: Option<Guard>,
}

/// The target and the living process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    rows: Rows,
    /// The position that the table is copied as of.
    copied: Option<Position>,
    /// The snapshot that is being read, and how many keys it has brought.
    reading: Option<(Position, usize)>,
    /// A change met a row that it did not expect.
    is_unlike: bool,
    taker: Taker,
}

const START: Rows = [Some([0, 0]), None];

impl Table {
    fn of(changes: &[Change], missing: Option<Guard>) -> Self {
        let mut source = vec![START];
        for change in changes {
            source.push(changed(*source.last().unwrap(), *change).unwrap());
        }
        Self { changes: changes.to_vec(), source, missing }
    }

    fn keeps(&self, guard: Guard) -> bool {
        self.missing != Some(guard)
    }

    fn end(&self) -> Position {
        self.changes.len()
    }

    fn copy_steps(&self, state: &State, all: &mut Vec<(Step, State)>) {
        let Some((at, key)) = state.reading else {
            let oldest = if self.keeps(Guard::StaleCheck) { state.taker.handed_over } else { 0 };
            for at in oldest..=self.end() {
                let mut begun = state.clone();
                if self.keeps(Guard::OneSnapshot) {
                    begun.rows = Rows::default();
                }
                begun.reading = Some((at, 0));
                all.push((Step::Snapshot(at), begun));
            }
            return;
        };
        let each_its_own = at..=if self.keeps(Guard::OneSnapshot) { at } else { self.end() };
        for seen in each_its_own {
            let mut done = state.clone();
            done.rows[key] = self.source[seen][key].or(done.rows[key]);
            if key + 1 < KEYS {
                done.reading = Some((at, key + 1));
            } else {
                (done.reading, done.copied) = (None, Some(at));
            }
            all.push((Step::Copied("key", key, seen), done));
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
        let copy = state.copied.or(state.reading.map(|(at, _)| at));
        let heeds = Heeds {
            snapshot: self.keeps(Guard::SkipsSnapshot),
            applied: self.keeps(Guard::SkipsApplied),
        };
        if let Some(taker) = state.taker.passing(copy, heeds) {
            all.push((Step::Passed(first), State { taker, ..state.clone() }));
            return;
        }
        if state.copied.is_none() && self.keeps(Guard::HeldUntilCopied) {
            return;
        }
        for to in first..=self.end() {
            all.push((Step::Applied(first, to), self.applied(state, to)));
        }
    }

    fn applied(&self, state: &State, to: Position) -> State {
        let mut next = state.clone();
        let batch = &self.changes[state.taker.at..to];
        let batch = if self.keeps(Guard::InOrder) { batch.to_vec() } else { coalesced(batch) };
        for change in batch {
            match changed(next.rows, change) {
                Some(rows) => next.rows = rows,
                None => next.is_unlike = true,
            }
        }
        next.taker.made(to, self.keeps(Guard::PositionWithRows));
        next
    }
}

impl System for Table {
    type State = State;
    type Step = Step;

    fn start(&self) -> State {
        State {
            rows: Rows::default(),
            copied: None,
            reading: None,
            is_unlike: false,
            taker: Taker::new(),
        }
    }

    fn steps(&self, state: &State) -> Vec<(Step, State)> {
        let mut all = Vec::new();
        if self.is_finished(state) {
            return all;
        }
        if state.copied.is_none() {
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
        state.copied.is_some() && state.taker.has_all(self.end())
    }

    fn wrong(&self, state: &State) -> Option<String> {
        if state.is_unlike {
            return Some("a change met another row than it was made of".to_owned());
        }
        let source = self.source.last().unwrap();
        let differs = self.is_finished(state) && state.rows != *source;
        differs.then(|| format!("the source has {source:?}, the target {:?}", state.rows))
    }
}

/// Walks every history of this many transactions; `Err` is the first trace to a failure.
fn walk(length: usize, missing: Option<Guard>) -> Result<usize, String> {
    let choices = |before: &[Change]| choices(Table::of(before, None).source.last().unwrap());
    exact::walk(length, choices, |history| Table::of(history, missing))
}

#[test]
fn rows_in_part_become_the_sources_whatever_is_killed() {
    let states: usize =
        (0..=4).map(|length| walk(length, None).unwrap_or_else(|trace| panic!("{trace}"))).sum();
    assert!(states > 10_000, "hardly explored: {states}");
}

#[test]
fn each_guard_of_rows_in_part_guards_something() {
    for guard in [
        Guard::OneSnapshot,
        Guard::StaleCheck,
        Guard::HeldUntilCopied,
        Guard::SkipsSnapshot,
        Guard::SkipsApplied,
        Guard::PositionWithRows,
        Guard::InOrder,
    ] {
        let trace = (1..=4).find_map(|length| walk(length, Some(guard)).err());
        let trace = trace.unwrap_or_else(|| panic!("{guard:?} guards nothing"));
        println!("without {guard:?}: {trace}");
    }
}
