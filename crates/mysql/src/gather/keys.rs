//! Keys of tables.

use std::collections::BTreeMap;

use sealift_schema::catalog::{Key, KeyKind, KeyPart};
use sealift_schema::name::quote;

use super::tables::Scope;
use crate::error::MysqlError;
use crate::session::{Session, TextRow};

/// Lists keys by table: the primary first, then unique ones, then the rest, each by name.
pub(super) async fn list(
    session: &mut Session,
    scope: &Scope<'_>,
) -> Result<BTreeMap<String, Vec<Key>>, MysqlError> {
    let version = *session.version();
    let visible = if version.is_mysql_at_least(8, 0, 0) {
        "is_visible"
    } else if version.is_mariadb_at_least(10, 6, 0) {
        "IF(ignored = 'YES', 'NO', 'YES')"
    } else {
        "'YES'"
    };
    let expression = if version.is_mysql_at_least(8, 0, 13) { "expression" } else { "NULL" };
    let sql = format!(
        "SELECT table_schema, table_name, index_name, seq_in_index, non_unique, index_type, \
         column_name, sub_part, collation, {visible}, {expression} \
         FROM information_schema.statistics WHERE {}",
        scope.condition("table_schema", "table_name")
    );
    let mut tables: BTreeMap<String, BTreeMap<String, Listed>> = BTreeMap::new();
    for row in session.rows(&sql).await? {
        let table = row.text(1)?;
        if !scope.holds(row.text(0)?, table) {
            continue;
        }
        let keys = tables.entry(table.to_owned()).or_default();
        let name = row.text(2)?;
        let key = match keys.get_mut(name) {
            Some(key) => key,
            None => keys.entry(name.to_owned()).or_insert(listed(&row)?),
        };
        key.parts.insert(row.parse(3)?, part(&row, key.kind)?);
    }
    Ok(tables.into_iter().map(|(table, keys)| (table, in_order(keys))).collect())
}

/// Puts the keys of one kind into the order the server prints them in.
pub(super) fn order_as_printed(keys: &mut [Key], create_sql: &str) {
    keys.sort_by_key(|key| {
        let place = match key.kind {
            KeyKind::Primary => 0,
            KeyKind::Unique
            | KeyKind::Plain
            | KeyKind::FullText
            | KeyKind::Spatial
            | KeyKind::Vector => {
                create_sql.find(&format!(" KEY {} (", quote(&key.name))).unwrap_or(usize::MAX)
            }
        };
        (rank(key.kind), place)
    });
}

struct Listed {
    kind: KeyKind,
    visible: bool,
    parts: BTreeMap<u32, KeyPart>,
}

fn listed(row: &TextRow) -> Result<Listed, MysqlError> {
    let kind = match row.text(5)? {
        "FULLTEXT" => KeyKind::FullText,
        "SPATIAL" => KeyKind::Spatial,
        "VECTOR" => KeyKind::Vector,
        _ if row.text(2)? == "PRIMARY" => KeyKind::Primary,
        _ if row.text(4)? == "0" => KeyKind::Unique,
        _ => KeyKind::Plain,
    };
    Ok(Listed { kind, visible: row.text(9)? == "YES", parts: BTreeMap::new() })
}

fn part(row: &TextRow, kind: KeyKind) -> Result<KeyPart, MysqlError> {
    let descending = row.optional_text(8)? == Some("D");
    let Some(name) = row.optional_text(6)? else {
        let text = row.optional_text(10)?.unwrap_or_default().to_owned();
        return Ok(KeyPart::Expression { text, descending });
    };
    // A spatial index reports the size of a bounding box as its prefix.
    let is_prefix = row.optional_text(7)?.is_some()
        && matches!(kind, KeyKind::Primary | KeyKind::Unique | KeyKind::Plain);
    let prefix = if is_prefix { Some(row.parse(7)?) } else { None };
    Ok(KeyPart::Column { name: name.to_owned(), prefix, descending })
}

fn in_order(keys: BTreeMap<String, Listed>) -> Vec<Key> {
    let mut keys = keys
        .into_iter()
        .map(|(name, Listed { kind, visible, parts })| Key {
            name,
            kind,
            parts: parts.into_values().collect(),
            visible,
        })
        .collect::<Vec<_>>();
    keys.sort_by_key(|key| rank(key.kind));
    keys
}

fn rank(kind: KeyKind) -> u8 {
    match kind {
        KeyKind::Primary => 0,
        KeyKind::Unique => 1,
        KeyKind::Plain | KeyKind::FullText | KeyKind::Spatial | KeyKind::Vector => 2,
    }
}
