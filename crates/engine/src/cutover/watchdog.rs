//! The event that frees a side when the time budget is used up, whatever became of us.

use sealift_mysql::error::MysqlError;
use sealift_mysql::session::Session;

use super::row::{FenceRow, TABLE};

/// Arms it. It opens the row by the same rule as everybody else, and frees the server, by this statement, only if
/// it did.
pub(super) async fn arm(
    session: &mut Session,
    row: &FenceRow,
    turn: u32,
    seconds: u64,
    frees: &str,
) -> Result<(), MysqlError> {
    disarm(session, row).await?;
    session
        .execute(format!(
            "CREATE EVENT {} ON SCHEDULE AT CURRENT_TIMESTAMP + INTERVAL {seconds} SECOND \
             ON COMPLETION NOT PRESERVE ENABLE DO BEGIN \
             UPDATE {TABLE} SET state='open', until=NULL {} AND turn={turn} AND state='closed'; \
             IF ROW_COUNT() = 1 THEN {frees}; END IF; END",
            name(row),
            row.whose()
        ))
        .await?;
    Ok(())
}

/// Removes it.
pub(super) async fn disarm(session: &mut Session, row: &FenceRow) -> Result<(), MysqlError> {
    session.execute(format!("DROP EVENT IF EXISTS {}", name(row))).await.map(drop)
}

fn name(row: &FenceRow) -> String {
    format!("sealift.watchdog_{}", row.letters())
}
