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
use super::write::{Pen, fits, unknown_table, unreadable};
use crate::encode::EncodeError;
use crate::fault::{ErrorCode, Fault};
use crate::target::taken::{Doing, Sent, Trouble};

impl<I: Image> Pen<'_, I> {
    /// Makes changes in their order.
    pub(super) async fn ordered(&mut self, changes: &[Change<I>]) -> Result<(), Trouble> {
        let forms = self.forms;
        let mut rest = changes;
        while let Some((change, behind)) = rest.split_first() {
            let form = forms.get(change.table).ok_or_else(unknown_table)?;
            self.mind_notes(form).await?;
            rest = match &change.row {
                RowChange::Insert(_) => {
                    let inserts = inserts_of(change, rest);
                    let mut images = inserts.as_slice();
                    while !images.is_empty() {
                        images = self.statement(form, &form.insert_sql(), images).await?;
                    }
                    rest.get(inserts.len()..).unwrap_or_default()
                }
                RowChange::Delete(before) => {
                    if acts(form, change) {
                        self.follow_removal(change.table, form, before).await?;
                    }
                    self.remove_one(form, before).await?;
                    behind
                }
                RowChange::Update { before, after } => {
                    if acts(form, change) {
                        self.follow_change(change.table, form, before, after).await?;
                    }
                    self.change_one(form, before, after).await?;
                    behind
                }
            };
        }
        Ok(())
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
        let columns = cascades.columns_of(table).into_iter();
        let changed = columns.filter(|column| was.get(column) != is.get(column));
        let values = changed
            .filter_map(|column| Some((column.to_owned(), is.get(column)?.clone())))
            .collect::<BTreeMap<_, _>>();
        if values.is_empty() {
            return Ok(());
        }
        Walk { session: self.session, cascades, table, row: &row }.changed(&values).await
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

    async fn remove_one(&mut self, form: &TableForm, before: &I) -> Result<(), Trouble> {
        let mut sql = format!("DELETE FROM {} WHERE ", form.target).into_bytes();
        self.name_one(form, before, &mut sql)?;
        sql.extend_from_slice(b" LIMIT 1");
        let done = self.session.execute(&sql).await.doing("delete a row")?;
        // `DELETE parent, child FROM …` names children in the log that went with their parent a moment before.
        let may_be_gone = form.manner == Manner::InOrder;
        if done.affected_rows > 0 || may_be_gone { Ok(()) } else { Err(not_there(form)) }
    }

    /// Changes a row where it is: removed and put again, foreign keys would take others with it.
    async fn change_one(&mut self, form: &TableForm, before: &I, after: &I) -> Result<(), Trouble> {
        let mut sql = format!("UPDATE {} SET ", form.target).into_bytes();
        let warned = form.assign(after, &mut self.scratch, &mut sql).map_err(unreadable(form))?;
        sql.extend_from_slice(b" WHERE ");
        self.name_one(form, before, &mut sql)?;
        sql.extend_from_slice(b" LIMIT 1");
        fits(form, &sql, self.limits)?;
        let done = self.session.execute(&sql).await.doing("change a row")?;
        if done.rows_matched() != Some(1) {
            return Err(not_there(form));
        }
        let sent = Sent { table: &form.target, rows: 1, warned };
        sent.check_warnings(self.session, u64::from(done.warnings) == warned).await
    }

    /// Appends the condition that is true of one row, by its key or by all its values.
    fn name_one(&mut self, form: &TableForm, image: &I, sql: &mut Vec<u8>) -> Result<(), Trouble> {
        match &form.identity {
            Identity::Key(key) => {
                self.out.clear();
                key.read(image, &mut self.scratch, &mut self.out).map_err(unreadable(form))?;
                let condition = key.condition(&[self.out.as_slice()]).map_err(unreadable(form))?;
                sql.extend_from_slice(condition.as_bytes());
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

/// Whether foreign keys may have changed other rows with this one, and the log does not tell.
fn acts<I>(form: &TableForm, change: &Change<I>) -> bool {
    form.manner == Manner::InOrder && change.checks == ForeignKeyChecks::On
}

/// The images of the insertions into one table with which these changes begin.
fn inserts_of<'c, I>(first: &Change<I>, changes: &'c [Change<I>]) -> Vec<&'c I> {
    let same_table = changes.iter().take_while(|change| change.table == first.table);
    same_table
        .map_while(|change| match &change.row {
            RowChange::Insert(image) => Some(image),
            RowChange::Update { .. } | RowChange::Delete(_) => None,
        })
        .collect()
}

fn not_there(form: &TableForm) -> Trouble {
    let (what, advice) = match form.manner {
        Manner::FinalStates => (
            "a row that the source changed is not there, and the table has no key to find it by",
            "copy the table again, or give it a primary key on the source",
        ),
        Manner::InOrder => (
            "a row that the source changed is not there, in a table whose foreign keys change rows by themselves",
            "begin anew with sealift run --restart; let nobody else write to the target",
        ),
    };
    let fault = Fault::new(ErrorCode::CountMismatch, what).on(Side::Target);
    fault.about(format!("table {}", form.target)).advise(advice).into()
}
