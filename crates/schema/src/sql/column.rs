//! Where the parts of a column's definition lie.

use super::lexer::TokenKind;
use super::table::Item;
use super::text::{Cursor, Span, Sql, unquote};

/// One attribute of a column, e.g. `DEFAULT 'x'`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its keyword in upper case; `CHARSET` for both ways to write that one, `GENERATED` for `AS (…)` too.
    pub name: &'static str,
    /// All its bytes, without the frame of a versioned comment around it.
    pub span: Span,
    /// The value alone, with its quotes or brackets; empty for none.
    pub value: Span,
}

/// Where the parts of a column's definition lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnText {
    /// Unquoted name.
    pub name: String,
    /// The name's bytes.
    pub name_span: Span,
    /// The first word of its type, lower case.
    pub type_word: String,
    /// The type with its brackets, `unsigned` and `zerofill`.
    pub type_span: Span,
    /// Its attributes in order.
    pub attributes: Vec<Attribute>,
}

impl ColumnText {
    /// Reads a column's item. `None` for an item that is none.
    #[must_use]
    pub fn read(sql: &Sql, item: &Item) -> Option<Self> {
        let mut cursor = sql.cursor_in(item.span);
        let (name, name_span) = cursor.eat_name()?;
        let (type_word, type_span) = data_type(&mut cursor)?;
        let mut attributes = Vec::new();
        while cursor.peek().is_some() {
            match attribute(&mut cursor) {
                Some(attribute) => attributes.push(attribute),
                None => {
                    cursor.take();
                }
            }
        }
        Some(Self { name, name_span, type_word, type_span, attributes })
    }

    /// The first attribute of a name.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// An attribute's value without quotes.
    #[must_use]
    pub fn value(&self, sql: &Sql, name: &str) -> Option<String> {
        self.attribute(name).map(|attribute| unquote(sql.slice(attribute.value)))
    }
}

/// Takes a data type: its first word, lower case, and all its bytes.
pub(crate) fn data_type(cursor: &mut Cursor<'_>) -> Option<(String, Span)> {
    let (word, mut span) = cursor.eat_name()?;
    if let Some(group) = cursor.eat_group() {
        span.end = group.end + 1;
    }
    loop {
        let more = ["UNSIGNED", "SIGNED", "ZEROFILL", "PRECISION", "VARYING"];
        let Some(found) = more.iter().find_map(|word| cursor.eat(&[word])) else { break };
        span.end = found.end;
    }
    Some((word.to_ascii_lowercase(), span))
}

/// How much of what follows its keyword belongs to an attribute.
#[derive(Clone, Copy)]
enum Takes {
    Nothing,
    /// One token, after an optional `=`.
    One,
    /// A bracketed group.
    Group,
    /// A default: literal, function call or bracketed expression.
    Value,
}

const ATTRIBUTES: [(&[&str], &str, Takes); 29] = [
    (&["CHARACTER", "SET"], "CHARSET", Takes::One),
    (&["CHARSET"], "CHARSET", Takes::One),
    (&["COLLATE"], "COLLATE", Takes::One),
    (&["NOT", "NULL"], "NOT NULL", Takes::Nothing),
    (&["NULL"], "NULL", Takes::Nothing),
    (&["DEFAULT"], "DEFAULT", Takes::Value),
    (&["ON", "UPDATE"], "ON UPDATE", Takes::Value),
    (&["AUTO_INCREMENT"], "AUTO_INCREMENT", Takes::Nothing),
    (&["GENERATED", "ALWAYS", "AS", "ROW", "START"], "ROW START", Takes::Nothing),
    (&["GENERATED", "ALWAYS", "AS", "ROW", "END"], "ROW END", Takes::Nothing),
    (&["GENERATED", "ALWAYS", "AS"], "GENERATED", Takes::Group),
    (&["AS"], "GENERATED", Takes::Group),
    (&["VIRTUAL"], "VIRTUAL", Takes::Nothing),
    (&["STORED"], "STORED", Takes::Nothing),
    (&["PERSISTENT"], "PERSISTENT", Takes::Nothing),
    (&["INVISIBLE"], "INVISIBLE", Takes::Nothing),
    (&["COMPRESSED"], "COMPRESSED", Takes::Nothing),
    (&["WITHOUT", "SYSTEM", "VERSIONING"], "WITHOUT SYSTEM VERSIONING", Takes::Nothing),
    (&["WITH", "COMPRESSION_DICTIONARY"], "COMPRESSION_DICTIONARY", Takes::One),
    (&["COLUMN_FORMAT"], "COLUMN_FORMAT", Takes::One),
    (&["STORAGE"], "STORAGE", Takes::One),
    (&["ENGINE_ATTRIBUTE"], "ENGINE_ATTRIBUTE", Takes::One),
    (&["SECONDARY_ENGINE_ATTRIBUTE"], "SECONDARY_ENGINE_ATTRIBUTE", Takes::One),
    (&["NOT", "SECONDARY"], "NOT SECONDARY", Takes::Nothing),
    (&["SRID"], "SRID", Takes::One),
    (&["REF_SYSTEM_ID"], "REF_SYSTEM_ID", Takes::One),
    (&["CHECK"], "CHECK", Takes::Group),
    (&["COMMENT"], "COMMENT", Takes::One),
    (&["UNIQUE"], "UNIQUE", Takes::Nothing),
];

fn attribute(cursor: &mut Cursor<'_>) -> Option<Attribute> {
    let (words, name, takes) = ATTRIBUTES
        .iter()
        .find_map(|(words, name, takes)| Some((cursor.eat(words)?, name, takes)))?;
    let nothing = Span { start: words.end, end: words.end };
    let value = match takes {
        Takes::Nothing => None,
        Takes::One => {
            cursor.eat_mark("=");
            cursor.take().map(|token| Span { start: token.start, end: token.end })
        }
        Takes::Group => group(cursor),
        Takes::Value => value(cursor),
    }
    .unwrap_or(nothing);
    Some(Attribute { name, span: Span { start: words.start, end: value.end }, value })
}

/// A bracketed group with its brackets.
fn group(cursor: &mut Cursor<'_>) -> Option<Span> {
    let start = cursor.offset();
    cursor.eat_group().map(|inner| Span { start, end: inner.end + 1 })
}

fn value(cursor: &mut Cursor<'_>) -> Option<Span> {
    if let Some(group) = group(cursor) {
        return Some(group);
    }
    let first = cursor.take()?;
    let mut span = Span { start: first.start, end: first.end };
    if first.kind == TokenKind::Mark || cursor.peek().is_some_and(|t| t.kind == TokenKind::Text) {
        // A sign before its number, an introducer before its string.
        span.end = cursor.take().map_or(span.end, |token| token.end);
    }
    while cursor.eat_mark(".") {
        span.end = cursor.take().map_or(span.end, |token| token.end);
    }
    if let Some(arguments) = group(cursor) {
        span.end = arguments.end;
    }
    Some(span)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::Dialect;
    use crate::sql::table::TableText;

    #[track_caller]
    fn check(column: &str, type_text: &str, attributes: &[(&str, &str)]) {
        let sql = Sql::new(format!("CREATE TABLE t ({column})"), Dialect::default());
        let table = TableText::read(&sql).unwrap();
        let column = ColumnText::read(&sql, &table.items[0]).unwrap();
        assert_eq!(sql.slice(column.type_span), type_text);
        let found: Vec<_> =
            column.attributes.iter().map(|a| (a.name, sql.slice(a.value))).collect();
        assert_eq!(found, attributes);
    }

    #[test]
    fn attributes_are_found_with_their_values() {
        check(
            "`a` enum('x,y',')') CHARACTER SET latin1 COLLATE latin1_bin NOT NULL DEFAULT 'DEFAULT 1' COMMENT 'AS (x)'",
            "enum('x,y',')')",
            &[
                ("CHARSET", "latin1"),
                ("COLLATE", "latin1_bin"),
                ("NOT NULL", ""),
                ("DEFAULT", "'DEFAULT 1'"),
                ("COMMENT", "'AS (x)'"),
            ],
        );
        check(
            "`a` decimal(10,2) unsigned zerofill DEFAULT -1.5 /*!80023 INVISIBLE */",
            "decimal(10,2) unsigned zerofill",
            &[("DEFAULT", "-1.5"), ("INVISIBLE", "")],
        );
        check(
            "`a` int GENERATED ALWAYS AS ((`b` + 1)) STORED NOT NULL",
            "int",
            &[("GENERATED", "((`b` + 1))"), ("STORED", ""), ("NOT NULL", "")],
        );
        check(
            "`g` point NOT NULL /*!80003 SRID 4326 */",
            "point",
            &[("NOT NULL", ""), ("SRID", "4326")],
        );
    }

    #[test]
    fn defaults_of_every_form_are_whole() {
        let whole = |value: &str| {
            check(
                &format!("`a` x DEFAULT {value} COMMENT 'c'"),
                "x",
                &[("DEFAULT", value), ("COMMENT", "'c'")],
            );
        };
        for value in [
            "NULL",
            "'it''s'",
            "b'101'",
            "x'00'",
            "_utf8mb4'é'",
            "(uuid())",
            "(_utf8mb4'\\'')",
            "current_timestamp(6)",
            "nextval(`d`.`s`)",
            "`b`",
            "CURRENT_TIMESTAMP",
            "-1",
        ] {
            whole(value);
        }
        check(
            "`a` timestamp(6) NOT NULL DEFAULT current_timestamp(6) ON UPDATE current_timestamp(6)",
            "timestamp(6)",
            &[
                ("NOT NULL", ""),
                ("DEFAULT", "current_timestamp(6)"),
                ("ON UPDATE", "current_timestamp(6)"),
            ],
        );
    }

    #[test]
    fn mariadb_attributes_are_found() {
        check(
            "`a` longtext /*M!100301 COMPRESSED*/ CHARACTER SET utf8mb4 CHECK (json_valid(`a`))",
            "longtext",
            &[("COMPRESSED", ""), ("CHARSET", "utf8mb4"), ("CHECK", "(json_valid(`a`))")],
        );
        check(
            "`a` timestamp(6) GENERATED ALWAYS AS ROW START INVISIBLE",
            "timestamp(6)",
            &[("ROW START", ""), ("INVISIBLE", "")],
        );
        check(
            "`g` point REF_SYSTEM_ID=4326 DEFAULT NULL",
            "point",
            &[("REF_SYSTEM_ID", "4326"), ("DEFAULT", "NULL")],
        );
    }
}
