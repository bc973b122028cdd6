//! From a row's values to the bytes the target reads: a `LOAD DATA` field stream or `INSERT` tuples.

mod digits;
mod form;
mod render;

use sealift_mysql::value::{Layout, Value, ValueError, Values};
use thiserror::Error;

pub use self::form::{ColumnForm, FormError, Rendering, RowForm, Storing};
pub(crate) use self::render::plain as plain_text;

/// How rows are written to the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Lines of a `LOAD DATA LOCAL` stream: `FIELDS TERMINATED BY '\t' ESCAPED BY '\\' LINES TERMINATED BY
    /// '\n'`. Costs the target less than half of what `INSERT` does.
    Load,
    /// Tuples of an `INSERT` statement, for targets with `local_infile` off.
    Insert,
}

/// The values of one row, in the order of the columns that are written.
pub trait RowValues {
    /// The next column's value.
    ///
    /// # Errors
    /// When the row ends early or its bytes are not what was promised.
    fn next(&mut self) -> Result<Value<'_>, EncodeError>;

    /// Passes over the next column's value.
    ///
    /// # Errors
    /// As [`RowValues::next`].
    fn skip(&mut self) -> Result<(), EncodeError> {
        self.next().map(|_passed| ())
    }
}

/// A row of a result by the binary protocol. Columns behind those that are written may follow.
#[derive(Clone, Debug)]
pub struct ResultRow<'row> {
    values: Values<'row>,
    layouts: std::slice::Iter<'row, Layout>,
}

impl<'row> ResultRow<'row> {
    /// A row's bytes from its null bitmap on, and how its columns lie in them.
    ///
    /// # Errors
    /// When the bitmap is not whole.
    #[inline]
    pub fn new(row: &'row [u8], layouts: &'row [Layout]) -> Result<Self, EncodeError> {
        Ok(Self { values: Values::new(row, layouts.len())?, layouts: layouts.iter() })
    }
}

impl RowValues for ResultRow<'_> {
    #[inline]
    fn next(&mut self) -> Result<Value<'_>, EncodeError> {
        let layout = self.layouts.next().ok_or(EncodeError::OtherColumns)?;
        Ok(self.values.next(*layout)?)
    }
}

/// Writes rows of one form, column by column, without an allocation per value.
#[derive(Clone, Debug)]
pub struct Encoder {
    dialect: Dialect,
    columns: Vec<ColumnEncoder>,
}

#[derive(Clone, Debug)]
struct ColumnEncoder {
    rendering: Rendering,
    before: &'static str,
    after: String,
}

/// A row that cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EncodeError {
    /// The result has other columns than were asked for.
    #[error("the result has other columns than were asked for")]
    OtherColumns,
    /// The row's bytes do not follow the protocol.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// NULL or something else that cannot be, in a column of the row key.
    #[error("the row key holds a value it cannot hold")]
    Key,
}

impl Encoder {
    /// An encoder of rows whose values are those of the form's columns.
    #[must_use]
    pub fn new(form: &RowForm, dialect: Dialect) -> Self {
        let columns = form
            .columns
            .iter()
            .map(|column| {
                let (before, after) = column.storing.around();
                ColumnEncoder { rendering: column.rendering, before, after }
            })
            .collect();
        Self { dialect, columns }
    }

    /// Appends one row. Returns how many warnings 1265 the target will give for it though it stores every
    /// value right.
    ///
    /// # Errors
    /// When the row cannot be read; what was appended is then of no use.
    #[inline]
    pub fn row(&self, row: &mut impl RowValues, out: &mut Vec<u8>) -> Result<u64, EncodeError> {
        match self.dialect {
            Dialect::Load => self.load_line(row, out),
            Dialect::Insert => self.tuple(|_column| true, row, out),
        }
    }

    fn load_line(&self, row: &mut impl RowValues, out: &mut Vec<u8>) -> Result<u64, EncodeError> {
        let mut warned = 0;
        for (index, column) in self.columns.iter().enumerate() {
            if index > 0 {
                out.push(b'\t');
            }
            match row.next()? {
                Value::Null => out.extend_from_slice(b"\\N"),
                Value::Bytes(bytes) => match column.zero_member(bytes) {
                    Zero::No => escape_load(bytes, out),
                    Zero::Digits(width) => out.extend(std::iter::repeat_n(b'0', width)),
                    Zero::Warned => warned += 1,
                },
                value @ (Value::Int(_)
                | Value::Uint(_)
                | Value::Float(_)
                | Value::Double(_)
                | Value::Moment(_)
                | Value::Duration(_)) => {
                    warned += column.warned(value);
                    render::ascii(value, column.rendering, out);
                }
            }
        }
        out.push(b'\n');
        Ok(warned)
    }

    /// Appends those of a row's values as a tuple that it `has`, by their places in the form. Returns what
    /// [`Encoder::row`] does.
    ///
    /// # Errors
    /// When the row cannot be read; what was appended is then of no use.
    pub fn tuple(
        &self,
        has: impl Fn(usize) -> bool,
        row: &mut impl RowValues,
        out: &mut Vec<u8>,
    ) -> Result<u64, EncodeError> {
        let mut warned = 0;
        let mut before = b'(';
        for (place, column) in self.columns.iter().enumerate() {
            if !has(place) {
                row.skip()?;
                continue;
            }
            out.push(before);
            before = b',';
            warned += column.insert_value(row.next()?, out)?;
        }
        if before == b'(' {
            out.push(before);
        }
        out.push(b')');
        Ok(warned)
    }

    /// Each value that the row `has` as a statement has it, by their places in the form.
    ///
    /// # Errors
    /// When the row cannot be read.
    pub fn literals(
        &self,
        has: impl Fn(usize) -> bool,
        row: &mut impl RowValues,
    ) -> Result<Vec<Option<Vec<u8>>>, EncodeError> {
        let literal = |(place, column): (usize, &ColumnEncoder)| {
            if !has(place) {
                row.skip()?;
                return Ok(None);
            }
            let mut out = Vec::new();
            column.insert_value(row.next()?, &mut out)?;
            Ok(Some(out))
        };
        self.columns.iter().enumerate().map(literal).collect()
    }

    /// Appends what stands behind `SET` in an `UPDATE` statement. `names`: the quoted columns, in the form's
    /// order, those that keep their values without one. Returns what [`Encoder::row`] does.
    ///
    /// # Errors
    /// When the row cannot be read; what was appended is then of no use.
    pub fn assignments<'n>(
        &self,
        names: impl Iterator<Item = Option<&'n str>>,
        row: &mut impl RowValues,
        out: &mut Vec<u8>,
    ) -> Result<u64, EncodeError> {
        let mut warned = 0;
        let mut comma = "";
        for (column, name) in self.columns.iter().zip(names) {
            let Some(name) = name else {
                row.skip()?;
                continue;
            };
            for text in [comma, name, "="] {
                out.extend_from_slice(text.as_bytes());
            }
            comma = ",";
            warned += column.insert_value(row.next()?, out)?;
        }
        Ok(warned)
    }

    /// The text of some columns of a row, in the order of `wanted`: the values of its key.
    ///
    /// # Errors
    /// When the row's bytes do not follow the protocol or one of the columns is NULL.
    pub fn texts(
        row: &[u8],
        layouts: &[(Layout, Rendering)],
        wanted: &[usize],
    ) -> Result<Vec<Vec<u8>>, EncodeError> {
        let mut values = Values::new(row, layouts.len())?;
        let mut texts: Vec<Option<Vec<u8>>> = vec![None; wanted.len()];
        for (index, (layout, rendering)) in layouts.iter().enumerate() {
            let value = values.next(*layout)?;
            for (text, _) in texts.iter_mut().zip(wanted).filter(|(_, wanted)| **wanted == index) {
                if value != Value::Null {
                    let mut out = Vec::new();
                    render::plain(value, *rendering, &mut out);
                    *text = Some(out);
                }
            }
        }
        values.finish()?;
        texts.into_iter().collect::<Option<Vec<_>>>().ok_or(EncodeError::Key)
    }
}

/// How the value of index 0 of an `ENUM` is written.
enum Zero {
    /// It is not that value.
    No,
    /// As this many zeros.
    Digits(usize),
    /// As '', which the target warns about.
    Warned,
}

impl ColumnEncoder {
    #[inline]
    fn zero_member(&self, bytes: &[u8]) -> Zero {
        match self.rendering {
            Rendering::EnumText(width) if bytes.is_empty() => {
                width.map_or(Zero::Warned, Zero::Digits)
            }
            Rendering::EnumText(_)
            | Rendering::Text
            | Rendering::Number
            | Rendering::Rounded { .. }
            | Rendering::Date
            | Rendering::Year
            | Rendering::EnumNumber(_) => Zero::No,
        }
    }

    #[inline]
    fn warned(&self, value: Value<'_>) -> u64 {
        u64::from(self.rendering == Rendering::EnumNumber(None) && value == Value::Uint(0))
    }

    /// Appends a value as a statement has it. Returns whether the target will warn about it.
    #[inline]
    fn insert_value(&self, value: Value<'_>, out: &mut Vec<u8>) -> Result<u64, EncodeError> {
        match value {
            Value::Null => out.extend_from_slice(b"NULL"),
            Value::Bytes(bytes) if self.rendering == Rendering::Number => {
                // A DECIMAL: digits, checked because they go bare into a statement.
                if !bytes.iter().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'.')) {
                    return Err(EncodeError::OtherColumns);
                }
                out.extend_from_slice(bytes);
            }
            Value::Bytes(bytes) => {
                let mut warned = 0;
                out.extend_from_slice(self.before.as_bytes());
                out.push(b'\'');
                match self.zero_member(bytes) {
                    Zero::No => escape_insert(bytes, out),
                    Zero::Digits(width) => out.extend(std::iter::repeat_n(b'0', width)),
                    Zero::Warned => warned += 1,
                }
                out.push(b'\'');
                out.extend_from_slice(self.after.as_bytes());
                return Ok(warned);
            }
            value @ (Value::Int(_)
            | Value::Uint(_)
            | Value::Float(_)
            | Value::Double(_)
            | Value::Moment(_)
            | Value::Duration(_)) => {
                self.insert_ascii(value, out);
                return Ok(self.warned(value));
            }
        }
        Ok(0)
    }

    fn insert_ascii(&self, value: Value<'_>, out: &mut Vec<u8>) {
        match self.rendering {
            Rendering::Number | Rendering::Rounded { .. } | Rendering::EnumNumber(None) => {
                let from = out.len();
                render::ascii(value, self.rendering, out);
                // Without an exponent, digits with a point are a DECIMAL, which knows no -0 and has a
                // scale of its own.
                let double = matches!(value, Value::Float(_) | Value::Double(_));
                if double && !out.iter().skip(from).any(|b| *b == b'e') {
                    out.extend_from_slice(b"e0");
                }
            }
            Rendering::Text
            | Rendering::Date
            | Rendering::Year
            | Rendering::EnumText(_)
            | Rendering::EnumNumber(Some(_)) => {
                out.extend_from_slice(self.before.as_bytes());
                out.push(b'\'');
                render::ascii(value, self.rendering, out);
                out.push(b'\'');
                out.extend_from_slice(self.after.as_bytes());
            }
        }
    }
}

/// Appends bytes with a backslash before each byte that ends or escapes something in a load stream.
#[inline]
fn escape_load(mut bytes: &[u8], out: &mut Vec<u8>) {
    while let Some(at) = memchr::memchr3(b'\\', b'\t', b'\n', bytes) {
        let (clean, rest) = bytes.split_at(at);
        out.extend_from_slice(clean);
        let Some((special, rest)) = rest.split_first() else { return };
        out.extend_from_slice(match special {
            b'\t' => b"\\t",
            b'\n' => b"\\n",
            _ => b"\\\\",
        });
        bytes = rest;
    }
    out.extend_from_slice(bytes);
}

/// Appends bytes with a backslash before each byte that ends or escapes something in a quoted literal of
/// a session whose client character set is `binary`.
#[inline]
fn escape_insert(mut bytes: &[u8], out: &mut Vec<u8>) {
    while let Some(at) = memchr::memchr2(b'\\', b'\'', bytes) {
        let (clean, rest) = bytes.split_at(at);
        out.extend_from_slice(clean);
        let Some((special, rest)) = rest.split_first() else { return };
        out.extend_from_slice(&[b'\\', *special]);
        bytes = rest;
    }
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests;
