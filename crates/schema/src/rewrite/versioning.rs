//! System-versioned tables and application-time periods are refused by name: MySQL has neither.
//!
//! Leaving the clauses out would lose the history, or a constraint.

use super::draft::TableDraft;
use super::{Context, Rewrite};
use crate::catalog::TableKind;
use crate::sql::table::ItemKind;

const NAME: &str = "versioning";
pub(super) const REWRITE: Rewrite = Rewrite::of_tables(NAME, table);

fn table(draft: &mut TableDraft<'_>, context: &Context<'_>) {
    if !context.mariadb_to_mysql() {
        return;
    }
    let what = format!("table {}", draft.table.name);
    if draft.table.kind == TableKind::SystemVersioned
        || draft.text.option("WITH SYSTEM VERSIONING").is_some()
    {
        let remedy = "drop its versioning on the source (this discards the history), or exclude it";
        draft.notes.refuse(NAME, what, "MySQL has no system-versioned tables", remedy);
    } else if draft.text.items_of(ItemKind::Period).next().is_some() {
        let remedy = "drop the period on the source, or exclude the table";
        draft.notes.refuse(NAME, what, "MySQL has no periods (PERIOD FOR)", remedy);
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, World};

    #[test]
    fn history_and_periods_are_refused() {
        let world = World::mariadb();
        let versioned = "CREATE TABLE `t` (`a` int(11)) ENGINE=InnoDB WITH SYSTEM VERSIONING";
        let refusal = "!versioning: table `shop`.`t`";
        fixture::check_refused(&world, &fixture::table(versioned), refusal);
        let period =
            "CREATE TABLE `t` (`s` date, `e` date, PERIOD FOR `p` (`s`, `e`)) ENGINE=InnoDB";
        fixture::check_refused(&world, &fixture::table(period), refusal);
    }
}
