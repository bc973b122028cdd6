//! Tables in memory, with transactions: what is not committed is seen by nobody else and taken back, and rows are
//! locked until then.

use std::collections::BTreeMap;

use super::sql::{Change, Condition, Val};

pub(super) type Row = Vec<Val>;

/// A table.
#[derive(Clone, Debug)]
pub(super) struct Sheet {
    columns: Vec<String>,
    /// Columns of its primary key, which come first; without, rows have numbers nobody sees.
    key: usize,
    /// A column whose values differ.
    pub(super) unique: Option<usize>,
    rows: BTreeMap<Row, Row>,
    next: i64,
}

impl Sheet {
    pub(super) fn new(columns: &str, key: usize) -> Self {
        let columns = columns.split(' ').map(str::to_owned).collect();
        Self { columns, key, unique: None, rows: BTreeMap::new(), next: 0 }
    }

    pub(super) fn column(&self, name: &str) -> usize {
        let found = self.columns.iter().position(|column| column == name);
        found.unwrap_or_else(|| panic!("no column {name} in {:?}", self.columns))
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.values()
    }

    /// Puts a row where it belongs; without a key, anywhere.
    pub(super) fn put(&mut self, row: Row) {
        let key = self.key_of(&row);
        self.rows.insert(key, row);
    }

    pub(super) fn remove_one(&mut self, row: &Row) {
        let found = self.rows.iter().find(|(_, there)| *there == row).map(|(key, _)| key.clone());
        self.rows.remove(&found.expect("the row is there"));
    }

    pub(super) fn matches(&self, row: &Row, conditions: &[Condition]) -> bool {
        conditions.iter().all(|condition| condition.holds(&row[self.column(&condition.column)]))
    }

    fn key_of(&mut self, row: &Row) -> Row {
        if self.key > 0 {
            return row[..self.key].to_vec();
        }
        self.next += 1;
        vec![Val::Int(self.next)]
    }
}

/// What became of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Done {
        affected: u64,
        deleted: u64,
        skipped: u64,
    },
    /// Another session has a lock.
    Blocked(u32),
    /// A row with the key is there.
    Duplicate,
}

/// What becomes of rows whose key is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Refuse,
    Ignore,
    Replace,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Store {
    pub(super) sheets: BTreeMap<String, Sheet>,
    locks: BTreeMap<(String, Row), u32>,
    undo: BTreeMap<u32, Vec<(String, Row, Option<Row>)>>,
}

impl Store {
    pub(super) fn sheet(&self, table: &str) -> &Sheet {
        self.sheets.get(table).unwrap_or_else(|| panic!("no table {table}"))
    }

    pub(super) fn commit(&mut self, session: u32) {
        self.undo.remove(&session);
        self.locks.retain(|_, holder| *holder != session);
    }

    /// Takes back what was not committed; what `stays` says stays all the same.
    pub(super) fn roll_back_but(&mut self, session: u32, stays: impl Fn(&str) -> bool) {
        for (table, key, before) in self.undo.remove(&session).unwrap_or_default().into_iter().rev()
        {
            if stays(&table) {
                continue;
            }
            let rows = &mut self.sheets.get_mut(&table).unwrap().rows;
            match before {
                Some(row) => rows.insert(key, row),
                None => rows.remove(&key),
            };
        }
        self.locks.retain(|_, holder| *holder != session);
    }

    /// Whether anybody else holds a lock of a table.
    pub(super) fn used_by_others(&self, table: &str, session: u32) -> Option<u32> {
        let mut held =
            self.locks.iter().filter(|((of, _), holder)| of == table && **holder != session);
        held.next().map(|(_, holder)| *holder)
    }

    /// The rows of a table that a session sees: what is committed, and its own.
    pub(super) fn seen(&self, table: &str, session: u32) -> BTreeMap<Row, Row> {
        let mut rows = self.sheet(table).rows.clone();
        for (_, undo) in self.undo.iter().filter(|(of, _)| **of != session) {
            for (of, key, before) in undo.iter().rev().filter(|(of, _, _)| of == table) {
                debug_assert_eq!(of, table);
                match before {
                    Some(row) => rows.insert(key.clone(), row.clone()),
                    None => rows.remove(key),
                };
            }
        }
        rows
    }

    /// Locks the rows that match, and returns them.
    pub(super) fn lock_matching(
        &mut self,
        session: u32,
        table: &str,
        conditions: &[Condition],
    ) -> Result<Vec<(Row, Row)>, u32> {
        let sheet = self.sheet(table);
        let seen = self.seen(table, session);
        let candidates: Vec<Row> = seen
            .iter()
            .chain(&sheet.rows)
            .filter(|(_, row)| sheet.matches(row, conditions))
            .map(|(key, _)| key.clone())
            .collect();
        for key in candidates {
            self.lock(session, table, key)?;
        }
        let sheet = self.sheet(table);
        let matching = sheet.rows.iter().filter(|(_, row)| sheet.matches(row, conditions));
        Ok(matching.map(|(key, row)| (key.clone(), row.clone())).collect())
    }

    fn lock(&mut self, session: u32, table: &str, key: Row) -> Result<(), u32> {
        match *self.locks.entry((table.to_owned(), key)).or_insert(session) {
            holder if holder == session => Ok(()),
            holder => Err(holder),
        }
    }

    fn lock_value(&mut self, session: u32, table: &str, value: &Val) -> Result<(), u32> {
        if *value == Val::Null {
            return Ok(());
        }
        self.lock(session, &format!("{table}.unique"), vec![value.clone()])
    }

    fn set(&mut self, session: u32, table: &str, key: Row, row: Option<Row>) {
        let rows = &mut self.sheets.get_mut(table).unwrap().rows;
        let before = match row {
            Some(row) => rows.insert(key.clone(), row),
            None => rows.remove(&key),
        };
        self.undo.entry(session).or_default().push((table.to_owned(), key, before));
    }

    pub(super) fn delete(
        &mut self,
        session: u32,
        table: &str,
        conditions: &[Condition],
        limit: usize,
    ) -> Outcome {
        let unique = self.sheet(table).unique;
        let found = match self.lock_matching(session, table, conditions) {
            Ok(found) => found,
            Err(holder) => return Outcome::Blocked(holder),
        };
        let found: Vec<_> = found.into_iter().take(limit).collect();
        for (_, row) in &found {
            if let Some(Err(holder)) = unique.map(|at| self.lock_value(session, table, &row[at])) {
                return Outcome::Blocked(holder);
            }
        }
        let affected = found.len() as u64;
        for (key, _) in found {
            self.set(session, table, key, None);
        }
        Outcome::Done { affected, deleted: 0, skipped: 0 }
    }

    pub(super) fn update(
        &mut self,
        session: u32,
        table: &str,
        changes: &[(String, Change)],
        conditions: &[Condition],
        limit: usize,
    ) -> Outcome {
        let found = match self.lock_matching(session, table, conditions) {
            Ok(found) => found,
            Err(holder) => return Outcome::Blocked(holder),
        };
        let found: Vec<_> = found.into_iter().take(limit).collect();
        let affected = found.len() as u64;
        for (key, before) in found {
            let sheet = self.sheet(table);
            let mut row = before.clone();
            for (column, change) in changes {
                let value = match change {
                    Change::To(value) => value,
                    Change::Unless(condition, value) => {
                        if condition.holds(&before[sheet.column(&condition.column)]) {
                            continue;
                        }
                        value
                    }
                };
                row[sheet.column(column)] = value.clone();
            }
            self.set(session, table, key, Some(row));
        }
        Outcome::Done { affected, deleted: 0, skipped: 0 }
    }

    pub(super) fn insert(
        &mut self,
        session: u32,
        table: &str,
        rows: Vec<Row>,
        taken: Taken,
    ) -> Outcome {
        if let Err(holder) = self.lock_for(session, table, &rows) {
            return Outcome::Blocked(holder);
        }
        let (mut affected, mut deleted, mut skipped) = (0, 0, 0);
        for row in rows {
            let conflicts = self.conflicts(table, &row);
            match taken {
                Taken::Refuse if !conflicts.is_empty() => return Outcome::Duplicate,
                Taken::Ignore if !conflicts.is_empty() => {
                    skipped += 1;
                    continue;
                }
                Taken::Refuse | Taken::Ignore | Taken::Replace => {}
            }
            for (key, _) in conflicts {
                self.set(session, table, key, None);
                deleted += 1;
            }
            let key = self.sheets.get_mut(table).unwrap().key_of(&row);
            if self.lock(session, table, key.clone()).is_err() {
                unreachable!("it is locked, or nobody else's");
            }
            self.set(session, table, key, Some(row));
            affected += 1;
        }
        Outcome::Done { affected: affected + deleted, deleted, skipped }
    }

    /// Takes the locks of rows that come and of those they conflict with.
    fn lock_for(&mut self, session: u32, table: &str, rows: &[Row]) -> Result<(), u32> {
        let Sheet { key, unique, .. } = *self.sheet(table);
        for row in rows {
            if key > 0 {
                self.lock(session, table, row[..key].to_vec())?;
            }
            if let Some(at) = unique {
                self.lock_value(session, table, &row[at])?;
                for (key, there) in self.conflicts(table, row) {
                    self.lock(session, table, key)?;
                    self.lock_value(session, table, &there[at])?;
                }
            }
        }
        Ok(())
    }

    fn conflicts(&self, table: &str, row: &Row) -> Vec<(Row, Row)> {
        let sheet = self.sheet(table);
        let is_equal = |there: &Row| {
            let by_key = sheet.key > 0 && there[..sheet.key] == row[..sheet.key];
            let by_unique =
                sheet.unique.is_some_and(|at| row[at] != Val::Null && there[at] == row[at]);
            by_key || by_unique
        };
        let found = sheet.rows.iter().filter(|(_, there)| is_equal(there));
        found.map(|(key, there)| (key.clone(), there.clone())).collect()
    }
}
