//! Sessions on the target that are opened again when they are lost.

use std::future::Future;

use sealift_mysql::error::{ErrorClass, MysqlError};
use sealift_mysql::session::Session;
use sealift_schema::facts::Side;

use super::pause::pause;
use crate::encode::Dialect;
use crate::fault::Fault;

/// Connections tried in a row: with the pauses between them about three minutes, longer than a managed
/// server's failover takes.
const CONNECT_ATTEMPTS: u32 = 25;

/// Times one transaction is tried: deadlocks and lost connections pass, what comes back every time does
/// not.
pub(crate) const TRANSACTION_ATTEMPTS: u32 = 10;

/// What the target allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TargetLimits {
    /// How many rows at a time can be written.
    pub(crate) dialect: Dialect,
    /// `max_allowed_packet`.
    pub(crate) packet_max: u64,
}

impl TargetLimits {
    /// Asks the target.
    pub(crate) async fn of(session: &mut Session) -> Result<Self, MysqlError> {
        let row = session.first("SELECT @@local_infile, @@max_allowed_packet").await?;
        let row = row.ok_or_else(|| MysqlError::Result("no row of variables".into()))?;
        let dialect = if row.text(0)? == "1" { Dialect::Load } else { Dialect::Insert };
        Ok(Self { dialect, packet_max: row.parse(1)? })
    }
}

/// Opens a session, however often that has to be tried: trouble that may pass (nobody listens, too many
/// connections) is waited out.
pub(crate) async fn patiently<F>(open: impl Fn() -> F) -> Result<Session, Fault>
where
    F: Future<Output = Result<Session, MysqlError>>,
{
    let mut failures = 0;
    loop {
        let error = match open().await {
            Ok(session) => return Ok(session),
            Err(error) => error,
        };
        failures += 1;
        let passes = matches!(
            error.class(),
            ErrorClass::Unreachable | ErrorClass::Lost | ErrorClass::TooManyConnections
        );
        if !passes || failures == CONNECT_ATTEMPTS {
            return Err(Fault::server(Side::Target, "connect", error));
        }
        tracing::warn!(%error, failures, "waiting for the target");
        pause(failures).await;
    }
}
