//! What a table holds by its events alone, and by the server's own words.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealift_lab::{Kind, Server};
use sealift_mysql::binlog::{Image, RowShape, RowsEvent, RowsHead, RowsKind, TableMap};
use sealift_mysql::session::Session;
use sealift_mysql::value::{Layout, Value, Values};
use sealift_schema::catalog::{Catalog, Table};
use sealift_schema::column::{Column, ColumnType};
use sealift_schema::name::{QualifiedName, quote};

use crate::log::Logged;

/// A row's values in words, a column each.
pub(crate) type Row = Vec<String>;
/// Rows, and how often each is there.
pub(crate) type Bag = BTreeMap<Row, usize>;

/// Tables as their events leave them.
pub(crate) struct History {
    kind: Kind,
    maps: BTreeMap<u64, Arc<TableMap>>,
    pub(crate) tables: BTreeMap<QualifiedName, Bag>,
    scratch: Vec<u8>,
}

impl History {
    /// No events yet of such a server.
    pub(crate) fn of(server: &Server) -> Self {
        let (maps, tables) = (BTreeMap::new(), BTreeMap::new());
        Self { kind: server.kind(), maps, tables, scratch: Vec::new() }
    }

    /// Applies events, whose tables have the catalog's definitions.
    pub(crate) fn apply(&mut self, events: &[Logged], catalog: &Catalog) {
        for event in events {
            if event.type_code == 19 {
                let map = TableMap::read(&event.body).unwrap();
                self.maps.insert(map.id, Arc::new(map));
                continue;
            }
            let head = RowsHead::read(event.type_code, &event.body).unwrap();
            let Some(id) = head.table else { continue };
            let map = Arc::clone(&self.maps[&id]);
            let Some(table) = catalog.tables.get(&map.name) else { continue };
            let shape = RowShape::new(&map, &table.columns)
                .unwrap_or_else(|misfit| panic!("{}: {misfit}", map.name));
            let rows = RowsEvent::read(event.type_code, &event.body, map, &Arc::new(shape));
            self.rows(&rows.unwrap(), table);
        }
    }

    fn rows(&mut self, event: &RowsEvent, table: &Table) {
        let name = &event.table.name;
        let bag = self.tables.entry(name.clone()).or_default();
        for change in event.rows() {
            let change = change.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(change.before.is_some(), event.kind != RowsKind::Insert);
            assert_eq!(change.after.is_some(), event.kind != RowsKind::Delete);
            if let Some(before) = change.before {
                let row = values(self.kind, before, &mut self.scratch, table);
                let Some(count) = bag.get_mut(&row) else {
                    panic!("{name} has no row as its event says it was:\n{row:?}")
                };
                *count -= 1;
                if *count == 0 {
                    bag.remove(&row);
                }
            }
            if let Some(after) = change.after {
                *bag.entry(values(self.kind, after, &mut self.scratch, table)).or_default() += 1;
            }
        }
    }
}

fn values(kind: Kind, image: Image<'_>, scratch: &mut Vec<u8>, table: &Table) -> Row {
    let (name, shape) = (&table.name, image.shape());
    let mut values = image.values(scratch).unwrap();
    let mut word = |(at, column): (usize, &Column)| {
        if may_lack(kind, column) {
            values.skip().unwrap();
            return GENERATED.to_owned();
        }
        assert!(shape.has(at), "{name} lacks {}", column.name);
        let value = values.next().unwrap_or_else(|error| panic!("{name}: {error}"));
        // MariaDB 11.8 stores a FLOAT that is too small as -0, and answers 0.
        let is_zero = kind == Kind::MariaDb11_8 && value == Value::Float(0.0);
        words(if is_zero { Value::Float(0.0) } else { value })
    };
    let row = table.columns.iter().enumerate().map(&mut word).collect();
    values.finish().unwrap();
    row
}

/// What stands for the value of a generated column on a server whose images may lack it.
const GENERATED: &str = "generated";

/// Whether a server's images may lack a column.
fn may_lack(kind: Kind, column: &Column) -> bool {
    kind == Kind::MariaDb11_8 && !column.is_written()
}

/// A value in words that tell it from all others.
fn words(value: Value<'_>) -> String {
    match value {
        Value::Bytes(bytes) => format!("{:?}", String::from_utf8_lossy(bytes)) + &hex_if_odd(bytes),
        Value::Float(number) => format!("Float({number}, {:x})", number.to_bits()),
        Value::Double(number) => format!("Double({number}, {:x})", number.to_bits()),
        Value::Null | Value::Int(_) | Value::Uint(_) | Value::Moment(_) | Value::Duration(_) => {
            format!("{value:?}")
        }
    }
}

fn hex_if_odd(bytes: &[u8]) -> String {
    if std::str::from_utf8(bytes).is_ok() {
        return String::new();
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// All rows as the server answers them, all columns; `ENUM` and `SET` as numbers.
pub(crate) async fn selected(kind: Kind, session: &mut Session, table: &Table) -> Bag {
    let columns: Vec<String> = table
        .columns
        .iter()
        .map(|column| {
            let name = quote(&column.name);
            if matches!(column.kind, ColumnType::Enum | ColumnType::Set) {
                format!("CAST({name} AS UNSIGNED)")
            } else {
                name
            }
        })
        .collect();
    let sql = format!("SELECT {} FROM {}", columns.join(", "), table.name);
    let mut rows = session.read(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let layouts: Vec<Layout> = rows
        .columns()
        .iter()
        .map(|column| Layout::of(column.type_code, column.is_unsigned()).unwrap())
        .collect();
    let mut bag = Bag::new();
    while let Some(row) = rows.next().await.unwrap() {
        let mut values = Values::new(row, layouts.len()).unwrap();
        let word = |(layout, column): (&Layout, &Column)| {
            let word = words(values.next(*layout).unwrap());
            if may_lack(kind, column) { GENERATED.to_owned() } else { word }
        };
        let row = layouts.iter().zip(&table.columns).map(word).collect();
        *bag.entry(row).or_default() += 1;
    }
    bag
}

/// Fails with the first difference, column by column.
pub(crate) fn assert_same(table: &Table, when: &str, logged: &Bag, selected: &Bag) {
    if logged == selected {
        return;
    }
    let name = &table.name;
    let only_logged = logged.iter().find(|(row, count)| selected.get(*row) != Some(*count));
    let only_selected = selected.iter().find(|(row, count)| logged.get(*row) != Some(*count));
    let (Some((a, _)), Some((b, _))) = (only_logged, only_selected) else {
        panic!("{name} {when}: only logged {only_logged:?}, only selected {only_selected:?}");
    };
    for ((column, a), b) in table.columns.iter().zip(a).zip(b) {
        if a != b {
            let cut = |text: &str| text.chars().take(300).collect::<String>();
            eprintln!("{} {}: log {} select {}", column.name, column.type_text, cut(a), cut(b));
        }
    }
    panic!("{name} {when}: the log's images differ from the server's rows");
}
