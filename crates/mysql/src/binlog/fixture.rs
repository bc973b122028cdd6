//! Events as MySQL 9.7.4 logged them, and the definition they were logged under.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a broken expectation should stop the test"
)]

use bytes::Bytes;
use sealift_schema::column::{Column, ColumnType};

/// The columns of `shop`.`every`: family, type, character set.
const EVERY: [(&str, ColumnType, &str, Option<&str>); 22] = [
    ("id", ColumnType::Int, "int unsigned", None),
    ("m", ColumnType::MediumInt, "mediumint", None),
    ("y", ColumnType::Year, "year", None),
    ("b", ColumnType::BigInt, "bigint unsigned", None),
    ("d", ColumnType::Decimal, "decimal(10,2)", None),
    ("f", ColumnType::Float, "float", None),
    ("g", ColumnType::Double, "double", None),
    ("bits", ColumnType::Bit, "bit(12)", None),
    ("dt", ColumnType::DateTime, "datetime(3)", None),
    ("ts", ColumnType::Timestamp, "timestamp(6)", None),
    ("tm", ColumnType::Time, "time(1)", None),
    ("da", ColumnType::Date, "date", None),
    ("c", ColumnType::Char, "char(70)", Some("utf8mb4")),
    ("x", ColumnType::Binary, "binary(4)", None),
    ("v", ColumnType::VarChar, "varchar(300)", Some("latin1")),
    ("t", ColumnType::Text, "text", Some("utf8mb4")),
    ("bl", ColumnType::Blob, "tinyblob", None),
    ("e", ColumnType::Enum, "enum('small','large')", Some("utf8mb4")),
    ("s", ColumnType::Set, "set('p','q')", Some("utf8mb4")),
    ("j", ColumnType::Json, "json", None),
    ("p", ColumnType::Geometry, "point", None),
    ("k", ColumnType::Vector, "vector(2)", None),
];

/// The definition of `shop`.`every`; only `id` is NOT NULL.
pub(super) fn every() -> Vec<Column> {
    EVERY
        .iter()
        .map(|(name, kind, type_text, charset)| {
            let mut column = column(name, *kind, type_text, *charset);
            column.nullable = *name != "id";
            column
        })
        .collect()
}

/// A column that allows NULL.
pub(super) fn column(
    name: &str,
    kind: ColumnType,
    type_text: &str,
    charset: Option<&str>,
) -> Column {
    Column {
        name: name.to_owned(),
        kind,
        type_text: type_text.to_owned(),
        nullable: true,
        default: None,
        extra: String::new(),
        generated: None,
        invisible: false,
        charset: charset.map(str::to_owned),
        collation: None,
        srid: None,
        comment: String::new(),
    }
}

/// Bytes by their hexadecimal digits.
pub(super) fn bytes(digits: &str) -> Bytes {
    let digit = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(digit).collect()
}

/// Its table map, with `binlog_row_metadata=FULL`.
pub(super) const MAP: &str = "\
    55000000000001000473686f7000056576657279001603090d08f60405101211130afefe0ffcfcfefef5fff2180a0204\
    080401030601ee18fe042c010201f701f801040404feff3f0101b0030afcff003f08fcff003f3f0701010d0102043502\
    6964016d01790162016401660167046269747302647402747302746d026461016301780176017402626c01650173016a\
    0170016b0a03fcff0005050201700171060d0205736d616c6c056c617267650801000c03fffffc";

/// Two new rows: one with a value in each column, one of NULLs but for its id.
pub(super) const WRITE: &str = "\
    5500000000001100020016ffffff000000ffffffff00008000ffffffffffffffff7ffffff3e10000c03f000000000000\
    04c00a0199b93ec8b81ed26b03908b0000047fffffce5dd00f0200c3a4010101007604007465787401ff020338000000\
    0002003700120001001300020002150000330061626205001e000501000b13000c1b0004000004010000000000000004\
    c002780a0000040019000000000000000101000000000000000000f03f0000000000000040080000000000803f000000\
    40feff3f01000000";

/// `m` of the first one became 7.
pub(super) const UPDATE: &str = "\
    5500000000001100020016ffffffffffff000000ffffffff00008000ffffffffffffffff7ffffff3e10000c03f000000\
    00000004c00a0199b93ec8b81ed26b03908b0000047fffffce5dd00f0200c3a4010101007604007465787401ff020338\
    0000000002003700120001001300020002150000330061626205001e000501000b13000c1b0004000004010000000000\
    000004c002780a0000040019000000000000000101000000000000000000f03f0000000000000040080000000000803f\
    00000040000000ffffffff07000000ffffffffffffffff7ffffff3e10000c03f00000000000004c00a0199b93ec8b81e\
    d26b03908b0000047fffffce5dd00f0200c3a4010101007604007465787401ff02033800000000020037001200010013\
    00020002150000330061626205001e000501000b13000c1b0004000004010000000000000004c002780a000004001900\
    0000000000000101000000000000000000f03f0000000000000040080000000000803f00000040";
