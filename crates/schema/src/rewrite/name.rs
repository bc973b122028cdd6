//! Names on the target: renames of the policy, lower case, and the schema before every created name.
//!
//! The new name stands in `CREATE`, in a foreign key's parent, in a trigger's table and wherever a
//! definition names a renamed schema or table; the schema is written before the created name so that a
//! script makes the same thing from any default schema.

use super::draft::{SchemaDraft, StoredDraft, TableDraft};
use super::{Context, Rewrite, lower_case, reference};
use crate::name::{ObjectId, ObjectKind, QualifiedName, quote};
use crate::sql::Edit;
use crate::sql::table::ItemKind;

const NAME: &str = "name";
pub(super) const REWRITE: Rewrite =
    Rewrite { name: NAME, schema: Some(schema), table: Some(table), stored: Some(stored) };

/// The name of a table or view on the target.
#[must_use]
pub fn target_name(name: &QualifiedName, context: &Context<'_>) -> QualifiedName {
    let same = |a: &str, b: &str| context.same_on_source(a, b);
    let renamed = context.policy.renamed_table(name, same);
    let QualifiedName { schema, name } = renamed.unwrap_or_else(|| {
        let schema = context.policy.renamed_schema(&name.schema, same);
        QualifiedName::new(schema.unwrap_or_else(|| name.schema.clone()), name.name.clone())
    });
    QualifiedName::new(lower_case::lowered(&schema, context), lower_case::lowered(&name, context))
}

/// The name of a schema on the target.
#[must_use]
pub fn target_schema(schema: &str, context: &Context<'_>) -> String {
    let same = |a: &str, b: &str| context.same_on_source(a, b);
    let renamed = context.policy.renamed_schema(schema, same);
    lower_case::lowered(renamed.as_deref().unwrap_or(schema), context)
}

/// The name of any object on the target. Routines, triggers and events keep their own names; a trigger
/// goes where its table goes, so ask with the trigger's table for its schema when tables are renamed.
#[must_use]
pub fn target_id(id: &ObjectId, context: &Context<'_>) -> ObjectId {
    let name = match id.kind {
        ObjectKind::Table | ObjectKind::View => target_name(&id.name, context),
        ObjectKind::Schema | ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Event => {
            QualifiedName::new(target_schema(&id.name.schema, context), id.name.name.clone())
        }
        ObjectKind::Trigger => {
            let table = context.catalog.triggers.get(&id.name).map(|trigger| &trigger.table);
            let schema = match table {
                Some(table) => target_name(table, context).schema,
                None => target_schema(&id.name.schema, context),
            };
            QualifiedName::new(schema, id.name.name.clone())
        }
    };
    ObjectId { kind: id.kind, name }
}

fn schema(draft: &mut SchemaDraft<'_>, context: &Context<'_>) {
    let name = &draft.schema.name;
    lower_case::refuse_schema_collision(name, context, &mut draft.notes);
    let target = target_schema(name, context);
    if target == *name {
        return;
    }
    let mut cursor = draft.sql.cursor();
    cursor.eat(&["CREATE"]);
    let _ = cursor.eat(&["DATABASE"]).or_else(|| cursor.eat(&["SCHEMA"]));
    cursor.eat(&["IF", "NOT", "EXISTS"]);
    let Some((_, span)) = cursor.eat_name() else { return };
    draft.sql.edit(vec![Edit::replace(span, quote(&target))]);
    draft.notes.change(NAME, format!("schema {target} instead of {name}"), reason(name, &target));
}

fn table(draft: &mut TableDraft<'_>, context: &Context<'_>) {
    let name = &draft.table.name;
    let id = ObjectId::new(ObjectKind::Table, name.clone());
    lower_case::refuse_collision(&id, context, &mut draft.notes);
    let target = target_name(name, context);
    let mut edits = vec![Edit::replace(draft.text.name.span, target.to_string())];
    for item in draft.text.items_of(ItemKind::ForeignKey) {
        let Some(parent) = &item.parent else { continue };
        let schema = parent.schema.clone().unwrap_or_else(|| name.schema.clone());
        let parent_name = QualifiedName::new(schema, parent.name.clone());
        let target = target_name(&parent_name, context);
        edits.push(Edit::replace(parent.span, target.to_string()));
    }
    if target != *name {
        let what = format!("table {} instead of {}", target.plain(), name.plain());
        draft.notes.change(NAME, what, reason(&name.plain(), &target.plain()));
    }
    draft.edit(edits);
}

fn stored(draft: &mut StoredDraft<'_>, context: &Context<'_>) {
    if lower_case::concerns(draft.id.kind) {
        lower_case::refuse_collision(&draft.id, context, &mut draft.notes);
    }
    let target = target_id(&draft.id, context).name;
    let mut edits = vec![Edit::replace(draft.text.name.span, target.to_string())];
    if let (Some(table), Some(path)) = (draft.table, &draft.text.table) {
        edits.push(Edit::replace(path.span, target_name(table, context).to_string()));
    }
    edits.extend(reference::edits(draft, context));
    draft.edit(edits);
    let from = draft.id.name.plain();
    if target.plain() != from {
        let what = format!("{} {} instead of {from}", draft.id.kind, target.plain());
        draft.notes.change(NAME, what, reason(&from, &target.plain()));
    }
}

fn reason(from: &str, to: &str) -> &'static str {
    if from.to_lowercase() == to.to_lowercase() {
        "the target stores names in lower case (lower_case_table_names=1)"
    } else {
        "the rename policy says so"
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, World, told};
    use super::super::{routine, schema as rewrite_schema, trigger, view};
    use super::*;

    fn renamed() -> World {
        World::mysql().renaming("shop", "Store").renaming("shop.t", "attic.`old t`")
    }

    #[test]
    fn schemas_tables_and_their_triggers_move() {
        let world = renamed();
        let context = world.context();
        let create = "CREATE DATABASE `shop` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci */";
        let script =
            rewrite_schema(&fixture::schema("shop", create, "utf8mb4_0900_ai_ci"), &context);
        assert_eq!(script.create, create.replace("`shop`", "`store`"));
        assert_eq!(told(&script.changes, &[]), ["name: schema store instead of shop"]);
        let table = fixture::table("CREATE TABLE `t` (`a` int) ENGINE=InnoDB");
        let note = "name: table attic.old t instead of shop.t";
        fixture::check(
            &world,
            &table,
            "CREATE TABLE `attic`.`old t` (`a` int) ENGINE=InnoDB",
            &[note],
        );
        let mut world = renamed();
        let made = fixture::trigger(
            "CREATE DEFINER=`azadmin`@`%` TRIGGER `trg` BEFORE INSERT ON `t` FOR EACH ROW SET @a = 1",
        );
        world.catalog.triggers.insert(made.name.clone(), made.clone());
        assert_eq!(
            trigger(&made, &world.context()).create,
            "CREATE DEFINER=`azadmin`@`%` TRIGGER `attic`.`trg` BEFORE INSERT ON `attic`.`old t` FOR EACH ROW SET @a = 1"
        );
    }

    #[test]
    fn case_is_lowered_for_tables_and_views_only() {
        let world = World::mysql();
        let context = world.context();
        let name = |kind| {
            target_id(&ObjectId::new(kind, QualifiedName::new("Shop", "Orders")), &context)
                .name
                .plain()
        };
        assert_eq!(name(ObjectKind::Table), "shop.orders");
        assert_eq!(name(ObjectKind::View), "shop.orders");
        assert_eq!(name(ObjectKind::Procedure), "shop.Orders");
        assert_eq!(name(ObjectKind::Event), "shop.Orders");
        assert_eq!(target_schema("Shop", &context), "shop");
    }

    fn body(world: &World, create_sql: &str) -> (String, Vec<String>) {
        let script = view(&fixture::view(create_sql), &world.context());
        let body = script.create.split_once(" AS ").unwrap().1.to_owned();
        let notes = told(&script.changes, &script.refusals);
        (body, notes.into_iter().filter(|note| note.contains("body")).collect())
    }

    #[test]
    fn a_views_tables_are_renamed_and_its_aliases_are_not() {
        let world = World::mysql().renaming("shop", "store").renaming("shop.a", "store.b");
        let (text, notes) = body(
            &world,
            "CREATE VIEW `shop`.`v` AS select `shop`.`a`.`id` AS `shop`,`o`.`a` AS `a b`,`shop`.`f`(1) AS `f` \
             from ((`shop`.`a` join `shop`.`c` `o` on(('shop.a' = `o`.`shop`))) join `x`.`shop`)",
        );
        assert_eq!(
            text,
            "select `store`.`b`.`id` AS `shop`,`o`.`a` AS `a b`,`store`.`f`(1) AS `f` \
             from ((`store`.`b` join `store`.`c` `o` on(('shop.a' = `o`.`shop`))) join `x`.`shop`)"
        );
        assert_eq!(notes, [""; 0]);
    }

    #[test]
    fn a_body_is_renamed_where_it_can_mean_nothing_else() {
        let mut world = World::mysql().renaming("shop", "store");
        let table = fixture::table("");
        world.catalog.tables.insert(table.name.clone(), table);
        let made = fixture::procedure(
            "CREATE DEFINER=`azadmin`@`%` PROCEDURE `p`() BEGIN
  INSERT INTO shop.t (a) SELECT * FROM shop . `t`, shop.t; -- shop.t
  CALL shop.q(1); SELECT extract(year FROM shop.x); SELECT shop.x, 'shop.t', @shop.t FROM other shop;
  UPDATE shop.t SET a = shop.t;
END",
        );
        let script = routine(&made, &world.context());
        assert_eq!(
            script.create,
            "CREATE DEFINER=`azadmin`@`%` PROCEDURE `store`.`p`() BEGIN
  INSERT INTO `store`.`t` (a) SELECT * FROM `store`.`t`, shop.t; -- shop.t
  CALL `store`.q(1); SELECT extract(year FROM shop.x); SELECT shop.x, 'shop.t', @shop.t FROM other shop;
  UPDATE `store`.`t` SET a = shop.t;
END"
        );
        assert!(
            told(&script.changes, &[])
                .contains(&"name: `shop`.`t` in its body is left as it is".into())
        );
    }

    #[test]
    fn a_renamed_table_named_without_schema_is_told() {
        let world = World::mysql().renaming("shop.t", "shop.u");
        let made = fixture::procedure(
            "CREATE DEFINER=`azadmin`@`%` PROCEDURE `p`() DELETE FROM t WHERE t.a = 1",
        );
        let script = routine(&made, &world.context());
        assert_eq!(
            told(&script.changes, &script.refusals),
            ["name: `t` in its body is left as it is"]
        );
    }
}
