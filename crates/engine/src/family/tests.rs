//! Which tables are of one family, and whether both sides tie them alike.

use sealift_schema::facts::{Flavor, ServerVersion};

use super::*;
use crate::fixture::{self, column, primary_key};

fn name(table: &str) -> QualifiedName {
    QualifiedName::new("shop", table)
}

fn key(parent: &str, on_update: &str, on_delete: &str) -> ForeignKey {
    ForeignKey {
        name: format!("to_{parent}"),
        columns: vec!["parent".into()],
        parent: name(parent),
        parent_columns: vec!["id".into()],
        on_update: on_update.into(),
        on_delete: on_delete.into(),
    }
}

fn table(table: &str, foreign_keys: Vec<ForeignKey>) -> Table {
    let columns = vec![column("id", "int", None), column("parent", "int", None)];
    let keys = vec![primary_key(&["id"])];
    Table { keys, foreign_keys, ..fixture::table(name(table), columns) }
}

fn facts(native: Option<&str>) -> ServerFacts {
    let native = native.map(|value| ("innodb_native_foreign_keys".to_owned(), value.to_owned()));
    ServerFacts {
        version: ServerVersion { flavor: Flavor::MySql, number: (9, 7, 4) },
        version_text: String::new(),
        variables: native.into_iter().collect(),
        collations: BTreeMap::new(),
        engines: BTreeSet::new(),
        current_user: String::new(),
        grants: Vec::new(),
        accounts: None,
    }
}

fn families(tables: &[Table], native: Option<&str>, images: RowImages) -> Vec<Vec<String>> {
    let tables: Vec<&Table> = tables.iter().collect();
    let found = Families::of(&facts(native), images, &tables).unwrap();
    found.iter().map(|names| names.iter().map(|name| name.name.clone()).collect()).collect()
}

#[test]
fn a_family_is_all_that_foreign_keys_connect_that_act() {
    let tables = [
        table("customer", vec![]),
        table("order", vec![key("customer", "RESTRICT", "CASCADE")]),
        table("line", vec![key("order", "CASCADE", ""), key("article", "RESTRICT", "RESTRICT")]),
        table("article", vec![]),
        table("node", vec![key("node", "NO ACTION", "SET NULL")]),
        table("city", vec![]),
        table("street", vec![key("city", "NO ACTION", "RESTRICT")]),
        table("log", vec![]),
    ];
    let shop = ["customer", "line", "order"].map(ToOwned::to_owned).to_vec();
    for native in [None, Some("ON")] {
        assert_eq!(
            families(&tables, native, RowImages::Whole),
            [shop.clone(), vec!["node".to_owned()]]
        );
    }
    let in_the_log = families(&tables, Some("OFF"), RowImages::Whole);
    assert_eq!(in_the_log, Vec::<Vec<String>>::new());
    let alone = |table: &str| vec![table.to_owned()];
    let mut expected = vec![shop, alone("node")];
    expected.extend(["article", "city", "street", "log"].map(alone));
    assert_eq!(families(&tables, None, RowImages::InPart), expected, "of rows in part each is one");
}

#[test]
fn rows_in_part_of_a_table_without_snapshots_are_refused() {
    let mut table = table("log", vec![]);
    table.engine = "MyISAM".into();
    assert!(Families::of(&facts(None), RowImages::Whole, &[&table]).is_ok());
    let fault = Families::of(&facts(None), RowImages::InPart, &[&table]).unwrap_err();
    assert!(fault.to_string().contains("binlog_row_image"), "{fault}");
}

#[test]
fn a_key_that_acts_from_a_table_outside_is_refused() {
    let inside = table("order", vec![key("customer", "CASCADE", "NO ACTION")]);
    let fault = Families::of(&facts(None), RowImages::Whole, &[&inside]).unwrap_err();
    assert_eq!(fault.code, ErrorCode::ServerUnsuitable);
    assert!(fault.to_string().contains("customer"), "{fault}");
    let passive = table("order", vec![key("customer", "NO ACTION", "NO ACTION")]);
    assert_eq!(
        Families::of(&facts(None), RowImages::Whole, &[&passive]).unwrap().iter().count(),
        0
    );
}

#[test]
fn a_key_whose_deeds_cannot_be_repeated_exactly_is_refused() {
    let child = table("order", vec![key("customer", "NO ACTION", "CASCADE")]);
    let mut parent = table("customer", vec![]);
    parent.keys.clear();
    let fault = Families::of(&facts(None), RowImages::Whole, &[&child, &parent]).unwrap_err();
    assert!(fault.to_string().contains("not a unique key"), "{fault}");
    let mut parent = table("customer", vec![]);
    parent.columns.clear();
    let fault = Families::of(&facts(None), RowImages::Whole, &[&child, &parent]).unwrap_err();
    assert!(fault.to_string().contains("generated"), "{fault}");
}
