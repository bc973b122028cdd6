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
        let why = if numbered {
            "MariaDB numbers unnamed checks per table, names are unique per schema in MySQL"
        } else {
            "names of checks are unique per schema in MySQL, and another table's check has this one"
        };
        draft.notes.change(NAME, format!("check {name} is named by the target"), why);
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::fixture::{self, World};
    use crate::catalog::Check;
    use crate::name::QualifiedName;

    const TWO: &str = "CREATE TABLE `t` (\n  `a` int(11),\n  CONSTRAINT `CONSTRAINT_1` CHECK (`a` > 0),\n  \
                       CONSTRAINT `mine` CHECK (`a` < 9)\n) ENGINE=InnoDB";

    #[test]
    fn numbered_names_of_mariadb_are_left_to_the_target() {
        fixture::check(
            &World::mariadb(),
            &fixture::table(TWO),
            "CREATE TABLE `shop`.`t` (\n  `a` int(11),\n  CHECK (`a` > 0),\n  \
             CONSTRAINT `mine` CHECK (`a` < 9)\n) ENGINE=InnoDB",
            &["constraint_name: check CONSTRAINT_1 is named by the target"],
        );
        fixture::check(
            &World::mysql(),
            &fixture::table(TWO),
            &TWO.replace("TABLE `t`", "TABLE `shop`.`t`"),
            &[],
        );
    }

    #[test]
    fn a_name_another_table_has_is_left_to_the_target() {
        let mut world = World::mysql().renaming("attic", "shop");
        let mut other = fixture::table("");
        other.name = QualifiedName::new("attic", "other");
        let check = Check { clause: "1".into(), enforced: true };
        other.checks = BTreeMap::from([("MINE".to_owned(), check)]);
        world.catalog.tables.insert(other.name.clone(), other);
        let scripts = super::super::table(&fixture::table(TWO), &world.context());
        assert!(scripts.create.contains("\n  CHECK (`a` < 9)\n"));
    }
}
