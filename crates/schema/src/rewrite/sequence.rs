//! Sequences are refused by name: MySQL has none.
//!
//! Neither the sequence itself nor a column that takes its default from one can be carried exactly.

use super::draft::TableDraft;
use super::{Context, Rewrite};
use crate::catalog::TableKind;

const NAME: &str = "sequence";
pub(super) const REWRITE: Rewrite = Rewrite::of_tables(NAME, table);

fn table(draft: &mut TableDraft<'_>, context: &Context<'_>) {
    if !context.mariadb_to_mysql() {
        return;
    }
    if draft.table.kind == TableKind::Sequence || draft.text.option("SEQUENCE").is_some() {
        let what = format!("sequence {}", draft.table.name);
        let remedy = "use an AUTO_INCREMENT column instead, or exclude it";
        draft.notes.refuse(NAME, what, "MySQL has no sequences", remedy);
        return;
    }
    for column in draft.columns() {
        let Some(default) = column.attribute("DEFAULT") else { continue };
        let value = draft.sql.slice(default.value).to_ascii_lowercase();
        if value.contains("nextval(")
            || value.contains("lastval(")
            || value.contains("next value for")
        {
            let what = format!("column {} of table {}", column.name, draft.table.name);
            let why = "its default takes the next value of a sequence, and MySQL has no sequences";
            let remedy = "make it AUTO_INCREMENT or drop the default on the source";
            draft.notes.refuse(NAME, what, why, remedy);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, World};
    use super::*;

    #[test]
    fn sequences_and_their_users_are_refused() {
        let world = World::mariadb();
        let mut sequence =
            fixture::table("CREATE TABLE `t` (`a` bigint(21)) ENGINE=InnoDB SEQUENCE=1");
        fixture::check_refused(&world, &sequence, "!sequence: sequence `shop`.`t`");
        sequence.kind = TableKind::Sequence;
        fixture::check_refused(&world, &sequence, "!sequence: sequence `shop`.`t`");
        let user = "CREATE TABLE `t` (`a` int DEFAULT nextval(`shop`.`s`)) ENGINE=InnoDB";
        fixture::check_refused(
            &world,
            &fixture::table(user),
            "!sequence: column a of table `shop`.`t`",
        );
    }
}
