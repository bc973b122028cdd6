//! The key of a changed row: its bytes, which tell rows apart, and the literals that name it on the target.

use sealift_mysql::value::Value;
use sealift_schema::catalog::Table;
use sealift_schema::column::ColumnType;
use sealift_schema::key_range::{KeyPlace, RowKey};

use super::change::Image;
use crate::encode::{EncodeError, Rendering, RowValues, plain_text};

/// How the key of a table's rows is read out of their images.
#[derive(Clone, Debug)]
pub(super) struct ChangeKey {
    /// The key as the target compares it.
    row_key: RowKey,
    /// For each column up to the key's last one: how its text is written, if it is part of the key.
    columns: Vec<Option<KeyText>>,
    /// For each column of the key, in key order: which of those texts it is.
    order: Vec<usize>,
    /// Whether two rows have one key only if its bytes are the same, on both sides.
    pub(super) is_bytewise: bool,
}

/// How a column's value is written as the text [`RowKey::place`] takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyText {
    /// As it is written everywhere.
    Plain(Rendering),
    /// The number that the bytes of a `BIT` are.
    Bits,
}

/// Bytes before each text of a key: its length.
const LENGTH_BYTES: usize = size_of::<u32>();

impl ChangeKey {
    /// The key of a source's table; `None` if it has none. `Some(None)`: the target cannot compare it.
    pub(super) fn of(source: &Table, target: &Table) -> Option<Option<Self>> {
        let key = RowKey::of(source)?;
        Some(key.on(target).map(|row_key| {
            let is_bytewise = key.is_bytewise() && row_key.is_bytewise();
            let mut columns: Vec<Option<KeyText>> = source
                .columns
                .iter()
                .map(|column| {
                    let is_part = key.column_names().any(|name| name == column.name);
                    is_part.then(|| KeyText::of(column.kind))
                })
                .collect();
            columns.truncate(columns.iter().rposition(Option::is_some).map_or(0, |last| last + 1));
            let place = |name| {
                let before = source.columns.iter().take_while(|column| column.name != name);
                before.filter(|column| key.column_names().any(|part| part == column.name)).count()
            };
            let order = key.column_names().map(place).collect();
            Self { row_key, columns, order, is_bytewise }
        }))
    }

    /// Whether an image has the key.
    pub(super) fn is_in<I: Image>(&self, image: &I) -> bool {
        self.columns.iter().enumerate().all(|(place, part)| part.is_none() || image.has(place))
    }

    /// Appends the key's bytes.
    pub(super) fn read<I: Image>(
        &self,
        image: &I,
        scratch: &mut I::Scratch,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let mut values = image.values(scratch);
        for column in &self.columns {
            let Some(text) = column else {
                values.skip()?;
                continue;
            };
            let length_at = out.len();
            out.extend_from_slice(&[0; LENGTH_BYTES]);
            text.write(values.next()?, out)?;
            let length = u32::try_from(out.len() - length_at - LENGTH_BYTES);
            let length = length.map_err(|_too_long| EncodeError::Key)?.to_le_bytes();
            if let Some(place) = out.get_mut(length_at..length_at + LENGTH_BYTES) {
                place.copy_from_slice(&length);
            }
        }
        Ok(())
    }

    /// The condition that names the rows of some keys on the target.
    pub(super) fn condition(&self, keys: &[&[u8]]) -> Result<String, EncodeError> {
        let places = keys.iter().map(|key| self.place(key)).collect::<Option<Vec<_>>>();
        Ok(self.row_key.one_of(&places.ok_or(EncodeError::Key)?))
    }

    fn place(&self, mut key: &[u8]) -> Option<KeyPlace> {
        let mut texts = Vec::with_capacity(self.order.len());
        while let Some((length, rest)) = key.split_first_chunk::<LENGTH_BYTES>() {
            let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
            let (text, rest) = rest.split_at_checked(length)?;
            texts.push(text);
            key = rest;
        }
        let values: Vec<Option<&[u8]>> =
            self.order.iter().map(|place| texts.get(*place).copied()).collect();
        self.row_key.place(&values)
    }
}

impl KeyText {
    fn of(kind: ColumnType) -> Self {
        if kind == ColumnType::Bit {
            Self::Bits
        } else if kind == ColumnType::Date {
            Self::Plain(Rendering::Date)
        } else if kind == ColumnType::Year {
            Self::Plain(Rendering::Year)
        } else {
            Self::Plain(Rendering::Text)
        }
    }

    fn write(self, value: Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match (self, value) {
            (_, Value::Null) => return Err(EncodeError::Key),
            (Self::Bits, Value::Bytes(bytes)) => {
                let number =
                    bytes.iter().fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
                plain_text(Value::Uint(number), Rendering::Number, out);
            }
            (Self::Bits, value) => plain_text(value, Rendering::Number, out),
            (Self::Plain(rendering), value) => plain_text(value, rendering, out),
        }
        Ok(())
    }
}
