//! `CHECK` constraints whose names would meet on the target lose them, and the target names them.
//!
//! MariaDB's names are unique per table, and it calls unnamed ones `CONSTRAINT_1` in every table; in
//! MySQL they are unique per schema (error 3822). Two schemas that become one may clash as well.

use super::draft::TableDraft;
use super::{Context, Rewrite, target_schema};
use crate::sql::table::ItemKind;
use crate::sql::{Edit, Span};

const NAME: &str = "constraint_name";
pub(super) const REWRITE: Rewrite = Rewrite::of_tables(NAME, table);

fn table(draft: &mut TableDraft<'_>, context: &Context<'_>) {
    let mut edits = Vec::new();
    for item in draft.text.items.clone() {
        let (ItemKind::Check, Some(name), Some(span)) = (item.kind, item.name, item.constraint)
        else {
            continue;
        };
        let numbered = context.mariadb_to_mysql()
            && name.strip_prefix("CONSTRAINT_").is_some_and(|n| n.parse::<u32>().is_ok());
        if !numbered && !is_taken(draft, context, &name) {
            continue;
        }
        let check = draft.sql.cursor_in(Span { start: span.end, end: item.span.end }).offset();
        edits.push(Edit::delete(Span { start: span.start, end: check }));
        draft.notes.change(
            NAME,
            format!("check {name} is named by the target"),
            "names of checks are unique per schema in MySQL, and another table's check has this one",
        );
    }
    draft.edit(edits);
}

/// Whether an earlier table of the same target schema has a check of this name.
fn is_taken(draft: &TableDraft<'_>, context: &Context<'_>, name: &str) -> bool {
    let schema = target_schema(&draft.table.name.schema, context);
    let earlier = context.catalog.tables.range(..&draft.table.name);
    let mut with_checks = earlier.filter(|(_, table)| !table.checks.is_empty());
    with_checks.any(|(other, table)| {
        table.checks.keys().any(|check| check.eq_ignore_ascii_case(name))
            && target_schema(&other.schema, context) == schema
    })
}
