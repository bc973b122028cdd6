//! A table's rows as they are read from the source and put on the target again.

use sealift_mysql::error::MysqlError;
use sealift_mysql::session::Session;
use sealift_mysql::value::Layout;
use sealift_schema::facts::Side;

use super::Setback;
use crate::encode::{Dialect, EncodeError, Encoder, ResultRow, RowForm};
use crate::fault::{ErrorCode, Fault};
use crate::target::connect::TargetLimits;
use crate::target::taken::{Doing, Sent, Trouble};
use crate::verify::TablePair;

/// Bytes of one statement.
const STATEMENT_BYTES: usize = 250 << 10;

/// Rows of one transaction at most: each is named in its conditions.
const ROWS_MAX: u64 = 500;

/// How a table's rows travel.
pub(super) struct Form<'a> {
    pair: &'a TablePair,
    form: RowForm,
    mutes_notes: bool,
}

/// Rows as tuples of a statement.
#[derive(Debug, Default)]
pub(super) struct Rows {
    tuples: Vec<Tuple>,
}

#[derive(Debug)]
struct Tuple {
    bytes: Vec<u8>,
    /// Warnings the target will give though it stores every value right.
    warned: u64,
}

impl<'a> Form<'a> {
    pub(super) fn of(pair: &'a TablePair) -> Result<Self, Fault> {
        let form = RowForm::of(&pair.source, &pair.target).map_err(|error| {
            let fault = Fault::new(ErrorCode::ObjectRefused, error.to_string()).on(Side::Target);
            fault.about(format!("table {}", pair.source.name))
        })?;
        let mutes_notes = RowForm::mutes_notes(&pair.source, &pair.target);
        Ok(Self { pair, form, mutes_notes })
    }

    /// How many rows have about so many bytes.
    pub(super) fn rows_at_once(&self, bytes: u64) -> usize {
        let table = &self.pair.source;
        let row_bytes = (table.data_bytes / table.rows_estimate.max(1)).max(1);
        usize::try_from((bytes / row_bytes).clamp(1, ROWS_MAX)).unwrap_or(1)
    }

    /// Reads the rows of a condition.
    pub(super) async fn read(
        &self,
        session: &mut Session,
        condition: &str,
        limit: Option<u32>,
    ) -> Result<Rows, Setback> {
        let limit = limit.map(|rows| format!(" LIMIT {rows}")).unwrap_or_default();
        let sql = format!(
            "SELECT {} FROM {} WHERE {condition}{limit}",
            self.form.select_list(),
            self.pair.source.name
        );
        let source = |error: MysqlError| Setback::Source(error);
        let mut found = session.read(&sql).await.map_err(source)?;
        let layouts: Option<Vec<Layout>> = found
            .columns()
            .iter()
            .map(|column| Layout::of(column.type_code, column.is_unsigned()))
            .collect();
        let layouts = layouts.ok_or_else(|| self.unreadable(EncodeError::OtherColumns))?;
        let encoder = Encoder::new(&self.form, Dialect::Insert);
        let mut rows = Rows::default();
        while let Some(row) = found.next().await.map_err(source)? {
            let mut bytes = Vec::with_capacity(row.len() + row.len() / 4);
            let encoded = ResultRow::new(row, &layouts)
                .and_then(|mut values| encoder.row(&mut values, &mut bytes));
            let warned = encoded.map_err(|error| self.unreadable(error))?;
            rows.tuples.push(Tuple { bytes, warned });
        }
        found.finish().await.map_err(source)?;
        Ok(rows)
    }

    fn unreadable(&self, error: EncodeError) -> Fault {
        let fault = Fault::new(ErrorCode::Protocol, "read rows").on(Side::Source);
        fault.about(format!("table {}", self.pair.source.name)).because(error)
    }

    /// Removes the rows of a condition.
    pub(super) async fn delete(
        &self,
        session: &mut Session,
        condition: &str,
    ) -> Result<(), Trouble> {
        let sql = format!("DELETE FROM {} WHERE {condition}", self.pair.target.name);
        session.execute(sql).await.doing("delete rows")?;
        Ok(())
    }

    /// Removes so many of the rows of a condition.
    pub(super) async fn remove(
        &self,
        session: &mut Session,
        condition: &str,
        count: u64,
    ) -> Result<(), Trouble> {
        let table = &self.pair.target.name;
        let sql = format!("DELETE FROM {table} WHERE {condition} LIMIT {count}");
        let done = session.execute(sql).await.doing("delete rows")?;
        if done.affected_rows == count {
            return Ok(());
        }
        let what = "rows that were too many are not there any more";
        let fault = Fault::new(ErrorCode::CountMismatch, what).on(Side::Target);
        Err(fault.about(format!("table {table}")).advise("run sealift verify again").into())
    }

    /// Puts rows in the place of whatever they conflict with.
    pub(super) async fn put(
        &self,
        session: &mut Session,
        limits: TargetLimits,
        rows: &Rows,
    ) -> Result<(), Trouble> {
        self.statements(session, "REPLACE", limits, rows.tuples.iter().collect()).await
    }

    /// Adds a row so many times. It may have gone on the source meanwhile: then what was missing is not missed.
    pub(super) async fn add(
        &self,
        session: &mut Session,
        limits: TargetLimits,
        rows: &Rows,
        count: u64,
    ) -> Result<(), Trouble> {
        let Some(tuple) = rows.tuples.first() else { return Ok(()) };
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        self.statements(session, "INSERT", limits, std::iter::repeat_n(tuple, count).collect())
            .await
    }

    async fn statements(
        &self,
        session: &mut Session,
        verb: &str,
        limits: TargetLimits,
        tuples: Vec<&Tuple>,
    ) -> Result<(), Trouble> {
        let table = &self.pair.target.name;
        let notes = u8::from(!self.mutes_notes);
        session
            .execute(format!("SET sql_notes={notes}"))
            .await
            .doing("say which warnings matter")?;
        let head = format!("{verb} INTO {table} ({}) VALUES ", self.form.insert_columns());
        let mut rest = tuples.as_slice();
        while !rest.is_empty() {
            let mut sql = head.clone().into_bytes();
            let mut sent = Sent { table, rows: 0, warned: 0 };
            while let Some((tuple, behind)) = rest.split_first() {
                if sent.rows > 0 && sql.len() + tuple.bytes.len() > STATEMENT_BYTES {
                    break;
                }
                if sent.rows > 0 {
                    sql.push(b',');
                }
                sql.extend_from_slice(&tuple.bytes);
                sent.rows += 1;
                sent.warned += tuple.warned;
                rest = behind;
            }
            // One byte for the command.
            if sql.len() as u64 >= limits.packet_max {
                let what = format!(
                    "a row takes {} bytes as a statement, max_allowed_packet is {}",
                    sql.len(),
                    limits.packet_max
                );
                return Err(Fault::new(ErrorCode::PacketTooLarge, what).on(Side::Target).into());
            }
            let done = session.execute(&sql).await.doing("write rows")?;
            // A statement of one tuple reports no records, and a row that is replaced counts twice.
            let taken = done.load_counts().map_or(1, |counts| counts.records);
            if taken != sent.rows || done.affected_rows < sent.rows {
                return Err(sent.miscounted(taken.min(done.affected_rows)));
            }
            sent.check_warnings(session, u64::from(done.warnings) == sent.warned).await?;
        }
        Ok(())
    }
}
