//! What a TABLE_MAP event says of a table: how the values of its columns lie in the row images that follow.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/classmysql_1_1binlog_1_1event_1_1Table__map__event.html>

mod optional;
mod storage;

use sealift_schema::name::QualifiedName;
use thiserror::Error;

pub use self::storage::Storage;
use crate::wire::scan::{Malformed, Scan};

/// A table as a TABLE_MAP event describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableMap {
    /// The number by which rows events name the table; it means nothing outside the binary log's file.
    pub id: u64,
    /// The table.
    pub name: QualifiedName,
    /// Its columns in order, generated and invisible ones too.
    pub columns: Vec<ColumnMap>,
    /// The columns of its primary key, from 0; empty when the server does not tell
    /// (`binlog_row_metadata=MINIMAL`) or there is none.
    pub primary_key: Vec<u64>,
}

/// A column as a TABLE_MAP event describes it. What the server may leave out is optional.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnMap {
    /// How its values lie in a row image.
    pub storage: Storage,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// Whether a number is unsigned.
    pub unsigned: Option<bool>,
    /// The number of its collation, for text, `ENUM` and `SET`; 63 is binary.
    pub collation: Option<u64>,
    /// Its name (`binlog_row_metadata=FULL`).
    pub name: Option<String>,
    /// The members of an `ENUM` or `SET`, in the column's own character set (`binlog_row_metadata=FULL`).
    pub members: Option<Vec<Vec<u8>>>,
    /// The kind of a geometry column, as the server numbers them: 0 `GEOMETRY`, 1 `POINT`, …
    pub geometry: Option<u64>,
    /// Whether `SELECT *` shows it.
    pub visible: Option<bool>,
    /// The dimensions of a MySQL `VECTOR`.
    pub dimensions: Option<u64>,
}

/// A TABLE_MAP event that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("read table map: {0}")]
pub struct TableMapError(String);

impl From<Malformed> for TableMapError {
    fn from(Malformed(what): Malformed) -> Self {
        Self(what)
    }
}

impl TableMap {
    /// Reads an event's bytes between header and checksum.
    ///
    /// # Errors
    /// When the bytes are not a TABLE_MAP event.
    pub fn read(body: &[u8]) -> Result<Self, TableMapError> {
        let mut scan = Scan::new(body);
        let (id, name) = head(&mut scan)?;
        let count = scan.length("column count")?;
        let types = usize::try_from(count)
            .map_err(|_too_large| TableMapError(format!("{count} columns")))
            .and_then(|count| Ok(scan.bytes(count, "column types")?))?;
        let mut metadata = Scan::new(scan.string("column metadata")?);
        let nullable = scan.bytes(types.len().div_ceil(8), "nullable columns")?;
        let mut columns = Vec::with_capacity(types.len());
        let mut readable = true;
        for (index, code) in types.iter().enumerate() {
            // How much metadata an unknown type has is unknown: what follows it cannot be read either.
            let storage = if readable {
                Storage::read(*code, &mut metadata)?
            } else {
                Storage::Unknown { code: *code }
            };
            readable = readable && !matches!(storage, Storage::Unknown { .. });
            columns.push(ColumnMap::new(storage, bit_from_low(nullable, index)));
        }
        let mut map = Self { id, name, columns, primary_key: Vec::new() };
        if readable {
            optional::read(scan, &mut map)?;
        }
        Ok(map)
    }

    /// The table's number and name alone, for tables nobody asked for.
    ///
    /// # Errors
    /// When the bytes are not a TABLE_MAP event.
    pub fn peek(body: &[u8]) -> Result<(u64, QualifiedName), TableMapError> {
        head(&mut Scan::new(body))
    }
}

impl ColumnMap {
    fn new(storage: Storage, nullable: bool) -> Self {
        Self {
            storage,
            nullable,
            unsigned: None,
            collation: None,
            name: None,
            members: None,
            geometry: None,
            visible: None,
            dimensions: None,
        }
    }
}

/// The number of a table in the first bytes of a TABLE_MAP or rows event.
pub(super) fn table_id(scan: &mut Scan<'_>) -> Result<u64, Malformed> {
    let low = scan.u32("table id")?;
    let high = scan.u16("table id")?;
    Ok(u64::from(low) | u64::from(high) << 32)
}

fn head(scan: &mut Scan<'_>) -> Result<(u64, QualifiedName), TableMapError> {
    let id = table_id(scan)?;
    scan.u16("flags")?;
    let schema = name(scan, "schema name")?;
    let table = name(scan, "table name")?;
    Ok((id, QualifiedName::new(schema, table)))
}

/// A name behind its length and before a zero.
fn name(scan: &mut Scan<'_>, what: &str) -> Result<String, TableMapError> {
    let length = scan.length(what)?;
    let bytes = usize::try_from(length)
        .map_err(|_too_large| TableMapError(format!("{what} of {length} bytes")))
        .and_then(|length| Ok(scan.bytes(length, what)?))?;
    scan.bytes(1, what)?;
    text(bytes, what)
}

fn text(bytes: &[u8], what: &str) -> Result<String, TableMapError> {
    std::str::from_utf8(bytes)
        .map(str::to_owned)
        .map_err(|_invalid| TableMapError(format!("{what} is not UTF-8")))
}

/// A bit of a bitmap whose first bit is its first byte's lowest.
pub(super) fn bit_from_low(bitmap: &[u8], bit: usize) -> bool {
    bitmap.get(bit / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 1)
}

#[cfg(test)]
mod tests;
