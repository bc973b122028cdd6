//! Whether the changes of the new side can be carried back exactly, table by table.
//!
//! Definitions may have changed on their way to the target. Rows go back only where every value that the target
//! can hold is one that the source can, and where both tell the same rows apart.

use std::borrow::Cow;

use sealift_schema::catalog::{KeyKind, KeyPart, Table};
use sealift_schema::column::{Column, ColumnType, Generation};
use sealift_schema::utf8mb3;

/// What keeps a table's rows from going back exactly; `None`: nothing does.
#[must_use]
pub fn hindrance(source: &Table, target: &Table) -> Option<String> {
    for column in source.written_columns() {
        let there = target.column(&column.name)?;
        if let Some(what) = column_hindrance(column, there) {
            return Some(what);
        }
        let is_unique = |table: &Table| in_unique_key(table, &column.name);
        if named(column.collation.as_ref()) != named(there.collation.as_ref())
            && (is_unique(source) || is_unique(target))
        {
            return Some(format!(
                "column {} is of collation {} on the source and {} on the target, and tells rows apart",
                column.name,
                word(column.collation.as_ref()),
                word(there.collation.as_ref())
            ));
        }
    }
    let extra = target
        .written_columns()
        .find(|column| source.column(&column.name).is_none() && !is_generated_key(target, column));
    extra.map(|column| format!("column {} is on the target only", column.name))
}

fn column_hindrance(column: &Column, there: &Column) -> Option<String> {
    // MariaDB's JSON is a text that holds JSON.
    let json = (column.kind, there.kind) == (ColumnType::Text, ColumnType::Json);
    let (ours, theirs) = (exact_type(column), exact_type(there));
    if !json && ours != theirs {
        return Some(format!(
            "column {} is {ours} on the source and {theirs} on the target",
            column.name
        ));
    }
    if !json && named(column.charset.as_ref()) != named(there.charset.as_ref()) {
        return Some(format!(
            "column {} is of character set {} on the source and {} on the target",
            column.name,
            word(column.charset.as_ref()),
            word(there.charset.as_ref())
        ));
    }
    None
}

/// A character set or collation, by the newer of its names: it is the same one.
fn named(name: Option<&String>) -> Option<Cow<'_, str>> {
    name.map(|name| utf8mb3::spelled(name))
}

/// The type without what says nothing of its values, by the newer of its names.
fn exact_type(column: &Column) -> String {
    let text = column.type_text.to_ascii_lowercase();
    if text == "geometrycollection" {
        return "geomcollection".to_owned();
    }
    if !column.kind.is_integer() && column.kind != ColumnType::Year {
        return column.type_text.clone();
    }
    match (text.find('('), text.find(')')) {
        (Some(open), Some(close)) if open < close => {
            let (before, after) = (text.get(..open), text.get(close + 1..));
            format!("{}{}", before.unwrap_or_default(), after.unwrap_or_default())
        }
        (_, _) => text,
    }
}

fn word(name: Option<&String>) -> &str {
    name.map_or("none", String::as_str)
}

fn in_unique_key(table: &Table, column: &str) -> bool {
    table.keys.iter().any(|key| {
        matches!(key.kind, KeyKind::Primary | KeyKind::Unique)
            && key.parts.iter().any(|part| match part {
                KeyPart::Column { name, .. } => name.eq_ignore_ascii_case(column),
                KeyPart::Expression { .. } => false,
            })
    })
}

/// Whether a column is the invisible key that a server gives to tables without one.
fn is_generated_key(table: &Table, column: &Column) -> bool {
    column.invisible
        && column.is_auto_increment()
        && table.primary_key().is_some_and(|key| {
            key.parts.len() == 1
                && in_unique_key(table, &column.name)
                && key.kind == KeyKind::Primary
        })
}

/// A table whose changes are followed, as the other side can take them: without the invisible key that only
/// this side has.
#[must_use]
pub fn followed(table: &Table, other: &Table) -> Table {
    let mut followed = table.clone();
    let alone: Vec<String> = table
        .columns
        .iter()
        .filter(|column| other.column(&column.name).is_none() && is_generated_key(table, column))
        .map(|column| column.name.clone())
        .collect();
    if alone.is_empty() {
        return followed;
    }
    for column in followed.columns.iter_mut().filter(|column| alone.contains(&column.name)) {
        // It stays in the images and is not written.
        column.generated = Some((Generation::Stored, String::new()));
    }
    followed.keys.retain(|key| {
        !key.parts.iter().any(|part| match part {
            KeyPart::Column { name, .. } => alone.contains(name),
            KeyPart::Expression { .. } => false,
        })
    });
    followed
}

#[cfg(test)]
mod tests {
    use sealift_schema::name::QualifiedName;

    use super::*;
    use crate::fixture::{self, primary_key};

    fn column(name: &str, type_text: &str, charset: Option<&str>) -> Column {
        let collation = charset.map(|charset| format!("{charset}_bin"));
        Column { nullable: false, collation, ..fixture::column(name, type_text, charset) }
    }

    fn table(columns: Vec<Column>) -> Table {
        let keys = vec![primary_key(&[&columns[0].name])];
        Table { keys, ..fixture::table(QualifiedName::new("shop", "t"), columns) }
    }

    #[test]
    fn what_cannot_go_back_exactly_is_named() {
        let of = |text, charset| column("c", text, charset);
        for (source, target, hindered) in [
            (of("int(11) unsigned", None), of("int unsigned", None), None),
            (of("int(11)", None), of("int unsigned", None), Some("int unsigned")),
            (of("uuid", None), of("char(36)", Some("ascii")), Some("uuid")),
            (of("varchar(9)", Some("utf8mb3")), of("varchar(9)", Some("utf8mb4")), Some("utf8mb3")),
            (of("longtext", Some("utf8mb4")), of("json", None), None),
            (of("varchar(9)", Some("utf8")), of("varchar(9)", Some("utf8mb3")), None),
            (of("geometrycollection", None), of("geomcollection", None), None),
            (of("geometrycollection", None), of("geometry", None), Some("geometry")),
        ] {
            let id = || column("id", "int", None);
            let (source, target) = (table(vec![id(), source]), table(vec![id(), target]));
            let found = hindrance(&source, &target);
            match hindered {
                None => assert_eq!(found, None),
                Some(word) => assert!(found.as_ref().unwrap().contains(word), "{found:?}"),
            }
        }
    }

    #[test]
    fn a_key_that_compares_otherwise_cannot_go_back() {
        let with = |collation: &str| {
            let mut only = column("c", "varchar(9)", Some("utf8mb4"));
            only.collation = Some(collation.into());
            table(vec![only])
        };
        assert_eq!(hindrance(&with("a_ci"), &with("a_ci")), None);
        assert_eq!(hindrance(&with("utf8_bin"), &with("utf8mb3_bin")), None);
        assert!(hindrance(&with("a_ci"), &with("b_ci")).unwrap().contains("tells rows apart"));
    }

    #[test]
    fn an_invisible_key_of_the_target_alone_stays_there() {
        let value = || column("v", "int", None);
        let mut hidden = column("my_row_id", "bigint unsigned", None);
        (hidden.invisible, hidden.extra) = (true, "auto_increment INVISIBLE".into());
        let (mut source, target) = (table(vec![value()]), table(vec![hidden, value()]));
        source.keys.clear();
        assert_eq!(hindrance(&source, &target), None);
        let followed = followed(&target, &source);
        assert!(followed.keys.is_empty());
        assert_eq!(followed.columns.len(), 2);
        assert_eq!(followed.written_columns().count(), 1);
    }
}
