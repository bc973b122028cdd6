//! A session on each side, pinned alike, that answers digests.

use sealift_mysql::binlog::{self, LogPosition, Visible, VisibleError};
use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::error::{ErrorClass, MysqlError};
use sealift_mysql::session::{Session, TextRow};
use sealift_schema::facts::{Flavor, Side};

use crate::fault::{ErrorCode, Fault, OnServer};
use crate::log_end;
use crate::stop::Stop;
use crate::target::pause::pause_between_looks;

/// How often a statement is asked again over a new connection before giving up. Reads have no effect, so
/// asking again is always sound.
const ATTEMPTS_MAX: u32 = 3;

/// How often a source is asked whether it shows what it has committed: with the pauses between about half a
/// minute. A semi-synchronous one that waits for its replica may need that.
const VISIBLE_ATTEMPTS: u32 = 250;

/// One server, seen by a session that can be reopened.
pub(super) struct Reader {
    endpoint: Endpoint,
    session: Session,
    /// How this session tells what its reads see, once that was asked.
    visible: Option<Visible>,
}

/// The server does not show what its log holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Invisible;

impl Reader {
    async fn open(endpoint: &Endpoint) -> Result<Self, Fault> {
        let session = connect(endpoint).await?;
        Ok(Self { endpoint: endpoint.clone(), session, visible: None })
    }

    async fn reopen(&mut self) -> Result<(), Fault> {
        self.visible = None;
        self.session = connect(&self.endpoint).await?;
        Ok(())
    }

    /// The side this reader is on.
    pub(super) fn side(&self) -> Side {
        self.endpoint.side
    }

    /// The session itself, for results too large to buffer.
    pub(super) fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// Asks, and asks again over a new connection when the old one is lost.
    pub(super) async fn rows(&mut self, sql: &str, doing: &str) -> Result<Vec<TextRow>, Fault> {
        let mut attempt = 1;
        loop {
            match self.session.rows(sql).await {
                Ok(rows) => return Ok(rows),
                Err(error) if error.class() == ErrorClass::Lost && attempt < ATTEMPTS_MAX => {
                    attempt += 1;
                    self.reopen().await?;
                }
                Err(error) => return Err(Fault::server(self.side(), doing, error)),
            }
        }
    }

    /// Asks when everything within a position is visible to the statement.
    pub(super) async fn rows_seeing(
        &mut self,
        position: &LogPosition,
        sql: &str,
        doing: &str,
        stop: &Stop,
    ) -> Result<Result<Vec<TextRow>, Invisible>, Fault> {
        let (mut attempt, mut looks) = (1, 0);
        loop {
            match self.once_seeing(position, sql).await {
                Ok(Some(rows)) => return Ok(Ok(rows)),
                Ok(None) if looks == VISIBLE_ATTEMPTS => return Ok(Err(Invisible)),
                Ok(None) => {
                    looks += 1;
                    stop.check()?;
                    pause_between_looks(looks).await;
                }
                Err(VisibleError::Server(error))
                    if error.class() == ErrorClass::Lost && attempt < ATTEMPTS_MAX =>
                {
                    attempt += 1;
                    self.reopen().await?;
                }
                Err(VisibleError::Server(error)) => {
                    return Err(Fault::server(self.side(), doing, error));
                }
                Err(VisibleError::NoWay { why, remedy }) => {
                    let fault = Fault::new(ErrorCode::ServerUnsuitable, why);
                    return Err(fault.on(self.side()).advise(remedy));
                }
            }
        }
    }

    /// Asks once; `None` when something within the position is not visible yet.
    async fn once_seeing(
        &mut self,
        position: &LogPosition,
        sql: &str,
    ) -> Result<Option<Vec<TextRow>>, VisibleError> {
        let visible = match self.visible.take() {
            Some(visible) => visible,
            None => Visible::of(&mut self.session).await?,
        };
        let seen = visible.begin(&mut self.session).await?;
        let rows = if seen.covers(position) { Some(self.session.rows(sql).await?) } else { None };
        visible.finish(&mut self.session).await?;
        self.visible = Some(visible);
        Ok(rows)
    }

    /// Where the server's log ends.
    pub(super) async fn log_end(&mut self) -> Result<LogPosition, Fault> {
        let mut attempt = 1;
        loop {
            let end: Result<_, MysqlError> = binlog::log_end(&mut self.session).await;
            match end {
                Err(error) if error.class() == ErrorClass::Lost && attempt < ATTEMPTS_MAX => {
                    attempt += 1;
                    self.reopen().await?;
                }
                end => return log_end::told(end, self.side()),
            }
        }
    }

    /// Asks for two whole numbers, e.g. a count and a sum.
    pub(super) async fn two_numbers(
        &mut self,
        sql: &str,
        doing: &str,
    ) -> Result<(u64, u128), Fault> {
        let rows = self.rows(sql, doing).await?;
        let row = rows.first().ok_or_else(|| super::unexpected(self.side(), doing))?;
        let count = row.parse::<u64>(0).on(self.side(), doing)?;
        let sum = row.parse::<u128>(1).on(self.side(), doing)?;
        Ok((count, sum))
    }
}

async fn connect(endpoint: &Endpoint) -> Result<Session, Fault> {
    let mut session = Session::connect(endpoint).await.on(endpoint.side, "connect")?;
    let limit = match session.version().flavor {
        // <https://dev.mysql.com/doc/refman/5.7/en/server-system-variables.html#sysvar_max_execution_time>
        Flavor::MySql if !session.version().is_mysql_at_least(5, 7, 8) => "",
        Flavor::MySql => ",max_execution_time=0",
        Flavor::MariaDb => ",max_statement_time=0",
    };
    // Values come in their own bytes, moments in UTC, and an odd old date is no error in a condition.
    let pins = [
        "SET NAMES utf8mb4".to_owned(),
        format!(
            "SET SESSION character_set_results=NULL,time_zone='+00:00',\
             sql_mode='ALLOW_INVALID_DATES'{limit}"
        ),
    ];
    for pin in pins {
        session.execute(pin).await.on(endpoint.side, "pin the session")?;
    }
    Ok(session)
}

/// A reader on each side.
pub(super) struct Sides {
    pub(super) source: Reader,
    pub(super) target: Reader,
}

impl Sides {
    pub(super) async fn open(source: &Endpoint, target: &Endpoint) -> Result<Self, Fault> {
        let (source, target) = tokio::join!(Reader::open(source), Reader::open(target));
        Ok(Self { source: source?, target: target? })
    }

    /// The reader of a side.
    pub(super) fn reader(&mut self, side: Side) -> &mut Reader {
        match side {
            Side::Source => &mut self.source,
            Side::Target => &mut self.target,
        }
    }

    /// The reader of a side, and that of the other one.
    pub(super) fn both(&mut self, side: Side) -> (&mut Reader, &mut Reader) {
        match side {
            Side::Source => (&mut self.source, &mut self.target),
            Side::Target => (&mut self.target, &mut self.source),
        }
    }
}
