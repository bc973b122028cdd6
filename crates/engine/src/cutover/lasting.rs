//! A side that was left stays `read_only` when its server is restarted.
//!
//! MySQL 8 remembers the setting itself. MariaDB and older MySQL cannot: an event looks every second whether it is gone. The row has
//! the last word in both cases, so that neither outlives what it is for.

use sealift_mysql::error::MysqlError;
use sealift_mysql::session::Session;

use super::row::{FenceRow, TABLE};

/// What a restart of the server does to `read_only`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lasting {
    /// It is read-only from its first moment.
    Kept,
    /// It takes writes until an event has run, about a second after the event scheduler has begun.
    SetAgain,
    /// It takes writes until somebody sets it again; why.
    Lost(String),
}

/// Makes it last. May be repeated.
pub(super) async fn keep(session: &mut Session, row: &FenceRow) -> Lasting {
    let (kept, lasting) = if remembers(session) {
        (session.execute("SET PERSIST read_only=ON").await.map(drop), Lasting::Kept)
    } else {
        (guard(session, row).await, Lasting::SetAgain)
    };
    match kept {
        Ok(()) => lasting,
        Err(error) => Lasting::Lost(error.to_string()),
    }
}

/// Whether the server can; who may set the variable may do so
/// (<https://dev.mysql.com/doc/refman/9.7/en/persisted-system-variables.html>).
fn remembers(session: &Session) -> bool {
    session.version().is_mysql_at_least(8, 0, 0)
}

async fn guard(session: &mut Session, row: &FenceRow) -> Result<(), MysqlError> {
    let sql = format!(
        "CREATE EVENT IF NOT EXISTS {} ON SCHEDULE EVERY 1 SECOND ENABLE DO \
         IF @@GLOBAL.read_only = 0 AND EXISTS (SELECT 1 FROM {TABLE} {} AND state='left') \
         THEN SET GLOBAL read_only=ON; END IF",
        name(row),
        row.whose()
    );
    session.execute(sql).await.map(drop)
}

/// Takes away what would set it again within a second, and leaves the server's own memory as it is. May be repeated.
///
/// # Errors
/// When the server refuses or the connection is lost.
pub(super) async fn end(session: &mut Session, row: &FenceRow) -> Result<(), MysqlError> {
    if remembers(session) {
        return Ok(());
    }
    let sql = format!("DROP EVENT IF EXISTS {}", name(row));
    session.execute(sql).await.map(drop)
}

/// Makes the server forget it. May be repeated.
///
/// # Errors
/// When the server refuses or the connection is lost.
pub(super) async fn forget(session: &mut Session) -> Result<(), MysqlError> {
    if !remembers(session) {
        return Ok(());
    }
    session.execute("RESET PERSIST IF EXISTS read_only").await.map(drop)
}

fn name(row: &FenceRow) -> String {
    format!("sealift.keeper_{}", row.letters())
}
