//! A row of the text protocol: every value as the server prints it.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use crate::error::MysqlError;
use crate::wire::column::ColumnMeta;
use crate::wire::scan::{Malformed, Scan};

/// One row, kept whole.
#[derive(Clone, PartialEq, Eq)]
pub struct TextRow {
    columns: Arc<[ColumnMeta]>,
    bytes: Box<[u8]>,
    values: Box<[Option<Range<usize>>]>,
}

impl TextRow {
    /// Reads a row's packet.
    pub(super) fn read(columns: Arc<[ColumnMeta]>, packet: &[u8]) -> Result<Self, Malformed> {
        let mut scan = Scan::new(packet);
        let mut values = Vec::with_capacity(columns.len());
        for _column in columns.iter() {
            let value = scan.string_or_null("value")?;
            let end = packet.len() - scan.rest().len();
            values.push(value.map(|value| end - value.len()..end));
        }
        if !scan.is_empty() {
            return Err(Malformed(format!("a row of more than {} values", columns.len())));
        }
        Ok(Self { columns, bytes: packet.into(), values: values.into() })
    }

    /// What the result says of its columns.
    #[must_use]
    pub fn columns(&self) -> &[ColumnMeta] {
        &self.columns
    }

    /// The value at a place, counted from 0; `None` is NULL (or no such column).
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let range = self.values.get(index)?.clone()?;
        self.bytes.get(range)
    }

    /// The text at a place, which must not be NULL.
    ///
    /// # Errors
    /// If it is NULL or not UTF-8.
    pub fn text(&self, index: usize) -> Result<&str, MysqlError> {
        self.optional_text(index)?.ok_or_else(|| self.unexpected(index, "is NULL"))
    }

    /// The text at a place, if it is not NULL.
    ///
    /// # Errors
    /// If there is no such column or it is not UTF-8.
    pub fn optional_text(&self, index: usize) -> Result<Option<&str>, MysqlError> {
        if index >= self.values.len() {
            return Err(self.unexpected(index, "is not there"));
        }
        self.get(index)
            .map(|bytes| {
                std::str::from_utf8(bytes)
                    .map_err(|_not_text| self.unexpected(index, "is not UTF-8 text"))
            })
            .transpose()
    }

    /// The value at a place, read from its text.
    ///
    /// # Errors
    /// If it is NULL or cannot be read.
    pub fn parse<T: FromStr>(&self, index: usize) -> Result<T, MysqlError> {
        let text = self.text(index)?;
        text.parse().map_err(|_unreadable| self.unexpected(index, &format!("is {text:?}")))
    }

    /// The text of a column by its name, letter case ignored: `SHOW` puts its columns in another
    /// order from version to version.
    ///
    /// # Errors
    /// If there is no such column or it is not UTF-8.
    pub fn named(&self, name: &str) -> Result<Option<&str>, MysqlError> {
        let index = self
            .columns
            .iter()
            .position(|column| column.name.eq_ignore_ascii_case(name))
            .ok_or_else(|| MysqlError::Result(format!("no column {name:?} in a result")))?;
        self.optional_text(index)
    }

    fn unexpected(&self, index: usize, what: &str) -> MysqlError {
        let name = self.columns.get(index).map_or("?", |column| column.name.as_str());
        MysqlError::Result(format!("column {index} ({name}) {what}"))
    }
}

impl fmt::Debug for TextRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values =
            (0..self.values.len()).map(|index| self.get(index).map(String::from_utf8_lossy));
        f.debug_map().entries(self.columns.iter().map(|column| &column.name).zip(values)).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn columns(names: &[&str]) -> Arc<[ColumnMeta]> {
        names
            .iter()
            .map(|name| ColumnMeta {
                name: (*name).to_owned(),
                type_code: 253,
                flags: 0,
                charset: 45,
                length: 0,
                decimals: 0,
            })
            .collect()
    }

    #[test]
    fn values_are_found_by_place_and_by_name() {
        let row =
            TextRow::read(columns(&["Table", "Rows", "Note", "x"]), b"\x01t\x0242\xfb\x01\xff");
        let row = row.unwrap();
        assert_eq!(row.text(0).unwrap(), "t");
        assert_eq!(row.parse::<u64>(1).unwrap(), 42);
        assert_eq!(row.named("ROWS").unwrap(), Some("42"));
        assert_eq!(row.optional_text(2).unwrap(), None);
        assert_eq!(row.get(3), Some(&b"\xff"[..]));
        let error = |result: Result<&str, MysqlError>| result.unwrap_err().to_string();
        assert_eq!(error(row.text(2)), "unexpected result: column 2 (Note) is NULL");
        assert_eq!(error(row.text(3)), "unexpected result: column 3 (x) is not UTF-8 text");
        assert_eq!(error(row.text(9)), "unexpected result: column 9 (?) is not there");
        assert!(row.named("nothing").is_err());
        assert!(row.parse::<u8>(0).is_err());
    }

    #[test]
    fn a_row_of_other_width_is_refused() {
        assert!(TextRow::read(columns(&["a", "b"]), b"\x01t").is_err());
        assert!(TextRow::read(columns(&["a"]), b"\x01t\x01u").is_err());
        assert!(TextRow::read(columns(&["a"]), b"\x09t").is_err());
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            if let Ok(row) = TextRow::read(columns(&["a", "b", "c"]), &bytes) {
                let _shown = format!("{row:?}");
            }
        }
    }
}
