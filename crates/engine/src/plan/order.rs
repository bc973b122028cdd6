//! The order in which views and triggers are created.

use std::collections::{BTreeMap, BTreeSet};

use sealift_schema::catalog::{Catalog, Trigger, View};
use sealift_schema::name::QualifiedName;

/// Views such that each comes after those it reads; by name where that leaves a choice. Broken views and
/// those that read each other in a circle (possible only while one of them is broken) come last.
pub(crate) fn views(catalog: &Catalog) -> Vec<&View> {
    let folded: BTreeMap<(String, String), &QualifiedName> =
        catalog.views.keys().map(|name| (fold(name), name)).collect();
    let find = |name: &QualifiedName| {
        let exact = catalog.views.get_key_value(name).map(|(known, _)| known);
        exact.or_else(|| folded.get(&fold(name)).copied())
    };
    let mut waits_for: BTreeMap<&QualifiedName, usize> = BTreeMap::new();
    let mut readers: BTreeMap<&QualifiedName, Vec<&QualifiedName>> = BTreeMap::new();
    for view in catalog.views.values() {
        let read: BTreeSet<_> = view.reads.iter().filter_map(find).collect();
        waits_for.insert(&view.name, read.len());
        for name in read {
            readers.entry(name).or_default().push(&view.name);
        }
    }
    let broken = |name: &QualifiedName| catalog.views.get(name).is_some_and(|v| v.broken.is_some());
    // Broken views wait behind all others, whatever they read.
    let mut ready: BTreeSet<(bool, &QualifiedName)> = waits_for
        .iter()
        .filter(|(_, count)| **count == 0)
        .map(|(name, _)| (broken(name), *name))
        .collect();
    let mut order = Vec::with_capacity(waits_for.len());
    while let Some((_, name)) = ready.pop_first() {
        order.extend(catalog.views.get(name));
        waits_for.remove(name);
        for reader in readers.get(name).into_iter().flatten() {
            if let Some(count) = waits_for.get_mut(reader) {
                *count -= 1;
                if *count == 0 {
                    ready.insert((broken(reader), reader));
                }
            }
        }
    }
    // What is left reads in a circle.
    order.extend(waits_for.keys().filter_map(|name| catalog.views.get(*name)));
    order
}

/// Triggers such that those of one table, moment and event come in the order they fire: the server lets
/// a new one fire last (<https://dev.mysql.com/doc/refman/9.7/en/create-trigger.html>).
pub(crate) fn triggers(catalog: &Catalog) -> Vec<&Trigger> {
    let mut triggers: Vec<&Trigger> = catalog.triggers.values().collect();
    triggers.sort_by_key(|t| (&t.table, &t.timing, &t.event, t.action_order, &t.name));
    triggers
}

fn fold(name: &QualifiedName) -> (String, String) {
    (name.schema.to_lowercase(), name.name.to_lowercase())
}

#[cfg(test)]
mod tests {
    use sealift_schema::catalog::CreatedUnder;

    use super::*;

    fn name(name: &str) -> QualifiedName {
        QualifiedName::new("s", name)
    }

    fn view(own: &str, reads: &[&str], broken: bool) -> View {
        View {
            name: name(own),
            definer: "root@localhost".into(),
            create_sql: String::new(),
            created_under: CreatedUnder::default(),
            columns: Vec::new(),
            reads: reads.iter().map(|read| name(read)).collect(),
            broken: broken.then(|| "missing".into()),
        }
    }

    fn ordered(list: Vec<View>) -> Vec<String> {
        let views_by_name = list.into_iter().map(|view| (view.name.clone(), view)).collect();
        let catalog = Catalog { views: views_by_name, ..Catalog::default() };
        views(&catalog).into_iter().map(|view| view.name.name.clone()).collect()
    }

    #[test]
    fn a_view_comes_after_those_it_reads() {
        let views = vec![
            view("a", &["b", "z", "table"], false),
            view("b", &["c", "c"], false),
            view("c", &[], false),
            view("z", &["C"], false),
        ];
        assert_eq!(ordered(views), ["c", "b", "z", "a"]);
    }

    #[test]
    fn broken_and_circular_views_come_last_and_none_is_lost() {
        let views = vec![
            view("a", &["a2"], false),
            view("a2", &["a"], false),
            view("b", &["gone"], true),
            view("c", &[], false),
            view("d", &["b"], false),
        ];
        assert_eq!(ordered(views), ["c", "b", "d", "a", "a2"]);
    }

    #[test]
    fn triggers_keep_the_order_they_fire_in() {
        let trigger = |own: &str, table: &str, timing: &str, action_order| Trigger {
            name: name(own),
            table: name(table),
            definer: String::new(),
            timing: timing.into(),
            event: "INSERT".into(),
            action_order,
            create_sql: String::new(),
            created_under: CreatedUnder::default(),
        };
        let all = [
            trigger("z", "t", "BEFORE", 1),
            trigger("y", "t", "BEFORE", 2),
            trigger("x", "t", "AFTER", 1),
            trigger("a", "u", "AFTER", 1),
            trigger("b", "t", "BEFORE", 10),
        ];
        let triggers_by_name = all.into_iter().map(|t| (t.name.clone(), t)).collect();
        let catalog = Catalog { triggers: triggers_by_name, ..Catalog::default() };
        let order: Vec<_> = triggers(&catalog).into_iter().map(|t| t.name.name.as_str()).collect();
        assert_eq!(order, ["x", "z", "y", "b", "a"]);
    }
}
