//! Names of schemas, tables and views are lower-cased for targets that store them so.
//!
//! With `lower_case_table_names=1`, which Azure chooses by default, the target would do it silently.
//! Names that would meet (`Orders` and `orders`) are refused: one would take the other's place.

use std::collections::BTreeMap;

use super::name::target_name;
use super::notes::Notes;
use super::{Context, target_schema};
use crate::name::{ObjectId, ObjectKind, QualifiedName};
use crate::sql::split_path;

pub(super) const NAME: &str = "lower_case";

/// Whether the target stores names of schemas, tables and views in lower case.
pub(super) fn lowers(context: &Context<'_>) -> bool {
    context.target.lower_case_table_names() == 1
}

/// The name as the target stores it.
pub(super) fn lowered(name: &str, context: &Context<'_>) -> String {
    if lowers(context) { name.to_lowercase() } else { name.to_owned() }
}

/// Refuses a table or view whose name on the target is another one's too.
pub(super) fn refuse_collision(id: &ObjectId, context: &Context<'_>, notes: &mut Notes) {
    let Some(other) = collision(&id.name, context) else { return };
    let target = target_name(&id.name, context);
    notes.refuse(
        NAME,
        format!("{id}"),
        format!("{} and {} would both be {} on the target", id.name, other, target),
        "rename one of them on the source, or in the policy: [policy.rename]",
    );
}

/// Refuses a schema whose name on the target is another one's too, unless the policy says so.
pub(super) fn refuse_schema_collision(schema: &str, context: &Context<'_>, notes: &mut Notes) {
    let target = target_schema(schema, context);
    let other = context.catalog.schemas.keys().find(|other| {
        *other != schema
            && other.len() == schema.len()
            && other.to_lowercase() == schema.to_lowercase()
            && target_schema(other, context) == target
    });
    if let Some(other) = other {
        notes.refuse(
            NAME,
            format!("{}", ObjectId::schema(schema)),
            format!("schemas {schema} and {other} would both be {target} on the target"),
            "rename one of them in the policy: [policy.rename]",
        );
    }
}

/// Another table or view that gets the same name on the target. Only names that may meet are asked for
/// theirs, in schemas that may: catalogs hold tens of thousands.
fn collision(name: &QualifiedName, context: &Context<'_>) -> Option<QualifiedName> {
    let spelled_apart = lowers(context) && context.source.lower_case_table_names() == 0;
    if !spelled_apart && context.policy.rename.is_empty() {
        return None;
    }
    let target = target_name(name, context);
    let renamed: Vec<Vec<String>> =
        context.policy.rename.keys().filter_map(|from| split_path(from)).collect();
    let may_meet = |other: &str, own: &str, there: &str, place: usize| {
        let alike = |a: &str| other.eq_ignore_ascii_case(a);
        let is_renamed = || renamed.iter().filter_map(|from| from.get(place)).any(|a| alike(a));
        alike(own) || alike(there) || !other.is_ascii() || is_renamed()
    };
    let in_schema = |schema: &str| may_meet(schema, &name.schema, &target.schema, 0);
    let (tables, views) = (&context.catalog.tables, &context.catalog.views);
    let mut names = within(tables, in_schema).chain(within(views, in_schema));
    names
        .find(|other| {
            *other != name
                && may_meet(&other.name, &name.name, &target.name, 1)
                && target_name(other, context) == target
        })
        .cloned()
}

/// The names in some schemas of a map; the others are stepped over whole.
fn within<T>(
    map: &BTreeMap<QualifiedName, T>,
    wanted: impl Fn(&str) -> bool,
) -> impl Iterator<Item = &QualifiedName> {
    let mut begin = QualifiedName::new("", "");
    let schemas = std::iter::from_fn(move || {
        let schema = map.range(&begin..).next().map(|(name, _)| name.schema.as_str())?;
        let first = QualifiedName::new(schema, "");
        // Nothing lies between a text and the same with a zero behind it.
        begin = QualifiedName::new(format!("{schema}\0"), "");
        Some((schema, map.range(first..begin.clone())))
    });
    schemas
        .filter(move |(schema, _)| wanted(schema))
        .flat_map(|(_, names)| names.map(|(name, _)| name))
}

/// What kinds of object take part: the others keep their names.
pub(super) fn concerns(kind: ObjectKind) -> bool {
    matches!(kind, ObjectKind::Schema | ObjectKind::Table | ObjectKind::View)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, World, told};
    use super::*;

    fn world(names: &[(&str, &str)]) -> World {
        let mut world = World::mysql();
        for (schema, name) in names {
            let mut table = fixture::table("CREATE TABLE `t` (`a` int)");
            table.name = QualifiedName::new(*schema, *name);
            world.catalog.tables.insert(table.name.clone(), table);
        }
        world
    }

    fn refusals(world: &World, name: &str) -> Vec<String> {
        let table = &world.catalog.tables[&QualifiedName::new("shop", name)];
        told(&[], &super::super::table(table, &world.context()).refusals)
    }

    #[test]
    fn names_that_would_meet_are_refused() {
        let mut world = world(&[
            ("shop", "Orders"),
            ("shop", "orders"),
            ("shop", "other"),
            ("shop", "ÄB"),
            ("shop", "äb"),
        ]);
        assert_eq!(refusals(&world, "Orders"), ["!lower_case: table `shop`.`Orders`"]);
        assert_eq!(refusals(&world, "orders"), ["!lower_case: table `shop`.`orders`"]);
        assert_eq!(refusals(&world, "ÄB"), ["!lower_case: table `shop`.`ÄB`"]);
        assert_eq!(refusals(&world, "other"), [""; 0]);
        world.policy.rename.insert("shop.Orders".into(), "shop.orders_upper".into());
        assert_eq!(refusals(&world, "orders"), [""; 0]);
        world.target.variables.insert("lower_case_table_names".into(), "0".into());
        world.policy.rename.clear();
        assert_eq!(refusals(&world, "Orders"), [""; 0]);
    }

    #[test]
    fn a_rename_onto_another_table_is_refused() {
        let world =
            world(&[("shop", "a"), ("shop", "b"), ("attic", "a")]).renaming("shop.a", "shop.b");
        assert_eq!(refusals(&world, "a"), ["!lower_case: table `shop`.`a`"]);
        assert_eq!(refusals(&world, "b"), ["!lower_case: table `shop`.`b`"]);
        let world = world.renaming("attic", "shop").renaming("shop.a", "shop.c");
        assert_eq!(refusals(&world, "a"), [""; 0]);
    }

    #[test]
    fn names_are_found_in_the_schemas_that_are_asked_for() {
        let names = [("a", "x"), ("a", "y"), ("a\0", "x"), ("aa", "x"), ("b", ""), ("b", "z")];
        let map: BTreeMap<QualifiedName, ()> =
            names.iter().map(|(schema, name)| (QualifiedName::new(*schema, *name), ())).collect();
        let of = |wanted: &[&str]| {
            let found = within(&map, |schema| wanted.contains(&schema));
            found.map(QualifiedName::plain).collect::<Vec<_>>()
        };
        assert_eq!(of(&["a"]), ["a.x", "a.y"]);
        assert_eq!(of(&["a\0", "b"]), ["a\0.x", "b.", "b.z"]);
        assert_eq!(of(&["a", "aa", "a\0", "b"]).len(), names.len());
        assert_eq!(of(&["c"]), [""; 0]);
    }

    #[test]
    fn schemas_that_would_meet_are_refused() {
        let mut world = World::mysql();
        for name in ["Shop", "shop"] {
            let made = fixture::schema(name, "CREATE DATABASE `x`", "utf8mb4_0900_ai_ci");
            world.catalog.schemas.insert(name.into(), made);
        }
        let script = super::super::schema(&world.catalog.schemas["Shop"], &world.context());
        assert_eq!(told(&[], &script.refusals), ["!lower_case: schema `Shop`"]);
    }
}
