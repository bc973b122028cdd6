//! A session on each side, pinned alike, that answers digests.

use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::error::ErrorClass;
use sealift_mysql::session::{Session, TextRow};
use sealift_schema::facts::{Flavor, Side};

use crate::fault::{Fault, OnServer};

/// How often a statement is asked again over a new connection before giving up. Reads have no effect, so
/// asking again is always sound.
const ATTEMPTS_MAX: u32 = 3;

/// One server, seen by a session that can be reopened.
pub(super) struct Reader {
    endpoint: Endpoint,
    session: Session,
}

impl Reader {
    async fn open(endpoint: &Endpoint) -> Result<Self, Fault> {
        let session = connect(endpoint).await?;
        Ok(Self { endpoint: endpoint.clone(), session })
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
                    self.session = connect(&self.endpoint).await?;
                }
                Err(error) => return Err(Fault::server(self.side(), doing, error)),
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
        Flavor::MySql => "max_execution_time=0",
        Flavor::MariaDb => "max_statement_time=0",
    };
    // Values come in their own bytes, moments in UTC, and an odd old date is no error in a condition.
    let pins = [
        "SET NAMES utf8mb4".to_owned(),
        format!(
            "SET SESSION character_set_results=NULL,time_zone='+00:00',\
             sql_mode='ALLOW_INVALID_DATES',{limit}"
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
}
