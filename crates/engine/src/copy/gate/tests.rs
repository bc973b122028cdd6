//! Both rules of the gates, by cases and by random walks.

use std::collections::BTreeSet;

use proptest::prelude::*;
use sealift_mysql::binlog::{Gtid, GtidSet};

use super::*;

fn table(name: &str) -> QualifiedName {
    QualifiedName::new("shop", name)
}

/// Everything up to an offset of the one file.
fn upto(offset: u64) -> LogPosition {
    LogPosition {
        server: "s".into(),
        file: "binlog.000001".into(),
        offset,
        gtids: None,
        since: None,
    }
}

/// The one that ends at an offset.
fn transaction(offset: u64) -> TransactionId {
    TransactionId { gtid: None, file: "binlog.000001".into(), begin: offset - 1 }
}

fn gates() -> Gates {
    Gates::new(upto(0))
}

fn open(gates: &Gates, name: &str, offset: u64) -> Result<Gate, Stale> {
    gates.open(&table(name), &Arc::new(upto(offset)), gates.now())
}

#[tokio::test]
async fn a_transaction_outside_an_open_gate_waits_until_it_is_released() {
    let gates = gates();
    let (first, second) = (open(&gates, "a", 10).unwrap(), open(&gates, "a", 12).unwrap());
    let tables = [table("b"), table("a")];
    assert!(gates.try_admit(&transaction(10), &tables), "it lies within both");
    assert!(gates.try_admit(&transaction(11), &[table("b")]), "its table has no gate");
    assert!(!gates.try_admit(&transaction(12), &tables), "it lies outside the first");
    let waiting = tokio::spawn({
        let gates = gates.clone();
        async move { gates.admit(&transaction(13), &[table("b"), table("a")]).await }
    });
    drop(first);
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished() && !gates.try_admit(&transaction(13), &tables));
    drop(second);
    waiting.await.unwrap();
    assert_eq!(gates.last_handed_over(&table("a")), Some(transaction(13)));
}

#[test]
fn a_position_older_than_what_was_handed_over_opens_no_gate() {
    let gates = gates();
    assert!(gates.try_admit(&transaction(10), &[table("a")]));
    assert!(gates.try_admit(&transaction(20), &[table("b")]));
    assert!(open(&gates, "a", 9).is_err());
    assert!(open(&gates, "a", 10).is_ok());
    assert!(open(&gates, "b", 10).is_err());
    assert!(open(&gates, "c", 1).is_ok());
}

#[test]
fn after_a_restart_what_was_handed_over_before_must_be_visible() {
    let gates = Gates::new(upto(10));
    assert!(open(&gates, "a", 9).is_err());
    assert!(open(&gates, "a", 10).is_ok());
}

#[test]
fn a_gate_knows_more_transactions_than_are_remembered() {
    let gates = gates();
    let last = 2 * RECENT_MAX as u64;
    for offset in 1..=last {
        assert!(gates.try_admit(&transaction(offset), &[table("busy")]));
    }
    let remembered = || gates.lock().handed_over.recent.len();
    assert_eq!(remembered(), RECENT_MAX);
    assert!(open(&gates, "busy", last - 1).is_err());
    assert!(open(&gates, "busy", last).is_ok());
    assert_eq!(remembered(), RECENT_KEPT);
    assert!(open(&gates, "idle", last - 1).is_ok(), "a little older than the newest will do");
    assert!(open(&gates, "idle", 1).is_err(), "much older is not known to do");
}

#[test]
fn a_held_table_takes_nothing_but_the_rest_of_what_it_has() {
    let gates = gates();
    assert!(gates.try_admit(&transaction(10), &[table("a")]));
    let hold = gates.hold(&table("a"));
    assert!(gates.try_admit(&transaction(10), &[table("b"), table("a")]), "its next piece");
    assert!(!gates.try_admit(&transaction(11), &[table("a")]));
    assert!(gates.try_admit(&transaction(11), &[table("b")]));
    drop(hold);
    assert!(gates.try_admit(&transaction(12), &[table("a")]));
}

#[test]
fn a_transaction_that_begins_keeps_gates_without_it_away() {
    let gates = gates();
    assert!(gates.try_admit(&transaction(10), &[table("a")]));
    let within = open(&gates, "b", 9).unwrap();
    assert!(!gates.try_admit(&transaction(10), &[table("b")]), "its next piece meets a gate");
    drop(within);
    assert!(gates.try_admit(&transaction(10), &[table("b")]));
    assert!(open(&gates, "b", 9).is_err());
}

#[test]
fn a_gate_whose_chunk_is_lost_sight_of_stays_closed() {
    let gates = gates();
    let gate = Arc::new(open(&gates, "a", 10).unwrap());
    gate.underway().settled();
    let lost = gate.underway();
    drop((gate, lost));
    assert!(!gates.try_admit(&transaction(11), &[table("a")]));
    let gate = Arc::new(open(&gates, "b", 10).unwrap());
    let known = gate.underway();
    drop(gate);
    known.settled();
    assert!(gates.try_admit(&transaction(11), &[table("b")]));
}

#[test]
fn a_table_without_a_key_skips_what_its_copy_holds() {
    let gates = gates();
    let name = table("k");
    assert!(!gates.skips(&name, &transaction(1)), "it is not known to have no key");
    gates.expect_exact(&name, None);
    assert!(gates.try_admit(&transaction(10), std::slice::from_ref(&name)));
    assert!(gates.skips(&name, &transaction(10)), "the copy will hold it");
    assert!(gates.open_exact(&name, &Arc::new(upto(9)), gates.now()).is_err());
    let gate = gates.open_exact(&name, &Arc::new(upto(12)), gates.now()).unwrap();
    assert!(gates.skips(&name, &transaction(12)) && !gates.skips(&name, &transaction(13)));
    drop(gate);
    assert!(gates.skips(&name, &transaction(13)), "that copy came to nothing");
    let gate = gates.open_exact(&name, &Arc::new(upto(14)), gates.now()).unwrap();
    gate.complete();
    drop(gate);
    assert!(gates.skips(&name, &transaction(14)) && !gates.skips(&name, &transaction(15)));
    gates.expect_exact(&name, Some(Arc::new(upto(20))));
    assert!(gates.skips(&name, &transaction(20)) && !gates.skips(&name, &transaction(21)));
}

#[tokio::test]
async fn what_no_position_tells_of_waits_for_reads_that_may_have_begun_before_its_end() {
    let gates = gates();
    let (a, b) = ([table("a")], [table("b")]);
    let within = Arc::new(upto(20));
    let open = |name, since| gates.open(&table(name), &within, since);
    let early = gates.now();
    let before = open("a", early).unwrap();
    let ended = gates.ended();
    let late = open("a", gates.now()).unwrap();
    let id = transaction(10);
    let admit = async |tables: &[QualifiedName]| {
        tokio::select! {
            biased;
            () = gates.admit_ended(&id, tables, ended) => true,
            () = std::future::ready(()) => false,
        }
    };
    assert!(
        !admit(&a).await,
        "it may not be seen by the first, though it lies within its position"
    );
    assert!(admit(&b).await);
    drop(before);
    assert!(admit(&a).await, "the other read began after its end");
    drop(late);
    assert!(open("a", early).is_err(), "this read began before");
    assert!(open("c", early).is_ok());
    assert!(open("a", gates.now()).is_ok());
}

/// A source whose transactions become visible in any order, each on some of three tables.
#[derive(Clone, Debug)]
enum Move {
    /// The next transaction becomes visible, after this many that are not yet.
    Appear(usize),
    /// Somebody obtains a position.
    Look,
    /// A gate is opened on a table by the position obtained this many looks ago.
    Open(usize, usize),
    /// An open gate is released.
    Release(usize),
    /// The applier is handed the next transaction.
    Admit,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        (0..4_usize).prop_map(Move::Appear),
        Just(Move::Look),
        (0..3_usize, 0..3_usize).prop_map(|(table, ago)| Move::Open(table, ago)),
        (0..5_usize).prop_map(Move::Release),
        Just(Move::Admit),
    ];
    prop::collection::vec(one, 1..200)
}

/// Walks with real gates and checks after each step what gates are for.
fn walk(
    moves: &[Move],
    touched: &[Vec<QualifiedName>],
    id: impl Fn(usize) -> TransactionId,
    position: impl Fn(&BTreeSet<usize>) -> LogPosition,
) -> Result<(), TestCaseError> {
    let names = [table("a"), table("b"), table("c")];
    let gates = Gates::new(position(&BTreeSet::new()));
    let mut visible = BTreeSet::new();
    let mut looks = vec![visible.clone()];
    let mut handed_over: Vec<usize> = Vec::new();
    let mut open: Vec<(usize, BTreeSet<usize>, Gate)> = Vec::new();
    let touches = |t: usize, at: usize| touched[t].contains(&names[at]);
    for step in moves {
        match *step {
            Move::Appear(skip) => {
                let next = (0..touched.len()).filter(|t| !visible.contains(t)).nth(skip);
                visible.extend(next);
            }
            Move::Look => looks.push(visible.clone()),
            Move::Open(at, ago) => {
                let look = looks[looks.len().saturating_sub(1 + ago)].clone();
                let is_sound = handed_over.iter().all(|t| !touches(*t, at) || look.contains(t));
                let has_all = handed_over.iter().all(|t| look.contains(t));
                match gates.open(&names[at], &Arc::new(position(&look)), gates.now()) {
                    Ok(gate) => {
                        prop_assert!(is_sound, "{at} opened at {look:?} after {handed_over:?}");
                        open.push((at, look, gate));
                    }
                    Err(Stale) => prop_assert!(!has_all, "{at} is closed to all it needs"),
                }
            }
            Move::Release(which) if which < open.len() => drop(open.remove(which)),
            Move::Release(_) => {}
            Move::Admit if handed_over.len() < touched.len() => {
                let next = handed_over.len();
                let mut on_its_tables = open.iter().filter(|(at, _, _)| touches(next, *at));
                let may = on_its_tables.all(|(_, look, _)| look.contains(&next));
                prop_assert_eq!(gates.try_admit(&id(next), &touched[next]), may);
                if may {
                    handed_over.push(next);
                }
            }
            Move::Admit => {}
        }
    }
    Ok(())
}

fn touched() -> impl Strategy<Value = Vec<Vec<QualifiedName>>> {
    let names = vec![table("a"), table("b"), table("c")];
    prop::collection::vec(prop::sample::subsequence(names, 1..=3), 1..40)
}

proptest! {
    #[test]
    fn no_gate_is_open_on_a_table_that_was_handed_something_outside_it(
        moves in moves(),
        touched in touched(),
    ) {
        walk(&moves, &touched, gtid_transaction, gtid_position)?;
    }

    #[test]
    fn nor_is_one_where_only_files_and_offsets_tell(moves in moves(), touched in touched()) {
        // Without GTIDs transactions become visible in the log's order.
        let in_order: Vec<Move> = moves
            .into_iter()
            .map(|step| if matches!(step, Move::Appear(_)) { Move::Appear(0) } else { step })
            .collect();
        let position = |visible: &BTreeSet<usize>| upto(visible.len() as u64);
        walk(&in_order, &touched, |number| transaction(number as u64 + 1), position)?;
    }
}

fn gtid(number: usize) -> Gtid {
    format!("0f1b2c3d-0000-11ee-8000-0242ac120002:{}", number + 1).parse().unwrap()
}

fn gtid_transaction(number: usize) -> TransactionId {
    TransactionId { gtid: Some(gtid(number)), ..transaction(number as u64 + 1) }
}

fn gtid_position(visible: &BTreeSet<usize>) -> LogPosition {
    let mut set = GtidSet::default();
    visible.iter().for_each(|number| set.insert(&gtid(*number)));
    LogPosition { gtids: Some(set), ..upto(0) }
}
