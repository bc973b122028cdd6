//! Where a server's log ends, as a horizon that is waited for: whatever a read has seen lies within.

use sealift_mysql::binlog::{self, LogPosition};
use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::error::MysqlError;
use sealift_mysql::position;
use sealift_mysql::session::Session;
use sealift_schema::facts::Side;

use crate::fault::{ErrorCode, Fault, OnServer};

/// Logs in and asks, by file and offset alone: further than any read sees.
///
/// # Errors
/// [`ErrorCode::PrivilegeMissing`] when the server does not say, else its trouble.
pub(crate) async fn of(endpoint: &Endpoint) -> Result<LogPosition, Fault> {
    let mut session = Session::connect(endpoint).await.on(endpoint.side, "connect")?;
    let end = on(&mut session, endpoint.side).await;
    session.close().await;
    end
}

/// Asks on a session that is open, by file and offset alone.
///
/// # Errors
/// As [`of`].
pub(crate) async fn on(session: &mut Session, side: Side) -> Result<LogPosition, Fault> {
    told(binlog::log_end(session).await, side)
}

/// Logs in and asks, with the GTIDs that were given out: a place from which the log is followed.
///
/// # Errors
/// As [`of`].
pub(crate) async fn with_gtids(endpoint: &Endpoint) -> Result<LogPosition, Fault> {
    let mut session = Session::connect(endpoint).await.on(endpoint.side, "connect")?;
    let end = told(position::current(&mut session).await, endpoint.side);
    session.close().await;
    end
}

/// What a server has said.
///
/// # Errors
/// [`ErrorCode::PrivilegeMissing`] when it does not say, else its trouble.
pub(crate) fn told(
    end: Result<Option<LogPosition>, MysqlError>,
    side: Side,
) -> Result<LogPosition, Fault> {
    end.on(side, "read where its log ends")?.ok_or_else(|| {
        Fault::new(ErrorCode::PrivilegeMissing, "the server does not say where its log ends")
            .on(side)
            .advise("grant REPLICATION CLIENT (on MariaDB BINLOG MONITOR) to our account there")
    })
}
