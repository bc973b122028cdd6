//! Where the parts of a `SHOW CREATE TABLE` text lie.

use thiserror::Error;

use super::lexer::{Token, TokenKind};
use super::text::{Cursor, NamePath, Span, Sql, unquote};

/// A definition that does not look like what the server should have printed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("read definition: expected {expected} at byte {at}, found {found:?}")]
pub struct Unreadable {
    /// What should have stood there.
    pub expected: &'static str,
    /// Offset in the text.
    pub at: usize,
    /// The first characters that stand there instead.
    pub found: String,
}

impl Unreadable {
    pub(super) fn here(cursor: &Cursor<'_>, expected: &'static str) -> Self {
        let found = cursor.peek_text().chars().take(40).collect();
        Self { expected, at: cursor.offset(), found }
    }
}

/// What an item between the brackets of `CREATE TABLE` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemKind {
    /// A column.
    Column,
    /// The primary key.
    PrimaryKey,
    /// A unique key.
    UniqueKey,
    /// A plain key.
    Key,
    /// A `FULLTEXT` key.
    FullText,
    /// A `SPATIAL` key.
    Spatial,
    /// MariaDB's `VECTOR` key.
    Vector,
    /// A foreign key.
    ForeignKey,
    /// A `CHECK` constraint.
    Check,
    /// MariaDB's `PERIOD FOR`.
    Period,
}

/// One item between the brackets of `CREATE TABLE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub kind: ItemKind,
    /// Its name, unquoted, if it has one.
    pub name: Option<String>,
    /// All its bytes, without the comma.
    pub span: Span,
    /// The bytes of `CONSTRAINT name`, if it begins so.
    pub constraint: Option<Span>,
    /// What stands between the brackets of a key, foreign key or check.
    pub parts: Option<Span>,
    /// A foreign key's parent.
    pub parent: Option<NamePath>,
}

/// A table option, e.g. `ENGINE=InnoDB`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableOption {
    /// Its name in upper case, one blank between words; `CHARSET` for every way to write that one.
    pub name: String,
    /// Its value without quotes; empty for none.
    pub value: String,
    /// Name and value, without the frame of a versioned comment around it.
    pub span: Span,
    /// The value alone.
    pub value_span: Span,
}

/// Where the parts of a `CREATE TABLE` text lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableText {
    /// The table's name.
    pub name: NamePath,
    /// What stands between the brackets.
    pub body: Span,
    /// Columns, keys and constraints in order.
    pub items: Vec<Item>,
    /// Table options in order.
    pub options: Vec<TableOption>,
    /// From the word `PARTITION` to the last byte of that clause, without a frame.
    pub partition: Option<Span>,
}

impl TableText {
    /// Reads a `SHOW CREATE TABLE` text.
    pub fn read(sql: &Sql) -> Result<Self, Unreadable> {
        let mut cursor = sql.cursor();
        if cursor.eat(&["CREATE"]).is_none() {
            return Err(Unreadable::here(&cursor, "CREATE"));
        }
        cursor.eat(&["OR", "REPLACE"]);
        cursor.eat(&["TEMPORARY"]);
        if cursor.eat(&["TABLE"]).is_none() {
            return Err(Unreadable::here(&cursor, "TABLE"));
        }
        cursor.eat(&["IF", "NOT", "EXISTS"]);
        let name = cursor.eat_path().ok_or_else(|| Unreadable::here(&cursor, "a table name"))?;
        let body = cursor.eat_group().ok_or_else(|| Unreadable::here(&cursor, "columns in ( )"))?;
        let items = split(sql, body).into_iter().map(|span| item(sql, span)).collect();
        let (options, partition) = options(sql, &mut cursor);
        Ok(Self { name, body, items, options, partition })
    }

    /// The first option of a name (upper case).
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&TableOption> {
        self.options.iter().find(|option| option.name == name)
    }

    /// The items of a kind.
    pub fn items_of(&self, kind: ItemKind) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(move |item| item.kind == kind)
    }
}

/// Splits a span at the commas outside of brackets; each part without the blanks around it.
#[must_use]
pub fn split(sql: &Sql, span: Span) -> Vec<Span> {
    let tokens = sql.tokens().iter().filter(|t| t.start >= span.start && t.end <= span.end);
    let mut parts = Vec::new();
    let mut part: Option<Span> = None;
    let mut depth = 0_u32;
    for &token in tokens {
        let mark = if token.kind == TokenKind::Mark { sql.token_text(token) } else { "" };
        match mark {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            "," if depth == 0 => {
                parts.extend(part.take());
                continue;
            }
            _ => {}
        }
        if token.kind != TokenKind::Whitespace {
            let start = part.map_or(token.start, |part| part.start);
            part = Some(Span { start, end: token.end });
        }
    }
    parts.extend(part);
    parts
}

fn item(sql: &Sql, span: Span) -> Item {
    let mut cursor = sql.cursor_in(span);
    let mut item = Item {
        kind: ItemKind::Column,
        name: None,
        span,
        constraint: None,
        parts: None,
        parent: None,
    };
    if cursor.peek().is_some_and(|token| token.kind == TokenKind::QuotedName) {
        item.name = cursor.eat_name().map(|(name, _)| name);
        return item;
    }
    if let Some(constraint) = cursor.eat(&["CONSTRAINT"]) {
        let named = !["CHECK", "FOREIGN", "PRIMARY", "UNIQUE"].iter().any(|w| cursor.is_word(w));
        let name = if named { cursor.eat_name() } else { None };
        let end = name.as_ref().map_or(constraint.end, |(_, span)| span.end);
        item.constraint = Some(Span { start: constraint.start, end });
        item.name = name.map(|(name, _)| name);
    }
    let Some(kind) = key_kind(&mut cursor) else {
        item.name = cursor.eat_name().map(|(name, _)| name);
        return item;
    };
    item.kind = kind;
    if !cursor.is_mark("(") && !cursor.is_word("USING") && kind != ItemKind::Period {
        item.name = cursor.eat_name().map(|(name, _)| name).or(item.name);
    }
    if cursor.eat(&["USING"]).is_some() {
        cursor.take();
    }
    item.parts = cursor.eat_group();
    if kind == ItemKind::ForeignKey && cursor.eat(&["REFERENCES"]).is_some() {
        item.parent = cursor.eat_path();
    }
    item
}

pub(super) fn key_kind(cursor: &mut Cursor<'_>) -> Option<ItemKind> {
    const WORDS: [(&[&str], ItemKind); 14] = [
        (&["PRIMARY", "KEY"], ItemKind::PrimaryKey),
        (&["UNIQUE", "KEY"], ItemKind::UniqueKey),
        (&["UNIQUE", "INDEX"], ItemKind::UniqueKey),
        (&["UNIQUE"], ItemKind::UniqueKey),
        (&["FULLTEXT", "KEY"], ItemKind::FullText),
        (&["FULLTEXT", "INDEX"], ItemKind::FullText),
        (&["SPATIAL", "KEY"], ItemKind::Spatial),
        (&["SPATIAL", "INDEX"], ItemKind::Spatial),
        (&["VECTOR", "KEY"], ItemKind::Vector),
        (&["VECTOR", "INDEX"], ItemKind::Vector),
        (&["FOREIGN", "KEY"], ItemKind::ForeignKey),
        (&["KEY"], ItemKind::Key),
        (&["INDEX"], ItemKind::Key),
        (&["CHECK"], ItemKind::Check),
    ];
    if cursor.eat(&["PERIOD", "FOR"]).is_some() {
        return Some(ItemKind::Period);
    }
    WORDS.iter().find(|(words, _)| cursor.eat(words).is_some()).map(|&(_, kind)| kind)
}

/// Options written with more than one word.
const LONG_OPTIONS: [(&[&str], &str); 10] = [
    (&["DEFAULT", "CHARACTER", "SET"], "CHARSET"),
    (&["DEFAULT", "CHARSET"], "CHARSET"),
    (&["CHARACTER", "SET"], "CHARSET"),
    (&["DEFAULT", "COLLATE"], "COLLATE"),
    (&["DEFAULT", "ENCRYPTION"], "ENCRYPTION"),
    (&["DATA", "DIRECTORY"], "DATA DIRECTORY"),
    (&["INDEX", "DIRECTORY"], "INDEX DIRECTORY"),
    (&["WITH", "SYSTEM", "VERSIONING"], "WITH SYSTEM VERSIONING"),
    (&["START", "TRANSACTION"], "START TRANSACTION"),
    (&["READ", "ONLY"], "READ ONLY"),
];

/// Reads options up to a partition clause or the end. Also reads those of `CREATE DATABASE`.
pub(crate) fn options(sql: &Sql, cursor: &mut Cursor<'_>) -> (Vec<TableOption>, Option<Span>) {
    let mut options = Vec::new();
    loop {
        cursor.eat_mark(",");
        let mut ahead = *cursor;
        if let Some(word) = ahead.eat(&["PARTITION", "BY"]) {
            let mut end = word.end;
            while let Some(token) = cursor.take() {
                end = token.end;
            }
            return (options, Some(Span { start: word.start, end }));
        }
        let Some(option) = option(sql, cursor) else { return (options, None) };
        options.push(option);
    }
}

fn option(sql: &Sql, cursor: &mut Cursor<'_>) -> Option<TableOption> {
    let long = LONG_OPTIONS
        .iter()
        .find_map(|(words, name)| cursor.eat(words).map(|span| ((*name).to_owned(), span)));
    let (name, span) = match long {
        Some(found) => found,
        None => {
            let token = cursor.take()?;
            let name = unquote(sql.token_text(token)).to_ascii_uppercase();
            (name, Span { start: token.start, end: token.end })
        }
    };
    let nothing = Span { start: span.end, end: span.end };
    if ["WITH SYSTEM VERSIONING", "START TRANSACTION"].contains(&name.as_str()) {
        return Some(TableOption { name, value: String::new(), span, value_span: nothing });
    }
    cursor.eat_mark("=");
    let start = cursor.offset();
    let value = match cursor.eat_group() {
        Some(group) => Some(Span { start, end: group.end + 1 }),
        None => cursor.take().map(|Token { start, end, .. }| Span { start, end }),
    };
    let value_span = value.unwrap_or(nothing);
    Some(TableOption {
        name: if name == "CHARACTER SET" { "CHARSET".to_owned() } else { name },
        value: unquote(sql.slice(value_span)),
        span: Span { start: span.start, end: value_span.end.max(span.end) },
        value_span,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::Dialect;

    fn read(text: &str) -> (Sql, TableText) {
        let sql = Sql::new(text, Dialect::default());
        let table = TableText::read(&sql).unwrap();
        (sql, table)
    }

    const MYSQL: &str = "CREATE TABLE `a``b` (
  `id` int NOT NULL AUTO_INCREMENT,
  `e` enum('x,y','(') COLLATE utf8mb4_bin DEFAULT NULL COMMENT 'KEY `k` (`a`),',
  `key` int DEFAULT NULL /*!80023 INVISIBLE */,
  PRIMARY KEY (`id`),
  UNIQUE KEY `u` (`e`(3)) USING BTREE,
  KEY `f` ((`id` + 1),`e`) /*!80000 INVISIBLE */,
  FULLTEXT KEY `t` (`e`) /*!50100 WITH PARSER `ngram` */ ,
  SPATIAL KEY `s` (`g`),
  CONSTRAINT `fk` FOREIGN KEY (`id`) REFERENCES `o`.`p` (`id`) ON DELETE CASCADE,
  CONSTRAINT `c` CHECK ((`id` > 0)) /*!80016 NOT ENFORCED */
) /*!50100 TABLESPACE `ts` */ ENGINE=InnoDB AUTO_INCREMENT=5 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='it''s' DATA DIRECTORY='/x/' /*!80016 ENCRYPTION='Y' */
/*!50100 PARTITION BY HASH (`id`)
PARTITIONS 4 */";

    #[test]
    fn items_are_told_apart_and_keep_their_frames() {
        let (sql, table) = read(MYSQL);
        assert_eq!(table.name.name, "a`b");
        let items: Vec<_> = table
            .items
            .iter()
            .map(|item| (item.kind, item.name.as_deref().unwrap_or("-")))
            .collect();
        assert_eq!(
            items,
            [
                (ItemKind::Column, "id"),
                (ItemKind::Column, "e"),
                (ItemKind::Column, "key"),
                (ItemKind::PrimaryKey, "-"),
                (ItemKind::UniqueKey, "u"),
                (ItemKind::Key, "f"),
                (ItemKind::FullText, "t"),
                (ItemKind::Spatial, "s"),
                (ItemKind::ForeignKey, "fk"),
                (ItemKind::Check, "c"),
            ]
        );
        assert_eq!(sql.slice(table.items[2].span), "`key` int DEFAULT NULL /*!80023 INVISIBLE */");
        assert_eq!(
            sql.slice(table.items[6].span),
            "FULLTEXT KEY `t` (`e`) /*!50100 WITH PARSER `ngram` */"
        );
        let parent = table.items[8].parent.as_ref().unwrap();
        assert_eq!((parent.schema.as_deref(), parent.name.as_str()), (Some("o"), "p"));
        assert_eq!(sql.slice(table.items[5].parts.unwrap()), "(`id` + 1),`e`");
    }

    #[test]
    fn options_and_partitions_are_found_inside_frames() {
        let (sql, table) = read(MYSQL);
        let options: Vec<_> =
            table.options.iter().map(|o| (o.name.as_str(), o.value.as_str())).collect();
        assert_eq!(
            options,
            [
                ("TABLESPACE", "ts"),
                ("ENGINE", "InnoDB"),
                ("AUTO_INCREMENT", "5"),
                ("CHARSET", "utf8mb4"),
                ("COLLATE", "utf8mb4_bin"),
                ("COMMENT", "it's"),
                ("DATA DIRECTORY", "/x/"),
                ("ENCRYPTION", "Y"),
            ]
        );
        assert_eq!(sql.slice(table.partition.unwrap()), "PARTITION BY HASH (`id`)\nPARTITIONS 4");
    }

    #[test]
    fn mariadb_forms_are_read() {
        let (sql, table) = read(
            "CREATE TABLE `t` (\n  `a` int(11) NOT NULL,\n  `s` date NOT NULL,\n  `e` date NOT NULL,\n  \
             PERIOD FOR `p` (`s`, `e`),\n  PRIMARY KEY (`a`,`p` WITHOUT OVERLAPS),\n  \
             KEY `i` (`a`) IGNORED,\n  VECTOR KEY `v` (`x`)\n) ENGINE=Aria `PAGE_COMPRESSED`=1 \
             WITH SYSTEM VERSIONING PAGE_CHECKSUM=1 UNION=(`a`,`b`)\n PARTITION BY LIST (`a`)\n\
             (PARTITION `p0` VALUES IN (1) ENGINE = Aria)",
        );
        let kinds: Vec<_> = table.items.iter().skip(3).map(|item| item.kind).collect();
        assert_eq!(
            kinds,
            [ItemKind::Period, ItemKind::PrimaryKey, ItemKind::Key, ItemKind::Vector]
        );
        let options: Vec<_> =
            table.options.iter().map(|o| (o.name.as_str(), o.value.as_str())).collect();
        assert_eq!(
            options,
            [
                ("ENGINE", "Aria"),
                ("PAGE_COMPRESSED", "1"),
                ("WITH SYSTEM VERSIONING", ""),
                ("PAGE_CHECKSUM", "1"),
                ("UNION", "(`a`,`b`)"),
            ]
        );
        assert!(sql.slice(table.partition.unwrap()).ends_with("Aria)"));
    }

    #[test]
    fn what_is_not_a_table_is_said_to_be_unreadable() {
        let sql = Sql::new("CREATE VIEW `v` AS select 1", Dialect::default());
        let error = TableText::read(&sql).unwrap_err();
        assert_eq!(error.to_string(), "read definition: expected TABLE at byte 7, found \"VIEW\"");
        assert!(TableText::read(&Sql::new("", Dialect::default())).is_err());
        assert!(TableText::read(&Sql::new("CREATE TABLE t (a", Dialect::default())).is_err());
    }
}
