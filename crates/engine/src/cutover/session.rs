//! Sessions that speak to either side during a turn, and pass every fence of ours.

use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::error::{ErrorClass, MysqlError};
use sealift_mysql::session::Session;

use crate::fault::{Fault, OnServer};
use crate::target::pin;

/// How long a statement of ours may wait for somebody's table, in seconds: others queue behind it.
pub(super) const LOCK_WAIT_S: u64 = 2;

/// Logs in; the session's times are UTC.
pub(super) async fn open(endpoint: &Endpoint) -> Result<Session, Fault> {
    let opened = async {
        let mut session = Session::connect(endpoint).await?;
        pin::writer(&mut session).await?;
        // Messages and definitions are text, and a definition means what it meant to whoever made it.
        session.execute("SET NAMES utf8mb4").await?;
        session.execute(format!("SET SESSION lock_wait_timeout={LOCK_WAIT_S}")).await?;
        Ok::<_, MysqlError>(session)
    };
    opened.await.on(endpoint.side, "connect")
}

/// Whether the server says that there is no such thing, or that it may not be asked about.
pub(super) fn is_absent(error: &MysqlError) -> bool {
    matches!(
        error.class(),
        ErrorClass::DefinitionChanged | ErrorClass::PrivilegeMissing | ErrorClass::AccessDenied
    )
}
