//! Views: who made them, what they read, whether they still work.

use std::collections::{BTreeMap, BTreeSet};

use sealift_schema::catalog::View;
use sealift_schema::name::{ObjectId, ObjectKind, QualifiedName, literal};

use super::GatherError;
use super::definition::{Outcome, Settings, created_under, field, show, unreadable};
use super::literals;
use crate::error::MysqlError;
use crate::session::Session;

/// Names all tables and views of the server, so that what a view reads can be told from its aliases.
pub(super) async fn relations(
    session: &mut Session,
) -> Result<BTreeSet<QualifiedName>, MysqlError> {
    let sql = "SELECT table_schema, table_name FROM information_schema.tables \
               WHERE table_schema NOT IN ('information_schema', 'performance_schema', 'sys')";
    let rows = session.rows(sql).await?;
    rows.iter().map(|row| Ok(QualifiedName::new(row.text(0)?, row.text(1)?))).collect()
}

/// Adds to listed views who made them and, on MySQL since 8.0.13, what they read.
pub(super) async fn list(
    session: &mut Session,
    schema: &str,
    views: &mut [View],
    known: &BTreeSet<QualifiedName>,
) -> Result<(), MysqlError> {
    if views.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "SELECT table_schema, table_name, definer FROM information_schema.views \
         WHERE table_schema = {}",
        literal(schema)
    );
    let mut definers = BTreeMap::new();
    for row in session.rows(&sql).await? {
        definers.insert(QualifiedName::new(row.text(0)?, row.text(1)?), row.text(2)?.to_owned());
    }
    let mut usage = usage(session, schema).await?;
    for view in views {
        view.definer = definers.remove(&view.name).unwrap_or_default();
        view.reads = usage.remove(&view.name).unwrap_or_default();
        if let Some(message) = &mut view.broken {
            let missing = view.reads.iter().filter(|name| !known.contains(name));
            let missing = missing.map(ToString::to_string).collect::<Vec<_>>();
            if !missing.is_empty() {
                message.push_str(&format!("; not there: {}", missing.join(", ")));
            }
        }
    }
    Ok(())
}

/// Reads the definition and, where the server keeps no list of it, what the view reads.
pub(super) async fn define(
    session: &mut Session,
    view: &mut View,
    known: &BTreeSet<QualifiedName>,
) -> Result<Outcome, GatherError> {
    let object = ObjectId::new(ObjectKind::View, view.name.clone());
    let sql = format!("SHOW CREATE VIEW {}", view.name);
    let Some(row) = show(session, &sql, &object, "SHOW VIEW").await? else {
        return Ok(Outcome::Vanished);
    };
    field(&row, "Create View").map_err(unreadable(&object))?.clone_into(&mut view.create_sql);
    view.created_under = created_under(&row, Settings::None).map_err(unreadable(&object))?;
    if !has_usage(session) {
        view.reads = named_relations(&view.create_sql, known);
        view.reads.retain(|name| *name != view.name);
    }
    Ok(Outcome::Read)
}

/// Whether the server keeps a list of what views read.
fn has_usage(session: &Session) -> bool {
    session.version().is_mysql_at_least(8, 0, 13)
}

async fn usage(
    session: &mut Session,
    schema: &str,
) -> Result<BTreeMap<QualifiedName, Vec<QualifiedName>>, MysqlError> {
    let mut usage: BTreeMap<_, Vec<_>> = BTreeMap::new();
    if !has_usage(session) {
        return Ok(usage);
    }
    let sql = format!(
        "SELECT view_schema, view_name, table_schema, table_name \
         FROM information_schema.view_table_usage WHERE view_schema = {} ORDER BY 3, 4",
        literal(schema)
    );
    for row in session.rows(&sql).await? {
        let view = QualifiedName::new(row.text(0)?, row.text(1)?);
        usage.entry(view).or_default().push(QualifiedName::new(row.text(2)?, row.text(3)?));
    }
    Ok(usage)
}

/// The tables and views a definition names. The server prints names qualified and in backticks; the same
/// form is used for columns of an alias, so only what is there counts.
fn named_relations(create_sql: &str, known: &BTreeSet<QualifiedName>) -> Vec<QualifiedName> {
    let mut found = BTreeSet::new();
    let mut before: Option<String> = None;
    let mut rest = create_sql;
    while let Some(at) = rest.find(['\'', '`']) {
        let (between, token) = rest.split_at(at);
        let (token, after) = token.split_at(literals::quoted_length(token.as_bytes()));
        let Some(name) = token.strip_prefix('`').and_then(|token| token.strip_suffix('`')) else {
            before = None;
            rest = after;
            continue;
        };
        let name = name.replace("``", "`");
        if between == "."
            && let Some(schema) = before
        {
            let name = QualifiedName::new(schema, &name);
            found.extend(known.get(&name).cloned());
        }
        before = Some(name);
        rest = after;
    }
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_names_what_it_reads() {
        let known = [("s", "t"), ("s", "d.t"), ("q`s", "v'w"), ("n", "c")]
            .map(|(schema, name)| QualifiedName::new(schema, name));
        let known = BTreeSet::from(known);
        let sql = "CREATE VIEW `s`.`v` AS select `s`.`t`.`a` AS `a`,'`n`.`c`' AS `x` from (`s`.`t` join \
                   `q``s`.`v'w` `s` on `s`.`d.t` = 1)";
        let reads = named_relations(sql, &known);
        let reads = reads.iter().map(QualifiedName::plain).collect::<Vec<_>>();
        assert_eq!(reads, ["q`s.v'w", "s.d.t", "s.t"]);
    }
}
