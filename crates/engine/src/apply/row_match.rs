//! The condition that finds a row by all its values, in a table without a key.
//!
//! Text is compared by its bytes, `ENUM` and `SET` by number, a `FLOAT` by the `DOUBLE` it is, JSON as JSON.
//! Two values it takes for one though they differ: 0.0 and -0.0, and numbers inside JSON that are equal.

use sealift_mysql::value::Value;
use sealift_schema::catalog::Table;
use sealift_schema::column::{Column, ColumnType};
use sealift_schema::name::quote;

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
                let same = from == into || into == "binary" || from == "binary";
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
