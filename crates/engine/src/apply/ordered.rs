//! Changes that are made one after the other: of tables without a key, and of families.
//!
//! Whoever makes these changes knows that the target holds exactly what the source held: a row that is not there
//! is trouble, and no row is put in the place of another.

use std::collections::BTreeMap;

use sealift_mysql::binlog::ForeignKeyChecks;
use sealift_schema::facts::Side;

use super::cascade::Walk;
use super::change::{Change, Image, RowChange};
use super::table::{Identity, Manner, TableForm};
use super::volley::{Expected, Volley, not_there};
use super::write::{Pen, fits, unknown_table, unreadable};
use crate::encode::EncodeError;
use crate::family::LOG_WHOLE_ROWS;
use crate::fault::{ErrorCode, Fault};
use crate::target::taken::{Doing, Sent, Trouble};

impl<'s, I: Image> Pen<'s, I> {
    /// Makes changes in their order.
    pub(super) async fn ordered(&mut self, changes: &[Change<I>]) -> Result<(), Trouble> {
        let forms = self.forms;
        let mut rest = changes;
        let mut volley = Volley::default();
        while let Some((change, behind)) = rest.split_first() {
            let form = forms.get(change.table).ok_or_else(unknown_table)?;
            if self.minds_other_notes(form) {
                self.now(&mut volley).await?;
                self.mind_notes(form).await?;
            }
            rest = match &change.row {
                RowChange::Insert(first) => {
                    if let Some(column) = form.lacks(first) {
                        return Err(lacking(form, column));
                    }
                    self.now(&mut volley).await?;
                    let inserts = inserts_of(form, (change, first), rest);
                    let mut images = inserts.as_slice();
                    while !images.is_empty() {
                        images = self.statement(form, &form.insert_sql(first), images).await?;
                    }
                    rest.get(inserts.len()..).unwrap_or_default()
                }
                RowChange::Delete(before) => {
                    if self.acts(form, change) {
                        self.now(&mut volley).await?;
                        self.follow_removal(change.table, form, before).await?;
                    }
                    self.remove_one(form, before, &mut volley).await?;
                    behind
                }
                RowChange::Update { before, after } => {
                    if self.acts(form, change) {
                        self.now(&mut volley).await?;
                        self.follow_change(change.table, form, before, after).await?;
                    }
                    self.change_one(form, (before, after), &mut volley).await?;
                    behind
                }
            };
        }
        self.now(&mut volley).await
    }

    /// Whether foreign keys may have changed other rows with this one, and the log does not tell.
    fn acts(&self, form: &TableForm, change: &Change<I>) -> bool {
        form.manner == Manner::InOrder
            && change.checks == ForeignKeyChecks::On
            && !self.cascades.columns_of(change.table).is_empty()
    }

    /// Does what foreign keys did when the source removed a row.
    async fn follow_removal(
        &mut self,
        table: usize,
        form: &TableForm,
        before: &I,
    ) -> Result<(), Trouble> {
        let Some(row) = self.referred_to(table, form, before)? else { return Ok(()) };
        let cascades = self.cascades;
        Walk { session: self.session, cascades, table, row: &row }.removed().await
    }

    /// Does what foreign keys did when the source changed a row.
    async fn follow_change(
        &mut self,
        table: usize,
        form: &TableForm,
        before: &I,
        after: &I,
    ) -> Result<(), Trouble> {
        let Some(row) = self.referred_to(table, form, before)? else { return Ok(()) };
        let was = form.literals(before, &mut self.scratch).map_err(unreadable(form))?;
        let is = form.literals(after, &mut self.scratch).map_err(unreadable(form))?;
        let cascades = self.cascades;
        let mut values = BTreeMap::new();
        for column in cascades.columns_of(table) {
            // What the log does not tell has not changed.
            let Some(now) = is.get(column) else { continue };
            let is_changed = match was.get(column) {
                Some(before) => before != now,
                None => !self.holds(&row, column, now).await?,
            };
            if is_changed {
                values.insert(column.to_owned(), now.clone());
            }
        }
        if values.is_empty() {
            return Ok(());
        }
        Walk { session: self.session, cascades, table, row: &row }.changed(&values).await
    }

    /// Whether a column of the row that a statement selects has a value.
    async fn holds(&mut self, row: &str, column: &str, value: &[u8]) -> Result<bool, Trouble> {
        let mut sql = format!("SELECT 1 FROM ({row} LIMIT 1) x0 WHERE x0.{column}<=>").into_bytes();
        sql.extend_from_slice(value);
        let found = self.session.first(&sql).await.doing("see what a row was before it changed")?;
        Ok(found.is_some())
    }

    /// A statement that selects the columns of a row that others refer to; `None`: they have none.
    fn referred_to(
        &mut self,
        table: usize,
        form: &TableForm,
        image: &I,
    ) -> Result<Option<String>, Trouble> {
        let columns = self.cascades.columns_of(table);
        if columns.is_empty() {
            return Ok(None);
        }
        let mut sql =
            format!("SELECT {} FROM {} WHERE ", columns.join(","), form.target).into_bytes();
        self.name_one(form, image, &mut sql)?;
        String::from_utf8(sql).map(Some).map_err(|_no_text| unreadable(form)(EncodeError::Key))
    }

    async fn remove_one(
        &mut self,
        form: &'s TableForm,
        before: &I,
        volley: &mut Volley<'s>,
    ) -> Result<(), Trouble> {
        let mut sql = format!("DELETE FROM {} WHERE ", form.target).into_bytes();
        self.name_one(form, before, &mut sql)?;
        sql.extend_from_slice(b" LIMIT 1");
        // `DELETE parent, child FROM …` names children in the log that went with their parent a moment before.
        let may_be_gone = form.manner == Manner::InOrder;
        let expected = if may_be_gone { Expected::Absent(form) } else { Expected::Gone(form) };
        self.later(volley, sql, expected).await
    }

    /// Changes a row where it is: removed and put again, foreign keys would take others with it.
    async fn change_one(
        &mut self,
        form: &'s TableForm,
        (before, after): (&I, &I),
        volley: &mut Volley<'s>,
    ) -> Result<(), Trouble> {
        let mut sql = format!("UPDATE {} SET ", form.target).into_bytes();
        let assigned = form.assign(after, &mut self.scratch, &mut sql);
        let Some(warned) = assigned.map_err(unreadable(form))? else { return Ok(()) };
        sql.extend_from_slice(b" WHERE ");
        self.name_one(form, before, &mut sql)?;
        sql.extend_from_slice(b" LIMIT 1");
        fits(form, &sql, self.limits)?;
        if warned == 0 {
            return self.later(volley, sql, Expected::Changed(form)).await;
        }
        self.now(volley).await?;
        let done = self.session.execute(&sql).await.doing("change a row")?;
        if done.rows_matched() != Some(1) {
            return Err(not_there(form).into());
        }
        let sent = Sent { table: &form.target, rows: 1, warned };
        sent.check_warnings(self.session, u64::from(done.warnings) == warned).await
    }

    /// Appends the condition that is true of one row, by its key or by all its values.
    fn name_one(&mut self, form: &TableForm, image: &I, sql: &mut Vec<u8>) -> Result<(), Trouble> {
        match &form.identity {
            Identity::Key(key) => {
                if !key.is_in(image) {
                    return Err(lacking(form, "of its key"));
                }
                self.out.clear();
                key.read(image, &mut self.scratch, &mut self.out).map_err(unreadable(form))?;
                let condition = key.condition(&[self.out.as_slice()]).map_err(unreadable(form))?;
                sql.extend_from_slice(condition.as_bytes());
            }
            Identity::Values(_) if !form.is_whole(image) => {
                return Err(lacking(form, "that tells its rows apart"));
            }
            Identity::Values(values) => {
                let condition = values
                    .condition(&mut form.values(image, &mut self.scratch))
                    .map_err(unreadable(form))?;
                sql.extend_from_slice(&condition);
            }
        }
        Ok(())
    }
}

/// The images of the insertions into one table, with the columns of the first, with which these changes begin.
fn inserts_of<'c, I: Image>(
    form: &TableForm,
    (first, like): (&Change<I>, &I),
    changes: &'c [Change<I>],
) -> Vec<&'c I> {
    let same_table = changes.iter().take_while(|change| change.table == first.table);
    same_table
        .map_while(|change| match &change.row {
            RowChange::Insert(image) => form.is_alike(like, image).then_some(image),
            RowChange::Update { .. } | RowChange::Delete(_) => None,
        })
        .collect()
}

/// A row in part that cannot be made whole.
fn lacking(form: &TableForm, column: &str) -> Trouble {
    let what = format!("the row image of a change lacks column {column}");
    let fault = Fault::new(ErrorCode::LogUnreadable, what).on(Side::Source);
    fault.about(format!("table {}", form.source)).advise(LOG_WHOLE_ROWS).into()
}
