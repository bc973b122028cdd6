//! Defaults that MariaDB takes bare go into brackets, as MySQL wants expressions.
//!
//! MySQL takes literals and `CURRENT_TIMESTAMP` bare; any other expression, and every default of a
//! `TEXT`, `BLOB`, `JSON` or spatial column but NULL, needs brackets
//! (<https://dev.mysql.com/doc/refman/9.7/en/data-type-defaults.html>). The value stays the same.

use super::draft::TableDraft;
use super::{Context, Rewrite};
use crate::sql::Edit;
use crate::sql::column::ColumnText;

const NAME: &str = "column_default";
pub(super) const REWRITE: Rewrite = Rewrite::of_tables(NAME, table);

fn table(draft: &mut TableDraft<'_>, context: &Context<'_>) {
    if !context.mariadb_to_mysql() {
        return;
    }
    let mut edits = Vec::new();
    for column in draft.columns() {
        let Some(default) = column.attribute("DEFAULT") else { continue };
        let value = draft.sql.slice(default.value).to_owned();
        if !needs_brackets(&column, &value) {
            continue;
        }
        edits.push(Edit::replace(default.value, format!("({value})")));
        draft.notes.change(
            NAME,
            format!("the default of column {} stands in brackets", column.name),
            "MySQL wants brackets around expressions and around defaults of TEXT, BLOB, JSON and spatial columns",
        );
    }
    draft.edit(edits);
}

fn needs_brackets(column: &ColumnText, value: &str) -> bool {
    if value.is_empty() || value.starts_with('(') || value.eq_ignore_ascii_case("null") {
        return false;
    }
    let literal_only = matches!(
        column.type_word.as_str(),
        "tinytext"
            | "text"
            | "mediumtext"
            | "longtext"
            | "tinyblob"
            | "blob"
            | "mediumblob"
            | "longblob"
            | "json"
            | "geometry"
            | "point"
            | "linestring"
            | "polygon"
            | "multipoint"
            | "multilinestring"
            | "multipolygon"
            | "geometrycollection"
            | "geomcollection"
    );
    if literal_only {
        return true;
    }
    let lower = value.to_ascii_lowercase();
    let moment = ["current_timestamp", "now", "localtime", "localtimestamp"];
    let is_moment = moment.iter().any(|word| {
        lower.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('('))
    });
    if is_moment {
        return !matches!(column.type_word.as_str(), "timestamp" | "datetime");
    }
    let starts_as_name = value.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '`'));
    starts_as_name && !is_literal(&lower)
}

/// `b'1'`, `x'0f'`, `_utf8mb4'a'`, `true`: literals that begin with a letter.
fn is_literal(lower: &str) -> bool {
    let quoted = lower.ends_with('\'') && !lower.contains('(');
    quoted || matches!(lower, "true" | "false")
}
