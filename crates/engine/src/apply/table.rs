//! What one table's statements on the target look like: worked out once, used by every batch.

use std::collections::BTreeMap;

use sealift_mysql::value::Value;
use sealift_schema::catalog::Table;
use sealift_schema::column::Column;
use sealift_schema::facts::{Flavor, Side};
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
    /// Whose server the target is.
    pub taker: Flavor,
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
    columns: Vec<WrittenColumn>,
    load_clause: String,
}

/// A column whose values are written.
#[derive(Clone, Debug)]
struct WrittenColumn {
    /// Its place among the columns of the source's table.
    place: usize,
    /// Its name on the target, quoted.
    name: String,
    /// Whether a row that is put without it gets what it got on the source.
    has_same_default: bool,
    /// Whether the target changes it with each row that changes, unless it is told a value.
    changes_itself: bool,
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
        let ApplyTable { source, target, taker, manner } = table;
        let refused = |what: String| {
            let fault = Fault::new(ErrorCode::ObjectRefused, what).on(Side::Target);
            fault.about(format!("table {}", source.name))
        };
        let form = RowForm::of_stream(source, target, *taker)
            .map_err(|error| refused(error.to_string()))?;
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
            columns: WrittenColumn::all(&form, source, target),
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
            Dialect::Insert => self.tuples.tuple(|at| self.takes(image, at), &mut values, out),
        }
    }

    /// Whether a written column is taken from an image. Rows that take the place of others must be whole.
    fn takes<I: Image>(&self, image: &I, at: usize) -> bool {
        self.key().is_some() || self.columns.get(at).is_none_or(|column| image.has(column.place))
    }

    /// Whether two rows are put with the same columns.
    pub(super) fn is_alike<I: Image>(&self, one: &I, other: &I) -> bool {
        self.columns.iter().all(|column| image_has_same(one, other, column.place))
    }

    /// A column without which a row cannot be put as it was on the source, if an image lacks one.
    pub(super) fn lacks<I: Image>(&self, image: &I) -> Option<&str> {
        let lacks = |column: &&WrittenColumn| !column.has_same_default && !image.has(column.place);
        self.columns.iter().find(lacks).map(|column| column.name.as_str())
    }

    /// Whether an image has all that is written.
    pub(super) fn is_whole<I: Image>(&self, image: &I) -> bool {
        self.columns.iter().all(|column| image.has(column.place))
    }

    /// Appends what a row has become as what stands behind `SET`. Returns how many warnings the target will give
    /// for it; `None`: nothing that is written has changed.
    pub(super) fn assign<I: Image>(
        &self,
        image: &I,
        scratch: &mut I::Scratch,
        out: &mut Vec<u8>,
    ) -> Result<Option<u64>, EncodeError> {
        let is_lacked = |column: &&WrittenColumn| !image.has(column.place);
        if self.columns.iter().all(|column| is_lacked(&column)) {
            return Ok(None);
        }
        let names = self.columns.iter();
        let names = names.map(|column| image.has(column.place).then_some(column.name.as_str()));
        let warned = self.tuples.assignments(names, &mut self.values(image, scratch), out)?;
        for column in self.columns.iter().filter(is_lacked) {
            if column.changes_itself {
                out.extend_from_slice(format!(",{0}={0}", column.name).as_bytes());
            }
        }
        Ok(Some(warned))
    }

    /// The values that are written, by the target's quoted columns; without those that the image lacks.
    pub(super) fn literals<I: Image>(
        &self,
        image: &I,
        scratch: &mut I::Scratch,
    ) -> Result<BTreeMap<&str, Vec<u8>>, EncodeError> {
        let has = |at: usize| self.columns.get(at).is_some_and(|column| image.has(column.place));
        let literals = self.tuples.literals(has, &mut self.values(image, scratch))?;
        let named = self.columns.iter().map(|column| column.name.as_str()).zip(literals);
        Ok(named.filter_map(|(name, literal)| Some((name, literal?))).collect())
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
        let names: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
        format!("REPLACE INTO {} ({}) VALUES ", self.target, names.join(","))
    }

    /// What comes before tuples of rows like this one that conflict with none.
    pub(super) fn insert_sql<I: Image>(&self, image: &I) -> String {
        let had = self.columns.iter().filter(|column| image.has(column.place));
        let names: Vec<&str> = had.map(|column| column.name.as_str()).collect();
        format!("INSERT INTO {} ({}) VALUES ", self.target, names.join(","))
    }
}

fn image_has_same<I: Image>(one: &I, other: &I, column: usize) -> bool {
    one.has(column) == other.has(column)
}

impl WrittenColumn {
    fn all(form: &RowForm, source: &Table, target: &Table) -> Vec<Self> {
        let places = source.columns.iter().enumerate().filter(|(_, column)| column.is_written());
        let named = form.target_columns().into_iter().zip(places);
        named
            .map(|(name, (place, column))| {
                let there = target.column(&column.name);
                let is_changed =
                    |there: &Column| there.extra.to_ascii_lowercase().contains("on update");
                Self {
                    place,
                    name,
                    has_same_default: there.is_some_and(|there| has_same_default(column, there)),
                    changes_itself: there.is_some_and(is_changed),
                }
            })
            .collect()
    }
}

/// Whether both sides give a column the same value where a row is put without one. Only constants are known to be
/// the same. What the servers print is compared: MariaDB puts text into quotes, MySQL does not.
fn has_same_default(column: &Column, there: &Column) -> bool {
    let bare = |text: &str| {
        let inside = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
        inside.map_or_else(|| text.to_owned(), |inside| inside.replace("''", "'"))
    };
    let is_computed = |column: &Column, text: &str| {
        column.extra.to_ascii_uppercase().contains("DEFAULT_GENERATED")
            || text.to_ascii_uppercase().contains("CURRENT_TIMESTAMP")
            || (text.contains('(') && !text.starts_with('\''))
    };
    match (&column.default, &there.default) {
        (None, None) => column.nullable && there.nullable,
        (Some(here), Some(text)) => {
            !is_computed(column, here) && !is_computed(there, text) && bare(here) == bare(text)
        }
        (Some(_), None) | (None, Some(_)) => false,
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

    fn skip(&mut self) -> Result<(), EncodeError> {
        loop {
            match self.written.next() {
                Some(true) => return self.values.skip(),
                Some(false) => self.values.skip()?,
                None => return Err(EncodeError::OtherColumns),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use sealift_schema::column::ColumnType;

    use super::*;

    fn column(default: Option<&str>, extra: &str, nullable: bool) -> Column {
        Column {
            name: "c".into(),
            kind: ColumnType::VarChar,
            type_text: "varchar(40)".into(),
            nullable,
            default: default.map(Into::into),
            extra: extra.into(),
            generated: None,
            invisible: false,
            charset: None,
            collation: None,
            srid: None,
            comment: String::new(),
        }
    }

    #[test]
    fn only_constants_are_the_same_default() {
        let same = [
            (Some("a"), Some("a")),
            (Some("'it''s'"), Some("it's")),
            (Some("1.50"), Some("1.50")),
            (Some("b'101'"), Some("b'101'")),
            (None, None),
        ];
        for (here, there) in same {
            let (here, there) = (column(here, "", true), column(there, "", true));
            assert!(has_same_default(&here, &there), "{here:?} {there:?}");
        }
        let other = [
            (Some("a"), "", Some("b"), ""),
            (Some("a"), "", None, ""),
            (Some("current_timestamp()"), "", Some("CURRENT_TIMESTAMP"), "DEFAULT_GENERATED"),
            (Some("uuid()"), "", Some("uuid()"), "DEFAULT_GENERATED"),
            (Some("CURRENT_TIMESTAMP"), "", Some("CURRENT_TIMESTAMP"), ""),
        ];
        for (here, extra, there, extra_there) in other {
            let (here, there) = (column(here, extra, true), column(there, extra_there, true));
            assert!(!has_same_default(&here, &there), "{here:?} {there:?}");
        }
        let needed = column(None, "", false);
        assert!(!has_same_default(&needed, &needed), "a value has to be named");
    }
}
