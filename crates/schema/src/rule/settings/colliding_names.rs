//! Two names that differ only in the case of their letters cannot both exist on a target that ignores it.

use crate::name::{ObjectId, ObjectKind, QualifiedName, quote};
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Verdict};
use crate::rule::text::some;
use std::collections::BTreeMap;

pub(super) const CHECK: Check = Check {
    id: "names-collide",
    title: "Names that become one in small letters",
    mode: Mode::All,
    worst: Level::Blocks,
    sql: "SELECT LOWER(table_schema), LOWER(table_name), COUNT(*) \
         FROM information_schema.tables GROUP BY 1, 2 HAVING COUNT(*) > 1",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/identifier-case-sensitivity.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    if case.target.facts.lower_case_table_names() == 0 {
        return Ok(Vec::new());
    }
    let mut named: BTreeMap<String, Vec<ObjectId>> = BTreeMap::new();
    let id = |kind, name: &QualifiedName| ObjectId::new(kind, name.clone());
    let tables = case.tables().map(|table| id(ObjectKind::Table, &table.name));
    let views = case.catalog.views.keys().map(|name| id(ObjectKind::View, name));
    let schemas = case.catalog.schemas.keys().map(ObjectId::schema);
    for object in schemas.chain(tables).chain(views) {
        named.entry(object.name.plain().to_lowercase()).or_default().push(object);
    }
    let mut found = Vec::new();
    for objects in named.into_values().filter(|objects| objects.len() > 1) {
        let words: Vec<String> = objects.iter().map(ToString::to_string).collect();
        for object in &objects {
            let what =
                format!("falls together with {}", some(&others(&words, &object.to_string())));
            let rename = match object.kind {
                ObjectKind::Table | ObjectKind::View => {
                    format!("RENAME TABLE {} TO {}.`…`", object.name, quote(&object.name.schema))
                }
                ObjectKind::Schema
                | ObjectKind::Function
                | ObjectKind::Procedure
                | ObjectKind::Trigger
                | ObjectKind::Event => "rename one of them".to_owned(),
            };
            found.push(
                Found::blocks(object, what)
                    .on_source_with_thought(rename)
                    .configure(format!("[rewrite] rename = {{ \"{}\" = \"…\" }}", plain(object))),
            );
        }
    }
    Ok(found)
}

fn others(words: &[String], own: &str) -> Vec<String> {
    words.iter().filter(|word| *word != own).cloned().collect()
}

fn plain(object: &ObjectId) -> String {
    if object.kind == ObjectKind::Schema { object.name.schema.clone() } else { object.name.plain() }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn both_of_two_that_fall_together_are_named() {
        let bench =
            Bench::clean().table("shop", "Orders").table("shop", "orders").table("shop", "x");
        assert_eq!(bench.levels(&CHECK), "2 blocks");
        assert!(bench.said(&CHECK)[0].contains("falls together with table `shop`.`orders`"));
        assert_eq!(bench.on_target("lower_case_table_names", "0").levels(&CHECK), "");
        let schemas = Bench::clean().table("Shop", "a").table("shop", "b");
        assert_eq!(schemas.levels(&CHECK), "2 blocks");
    }
}
