//! The encoder against tables of cases: what the wire holds, what the load stream must hold.

use sealift_schema::catalog::Table;
use sealift_schema::column::Column;
use sealift_schema::facts::Flavor;
use sealift_schema::name::QualifiedName;

use super::*;
use crate::fixture::{self, column};

fn table(columns: Vec<Column>) -> Table {
    fixture::table(QualifiedName::new("a", "t"), columns)
}

/// The form of a single column `c`.
fn form(source: (&str, Option<&str>), target: (&str, Option<&str>)) -> RowForm {
    let source = table(vec![column("c", source.0, source.1)]);
    let target = table(vec![column("C", target.0, target.1)]);
    RowForm::of(&source, &target).unwrap()
}

fn same(type_text: &str, charset: Option<&str>) -> RowForm {
    form((type_text, charset), (type_text, charset))
}

/// One row of one column that is not NULL, written both ways.
fn written(form: &RowForm, layout: Layout, value: &[u8]) -> (String, String, u64) {
    let mut row = vec![0];
    row.extend_from_slice(value);
    let write = |dialect| {
        let mut out = Vec::new();
        let mut row = ResultRow::new(&row, std::slice::from_ref(&layout)).unwrap();
        let warned = Encoder::new(form, dialect).row(&mut row, &mut out).unwrap();
        (String::from_utf8(out).unwrap(), warned)
    };
    let ((line, warned), (tuple, warned_too)) = (write(Dialect::Load), write(Dialect::Insert));
    assert_eq!(warned, warned_too);
    (line, tuple, warned)
}

#[test]
fn bytes_that_end_or_escape_something_are_escaped() {
    let form = same("varchar(9)", Some("gbk"));
    let value = b"\x08\\N\t\n\r'\0\"";
    assert_eq!(
        written(&form, Layout::Bytes, value),
        ("\\\\N\\t\\n\r'\0\"\n".into(), "('\\\\N\t\n\r\\'\0\"')".into(), 0)
    );
}

#[test]
fn null_is_not_the_text_null() {
    let form = same("varchar(9)", Some("latin1"));
    for (dialect, expected) in [(Dialect::Load, "\\N\n"), (Dialect::Insert, "(NULL)")] {
        let mut out = Vec::new();
        let mut row = ResultRow::new(&[0b100], &[Layout::Bytes]).unwrap();
        Encoder::new(&form, dialect).row(&mut row, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}

#[test]
fn a_double_stays_a_double_in_a_statement() {
    let written = |value: f64| {
        let (line, tuple, _) = written(&same("double", None), Layout::F64, &value.to_le_bytes());
        (line, tuple)
    };
    assert_eq!(written(-0.0), ("-0.0\n".into(), "(-0.0e0)".into()));
    assert_eq!(written(1e300), ("1e300\n".into(), "(1e300)".into()));
}

#[test]
fn the_wrong_member_of_an_enum_is_written_as_zeros() {
    let form = same("enum('a','b')", Some("utf8mb4"));
    assert_eq!(written(&form, Layout::Bytes, &[0]), ("00000\n".into(), "('00000')".into(), 0));
    assert_eq!(written(&form, Layout::Bytes, b"\x01a"), ("a\n".into(), "('a')".into(), 0));
    // Digits of UTF-16 are not taken for a number, so '' it is, with a warning.
    let form = same("enum('a','b')", Some("utf16"));
    assert_eq!(written(&form, Layout::Bytes, &[0]), ("\n".into(), "('')".into(), 1));
}

#[test]
fn an_enum_with_an_empty_member_travels_by_number() {
    let form = same("enum('','b')", Some("utf8mb4"));
    assert_eq!(form.select_list(), "CAST(`c` AS UNSIGNED)");
    assert_eq!(form.load_clause(), "(`C`)");
    let one = 1_u64.to_le_bytes();
    assert_eq!(written(&form, Layout::U64, &one), ("00001\n".into(), "('00001')".into(), 0));

    let form = same("enum('','0','00','000','0000','00000')", Some("latin1"));
    assert_eq!(form.load_clause(), "(@v0) SET `C`=CAST(@v0 AS UNSIGNED)");
    assert_eq!(written(&form, Layout::U64, &one), ("1\n".into(), "(1)".into(), 0));
    assert_eq!(written(&form, Layout::U64, &[0; 8]), ("0\n".into(), "(0)".into(), 1));
    // Into other members, the number would mean another member.
    let form = self::form(("enum('','b')", Some("utf8mb4")), ("enum('b','')", Some("utf8mb4")));
    assert_eq!(form.select_list(), "`c`");
}

#[test]
fn text_is_only_converted_between_character_sets_that_differ() {
    let clause = |source: (&str, &str), target: (&str, &str)| {
        form((source.0, Some(source.1)), (target.0, Some(target.1))).load_clause()
    };
    assert_eq!(clause(("text", "gbk"), ("text", "gbk")), "(`C`)");
    assert_eq!(clause(("text", "utf8mb3"), ("text", "utf8mb4")), "(`C`)");
    assert_eq!(clause(("text", "utf8"), ("text", "utf8mb3")), "(`C`)");
    assert_eq!(
        clause(("text", "latin1"), ("text", "utf8mb4")),
        "(@v0) SET `C`=CONVERT(@v0 USING latin1)"
    );
    assert_eq!(
        form(("json", None), ("json", None)).load_clause(),
        "(@v0) SET `C`=CONVERT(@v0 USING utf8mb4)"
    );
    assert_eq!(
        clause(("longtext", "utf8mb3"), ("json", "utf8mb4")),
        "(@v0) SET `C`=CONVERT(@v0 USING utf8mb4)"
    );
}

#[test]
fn a_set_with_an_empty_member_and_bits_for_another_type_travel_by_number() {
    let form = same("set('','b')", Some("utf8mb4"));
    assert_eq!(form.select_list(), "CAST(`c` AS UNSIGNED)");
    assert_eq!(form.load_clause(), "(@v0) SET `C`=CAST(@v0 AS UNSIGNED)");
    let form = self::form(("bit(8)", None), ("tinyint unsigned", None));
    assert_eq!((form.select_list(), form.load_clause()), ("`c`+0".into(), "(`C`)".into()));
}

#[test]
fn a_column_without_a_place_on_the_target_is_named() {
    let source = table(vec![column("a", "int", None), column("b", "point2", None)]);
    let mut target = table(vec![column("a", "int", None)]);
    assert_eq!(
        RowForm::of(&source, &target).unwrap_err().to_string(),
        "the target's table has no column `b`"
    );
    target.columns.push(column("b", "int", None));
    assert!(matches!(RowForm::of(&source, &target), Err(FormError::Unknown { .. })));
}

/// Rows as numbers, of which some lack values.
struct Numbers(std::ops::RangeFrom<i64>);

impl RowValues for Numbers {
    fn next(&mut self) -> Result<Value<'_>, EncodeError> {
        self.0.next().map(Value::Int).ok_or(EncodeError::OtherColumns)
    }
}

#[test]
fn a_row_in_part_is_written_without_what_it_lacks() {
    let columns = ["a", "b", "c"].map(|name| column(name, "int", None));
    let table = table(columns.to_vec());
    let encoder = Encoder::new(&RowForm::of(&table, &table).unwrap(), Dialect::Insert);
    for (has, tuple, set) in [
        (&[0, 1, 2][..], "(1,2,3)", "a=1,b=2,c=3"),
        (&[0, 2], "(1,3)", "a=1,c=3"),
        (&[1], "(2)", "b=2"),
        (&[], "()", ""),
    ] {
        let mut out = Vec::new();
        encoder.tuple(|at| has.contains(&at), &mut Numbers(1..), &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), tuple);
        let mut out = Vec::new();
        let names = ["a", "b", "c"].into_iter().enumerate();
        let names = names.map(|(at, name)| has.contains(&at).then_some(name));
        encoder.assignments(names, &mut Numbers(1..), &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), set);
        let literals = encoder.literals(|at| has.contains(&at), &mut Numbers(1..)).unwrap();
        assert_eq!(literals.iter().flatten().count(), has.len());
    }
}

#[test]
fn the_values_of_a_key_are_read_as_text() {
    let layouts = [
        (Layout::Bytes, Rendering::Text),
        (Layout::U16, Rendering::Year),
        (Layout::I8, Rendering::Number),
    ];
    let row = [0, 2, b'\\', b'\t', 0, 0, 0xff];
    assert_eq!(
        Encoder::texts(&row, &layouts, &[2, 0, 1]).unwrap(),
        [b"-1".to_vec(), b"\\\t".to_vec(), b"0000".to_vec()]
    );
    let row = [0b100, 0, 0, 0xff];
    assert_eq!(Encoder::texts(&row, &layouts, &[0]), Err(EncodeError::Key));
}

fn stream(
    source: (&str, Option<&str>),
    target: (&str, Option<&str>),
) -> Result<RowForm, FormError> {
    let source = table(vec![column("c", source.0, source.1)]);
    let target = table(vec![column("C", target.0, target.1)]);
    RowForm::of_stream(&source, &target, Flavor::MySql)
}

/// One value out of the binary log.
struct Only<'v>(Value<'v>);

impl RowValues for Only<'_> {
    fn next(&mut self) -> Result<Value<'_>, EncodeError> {
        Ok(self.0)
    }
}

#[test]
fn members_out_of_the_binary_log_travel_by_number() {
    let line = |form: &RowForm, value| {
        let mut out = Vec::new();
        let warned = Encoder::new(form, Dialect::Load).row(&mut Only(value), &mut out).unwrap();
        (String::from_utf8(out).unwrap(), warned)
    };
    let there = table(vec![column("c", "enum('a','b')", Some("latin1"))]);
    let column = ("enum('a','b')", Some("latin1"));
    let form = stream(column, column).unwrap();
    assert_eq!(form.load_clause(), "(`C`)");
    assert_eq!(line(&form, Value::Uint(2)), ("00002\n".into(), 0));
    assert_eq!(line(&form, Value::Uint(0)), ("00000\n".into(), 0));
    let column = ("enum('a','b')", Some("utf16"));
    let form = stream(column, column).unwrap();
    assert_eq!(form.load_clause(), "(@v0) SET `C`=CAST(@v0 AS UNSIGNED)");
    assert_eq!(line(&form, Value::Uint(0)), ("0\n".into(), 1));
    let form = RowForm::of_stream(&there, &there, Flavor::MariaDb).unwrap();
    assert_eq!(line(&form, Value::Uint(0)), ("0\n".into(), 1));
    assert_eq!(line(&form, Value::Uint(2)), ("2\n".into(), 0));
    let column = ("set('a','b')", Some("latin1"));
    let form = stream(column, column).unwrap();
    assert_eq!(form.load_clause(), "(@v0) SET `C`=CAST(@v0 AS UNSIGNED)");
    assert_eq!(line(&form, Value::Uint(3)), ("3\n".into(), 0));
}

#[test]
fn a_column_that_changes_cannot_be_written_into_is_named() {
    let refused = |source, target| stream(source, target).unwrap_err().to_string();
    let latin1 = Some("latin1");
    assert_eq!(
        refused(("enum('a','b')", latin1), ("enum('b','a')", latin1)),
        "column `c` has other members on the target: changes of it carry the number of a member, not its text"
    );
    assert_eq!(
        refused(("set('a')", latin1), ("varchar(9)", latin1)),
        "column `c` has type varchar(9) on the target, into which no change of it can be written"
    );
    assert!(stream(("bit(8)", None), ("bigint", None)).is_err());
    assert!(stream(("bit(8)", None), ("bit(8)", None)).is_ok());
    assert!(stream(("uuid", None), ("binary(16)", None)).is_err());
    assert!(stream(("uuid", None), ("char(36)", Some("ascii"))).is_ok());
    let json = stream(("json", None), ("json", None)).unwrap();
    assert_eq!(json.load_clause(), "(@v0) SET `C`=CONVERT(@v0 USING utf8mb4)");
}
