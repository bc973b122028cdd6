//! Changes applied to a real target: histories made by SQL on the source, their row images read there.

mod histories;
mod trouble;

use std::collections::BTreeMap;

use sealift_engine::apply::{
    self, Applier, ApplyJob, ApplyTable, Change, Image, Manner, Mode, RowChange, Sizes, Transaction,
};
use sealift_engine::encode::{EncodeError, RowValues};
use sealift_engine::fault::Fault;
use sealift_engine::target::pin;
use sealift_lab::{Pair, unique_schema};
use sealift_mysql::binlog::{ForeignKeyChecks, LogPosition, TransactionId};
use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::gather;
use sealift_mysql::session::Session;
use sealift_mysql::value::{Duration, Layout, Moment, Value, Values};
use sealift_schema::catalog::Table;
use sealift_schema::column::ColumnType;
use sealift_schema::facts::{Flavor, Side};
use sealift_schema::name::QualifiedName;

use crate::servers::endpoint;

/// A row as the binary log would have it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row(std::sync::Arc<Vec<Cell>>);

#[derive(Clone, Debug, PartialEq)]
enum Cell {
    Null,
    Int(i64),
    Uint(u64),
    Float(f32),
    Double(f64),
    Moment(Moment),
    Duration(Duration),
    Bytes(Vec<u8>),
}

pub(super) struct Walk<'a>(std::slice::Iter<'a, Cell>);

impl RowValues for Walk<'_> {
    fn next(&mut self) -> Result<Value<'_>, EncodeError> {
        Ok(match self.0.next().ok_or(EncodeError::OtherColumns)? {
            Cell::Null => Value::Null,
            Cell::Int(number) => Value::Int(*number),
            Cell::Uint(number) => Value::Uint(*number),
            Cell::Float(number) => Value::Float(*number),
            Cell::Double(number) => Value::Double(*number),
            Cell::Moment(moment) => Value::Moment(*moment),
            Cell::Duration(span) => Value::Duration(*span),
            Cell::Bytes(bytes) => Value::Bytes(bytes),
        })
    }
}

impl Image for Row {
    type Scratch = ();
    type Values<'a> = Walk<'a>;

    fn has(&self, _column: usize) -> bool {
        true
    }

    fn values<'a>(&'a self, (): &'a mut ()) -> Walk<'a> {
        Walk(self.0.iter())
    }

    fn bytes(&self) -> usize {
        let heap = |cell: &Cell| if let Cell::Bytes(bytes) = cell { bytes.len() } else { 8 };
        self.0.iter().map(heap).sum()
    }
}

/// Numbers that look random and are the same in every run.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

/// A schema on both servers of a pair, and the history it has seen on the source.
pub(super) struct Story<'p> {
    pub(super) pair: &'p Pair,
    pub(super) schema: String,
    session: Session,
    source: Vec<Table>,
    target: BTreeMap<QualifiedName, Table>,
    state: Vec<Vec<Row>>,
    pub(super) transactions: Vec<Transaction<Row>>,
}

/// Statements that let the servers' defaults decide nothing.
const PLAIN: &str = "SET sql_mode='NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES', \
                     time_zone='+00:00', foreign_key_checks=0;";

pub(super) fn at(transactions: usize) -> LogPosition {
    let (server, file) = ("s".to_owned(), "log.000001".to_owned());
    LogPosition { server, file, offset: 10 * transactions as u64 + 4, gtids: None, since: None }
}

impl<'p> Story<'p> {
    /// Makes the tables on both sides.
    pub(super) async fn new(pair: &'p Pair, tables: &str, target_tables: &str) -> Self {
        let schema = unique_schema("apply");
        let both = [
            (&pair.source, tables, ""),
            (&pair.target, target_tables, "SET sql_generate_invisible_primary_key=0;"),
        ];
        for (server, tables, keyless) in both {
            server.sql(format!("CREATE SCHEMA {schema}; USE {schema}; {PLAIN} {keyless} {tables}"));
        }
        let mut gathered = Vec::new();
        for (server, side) in [(&pair.source, Side::Source), (&pair.target, Side::Target)] {
            let request = gather::Request {
                endpoint: &endpoint(server, side),
                sessions: 2,
                wanted: &|_, name| name.schema == schema,
                progress: &|_| {},
            };
            gathered.push(gather::catalog(&request).await.unwrap().catalog.tables);
        }
        let target = gathered.pop().unwrap();
        let source: Vec<Table> = gathered.pop().unwrap().into_values().collect();
        let mut session = Session::connect(&endpoint(&pair.source, Side::Source)).await.unwrap();
        pin::reader(&mut session).await.unwrap();
        let state = source.iter().map(|_| Vec::new()).collect();
        Self { pair, schema, session, source, target, state, transactions: Vec::new() }
    }

    /// Runs statements on the source and takes what they changed for one transaction.
    pub(super) async fn happens(&mut self, sql: &str) {
        self.pair.source.sql(format!("USE {}; {PLAIN} BEGIN; {sql} COMMIT;", self.schema));
        let mut changes = Vec::new();
        for table in 0..self.source.len() {
            let now = read(&mut self.session, &self.source[table]).await;
            let before = std::mem::replace(&mut self.state[table], now.clone());
            changes.extend(
                differences(&self.source[table], before, now).into_iter().map(|row| Change {
                    table,
                    row,
                    checks: ForeignKeyChecks::On,
                }),
            );
        }
        let number = self.transactions.len();
        let begin = 10 * number as u64 + 4;
        let id = TransactionId { gtid: None, file: "log.000001".into(), begin };
        self.transactions.push(Transaction { id, end: at(number + 1), changes });
    }

    pub(super) fn target(&self) -> Endpoint {
        endpoint(&self.pair.target, Side::Target)
    }

    pub(super) fn job(&self, migration: &str, mode: Mode) -> ApplyJob {
        let tables = self.source.iter().map(|source| ApplyTable {
            source: source.clone(),
            target: self.target[&source.name].clone(),
            taker: Flavor::MySql,
            manner: Manner::FinalStates,
        });
        ApplyJob {
            migration: migration.to_owned(),
            target: self.target(),
            tables: tables.collect(),
            mode,
            sizes: SMALL,
        }
    }

    /// Empties the target and says that changes begin at the beginning.
    pub(super) async fn begin(&self, migration: &str) {
        for table in &self.source {
            self.pair.target.sql(format!("TRUNCATE {}", table.name));
        }
        apply::begin(&self.target(), migration, &at(0)).await.unwrap();
    }

    /// Applies what is not applied yet, waiting for it now and then.
    pub(super) async fn apply(&self, job: ApplyJob, dice: &mut Dice) -> Result<(), Fault> {
        let mut applier = Applier::open(job).await?;
        let newest = applier.found().newest().unwrap().clone();
        for transaction in self.rest(&applier) {
            applier.apply(transaction.clone()).await?;
            if dice.below(4) == 0 && transaction.end.covers(&newest) {
                assert_eq!(applier.settle().await?, transaction.end);
            }
        }
        assert_eq!(applier.close().await?, at(self.transactions.len()));
        Ok(())
    }

    /// Transactions from where an applier's lanes stand.
    pub(super) fn rest(&self, applier: &Applier<Row>) -> &[Transaction<Row>] {
        let oldest = applier.found().oldest().unwrap();
        let first = self.transactions.iter().position(|t| !oldest.contains(&t.id));
        &self.transactions[first.unwrap_or(self.transactions.len())..]
    }

    /// Makes sure that both sides hold the same rows.
    #[track_caller]
    pub(super) fn assert_same(&self, doing: &str) {
        for table in &self.source {
            let columns: Vec<String> = table
                .columns
                .iter()
                .map(|column| {
                    let name = format!("`{}`", column.name.replace('`', "``"));
                    let kind = column.kind;
                    if kind == ColumnType::Float {
                        format!("CAST({name} AS DOUBLE)")
                    } else if is_number_there(kind) || kind == ColumnType::Bit {
                        format!("CAST({name} AS UNSIGNED)")
                    } else if kind.is_text() {
                        format!("HEX(CONVERT({name} USING utf8mb4))")
                    } else if kind.is_binary() {
                        format!("HEX({name})")
                    } else {
                        name
                    }
                })
                .collect();
            let rows = |server: &sealift_lab::Server| {
                let list = columns.join(",");
                let rows = server.sql(format!("{PLAIN} SELECT {list} FROM {}", table.name));
                let mut rows: Vec<String> = rows.lines().map(ToOwned::to_owned).collect();
                rows.sort();
                rows
            };
            let (source, target) = (rows(&self.pair.source), rows(&self.pair.target));
            assert_eq!(source, target, "{doing}: {}", table.name);
        }
    }
}

/// Every batch is divided, and both ways of writing are taken.
const SMALL: Sizes = Sizes { batch_bytes: 4_000, batch_changes: 40, divided_rows: 1, load_rows: 3 };

/// Whether the binary log has a number where a statement reads text.
fn is_number_there(kind: ColumnType) -> bool {
    matches!(kind, ColumnType::Enum | ColumnType::Set)
}

/// All rows of a table as the binary log would have them.
async fn read(session: &mut Session, table: &Table) -> Vec<Row> {
    let list: Vec<String> = table
        .columns
        .iter()
        .map(|column| {
            let name = format!("`{}`", column.name.replace('`', "``"));
            if is_number_there(column.kind) { format!("CAST({name} AS UNSIGNED)") } else { name }
        })
        .collect();
    let sql = format!("SELECT {} FROM {}", list.join(","), table.name);
    let mut result = session.read(sql).await.unwrap();
    let layouts: Vec<Layout> = result
        .columns()
        .iter()
        .map(|column| Layout::of(column.type_code, column.is_unsigned()).unwrap())
        .collect();
    let mut rows = Vec::new();
    while let Some(row) = result.next().await.unwrap() {
        let mut values = Values::new(row, layouts.len()).unwrap();
        let cells = layouts.iter().map(|layout| match values.next(*layout).unwrap() {
            Value::Null => Cell::Null,
            Value::Int(number) => Cell::Int(number),
            Value::Uint(number) => Cell::Uint(number),
            Value::Float(number) => Cell::Float(number),
            Value::Double(number) => Cell::Double(number),
            Value::Moment(moment) => Cell::Moment(moment),
            Value::Duration(span) => Cell::Duration(span),
            Value::Bytes(bytes) => Cell::Bytes(bytes.to_vec()),
        });
        rows.push(Row(std::sync::Arc::new(cells.collect())));
    }
    rows
}

/// What happened between two states of a table.
fn differences(table: &Table, before: Vec<Row>, now: Vec<Row>) -> Vec<RowChange<Row>> {
    let mut gone = before;
    let mut came = Vec::new();
    for row in now {
        match gone.iter().position(|old| *old == row) {
            Some(same) => drop(gone.swap_remove(same)),
            None => came.push(row),
        }
    }
    // Rows are told apart as the source does: rows of one key, by its bytes, are one row that changed.
    let key: Vec<usize> = table.row_key().map_or(Vec::new(), |key| {
        let names = key.parts.iter().filter_map(|part| match part {
            sealift_schema::catalog::KeyPart::Column { name, .. } => Some(name),
            sealift_schema::catalog::KeyPart::Expression { .. } => None,
        });
        names.map(|name| table.columns.iter().position(|c| c.name == *name).unwrap()).collect()
    });
    let mut changes = Vec::new();
    let mut left = Vec::new();
    for before in gone {
        let same =
            |after: &Row| !key.is_empty() && key.iter().all(|at| after.0[*at] == before.0[*at]);
        match came.iter().position(same) {
            Some(at) => changes.push(RowChange::Update { before, after: came.swap_remove(at) }),
            None => left.push(before),
        }
    }
    // Some of the others have changed their key, or all of their values.
    while changes.len() % 2 == 0 && !left.is_empty() && !came.is_empty() {
        let (before, after) = (left.pop().unwrap(), came.pop().unwrap());
        changes.push(RowChange::Update { before, after });
    }
    changes.extend(left.into_iter().map(RowChange::Delete));
    changes.extend(came.into_iter().map(RowChange::Insert));
    changes
}
