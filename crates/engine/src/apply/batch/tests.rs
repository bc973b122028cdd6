//! Batches against a naive replay of the same history.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sealift_mysql::binlog::{ForeignKeyChecks, LogPosition};
use sealift_mysql::value::Value;
use sealift_schema::catalog::Table;
use sealift_schema::column::Column;
use sealift_schema::facts::Flavor;
use sealift_schema::name::QualifiedName;

use super::super::share::Work;
use super::super::table::{ApplyTable, Manner, TableForm};
use super::*;
use crate::encode::RowValues;
use crate::fixture::{self, column, primary_key};

/// A row of a number, a text and a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row3(i64, &'static str, u64);

struct Walk<'a>(&'a Row3, usize);

impl RowValues for Walk<'_> {
    fn next(&mut self) -> Result<Value<'_>, EncodeError> {
        self.1 += 1;
        Ok(match self.1 {
            1 => Value::Int(self.0.0),
            2 => Value::Bytes(self.0.1.as_bytes()),
            3 => Value::Uint(self.0.2),
            _ => return Err(EncodeError::OtherColumns),
        })
    }
}

impl Image for Row3 {
    type Scratch = ();
    type Values<'a> = Walk<'a>;

    fn has(&self, _column: usize) -> bool {
        true
    }

    fn values<'a>(&'a self, (): &'a mut ()) -> Walk<'a> {
        Walk(self, 0)
    }

    fn bytes(&self) -> usize {
        24
    }
}

/// A table with these columns as its key.
fn form(key: &[&str]) -> TableForm {
    let text = Column {
        collation: Some("utf8mb4_bin".to_owned()),
        ..column("s", "varchar(9)", Some("utf8mb4"))
    };
    let mut columns = vec![column("n", "bigint", None), text, column("payload", "bigint", None)];
    columns.iter_mut().for_each(|column| column.nullable = false);
    let keys = vec![primary_key(key)];
    let table = Table { keys, ..fixture::table(QualifiedName::new("a", "t"), columns) };
    TableForm::of(&ApplyTable {
        source: table.clone(),
        target: table,
        taker: Flavor::MySql,
        manner: Manner::FinalStates,
    })
    .unwrap()
}

type State = BTreeMap<(usize, i64, &'static str), u64>;

/// A change of the history that leads on from a state, if the state allows one with these numbers.
fn happen(
    state: &mut State,
    (table, n, s, verb, to): (usize, i64, usize, u8, i64),
    payload: u64,
) -> Option<Change<Row3>> {
    let texts = ["", "a", "A", "a "];
    let key = (table, n, texts[s]);
    let row = match (verb, state.get(&key).copied()) {
        (_, None) => {
            state.insert(key, payload);
            RowChange::Insert(Row3(n, key.2, payload))
        }
        (0, Some(old)) => {
            state.remove(&key);
            RowChange::Delete(Row3(n, key.2, old))
        }
        (_, Some(old)) => {
            let moved = (table, to, key.2);
            if moved != key && state.contains_key(&moved) {
                return None;
            }
            state.remove(&key);
            state.insert(moved, payload);
            RowChange::Update { before: Row3(n, key.2, old), after: Row3(to, key.2, payload) }
        }
    };
    Some(Change { table, row, checks: ForeignKeyChecks::On })
}

/// Writes a batch as a lane would: what went first, then what is there.
fn write(batch: &Batch<Row3>, forms: &[TableForm], state: &mut BTreeMap<(usize, Vec<u8>), Row3>) {
    let mut seen = BTreeSet::new();
    for row in batch.rows() {
        assert!(seen.insert((row.table, batch.key_of(row).to_vec())), "a row comes once");
    }
    for row in batch.rows().iter().filter(|row| row.last.is_none()) {
        state.remove(&(row.table, batch.key_of(row).to_vec()));
    }
    for row in batch.rows() {
        let Some(image) = &row.last else { continue };
        let mut key = Vec::new();
        forms[row.table].key().unwrap().read(image, &mut (), &mut key).unwrap();
        assert_eq!(key, batch.key_of(row), "a row is kept under its own key");
        state.insert((row.table, key), image.clone());
    }
}

proptest! {
    #[test]
    fn batches_of_any_cut_give_what_a_replay_gives(
        steps in proptest::collection::vec((0..2_usize, -2..3_i64, 0..4_usize, 0..3_u8, -2..3_i64), 0..200),
        cut in 1..20_usize,
    ) {
        let forms = [form(&["n", "s"]), form(&["s", "n"])];
        let mut replayed = State::new();
        let mut written = BTreeMap::new();
        let changes: Vec<Change<Row3>> = steps
            .into_iter()
            .zip(1..)
            .filter_map(|(step, payload)| happen(&mut replayed, step, payload))
            .collect();
        for changes in changes.chunks(cut) {
            let mut batch = Batch::default();
            for change in changes {
                batch.take(change.clone(), forms[change.table].key(), &mut ()).unwrap();
            }
            prop_assert_eq!(batch.changes(), changes.len() as u64);
            write(&batch, &forms, &mut written);
        }
        let rows: State = written.iter().map(|((table, _), row)| ((*table, row.0, row.1), row.2)).collect();
        prop_assert_eq!(rows, replayed);
    }

    #[test]
    fn every_row_is_in_one_share_and_text_keys_are_in_one_lane(
        rows in 0..1_500_i64,
        lanes in 1..5_usize,
    ) {
        let forms = [form(&["n"]), form(&["s"])];
        let mut batch = Batch::default();
        for n in 0..rows {
            let row = RowChange::Insert(Row3(n, "", 0));
            batch.take(Change { table: 0, row, checks: ForeignKeyChecks::On }, forms[0].key(), &mut ()).unwrap();
        }
        for s in ["a", "b", "c", "A"] {
            let row = RowChange::Delete(Row3(0, s, 0));
            batch.take(Change { table: 1, row, checks: ForeignKeyChecks::On }, forms[1].key(), &mut ()).unwrap();
        }
        let end = LogPosition { server: String::new(), file: String::new(), offset: 0, gtids: None, since: None };
        let work = Work::divide(batch, end, &forms, lanes);
        let mut places: Vec<usize> = work
            .shares
            .iter()
            .flat_map(|share| share.tables.values())
            .flat_map(|table| table.gone.iter().chain(&table.puts).copied())
            .collect();
        places.sort_unstable();
        prop_assert_eq!(&places, &(0..work.batch.rows().len()).collect::<Vec<_>>());
        prop_assert_eq!(work.shares[0].lane, 0);
        let with_text = work.shares.iter().filter(|share| share.tables.contains_key(&1)).count();
        prop_assert_eq!(with_text, 1);
        if rows > 100 {
            prop_assert_eq!(work.shares.len(), lanes);
        }
    }
}

#[test]
fn a_key_is_named_on_the_target_in_key_order() {
    let form = form(&["s", "n"]);
    let key = form.key().unwrap();
    let mut bytes = Vec::new();
    key.read(&Row3(-7, "é", 0), &mut (), &mut bytes).unwrap();
    assert_eq!(
        key.condition(&[&bytes]).unwrap(),
        "(`s`,`n`) IN ((_utf8mb4 x'c3a9' COLLATE utf8mb4_bin,-7))"
    );
}

#[test]
fn a_batch_is_full_by_bytes_or_by_changes() {
    let form = form(&["n"]);
    let mut batch = Batch::default();
    let sizes = Sizes { batch_changes: 1_000, ..Sizes::default() };
    for n in 0..1_000 {
        assert!(!batch.is_full(&sizes));
        let row = RowChange::Insert(Row3(0, "", n));
        batch
            .take(Change { table: 0, row, checks: ForeignKeyChecks::On }, form.key(), &mut ())
            .unwrap();
    }
    assert!(batch.is_full(&sizes) && !batch.is_full(&Sizes::default()));
    assert!(batch.is_full(&Sizes { batch_bytes: 24_000, ..Sizes::default() }));
    assert_eq!(batch.rows().len(), 1);
}
