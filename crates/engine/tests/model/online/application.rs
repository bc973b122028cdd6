//! The application: what it may write to the source, transaction after transaction.

use super::world::{KEYS, Kind, TABLES, Table, World};

/// A place in the log: how many transactions are before it.
pub(crate) type Position = u8;

/// What is in each row of each table: a row, or how many rows of a table without a key.
pub(crate) type Cells = [[u8; KEYS]; TABLES];

/// No row.
pub(crate) const ABSENT: u8 = 0;

/// A row's `u`, and the number of the transaction that wrote it as its other columns.
pub(crate) fn row(u: u8, written_by: Position) -> u8 {
    1 << 7 | u << 4 | written_by
}

/// The unique column of a row.
pub(crate) fn u_of(row: u8) -> u8 {
    row >> 4 & 7
}

/// A row event with full images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) table: u8,
    /// Key and row as they were.
    pub(crate) before: Option<(u8, u8)>,
    /// Key and row as they are.
    pub(crate) after: Option<(u8, u8)>,
}

/// One transaction of the source, in the words of the trace and in those of the log.
#[derive(Clone, Debug)]
pub(crate) struct Transaction {
    pub(crate) words: String,
    pub(crate) changes: Vec<Change>,
}

/// What the application has written when all is over.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) transactions: Vec<Transaction>,
    /// The source's rows at each position.
    pub(crate) states: Vec<Cells>,
}

impl History {
    /// Nothing written yet.
    fn new(world: &World) -> Self {
        Self { transactions: Vec::new(), states: vec![world.rows_at_start()] }
    }

    /// Where the log ends.
    pub(crate) fn end(&self) -> Position {
        u8::try_from(self.transactions.len()).unwrap()
    }

    /// The source's rows at a position.
    pub(crate) fn at(&self, position: Position) -> &Cells {
        &self.states[usize::from(position)]
    }

    /// The transaction that leads to a position.
    pub(crate) fn to(&self, position: Position) -> &Transaction {
        &self.transactions[usize::from(position) - 1]
    }

    /// Whether the transaction that leads to a position touches a table.
    pub(crate) fn touches(&self, position: Position, table: u8) -> bool {
        self.to(position).changes.iter().any(|change| change.table == table)
    }

    fn and(&self, transaction: Transaction) -> Self {
        let mut next = self.clone();
        let mut cells = *self.at(self.end());
        for change in &transaction.changes {
            let cells = &mut cells[usize::from(change.table)];
            if let Some((key, row)) = change.before {
                let cell = &mut cells[usize::from(key)];
                *cell = if is_counted(row) { *cell - 1 } else { ABSENT };
            }
            if let Some((key, row)) = change.after {
                let cell = &mut cells[usize::from(key)];
                *cell = if is_counted(row) { *cell + 1 } else { row };
            }
        }
        next.transactions.push(transaction);
        next.states.push(cells);
        next
    }
}

/// Rows of a table without a key have no content but their number.
const COUNTED: u8 = 1;

/// Whether it is one.
pub(crate) fn is_counted(row: u8) -> bool {
    row == COUNTED
}

/// Every history of a length.
pub(crate) fn histories(world: &World, length: usize) -> Vec<History> {
    let mut all = vec![History::new(world)];
    for _ in 0..length {
        all = all
            .iter()
            .flat_map(|history| choices(world, history).into_iter().map(|next| history.and(next)))
            .collect();
    }
    all
}

/// What the application may write next.
fn choices(world: &World, history: &History) -> Vec<Transaction> {
    let cells = history.at(history.end());
    let by = history.end() + 1;
    let mut all = Vec::new();
    for number in world.every_table() {
        let one =
            OneTable { number, table: world.table(number), cells: &cells[usize::from(number)] };
        match one.table.kind {
            Kind::Keyless => one.keyless(&mut all),
            Kind::Keyed | Kind::Text => one.keyed(by, &mut all),
        }
    }
    if world.tables.len() > 1 {
        all.extend(both(world, cells, by));
    }
    all
}

/// One row of each table is written, in this order.
fn both(world: &World, cells: &Cells, by: Position) -> Option<Transaction> {
    let mut changes = Vec::new();
    for number in world.every_table() {
        let one =
            OneTable { number, table: world.table(number), cells: &cells[usize::from(number)] };
        let key = one.present().next()?;
        changes.push(match one.table.kind {
            Kind::Keyless => Change { table: number, before: None, after: Some((key, COUNTED)) },
            Kind::Keyed | Kind::Text => one.update(key, key, u_of(one.cell(key)), by),
        });
    }
    Some(Transaction { words: "a row of each table".to_owned(), changes })
}

/// A table as it is before a transaction.
struct OneTable<'a> {
    number: u8,
    table: Table,
    cells: &'a [u8; KEYS],
}

impl OneTable<'_> {
    fn cell(&self, key: u8) -> u8 {
        self.cells[usize::from(key)]
    }

    fn present(&self) -> impl Iterator<Item = u8> + '_ {
        (0..self.table.keys).filter(|key| self.cell(*key) != ABSENT)
    }

    /// Keys no row has, to the server.
    fn absent(&self) -> impl Iterator<Item = u8> + '_ {
        (0..self.table.keys)
            .filter(|key| self.present().all(|other| !self.table.equal(*key, other)))
    }

    /// Values of `u` no row has.
    fn free(&self) -> Vec<u8> {
        let taken = |u: &u8| self.present().any(|key| u_of(self.cell(key)) == *u);
        (0..self.table.u_values).filter(|u| !taken(u)).collect()
    }

    fn update(&self, key: u8, to: u8, u: u8, by: Position) -> Change {
        let before = Some((key, self.cell(key)));
        Change { table: self.number, before, after: Some((to, row(u, by))) }
    }

    /// Everything that may be written to a table with a key.
    fn keyed(&self, by: Position, all: &mut Vec<Transaction>) {
        let table = self.number;
        let mut add =
            |words: String, changes: Vec<Change>| all.push(Transaction { words, changes });
        for key in self.present() {
            let u = u_of(self.cell(key));
            let gone = Change { table, before: Some((key, self.cell(key))), after: None };
            add(format!("delete {key}"), vec![gone]);
            add(format!("update {key}"), vec![self.update(key, key, u, by)]);
            for to in self.free() {
                add(format!("{key}: u={to}"), vec![self.update(key, key, to, by)]);
            }
            let moves = (0..self.table.keys).filter(|to| {
                *to != key
                    && self.present().all(|other| other == key || !self.table.equal(*to, other))
            });
            for to in moves {
                add(format!("{key} becomes {to}"), vec![self.update(key, to, u, by)]);
            }
            for other in self.present().filter(|other| *other > key && self.table.is_unique()) {
                add(format!("{key} and {other} swap u"), self.swap(key, other, by));
            }
        }
        for key in self.absent() {
            let free = if self.table.is_unique() { self.free() } else { vec![key] };
            for u in free {
                let after = Some((key, row(u, by)));
                add(format!("insert {key} u={u}"), vec![Change { table, before: None, after }]);
            }
        }
    }

    /// Two rows swap their `u` through a third value, or by delete and insert if there is none.
    fn swap(&self, key: u8, other: u8, by: Position) -> Vec<Change> {
        let (u, other_u) = (u_of(self.cell(key)), u_of(self.cell(other)));
        let last = Some((key, row(other_u, by)));
        let second = self.update(other, other, u, by);
        let table = self.number;
        if let Some(third) = self.free().first() {
            let first = self.update(key, key, *third, by);
            return vec![first, second, Change { table, before: first.after, after: last }];
        }
        let gone = Change { table, before: Some((key, self.cell(key))), after: None };
        vec![gone, second, Change { table, before: None, after: last }]
    }

    /// Everything that may be written to a table without one.
    fn keyless(&self, all: &mut Vec<Transaction>) {
        let table = self.number;
        let one = |key: u8| Some((key, COUNTED));
        for key in 0..self.table.keys {
            let insert = Change { table, before: None, after: one(key) };
            all.push(Transaction { words: format!("insert a row {key}"), changes: vec![insert] });
        }
        for key in self.present() {
            let gone = Change { table, before: one(key), after: None };
            all.push(Transaction { words: format!("delete a row {key}"), changes: vec![gone] });
            for to in (0..self.table.keys).filter(|to| *to != key) {
                let update = Change { table, before: one(key), after: one(to) };
                let words = format!("a row {key} becomes {to}");
                all.push(Transaction { words, changes: vec![update] });
            }
        }
    }
}
