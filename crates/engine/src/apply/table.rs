//! What one table's statements on the target look like: worked out once, used by every batch.

use std::collections::BTreeMap;

use sealift_mysql::value::Value;
use sealift_schema::catalog::Table;
use sealift_schema::column::Column;
use sealift_schema::facts::Side;
use sealift_schema::name::QualifiedName;

use super::change::Image;
use super::key::ChangeKey;
use super::row_match::RowMatch;
use crate::encode::{Dialect, EncodeError, Encoder, RowForm, RowValues};
use crate::fault::{ErrorCode, Fault};

/// A table whose changes are applied.
#[derive(Clone, Debug)]
pub struct ApplyTable {
    /// The table as the source has it.
    pub source: Table,
    /// The table as the target has it.
    pub target: Table,
    /// How its changes are made.
    pub manner: Manner,
}

/// How changes of a table are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Each row's last state of a batch is written, by any lane and any number of times. A table without a key
    /// takes its changes in order all the same.
    FinalStates,
    /// One after the other, each once, and with it what the source's foreign keys changed without the log
    /// telling of it.
    InOrder,
}

/// A table's statements.
#[derive(Clone, Debug)]
pub(super) struct TableForm {
    /// Its name on the source.
    pub(super) source: QualifiedName,
    /// Its name on the target.
    pub(super) target: QualifiedName,
    /// How its rows are told apart.
    pub(super) identity: Identity,
    /// How its changes are made.
    pub(super) manner: Manner,
    /// Whether the target computes values of its own from the rows, which it may round with a note.
    pub(super) mutes_notes: bool,
    /// For each column of an image whether its value is written.
    written: Vec<bool>,
    lines: Encoder,
    tuples: Encoder,
    columns: Vec<String>,
    load_clause: String,
}

/// How rows of a table are told apart.
#[derive(Clone, Debug)]
pub(super) enum Identity {
    /// By a key.
    Key(ChangeKey),
    /// Not at all: a row is any one that has the same values.
    Values(RowMatch),
}

impl TableForm {
    /// Works out how changes of `source` are written into `target`.
    pub(super) fn of(table: &ApplyTable) -> Result<Self, Fault> {
        let ApplyTable { source, target, manner } = table;
        let refused = |what: String| {
            let fault = Fault::new(ErrorCode::ObjectRefused, what).on(Side::Target);
            fault.about(format!("table {}", source.name))
        };
        let form =
            RowForm::of_stream(source, target).map_err(|error| refused(error.to_string()))?;
        let identity = match ChangeKey::of(source, target) {
            Some(Some(key)) => Identity::Key(key),
            Some(None) => {
                let what = "a column of its key has a type on the target that holds other keys";
                return Err(refused(what.to_owned()));
            }
            None => Identity::Values(RowMatch::of(source, target)),
        };
        Ok(Self {
            source: source.name.clone(),
            target: target.name.clone(),
            identity,
            manner: *manner,
            mutes_notes: RowForm::mutes_notes(source, target),
            written: source.columns.iter().map(Column::is_written).collect(),
            lines: Encoder::new(&form, Dialect::Load),
            tuples: Encoder::new(&form, Dialect::Insert),
            columns: form.target_columns(),
            load_clause: form.load_clause(),
        })
    }

    /// The key by which the last states of rows are told apart; `None`: changes are made in order.
    pub(super) fn key(&self) -> Option<&ChangeKey> {
        match (&self.identity, self.manner) {
            (Identity::Key(key), Manner::FinalStates) => Some(key),
            (Identity::Key(_), Manner::InOrder) | (Identity::Values(_), _) => None,
        }
    }

    /// Appends a row as a line or a tuple. Returns how many warnings the target will give for it.
    pub(super) fn write<I: Image>(
        &self,
        image: &I,
        dialect: Dialect,
        scratch: &mut I::Scratch,
        out: &mut Vec<u8>,
    ) -> Result<u64, EncodeError> {
        let mut values = self.values(image, scratch);
        match dialect {
            Dialect::Load => self.lines.row(&mut values, out),
            Dialect::Insert => self.tuples.row(&mut values, out),
        }
    }

    /// Appends a row as what stands behind `SET`. Returns how many warnings the target will give for it.
    pub(super) fn assign<I: Image>(
        &self,
        image: &I,
        scratch: &mut I::Scratch,
        out: &mut Vec<u8>,
    ) -> Result<u64, EncodeError> {
        self.tuples.assignments(&self.columns, &mut self.values(image, scratch), out)
    }

    /// The values that are written, by the target's quoted columns.
    pub(super) fn literals<I: Image>(
        &self,
        image: &I,
        scratch: &mut I::Scratch,
    ) -> Result<BTreeMap<&str, Vec<u8>>, EncodeError> {
        let literals = self.tuples.literals(&mut self.values(image, scratch))?;
        Ok(self.columns.iter().map(String::as_str).zip(literals).collect())
    }

    /// The values that are written.
    pub(super) fn values<'a, I: Image>(
        &'a self,
        image: &'a I,
        scratch: &'a mut I::Scratch,
    ) -> Written<'a, I::Values<'a>> {
        Written { values: image.values(scratch), written: self.written.iter() }
    }

    /// The statement that begins a stream of rows, each of which takes the place of those it conflicts with.
    pub(super) fn load_sql(&self) -> String {
        format!(
            "LOAD DATA LOCAL INFILE 'sealift' REPLACE INTO TABLE {} CHARACTER SET binary \
             FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' {}",
            self.target, self.load_clause
        )
    }

    /// What comes before tuples, each of which takes the place of those it conflicts with.
    pub(super) fn replace_sql(&self) -> String {
        format!("REPLACE INTO {} ({}) VALUES ", self.target, self.columns.join(","))
    }

    /// What comes before tuples that conflict with none.
    pub(super) fn insert_sql(&self) -> String {
        format!("INSERT INTO {} ({}) VALUES ", self.target, self.columns.join(","))
    }
}

/// The values of an image that are written: what the target computes is passed over.
#[derive(Debug)]
pub(super) struct Written<'a, V> {
    values: V,
    written: std::slice::Iter<'a, bool>,
}

impl<V: RowValues> RowValues for Written<'_, V> {
    #[inline]
    fn next(&mut self) -> Result<Value<'_>, EncodeError> {
        loop {
            match self.written.next() {
                Some(true) => break,
                Some(false) => self.values.skip()?,
                None => return Err(EncodeError::OtherColumns),
            }
        }
        self.values.next()
    }
}
