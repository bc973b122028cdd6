//! The source's binary log as transactions: which rows of the migrated tables changed, in its order.

mod tables;
mod transaction;
mod assembly;
mod again;
mod xa;
mod statement;

use std::time::Duration;

use sealift_mysql::binlog::{BinlogError, BinlogStream, LogPosition, Reaction, StreamOptions};
use sealift_mysql::endpoint::Endpoint;
use sealift_schema::facts::Side;

pub use self::statement::{Statement, StatementKind};
pub use self::tables::{Definition, Tables};
pub use self::transaction::{Change, Item, Piece, Transaction};

use self::assembly::Assembly;
use crate::fault::{ErrorCode, Fault};
use crate::stop::Stop;
use crate::target::pause::pause;

/// Times the log is opened again without anything having come of it: with the pauses between them about
/// three minutes, longer than a managed server's failover takes.
const OPEN_ATTEMPTS: u32 = 25;

/// Follows the source's binary log, across lost connections and restarts of the server.
pub struct Stream {
    source: Endpoint,
    options: StreamOptions,
    /// Opened when it is first needed, and again when it was lost.
    log: Option<BinlogStream>,
    /// The server it was opened on.
    server: Option<String>,
    /// The end of the last transaction that was handed out whole.
    reached: LogPosition,
    assembly: Assembly,
    failures: u32,
    stop: Stop,
}

/// Where and how the log is read.
pub struct StreamRequest {
    /// The source.
    pub source: Endpoint,
    /// A number no other replica of the source has.
    pub server_id: u32,
    /// Everything within it is known.
    pub from: LogPosition,
    /// The tables whose changes are wanted, as they are at that position.
    pub tables: Tables,
    /// Bytes of a transaction that are kept in memory at most; a larger one comes in pieces.
    pub piece_bytes: usize,
    /// The operator's wish to stop waiting for a source that does not come back.
    pub stop: Stop,
}

impl Stream {
    /// A stream that begins behind a position. Nothing is opened yet.
    #[must_use]
    pub fn new(request: StreamRequest) -> Self {
        let StreamRequest { source, server_id, from, tables, piece_bytes, stop } = request;
        Self {
            source,
            options: StreamOptions { server_id, heartbeat: HEARTBEAT },
            log: None,
            server: None,
            reached: from,
            assembly: Assembly::new(tables, piece_bytes),
            failures: 0,
            stop,
        }
    }

    /// The end of the last transaction that was handed out whole.
    #[must_use]
    pub fn reached(&self) -> &LogPosition {
        &self.reached
    }

    /// The tables whose changes are handed out.
    #[must_use]
    pub fn tables(&self) -> &Tables {
        self.assembly.tables()
    }

    /// What comes next. Waits for the source, also for one that is away for a while; may be dropped while it
    /// waits and called again.
    ///
    /// # Errors
    /// What no waiting mends: the log is purged or unreadable, or holds what cannot be carried.
    pub async fn next(&mut self) -> Result<Item, Fault> {
        loop {
            match self.try_next().await {
                Ok(Some(item)) => {
                    self.failures = 0;
                    if let Some(end) = item.end() {
                        self.reached.clone_from(end);
                    }
                    return Ok(item);
                }
                Ok(None) => {}
                Err(Trouble::Log(error)) => {
                    if let Some(item) = self.recover(error).await? {
                        return Ok(item);
                    }
                }
                Err(Trouble::Fault(fault)) => return Err(*fault),
            }
        }
    }

    async fn try_next(&mut self) -> Result<Option<Item>, Trouble> {
        if let Some(item) = self.assembly.rest() {
            return Ok(Some(item));
        }
        if self.log.is_none() {
            let opened = BinlogStream::open(&self.source, &self.reached, &self.options).await;
            let log = opened.map_err(Trouble::Log)?;
            let server = log.position().server.clone();
            let before = self.server.get_or_insert_with(|| server.clone());
            if *before != server {
                return Err(Trouble::Fault(Box::new(moved(&server))));
            }
            if let Some(since) = &self.reached.since
                && since.server != server
                && since.gtids.as_ref().is_none_or(|gtids| !gtids.is_mysql())
            {
                return Err(Trouble::Fault(Box::new(lost_with_its_server(&server))));
            }
            self.assembly.opened(&self.reached);
            self.log = Some(log);
        }
        let Some(log) = &mut self.log else { return Ok(None) };
        let event = log.next().await.map_err(Trouble::Log)?;
        let item =
            self.assembly.take(event, log).map_err(|fault| Trouble::Fault(Box::new(fault)))?;
        Ok(item)
    }

    /// After trouble with the log: goes on from the last whole transaction, or says why that cannot be. A
    /// transaction of which pieces were handed out has to be taken back.
    async fn recover(&mut self, error: BinlogError) -> Result<Option<Item>, Fault> {
        self.log = None;
        let broken_off = self.assembly.forget();
        self.failures += 1;
        if error.reaction() != Reaction::Reopen || self.failures >= OPEN_ATTEMPTS {
            return Err(unreadable(error));
        }
        tracing::warn!(%error, from = %self.reached, "opening the binary log again");
        tokio::select! {
            () = pause(self.failures) => {}
            () = self.stop.wait() => self.stop.check()?,
        }
        Ok(broken_off.then_some(Item::BrokenOff))
    }
}

/// Why nothing came.
enum Trouble {
    Log(BinlogError),
    Fault(Box<Fault>),
}

/// Whether another server will do depends on more than the log: whoever begins anew finds out.
fn moved(server: &str) -> Fault {
    let what = format!("another server answers in its place: {server}");
    Fault::new(ErrorCode::ConnectionLost, what).on(Side::Source)
}

/// What XA had prepared is found by its place, on its own server alone.
fn lost_with_its_server(server: &str) -> Fault {
    let what = format!("another server answers, {server}, while transactions are prepared by XA");
    Fault::new(ErrorCode::ServerUnsuitable, what)
        .on(Side::Source)
        .advise("let the former server answer until they have ended, or begin anew with --restart")
}

/// How long the source may be silent before it gives a sign of life.
const HEARTBEAT: Duration = Duration::from_secs(1);

fn unreadable(error: BinlogError) -> Fault {
    let what = "follow the binary log";
    let code = match &error {
        BinlogError::Server { .. } => None,
        BinlogError::Silent(_) | BinlogError::Ended => Some(ErrorCode::ConnectionLost),
        BinlogError::Purged { .. } => Some(ErrorCode::LogPurged),
        BinlogError::Displaced(_)
        | BinlogError::Behind { .. }
        | BinlogError::OtherServer { .. }
        | BinlogError::NoPosition(_) => Some(ErrorCode::ServerUnsuitable),
        BinlogError::Refused { .. }
        | BinlogError::Corrupt { .. }
        | BinlogError::Unsupported { .. } => Some(ErrorCode::LogUnreadable),
    };
    match (code, error) {
        (None, BinlogError::Server { doing, cause }) => Fault::server(Side::Source, doing, cause),
        (code, error) => {
            let code = code.unwrap_or(ErrorCode::LogUnreadable);
            Fault::new(code, what).on(Side::Source).because(error)
        }
    }
}
