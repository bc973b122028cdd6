//! Tables that hold every type and every kind of key, with the values at which migrations break.

mod binary;
mod keys;
mod layout;
mod mariadb;
mod members;
mod numbers;
mod spatial;
mod structured;
mod temporal;
mod text;

use crate::server::{Kind, Server};

/// Rows in one INSERT: few enough for an error to point near its cause.
const ROWS_A_STATEMENT: usize = 50;

/// The settings under which these tables take their values.
pub const SESSION: &str = "SET NAMES utf8mb4;\n\
     SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES';\n\
     SET SESSION time_zone = '+00:00';\n";

/// One table with its rows.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its name, unquoted; unique among all of them.
    pub name: String,
    /// What it is there to catch.
    pub why: &'static str,
    /// The statements that create and fill it.
    pub script: String,
}

impl Table {
    /// `columns` is the inside of CREATE TABLE's parentheses, `rows` the values of a row each.
    fn new(
        name: impl Into<String>,
        why: &'static str,
        columns: impl AsRef<str>,
        rows: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Self {
        Self::with_options(name, why, columns, "", rows)
    }

    /// The same with table options after the parentheses.
    fn with_options(
        name: impl Into<String>,
        why: &'static str,
        columns: impl AsRef<str>,
        options: &str,
        rows: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Self {
        let name = name.into();
        let mut script = format!("CREATE TABLE `{name}` ({}) {options};\n", columns.as_ref());
        let rows: Vec<String> = rows.into_iter().map(|row| format!("({})", row.as_ref())).collect();
        for some in rows.chunks(ROWS_A_STATEMENT) {
            script.push_str(&format!("INSERT INTO `{name}` VALUES {};\n", some.join(",\n")));
        }
        Self { name, why, script }
    }

    /// The same with statements after the rows.
    fn then(mut self, statements: &str) -> Self {
        self.script.push_str(statements);
        self
    }
}

/// The tables that `kind` can have and a MySQL target can take. `seed` draws the rows of the key tables.
pub fn tables(kind: Kind, seed: u64) -> Vec<Table> {
    let mut all = numbers::tables();
    all.extend(temporal::tables());
    all.extend(text::tables(kind));
    all.extend(binary::tables());
    all.extend(members::tables());
    all.extend(structured::tables(kind));
    all.extend(spatial::tables(kind));
    all.extend(layout::tables(kind));
    all.extend(keys::tables(kind, seed));
    if kind.is_mariadb() {
        all.extend(mariadb::convertible_tables(kind));
    }
    // Whoever fails shows the start of its script.
    all[0].script.insert_str(0, &format!("-- seed {seed}\n"));
    all
}

/// What MariaDB has and no MySQL can take as it is: sequences, system-versioned tables, periods.
/// Each must be refused by its name.
pub fn unmovable(kind: Kind) -> Vec<Table> {
    if kind.is_mariadb() { mariadb::unmovable_tables() } else { Vec::new() }
}

/// A table with one value of so many MiB in each row, for limits of memory and packets.
pub fn large_values(rows: u32, mib: u32) -> Table {
    let row = |n| {
        format!("{n}, REPEAT(CAST(UNHEX('00FF0A5C2700{n:04X}') AS BINARY(8)), {})", mib * 131_072)
    };
    Table::new(
        "large_values",
        "values larger than buffers and packets",
        "id INT NOT NULL PRIMARY KEY, b LONGBLOB",
        (1..=rows).map(row),
    )
}

/// Creates `schema` with these tables in it.
///
/// # Panics
/// When the server refuses a statement; the message shows the seed.
pub fn create(server: &Server, schema: &str, tables: &[Table]) {
    let mut script = format!(
        "{SESSION}\
         CREATE DATABASE IF NOT EXISTS `{schema}` CHARACTER SET utf8mb4;\nUSE `{schema}`;\n"
    );
    for table in tables {
        script.push_str(&table.script);
    }
    server.sql(script);
}
