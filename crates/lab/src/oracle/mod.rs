//! Is the target the same as the source? Asked of programs that nobody here wrote: `mysqldump` and the servers.
//!
//! The rows are compared as `mysqldump` writes them, byte for byte in each column's own character set; the schema as
//! its text, after [edits](edits) that take away what a named rewrite is allowed to change, and nothing else.

mod dump;
mod select;
pub mod edits;

use std::collections::BTreeMap;

pub use edits::Edit;

use crate::server::{Kind, Server};

/// One of the two servers of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Where the data came from.
    Source,
    /// Where it went.
    Target,
}

/// What is compared, and what may differ.
#[derive(Debug, Default)]
#[must_use]
pub struct Comparison {
    schemas: Vec<(String, String)>,
    left_out: Vec<(String, String)>,
    edits: Vec<Edit>,
}

/// How many differing rows are shown.
const ROWS_SHOWN: usize = 20;
/// How much of each is shown.
const WIDTH_SHOWN: usize = 400;

impl Comparison {
    /// Compares schemas that have the same name on both sides.
    pub fn of<S: AsRef<str>>(schemas: impl IntoIterator<Item = S>) -> Self {
        schemas
            .into_iter()
            .fold(Self::default(), |all, schema| all.and_renamed(schema.as_ref(), schema.as_ref()))
    }

    /// Compares one more schema, which has another name on the target.
    pub fn and_renamed(mut self, source: &str, target: &str) -> Self {
        self.schemas.push((source.to_owned(), target.to_owned()));
        self
    }

    /// Leaves out a table or view (on both sides), for instance a view that is broken on the source.
    pub fn without(mut self, schema: &str, table: &str) -> Self {
        self.left_out.push((schema.to_owned(), table.to_owned()));
        self
    }

    /// Takes away what a rewrite was allowed to change.
    pub fn allowing(mut self, edit: Edit) -> Self {
        self.edits.push(edit);
        self
    }

    /// Compares everything.
    ///
    /// # Panics
    /// With a readable difference when there is one.
    #[track_caller]
    pub fn assert_same(&self, source: &Server, target: &Server) {
        let differences = self.differences(source, target);
        assert!(differences.is_empty(), "the target differs:\n{}", differences.join("\n"));
    }

    /// All differences in schema and rows, readable; none when both are the same.
    pub fn differences(&self, source: &Server, target: &Server) -> Vec<String> {
        let mut all = self.schema_differences(source, target);
        all.extend(self.row_differences(source, target));
        all
    }

    /// Differences in tables, views, routines, triggers and events. Only for two servers of one family: MariaDB writes
    /// its definitions in other words.
    pub fn schema_differences(&self, source: &Server, target: &Server) -> Vec<String> {
        let compare = |(on_source, on_target): &(String, String)| {
            let left = self.edited(
                Side::Source,
                &dump::schema(source, on_source, &self.left_out_of(on_source)),
            );
            let right = self.edited(
                Side::Target,
                &dump::schema(target, on_target, &self.left_out_of(on_source)),
            );
            if left == right {
                return None;
            }
            let diff = similar::TextDiff::from_lines(&left, &right);
            let shown =
                diff.unified_diff().context_radius(3).header(on_source, on_target).to_string();
            Some(format!("definitions in schema {on_source}:\n{shown}"))
        };
        self.schemas.iter().filter_map(compare).collect()
    }

    /// Differences in rows, whatever their order. Where no dump program speaks to both (MySQL 5.6), by plain queries.
    pub fn row_differences(&self, source: &Server, target: &Server) -> Vec<String> {
        let is_dumped = [source, target].iter().all(|server| server.kind() != Kind::MySql5_6);
        let compare = |(on_source, on_target): &(String, String)| {
            let rows = |side, server, schema| {
                let left_out = self.left_out_of(on_source);
                let mut rows = if is_dumped {
                    dump::rows(server, schema, &left_out, |head| self.edited(side, head))
                } else {
                    select::rows(server, schema, &left_out)
                };
                rows.sort_unstable();
                rows
            };
            let left = rows(Side::Source, source, on_source);
            let right = rows(Side::Target, target, on_target);
            let (missing, extra) = differing(&left, &right);
            if missing.is_empty() && extra.is_empty() {
                return None;
            }
            let mut text = format!(
                "rows of schema {on_source}: {} only on the source (-), {} only on the target (+)",
                missing.len(),
                extra.len()
            );
            for (sign, rows) in [('-', &missing), ('+', &extra)] {
                for row in rows.iter().take(ROWS_SHOWN) {
                    let shown: String =
                        String::from_utf8_lossy(row).chars().take(WIDTH_SHOWN).collect();
                    text.push_str(&format!("\n{sign} {shown}"));
                }
            }
            Some(text)
        };
        self.schemas.iter().filter_map(compare).collect()
    }

    fn edited(&self, side: Side, text: &str) -> String {
        self.edits.iter().fold(text.to_owned(), |text, edit| edit.apply(side, &text))
    }

    fn left_out_of(&self, schema: &str) -> Vec<String> {
        let here = self.left_out.iter().filter(|(of, _)| of == schema);
        here.map(|(_, table)| table.clone()).collect()
    }
}

/// What only the left and what only the right of two sorted lists has.
fn differing<'a>(left: &'a [Vec<u8>], right: &'a [Vec<u8>]) -> (Vec<&'a [u8]>, Vec<&'a [u8]>) {
    let (mut only_left, mut only_right) = (Vec::new(), Vec::new());
    let (mut l, mut r) = (left.iter().peekable(), right.iter().peekable());
    loop {
        match (l.peek(), r.peek()) {
            (None, None) => return (only_left, only_right),
            (Some(a), Some(b)) if a == b => {
                l.next();
                r.next();
            }
            (Some(a), b) if b.is_none_or(|b| a < b) => {
                only_left.push(a.as_slice());
                l.next();
            }
            (_, Some(b)) => {
                only_right.push(b.as_slice());
                r.next();
            }
            (Some(_), None) => unreachable!("a left row without a right one is taken above"),
        }
    }
}

/// The rows of each base table of a schema, counted.
pub fn row_counts(server: &Server, schema: &str) -> BTreeMap<String, u64> {
    let names = server.sql(format!(
        "SELECT table_name FROM information_schema.tables \
         WHERE table_schema = '{}' AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')",
        schema.replace('\'', "''")
    ));
    let script: String = names
        .lines()
        .map(|name| format!("SELECT COUNT(*) FROM {};\n", qualified(schema, name)))
        .collect();
    let counts = server.sql(script);
    let counts = counts.lines().map(|count| count.parse().expect("a count"));
    names.lines().map(str::to_owned).zip(counts).collect()
}

/// `CHECKSUM TABLE` of each table: sees every bit of every value, but also the order of columns and their types.
pub fn checksums(
    server: &Server,
    schema: &str,
    tables: &[impl AsRef<str>],
) -> BTreeMap<String, String> {
    let script: String = tables
        .iter()
        .map(|table| format!("CHECKSUM TABLE {} EXTENDED;\n", qualified(schema, table.as_ref())))
        .collect();
    let answers = server.sql(script);
    let sums = answers.lines().filter_map(|line| Some(line.rsplit_once('\t')?.1.to_owned()));
    tables.iter().map(|table| table.as_ref().to_owned()).zip(sums).collect()
}

fn qualified(schema: &str, table: &str) -> String {
    format!("`{}`.`{}`", schema.replace('`', "``"), table.replace('`', "``"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_compared_as_a_multiset() {
        let rows =
            |list: &[&str]| list.iter().map(|row| row.as_bytes().to_vec()).collect::<Vec<_>>();
        let (left, right) = (rows(&["a", "b", "b", "d"]), rows(&["b", "c", "d", "d"]));
        let (missing, extra) = differing(&left, &right);
        assert_eq!(missing, [b"a", b"b"]);
        assert_eq!(extra, [b"c", b"d"]);
    }
}
