//! What samples of rows say of columns.

use crate::catalog::{KeyPart, Table};
use crate::column::Column;
use crate::name::quote;
use crate::rule::case::Case;
use crate::rule::check::{Found, Thing, Verdict};
use crate::rule::rows::Subject;
use crate::rule::suspicion::Wrong;

/// Rows of a sample in which something is wrong with a column.
pub(super) struct Seen<'a> {
    pub(super) table: &'a Table,
    pub(super) column: &'a Column,
    /// `3 of all 50 rows`, `3 of 20000 rows that were read`.
    pub(super) rows: String,
    /// The condition that finds them.
    pub(super) condition: String,
}

impl Seen<'_> {
    pub(super) fn thing(&self) -> Thing {
        Thing::column(self.table, self.column)
    }

    /// The statement that shows them, by key and with their bytes.
    pub(super) fn statement(&self) -> String {
        let parts = self.table.row_key().map(|key| key.parts.as_slice()).unwrap_or_default();
        let key = parts.iter().filter_map(|part| match part {
            KeyPart::Column { name, .. } => Some(quote(name)),
            KeyPart::Expression { .. } => None,
        });
        let bytes = format!("HEX({})", quote(&self.column.name));
        let shown: Vec<String> = key.chain([bytes]).collect();
        let (shown, table, condition) = (shown.join(", "), &self.table.name, &self.condition);
        format!("see them: SELECT {shown} FROM {table} WHERE {condition} LIMIT 100")
    }
}

/// A finding for each column in which some rows have this wrong.
pub(super) fn of_values(
    case: &Case<'_>,
    wrong: Wrong,
    found: impl Fn(&Seen<'_>) -> Found,
) -> Verdict {
    /// Count, bytes and the largest row come first.
    const NUMBERS_BEFORE: usize = 3;
    let mut all = Vec::new();
    for looked in &case.measured.rows()?.looked {
        let Subject::Values(suspicions) = &looked.look.subject else { continue };
        let Some(table) = case.catalog.tables.get(&looked.look.table) else { continue };
        for (place, suspicion) in suspicions.iter().enumerate() {
            let count = looked.number(NUMBERS_BEFORE + place).unwrap_or_default();
            let Some(column) = table.column(&suspicion.column) else { continue };
            if suspicion.wrong != wrong || count == 0 {
                continue;
            }
            let rows = looked.of_rows(count);
            let condition = suspicion.condition.clone();
            all.push(found(&Seen { table, column, rows, condition }));
        }
    }
    Ok(all)
}
