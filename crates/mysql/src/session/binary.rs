//! Rows of a prepared statement as raw bytes, streamed.

use std::sync::Arc;

use super::{First, Session, Standing, malformed};
use crate::error::MysqlError;
use crate::wire::column::ColumnMeta;
use crate::wire::command::{self, Command};
use crate::wire::scan::Malformed;
use crate::wire::{end_of_rows, prepared, refusal};

/// Rows of [`Session::read`], one after the other.
///
/// Dropped before their end, the rest is read and thrown away by the session's next call: for a
/// large rest that may take long, so bound statements by `LIMIT` or take all rows.
pub struct BinaryRows<'s> {
    session: &'s mut Session,
    columns: Arc<[ColumnMeta]>,
}

/// The first byte of a binary row.
const ROW_HEADER: u8 = 0;
const PREPARING: &str = "preparing a statement";
const READING: &str = "reading rows";

impl<'s> BinaryRows<'s> {
    /// Prepares and executes a statement.
    pub(super) async fn start(session: &'s mut Session, sql: &[u8]) -> Result<Self, MysqlError> {
        session.begin().await?;
        match execute(session, sql).await {
            Ok(First::Columns(columns)) => {
                session.standing = Standing::Rows;
                Ok(Self { session, columns })
            }
            Ok(other @ (First::Done(_) | First::File)) => {
                let outcome = session.finish_results(other).await;
                session.settle(outcome)?;
                Ok(Self { session, columns: Arc::new([]) })
            }
            Err(error) => Err(session.fail(error)),
        }
    }

    /// What the result says of its columns.
    #[must_use]
    pub fn columns(&self) -> &[ColumnMeta] {
        &self.columns
    }

    /// The next row's bytes from its NULL bitmap on; `None` after the last. May be cancelled.
    ///
    /// # Errors
    /// If the server breaks off the statement or the connection breaks.
    pub async fn next(&mut self) -> Result<Option<&[u8]>, MysqlError> {
        if self.session.standing != Standing::Rows {
            return Ok(None);
        }
        let place = match self.session.channel.next().await {
            Ok(place) => place,
            Err(broken) => return Err(self.session.fail(broken.while_doing(READING))),
        };
        if self.session.channel.payload(&place).first() != Some(&ROW_HEADER) {
            let packet = self.session.channel.payload(&place).to_vec();
            return self.end(&packet).await;
        }
        Ok(self.session.channel.payload(&place).get(1..))
    }

    /// Reads what is not a row: the end or an error.
    async fn end(&mut self, packet: &[u8]) -> Result<Option<&[u8]>, MysqlError> {
        let session = &mut *self.session;
        let outcome = if packet.first() == Some(&refusal::HEADER) {
            Err(refusal::read(packet).unwrap_or_else(malformed(READING)))
        } else if end_of_rows::is_end(packet, session.agreed) {
            match end_of_rows::read(packet, session.agreed) {
                Ok(end) => {
                    session.standing = Standing::Busy;
                    session.finish_results(First::Done(end)).await
                }
                Err(cause) => Err(malformed(READING)(cause)),
            }
        } else {
            Err(malformed(READING)(Malformed("neither row nor end".to_owned())))
        };
        session.settle(outcome)?;
        Ok(None)
    }

    /// Reads and throws away what remains.
    ///
    /// # Errors
    /// If the server breaks off the statement or the connection breaks.
    pub async fn finish(mut self) -> Result<(), MysqlError> {
        while self.next().await?.is_some() {}
        Ok(())
    }
}

/// Prepares and executes; the session forgets the statement before its next command.
async fn execute(session: &mut Session, sql: &[u8]) -> Result<First, MysqlError> {
    session.send(Command::Prepare, sql).await?;
    let place = session.packet(PREPARING).await?;
    let answer = prepared::read(session.channel.payload(&place));
    let statement = answer.map_err(malformed(PREPARING))??;
    session.prepared = Some(statement.id);
    session.columns(statement.parameters.into()).await?;
    session.columns(statement.columns.into()).await?;
    if statement.parameters > 0 {
        let what = "a statement to be read has parameters";
        return Err(MysqlError::Result(what.to_owned()));
    }
    session.send(Command::Execute, &command::execute_body(statement.id)).await?;
    session.first_packet().await
}
