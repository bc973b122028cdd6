//! Whole selections on a small catalog.

use std::collections::BTreeMap;

use super::*;
use crate::catalog::{ForeignKey, Schema};
use crate::rewrite::fixture;

fn patterns(schemas: &[&str], include: &[&str], exclude: &[&str]) -> Patterns {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Patterns { schemas: owned(schemas), include: owned(include), exclude: owned(exclude) }
}

fn compile(schemas: &[&str], include: &[&str], exclude: &[&str]) -> Selection {
    Selection::compile(&patterns(schemas, include, exclude)).unwrap()
}

fn catalog() -> Catalog {
    let name = |schema: &str, name: &str| QualifiedName::new(schema, name);
    let schema = |schema: &str| {
        let made = fixture::schema(schema, "", "utf8mb4_0900_ai_ci");
        (schema.to_owned(), made)
    };
    let table = |schema: &str, table: &str| {
        let mut made = fixture::table("");
        made.name = name(schema, table);
        (made.name.clone(), made)
    };
    let mut tables = BTreeMap::from([
        table("shop", "orders"),
        table("shop", "audit_log"),
        table("hr", "people"),
    ]);
    tables.get_mut(&name("shop", "orders")).unwrap().foreign_keys.push(ForeignKey {
        name: "fk_buyer".into(),
        columns: vec!["buyer".into()],
        parent: name("hr", "people"),
        parent_columns: vec!["id".into()],
        on_update: "RESTRICT".into(),
        on_delete: "RESTRICT".into(),
    });
    let mut view = fixture::view("");
    view.reads = vec![name("shop", "audit_log"), name("shop", "gone")];
    let mut trigger = fixture::trigger(
        "CREATE TRIGGER trg BEFORE INSERT ON orders FOR EACH ROW INSERT INTO shop.audit_log VALUES (1)",
    );
    trigger.table = name("shop", "orders");
    let event = fixture::event("");
    let schemas: BTreeMap<String, Schema> = [schema("shop"), schema("hr"), schema("empty")].into();
    Catalog {
        schemas,
        tables,
        views: [(view.name.clone(), view)].into(),
        routines: BTreeMap::new(),
        triggers: [(trigger.name.clone(), trigger)].into(),
        events: [(event.name.clone(), event)].into(),
    }
}

#[track_caller]
fn check(selection: &Selection, expected: &[&str]) -> Vec<String> {
    let (kept, warnings) = selection.filter(catalog());
    let schemas = kept.schemas.keys().cloned();
    let names = kept.tables.keys().chain(kept.views.keys()).chain(kept.triggers.keys());
    let objects = names.chain(kept.events.keys()).map(QualifiedName::plain);
    assert_eq!(schemas.chain(objects).collect::<Vec<_>>(), expected);
    warnings.iter().map(ToString::to_string).collect()
}

#[test]
fn everything_is_selected_by_default() {
    let all = [
        "empty",
        "hr",
        "shop",
        "hr.people",
        "shop.audit_log",
        "shop.orders",
        "shop.v",
        "shop.trg",
        "shop.e",
    ];
    assert_eq!(check(&compile(&[], &[], &[]), &all), [""; 0]);
    let selection = compile(&[], &[], &[]);
    assert!(!selection.selects(ObjectKind::Table, &QualifiedName::new("mysql", "user")));
    assert!(!selection.selects(ObjectKind::View, &QualifiedName::new("SYS", "version")));
}

#[test]
fn what_is_left_out_but_needed_is_told() {
    let warnings = check(
        &compile(&["shop"], &[], &["shop.audit_*"]),
        &["shop", "shop.orders", "shop.v", "shop.trg", "shop.e"],
    );
    assert_eq!(
        warnings,
        [
            "table `shop`.`orders` needs `hr`.`people` for its foreign key fk_buyer, which is left out: select it too",
            "view `shop`.`v` needs `shop`.`audit_log` for its rows, which is left out: select it too",
            "trigger `shop`.`trg` needs `shop`.`audit_log` for its body, which is left out: select it too",
        ]
    );
}

#[test]
fn schemas_and_include_add_to_each_other() {
    let warnings =
        check(&compile(&["empty"], &["table:hr.p*"], &[]), &["empty", "hr", "hr.people"]);
    assert_eq!(warnings, [""; 0]);
    check(&compile(&[], &["hr"], &[]), &["hr", "hr.people"]);
}

#[test]
fn a_trigger_follows_its_table() {
    check(
        &compile(&[], &["shop.orders", "hr.people"], &[]),
        &["hr", "shop", "hr.people", "shop.orders", "shop.trg"],
    );
    let excluded = compile(&["shop"], &[], &["trigger:shop.*", "view:*.*", "event:*.*", "shop.a*"]);
    check(&excluded, &["shop", "shop.orders"]);
    let error = Selection::compile(&patterns(&[], &["trigger:shop.t"], &[])).unwrap_err();
    assert!(error.to_string().contains("include the table instead"));
}

#[test]
fn a_pattern_that_matches_nothing_is_told() {
    let warnings = check(&compile(&["hr"], &["hr.poeple"], &[]), &["hr", "hr.people"]);
    assert_eq!(warnings, ["pattern \"hr.poeple\" matches nothing"]);
}

#[test]
fn case_follows_the_source() {
    let world = fixture::World::mysql();
    let upper = QualifiedName::new("SHOP", "Orders");
    let selection = compile(&["shop"], &[], &[]);
    assert!(!selection.clone().on(&world.source).selects(ObjectKind::Table, &upper));
    assert!(selection.on(&world.target).selects(ObjectKind::Table, &upper));
}

#[test]
fn unknown_keys_are_refused() {
    assert!(serde_json::from_str::<Patterns>(r#"{"schema":["a"]}"#).is_err());
    let read: Patterns = serde_json::from_str(r#"{"schemas":["a"]}"#).unwrap();
    assert_eq!(read, patterns(&["a"], &[], &[]));
}
