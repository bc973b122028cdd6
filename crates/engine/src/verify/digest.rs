//! The SQL by which each server digests its own rows, so that equal rows digest equally on both.
//!
//! A row's digest is the SHA-256 of a canonical text of all its columns, or 64 bits of it: servers compute it at
//! least as fast as `CRC32`, and no two rows cancel each other out.

use sealift_schema::catalog::Table;
use sealift_schema::column::{Column, ColumnType};
use sealift_schema::facts::Side;
use sealift_schema::name::quote;
use sealift_schema::utf8mb3;

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

/// How a table's rows are digested on one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RowDigest {
    /// 256 bits of a row, in hexadecimal digits.
    hash: String,
    /// 64 bits of them, as a number.
    number: String,
}

impl RowDigest {
    /// The expression for a row's digest: a whole number of 64 bits.
    pub(super) fn number(&self) -> &str {
        &self.number
    }

    fn of(pairs: &[ColumnPair<'_>], side: Side) -> Self {
        let hash = format!("SHA2({},256)", text(pairs, side));
        let number = format!("CAST(CONV(LEFT({hash},{DIGITS}),16,10) AS UNSIGNED)");
        Self { hash, number }
    }
}

/// Hexadecimal digits of 64 bits.
const DIGITS: u32 = 16;

/// How a row is digested on the source and on the target.
#[must_use]
pub(super) fn row(pairs: &[ColumnPair<'_>]) -> (RowDigest, RowDigest) {
    (RowDigest::of(pairs, Side::Source), RowDigest::of(pairs, Side::Target))
}

/// An empty text by which a concatenation takes each argument's bytes as they are: in other character sets than
/// that of the rest they would be converted, and casts cost more than the digest does.
const BYTES: &str = "_binary'' COLLATE `binary`";

/// How many flags one number of [`text`]'s head holds, below [`WHOLE`].
const FLAGS: usize = 24;

/// Makes `CHAR` print four bytes of a number whatever it is: it leaves leading zeros out.
const WHOLE: u32 = 1 << 24;

/// A row's text, from which the row could be read again: which columns are NULL, and how long those are that hold
/// any bytes, but for the last one; then what holds no `#`, each behind the other with a `#`; then the others.
fn text(pairs: &[ColumnPair<'_>], side: Side) -> String {
    let (mut plain, mut bytes, mut nulls) = (Vec::new(), Vec::new(), Vec::new());
    for pair in pairs {
        let canonical = canonical_on(pair, side);
        if pair.may_be_null() {
            nulls.push(format!("ISNULL({})", quote(&pair.source.name)));
        }
        match canonical {
            Canonical::Plain(_) => plain.push(format!("{},'#'", pair.never_null(&canonical))),
            Canonical::Bytes(_) => {
                bytes.push((canonical.expression().to_owned(), pair.never_null(&canonical)));
            }
        }
    }
    let flags = nulls.chunks(FLAGS).map(|nulls| {
        let shifted = nulls.iter().enumerate().map(|(place, flag)| format!("{flag}<<{place}"));
        shifted.collect::<Vec<_>>().join("|")
    });
    let framed = bytes.len().saturating_sub(1);
    // CHAR leaves NULL out, which the flags tell.
    let lengths = bytes.iter().take(framed).map(|(expression, _)| format!("LENGTH({expression})"));
    let head: Vec<String> = flags.chain(lengths).map(|item| format!("{item}|{WHOLE}")).collect();
    let mut parts = vec![BYTES.to_owned()];
    if !head.is_empty() {
        parts.push(format!("CHAR({})", head.join(",")));
    }
    parts.extend(plain);
    parts.extend(bytes.into_iter().map(|(_, never_null)| never_null));
    format!("CONCAT({})", parts.join(","))
}

impl ColumnPair<'_> {
    fn may_be_null(&self) -> bool {
        self.source.nullable || self.target.nullable
    }

    /// `CONCAT` is NULL if any part is; which are must show elsewhere.
    fn never_null(&self, canonical: &Canonical) -> String {
        let expression = canonical.expression();
        if self.may_be_null() { format!("IFNULL({expression},'')") } else { expression.to_owned() }
    }

    fn same_charset(&self) -> bool {
        let [one, other] = [self.source, self.target]
            .map(|column| column.charset.as_deref().map(utf8mb3::spelled));
        one == other
    }
}

/// The expression for one column's value on one side: two values are the same if and only if these are.
#[must_use]
pub(super) fn value_on(pair: &ColumnPair<'_>, side: Side) -> String {
    let name = quote(&pair.source.name);
    format!("CONCAT({BYTES},ISNULL({name}),{})", pair.never_null(&canonical_on(pair, side)))
}

fn canonical_on(pair: &ColumnPair<'_>, side: Side) -> Canonical {
    let column = match side {
        Side::Source => pair.source,
        Side::Target => pair.target,
    };
    // Both sides are read as the source's family: a UUID that became CHAR(36), an INT that became BIGINT.
    canonical(column, pair.source.kind, pair.same_charset())
}

/// One column's canonical text.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Canonical {
    /// It never holds `#`.
    Plain(String),
    /// It may hold any bytes.
    Bytes(String),
}

impl Canonical {
    fn expression(&self) -> &str {
        match self {
            Self::Plain(expression) | Self::Bytes(expression) => expression,
        }
    }
}

/// One column's canonical text, equal on both servers for equal values.
///
/// - Numbers lose display padding. A `FLOAT` prints all its digits once it is made a `DOUBLE`; a `DOUBLE`
///   does as it is.
/// - `ENUM` and `SET` go by number: the member '' and the error value '' differ.
/// - Text goes by its bytes when both sides store one character set, else by its utf8mb4 bytes.
/// - Large values go by their SHA-256, so that no row's text outgrows `max_allowed_packet`
///   (`CONCAT` would turn NULL then, <https://dev.mysql.com/doc/refman/9.7/en/string-functions.html>).
fn canonical(column: &Column, kind: ColumnType, same_charset: bool) -> Canonical {
    let name = quote(&column.name);
    let text =
        || if same_charset { name.clone() } else { format!("CONVERT({name} USING utf8mb4)") };
    Canonical::Plain(match kind {
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
        ColumnType::Char | ColumnType::VarChar => return Canonical::Bytes(text()),
        ColumnType::Binary | ColumnType::VarBinary => return Canonical::Bytes(name),
        ColumnType::Text => format!("SHA2({},256)", text()),
        ColumnType::Blob | ColumnType::Geometry | ColumnType::Vector | ColumnType::Unknown => {
            format!("SHA2({name},256)")
        }
        ColumnType::Json => format!("SHA2(CAST({name} AS CHAR CHARACTER SET utf8mb4),256)"),
        ColumnType::Uuid | ColumnType::Inet => format!("CAST({name} AS CHAR)"),
    })
}

/// How the digests of a chunk's rows become one number of at least 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fold {
    /// By exclusive or of all 256 bits, which MySQL does from version 8 on: the fastest. Equal rows would cancel each
    /// other out, so it is for tables with a key only.
    Xor,
    /// By the sum of their numbers.
    Sum,
}

/// What one chunk is asked on one server: rows and what their digests make together.
#[must_use]
pub(super) fn chunk_query(
    table: &str,
    key: Option<&str>,
    digest: &RowDigest,
    fold: Fold,
    condition: &str,
) -> String {
    let hint = key.map(|key| format!(" FORCE INDEX ({})", quote(key))).unwrap_or_default();
    let RowDigest { hash, number } = digest;
    let folded = match fold {
        Fold::Xor => format!("CONV(LEFT(HEX(BIT_XOR(UNHEX({hash}))),{DIGITS}),16,10)"),
        Fold::Sum => format!("COALESCE(SUM({number}),0)"),
    };
    format!("SELECT COUNT(*),{folded} FROM {table}{hint} WHERE {condition}")
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
        let plain = |text: &str| Canonical::Plain(text.to_owned());
        assert_eq!(of(ColumnType::Int, "int(8) unsigned zerofill"), plain("`c`+0"));
        assert_eq!(of(ColumnType::Int, "int"), plain("`c`"));
        assert_eq!(of(ColumnType::Float, "float"), plain("`c`*1e0"));
        assert_eq!(of(ColumnType::Double, "double"), plain("`c`"));
        assert_eq!(of(ColumnType::Set, "set('a')"), plain("CAST(`c` AS UNSIGNED)"));
        assert_eq!(of(ColumnType::Text, "text"), plain("SHA2(`c`,256)"));
        assert_eq!(of(ColumnType::VarChar, "varchar(5)"), Canonical::Bytes("`c`".to_owned()));
    }

    #[test]
    fn a_row_could_be_read_from_its_text() {
        let mut columns = [
            column("id", ColumnType::Int, "int", None),
            column("a", ColumnType::VarChar, "varchar(5)", Some("utf8mb4")),
            column("n", ColumnType::Decimal, "decimal(9,2)", None),
            column("b", ColumnType::VarBinary, "varbinary(5)", None),
        ];
        let text_of = |columns: &[Column]| {
            let pairs: Vec<ColumnPair<'_>> = columns
                .iter()
                .map(|column| ColumnPair { source: column, target: column })
                .collect();
            text(&pairs, Side::Source)
        };
        assert_eq!(
            text_of(&columns),
            "CONCAT(_binary'' COLLATE `binary`,\
             CHAR(ISNULL(`id`)<<0|ISNULL(`a`)<<1|ISNULL(`n`)<<2|ISNULL(`b`)<<3|16777216,LENGTH(`a`)|16777216),\
             IFNULL(`id`,''),'#',IFNULL(`n`,''),'#',IFNULL(`a`,''),IFNULL(`b`,''))"
        );
        for column in &mut columns {
            column.nullable = false;
        }
        assert_eq!(
            text_of(&columns),
            "CONCAT(_binary'' COLLATE `binary`,CHAR(LENGTH(`a`)|16777216),`id`,'#',`n`,'#',`a`,`b`)"
        );
        let [id, a, ..] = columns;
        assert_eq!(text_of(&[id, a]), "CONCAT(_binary'' COLLATE `binary`,`id`,'#',`a`)");
        let many: Vec<Column> = (0..25)
            .map(|number| column(&format!("c{number}"), ColumnType::Int, "int", None))
            .collect();
        assert!(text_of(&many).contains("ISNULL(`c23`)<<23|16777216,ISNULL(`c24`)<<0|16777216)"));
    }

    #[test]
    fn text_of_two_character_sets_is_compared_as_utf8mb4() {
        let source = column("c", ColumnType::Char, "char(5)", Some("latin1"));
        let target = column("c", ColumnType::Char, "char(5)", Some("utf8mb4"));
        let (left, right) = row(&[ColumnPair { source: &source, target: &target }]);
        assert!(left.number().contains("CONVERT(`c` USING utf8mb4)"), "{left:?}");
        assert_eq!(left, right);
    }

    #[test]
    fn utf8_is_another_word_for_utf8mb3() {
        let source = column("c", ColumnType::Char, "char(5)", Some("utf8"));
        let target = column("c", ColumnType::Char, "char(5)", Some("utf8mb3"));
        let (left, _) = row(&[ColumnPair { source: &source, target: &target }]);
        assert!(!left.number().contains("CONVERT"), "{left:?}");
    }
}
