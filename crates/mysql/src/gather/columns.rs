//! Columns of tables and views.

use std::collections::BTreeMap;

use sealift_schema::column::{Column, ColumnType, Generation};
use sealift_schema::facts::Flavor;

use super::tables::Scope;
use crate::error::MysqlError;
use crate::session::{Session, TextRow};

/// Lists columns by table, each table's in order.
pub(super) async fn list(
    session: &mut Session,
    scope: &Scope<'_>,
) -> Result<BTreeMap<String, Vec<Column>>, MysqlError> {
    let version = *session.version();
    let has_generation =
        version.is_mysql_at_least(5, 7, 6) || version.is_mariadb_at_least(10, 2, 5);
    let generation = if has_generation { "generation_expression" } else { "NULL" };
    let srid = if version.is_mysql_at_least(8, 0, 3) { "srs_id" } else { "NULL" };
    let sql = format!(
        "SELECT table_schema, table_name, column_name, ordinal_position, data_type, column_type, \
         is_nullable, column_default, extra, {generation}, character_set_name, collation_name, \
         {srid}, column_comment FROM information_schema.columns WHERE {}",
        scope.condition("table_schema", "table_name")
    );
    let mut tables: BTreeMap<String, Vec<(u32, Column)>> = BTreeMap::new();
    for row in session.rows(&sql).await? {
        let table = row.text(1)?;
        if !scope.holds(row.text(0)?, table) {
            continue;
        }
        let listed = (row.parse(3)?, column(&row, version.flavor)?);
        match tables.get_mut(table) {
            Some(columns) => columns.push(listed),
            None => {
                tables.insert(table.to_owned(), vec![listed]);
            }
        }
    }
    Ok(tables
        .into_iter()
        .map(|(table, mut columns)| {
            columns.sort_by_key(|(position, _)| *position);
            (table, columns.into_iter().map(|(_, column)| column).collect())
        })
        .collect())
}

fn column(row: &TextRow, flavor: Flavor) -> Result<Column, MysqlError> {
    let owned = |index| row.optional_text(index).map(|text| text.map(str::to_owned));
    let extra = owned(8)?.unwrap_or_default();
    let expression = owned(9)?.filter(|expression| !expression.is_empty());
    Ok(Column {
        name: row.text(2)?.to_owned(),
        kind: ColumnType::from_data_type(row.text(4)?),
        type_text: row.text(5)?.to_owned(),
        nullable: row.text(6)? == "YES",
        default: owned(7)?.filter(|default| flavor == Flavor::MySql || default != "NULL"),
        generated: generation(&extra).zip(expression),
        invisible: extra.split(' ').any(|word| word == "INVISIBLE"),
        extra,
        charset: owned(10)?,
        collation: owned(11)?,
        srid: if row.optional_text(12)?.is_some() { Some(row.parse(12)?) } else { None },
        comment: owned(13)?.unwrap_or_default(),
    })
}

/// MariaDB calls a stored column `PERSISTENT` in old versions; the words stand among others in `extra`.
fn generation(extra: &str) -> Option<Generation> {
    if extra.contains("VIRTUAL") {
        Some(Generation::Virtual)
    } else if extra.contains("STORED") || extra.contains("PERSISTENT") {
        Some(Generation::Stored)
    } else {
        None
    }
}
