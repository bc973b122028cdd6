//! The SQL by which each server digests its own rows, so that equal rows digest equally on both.
//!
//! A row's digest is `CRC32(CRC32(text))` over a canonical text of all its columns. The outer `CRC32`
//! reads the inner one's decimal digits: plain `CRC32` is linear, so that two rows with swapped values
//! cancel out under `BIT_XOR` (and often under `SUM`); digits are not linear, and they do not.

use sealift_schema::catalog::Table;
use sealift_schema::column::{Column, ColumnType};
use sealift_schema::facts::Side;
use sealift_schema::name::quote;

use super::utf8mb3;

/// A column of the source beside its counterpart on the target.
#[derive(Clone, Copy, Debug)]
pub(super) struct ColumnPair<'a> {
    /// On the source.
    pub(super) source: &'a Column,
    /// On the target.
    pub(super) target: &'a Column,
}

/// Pairs the columns that rows carry, by name and in the source's order.
///
/// Generated columns are compared too: the target computes them by its own expression. `Err` names the
/// first column the target lacks.
pub(super) fn pair<'a>(
    source: &'a Table,
    target: &'a Table,
) -> Result<Vec<ColumnPair<'a>>, &'a str> {
    source
        .columns
        .iter()
        .map(|column| match target.column(&column.name) {
            Some(counterpart) => Ok(ColumnPair { source: column, target: counterpart }),
            None => Err(column.name.as_str()),
        })
        .collect()
}

/// The expression for one row's digest on the source and on the target.
#[must_use]
pub(super) fn row(pairs: &[ColumnPair<'_>]) -> (String, String) {
    (row_of(pairs, Side::Source), row_of(pairs, Side::Target))
}

fn row_of(pairs: &[ColumnPair<'_>], side: Side) -> String {
    let mut parts: Vec<String> = Vec::with_capacity(pairs.len() + 1);
    let mut nulls = Vec::new();
    for pair in pairs {
        parts.push(canonical_on(pair, side));
        // CONCAT_WS leaves NULLs out; which they were must show.
        if pair.source.nullable || pair.target.nullable {
            nulls.push(format!("ISNULL({})", quote(&pair.source.name)));
        }
    }
    if !nulls.is_empty() {
        parts.push(format!("CONCAT({})", nulls.join(",")));
    }
    format!("CRC32(CRC32(CONCAT_WS('#',{})))", parts.join(","))
}

fn same_charset(pair: &ColumnPair<'_>) -> bool {
    let [one, other] =
        [pair.source, pair.target].map(|column| column.charset.as_deref().map(utf8mb3::spelled));
    one == other
}

/// The canonical text of a column pair on one side.
#[must_use]
pub(super) fn canonical_on(pair: &ColumnPair<'_>, side: Side) -> String {
    let column = match side {
        Side::Source => pair.source,
        Side::Target => pair.target,
    };
    // Both sides are read as the source's family: a UUID that became CHAR(36), an INT that became BIGINT.
    canonical(column, pair.source.kind, same_charset(pair))
}

/// One column's canonical text, equal on both servers for equal values.
///
/// - Numbers lose display padding. A `FLOAT` prints all its digits once it is made a `DOUBLE`; a `DOUBLE`
///   does as it is.
/// - `ENUM` and `SET` go by number: the member '' and the error value '' differ.
/// - Text goes by its bytes when both sides store one character set, else by its utf8mb4 bytes.
/// - Large values go by length and checksum, so that no row's text outgrows `max_allowed_packet`
///   (`CONCAT` would turn NULL then, <https://dev.mysql.com/doc/refman/9.7/en/string-functions.html>).
#[must_use]
fn canonical(column: &Column, kind: ColumnType, same_charset: bool) -> String {
    let name = quote(&column.name);
    match kind {
        ColumnType::TinyInt
        | ColumnType::SmallInt
        | ColumnType::MediumInt
        | ColumnType::Int
        | ColumnType::BigInt
        | ColumnType::Decimal
            if column.type_text.contains("zerofill") =>
        {
            format!("{name}+0")
        }
        ColumnType::TinyInt
        | ColumnType::SmallInt
        | ColumnType::MediumInt
        | ColumnType::Int
        | ColumnType::BigInt
        | ColumnType::Decimal
        | ColumnType::Year
        | ColumnType::Date
        | ColumnType::Time
        | ColumnType::DateTime
        | ColumnType::Timestamp => name,
        // The sum with 0 would be a DOUBLE for ENUM and SET: 64 members do not fit.
        ColumnType::Bit | ColumnType::Enum | ColumnType::Set => format!("CAST({name} AS UNSIGNED)"),
        // As it is it prints all digits; the product with 1 would have room for one less.
        ColumnType::Double => name,
        ColumnType::Float => format!("{name}*1e0"),
        ColumnType::Char | ColumnType::VarChar => {
            let bytes = text_bytes(&name, same_charset);
            format!("LENGTH({bytes}),{bytes}")
        }
        ColumnType::Binary | ColumnType::VarBinary => format!("LENGTH({name}),{name}"),
        ColumnType::Text => {
            let bytes = text_bytes(&name, same_charset);
            format!("LENGTH({bytes}),CRC32({bytes})")
        }
        ColumnType::Blob | ColumnType::Geometry | ColumnType::Vector | ColumnType::Unknown => {
            format!("LENGTH({name}),CRC32({name})")
        }
        ColumnType::Json => format!("CRC32(CAST({name} AS CHAR CHARACTER SET utf8mb4))"),
        ColumnType::Uuid | ColumnType::Inet => format!("CAST({name} AS CHAR)"),
    }
}

fn text_bytes(name: &str, same_charset: bool) -> String {
    if same_charset {
        format!("CAST({name} AS BINARY)")
    } else {
        format!("CAST(CONVERT({name} USING utf8mb4) AS BINARY)")
    }
}

/// What one chunk is asked on one server: rows and the sum of their digests.
#[must_use]
pub(super) fn chunk_query(table: &str, key: Option<&str>, digest: &str, condition: &str) -> String {
    let hint = key.map(|key| format!(" FORCE INDEX ({})", quote(key))).unwrap_or_default();
    format!("SELECT COUNT(*),COALESCE(SUM({digest}),0) FROM {table}{hint} WHERE {condition}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, kind: ColumnType, type_text: &str, charset: Option<&str>) -> Column {
        Column {
            name: name.into(),
            kind,
            type_text: type_text.into(),
            nullable: true,
            default: None,
            extra: String::new(),
            generated: None,
            invisible: false,
            charset: charset.map(Into::into),
            collation: None,
            srid: None,
            comment: String::new(),
        }
    }

    #[test]
    fn each_family_has_one_canonical_text() {
        let of = |kind, text: &str| canonical(&column("c", kind, text, None), kind, true);
        assert_eq!(of(ColumnType::Int, "int(8) unsigned zerofill"), "`c`+0");
        assert_eq!(of(ColumnType::Int, "int"), "`c`");
        assert_eq!(of(ColumnType::Float, "float"), "`c`*1e0");
        assert_eq!(of(ColumnType::Double, "double"), "`c`");
        assert_eq!(of(ColumnType::Set, "set('a')"), "CAST(`c` AS UNSIGNED)");
        assert_eq!(
            of(ColumnType::VarChar, "varchar(5)"),
            "LENGTH(CAST(`c` AS BINARY)),CAST(`c` AS BINARY)"
        );
    }

    #[test]
    fn text_of_two_character_sets_is_compared_as_utf8mb4() {
        let source = column("c", ColumnType::Char, "char(5)", Some("latin1"));
        let target = column("c", ColumnType::Char, "char(5)", Some("utf8mb4"));
        let (left, right) = row(&[ColumnPair { source: &source, target: &target }]);
        assert!(left.contains("CONVERT(`c` USING utf8mb4)"), "{left}");
        assert_eq!(left, right);
    }

    #[test]
    fn utf8_is_another_word_for_utf8mb3() {
        let source = column("c", ColumnType::Char, "char(5)", Some("utf8"));
        let target = column("c", ColumnType::Char, "char(5)", Some("utf8mb3"));
        let (left, _) = row(&[ColumnPair { source: &source, target: &target }]);
        assert!(!left.contains("CONVERT"), "{left}");
    }
}
