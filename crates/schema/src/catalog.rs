//! All objects of a server at one instant.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::column::{Column, ColumnType};
use crate::entries;
use crate::name::QualifiedName;

/// Everything a server holds inside the selected schemas.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalog {
    /// Schemas by name.
    pub schemas: BTreeMap<String, Schema>,
    /// Tables by name.
    #[serde(with = "entries")]
    pub tables: BTreeMap<QualifiedName, Table>,
    /// Views by name.
    #[serde(with = "entries")]
    pub views: BTreeMap<QualifiedName, View>,
    /// Functions and procedures by kind and name (both kinds may share a name).
    #[serde(with = "entries")]
    pub routines: BTreeMap<(RoutineKind, QualifiedName), Routine>,
    /// Triggers by name.
    #[serde(with = "entries")]
    pub triggers: BTreeMap<QualifiedName, Trigger>,
    /// Events by name.
    #[serde(with = "entries")]
    pub events: BTreeMap<QualifiedName, Event>,
}

/// A schema (database).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// Unquoted name.
    pub name: String,
    /// Default character set.
    pub charset: String,
    /// Default collation.
    pub collation: String,
    /// `SHOW CREATE DATABASE` text.
    pub create_sql: String,
}

/// What kind of base table the server says this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableKind {
    /// An ordinary table.
    Base,
    /// MariaDB's `SEQUENCE`.
    Sequence,
    /// MariaDB's system-versioned table.
    SystemVersioned,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its name.
    pub name: QualifiedName,
    /// What kind of table it is.
    pub kind: TableKind,
    /// Storage engine, e.g. `InnoDB`.
    pub engine: String,
    /// Row format as the server reports it, e.g. `Dynamic`.
    pub row_format: String,
    /// `information_schema.tables.create_options`.
    pub create_options: String,
    /// Default collation.
    pub collation: String,
    /// The next `AUTO_INCREMENT` value, read from `SHOW CREATE TABLE` (never from cached statistics).
    pub auto_increment: Option<u64>,
    /// Rows by the server's statistics: an estimate.
    pub rows_estimate: u64,
    /// Bytes of the clustered index by the server's statistics: an estimate.
    pub data_bytes: u64,
    /// Bytes of secondary indexes by the server's statistics: an estimate.
    pub index_bytes: u64,
    /// The comment; empty for none.
    pub comment: String,
    /// `SHOW CREATE TABLE` text.
    pub create_sql: String,
    /// Columns in order.
    pub columns: Vec<Column>,
    /// Keys: the primary first, then unique ones, then the rest, each in the server's order.
    pub keys: Vec<Key>,
    /// Foreign keys this table declares.
    pub foreign_keys: Vec<ForeignKey>,
    /// `CHECK` constraints by name.
    pub checks: BTreeMap<String, Check>,
    /// Whether it is partitioned.
    pub partitioned: bool,
}

impl Table {
    /// Finds a column by name, ignoring case as the server does.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns
            .iter()
            .find(|column| column.name.eq_ignore_ascii_case(name))
            .or_else(|| self.columns.iter().find(|c| c.name.to_lowercase() == name.to_lowercase()))
    }

    /// The columns whose values travel with a row: all but generated ones, in order.
    pub fn written_columns(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.is_written())
    }

    /// The primary key, if there is one.
    #[must_use]
    pub fn primary_key(&self) -> Option<&Key> {
        self.keys.iter().find(|key| key.kind == KeyKind::Primary)
    }

    /// The key that identifies a row: the primary key, else the first unique key whose columns are all
    /// NOT NULL, whole (no prefix, no expression) and of a type that compares exactly (not `FLOAT`,
    /// `DOUBLE` or `JSON`).
    #[must_use]
    pub fn row_key(&self) -> Option<&Key> {
        self.keys.iter().find(|key| {
            matches!(key.kind, KeyKind::Primary | KeyKind::Unique)
                && !key.parts.is_empty()
                && key.parts.iter().all(|part| self.is_exact_part(part))
        })
    }

    fn is_exact_part(&self, part: &KeyPart) -> bool {
        let KeyPart::Column { name, prefix: None, .. } = part else { return false };
        self.column(name).is_some_and(|column| {
            !column.nullable
                && column.is_written()
                && !matches!(
                    column.kind,
                    ColumnType::Float | ColumnType::Double | ColumnType::Json | ColumnType::Unknown
                )
        })
    }
}

/// What a key promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// The primary key.
    Primary,
    /// A unique key.
    Unique,
    /// A plain index.
    Plain,
    /// A `FULLTEXT` index.
    FullText,
    /// A `SPATIAL` index.
    Spatial,
    /// A `VECTOR` index (MariaDB).
    Vector,
}

/// An index of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Unquoted name; `PRIMARY` for the primary key.
    pub name: String,
    /// What it promises.
    pub kind: KeyKind,
    /// Its parts in order.
    pub parts: Vec<KeyPart>,
    /// Whether the optimizer may use it (MySQL `VISIBLE`, MariaDB not `IGNORED`).
    pub visible: bool,
}

/// One part of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyPart {
    /// A column, or its first `prefix` characters.
    Column {
        /// Unquoted column name.
        name: String,
        /// Prefix length in characters (bytes for binary types), if only a prefix is indexed.
        prefix: Option<u32>,
        /// Whether the part is stored in descending order.
        descending: bool,
    },
    /// An expression (functional index).
    Expression {
        /// The expression as the server prints it.
        text: String,
        /// Whether the part is stored in descending order.
        descending: bool,
    },
}

/// A foreign key, named from the referencing side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignKey {
    /// Unquoted constraint name.
    pub name: String,
    /// Referencing columns in order.
    pub columns: Vec<String>,
    /// The table referred to.
    pub parent: QualifiedName,
    /// Columns referred to, in order.
    pub parent_columns: Vec<String>,
    /// `ON UPDATE` rule, e.g. `CASCADE`.
    pub on_update: String,
    /// `ON DELETE` rule, e.g. `SET NULL`.
    pub on_delete: String,
}

/// A `CHECK` constraint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The condition as the server prints it.
    pub clause: String,
    /// Whether it is enforced.
    pub enforced: bool,
}

/// The session settings an object was made under; it must be made again under the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedUnder {
    /// `sql_mode`; views do not keep one.
    pub sql_mode: Option<String>,
    /// `character_set_client`.
    pub charset_client: String,
    /// `collation_connection`.
    pub collation_connection: String,
    /// Events only: `time_zone`.
    pub time_zone: Option<String>,
}

/// A view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Its name.
    pub name: QualifiedName,
    /// `user@host`, unquoted.
    pub definer: String,
    /// `SHOW CREATE VIEW` text.
    pub create_sql: String,
    /// Settings it was made under.
    pub created_under: CreatedUnder,
    /// Its columns in order; empty when it is broken.
    pub columns: Vec<Column>,
    /// Tables and views it reads, directly, as far as the server tells.
    pub reads: Vec<QualifiedName>,
    /// The server's message when the view cannot be used, e.g. a missing table.
    pub broken: Option<String>,
}

/// Function or procedure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoutineKind {
    /// Called in expressions.
    Function,
    /// Called with `CALL`.
    Procedure,
}

/// A stored routine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routine {
    /// Its name.
    pub name: QualifiedName,
    /// Function or procedure.
    pub kind: RoutineKind,
    /// `user@host`, unquoted.
    pub definer: String,
    /// `SHOW CREATE` text; `None` when the login may not read the body.
    pub create_sql: Option<String>,
    /// Settings it was made under.
    pub created_under: CreatedUnder,
}

/// A trigger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// Its name.
    pub name: QualifiedName,
    /// The table it belongs to.
    pub table: QualifiedName,
    /// `user@host`, unquoted.
    pub definer: String,
    /// `BEFORE` or `AFTER`.
    pub timing: String,
    /// `INSERT`, `UPDATE` or `DELETE`.
    pub event: String,
    /// Its place among triggers of the same table, timing and event, from 1.
    pub action_order: u32,
    /// `SHOW CREATE TRIGGER` text.
    pub create_sql: String,
    /// Settings it was made under.
    pub created_under: CreatedUnder,
}

/// A scheduled event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its name.
    pub name: QualifiedName,
    /// `user@host`, unquoted.
    pub definer: String,
    /// Whether the source runs it.
    pub enabled: bool,
    /// `SHOW CREATE EVENT` text.
    pub create_sql: String,
    /// Settings it was made under.
    pub created_under: CreatedUnder,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_catalog_survives_json() {
        let name = QualifiedName::new("shop", "nightly");
        let event = Event {
            name: name.clone(),
            definer: "a@b".into(),
            enabled: true,
            create_sql: "CREATE EVENT …".into(),
            created_under: CreatedUnder::default(),
        };
        let mut catalog = Catalog::default();
        catalog.events.insert(name, event);
        let json = serde_json::to_string(&catalog).unwrap();
        assert_eq!(serde_json::from_str::<Catalog>(&json).unwrap(), catalog);
    }
}
