//! Defaults that MariaDB takes bare go into brackets, as MySQL wants expressions.
//!
//! MySQL takes literals and `CURRENT_TIMESTAMP` bare; any other expression, and every default of a
//! `TEXT`, `BLOB`, `JSON` or spatial column but NULL, needs brackets
//! (<https://dev.mysql.com/doc/refman/9.7/en/data-type-defaults.html>). The value stays the same.

use super::draft::TableDraft;
use super::{Context, Rewrite};
use crate::sql::column::ColumnText;
use crate::sql::{Dialect, Edit, TokenKind, lex};

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
    starts_as_name && !is_literal(value)
}

/// `b'1'`, `x'0f'`, `_utf8mb4'a'`, `true`: literals that begin with a letter.
fn is_literal(value: &str) -> bool {
    if value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false") {
        return true;
    }
    let tokens = lex(value, Dialect::default());
    match tokens.as_slice() {
        [text] => text.kind == TokenKind::Text,
        [introducer, text] => introducer.kind == TokenKind::Word && text.kind == TokenKind::Text,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, World};

    #[track_caller]
    fn check(before: &str, after: &str) {
        let table = fixture::table(&format!("CREATE TABLE `t` (`a` {before}) ENGINE=InnoDB"));
        let scripts = super::super::table(&table, &World::mariadb().context());
        assert_eq!(scripts.create, format!("CREATE TABLE `shop`.`t` (`a` {after}) ENGINE=InnoDB"));
        assert_eq!(scripts.changes.len(), usize::from(before != after));
    }

    #[test]
    fn expressions_and_long_literals_get_brackets() {
        check("text DEFAULT 'it''s' COMMENT 'c'", "text DEFAULT ('it''s') COMMENT 'c'");
        check("longtext DEFAULT json_object('a',1)", "longtext DEFAULT (json_object('a',1))");
        check("date DEFAULT curdate()", "date DEFAULT (curdate())");
        check("time DEFAULT current_timestamp()", "time DEFAULT (current_timestamp())");
        check("int(11) DEFAULT `b`", "int(11) DEFAULT (`b`)");
    }

    #[test]
    fn what_mysql_takes_bare_stays_bare() {
        for column in [
            "text DEFAULT NULL",
            "int(11) DEFAULT -1",
            "bit(3) DEFAULT b'101'",
            "binary(1) DEFAULT x'00'",
            "varchar(9) DEFAULT _latin1'curdate()'",
            "varchar(9) DEFAULT 'uuid()'",
            "datetime(6) DEFAULT current_timestamp(6) ON UPDATE current_timestamp(6)",
            "timestamp NULL DEFAULT CURRENT_TIMESTAMP",
            "int(11) DEFAULT (1 + 2)",
            "tinyint(1) DEFAULT true",
        ] {
            check(column, column);
        }
    }
}
