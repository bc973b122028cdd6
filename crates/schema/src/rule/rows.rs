//! What `assess --scan` reads of users' rows: one bounded statement per table and per foreign key, and its answer.
//!
//! The first and the last rows by the primary key are read: what is old and what is new. How many depends on how
//! wide they are, so that no statement reads more than [`BYTES_MAX`] whatever the table's size.

use super::suspicion::{Suspicion, suspicions};
use crate::catalog::{Catalog, Check, ForeignKey, KeyKind, KeyPart, Table, TableKind};
use crate::column::Column;
use crate::facts::{Flavor, ServerVersion};
use crate::name::{QualifiedName, quote};

/// Rows one statement reads at most.
pub const ROWS_MAX: u64 = 20_000;

/// Bytes one statement reads at most, as far as statistics know how wide a row is.
pub const BYTES_MAX: u64 = 64 << 20;

/// A statement that reads rows of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// The table.
    pub table: QualifiedName,
    /// What it asks about.
    pub subject: Subject,
    /// Rows it reads at most: fewer were all there are.
    pub rows_max: u64,
    /// The statement; its answer is one row of numbers, the first of them how many rows were read.
    pub sql: String,
}

/// What a look is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The values of all columns. After the number of rows come the bytes of all of them, those of the largest
    /// row, and for each suspicion how many rows bear it out.
    Values(Vec<Suspicion>),
    /// A foreign key, by its name. After the number of rows comes how many of them have no parent.
    Reference(String),
    /// A `CHECK` constraint, by its name. After the number of rows comes how many of them break it.
    Constraint(String),
}

/// A look with what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// The look.
    pub look: Look,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The numbers.
    Read(Vec<u64>),
    /// It took too long and was ended by the server.
    Late,
    /// The account may not read the table.
    Denied,
    /// The server answered with an error.
    Failed {
        /// Its words.
        why: String,
    },
}

/// All looks, and what there was no time for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowSample {
    /// What was looked at.
    pub looked: Vec<Looked>,
    /// Looks that were left out because the time for all of them was used up.
    pub left_out: usize,
}

impl Looked {
    /// Rows that were read.
    #[must_use]
    pub fn rows(&self) -> Option<u64> {
        self.number(0)
    }

    /// Whether those were all rows the table has.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.rows().is_some_and(|rows| rows < self.look.rows_max)
    }

    /// `3 of all 50 rows`, `3 of 20000 rows that were read`.
    #[must_use]
    pub fn of_rows(&self, count: u64) -> String {
        let rows = self.rows().unwrap_or_default();
        if self.is_whole() {
            format!("{count} of all {rows} rows")
        } else {
            format!("{count} of {rows} rows that were read")
        }
    }

    /// The number at a place of the answer.
    #[must_use]
    pub fn number(&self, place: usize) -> Option<u64> {
        match &self.outcome {
            Outcome::Read(numbers) => numbers.get(place).copied(),
            Outcome::Late | Outcome::Denied | Outcome::Failed { .. } => None,
        }
    }
}

/// Everything there is to look at on a source of this version, the largest tables first.
#[must_use]
pub fn looks(catalog: &Catalog, source: ServerVersion) -> Vec<Look> {
    let mut tables: Vec<&Table> =
        catalog.tables.values().filter(|table| holds_rows(table)).collect();
    tables.sort_by_key(|table| std::cmp::Reverse(table.data_bytes));
    let of = |table: &Table| {
        let references = table.foreign_keys.iter().map(|key| reference(table, key));
        let constraints = table.checks.iter().filter(|_| lets_checks_be_off(source));
        let constraints = constraints.map(|(name, check)| constraint(table, name, check));
        std::iter::once(values(table)).chain(references).chain(constraints).collect::<Vec<_>>()
    };
    tables.into_iter().flat_map(of).collect()
}

/// A `SEQUENCE` has a number instead of rows, `FEDERATED` and the like have them on another server.
fn holds_rows(table: &Table) -> bool {
    let is_elsewhere = ["FEDERATED", "CONNECT", "SPIDER", "BLACKHOLE", "S3"]
        .iter()
        .any(|engine| table.engine.eq_ignore_ascii_case(engine));
    table.kind != TableKind::Sequence && !is_elsewhere
}

fn values(table: &Table) -> Look {
    let suspicions: Vec<Suspicion> = table.columns.iter().flat_map(suspicions).collect();
    let mut selected = vec![format!("{} AS b", bytes_of(table))];
    let mut told = "SELECT COUNT(*), COALESCE(SUM(b), 0), COALESCE(MAX(b), 0)".to_owned();
    for (number, suspicion) in suspicions.iter().enumerate() {
        selected.push(format!("{} AS s{number}", suspicion.condition));
        told += &format!(", COALESCE(SUM(s{number}), 0)");
    }
    let Window { from, rows_max } = window(table, &selected.join(", "));
    let sql = format!("{told} FROM {from}");
    Look { table: table.name.clone(), subject: Subject::Values(suspicions), rows_max, sql }
}

/// The bytes of a row's values. Added up in groups: a sum of a thousand terms is nested a thousand deep, for which
/// servers lack the stack.
fn bytes_of(table: &Table) -> String {
    const GROUP: usize = 50;
    let length = |column: &Column| format!("COALESCE(LENGTH({}), 0)", quote(&column.name));
    let lengths: Vec<String> = table.written_columns().map(length).collect();
    let groups: Vec<String> =
        lengths.chunks(GROUP).map(|group| format!("({})", group.join(" + "))).collect();
    if groups.is_empty() { "0".to_owned() } else { groups.join(" + ") }
}

/// Each row's parent is looked up by the key it refers to: nothing of the parent is read beyond that.
fn reference(table: &Table, key: &ForeignKey) -> Look {
    let mut selected = Vec::new();
    let mut set = Vec::new();
    let mut same = Vec::new();
    for (number, (own, other)) in key.columns.iter().zip(&key.parent_columns).enumerate() {
        selected.push(format!("{} AS k{number}", quote(own)));
        set.push(format!("k{number} IS NOT NULL"));
        same.push(format!("p.{} = k{number}", quote(other)));
    }
    let Window { from, rows_max } = window(table, &selected.join(", "));
    let sql = format!(
        "SELECT COUNT(*), COALESCE(SUM({} AND NOT EXISTS (SELECT 1 FROM {} p WHERE {})), 0) FROM {from}",
        set.join(" AND "),
        key.parent,
        same.join(" AND ")
    );
    Look { table: table.name.clone(), subject: Subject::Reference(key.name.clone()), rows_max, sql }
}

/// MySQL has no way to write a row that breaks an enforced check, MariaDB has `check_constraint_checks`
/// (<https://mariadb.com/kb/en/server-system-variables/#check_constraint_checks>).
fn lets_checks_be_off(source: ServerVersion) -> bool {
    source.flavor == Flavor::MariaDb
}

fn constraint(table: &Table, name: &str, check: &Check) -> Look {
    let Window { from, rows_max } = window(table, &format!("(NOT ({})) AS v", check.clause));
    let sql = format!("SELECT COUNT(*), COALESCE(SUM(v), 0) FROM {from}");
    Look { table: table.name.clone(), subject: Subject::Constraint(name.to_owned()), rows_max, sql }
}

/// Some rows of a table.
struct Window {
    from: String,
    rows_max: u64,
}

fn window(table: &Table, selected: &str) -> Window {
    let row_bytes = table.data_bytes.checked_div(table.rows_estimate).unwrap_or(0).max(1);
    let rows_max = (BYTES_MAX / row_bytes).clamp(2, ROWS_MAX);
    let name = &table.name;
    let from = match order(table) {
        // Twice as many by statistics: else both ends might overlap.
        Some((up, down)) if table.rows_estimate / 2 > rows_max => {
            let half = rows_max / 2;
            format!(
                "(SELECT * FROM (SELECT {selected} FROM {name} ORDER BY {up} LIMIT {half}) f UNION ALL \
                 SELECT * FROM (SELECT {selected} FROM {name} ORDER BY {down} LIMIT {half}) l) s"
            )
        }
        Some(_) | None => format!("(SELECT {selected} FROM {name} LIMIT {rows_max}) s"),
    };
    Window { from, rows_max }
}

/// The order rows lie in, and the opposite one; `None` where the server would have to sort.
fn order(table: &Table) -> Option<(String, String)> {
    let key = table.keys.iter().find(|key| key.kind == KeyKind::Primary)?;
    if !table.engine.eq_ignore_ascii_case("InnoDB") {
        return None;
    }
    let (mut up, mut down) = (Vec::new(), Vec::new());
    for part in &key.parts {
        let KeyPart::Column { name, prefix: None, descending } = part else { return None };
        let (forth, back) = if *descending { (" DESC", "") } else { ("", " DESC") };
        up.push(format!("{}{forth}", quote(name)));
        down.push(format!("{}{back}", quote(name)));
    }
    Some((up.join(", "), down.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::bench::{Bench, column, foreign_key};

    fn bench(rows: u64, bytes: u64) -> Bench {
        Bench::clean().with_table("shop", "t", |table| {
            table.columns.push(column("at", "date"));
            table.columns.push(column("kind", "enum('a','b')"));
            table.foreign_keys.push(foreign_key("fk", &["id"], "p", &["id"]));
            (table.rows_estimate, table.data_bytes) = (rows, bytes);
        })
    }

    fn of(bench: &Bench) -> Vec<Look> {
        looks(&bench.catalog, bench.source.version)
    }

    #[test]
    fn a_large_table_is_read_at_both_ends_and_a_small_one_whole() {
        let small = of(&bench(100, 4_000));
        assert_eq!(small.len(), 2);
        assert!(small[0].sql.ends_with("FROM `shop`.`t` LIMIT 20000) s"), "{}", small[0].sql);
        let large = of(&bench(1_000_000, 40_000_000));
        assert!(large[0].sql.contains("ORDER BY `id` LIMIT 10000) f"), "{}", large[0].sql);
        assert!(large[0].sql.contains("ORDER BY `id` DESC LIMIT 10000) l"), "{}", large[0].sql);
        assert_eq!(large[0].rows_max, ROWS_MAX);
    }

    #[test]
    fn wide_rows_are_read_in_smaller_numbers() {
        let wide = of(&bench(1 << 20, 1 << 40));
        assert_eq!(wide[0].rows_max, 64);
        assert_eq!(of(&bench(2, 1 << 40))[0].rows_max, 2);
    }

    #[test]
    fn nothing_has_to_be_sorted() {
        let with = |change: fn(&mut Table)| {
            let bench = Bench::clean().with_table("shop", "t", |table| {
                (table.rows_estimate, table.data_bytes) = (1_000_000, 40_000_000);
                change(table);
            });
            of(&bench).remove(0).sql
        };
        assert!(with(|_| {}).contains("ORDER BY"));
        assert!(!with(|table| table.keys.clear()).contains("ORDER BY"));
        assert!(!with(|table| table.engine = "MyISAM".into()).contains("ORDER BY"));
        let prefix = |table: &mut Table| {
            table.keys[0].parts =
                vec![KeyPart::Column { name: "id".into(), prefix: Some(3), descending: false }];
        };
        assert!(!with(prefix).contains("ORDER BY"));
        let descending = |table: &mut Table| {
            table.keys[0].parts =
                vec![KeyPart::Column { name: "id".into(), prefix: None, descending: true }];
        };
        assert!(with(descending).contains("ORDER BY `id` DESC LIMIT 10000) f"));
    }

    #[test]
    fn what_has_its_rows_elsewhere_is_not_read() {
        let federated = Bench::clean().with_table("shop", "t", |t| t.engine = "FEDERATED".into());
        assert_eq!(of(&federated), []);
    }

    #[test]
    fn checks_are_looked_at_only_where_a_session_may_turn_them_off() {
        let checked = |version: &str| {
            let bench = Bench::from(version).with_table("shop", "t", |table| {
                let check = Check { clause: "`id` > 0".into(), enforced: true };
                table.checks.insert("positive".into(), check);
            });
            of(&bench).into_iter().skip(1).map(|look| look.sql).collect::<Vec<_>>()
        };
        assert_eq!(checked("8.4.6"), [""; 0]);
        assert_eq!(
            checked("10.11.9-MariaDB"),
            [
                "SELECT COUNT(*), COALESCE(SUM(v), 0) FROM (SELECT (NOT (`id` > 0)) AS v FROM `shop`.`t` LIMIT 20000) s"
            ]
        );
    }

    #[test]
    fn fewer_rows_than_asked_for_are_all_there_are() {
        let look = of(&bench(100, 4_000)).remove(0);
        let read = |rows| Looked { look: look.clone(), outcome: Outcome::Read(vec![rows, 0, 0]) };
        assert!(read(100).is_whole() && !read(20_000).is_whole());
        assert!(!Looked { look, outcome: Outcome::Late }.is_whole());
    }
}
