//! Tables: what `information_schema` lists of them, and their definitions.

use std::collections::BTreeMap;

use sealift_schema::catalog::{CreatedUnder, Table, TableKind, View};
use sealift_schema::name::{ObjectId, ObjectKind, QualifiedName, literal, quote};

use super::definition::{Outcome, show, unreadable};
use super::{GatherError, columns, keys, literals, references};
use crate::error::MysqlError;
use crate::session::{Session, TextRow};

/// How often a table that changes beneath us is read before we give up.
const ATTEMPTS: u32 = 3;

/// What a listing is about: a schema, or one table of it.
pub(super) struct Scope<'a> {
    schema: &'a str,
    table: Option<&'a str>,
}

/// The tables and views of a scope, views without what only views have.
#[derive(Default)]
pub(super) struct Relations {
    pub(super) tables: Vec<Table>,
    pub(super) views: Vec<View>,
}

impl<'a> Scope<'a> {
    /// A whole schema.
    pub(super) fn schema(schema: &'a str) -> Self {
        Self { schema, table: None }
    }

    /// One table.
    pub(super) fn table(name: &'a QualifiedName) -> Self {
        Self { schema: &name.schema, table: Some(&name.name) }
    }

    /// The condition on the columns of an `information_schema` table that name schema and table.
    pub(super) fn condition(&self, schema_column: &str, table_column: &str) -> String {
        let schema = format!("{schema_column} = {}", literal(self.schema));
        match self.table {
            None => schema,
            Some(table) => format!("{schema} AND {table_column} = {}", literal(table)),
        }
    }

    /// Whether names a row holds are really ours. `information_schema` compares without regard to case
    /// and accents on some servers, where two schemas may differ in nothing else.
    pub(super) fn holds(&self, schema: &str, table: &str) -> bool {
        schema == self.schema && self.table.is_none_or(|own| own == table)
    }

    fn name(&self, table: &str) -> QualifiedName {
        QualifiedName::new(self.schema, table)
    }
}

/// Lists tables and views with their columns and keys; with foreign keys and checks where the server lists
/// those without opening each table.
pub(super) async fn list(
    session: &mut Session,
    scope: &Scope<'_>,
) -> Result<Relations, MysqlError> {
    let sql = format!(
        "SELECT table_schema, table_name, table_type, engine, row_format, create_options, \
         table_collation, table_rows, data_length, index_length, table_comment \
         FROM information_schema.tables WHERE {}",
        scope.condition("table_schema", "table_name")
    );
    let rows = session.rows(&sql).await?;
    let mut columns = columns::list(session, scope).await?;
    let mut keys = keys::list(session, scope).await?;
    let (mut foreign_keys, mut checks) = if references::are_listed(session) {
        (references::foreign_keys(session, scope).await?, references::checks(session, scope).await?)
    } else {
        (BTreeMap::new(), BTreeMap::new())
    };
    let mut relations = Relations::default();
    for row in &rows {
        if !scope.holds(row.text(0)?, row.text(1)?) {
            continue;
        }
        let name = scope.name(row.text(1)?);
        let columns = columns.remove(&name.name).unwrap_or_default();
        let Some(kind) = table_kind(row.text(2)?) else {
            relations.views.push(listed_view(name, row, columns)?);
            continue;
        };
        let mut table = listed_table(name, kind, row)?;
        table.columns = columns;
        table.keys = keys.remove(&table.name.name).unwrap_or_default();
        table.foreign_keys = foreign_keys.remove(&table.name.name).unwrap_or_default();
        table.checks = checks.remove(&table.name.name).unwrap_or_default();
        relations.tables.push(table);
    }
    Ok(relations)
}

/// Reads the definition, and everything again while the two do not fit.
pub(super) async fn define(
    session: &mut Session,
    table: &mut Table,
) -> Result<Outcome, GatherError> {
    let object = ObjectId::new(ObjectKind::Table, table.name.clone());
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            let scope = Scope::table(&table.name);
            let again = list(session, &scope).await.map_err(unreadable(&object))?;
            match again.tables.into_iter().next() {
                Some(again) => *table = again,
                None => return Ok(Outcome::Vanished),
            }
        }
        let sql = format!("SHOW CREATE TABLE {}", table.name);
        let Some(row) = show(session, &sql, &object, "SELECT").await? else {
            return Ok(Outcome::Vanished);
        };
        let bytes = row.get(1).unwrap_or_default();
        table.create_sql = literals::readable(bytes).map_err(unreadable(&object))?;
        references::complete(session, table).await.map_err(unreadable(&object))?;
        references::requote(&mut table.create_sql, &table.foreign_keys);
        if fits(table) {
            table.auto_increment = auto_increment(&table.create_sql);
            keys::order_as_printed(&mut table.keys, &table.create_sql);
            return Ok(Outcome::Read);
        }
    }
    Err(GatherError::Unsettled { object })
}

/// `None` for a view.
fn table_kind(table_type: &str) -> Option<TableKind> {
    match table_type {
        "VIEW" | "SYSTEM VIEW" => None,
        "SEQUENCE" => Some(TableKind::Sequence),
        "SYSTEM VERSIONED" => Some(TableKind::SystemVersioned),
        _ => Some(TableKind::Base),
    }
}

fn listed_table(name: QualifiedName, kind: TableKind, row: &TextRow) -> Result<Table, MysqlError> {
    let text =
        |index| Ok::<_, MysqlError>(row.optional_text(index)?.unwrap_or_default().to_owned());
    let create_options = text(5)?;
    Ok(Table {
        name,
        kind,
        engine: text(3)?,
        row_format: text(4)?,
        partitioned: create_options.split(' ').any(|option| option == "partitioned"),
        create_options,
        collation: text(6)?,
        auto_increment: None,
        rows_estimate: estimate(row, 7)?,
        data_bytes: estimate(row, 8)?,
        index_bytes: estimate(row, 9)?,
        comment: text(10)?,
        create_sql: String::new(),
        columns: Vec::new(),
        keys: Vec::new(),
        foreign_keys: Vec::new(),
        checks: BTreeMap::new(),
    })
}

/// For a view the comment says `VIEW`, or what is wrong with it. The server finds that out without
/// running the view: MySQL 8.0 keeps it in its dictionary, older ones and MariaDB open the view.
fn listed_view(
    name: QualifiedName,
    row: &TextRow,
    columns: Vec<sealift_schema::column::Column>,
) -> Result<View, MysqlError> {
    let comment = row.optional_text(10)?.unwrap_or_default();
    Ok(View {
        name,
        definer: String::new(),
        create_sql: String::new(),
        created_under: CreatedUnder::default(),
        columns,
        reads: Vec::new(),
        broken: Some(comment.to_owned()).filter(|comment| !matches!(comment.as_str(), "" | "VIEW")),
    })
}

/// Statistics may be NULL, e.g. for a table whose file is damaged.
fn estimate(row: &TextRow, index: usize) -> Result<u64, MysqlError> {
    if row.optional_text(index)?.is_none() { Ok(0) } else { row.parse(index) }
}

/// Whether the listed columns are those of the definition.
fn fits(table: &Table) -> bool {
    let mut rest = table.create_sql.as_str();
    let printed = rest.lines().filter(|line| line.starts_with("  `")).count();
    printed == table.columns.len()
        && table.columns.iter().all(|column| {
            let start = format!("\n  {} ", quote(&column.name));
            match rest.split_once(start.as_str()) {
                Some((_, after)) => {
                    // The next column's line begins where this one's ends.
                    rest = after;
                    true
                }
                None => false,
            }
        })
}

/// The counter as printed among the table's options. `information_schema.tables.auto_increment` is not
/// used: it may come from a cache.
fn auto_increment(create_sql: &str) -> Option<u64> {
    let (_, options) = create_sql.rsplit_once("\n) ")?;
    // What a comment says is no option.
    let options = options.split(" COMMENT='").next()?;
    let (_, value) = options.split_once(" AUTO_INCREMENT=")?;
    value.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_is_read_from_the_options_only() {
        let read = |options: &str| {
            auto_increment(&format!(
                "CREATE TABLE `a` (\n  `b` int COMMENT ' AUTO_INCREMENT=1'\n) {options}"
            ))
        };
        assert_eq!(
            read("ENGINE=InnoDB AUTO_INCREMENT=18446744073709551615 CHARSET=latin1"),
            Some(u64::MAX)
        );
        assert_eq!(read("ENGINE=InnoDB AUTO_INCREMENT=7"), Some(7));
        assert_eq!(read("ENGINE=InnoDB COMMENT='x AUTO_INCREMENT=7'"), None);
        assert_eq!(
            read(
                "ENGINE=InnoDB AUTO_INCREMENT=7\n/*!50100 PARTITION BY HASH (`b`)\n(PARTITION p0 COMMENT = ' AUTO_INCREMENT=9') */"
            ),
            Some(7)
        );
    }
}
