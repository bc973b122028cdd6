//! Which definitions fit a real table map.

use sealift_schema::column::ColumnType;

use super::super::fixture::{MAP, bytes, column, every};
use super::*;

fn map() -> TableMap {
    TableMap::read(&bytes(MAP)).unwrap()
}

/// The fixture's definition with one column changed.
fn but(name: &str, change: impl FnOnce(&mut Column)) -> Result<(), Misfit> {
    let mut columns = every();
    change(columns.iter_mut().find(|column| column.name == name).unwrap());
    fits(&map(), &columns)
}

/// The same without the names, members and signs that a server may leave out.
fn bare(name: &str, change: impl FnOnce(&mut Column)) -> Result<(), Misfit> {
    let mut columns = every();
    change(columns.iter_mut().find(|column| column.name == name).unwrap());
    let mut map = map();
    for column in &mut map.columns {
        (column.name, column.members, column.unsigned) = (None, None, None);
    }
    fits(&map, &columns)
}

#[test]
fn the_own_definition_fits() {
    assert_eq!(but("id", |_| {}), Ok(()));
    assert_eq!(bare("id", |_| {}), Ok(()));
}

#[test]
fn a_definition_that_differs_anywhere_is_refused() {
    type Change = fn(&mut Column);
    let as_type = |name, kind, text| -> (&str, Change, &str) { (name, kind, text) };
    let cases = [
        as_type("id", |c| c.type_text = "int".into(), "sign"),
        as_type("id", |c| c.nullable = true, "nullability"),
        as_type("m", |c| c.name = "n".into(), "name"),
        as_type("m", |c| c.kind = ColumnType::Int, "width of an integer"),
        as_type("d", |c| c.type_text = "decimal(10,3)".into(), "scale"),
        as_type("f", |c| c.kind = ColumnType::Double, "width of a float"),
        as_type("bits", |c| c.type_text = "bit(13)".into(), "bits"),
        as_type("dt", |c| c.type_text = "datetime(2)".into(), "fraction"),
        as_type("dt", |c| c.kind = ColumnType::Timestamp, "kind of time"),
        as_type("c", |c| c.type_text = "char(69)".into(), "length in characters"),
        as_type("c", |c| c.charset = Some("utf8mb3".into()), "bytes per character"),
        as_type("c", |c| c.kind = ColumnType::Binary, "text or bytes"),
        as_type("x", |c| c.type_text = "binary(5)".into(), "length in bytes"),
        as_type("v", |c| c.type_text = "varchar(200)".into(), "longest value"),
        as_type("t", |c| c.type_text = "mediumtext".into(), "size of text"),
        as_type("t", |c| c.kind = ColumnType::Blob, "text or blob"),
        as_type("bl", |c| c.type_text = "blob".into(), "size of a blob"),
        as_type("e", |c| c.type_text = "enum('large','small')".into(), "order of members"),
        as_type("s", |c| c.type_text = "set('p','q','r')".into(), "number of members"),
        as_type("j", |c| c.kind = ColumnType::Text, "JSON or text"),
        as_type("p", |c| c.kind = ColumnType::Blob, "geometry or blob"),
        as_type("k", |c| c.kind = ColumnType::Blob, "vector or blob"),
    ];
    for (name, change, what) in cases {
        let misfit = but(name, change);
        assert!(matches!(misfit, Err(Misfit::Column { .. })), "{what}: {misfit:?}");
    }
    assert!(matches!(but("y", |c| c.kind = ColumnType::Unknown), Err(Misfit::Unreadable { .. })));
}

#[test]
fn without_optional_metadata_the_definition_tells_sign_and_names() {
    assert_eq!(bare("id", |c| c.type_text = "int".into()), Ok(()));
    assert_eq!(bare("m", |c| c.name = "n".into()), Ok(()));
    // An ENUM of more than 255 members has numbers of two bytes.
    let many: Vec<String> = (0..300).map(|n| format!("'m{n}'")).collect();
    let many = format!("enum({})", many.join(","));
    assert!(bare("e", |c| c.type_text = many).is_err());
}

#[test]
fn a_misfit_says_what_is_where() {
    let misfit = but("d", |c| c.type_text = "decimal(10,3)".into()).unwrap_err();
    assert_eq!(
        misfit.to_string(),
        "column d is decimal(10,2) in the binary log's rows and decimal(10,3) in the definition"
    );
    let mut columns = every();
    columns.pop();
    assert_eq!(fits(&map(), &columns), Err(Misfit::Count { logged: 22, defined: 21 }));
}

#[test]
fn words_in_members_are_no_attributes() {
    let columns = [column("e", ColumnType::Enum, "enum('a unsigned','b')", Some("utf8mb4"))];
    let mut map = map();
    map.columns.retain(|column| column.name.as_deref() == Some("e"));
    map.columns[0].members = None;
    assert_eq!(fits(&map, &columns), Ok(()));
}

#[test]
fn mariadb_hides_a_hash_behind_long_unique_keys() {
    let (mut map, columns) = (map(), every());
    let mut hash = map.columns[3].clone();
    hash.name = Some("DB_ROW_HASH_1".into());
    map.columns.push(hash);
    let shape = RowShape::new(&map, &columns).unwrap();
    assert_eq!((shape.len(), shape.visible()), (23, 22));
    // Without its name it might be a column that was added.
    map.columns[22].name = None;
    assert!(RowShape::new(&map, &columns).is_err());
    assert!(RowShape::with_hidden(&map, &columns, 1).is_ok());
    assert!(RowShape::with_hidden(&map, &columns[..21], 1).is_err());
}
