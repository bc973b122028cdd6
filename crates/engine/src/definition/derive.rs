//! What the source's tables are behind a statement, told by what became of the target's.
//!
//! The target has executed the statement as the source has, so a column that came or changed is the same on
//! both, and one that did not is what it was. A definition that would not fit is found by the log itself: rows
//! are only read where their table map agrees.

use std::collections::BTreeMap;

use sealift_schema::catalog::{Key, KeyPart, Table};
use sealift_schema::column::Column;
use sealift_schema::name::QualifiedName;
use sealift_schema::sql::statement::{Contents, Deed};
use sealift_schema::sql::{DefinitionStatement, NamePath};

/// Where a table that is there afterwards comes from; `None`: it is new.
pub(super) type Origins = BTreeMap<QualifiedName, Option<QualifiedName>>;

/// For each name of a table in a statement which of the tables before it is afterwards, as far as the
/// statement tells: names that are left without a table are `gone`.
pub(super) struct Moves {
    /// The names that have a table afterwards.
    pub(super) origins: Origins,
    /// The names that have none.
    pub(super) gone: Vec<QualifiedName>,
}

impl Moves {
    /// Tells them. `known` are the source's tables before.
    pub(super) fn of(
        statement: &DefinitionStatement,
        default: &str,
        known: &BTreeMap<QualifiedName, Table>,
    ) -> Self {
        let within = |path: &NamePath| path.within(default);
        let mut moves = Self { origins: Origins::new(), gone: Vec::new() };
        match &statement.deed {
            Deed::CreateTable { table, contents } => {
                let name = within(table);
                let template = match contents {
                    Contents::Like(template) => Some(within(template)),
                    Contents::Columns | Contents::WithRows(_) => None,
                };
                // If there is one already: IF NOT EXISTS.
                let origin = if known.contains_key(&name) { Some(name.clone()) } else { template };
                moves.origins.insert(name, origin);
            }
            Deed::AlterTable { table, renamed, exchanged: _ } => {
                let name = within(table);
                let now = renamed.as_ref().map_or_else(|| name.clone(), within);
                if now != name {
                    moves.gone.push(name.clone());
                }
                moves.origins.insert(now, Some(name));
            }
            Deed::DropTables(tables) => moves.gone.extend(tables.iter().map(within)),
            Deed::RenameTables(pairs) => {
                for (from, to) in pairs {
                    let from = within(from);
                    let origin = moves.origins.remove(&from).unwrap_or_else(|| Some(from.clone()));
                    let to = within(to);
                    moves.gone.retain(|gone| *gone != to);
                    moves.gone.push(from);
                    moves.origins.insert(to, origin);
                }
                let Self { origins, gone } = &mut moves;
                gone.retain(|gone| !origins.contains_key(gone));
            }
            Deed::Truncate(table) => {
                let name = within(table);
                moves.origins.insert(name.clone(), Some(name));
            }
            Deed::Passing | Deed::Schema { .. } | Deed::Stored { .. } | Deed::Unknown => {}
        }
        moves
    }

    /// All names of tables in it.
    pub(super) fn names(&self) -> Vec<&QualifiedName> {
        let mut names: Vec<&QualifiedName> = self.origins.keys().chain(&self.gone).collect();
        names.extend(self.origins.values().flatten());
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Whether tables only change places, so that nobody could tell by their definitions.
    pub(super) fn only_swap(&self, known: &BTreeMap<QualifiedName, Table>) -> bool {
        let moved = |(name, origin): (&QualifiedName, &Option<QualifiedName>)| {
            origin.as_ref() != Some(name)
        };
        let swapped = self.origins.iter().any(moved);
        swapped && self.gone.is_empty() && self.origins.keys().all(|name| known.contains_key(name))
    }
}

/// A table on both sides.
#[derive(Clone, Copy)]
pub(super) struct Sides<'a> {
    /// As the source had it.
    pub(super) source: &'a Table,
    /// As the target had it.
    pub(super) target: &'a Table,
}

/// The source's table now, by what it was and what the target's is now.
pub(super) fn derived(name: &QualifiedName, origin: Option<Sides<'_>>, now: &Table) -> Table {
    let mut table = Table { name: name.clone(), ..now.clone() };
    let Some(Sides { source, target }) = origin else { return table };
    source.engine.clone_into(&mut table.engine);
    let of_target_only =
        |name: &str| target.column(name).is_some() && source.column(name).is_none();
    table.columns = now
        .columns
        .iter()
        .filter(|column| !of_target_only(&column.name))
        .map(|column| as_on_source(column, source, target, now))
        .collect();
    table.keys = if now.keys == target.keys {
        source.keys.clone()
    } else {
        let planned = |key: &&Key| {
            let is_of_target_only = source.keys.iter().all(|known| known.name != key.name);
            !(is_of_target_only && target.keys.contains(key))
        };
        let whole = |key: &&Key| {
            key.parts.iter().all(|part| match part {
                KeyPart::Column { name, .. } => table.column(name).is_some(),
                KeyPart::Expression { .. } => true,
            })
        };
        now.keys.iter().filter(planned).filter(whole).cloned().collect()
    };
    if now.foreign_keys == target.foreign_keys {
        table.foreign_keys.clone_from(&source.foreign_keys);
    }
    table
}

/// A column that is what it was on the target is what it was on the source.
fn as_on_source(column: &Column, source: &Table, target: &Table, now: &Table) -> Column {
    let before = target.columns.iter().find(|before| before.name == column.name);
    let same = match before {
        Some(before) => (before == column).then_some(before),
        None => renamed_from(column, target, now),
    };
    let known = same.and_then(|before| source.column(&before.name));
    known.map_or_else(
        || column.clone(),
        |known| Column { name: column.name.clone(), ..known.clone() },
    )
}

/// The only column that is gone, if it was the same but for its name, and no other came.
fn renamed_from<'t>(column: &Column, target: &'t Table, now: &Table) -> Option<&'t Column> {
    let came = |new: &&Column| target.columns.iter().all(|old| old.name != new.name);
    let went = |old: &&Column| now.columns.iter().all(|new| new.name != old.name);
    let mut gone = target.columns.iter().filter(went);
    let (only, others) = (gone.next()?, gone.next());
    let is_alone = others.is_none() && now.columns.iter().filter(came).count() == 1;
    let renamed = Column { name: column.name.clone(), ..only.clone() };
    (is_alone && renamed == *column).then_some(only)
}
