//! Statements whose effect on the target would be another than on the source, though both would take them.

use std::collections::BTreeMap;

use sealift_schema::catalog::Table;
use sealift_schema::name::QualifiedName;
use sealift_schema::rewrite::Context;
use sealift_schema::sql::statement::Deed;
use sealift_schema::sql::{DefinitionStatement, TokenKind};

use crate::stream::Statement;

/// Why a statement would do something else.
pub(super) fn reason(
    statement: &Statement,
    ours: &DefinitionStatement,
    known: &BTreeMap<QualifiedName, Table>,
    context: &Context<'_>,
) -> Option<String> {
    let query = &statement.query;
    if query.error != 0 {
        return Some(format!("it ended half done on the source, with error {}", query.error));
    }
    if query.has_context {
        return Some("it depends on values of its session".to_owned());
    }
    if let Deed::AlterTable { exchanged: Some(_), .. } = &ours.deed {
        return Some(
            "it exchanges rows of two tables, which cannot be told from none after a crash"
                .to_owned(),
        );
    }
    if numbers_rows(ours, &query.schema, known) {
        return Some(
            "it numbers the rows of a table that has no order of its own, and the target has another"
                .to_owned(),
        );
    }
    let logs_cascades = context.source.variable("innodb_native_foreign_keys") == Some("OFF");
    if !logs_cascades && cascades(ours) {
        return Some(
            "it makes a foreign key that cascades, and the source's log does not tell what a cascade \
             changes"
                .to_owned(),
        );
    }
    None
}

/// Whether rows get numbers in an order that only the source knows.
fn numbers_rows(
    ours: &DefinitionStatement,
    default: &str,
    known: &BTreeMap<QualifiedName, Table>,
) -> bool {
    let Deed::AlterTable { table, .. } = &ours.deed else { return false };
    let table = known.get(&table.within(default));
    let is_ordered = |table: &Table| {
        table.primary_key().is_some() && table.engine.eq_ignore_ascii_case("InnoDB")
    };
    !table.is_some_and(is_ordered) && counts(ours)
}

/// Whether a column counts itself: the word stands there, and not for the counter's next value.
fn counts(ours: &DefinitionStatement) -> bool {
    let mut cursor = ours.sql.cursor();
    while cursor.peek().is_some() {
        if cursor.eat(&["AUTO_INCREMENT"]).is_none() {
            if cursor.eat(&["SERIAL"]).is_some() {
                return true;
            }
            cursor.take();
        } else if !cursor.is_mark("=")
            && cursor.peek().is_none_or(|token| token.kind != TokenKind::Number)
        {
            return true;
        }
    }
    false
}

fn cascades(ours: &DefinitionStatement) -> bool {
    let mut cursor = ours.sql.cursor();
    while cursor.peek().is_some() {
        let on = cursor.eat(&["ON", "DELETE"]).or_else(|| cursor.eat(&["ON", "UPDATE"]));
        if on.is_none() {
            cursor.take();
        } else if cursor.is_word("CASCADE") || cursor.is_word("SET") {
            return true;
        }
    }
    false
}
