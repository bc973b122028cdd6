//! A logged-in connection: statements, rows, raw binary rows, `LOAD DATA LOCAL` streams.

mod login;
mod text;
mod binary;
mod load;
pub(crate) mod replica;

use std::io;
use std::sync::Arc;

use sealift_schema::facts::ServerVersion;

use crate::endpoint::Endpoint;
use crate::error::{ErrorClass, MysqlError};
use crate::wire::answer::{self, Answer};
use crate::wire::capability::{Agreed, DEPRECATE_EOF};
use crate::wire::channel::{Broken, Channel, Place};
use crate::wire::command::Command;
use crate::wire::ok::Ok as OkPacket;
use crate::wire::scan::Malformed;
use crate::wire::{column, end_of_rows, refusal};

pub use self::binary::BinaryRows;
pub use self::load::Load;
pub use self::text::TextRow;
pub use crate::wire::column::ColumnMeta;

/// One logged-in connection to a server. Dropping it closes the connection.
///
/// A call whose future is dropped before it is done leaves an answer unread that nobody could tell
/// from the next one's: the session then refuses every later call with [`MysqlError::Lost`], as it
/// does after a connection broke. (Rows of [`Session::read`] are the exception, see there.)
pub struct Session {
    channel: Channel,
    agreed: Agreed,
    version: ServerVersion,
    version_text: String,
    connection_id: u32,
    standing: Standing,
    /// A prepared statement the server still keeps for us.
    prepared: Option<u32>,
}

/// Where the conversation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// The server waits for a command.
    Ready,
    /// Rows are arriving that were not all taken.
    Rows,
    /// A command is under way; seen by the next one only if the first was abandoned.
    Busy,
    /// Nothing can be said on this connection any more.
    Broken,
}

/// What a statement without rows, or the end of its rows, reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Rows changed (or found, for some statements).
    pub affected_rows: u64,
    /// The first generated `AUTO_INCREMENT` value, 0 for none.
    pub last_insert_id: u64,
    /// How many warnings `SHOW WARNINGS` would count.
    pub warnings: u16,
    /// The server's remark, e.g. `Records: 3  Deleted: 0  Skipped: 0  Warnings: 0`.
    pub info: String,
}

/// What `LOAD DATA` or a multi-row `INSERT` did with its rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoadCounts {
    /// Rows read.
    pub records: u64,
    /// Rows replaced.
    pub deleted: u64,
    /// Rows left out.
    pub skipped: u64,
    /// Rows that met a duplicate key (`INSERT` only).
    pub duplicates: u64,
    /// Warnings; the server's own count of them, which does not stop at `max_error_count`.
    pub warnings: u64,
}

impl Done {
    /// Reads the counts out of [`Done::info`]; `None` if there are none in it.
    #[must_use]
    pub fn load_counts(&self) -> Option<LoadCounts> {
        let mut counts = LoadCounts::default();
        let mut has_records = false;
        let mut words = self.info.split_ascii_whitespace();
        while let Some(word) = words.next() {
            let number = words.next()?.parse().ok()?;
            match word {
                "Records:" => {
                    has_records = true;
                    counts.records = number;
                }
                "Deleted:" => counts.deleted = number,
                "Skipped:" => counts.skipped = number,
                "Duplicates:" => counts.duplicates = number,
                "Warnings:" => counts.warnings = number,
                _unknown => return None,
            }
        }
        has_records.then_some(counts)
    }

    /// Rows that an `UPDATE` statement found, changed or not: out of [`Done::info`]; `None` if that is not in it.
    #[must_use]
    pub fn rows_matched(&self) -> Option<u64> {
        let rest = self.info.strip_prefix("Rows matched: ")?;
        rest.split_ascii_whitespace().next()?.parse().ok()
    }
}

impl From<OkPacket> for Done {
    fn from(ok: OkPacket) -> Self {
        let OkPacket { affected_rows, last_insert_id, status: _, warnings, info } = ok;
        Self { affected_rows, last_insert_id, warnings, info }
    }
}

/// What came first in answer to a statement.
enum First {
    Done(OkPacket),
    Columns(Arc<[ColumnMeta]>),
    File,
}

/// A packet among rows.
enum Next {
    Row(Place),
    End(OkPacket),
}

impl Session {
    /// Connects and logs in.
    ///
    /// # Errors
    /// If the server cannot be reached, its certificate is not what [`Endpoint::tls`] asks for, or
    /// it refuses the login.
    pub async fn connect(endpoint: &Endpoint) -> Result<Self, MysqlError> {
        login::connect(endpoint).await
    }

    /// The server's flavor and version.
    #[must_use]
    pub fn version(&self) -> &ServerVersion {
        &self.version
    }

    /// The server's version as it prints it.
    #[must_use]
    pub fn version_text(&self) -> &str {
        &self.version_text
    }

    /// The number the server knows this connection by (`CONNECTION_ID()`, `KILL`).
    #[must_use]
    pub fn connection_id(&self) -> u32 {
        self.connection_id
    }

    /// Runs a statement; rows it returns are thrown away. Of a procedure's several results the last
    /// is reported.
    ///
    /// # Errors
    /// If the server refuses the statement or the connection breaks.
    pub async fn execute(&mut self, sql: impl AsRef<[u8]>) -> Result<Done, MysqlError> {
        self.begin().await?;
        let outcome = self.execute_begun(sql.as_ref()).await;
        self.settle(outcome)
    }

    async fn execute_begun(&mut self, sql: &[u8]) -> Result<Done, MysqlError> {
        self.send(Command::Query, sql).await?;
        let first = self.first_packet().await?;
        self.finish_results(first).await.map(Done::from)
    }

    /// Runs statements, one after the other, that were all sent before the first answer is waited for: over a
    /// long way that takes one way there and back, not one for each. Together they should be so few and small
    /// (some hundred, some hundred KiB) that neither side has to read before it can go on writing.
    ///
    /// # Errors
    /// The first refusal; the server has executed those behind it all the same. If the connection breaks.
    pub async fn execute_all(&mut self, statements: &[Vec<u8>]) -> Result<Vec<Done>, MysqlError> {
        let mut done = Vec::with_capacity(statements.len());
        if self.channel.is_compressed() {
            for sql in statements {
                done.push(self.execute(sql).await?);
            }
            return Ok(done);
        }
        self.begin().await?;
        let outcome = self.execute_all_begun(statements, &mut done).await;
        self.settle(outcome).map(|()| done)
    }

    async fn execute_all_begun(
        &mut self,
        statements: &[Vec<u8>],
        done: &mut Vec<Done>,
    ) -> Result<(), MysqlError> {
        for sql in statements {
            self.send(Command::Query, sql).await?;
        }
        let mut refused = None;
        for _statement in statements {
            self.channel.expect_answer();
            let answer = match self.first_packet().await {
                Ok(first) => self.finish_results(first).await,
                Err(error) => Err(error),
            };
            match answer {
                Ok(ok) => done.push(ok.into()),
                Err(error @ MysqlError::Server { .. }) if error.class() != ErrorClass::Lost => {
                    refused.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        refused.map_or(Ok(()), Err)
    }

    /// Runs a statement and keeps all rows of its first result in memory.
    ///
    /// # Errors
    /// If the server refuses the statement or the connection breaks.
    pub async fn rows(&mut self, sql: impl AsRef<[u8]>) -> Result<Vec<TextRow>, MysqlError> {
        self.begin().await?;
        let outcome = self.rows_begun(sql.as_ref()).await;
        self.settle(outcome)
    }

    async fn rows_begun(&mut self, sql: &[u8]) -> Result<Vec<TextRow>, MysqlError> {
        self.send(Command::Query, sql).await?;
        let mut rows = Vec::new();
        let columns = match self.first_packet().await? {
            First::Columns(columns) => columns,
            other @ (First::Done(_) | First::File) => {
                self.finish_results(other).await?;
                return Ok(rows);
            }
        };
        let end = loop {
            match self.next_row().await? {
                Next::Row(place) => {
                    let payload = self.channel.payload(&place);
                    let row = TextRow::read(Arc::clone(&columns), payload)
                        .map_err(|malformed| Broken::from(malformed).while_doing("reading rows"))?;
                    rows.push(row);
                }
                Next::End(end) => break end,
            }
        };
        self.finish_results(First::Done(end)).await?;
        Ok(rows)
    }

    /// Runs a statement and returns the first row of its first result.
    ///
    /// # Errors
    /// If the server refuses the statement or the connection breaks.
    pub async fn first(&mut self, sql: impl AsRef<[u8]>) -> Result<Option<TextRow>, MysqlError> {
        Ok(self.rows(sql).await?.into_iter().next())
    }

    /// Runs a statement by the binary protocol and streams its rows as raw bytes.
    ///
    /// Rows that are not taken when [`BinaryRows`] is dropped are read and thrown away by the next
    /// call on the session.
    ///
    /// # Errors
    /// If the server refuses the statement or the connection breaks.
    pub async fn read<'s>(
        &'s mut self,
        sql: impl AsRef<[u8]>,
    ) -> Result<BinaryRows<'s>, MysqlError> {
        BinaryRows::start(self, sql.as_ref()).await
    }

    /// Starts a `LOAD DATA LOCAL INFILE` statement whose file's bytes we then send.
    ///
    /// # Errors
    /// If the server refuses the statement, does not ask for a file, or the connection breaks.
    pub async fn load<'s>(&'s mut self, sql: impl AsRef<[u8]>) -> Result<Load<'s>, MysqlError> {
        Load::start(self, sql.as_ref()).await
    }

    /// Asks the server whether it is there.
    ///
    /// # Errors
    /// If the connection broke.
    pub async fn ping(&mut self) -> Result<(), MysqlError> {
        self.begin().await?;
        let outcome = self.ping_begun().await;
        self.settle(outcome)
    }

    async fn ping_begun(&mut self) -> Result<(), MysqlError> {
        self.send(Command::Ping, &[]).await?;
        let first = self.first_packet().await?;
        self.finish_results(first).await?;
        Ok(())
    }

    /// Says goodbye and closes; nothing can go wrong that matters.
    pub async fn close(mut self) {
        if self.begin().await.is_ok() {
            let _best_effort = self.channel.send(&[Command::Quit.byte()], &[]).await.is_ok();
        }
    }

    /// Makes sure the server waits for a command, and marks that one is under way.
    async fn begin(&mut self) -> Result<(), MysqlError> {
        match self.standing {
            Standing::Ready => {}
            Standing::Rows => {
                self.standing = Standing::Busy;
                let outcome = self.drain().await;
                self.settle(outcome)?;
            }
            Standing::Busy | Standing::Broken => {
                self.break_off();
                let why = "an earlier statement on this connection broke off";
                let cause = io::Error::new(io::ErrorKind::NotConnected, why);
                return Err(MysqlError::Lost { doing: "sending a statement", cause });
            }
        }
        self.standing = Standing::Busy;
        if let Some(statement) = self.prepared.take() {
            let outcome = self.send(Command::Forget, &statement.to_le_bytes()).await;
            if let Err(error) = outcome {
                self.break_off();
                return Err(error);
            }
        }
        Ok(())
    }

    /// Throws away the rows the last reader left.
    async fn drain(&mut self) -> Result<(), MysqlError> {
        let end = self.skip_rows().await;
        match end {
            Ok(end) => self.finish_results(First::Done(end)).await.map(|_last| ()),
            // The rows nobody wants any more ended with an error nobody wants either.
            Err(error @ MysqlError::Server { .. }) if error.class() != ErrorClass::Lost => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Ends a command: the session goes on unless the connection is beyond use.
    fn settle<T>(&mut self, outcome: Result<T, MysqlError>) -> Result<T, MysqlError> {
        match outcome {
            Ok(value) => {
                self.standing = Standing::Ready;
                Ok(value)
            }
            Err(error) => Err(self.fail(error)),
        }
    }

    /// Notes an error: a server's refusal, or a result we did not expect, leaves the session in
    /// order; anything else ends it.
    fn fail(&mut self, error: MysqlError) -> MysqlError {
        let is_in_order = matches!(error, MysqlError::Server { .. } | MysqlError::Result(_));
        let is_open = self.standing != Standing::Broken;
        if is_open && is_in_order && error.class() != ErrorClass::Lost {
            self.standing = Standing::Ready;
        } else {
            self.break_off();
        }
        error
    }

    /// Closes the connection at once.
    fn break_off(&mut self) {
        self.standing = Standing::Broken;
        self.prepared = None;
        self.channel.close();
    }

    /// Sends a command.
    async fn send(&mut self, command: Command, body: &[u8]) -> Result<(), MysqlError> {
        self.channel.begin();
        match self.channel.send(&[command.byte()], body).await {
            Ok(()) => Ok(()),
            Err(broken) => Err(self.explain(broken, "sending a statement").await),
        }
    }

    /// The error of a failed write: the server's own words if it said why it closed.
    async fn explain(&mut self, broken: Broken, doing: &'static str) -> MysqlError {
        match self.channel.last_words().await {
            Some(error) => {
                self.break_off();
                error
            }
            None => broken.while_doing(doing),
        }
    }

    /// Waits for a packet.
    async fn packet(&mut self, doing: &'static str) -> Result<Place, MysqlError> {
        self.channel.next().await.map_err(|broken| broken.while_doing(doing))
    }

    /// Reads the first packet of an answer, and the columns if it has rows.
    async fn first_packet(&mut self) -> Result<First, MysqlError> {
        const DOING: &str = "waiting for an answer";
        let place = self.packet(DOING).await?;
        let answer = answer::read(self.channel.payload(&place));
        match answer.map_err(|malformed| Broken::from(malformed).while_doing(DOING))? {
            Answer::Done(ok) => Ok(First::Done(ok)),
            Answer::Refused(error) => Err(error),
            Answer::File => Ok(First::File),
            Answer::Columns(count) => {
                let columns = self.columns(count).await?;
                Ok(First::Columns(columns.into()))
            }
        }
    }

    /// Reads column definitions and what ends them.
    async fn columns(&mut self, count: u64) -> Result<Vec<ColumnMeta>, MysqlError> {
        const DOING: &str = "reading columns";
        let mut columns = Vec::new();
        for _column in 0..count {
            let place = self.packet(DOING).await?;
            let column = column::read(self.channel.payload(&place))
                .map_err(|malformed| Broken::from(malformed).while_doing(DOING))?;
            columns.push(column);
        }
        if count > 0 && !self.agreed.has(DEPRECATE_EOF) {
            let place = self.packet(DOING).await?;
            if !end_of_rows::is_end(self.channel.payload(&place), self.agreed) {
                let what = "no end of columns".to_owned();
                return Err(MysqlError::Protocol { doing: DOING, what });
            }
        }
        Ok(columns)
    }

    /// Waits for the next packet among rows.
    async fn next_row(&mut self) -> Result<Next, MysqlError> {
        const DOING: &str = "reading rows";
        let place = self.packet(DOING).await?;
        let packet = self.channel.payload(&place);
        if packet.first() == Some(&refusal::HEADER) {
            return match refusal::read(packet) {
                Ok(error) => Err(error),
                Err(malformed) => Err(Broken::from(malformed).while_doing(DOING)),
            };
        }
        if !end_of_rows::is_end(packet, self.agreed) {
            return Ok(Next::Row(place));
        }
        let end = end_of_rows::read(packet, self.agreed);
        end.map(Next::End).map_err(|malformed| Broken::from(malformed).while_doing(DOING))
    }

    /// Throws away rows up to their end.
    async fn skip_rows(&mut self) -> Result<OkPacket, MysqlError> {
        loop {
            if let Next::End(end) = self.next_row().await? {
                return Ok(end);
            }
        }
    }

    /// Throws away what remains of all results and returns the last one's report.
    async fn finish_results(&mut self, first: First) -> Result<OkPacket, MysqlError> {
        let mut first = first;
        loop {
            let end = match first {
                First::Done(ok) => ok,
                First::Columns(_) => self.skip_rows().await?,
                First::File => return Err(self.refuse_file().await?),
            };
            if !end.more_results() {
                return Ok(end);
            }
            first = self.first_packet().await?;
        }
    }

    /// A server may ask for any file of ours at any statement: it never gets one.
    async fn refuse_file(&mut self) -> Result<MysqlError, MysqlError> {
        const DOING: &str = "waiting for an answer";
        let sent = self.channel.send(&[], &[]).await;
        sent.map_err(|broken| broken.while_doing(DOING))?;
        let what = "the server asked for a file of this machine".to_owned();
        Ok(MysqlError::Protocol { doing: DOING, what })
    }
}

/// The error of a packet that does not follow the protocol.
fn malformed(doing: &'static str) -> impl Fn(Malformed) -> MysqlError {
    move |malformed| Broken::from(malformed).while_doing(doing)
}

/// Ends another connection of the same login (or, with the privilege, of anybody).
///
/// # Errors
/// If no connection can be made or the server refuses.
pub async fn kill(endpoint: &Endpoint, connection_id: u32) -> Result<(), MysqlError> {
    let mut session = Session::connect(endpoint).await?;
    session.execute(format!("KILL {connection_id}")).await?;
    session.close().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_counts_are_read_from_what_servers_say() {
        let counts = |info: &str| Done { info: info.to_owned(), ..Done::default() }.load_counts();
        assert_eq!(
            counts("Records: 3  Deleted: 1  Skipped: 2  Warnings: 70000"),
            Some(LoadCounts {
                records: 3,
                deleted: 1,
                skipped: 2,
                duplicates: 0,
                warnings: 70_000
            })
        );
        assert_eq!(
            counts("Records: 5  Duplicates: 1  Warnings: 0"),
            Some(LoadCounts { records: 5, duplicates: 1, ..LoadCounts::default() })
        );
        assert_eq!(counts(""), None);
        assert_eq!(counts("Rows matched: 1  Changed: 1  Warnings: 0"), None);
        assert_eq!(counts("Records: many"), None);
    }

    #[test]
    fn rows_matched_are_read_from_what_servers_say() {
        let matched = |info: &str| Done { info: info.to_owned(), ..Done::default() }.rows_matched();
        assert_eq!(matched("Rows matched: 12  Changed: 1  Warnings: 0"), Some(12));
        assert_eq!(matched("Records: 3  Duplicates: 0  Warnings: 0"), None);
        assert_eq!(matched(""), None);
    }
}
