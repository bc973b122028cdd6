//! Rows events: which rows of a table were written, changed or deleted, as whole images.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/classmysql_1_1binlog_1_1event_1_1Rows__event.html>

use std::sync::Arc;

use bytes::Bytes;
use thiserror::Error;

use super::compressed;
use super::image::{self, Image};
use super::partial;
use super::shape::RowShape;
use super::table_map::{TableMap, table_id};
use crate::value::ValueError;
use crate::wire::scan::{Malformed, Scan};

/// What was done to the rows of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowsKind {
    /// They are new.
    Insert,
    /// They were changed.
    Update,
    /// They are gone.
    Delete,
}

/// Rows of one table that one statement changed alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowsEvent {
    /// What was done.
    pub kind: RowsKind,
    /// Whether foreign keys were checked, and acted.
    pub checks: ForeignKeyChecks,
    /// The table, as the TABLE_MAP event before described it.
    pub table: Arc<TableMap>,
    /// How images of rows as they were are read.
    pub before: Arc<RowShape>,
    /// How images of rows as they are now are read.
    pub after: Arc<RowShape>,
    /// The images, one after the other; of updates a pair each.
    pub data: Bytes,
}

/// Whether foreign keys mattered to the session that changed rows: its `foreign_key_checks`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignKeyChecks {
    /// They were checked, and changed other rows where they say so.
    On,
    /// Nobody asked them.
    Off,
}

/// What the first bytes of a rows event say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowsHead {
    /// What was done.
    pub kind: RowsKind,
    /// The table's number; `None` in an event without rows, which only ends a statement.
    pub table: Option<u64>,
    /// Whether the statement ends here: its table maps hold no longer.
    pub ends_statement: bool,
    /// Whether foreign keys were checked, and acted.
    pub checks: ForeignKeyChecks,
}

/// A rows event that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RowsError {
    /// It is no rows event, or one of a form no server of today writes.
    #[error("an event of type {0} is no rows event")]
    OtherEvent(u8),
    /// It has only what changed of JSON values, and not what they were before.
    #[error(
        "the rows hold only parts of JSON values (binlog_row_value_options=PARTIAL_JSON), and not what these were \
         before (binlog_row_image is not FULL)"
    )]
    PartialJson,
    /// Its images lack columns that nobody computes.
    #[error(
        "the row images lack columns: binlog_row_image is not FULL ({present} of {columns} are there)"
    )]
    PartialImage {
        /// Columns that are there.
        present: usize,
        /// Columns of the table.
        columns: usize,
    },
    /// It is not of the table whose map was given.
    #[error("the rows have {rows} columns, the table map before them has {map}")]
    OtherTable {
        /// Columns of the rows.
        rows: u64,
        /// Columns of the table map.
        map: usize,
    },
    /// Its bytes are not what the format promises.
    #[error("read rows: {0}")]
    Malformed(String),
    /// An image is not what the table's columns promise.
    #[error("read row {row} of the event: {cause}")]
    Image {
        /// Which row of the event, from 0.
        row: usize,
        /// What is wrong with it.
        cause: ValueError,
    },
}

impl From<Malformed> for RowsError {
    fn from(Malformed(what): Malformed) -> Self {
        Self::Malformed(what)
    }
}

/// The end of a statement: `STMT_END_F`.
const ENDS_STATEMENT: u16 = 1;
/// The session had `foreign_key_checks=0`: `NO_FOREIGN_KEY_CHECKS_F`.
const WITHOUT_CHECKS: u16 = 2;
/// The table number of an event that only ends a statement.
const NO_TABLE: u64 = 0x00ff_ffff;

/// The forms of rows events.
struct Form {
    kind: RowsKind,
    /// Whether there is extra information before the columns (version 2).
    extra: bool,
    /// Whether MariaDB compressed the rows.
    compressed: bool,
    /// Whether JSON values may be there in part.
    partial_json: bool,
}

impl Form {
    /// <https://dev.mysql.com/doc/dev/mysql-server/latest/namespacemysql_1_1binlog_1_1event.html>,
    /// <https://mariadb.com/kb/en/rows_event_v1v2-rows_compressed_event_v1/>
    fn of(type_code: u8) -> Result<Self, RowsError> {
        let (first, extra, compressed) = match type_code {
            23..=25 => (23, false, false),
            30..=32 => (30, true, false),
            166..=168 => (166, false, true),
            169..=171 => (169, true, true),
            39 => {
                let kind = RowsKind::Update;
                return Ok(Self { kind, extra: true, compressed: false, partial_json: true });
            }
            other => return Err(RowsError::OtherEvent(other)),
        };
        let kind = match type_code - first {
            0 => RowsKind::Insert,
            1 => RowsKind::Update,
            _ => RowsKind::Delete,
        };
        Ok(Self { kind, extra, compressed, partial_json: false })
    }
}

impl RowsHead {
    /// Reads the head of an event's bytes between header and checksum.
    ///
    /// # Errors
    /// When it is no rows event.
    pub fn read(type_code: u8, body: &[u8]) -> Result<Self, RowsError> {
        let form = Form::of(type_code)?;
        Self::scan(&form, &mut Scan::new(body))
    }

    fn scan(form: &Form, scan: &mut Scan<'_>) -> Result<Self, RowsError> {
        let table = table_id(scan)?;
        let flags = scan.u16("flags of rows")?;
        if form.extra {
            // The length counts itself.
            let length = scan.u16("extra row information")?;
            scan.bytes(usize::from(length).saturating_sub(2), "extra row information")?;
        }
        Ok(Self {
            kind: form.kind,
            table: (table != NO_TABLE).then_some(table),
            ends_statement: flags & ENDS_STATEMENT != 0,
            checks: if flags & WITHOUT_CHECKS == 0 {
                ForeignKeyChecks::On
            } else {
                ForeignKeyChecks::Off
            },
        })
    }
}

impl RowsEvent {
    /// Reads an event's bytes between header and checksum, of a table that [`RowsHead::table`] named. `shape`: that
    /// of the table map and its definition.
    ///
    /// # Errors
    /// When it is no rows event, not one of this table, or its images lack more than what is computed anyway.
    pub fn read(
        type_code: u8,
        body: &Bytes,
        table: Arc<TableMap>,
        shape: &Arc<RowShape>,
    ) -> Result<Self, RowsError> {
        let form = Form::of(type_code)?;
        let mut scan = Scan::new(body);
        let RowsHead { checks, .. } = RowsHead::scan(&form, &mut scan)?;
        let rows = scan.length("column count of rows")?;
        let columns = table.columns.len();
        if u64::try_from(columns) != Ok(rows) {
            return Err(RowsError::OtherTable { rows, map: columns });
        }
        let mut images = || {
            let bitmap = scan.bytes(columns.div_ceil(8), "columns of rows")?;
            let shape = shape.of_present(bitmap);
            shape.map_err(|present| RowsError::PartialImage { present, columns })
        };
        let first = images()?;
        let second = if form.kind == RowsKind::Update { images()? } else { Arc::clone(&first) };
        let data = if form.compressed {
            let rows = compressed::event(scan.rest());
            rows.map_err(|what| RowsError::Malformed(what.to_owned()))?.into()
        } else {
            body.slice_ref(scan.rest())
        };
        let (data, second) = if form.partial_json {
            let (data, shape) = partial::whole(&data, &first, &second)?;
            (data.into(), shape)
        } else {
            (data, second)
        };
        Ok(Self { kind: form.kind, checks, table, before: first, after: second, data })
    }

    /// The rows, in the event's order.
    #[must_use]
    pub fn rows(&self) -> Rows<'_> {
        Rows { event: self, rest: &self.data, row: 0 }
    }
}

/// One row before and after a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowChange<'a> {
    /// How it was; of updates and deletes.
    pub before: Option<Image<'a>>,
    /// How it is now; of inserts and updates.
    pub after: Option<Image<'a>>,
}

/// Iterates over the rows of an event; ends after an error.
#[derive(Clone, Debug)]
pub struct Rows<'a> {
    event: &'a RowsEvent,
    rest: &'a [u8],
    row: usize,
}

impl<'a> Rows<'a> {
    fn image(&mut self, shape: &'a RowShape) -> Result<Image<'a>, ValueError> {
        let (image, rest) = image::split_first(shape, self.rest)?;
        self.rest = rest;
        Ok(image)
    }

    fn change(&mut self) -> Result<RowChange<'a>, ValueError> {
        let RowsEvent { kind, before, after, .. } = self.event;
        let before = match kind {
            RowsKind::Insert => None,
            RowsKind::Update | RowsKind::Delete => Some(self.image(before)?),
        };
        let after = match kind {
            RowsKind::Delete => None,
            RowsKind::Insert | RowsKind::Update => Some(self.image(after)?),
        };
        Ok(RowChange { before, after })
    }
}

impl<'a> Iterator for Rows<'a> {
    type Item = Result<RowChange<'a>, RowsError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let change = self.change();
        let has_no_columns = self.event.before.present + self.event.after.present == 0;
        if change.is_err() || has_no_columns {
            self.rest = &[];
        }
        let row = self.row;
        self.row += 1;
        Some(change.map_err(|cause| RowsError::Image { row, cause }))
    }
}

#[cfg(test)]
mod tests;
