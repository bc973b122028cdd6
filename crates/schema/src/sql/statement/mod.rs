//! What a statement that changes definitions is about, told by its tokens.
//!
//! Not what it does in every detail: which objects it makes, changes and removes, by which names, and where
//! those names stand. What is not understood is [`Deed::Unknown`], never a guess.

mod tables;
mod head;

use super::lexer::{Dialect, TokenKind};
use super::text::{Cursor, NamePath, Sql};
use crate::name::{ObjectId, ObjectKind, QualifiedName};

pub use self::tables::Contents;

/// What happens to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// It is made.
    Create,
    /// It is changed.
    Alter,
    /// It goes.
    Drop,
}

/// What a statement does to definitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Nothing that lasts or that a schema holds: temporary tables, accounts, tablespaces; or what MySQL does not have,
    /// of which the plan tells: MariaDB's sequences and packages.
    Passing,
    /// `CREATE TABLE`.
    CreateTable {
        /// The table.
        table: NamePath,
        /// Where its definition comes from.
        contents: Contents,
    },
    /// `ALTER TABLE`, `CREATE INDEX`, `DROP INDEX`.
    AlterTable {
        /// The table.
        table: NamePath,
        /// Its new name, if it gets one.
        renamed: Option<NamePath>,
        /// Another table that rows are exchanged with, or that becomes a partition, or that a partition becomes.
        exchanged: Option<NamePath>,
    },
    /// `DROP TABLE`.
    DropTables(Vec<NamePath>),
    /// `RENAME TABLE`: one after the other.
    RenameTables(Vec<(NamePath, NamePath)>),
    /// `TRUNCATE TABLE`.
    Truncate(NamePath),
    /// A schema itself.
    Schema {
        /// What happens to it.
        verb: Verb,
        /// Its name; `None`: the default one.
        name: Option<NamePath>,
    },
    /// A view, function, procedure, trigger or event.
    Stored {
        /// What happens to it.
        verb: Verb,
        /// What it is.
        kind: ObjectKind,
        /// Its name; `DROP VIEW` may have several.
        names: Vec<NamePath>,
        /// The table of a trigger that is made, the new name of an event that is renamed.
        other: Option<NamePath>,
    },
    /// What it does is not known.
    Unknown,
}

/// A statement and what it does.
#[derive(Clone, Debug)]
pub struct DefinitionStatement {
    /// Its text and tokens.
    pub sql: Sql,
    /// What it does.
    pub deed: Deed,
}

impl DefinitionStatement {
    /// Reads a statement.
    pub fn read(text: impl Into<String>, dialect: Dialect) -> Self {
        let text = text.into();
        let sql = Sql::new(past_settings(&text, dialect), dialect);
        let deed = deed(&sql).unwrap_or(Deed::Unknown);
        Self { sql, deed }
    }

    /// The objects it is about, given the schema that names without one mean; `None`: it may be any.
    #[must_use]
    pub fn objects(&self, default: &str) -> Option<Vec<ObjectId>> {
        let of =
            |kind: ObjectKind| move |path: &NamePath| ObjectId::new(kind, path.within(default));
        let table = of(ObjectKind::Table);
        Some(match &self.deed {
            Deed::Passing => Vec::new(),
            Deed::CreateTable { table: made, contents: _ } => vec![table(made)],
            Deed::AlterTable { table: changed, renamed, exchanged } => {
                [Some(changed), renamed.as_ref(), exchanged.as_ref()]
                    .into_iter()
                    .flatten()
                    .map(table)
                    .collect()
            }
            Deed::DropTables(tables) => tables.iter().map(table).collect(),
            Deed::RenameTables(pairs) => {
                pairs.iter().flat_map(|(from, to)| [from, to]).map(table).collect()
            }
            Deed::Truncate(emptied) => vec![table(emptied)],
            Deed::Schema { verb: _, name } => {
                let name = name.as_ref().map_or(default, |path| path.name.as_str());
                vec![ObjectId::schema(name)]
            }
            Deed::Stored { verb: _, kind, names, other } => {
                let mut objects: Vec<ObjectId> = names.iter().map(of(*kind)).collect();
                match (kind, other) {
                    (ObjectKind::Trigger, Some(on)) => objects.push(table(on)),
                    (_, Some(renamed)) => objects.push(of(*kind)(renamed)),
                    (_, None) => {}
                }
                objects
            }
            Deed::Unknown => return None,
        })
    }

    /// Whether it makes a trigger.
    #[must_use]
    pub fn makes_trigger(&self) -> bool {
        let (verb, kind) = (Verb::Create, ObjectKind::Trigger);
        matches!(&self.deed, Deed::Stored { verb: v, kind: k, .. } if (*v, *k) == (verb, kind))
    }

    /// Whether a name occurs in it as a word or quoted name, in any case.
    #[must_use]
    pub fn mentions(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        self.sql.tokens().iter().any(|token| {
            matches!(token.kind, TokenKind::Word | TokenKind::QuotedName)
                && super::unquote(self.sql.token_text(*token)).to_lowercase() == name
        })
    }
}

/// What is left of MariaDB's `SET STATEMENT lock_wait_timeout=9 FOR ALTER …`: the log has the settings that matter
/// beside the statement (<https://mariadb.com/kb/en/set-statement/>).
#[must_use]
pub fn past_settings(text: &str, dialect: Dialect) -> &str {
    let sql = Sql::new(text, dialect);
    let mut cursor = sql.cursor();
    if cursor.eat(&["SET", "STATEMENT"]).is_none() {
        return text;
    }
    while cursor.peek().is_some() && cursor.eat(&["FOR"]).is_none() {
        cursor.take();
    }
    text.get(cursor.offset()..).unwrap_or_default()
}

impl NamePath {
    /// The whole name, given the schema that a name without one means.
    #[must_use]
    pub fn within(&self, default: &str) -> QualifiedName {
        QualifiedName::new(self.schema.as_deref().unwrap_or(default), self.name.clone())
    }
}

fn deed(sql: &Sql) -> Option<Deed> {
    let mut cursor = sql.cursor();
    if cursor.eat(&["CREATE"]).is_some() {
        created(sql, &mut cursor)
    } else if cursor.eat(&["ALTER"]).is_some() {
        altered(sql, &mut cursor)
    } else if cursor.eat(&["DROP"]).is_some() {
        dropped(&mut cursor)
    } else if cursor.eat(&["RENAME"]).is_some() {
        tables::renamed(&mut cursor)
    } else if cursor.eat(&["TRUNCATE"]).is_some() {
        cursor.eat(&["TABLE"]);
        cursor.eat_path().map(Deed::Truncate)
    } else {
        None
    }
}

fn created(sql: &Sql, cursor: &mut Cursor<'_>) -> Option<Deed> {
    let head = head::pass(sql, cursor);
    if head.is_temporary {
        return Some(Deed::Passing);
    }
    if cursor.eat(&["TABLE"]).is_some() {
        return tables::created(cursor);
    }
    if cursor.eat(&["INDEX"]).is_some() {
        return tables::index(cursor);
    }
    if is_schema(cursor) {
        return Some(schema(Verb::Create, cursor));
    }
    let Some(kind) = stored_kind(cursor) else { return passing(cursor) };
    head::if_exists(cursor);
    let name = cursor.eat_path()?;
    let mut other = None;
    if kind == ObjectKind::Trigger {
        while cursor.peek().is_some() && !cursor.is_word("ON") {
            cursor.take();
        }
        cursor.eat(&["ON"])?;
        other = Some(cursor.eat_path()?);
    }
    // `CREATE FUNCTION … SONAME` loads a library into the server and is in no schema.
    if kind == ObjectKind::Function && cursor.eat(&["RETURNS"]).is_some() {
        cursor.take();
        if cursor.eat(&["SONAME"]).is_some() {
            return Some(Deed::Passing);
        }
    }
    Some(Deed::Stored { verb: Verb::Create, kind, names: vec![name], other })
}

fn altered(sql: &Sql, cursor: &mut Cursor<'_>) -> Option<Deed> {
    head::pass(sql, cursor);
    if cursor.eat(&["TABLE"]).is_some() {
        return tables::altered(cursor);
    }
    if is_schema(cursor) {
        return Some(schema(Verb::Alter, cursor));
    }
    let Some(kind) = stored_kind(cursor) else { return passing(cursor) };
    head::if_exists(cursor);
    let name = cursor.eat_path()?;
    let mut other = None;
    if kind == ObjectKind::Event {
        while cursor.peek().is_some() && !cursor.is_word("DO") {
            if cursor.eat(&["RENAME", "TO"]).is_some() {
                other = Some(cursor.eat_path()?);
                break;
            }
            cursor.take();
        }
    }
    Some(Deed::Stored { verb: Verb::Alter, kind, names: vec![name], other })
}

fn dropped(cursor: &mut Cursor<'_>) -> Option<Deed> {
    if cursor.eat(&["TEMPORARY"]).is_some() {
        return Some(Deed::Passing);
    }
    if cursor.eat(&["TABLE"]).or_else(|| cursor.eat(&["TABLES"])).is_some() {
        head::if_exists(cursor);
        return head::names(cursor).map(Deed::DropTables);
    }
    if cursor.eat(&["INDEX"]).is_some() {
        return tables::index(cursor);
    }
    if is_schema(cursor) {
        return Some(schema(Verb::Drop, cursor));
    }
    let Some(kind) = stored_kind(cursor) else { return passing(cursor) };
    head::if_exists(cursor);
    let names = head::names(cursor)?;
    Some(Deed::Stored { verb: Verb::Drop, kind, names, other: None })
}

fn is_schema(cursor: &mut Cursor<'_>) -> bool {
    cursor.eat(&["DATABASE"]).or_else(|| cursor.eat(&["SCHEMA"])).is_some()
}

/// `ALTER DATABASE` may leave the name out.
fn schema(verb: Verb, cursor: &mut Cursor<'_>) -> Deed {
    const OPTIONS: [&str; 6] = ["DEFAULT", "CHARACTER", "CHARSET", "COLLATE", "ENCRYPTION", "READ"];
    head::if_exists(cursor);
    let is_option = OPTIONS.iter().any(|option| cursor.is_word(option));
    let name = if is_option && verb == Verb::Alter { None } else { cursor.eat_path() };
    Deed::Schema { verb, name }
}

fn stored_kind(cursor: &mut Cursor<'_>) -> Option<ObjectKind> {
    const KINDS: [(&str, ObjectKind); 5] = [
        ("VIEW", ObjectKind::View),
        ("FUNCTION", ObjectKind::Function),
        ("PROCEDURE", ObjectKind::Procedure),
        ("TRIGGER", ObjectKind::Trigger),
        ("EVENT", ObjectKind::Event),
    ];
    KINDS.iter().find(|(word, _)| cursor.eat(&[word]).is_some()).map(|&(_, kind)| kind)
}

/// What is in no schema, or nothing MySQL has.
fn passing(cursor: &mut Cursor<'_>) -> Option<Deed> {
    const WORDS: [&[&str]; 11] = [
        &["USER"],
        &["ROLE"],
        &["SERVER"],
        &["RESOURCE", "GROUP"],
        &["INSTANCE"],
        &["LOGFILE", "GROUP"],
        &["TABLESPACE"],
        &["UNDO", "TABLESPACE"],
        &["SPATIAL", "REFERENCE"],
        &["SEQUENCE"],
        &["PACKAGE"],
    ];
    WORDS.iter().find(|words| cursor.eat(words).is_some()).map(|_| Deed::Passing)
}

#[cfg(test)]
mod tests;
