//! How the images of one table are read: what the binary log says of its columns and what the catalog says,
//! made one, or refused.

mod fit;
mod reading;

use std::sync::Arc;

use sealift_schema::catalog::Table;
use sealift_schema::column::Column;
use thiserror::Error;

use self::fit::Judge;
pub(super) use self::reading::{Extent, Reading};
use super::table_map::{ColumnMap, Storage, TableMap, bit_from_low};

/// How the images of a table with a certain definition are read.
///
/// There is none without the check that the definition can be the one the rows were written under, so a
/// wrong definition is never used in silence. It stays good for every equal [`TableMap`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowShape {
    pub(super) columns: Box<[ColumnShape]>,
    pub(super) visible: usize,
    /// How many of the columns images have.
    pub(super) present: usize,
}

/// How one column is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ColumnShape {
    pub(super) extent: Extent,
    pub(super) reading: Reading,
    /// Whether an image may lack it.
    pub(super) may_lack: bool,
}

/// A definition that rows cannot have been written under.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Misfit {
    /// There are more or fewer columns.
    #[error("the binary log's rows have {logged} columns, the definition has {defined}")]
    Count {
        /// In the binary log.
        logged: usize,
        /// In the definition.
        defined: usize,
    },
    /// A column is something else.
    #[error("column {name} is {logged} in the binary log's rows and {defined} in the definition")]
    Column {
        /// The column by the definition.
        name: String,
        /// What it is in the binary log.
        logged: String,
        /// What it is in the definition.
        defined: String,
    },
    /// A column whose values cannot be read.
    #[error("column {name} ({defined}) is {logged} in the binary log's rows")]
    Unreadable {
        /// The column.
        name: String,
        /// What it is in the binary log.
        logged: String,
        /// What it is in the definition.
        defined: String,
    },
}

impl RowShape {
    /// Puts together what the binary log and the catalog say of a table: all columns, in the table's order,
    /// generated and invisible ones too.
    ///
    /// # Errors
    /// When rows of this form cannot belong to a table of this definition.
    pub fn new(map: &TableMap, columns: &[Column]) -> Result<Self, Misfit> {
        Self::with_hidden(map, columns, 0)
    }

    /// The same for a table that may have so many columns which no definition shows, by [`hash_columns`].
    ///
    /// # Errors
    /// When rows of this form cannot belong to a table of this definition.
    pub fn with_hidden(map: &TableMap, columns: &[Column], hidden: usize) -> Result<Self, Misfit> {
        let count = Misfit::Count { logged: map.columns.len(), defined: columns.len() };
        let Some((shown, rest)) = map.columns.split_at_checked(columns.len()) else {
            return Err(count);
        };
        if !rest.iter().all(|column| is_hash(column, rest.len() <= hidden)) {
            return Err(count);
        }
        let (extent, reading) = (Extent::Fixed(8), Reading::Unsigned);
        let hash = ColumnShape { extent, reading, may_lack: true };
        let shapes = shown
            .iter()
            .zip(columns)
            .map(|(logged, defined)| Judge { logged, defined }.shape())
            .chain(rest.iter().map(|_| Ok(hash)))
            .collect::<Result<Box<[_]>, _>>()?;
        let present = shapes.len();
        Ok(Self { columns: shapes, visible: columns.len(), present })
    }

    /// The same for images that may lack any column, as a source writes them whose `binlog_row_image` is not
    /// `FULL`.
    #[must_use]
    pub fn in_part(mut self) -> Self {
        for column in &mut self.columns {
            column.may_lack = true;
        }
        self
    }

    /// The same for images that have JSON values as text.
    #[must_use]
    pub(super) fn with_json_as_text(mut self) -> Self {
        let json = self.columns.iter_mut().filter(|column| column.reading == Reading::Json);
        for column in json.filter(|column| column.extent != Extent::Absent) {
            (column.extent, column.reading) = (Extent::Counted(4), Reading::Bytes);
        }
        self
    }

    /// The shape of images with some of the columns only, by their bitmap. What is computed from
    /// the others may always be missing: generated columns and what [`hash_columns`] counts, which newer releases of
    /// MariaDB leave out.
    ///
    /// # Errors
    /// With the number of columns present, when others are missing.
    pub(super) fn of_present(self: &Arc<Self>, bitmap: &[u8]) -> Result<Arc<Self>, usize> {
        let is_absent = |column: &usize| !bit_from_low(bitmap, *column);
        let absent: Vec<usize> = (0..self.len()).filter(is_absent).collect();
        if absent.is_empty() {
            return Ok(Arc::clone(self));
        }
        let mut shape = Self::clone(self);
        shape.present -= absent.len();
        for column in &absent {
            match shape.columns.get_mut(*column) {
                Some(column) if column.may_lack => column.extent = Extent::Absent,
                Some(_) | None => return Err(shape.present),
            }
        }
        Ok(Arc::new(shape))
    }

    /// Whether an image has a value of a column, NULL too.
    #[must_use]
    pub fn has(&self, column: usize) -> bool {
        self.columns.get(column).is_some_and(|column| column.extent != Extent::Absent)
    }

    /// How many columns the table has. An image may lack some of them, see [`RowShape::has`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// How many of them the definition shows: the first ones.
    #[must_use]
    pub fn visible(&self) -> usize {
        self.visible
    }

    /// Whether the table has no columns: never.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }
}

/// How many columns MariaDB keeps behind a table's own without showing them: a hash for each unique key
/// that is too long for an index. `rows` have their values.
///
/// <https://mariadb.com/kb/en/getting-started-with-indexes/#unique-index>
#[must_use]
pub fn hash_columns(table: &Table) -> usize {
    table
        .create_sql
        .lines()
        .map(str::trim_start)
        .filter(|line| line.starts_with("UNIQUE KEY ") && line.contains(" USING HASH"))
        .count()
}

/// Whether a column that the definition lacks is such a hash: by its name, or on trust where the log has no
/// names.
fn is_hash(column: &ColumnMap, expected: bool) -> bool {
    column.storage == Storage::Integer { bytes: 8 }
        && column.name.as_ref().map_or(expected, |name| name.starts_with("DB_ROW_HASH_"))
}

/// Says whether rows that the binary log describes so can belong to a table of this definition.
///
/// # Errors
/// When they cannot: the first difference.
pub fn fits(map: &TableMap, columns: &[Column]) -> Result<(), Misfit> {
    RowShape::new(map, columns).map(|_shape| ())
}

#[cfg(test)]
mod tests;
