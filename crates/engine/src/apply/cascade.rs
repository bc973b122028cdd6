//! What foreign keys changed by themselves, repeated: the source's log does not tell of it.
//!
//! The target's own keys are not asked: they may be missing, and where they are the server's and not InnoDB's
//! (MySQL 9) they give up on trees that InnoDB takes. Before a row changes, the rows that refer to it are found on
//! the target by way of it, those that refer to them by way of these, and changed from the far end on. This is
//! exact where the target holds exactly what the source held.

use std::collections::BTreeMap;
use std::fmt::Write;

use futures_util::future::BoxFuture;
use sealift_mysql::session::Session;
use sealift_schema::catalog::{ForeignKey, Table};
use sealift_schema::name::quote;

use super::table::{ApplyTable, Manner};
use crate::family::{Action, acts};
use crate::target::taken::{Doing, Trouble};

/// How far InnoDB follows foreign keys from a row: it refuses what goes further.
const DEPTH_MAX: usize = 15;

/// The foreign keys that act, by the table whose rows they refer to.
#[derive(Clone, Debug, Default)]
pub(super) struct Cascades {
    keys: BTreeMap<usize, Vec<Key>>,
}

/// A foreign key that acts, in the target's words.
#[derive(Clone, Debug)]
struct Key {
    /// The table it belongs to.
    child: usize,
    child_name: String,
    /// Its columns, and those they refer to, quoted.
    columns: Vec<(String, String)>,
    on_delete: Action,
    on_update: Action,
    /// Columns of the child that take the time of any statement that changes a row, but not of a foreign key's.
    kept: Vec<String>,
}

/// New values of columns, as literals.
type Assigned = BTreeMap<String, Vec<u8>>;

impl Cascades {
    /// Finds the keys that act among tables whose changes are made in order.
    pub(super) fn of(tables: &[ApplyTable]) -> Self {
        let mut keys: BTreeMap<usize, Vec<Key>> = BTreeMap::new();
        let in_order =
            tables.iter().enumerate().filter(|(_, table)| table.manner == Manner::InOrder);
        for (child, table) in in_order {
            for key in table.source.foreign_keys.iter().filter(|key| acts(key)) {
                let parent = tables.iter().position(|other| other.source.name == key.parent);
                if let Some((place, parent)) = parent.and_then(|at| Some((at, tables.get(at)?))) {
                    keys.entry(place).or_default().push(Key::of(
                        key,
                        (child, &table.target),
                        &parent.target,
                    ));
                }
            }
        }
        Self { keys }
    }

    fn referring_to(&self, table: usize) -> &[Key] {
        self.keys.get(&table).map(Vec::as_slice).unwrap_or_default()
    }

    /// The columns of a table that others refer to, quoted, each once; none if no key acts on it.
    pub(super) fn columns_of(&self, table: usize) -> Vec<&str> {
        let keys = self.referring_to(table).iter();
        let mut columns: Vec<&str> =
            keys.flat_map(|key| &key.columns).map(|(_, there)| there.as_str()).collect();
        columns.sort_unstable();
        columns.dedup();
        columns
    }
}

impl Key {
    fn of(key: &ForeignKey, (child, table): (usize, &Table), parent: &Table) -> Self {
        let named = |table: &Table, name: &str| {
            quote(table.column(name).map_or(name, |column| column.name.as_str()))
        };
        let pairs = key.columns.iter().zip(&key.parent_columns);
        let changes_itself = |extra: &str| extra.to_ascii_lowercase().contains("on update");
        Self {
            child,
            child_name: table.name.to_string(),
            columns: pairs
                .map(|(here, there)| (named(table, here), named(parent, there)))
                .collect(),
            on_delete: Action::of(&key.on_delete),
            on_update: Action::of(&key.on_update),
            kept: table
                .columns
                .iter()
                .filter(|column| changes_itself(&column.extra))
                .map(|column| quote(&column.name))
                .collect(),
        }
    }

    /// What becomes of its columns when the values they refer to become these; none if they stay.
    fn follows(&self, values: &Assigned) -> Assigned {
        let changed = self.columns.iter().filter_map(|(here, there)| {
            values.get(there).map(|value| (here.clone(), value.clone()))
        });
        let changed: Assigned = changed.collect();
        match self.on_update {
            Action::Follow => changed,
            Action::Forget if !changed.is_empty() => self.forgets(),
            Action::Forget | Action::Refuse => Assigned::new(),
        }
    }

    fn forgets(&self) -> Assigned {
        self.columns.iter().map(|(here, _)| (here.clone(), b"NULL".to_vec())).collect()
    }
}

/// A row that is about to change, and the way from it to others.
pub(super) struct Walk<'w> {
    pub(super) session: &'w mut Session,
    pub(super) cascades: &'w Cascades,
    /// The row's table.
    pub(super) table: usize,
    /// A statement that selects the columns of the row that are referred to.
    pub(super) row: &'w str,
}

/// The keys from the row to others.
type Way<'w> = Vec<&'w Key>;

impl<'w> Walk<'w> {
    /// The row is about to be removed.
    pub(super) async fn removed(&mut self) -> Result<(), Trouble> {
        self.before_removal(&mut Vec::new()).await
    }

    /// The row is about to get new values in columns that are referred to.
    pub(super) async fn changed(&mut self, values: &Assigned) -> Result<(), Trouble> {
        self.before_change(&mut Vec::new(), values).await
    }

    fn end_of(&self, way: &Way<'w>) -> &'w [Key] {
        let table = way.last().map_or(self.table, |key| key.child);
        self.cascades.referring_to(table)
    }

    /// Does with those that refer to the rows at the end of a way what their removal does.
    fn before_removal<'s>(
        &'s mut self,
        way: &'s mut Way<'w>,
    ) -> BoxFuture<'s, Result<(), Trouble>> {
        Box::pin(async move {
            for key in self.end_of(way) {
                way.push(key);
                match key.on_delete {
                    Action::Refuse => {}
                    Action::Follow => {
                        if self.goes_on(way).await? {
                            self.before_removal(way).await?;
                        }
                        let sql = format!("DELETE x{} FROM {}", way.len(), self.joined(way));
                        self.session.execute(sql).await.doing("delete rows by a foreign key")?;
                    }
                    Action::Forget => self.change(way, &key.forgets()).await?,
                }
                way.pop();
            }
            Ok(())
        })
    }

    /// Does with those that refer to the rows at the end of a way what their change does.
    fn before_change<'s>(
        &'s mut self,
        way: &'s mut Way<'w>,
        values: &'s Assigned,
    ) -> BoxFuture<'s, Result<(), Trouble>> {
        Box::pin(async move {
            for key in self.end_of(way) {
                let follows = key.follows(values);
                if follows.is_empty() {
                    continue;
                }
                way.push(key);
                self.change(way, &follows).await?;
                way.pop();
            }
            Ok(())
        })
    }

    /// Changes the rows at the end of a way, and before them those that refer to them.
    async fn change(&mut self, way: &mut Way<'w>, values: &Assigned) -> Result<(), Trouble> {
        if self.goes_on(way).await? {
            self.before_change(way, values).await?;
        }
        let Some(key) = way.last() else { return Ok(()) };
        let end = format!("x{}", way.len());
        let mut sql = format!("UPDATE {} SET ", self.joined(way)).into_bytes();
        for (index, (column, value)) in values.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            sql.extend_from_slice(format!("{comma}{end}.{column}=").as_bytes());
            sql.extend_from_slice(value);
        }
        for column in &key.kept {
            sql.extend_from_slice(format!(",{end}.{column}={end}.{column}").as_bytes());
        }
        self.session.execute(&sql).await.doing("change rows by a foreign key")?;
        Ok(())
    }

    /// Whether there are rows at the end of a way that others may refer to.
    async fn goes_on(&mut self, way: &Way<'w>) -> Result<bool, Trouble> {
        if way.len() >= DEPTH_MAX || self.end_of(way).is_empty() {
            return Ok(false);
        }
        let sql = format!("SELECT 1 FROM {} LIMIT 1", self.joined(way));
        let found = self.session.first(sql).await.doing("look for rows that refer to others")?;
        Ok(found.is_some())
    }

    /// The row and all tables of a way, each as `x` with its number. The row alone is one that the optimizer
    /// keeps apart, so that a table may refer to itself.
    fn joined(&self, way: &Way<'w>) -> String {
        let mut sql = format!("({} LIMIT 1) x0", self.row);
        for (from, key) in way.iter().enumerate() {
            let on: Vec<String> = key
                .columns
                .iter()
                .map(|(here, there)| format!("x{}.{here}=x{from}.{there}", from + 1))
                .collect();
            // Writing to a String cannot fail.
            let _infallible = write!(
                sql,
                " STRAIGHT_JOIN {} x{} ON {}",
                key.child_name,
                from + 1,
                on.join(" AND ")
            );
        }
        sql
    }
}
