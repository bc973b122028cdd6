//! Foreign keys are split off and added when all tables have their rows: tables can then be created and
//! filled in any order.

use super::draft::TableDraft;
use super::{Context, Rewrite, target_name};
use crate::sql::table::{Item, ItemKind};

const NAME: &str = "foreign_keys";
pub(super) const REWRITE: Rewrite = Rewrite::of_tables(NAME, table);

fn table(draft: &mut TableDraft<'_>, context: &Context<'_>) {
    let split: Vec<Item> = draft.text.items_of(ItemKind::ForeignKey).cloned().collect();
    let clauses: Vec<String> =
        split.iter().map(|item| format!("\n  ADD {}", draft.sql.slice(item.span))).collect();
    if clauses.is_empty() {
        return;
    }
    let name = target_name(&draft.table.name, context);
    draft.foreign_keys = Some(format!("ALTER TABLE {name}{}", clauses.join(",")));
    let edits = split.iter().filter_map(|item| draft.without_item(item)).collect();
    draft.edit(edits);
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, World};

    #[test]
    fn parents_are_named_with_their_schema() {
        let table = fixture::table(
            "CREATE TABLE `t` (\n  `a` int,\n  CONSTRAINT `f``1` FOREIGN KEY (`a`) REFERENCES `p` (`id`),\n  \
             CONSTRAINT `f2` FOREIGN KEY (`a`) REFERENCES `hr`.`P` (`id`) ON UPDATE CASCADE\n) ENGINE=InnoDB",
        );
        let world = World::mysql().renaming("hr", "people");
        let scripts = super::super::table(&table, &world.context());
        assert_eq!(scripts.create, "CREATE TABLE `shop`.`t` (\n  `a` int\n) ENGINE=InnoDB");
        assert_eq!(
            scripts.foreign_keys.as_deref(),
            Some(
                "ALTER TABLE `shop`.`t`\n  ADD CONSTRAINT `f``1` FOREIGN KEY (`a`) REFERENCES `shop`.`p` (`id`),\n  \
                 ADD CONSTRAINT `f2` FOREIGN KEY (`a`) REFERENCES `people`.`p` (`id`) ON UPDATE CASCADE"
            )
        );
    }
}
