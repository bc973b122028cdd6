//! Families: tables whose changes can only be repeated on exactly what the source had.
//!
//! A foreign key may change rows by itself (`CASCADE`, `SET NULL`). MariaDB, and MySQL where foreign keys are
//! InnoDB's, write nothing of that into the log: whoever follows it has to repeat what the keys did, and can do so
//! only where, at every change, the tables they connect hold exactly what the source's held. So a family is copied
//! as of one position and takes its changes in order and once.
//!
//! The same is true of a single table whose changes the log has in part only (`binlog_row_image=MINIMAL`): what it
//! does not say of a row is what the row was before. Such a table is a family, alone if no foreign key acts on it.

use std::collections::{BTreeMap, BTreeSet};

use sealift_mysql::binlog::RowImages;
use sealift_mysql::snapshot::keeps_snapshots;
use sealift_schema::catalog::{ForeignKey, KeyKind, KeyPart, Table};
use sealift_schema::column::Column;
use sealift_schema::facts::{ServerFacts, Side};
use sealift_schema::name::QualifiedName;

use crate::fault::{ErrorCode, Fault};

/// What to do about rows that are in the log in part where that is not enough.
pub const LOG_WHOLE_ROWS: &str = "on the source: SET GLOBAL binlog_row_image=FULL; end its sessions, then begin anew \
                                  with --restart";

/// All families of a migration.
#[derive(Clone, Debug, Default)]
pub struct Families {
    members: Vec<Vec<QualifiedName>>,
    of: BTreeMap<QualifiedName, usize>,
}

impl Families {
    /// Finds the families among the tables that are migrated. `images`: how much of their rows is in the log.
    ///
    /// # Errors
    /// When a foreign key changes rows of a migrated table with those of one that is not: nothing tells of it. When
    /// a table whose rows are in the log in part cannot be read as of one moment.
    pub fn of(source: &ServerFacts, images: RowImages, tables: &[&Table]) -> Result<Self, Fault> {
        let mut families = Self::default();
        if source.variable("innodb_native_foreign_keys") != Some("OFF") {
            families.connect(tables)?;
        }
        if images == RowImages::InPart {
            for table in tables {
                families.add_alone(table)?;
            }
        }
        Ok(families)
    }

    /// Finds those that foreign keys connect.
    fn connect(&mut self, tables: &[&Table]) -> Result<(), Fault> {
        let by_name: BTreeMap<&QualifiedName, &Table> =
            tables.iter().map(|table| (&table.name, *table)).collect();
        let mut beside: BTreeMap<&QualifiedName, Vec<&QualifiedName>> = BTreeMap::new();
        for table in tables {
            for key in table.foreign_keys.iter().filter(|key| acts(key)) {
                let parent = by_name.get(&key.parent).ok_or_else(|| alone(table, key))?;
                if !is_plain(table, &key.columns) || !is_plain(parent, &key.parent_columns) {
                    return Err(odd(table, key, "is on generated columns"));
                }
                if !is_unique(parent, &key.parent_columns) {
                    return Err(odd(table, key, "refers to columns that are not a unique key"));
                }
                beside.entry(&table.name).or_default().push(&parent.name);
                beside.entry(&parent.name).or_default().push(&table.name);
            }
        }
        for table in beside.keys() {
            if !self.of.contains_key(*table) {
                self.add(table, &beside);
            }
        }
        Ok(())
    }

    /// Adds a table that is no other's relative, unless it is of a family.
    fn add_alone(&mut self, table: &Table) -> Result<(), Fault> {
        if !keeps_snapshots(&table.engine) {
            let what = "the source's binary log has its rows in part only (binlog_row_image), and its engine keeps no \
                        snapshot of it";
            return Err(Fault::new(ErrorCode::ServerUnsuitable, what)
                .on(Side::Source)
                .about(format!("table {}", table.name))
                .advise(
                    "on the source: SET GLOBAL binlog_row_image=FULL and let the application reconnect, or exclude \
                     the table",
                ));
        }
        if !self.contains(&table.name) {
            self.of.insert(table.name.clone(), self.members.len());
            self.members.push(vec![table.name.clone()]);
        }
        Ok(())
    }

    fn add(
        &mut self,
        first: &QualifiedName,
        beside: &BTreeMap<&QualifiedName, Vec<&QualifiedName>>,
    ) {
        let number = self.members.len();
        let mut found = BTreeSet::new();
        let mut left = vec![first];
        while let Some(table) = left.pop() {
            if found.insert(table.clone()) {
                left.extend(beside.get(table).into_iter().flatten());
            }
        }
        self.of.extend(found.iter().map(|table| (table.clone(), number)));
        self.members.push(found.into_iter().collect());
    }

    /// Whether a table is of a family.
    #[must_use]
    pub fn contains(&self, table: &QualifiedName) -> bool {
        self.of.contains_key(table)
    }

    /// The tables of each family.
    pub fn iter(&self) -> impl Iterator<Item = &[QualifiedName]> {
        self.members.iter().map(Vec::as_slice)
    }
}

/// What a foreign key does with rows that refer to one that changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing: the change is refused.
    Refuse,
    /// They go too, or refer to its new values.
    Follow,
    /// They refer to nothing.
    Forget,
}

impl Action {
    /// Reads a rule of [`ForeignKey`]. InnoDB knows no others than these.
    #[must_use]
    pub fn of(rule: &str) -> Self {
        match rule {
            "CASCADE" => Self::Follow,
            "SET NULL" => Self::Forget,
            _ => Self::Refuse,
        }
    }
}

/// Whether a foreign key changes rows by itself.
#[must_use]
pub fn acts(key: &ForeignKey) -> bool {
    [&key.on_delete, &key.on_update].iter().any(|rule| Action::of(rule) != Action::Refuse)
}

fn is_plain(table: &Table, columns: &[String]) -> bool {
    columns.iter().all(|name| table.column(name).is_some_and(Column::is_written))
}

fn is_unique(table: &Table, columns: &[String]) -> bool {
    let is_part = |part: &KeyPart| match part {
        KeyPart::Column { name, prefix: None, .. } => {
            columns.iter().any(|column| column.eq_ignore_ascii_case(name))
        }
        KeyPart::Column { prefix: Some(_), .. } | KeyPart::Expression { .. } => false,
    };
    table.keys.iter().any(|key| {
        matches!(key.kind, KeyKind::Primary | KeyKind::Unique)
            && key.parts.len() <= columns.len()
            && key.parts.iter().all(is_part)
    })
}

fn odd(table: &Table, key: &ForeignKey, how: &str) -> Fault {
    let what = format!(
        "its foreign key {} changes rows by itself and {how}, and the source's binary log does not tell what it \
         changes",
        key.name
    );
    Fault::new(ErrorCode::ServerUnsuitable, what)
        .on(Side::Source)
        .about(format!("table {}", table.name))
        .advise("migrate with sealift run --offline, or exclude the tables it connects")
}

fn alone(table: &Table, key: &ForeignKey) -> Fault {
    let what = format!(
        "its foreign key {} changes its rows with those of {}, which is not migrated, and the source's binary \
         log does not tell of it",
        key.name, key.parent
    );
    Fault::new(ErrorCode::ServerUnsuitable, what)
        .on(Side::Source)
        .about(format!("table {}", table.name))
        .advise("migrate both tables, or none; or migrate with sealift run --offline")
}

#[cfg(test)]
mod tests;
