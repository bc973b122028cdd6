//! What one table's statements look like: worked out once, used by every chunk.

use sealift_mysql::snapshot::SELECT;
use sealift_mysql::value::Layout;
use sealift_schema::catalog::Table;
use sealift_schema::column::ColumnType;
use sealift_schema::key_range::{KeyPlace, RowKey};
use sealift_schema::name::{QualifiedName, quote};

use super::lane::lane_key;
use crate::encode::{Dialect, EncodeError, Encoder, FormError, Rendering, RowForm};

/// A table on its way.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// The table as the source has it.
    pub(super) source: Table,
    /// Its name on the target.
    pub(super) target: QualifiedName,
    /// The key its lanes follow; `None`: one lane, read in one pass.
    pub(super) key: Option<RowKey>,
    form: RowForm,
    /// The select list: the form's columns, then those that only tell the key.
    select: String,
    /// Where in the select list the key's values are, in key order.
    key_columns: Vec<usize>,
    /// Columns behind the form's.
    extras: usize,
    /// Whether the target computes values of its own from the rows, which it may round with a note.
    pub(super) mutes_notes: bool,
    /// What becomes of rows that are on the target already.
    pub(super) present: Present,
}

/// What becomes of a row on the target that has the key of one that arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Present {
    /// There is none: meeting one is an error.
    Refused,
    /// The applier has put it there, and the one that arrives takes its place.
    Replaced,
}

impl Shape {
    /// Works out how `source` is read and `target` written.
    pub(super) fn of(source: Table, target: &Table, present: Present) -> Result<Self, FormError> {
        let form = RowForm::of(&source, target)?;
        let key = lane_key(&source);
        let mut select = form.select_list();
        let mut extras = 0;
        let mut key_columns = Vec::new();
        for name in key.iter().flat_map(RowKey::column_names) {
            let at = form.columns.iter().position(|column| column.name == name);
            let kind = source.column(name).map(|column| column.kind);
            let as_is = at.filter(|at| {
                !matches!(kind, Some(ColumnType::Bit | ColumnType::Enum))
                    && form.columns.get(*at).is_some_and(|column| column.select == quote(name))
            });
            key_columns.push(as_is.unwrap_or(form.columns.len() + extras));
            if as_is.is_none() {
                let cast = match kind {
                    Some(ColumnType::Bit | ColumnType::Enum) => "UNSIGNED",
                    _ => "CHAR",
                };
                select.push_str(&format!(",CAST({} AS {cast})", quote(name)));
                extras += 1;
            }
        }
        let mutes_notes = RowForm::mutes_notes(&source, target);
        let target = target.name.clone();
        Ok(Self { source, target, key, form, select, key_columns, extras, mutes_notes, present })
    }

    /// The statement that reads the rows behind one place and up to another; without a key, all rows.
    pub(super) fn read_sql(&self, after: Option<&KeyPlace>, up_to: Option<&KeyPlace>) -> String {
        let Some(key) = &self.key else {
            return format!("{SELECT} {} FROM {}", self.select, self.source.name);
        };
        format!(
            "{SELECT} {} FROM {} FORCE INDEX ({}) WHERE {} ORDER BY {}",
            self.select,
            self.source.name,
            quote(&key.index),
            key.between(after.map(Vec::as_slice), up_to.map(Vec::as_slice)),
            key.order_by()
        )
    }

    /// The statement that begins a load stream.
    pub(super) fn load_sql(&self) -> String {
        let replace = match self.present {
            Present::Refused => "",
            Present::Replaced => "REPLACE ",
        };
        format!(
            "LOAD DATA LOCAL INFILE 'sealift' {replace}INTO TABLE {} CHARACTER SET binary \
             FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' {}",
            self.target,
            self.form.load_clause()
        )
    }

    /// What comes before the tuples of an `INSERT` statement.
    pub(super) fn insert_sql(&self) -> String {
        let verb = match self.present {
            Present::Refused => "INSERT",
            Present::Replaced => "REPLACE",
        };
        format!("{verb} INTO {} ({}) VALUES ", self.target, self.form.insert_columns())
    }

    /// What writes the rows of a result with these layouts.
    pub(super) fn encoder(
        &self,
        layouts: &[Layout],
        dialect: Dialect,
    ) -> Result<Encoder, EncodeError> {
        if layouts.len() != self.form.columns.len() + self.extras {
            return Err(EncodeError::OtherColumns);
        }
        Ok(Encoder::new(&self.form, dialect))
    }

    /// The place of a row in key order; `None` for a table without a key.
    pub(super) fn place(
        &self,
        row: &[u8],
        layouts: &[Layout],
    ) -> Result<Option<KeyPlace>, EncodeError> {
        let Some(key) = &self.key else { return Ok(None) };
        let renderings = self.form.columns.iter().map(|column| column.rendering);
        let renderings = renderings.chain(std::iter::repeat(Rendering::Text));
        let columns: Vec<(Layout, Rendering)> = layouts.iter().copied().zip(renderings).collect();
        let values = Encoder::texts(row, &columns, &self.key_columns)?;
        let values: Vec<Option<&[u8]>> = values.iter().map(|v| Some(v.as_slice())).collect();
        key.place(&values).map(Some).ok_or(EncodeError::Key)
    }
}
