//! Foreign keys and checks of tables.

use std::collections::{BTreeMap, BTreeSet};

use sealift_schema::catalog::{Check, ForeignKey, Table};
use sealift_schema::name::{QualifiedName, quote};

use super::tables::Scope;
use crate::error::MysqlError;
use crate::session::Session;

/// Whether the server lists foreign keys and checks of a whole schema from a dictionary. MariaDB and old
/// MySQL open every table for each such question, which takes minutes where there are thousands
/// (<https://mariadb.com/kb/en/information-schema-key_column_usage-table/>).
pub(super) fn are_listed(session: &Session) -> bool {
    session.version().is_mysql_at_least(8, 0, 0)
}

/// Adds foreign keys and checks to a table whose definition says that it has some, where they are not
/// listed. The server has just opened the table, so that asking costs little.
pub(super) async fn complete(session: &mut Session, table: &mut Table) -> Result<(), MysqlError> {
    if are_listed(session) {
        return Ok(());
    }
    let name = table.name.clone();
    let scope = Scope::table(&name);
    if table.create_sql.contains(" FOREIGN KEY (") {
        let mut keys = foreign_keys(session, &scope).await?;
        table.foreign_keys = keys.remove(&name.name).unwrap_or_default();
    }
    if table.create_sql.contains(" CHECK (") {
        let mut found = checks(session, &scope).await?;
        table.checks = found.remove(&name.name).unwrap_or_default();
    }
    Ok(())
}

/// Lists foreign keys by the table that declares them, each table's by name.
pub(super) async fn foreign_keys(
    session: &mut Session,
    scope: &Scope<'_>,
) -> Result<BTreeMap<String, Vec<ForeignKey>>, MysqlError> {
    let mut tables = rules(session, scope).await?;
    let sql = format!(
        "SELECT table_schema, table_name, constraint_name, ordinal_position, column_name, \
         referenced_table_schema, referenced_table_name, referenced_column_name \
         FROM information_schema.key_column_usage \
         WHERE {} AND referenced_table_name IS NOT NULL",
        scope.condition("table_schema", "table_name")
    );
    let mut rows = session.rows(&sql).await?;
    let mut order = Vec::with_capacity(rows.len());
    for row in rows.drain(..) {
        order.push((row.parse::<u32>(3)?, row));
    }
    order.sort_by_key(|(position, _)| *position);
    for (_, row) in &order {
        if !scope.holds(row.text(0)?, row.text(1)?) {
            continue;
        }
        let name = row.text(2)?;
        let key = tables.get_mut(row.text(1)?).and_then(|keys| keys.get_mut(name));
        let Some(key) = key else { continue };
        key.columns.push(row.text(4)?.to_owned());
        key.parent = QualifiedName::new(row.text(5)?, row.text(6)?);
        key.parent_columns.push(row.text(7)?.to_owned());
    }
    // A key dropped between the two queries has no columns.
    let whole = |keys: BTreeMap<String, ForeignKey>| {
        keys.into_values().filter(|key| !key.columns.is_empty()).collect()
    };
    Ok(tables.into_iter().map(|(table, keys)| (table, whole(keys))).collect())
}

/// The constraints with their rules; columns follow.
async fn rules(
    session: &mut Session,
    scope: &Scope<'_>,
) -> Result<BTreeMap<String, BTreeMap<String, ForeignKey>>, MysqlError> {
    let sql = format!(
        "SELECT constraint_schema, table_name, constraint_name, update_rule, delete_rule \
         FROM information_schema.referential_constraints WHERE {}",
        scope.condition("constraint_schema", "table_name")
    );
    let mut tables: BTreeMap<String, BTreeMap<String, ForeignKey>> = BTreeMap::new();
    for row in session.rows(&sql).await? {
        if !scope.holds(row.text(0)?, row.text(1)?) {
            continue;
        }
        let key = ForeignKey {
            name: row.text(2)?.to_owned(),
            columns: Vec::new(),
            parent: QualifiedName::new("", ""),
            parent_columns: Vec::new(),
            on_update: row.text(3)?.to_owned(),
            on_delete: row.text(4)?.to_owned(),
        };
        tables.entry(row.text(1)?.to_owned()).or_default().insert(key.name.clone(), key);
    }
    Ok(tables)
}

/// Lists checks by table. MySQL has them since 8.0.16, MariaDB since 10.2.
pub(super) async fn checks(
    session: &mut Session,
    scope: &Scope<'_>,
) -> Result<BTreeMap<String, BTreeMap<String, Check>>, MysqlError> {
    let version = *session.version();
    let sql = if version.is_mysql_at_least(8, 0, 16) {
        format!(
            "SELECT t.constraint_schema, t.table_name, c.constraint_name, c.check_clause, t.enforced \
             FROM information_schema.table_constraints t \
             JOIN information_schema.check_constraints c \
             ON c.constraint_schema = t.constraint_schema AND c.constraint_name = t.constraint_name \
             WHERE {} AND t.constraint_type = 'CHECK'",
            scope.condition("t.constraint_schema", "t.table_name")
        )
    } else if version.is_mariadb_at_least(10, 2, 22) {
        format!(
            "SELECT constraint_schema, table_name, constraint_name, check_clause, 'YES' \
             FROM information_schema.check_constraints WHERE {}",
            scope.condition("constraint_schema", "table_name")
        )
    } else {
        return Ok(BTreeMap::new());
    };
    let mut tables: BTreeMap<String, BTreeMap<String, Check>> = BTreeMap::new();
    for row in session.rows(&sql).await? {
        if !scope.holds(row.text(0)?, row.text(1)?) {
            continue;
        }
        let check = Check { clause: row.text(3)?.to_owned(), enforced: row.text(4)? == "YES" };
        let checks = tables.entry(row.text(1)?.to_owned()).or_default();
        // On MariaDB a column's own check bears the column's name, which a named one may bear as well.
        let mut name = row.text(2)?.to_owned();
        while checks.contains_key(&name) {
            name.push_str(" (again)");
        }
        checks.insert(name, check);
    }
    Ok(tables)
}

/// Repairs what MariaDB prints of foreign keys: backticks inside the names of the constraint and of
/// columns are not doubled there, so that the definition can be neither run nor read.
pub(super) fn requote(create_sql: &mut String, keys: &[ForeignKey]) {
    for key in keys {
        let names = key.columns.iter().chain(&key.parent_columns).chain([&key.name]);
        let odd = names.filter(|name| name.contains('`')).collect::<BTreeSet<_>>();
        let start = format!("\n  CONSTRAINT `{}` FOREIGN KEY (", key.name);
        let Some(at) = create_sql.find(&start).filter(|_| !odd.is_empty()) else { continue };
        let (before, clause) = create_sql.split_at(at);
        // The clause is a line; what it begins with is the break before it.
        let end =
            clause.get(1..).and_then(|line| line.find('\n')).map_or(clause.len(), |end| end + 1);
        let (clause, after) = clause.split_at(end);
        let mut clause = clause.to_owned();
        for name in odd {
            clause = clause.replace(&format!("`{name}`"), &quote(name));
        }
        *create_sql = [before, &clause, after].concat();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backticks_in_names_of_foreign_keys_are_doubled() {
        let key = ForeignKey {
            name: "f`k".to_owned(),
            columns: vec!["a".to_owned(), "b`".to_owned()],
            parent: QualifiedName::new("s", "p"),
            parent_columns: vec!["c`d".to_owned(), "b`".to_owned()],
            on_update: "RESTRICT".to_owned(),
            on_delete: "RESTRICT".to_owned(),
        };
        let table = |key: &str| {
            format!("CREATE TABLE `t` (\n  `b``` int,\n  {key},\n  CONSTRAINT `g` CHECK (`b```)\n)")
        };
        let mut sql =
            table("CONSTRAINT `f`k` FOREIGN KEY (`a`, `b``) REFERENCES `p` (`c`d`, `b``)");
        let right =
            table("CONSTRAINT `f``k` FOREIGN KEY (`a`, `b```) REFERENCES `p` (`c``d`, `b```)");
        requote(&mut sql, std::slice::from_ref(&key));
        assert_eq!(sql, right);
        requote(&mut sql, &[key]);
        assert_eq!(sql, right, "what is right stays");
    }
}
