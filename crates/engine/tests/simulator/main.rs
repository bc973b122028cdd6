//! Short histories of the engine's own code against a source and a target in memory, thousands in a minute.
//!
//! Copy, gates, stream, applier and the protocol beneath them are the real ones; the two servers are not: they
//! understand what the engine says and keep the promises it relies on. All that happens is drawn from a seed:
//! what the application writes and when others see it, when statements are executed, which connections break and
//! which answers get lost, when servers restart, and when the process dies. Time is simulated, too.
//! Outside of it are gathering, planning and the conductor's own way of a change, which `process.rs` repeats.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a broken expectation should stop the test with its message"
)]

mod sql;
mod store;
mod wire;
mod log;
mod world;
mod server;
mod process;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sealift_engine::apply::{Mode, Sizes};
use sealift_engine::copy;
use sealift_engine::fault::{ErrorCode, Fault};
use sealift_engine::journal::Volatile;
use sealift_mysql::endpoint::{Endpoint, TlsMode};
use sealift_mysql::in_process::InProcess;
use sealift_schema::catalog::{Key, KeyKind, KeyPart, Table, TableKind};
use sealift_schema::column::{Column, ColumnType};
use sealift_schema::facts::Side;
use sealift_schema::name::QualifiedName;
use secrecy::SecretString;

use process::{Manner, Process, Without};
use world::{Climate, Lie, Shared, pass};

/// Histories of `cargo test`; `SEALIFT_HISTORIES` asks for more.
const HISTORIES: u64 = 60;
/// Histories among which a broken promise or a missing guard must show.
const PROOFS: u64 = 1_000;
/// Seeds that failed once: a process vanished in its turn to make a ledger (8), while it took the lanes over (127).
const KEPT: &[u64] = &[8, 127];
/// The same of those in which tables are copied again.
const KEPT_WITH_ORDERS: &[u64] = &[];
/// Processes that a history has at most; more is a history without end.
const LIVES_MAX: u32 = 400;
/// How a message begins that is about the simulator itself.
const UNKNOWN: &str = "the simulator does not know better";
/// Bytes a connection holds.
const BUFFER: usize = 8 << 10;

/// What a history was like.
#[derive(Clone, Copy, Debug, Default)]
struct Story {
    lives: u32,
    faults: u64,
    transactions: usize,
    /// Orders that were obeyed.
    orders: u64,
}

/// Whether the operator has tables copied again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Watches,
    Orders,
}

/// Lives one history in a runtime of its own.
fn live(seed: u64, operator: Operator, lie: Lie, without: Without) -> Result<Story, String> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(history(seed, operator, lie, without))
}

async fn history(
    seed: u64,
    operator: Operator,
    lie: Lie,
    without: Without,
) -> Result<Story, String> {
    let mut random = StdRng::seed_from_u64(seed ^ 0x5ea1_1f70);
    let climate = Climate {
        fault: [None, Some(300), Some(120), Some(60)][random.random_range(0..4)],
        vanishes: random.random(),
        loads: random.random_ratio(3, 4),
    };
    let manner = manner(&mut random, without);
    let shared = Shared::new(seed, climate, lie);
    let transactions = random.random_range(10..60);
    tokio::spawn(application(shared.clone(), StdRng::seed_from_u64(random.random()), transactions));
    tokio::spawn(commits(shared.clone(), StdRng::seed_from_u64(random.random())));
    tokio::spawn(restarts(shared.clone(), StdRng::seed_from_u64(random.random())));
    if operator == Operator::Orders {
        tokio::spawn(orders(shared.clone(), StdRng::seed_from_u64(random.random())));
    }
    // What the dead have written down.
    let journal: Arc<Volatile> = Arc::default();
    let (_source, source) = open(&shared, Side::Source);
    let (_target, target) = open(&shared, Side::Target);
    let mut crashes = random.random_range(0..6);
    for life in 1..=LIVES_MAX {
        let process = Process {
            source: source.clone(),
            target: target.clone(),
            tables: tables(),
            manner,
            shared: shared.clone(),
            journal: match operator {
                // All of it is copied as far as the target's ledger says.
                Operator::Watches => Arc::default(),
                Operator::Orders => journal.clone(),
            },
            takes_orders: operator == Operator::Orders,
        };
        let lifetime = if crashes > 0 {
            Duration::from_millis(random.random_range(1..1_500))
        } else {
            Duration::from_secs(3_600)
        };
        let ended = tokio::time::timeout(lifetime, process.run()).await;
        if let Some(why) = &shared.lock().broken {
            return Err(format!("{UNKNOWN}: {why}"));
        }
        match ended {
            Ok(Ok(())) => {
                judge(&shared)?;
                let (faults, orders) = {
                    let world = shared.lock();
                    (world.faults, world.obeyed)
                };
                return Ok(Story { lives: life, faults, transactions, orders });
            }
            Ok(Err(fault)) if passes(&fault) && life < LIVES_MAX => {}
            Ok(Err(fault)) => {
                let state = shared.lock().told();
                return Err(format!("life {life} ended: {}\n{state}", told(&fault)));
            }
            Err(_dies) if crashes > 0 => crashes -= 1,
            Err(_too_long) => {
                let state = shared.lock().told();
                return Err(format!(
                    "life {life} comes to no end: {climate:?} {manner:?}\n{state}"
                ));
            }
        }
    }
    Err(format!("{LIVES_MAX} lives were not enough"))
}

/// What the same command again mends.
fn passes(fault: &Fault) -> bool {
    matches!(
        fault.code,
        ErrorCode::ConnectionLost
            | ErrorCode::Unreachable
            | ErrorCode::StatementFailed
            | ErrorCode::Interrupted
    )
}

fn told(fault: &Fault) -> String {
    let mut text = format!("{fault:?}");
    text.truncate(1_500);
    text
}

/// Sizes so small that everything comes in several parts.
fn manner(random: &mut StdRng, without: Without) -> Manner {
    let mode = if random.random_ratio(1, 5) {
        Mode::Atomic
    } else {
        Mode::Lanes(random.random_range(1..4))
    };
    Manner {
        mode,
        sizes: Sizes {
            batch_bytes: random.random_range(50..2_000),
            batch_changes: random.random_range(1..40),
            divided_rows: random.random_range(1..4),
            load_rows: random.random_range(1..5),
        },
        copying: copy::Sizes {
            chunk_bytes: random.random_range(10..200),
            lane_bytes: random.random_range(500..5_000),
        },
        piece_bytes: if random.random_ratio(1, 3) { 300 } else { 1 << 20 },
        workers: random.random_range(1..4),
        without,
    }
}

async fn application(shared: Shared, mut random: StdRng, transactions: usize) {
    for _transaction in 0..transactions {
        loop {
            let changes = shared.lock().source.draw(&mut random);
            if shared.change(|world| world.source.log(&changes)) {
                break;
            }
            pass(Duration::from_millis(1)).await;
        }
        let pause = if random.random_ratio(1, 4) { 80 } else { 4 };
        pass(Duration::from_micros(random.random_range(0..pause * 1_000))).await;
    }
    shared.change(|world| world.source.is_done = true);
}

/// What is logged becomes visible, some of it late.
async fn commits(shared: Shared, mut random: StdRng) {
    loop {
        let micros = if random.random_ratio(1, 8) { 250_000 } else { 700 };
        pass(Duration::from_micros(random.random_range(1..micros))).await;
        let is_over = shared.change(|world| {
            world.source.show(1);
            world.source.is_done && world.source.visible_count == world.source.log.len()
        });
        if is_over {
            return;
        }
    }
}

async fn restarts(shared: Shared, mut random: StdRng) {
    for _restart in 0..random.random_range(0..3) {
        pass(Duration::from_millis(random.random_range(1..2_000))).await;
        let side = if random.random() { Side::Source } else { Side::Target };
        shared.change(|world| world.restart(side));
    }
}

/// The operator has tables copied again, now and then while something else goes wrong.
async fn orders(shared: Shared, mut random: StdRng) {
    for _order in 0..random.random_range(1..4) {
        pass(Duration::from_millis(random.random_range(1..3_000))).await;
        let table = if random.random() { "t" } else { "bag" };
        shared.change(|world| world.orders.push_back(table));
    }
}

/// Both sides hold the same.
fn judge(shared: &Shared) -> Result<(), String> {
    let world = shared.lock();
    for table in ["t", "bag"] {
        let mut source: Vec<_> = world.source.visible.sheet(table).rows().collect();
        let there = world.target.store.seen(table, u32::MAX);
        let mut target: Vec<_> = there.values().collect();
        source.sort();
        target.sort();
        if source != target {
            return Err(format!("{table} differs:\nsource {source:?}\ntarget {target:?}"));
        }
    }
    if !world.due.is_empty() {
        return Err(format!("the ledger has tables that are copied again: {:?}", world.due));
    }
    if world.target.store.sheet("t").unique.is_none() {
        return Err("the unique key was not made".to_owned());
    }
    Ok(())
}

/// A server that can be reached, and how.
fn open(shared: &Shared, side: Side) -> (InProcess, Endpoint) {
    let shared = shared.clone();
    let dial = move || {
        if shared.lock().befalls() {
            return Err(io::Error::from(io::ErrorKind::ConnectionRefused));
        }
        let (ours, theirs) = tokio::io::duplex(BUFFER);
        let serving = tokio::spawn(server::serve(shared.clone(), side, theirs));
        let shared = shared.clone();
        tokio::spawn(async move {
            if let Err(error) = serving.await {
                shared.change(|world| world.broken = Some(error.to_string()));
            }
        });
        Ok(ours)
    };
    let server = InProcess::listen(dial);
    let endpoint = Endpoint {
        side,
        address: server.address(),
        user: "u".to_owned(),
        password: SecretString::from("p").into(),
        tls: TlsMode::Off,
        tls_ca: None,
        compress: false,
        connect_timeout: Duration::from_secs(10),
    };
    (server, endpoint)
}

fn tables() -> Vec<Table> {
    let key = |name: &str, kind, column: &str| Key {
        name: name.to_owned(),
        kind,
        parts: vec![KeyPart::Column { name: column.to_owned(), prefix: None, descending: false }],
        visible: true,
    };
    let number = |name: &str, nullable| column(name, ColumnType::Int, "int", nullable);
    let text = |name: &str| column(name, ColumnType::VarChar, "varchar(20)", true);
    let keys = vec![key("PRIMARY", KeyKind::Primary, "id"), key("by_u", KeyKind::Unique, "u")];
    vec![
        table("t", vec![number("id", false), number("u", true), text("v")], keys),
        table("bag", vec![number("a", true), text("b")], Vec::new()),
    ]
}

fn column(name: &str, kind: ColumnType, type_text: &str, nullable: bool) -> Column {
    let is_text = kind == ColumnType::VarChar;
    Column {
        name: name.to_owned(),
        kind,
        type_text: type_text.to_owned(),
        nullable,
        default: None,
        extra: String::new(),
        generated: None,
        invisible: false,
        charset: is_text.then(|| "utf8mb4".to_owned()),
        collation: is_text.then(|| "utf8mb4_bin".to_owned()),
        srid: None,
        comment: String::new(),
    }
}

fn table(name: &str, columns: Vec<Column>, keys: Vec<Key>) -> Table {
    Table {
        name: QualifiedName::new(log::SCHEMA, name),
        kind: TableKind::Base,
        engine: "InnoDB".to_owned(),
        row_format: "Dynamic".to_owned(),
        create_options: String::new(),
        collation: "utf8mb4_bin".to_owned(),
        auto_increment: None,
        rows_estimate: 12,
        data_bytes: 3_000,
        index_bytes: 0,
        comment: String::new(),
        create_sql: String::new(),
        columns,
        keys,
        foreign_keys: Vec::new(),
        checks: BTreeMap::new(),
        partitioned: false,
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("it is a number"))
}

/// Lives as many histories as are asked for, after those that failed once.
fn same_at_the_end(operator: Operator, kept: &[u64]) {
    let seeds: Vec<u64> = match number("SEALIFT_SEED") {
        Some(seed) => vec![seed],
        None => {
            let first = number("SEALIFT_FIRST").unwrap_or(1);
            let count = number("SEALIFT_HISTORIES").unwrap_or(HISTORIES);
            kept.iter().copied().chain(first..first + count).collect()
        }
    };
    let begun = std::time::Instant::now();
    let mut all = Story::default();
    for seed in &seeds {
        match live(*seed, operator, Lie::None, Without::Nothing) {
            Ok(story) => {
                all.lives += story.lives;
                all.faults += story.faults;
                all.transactions += story.transactions;
                all.orders += story.orders;
            }
            Err(why) => panic!("SEALIFT_SEED={seed} repeats it, a list of seeds keeps it: {why}"),
        }
    }
    let Story { lives, faults, transactions, orders } = all;
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{} histories in {seconds:.1} s: {lives} processes, {faults} faults, {transactions} transactions, {orders} orders",
        seeds.len()
    );
}

#[test]
fn both_sides_are_the_same_at_the_end_of_every_history() {
    same_at_the_end(Operator::Watches, KEPT);
}

#[test]
fn both_sides_are_the_same_when_tables_were_copied_again() {
    same_at_the_end(Operator::Orders, KEPT_WITH_ORDERS);
}

/// Some history fails where a promise is broken or a guard is missing.
fn shows(lie: Lie, without: Without) {
    shows_where(Operator::Watches, lie, without);
}

fn shows_where(operator: Operator, lie: Lie, without: Without) {
    let lived = |seed| live(seed, operator, lie, without).err();
    let found = (1..=PROOFS).find_map(|seed| Some((seed, lived(seed)?)));
    let (seed, why) = found.unwrap_or_else(|| panic!("{lie:?} {without:?} does no harm"));
    assert!(!why.starts_with(UNKNOWN), "history {seed}: {why}");
    println!("history {seed}: {why}");
}

#[test]
fn reads_must_see_what_they_are_said_to_see() {
    shows(Lie::VisibleTooEarly, Without::Nothing);
}

#[test]
fn sessions_of_the_dead_must_end() {
    shows(Lie::NobodyIsKilled, Without::Nothing);
}

#[test]
fn ledgers_must_go_with_their_transaction() {
    shows(Lie::LedgersStay, Without::Nothing);
}

#[test]
fn rows_must_stay_with_their_transaction() {
    shows(Lie::RowsGo, Without::Nothing);
}

#[test]
fn gates_keep_chunks_off_newer_rows() {
    shows(Lie::None, Without::Gates);
}

#[test]
fn the_log_is_read_from_the_oldest_lane() {
    shows(Lie::None, Without::OldestPosition);
}

#[test]
fn unique_keys_wait_for_the_horizon() {
    shows(Lie::None, Without::Horizon);
}

#[test]
fn a_table_without_a_key_leaves_out_what_its_copy_has() {
    shows(Lie::None, Without::Exactness);
}

#[test]
fn lanes_of_a_table_that_is_made_anew_must_go() {
    shows_where(Operator::Orders, Lie::None, Without::Reset);
}
