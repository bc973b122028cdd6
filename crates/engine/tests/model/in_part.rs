//! A table whose rows the log has in part: a change says which row it is and what changed of it, nothing else.
//!
//! The application's history is chosen first; then every order is walked in which the table is copied, changes are
//! applied and the process is killed. What such a change leaves a row to be depends on what it was, so the table is
//! copied and changed as a family of one, and this model shows that nothing less is enough.

use std::fmt;

use crate::explore::{System, explore};

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

/// A position in the log.
type Position = usize;

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
    /// Everything within is applied, says the target.
    applied: Position,
    /// The snapshot that is being read, and how many keys it has brought.
    reading: Option<(Position, usize)>,
    /// Where the process is in the log.
    at: Position,
    /// What it was handed, and earlier processes too.
    handed_over: Position,
    /// A change met a row that it did not expect.
    is_unlike: bool,
    kills_left: u8,
}

enum Step {
    Snapshot(Position),
    Copied(usize, Position),
    Passed(Position),
    Applied(Position, Position),
    Position(Position),
    Killed,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Snapshot(at) => write!(f, "a snapshot is opened at T{at}"),
            Self::Copied(key, at) => write!(f, "key {key} is copied as of T{at}"),
            Self::Passed(at) => write!(f, "T{at} is left out"),
            Self::Applied(from, to) => write!(f, "T{from}..T{to} are applied"),
            Self::Position(at) => write!(f, "the position T{at} is committed"),
            Self::Killed => write!(f, "the process is killed and started again"),
        }
    }
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
            let oldest = if self.keeps(Guard::StaleCheck) { state.handed_over } else { 0 };
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
            all.push((Step::Copied(key, seen), done));
        }
    }

    fn apply_steps(&self, state: &State, all: &mut Vec<(Step, State)>) {
        if state.applied < state.at && !self.keeps(Guard::PositionWithRows) {
            let moved = State { applied: state.at, ..state.clone() };
            all.push((Step::Position(state.at), moved));
        }
        let first = state.at + 1;
        if first > self.end() {
            return;
        }
        let snapshot = state.copied.or(state.reading.map(|(at, _)| at));
        let was_applied = first <= state.applied && self.keeps(Guard::SkipsApplied);
        let is_known = snapshot.is_none_or(|at| first <= at && self.keeps(Guard::SkipsSnapshot));
        if was_applied || is_known {
            let mut passed = state.clone();
            passed.at = first;
            passed.handed_over = passed.handed_over.max(first);
            passed.applied = passed.applied.max(first);
            all.push((Step::Passed(first), passed));
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
        let batch = &self.changes[state.at..to];
        let batch = if self.keeps(Guard::InOrder) { batch.to_vec() } else { coalesced(batch) };
        for change in batch {
            match changed(next.rows, change) {
                Some(rows) => next.rows = rows,
                None => next.is_unlike = true,
            }
        }
        (next.at, next.handed_over) = (to, next.handed_over.max(to));
        if self.keeps(Guard::PositionWithRows) {
            next.applied = next.applied.max(to);
        }
        next
    }

    fn kills(&self, state: &State, all: &mut Vec<(Step, State)>) {
        let Some(kills_left) = state.kills_left.checked_sub(1) else { return };
        // Other lanes may stand behind the one that has the table.
        for at in 0..=state.applied {
            let mut next = State { kills_left, reading: None, at, ..state.clone() };
            next.handed_over = state.applied;
            all.push((Step::Killed, next));
        }
    }
}

impl System for Table {
    type State = State;
    type Step = Step;

    fn start(&self) -> State {
        State {
            rows: Rows::default(),
            copied: None,
            applied: 0,
            reading: None,
            at: 0,
            handed_over: 0,
            is_unlike: false,
            kills_left: 1,
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
        self.kills(state, &mut all);
        all
    }

    fn is_mishap(&self, step: &Step) -> bool {
        matches!(step, Step::Killed)
    }

    fn is_finished(&self, state: &State) -> bool {
        state.copied.is_some() && state.at == self.end() && state.applied == self.end()
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
    let mut histories: Vec<Vec<Change>> = vec![Vec::new()];
    for _ in 0..length {
        let longer = |before: &Vec<Change>| {
            let rows = *Table::of(before, None).source.last().unwrap();
            let before = before.clone();
            choices(&rows).into_iter().map(move |next| [before.clone(), vec![next]].concat())
        };
        histories = histories.iter().flat_map(longer).collect();
    }
    let mut states = 0;
    for history in histories {
        let explored = explore(&Table::of(&history, missing))
            .map_err(|trace| format!("{history:?}\n{trace}"))?;
        assert!(explored.finished > 0, "the end was never reached");
        states += explored.states;
    }
    Ok(states)
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
