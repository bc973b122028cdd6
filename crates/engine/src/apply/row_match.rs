//! The condition that finds a row by all its values, in a table without a key.
//!
//! Text is compared by its bytes, `ENUM` and `SET` by number, a `FLOAT` by the `DOUBLE` it is, JSON as JSON.
//! Two values it takes for one though they differ: 0.0 and -0.0, and numbers inside JSON that are equal.

use sealift_mysql::value::Value;
use sealift_schema::catalog::Table;
use sealift_schema::column::{Column, ColumnType};
use sealift_schema::name::quote;
use sealift_schema::utf8mb3;

use crate::encode::{EncodeError, Rendering, RowValues, plain_text};

/// How the values of a row are compared, column by column.
#[derive(Clone, Debug)]
pub(super) struct RowMatch {
    columns: Vec<Comparison>,
}

#[derive(Clone, Debug)]
struct Comparison {
    /// What is compared on the target.
    left: String,
    literal: Literal,
}

/// How a value is written for its comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Literal {
    /// Digits.
    Number,
    /// Digits with an exponent, so that they are a `DOUBLE`.
    Double,
    /// The number that bytes are.
    Bits,
    /// In quotes.
    Quoted(Rendering),
    /// As bytes.
    Hex,
    /// As the text of their digits: bytes of types that are compared with nothing.
    Digits,
    /// As bytes of text, converted from the first to the second character set.
    Converted(String, String),
    /// As JSON.
    Json,
}

impl RowMatch {
    /// How rows of `source` are found in `target`, which has all its columns.
    pub(super) fn of(source: &Table, target: &Table) -> Self {
        let columns = source
            .written_columns()
            .filter_map(|column| Some(Comparison::of(column, target.column(&column.name)?)))
            .collect();
        Self { columns }
    }

    /// The condition for a row with these values.
    pub(super) fn condition(&self, row: &mut impl RowValues) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::new();
        for (index, column) in self.columns.iter().enumerate() {
            if index > 0 {
                out.extend_from_slice(b" AND ");
            }
            out.extend_from_slice(column.left.as_bytes());
            out.extend_from_slice(b"<=>");
            column.literal.write(row.next()?, &mut out)?;
        }
        Ok(out)
    }
}

impl Comparison {
    fn of(column: &Column, there: &Column) -> Self {
        let name = quote(&there.name);
        let bytes = format!("CAST({name} AS BINARY)");
        let (left, literal) = match column.kind {
            ColumnType::TinyInt
            | ColumnType::SmallInt
            | ColumnType::MediumInt
            | ColumnType::Int
            | ColumnType::BigInt
            | ColumnType::Decimal => (name, Literal::Number),
            ColumnType::Float | ColumnType::Double => (name, Literal::Double),
            ColumnType::Bit => (format!("CAST({name} AS UNSIGNED)"), Literal::Bits),
            ColumnType::Enum | ColumnType::Set => {
                (format!("CAST({name} AS UNSIGNED)"), Literal::Number)
            }
            ColumnType::Year => (name, Literal::Quoted(Rendering::Year)),
            ColumnType::Date => (name, Literal::Quoted(Rendering::Date)),
            ColumnType::Time | ColumnType::DateTime | ColumnType::Timestamp => {
                (name, Literal::Quoted(Rendering::Text))
            }
            ColumnType::Char | ColumnType::VarChar | ColumnType::Text => {
                let from = column.charset.as_deref().unwrap_or("binary");
                let into = there.charset.as_deref().unwrap_or("binary");
                // An old server does not know the newer name.
                let same = utf8mb3::spelled(from) == utf8mb3::spelled(into)
                    || into == "binary"
                    || from == "binary";
                let literal = if same {
                    Literal::Hex
                } else {
                    Literal::Converted(from.to_owned(), into.to_owned())
                };
                (bytes, literal)
            }
            ColumnType::Json if there.kind == ColumnType::Json => (name, Literal::Json),
            ColumnType::Binary
            | ColumnType::VarBinary
            | ColumnType::Blob
            | ColumnType::Json
            | ColumnType::Uuid
            | ColumnType::Inet => (bytes, Literal::Hex),
            ColumnType::Geometry | ColumnType::Vector | ColumnType::Unknown => {
                (format!("HEX({name})"), Literal::Digits)
            }
        };
        Self { left, literal }
    }
}

impl Literal {
    fn write(&self, value: Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if value == Value::Null {
            out.extend_from_slice(b"NULL");
            return Ok(());
        }
        match (self, value) {
            (Self::Number, value) => {
                let from = out.len();
                plain_text(value, Rendering::Number, out);
                let is_bare = |b: &u8| b.is_ascii_digit() || matches!(b, b'-' | b'.');
                if !out.iter().skip(from).all(is_bare) {
                    return Err(EncodeError::OtherColumns);
                }
            }
            (Self::Double, value) => {
                let from = out.len();
                plain_text(value, Rendering::Number, out);
                if !out.iter().skip(from).any(|b| *b == b'e') {
                    out.extend_from_slice(b"e0");
                }
            }
            (Self::Bits, Value::Bytes(bytes)) => {
                let number =
                    bytes.iter().fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
                plain_text(Value::Uint(number), Rendering::Number, out);
            }
            (Self::Quoted(rendering), value) => {
                out.push(b'\'');
                plain_text(value, *rendering, out);
                out.push(b'\'');
            }
            (Self::Hex, Value::Bytes(bytes)) => hex(bytes, out),
            (Self::Digits, Value::Bytes(bytes)) => {
                out.push(b'\'');
                digits(bytes, b"0123456789ABCDEF", out);
                out.push(b'\'');
            }
            (Self::Converted(from, into), Value::Bytes(bytes)) => {
                out.extend_from_slice(format!("CAST(CONVERT(_{from} ").as_bytes());
                hex(bytes, out);
                out.extend_from_slice(format!(" USING {into}) AS BINARY)").as_bytes());
            }
            (Self::Json, Value::Bytes(bytes)) => {
                out.extend_from_slice(b"CAST(CONVERT(");
                hex(bytes, out);
                out.extend_from_slice(b" USING utf8mb4) AS JSON)");
            }
            (Self::Bits | Self::Hex | Self::Digits | Self::Converted(..) | Self::Json, _) => {
                return Err(EncodeError::OtherColumns);
            }
        }
        Ok(())
    }
}

/// Appends `x'…'`.
fn hex(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"x'");
    digits(bytes, b"0123456789abcdef", out);
    out.push(b'\'');
}

fn digits(bytes: &[u8], sixteen: &[u8; 16], out: &mut Vec<u8>) {
    for nibble in bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]) {
        out.extend(sixteen.get(usize::from(nibble)));
    }
}

#[cfg(test)]
mod tests {
    use sealift_mysql::value::{Duration, Moment};

    use super::*;

    fn column(kind: ColumnType, charset: Option<&str>) -> Column {
        Column {
            name: "c".into(),
            kind,
            type_text: String::new(),
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

    fn compared(source: &Column, target: &Column, value: Value<'_>) -> String {
        let Comparison { left, literal } = Comparison::of(source, target);
        let mut out = format!("{left}<=>").into_bytes();
        literal.write(value, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_family_is_compared_so_that_only_equal_values_are() {
        let day = Moment { year: 2020, month: 2, day: 31, ..Moment::default() };
        let span = Duration { negative: true, hours: 1, ..Duration::default() };
        let cases = [
            (ColumnType::Int, Value::Int(-5), "`c`<=>-5"),
            (ColumnType::Int, Value::Null, "`c`<=>NULL"),
            (ColumnType::Decimal, Value::Bytes(b"-0.50"), "`c`<=>-0.50"),
            (ColumnType::Float, Value::Float(1.1), "`c`<=>1.100000023841858e0"),
            (ColumnType::Double, Value::Double(1e300), "`c`<=>1e300"),
            (ColumnType::Bit, Value::Bytes(&[1, 0]), "CAST(`c` AS UNSIGNED)<=>256"),
            (ColumnType::Set, Value::Uint(3), "CAST(`c` AS UNSIGNED)<=>3"),
            (ColumnType::Year, Value::Uint(0), "`c`<=>'0000'"),
            (ColumnType::Date, Value::Moment(day), "`c`<=>'2020-02-31'"),
            (ColumnType::Time, Value::Duration(span), "`c`<=>'-01:00:00'"),
            (ColumnType::Blob, Value::Bytes(b"'"), "CAST(`c` AS BINARY)<=>x'27'"),
            (
                ColumnType::Json,
                Value::Bytes(b"1"),
                "`c`<=>CAST(CONVERT(x'31' USING utf8mb4) AS JSON)",
            ),
            (ColumnType::Geometry, Value::Bytes(&[0xab]), "HEX(`c`)<=>'AB'"),
        ];
        for (kind, value, expected) in cases {
            let column = column(kind, None);
            assert_eq!(compared(&column, &column, value), expected);
        }
    }

    #[test]
    fn text_is_compared_by_its_bytes_in_the_targets_character_set() {
        let text = |charset| column(ColumnType::VarChar, Some(charset));
        let value = Value::Bytes(b"\xe9");
        assert_eq!(
            compared(&text("latin1"), &text("latin1"), value),
            "CAST(`c` AS BINARY)<=>x'e9'"
        );
        assert_eq!(
            compared(&text("latin1"), &text("utf8mb4"), value),
            "CAST(`c` AS BINARY)<=>CAST(CONVERT(_latin1 x'e9' USING utf8mb4) AS BINARY)"
        );
    }

    #[test]
    fn digits_that_are_none_never_get_into_a_statement() {
        let column = column(ColumnType::Decimal, None);
        let literal = Comparison::of(&column, &column).literal;
        assert!(literal.write(Value::Bytes(b"1 OR 1=1"), &mut Vec::new()).is_err());
    }
}
