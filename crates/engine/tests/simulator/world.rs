//! Two servers in memory, an application, and what befalls them: all of it from one seed.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use sealift_schema::facts::Side;
use tokio::sync::{Notify, watch};

use super::log::{self, Changed, Logged};
use super::sql::Val;
use super::store::{Row, Sheet, Store};

/// A promise of servers that is broken, to see that it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lie {
    None,
    /// What is in the log is said to be visible already.
    VisibleTooEarly,
    /// A session that is to be ended is not.
    NobodyIsKilled,
    /// The ledgers' rows stay when their transaction is rolled back.
    LedgersStay,
    /// Rows of tables go when their transaction is committed.
    RowsGo,
}

/// A table that is copied again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// It is to be made anew.
    Yes,
    /// It is made anew, and being copied.
    Made,
}

/// How hard everything is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Climate {
    /// Of so many statements one meets a fault; `None` for none.
    pub(super) fault: Option<u32>,
    /// Whether a process that dies is noticed by the servers at once.
    pub(super) vanishes: bool,
    /// Whether the target takes load streams.
    pub(super) loads: bool,
}

/// Everything outside of the process.
pub(super) struct World {
    pub(super) source: Source,
    pub(super) target: Target,
    pub(super) climate: Climate,
    pub(super) lie: Lie,
    pub(super) random: StdRng,
    pub(super) faults: u64,
    /// Tables that the operator wants copied again, until a process takes note.
    pub(super) orders: VecDeque<&'static str>,
    /// How many orders were noted.
    pub(super) obeyed: u64,
    /// What the ledger of definitions has of tables that are copied again.
    pub(super) due: BTreeMap<String, Due>,
    /// Whether the journal has that everything was copied once.
    pub(super) follows: bool,
    /// The last statements, with their session and the time.
    last: VecDeque<String>,
    /// What the simulator itself failed at.
    pub(super) broken: Option<String>,
    next_connection: u32,
    connections: BTreeMap<u32, (Side, watch::Sender<bool>)>,
    begun: tokio::time::Instant,
}

/// Statements shown of a history that failed.
const STATEMENTS_KEPT: usize = 60;

/// The source.
pub(super) struct Source {
    /// What the log holds.
    pub(super) written: Store,
    /// What its first transactions hold, which reads see.
    pub(super) visible: Store,
    pub(super) log: Vec<Logged>,
    pub(super) visible_count: usize,
    /// Sessions that have locked the table without a key.
    pub(super) readers: Vec<u32>,
    pub(super) is_done: bool,
}

/// The target.
#[derive(Default)]
pub(super) struct Target {
    pub(super) store: Store,
    /// Named locks.
    pub(super) names: BTreeMap<String, u32>,
    /// Who waits for whom.
    pub(super) waits: BTreeMap<u32, u32>,
}

/// The world and a bell that rings whenever something in it changes.
#[derive(Clone)]
pub(super) struct Shared {
    world: Arc<Mutex<World>>,
    bell: Arc<Notify>,
}

impl Shared {
    pub(super) fn new(seed: u64, climate: Climate, lie: Lie) -> Self {
        let mut tables = Store::default();
        tables.sheets.insert("t".to_owned(), Sheet::new("id u v", 1));
        tables.sheets.insert("bag".to_owned(), Sheet::new("a b", 0));
        let mut random = StdRng::seed_from_u64(seed);
        let target = Target { store: tables.clone(), ..Target::default() };
        for id in KEYS.iter().take(12) {
            let row = vec![Val::Int(*id), Val::Int(*id), word(&mut random)];
            tables.sheets.get_mut("t").unwrap().put(row);
        }
        for _row in 0..6 {
            let row = vec![Val::Int(random.random_range(0..3)), word(&mut random)];
            tables.sheets.get_mut("bag").unwrap().put(row);
        }
        let source = Source {
            written: tables.clone(),
            visible: tables,
            log: Vec::new(),
            visible_count: 0,
            readers: Vec::new(),
            is_done: false,
        };
        let world = World {
            source,
            target,
            climate,
            lie,
            random,
            faults: 0,
            orders: VecDeque::new(),
            obeyed: 0,
            due: BTreeMap::new(),
            follows: false,
            last: VecDeque::new(),
            broken: None,
            next_connection: 1,
            connections: BTreeMap::new(),
            begun: tokio::time::Instant::now(),
        };
        Self { world: Arc::new(Mutex::new(world)), bell: Arc::default() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes something, which others may be waiting for.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let changed = change(&mut self.lock());
        self.bell.notify_waiters();
        changed
    }

    /// Tries until something comes of it.
    pub(super) async fn until<T>(&self, mut attempt: impl FnMut(&mut World) -> Option<T>) -> T {
        loop {
            let bell = self.bell.notified();
            tokio::pin!(bell);
            bell.as_mut().enable();
            if let Some(found) = attempt(&mut self.lock()) {
                self.bell.notify_waiters();
                return found;
            }
            bell.await;
        }
    }
}

/// Lets simulated time pass; nobody waits.
pub(super) async fn pass(time: Duration) {
    let nothing = std::future::pending::<()>();
    let _passed = tokio::time::timeout(time, nothing).await.is_err();
}

impl World {
    pub(super) fn connect(&mut self, side: Side) -> (u32, watch::Receiver<bool>) {
        let connection = self.next_connection;
        self.next_connection += 1;
        let (sender, receiver) = watch::channel(false);
        self.connections.insert(connection, (side, sender));
        (connection, receiver)
    }

    pub(super) fn kill(&mut self, connection: u32) {
        if let Some((_, sender)) = self.connections.get(&connection) {
            sender.send_replace(true);
        }
    }

    /// A server dies and comes back: its sessions are gone.
    pub(super) fn restart(&mut self, of: Side) {
        for (_, sender) in self.connections.values().filter(|(side, _)| *side == of) {
            sender.send_replace(true);
        }
        if of == Side::Source {
            self.source.show(usize::MAX);
        }
    }

    /// What a session leaves behind when it ends.
    pub(super) fn disconnect(&mut self, connection: u32) {
        self.connections.remove(&connection);
        self.target.waits.remove(&connection);
        self.target.names.retain(|_, holder| *holder != connection);
        self.source.readers.retain(|reader| *reader != connection);
        self.roll_back(connection);
    }

    pub(super) fn roll_back(&mut self, connection: u32) {
        let stays = self.lie == Lie::LedgersStay;
        let is_ledger = |table: &str| stays && (table == "lane" || table == "applied");
        self.target.store.roll_back_but(connection, is_ledger);
    }

    pub(super) fn commit(&mut self, connection: u32) {
        if self.lie == Lie::RowsGo && self.random.random_ratio(1, 20) {
            let goes = |table: &str| table == "t" || table == "bag";
            self.target.store.roll_back_but(connection, |table| !goes(table));
        }
        self.target.store.commit(connection);
    }

    /// Keeps a statement in mind.
    pub(super) fn note(&mut self, session: u32, side: Side, what: &str) {
        let now = tokio::time::Instant::now().duration_since(self.begun).as_secs_f64();
        let shown: String = what.chars().take(110).collect();
        self.last.push_back(format!("{now:.3} {side:?} {session}: {shown}"));
        if self.last.len() > STATEMENTS_KEPT {
            self.last.pop_front();
        }
    }

    /// What may explain that nothing goes on.
    pub(super) fn told(&self) -> String {
        let Source { log, visible_count, is_done, .. } = &self.source;
        let Target { names, waits, store } = &self.target;
        let sides: Vec<_> = self.connections.iter().map(|(id, (side, _))| (id, side)).collect();
        let tables = ["lane", "applied"].map(|table| {
            let rows = store.sheets.get(table).map(|sheet| sheet.rows().collect::<Vec<_>>());
            format!("{table}: {rows:?}")
        });
        format!(
            "{}\n{} logged, {visible_count} visible, application done: {is_done}\nconnections {sides:?}\n\
             named locks {names:?}\nwaits {waits:?}\ncopied again {:?}\n{}",
            self.last.iter().map(String::as_str).collect::<Vec<_>>().join("\n"),
            log.len(),
            self.due,
            tables.join("\n")
        )
    }

    /// Whether a fault happens now.
    pub(super) fn befalls(&mut self) -> bool {
        let befalls = self.climate.fault.is_some_and(|of| self.random.random_ratio(1, of));
        self.faults += u64::from(befalls);
        befalls
    }

    /// How long a statement lies about before it is executed.
    pub(super) fn latency(&mut self) -> Duration {
        let micros = match self.random.random_range(0..20) {
            0 => self.random.random_range(0..300_000),
            1..4 => self.random.random_range(0..10_000),
            _ => self.random.random_range(0..800),
        };
        Duration::from_micros(micros)
    }
}

impl Source {
    /// Makes so many more transactions visible.
    pub(super) fn show(&mut self, count: usize) {
        for _one in 0..count {
            let Some(logged) = self.log.get(self.visible_count) else { return };
            logged.changes.iter().for_each(|changed| apply(&mut self.visible, changed));
            self.visible_count += 1;
        }
    }

    pub(super) fn end(&self) -> u32 {
        self.log.last().map_or_else(log::begin, |logged| logged.end)
    }

    /// The set of transactions up to a number of them.
    pub(super) fn gtids(&self, count: usize) -> String {
        match count {
            0 => String::new(),
            1 => format!("{}:1", log::UUID),
            _ => format!("{}:1-{count}", log::UUID),
        }
    }

    /// Whether a transaction that is logged and not visible has something of these changes: its locks are held.
    fn is_locked(&self, changes: &[Changed]) -> bool {
        let touched = |changed: &Changed| -> Vec<(&'static str, usize, Val)> {
            let rows = [&changed.before, &changed.after].into_iter().flatten();
            match changed.table {
                "bag" => vec![("bag", 0, Val::Null)],
                table => rows
                    .flat_map(|row| [(table, 0, row[0].clone()), (table, 1, row[1].clone())])
                    .filter(|(_, _, value)| *value != Val::Null)
                    .collect(),
            }
        };
        let held: Vec<_> = self.log[self.visible_count..]
            .iter()
            .flat_map(|logged| logged.changes.iter().flat_map(touched))
            .collect();
        changes.iter().flat_map(touched).any(|wanted| held.contains(&wanted))
    }

    /// Logs a transaction; false when somebody has locked something of it.
    pub(super) fn log(&mut self, changes: &[Changed]) -> bool {
        let uses_bag = changes.iter().any(|changed| changed.table == "bag");
        if self.is_locked(changes) || (uses_bag && !self.readers.is_empty()) {
            return false;
        }
        changes.iter().for_each(|changed| apply(&mut self.written, changed));
        let number = self.log.len() as u64 + 1;
        self.log.push(log::transaction(number, changes.to_vec(), self.end()));
        true
    }

    /// Whether transactions that write the table without a key are not visible yet.
    pub(super) fn bag_is_being_written(&self) -> bool {
        let pending = &self.log[self.visible_count..];
        pending.iter().any(|logged| logged.changes.iter().any(|changed| changed.table == "bag"))
    }

    /// Draws a transaction of the application.
    pub(super) fn draw(&self, random: &mut StdRng) -> Vec<Changed> {
        let mut draft = self.written.clone();
        let mut changes = Vec::new();
        let statements = if random.random_ratio(1, 15) { 25 } else { random.random_range(1..4) };
        for _statement in 0..statements {
            for changed in statement(&draft, random) {
                apply(&mut draft, &changed);
                changes.push(changed);
            }
        }
        changes
    }
}

/// Keys far enough apart for several lanes, few enough to be changed often.
const KEYS: [i64; 18] =
    [1, 2, 3, 4, 5, 6, 301, 302, 303, 601, 602, 603, 604, 901, 902, 903, 904, 905];

fn word(random: &mut StdRng) -> Val {
    let words: [&[u8]; 7] = [b"", b"a", b"b\\", b"it's", b"\xC3\xA9", b"tab\t", b"line\n"];
    let word = words.choose(random).unwrap();
    Val::Text([*word, random.random_range(0..30).to_string().as_bytes()].concat())
}

fn apply(store: &mut Store, Changed { table, before, after }: &Changed) {
    let sheet = store.sheets.get_mut(*table).unwrap();
    before.iter().for_each(|row| sheet.remove_one(row));
    after.iter().for_each(|row| sheet.put(row.clone()));
}

/// What one statement of the application changes.
fn statement(now: &Store, random: &mut StdRng) -> Vec<Changed> {
    let changed = |table, before: Option<&Row>, after: Option<Row>| {
        vec![Changed { table, before: before.cloned(), after }]
    };
    let rows: Vec<&Row> = now.sheet("t").rows().collect();
    let bag: Vec<&Row> = now.sheet("bag").rows().collect();
    let free = *KEYS.choose(random).unwrap();
    let is_free = rows.iter().all(|row| row[0] != Val::Int(free));
    let free_u = Val::Int(random.random_range(1000..1010));
    let is_free_u = rows.iter().all(|row| row[1] != free_u);
    match (random.random_range(0..10), rows.choose(random), bag.choose(random)) {
        (0 | 1, _, _) if is_free => {
            let u = if is_free_u { free_u } else { Val::Null };
            changed("t", None, Some(vec![Val::Int(free), u, word(random)]))
        }
        (2, Some(row), _) => changed("t", Some(row), None),
        (3 | 4, Some(row), _) => {
            changed("t", Some(row), Some(vec![row[0].clone(), row[1].clone(), word(random)]))
        }
        (5, Some(row), _) if is_free => {
            changed("t", Some(row), Some(vec![Val::Int(free), row[1].clone(), row[2].clone()]))
        }
        (6, Some(row), _) => {
            let other = rows.choose(random).unwrap();
            if row[0] == other[0] { Vec::new() } else { swap(row, other) }
        }
        (7, _, Some(row)) => changed("bag", Some(row), None),
        (8, _, Some(row)) => changed("bag", Some(row), Some(vec![row[0].clone(), word(random)])),
        _ => {
            let a = if random.random_ratio(1, 5) {
                Val::Null
            } else {
                Val::Int(random.random_range(0..3))
            };
            changed("bag", None, Some(vec![a, word(random)]))
        }
    }
}

/// Two rows take each other's unique value, by way of NULL.
fn swap(row: &Row, other: &Row) -> Vec<Changed> {
    let with = |row: &Row, u: &Val| vec![row[0].clone(), u.clone(), row[2].clone()];
    let step =
        |before: Row, after: Row| Changed { table: "t", before: Some(before), after: Some(after) };
    let none = with(row, &Val::Null);
    vec![
        step(row.clone(), none.clone()),
        step(other.clone(), with(other, &row[1])),
        step(none, with(row, &other[1])),
    ]
}
