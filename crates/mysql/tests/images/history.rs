//! What a table holds by its events alone, and by the server's own words.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealift_mysql::binlog::{Image, RowShape, RowsEvent, RowsHead, RowsKind, TableMap};
use sealift_mysql::session::Session;
use sealift_mysql::value::{Layout, Value, Values};
use sealift_schema::catalog::{Catalog, Table};
use sealift_schema::column::ColumnType;
use sealift_schema::name::{QualifiedName, quote};

use crate::log::Logged;

/// A row's values in words, a column each.
pub(crate) type Row = Vec<String>;
/// Rows, and how often each is there.
pub(crate) type Bag = BTreeMap<Row, usize>;

/// Tables as their events leave them.
#[derive(Default)]
pub(crate) struct History {
    maps: BTreeMap<u64, Arc<TableMap>>,
    pub(crate) tables: BTreeMap<QualifiedName, Bag>,
    scratch: Vec<u8>,
}

impl History {
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
            let rows = RowsEvent::read(event.type_code, &event.body, map).unwrap();
            self.rows(&rows, &shape);
        }
    }

    fn rows(&mut self, event: &RowsEvent, shape: &RowShape) {
        let name = &event.table.name;
        let bag = self.tables.entry(name.clone()).or_default();
        for change in event.rows(shape) {
            let change = change.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(change.before.is_some(), event.kind != RowsKind::Insert);
            assert_eq!(change.after.is_some(), event.kind != RowsKind::Delete);
            if let Some(before) = change.before {
                let row = values(before, shape, &mut self.scratch, name);
                let Some(count) = bag.get_mut(&row) else {
                    panic!("{name} has no row as its event says it was:\n{row:?}")
                };
                *count -= 1;
                if *count == 0 {
                    bag.remove(&row);
                }
            }
            if let Some(after) = change.after {
                *bag.entry(values(after, shape, &mut self.scratch, name)).or_default() += 1;
            }
        }
    }
}

fn values(image: Image<'_>, shape: &RowShape, scratch: &mut Vec<u8>, table: &QualifiedName) -> Row {
    let mut values = image.values(shape, scratch).unwrap();
    let row = (0..shape.len())
        .map(|_| words(values.next().unwrap_or_else(|error| panic!("{table}: {error}"))))
        .collect();
    values.finish().unwrap();
    row
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
pub(crate) async fn selected(session: &mut Session, table: &Table) -> Bag {
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
        let row = layouts.iter().map(|layout| words(values.next(*layout).unwrap())).collect();
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
