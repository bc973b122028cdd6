//! Who would hold up a lock, and everybody's writes behind it.

use std::time::Duration;

use super::{SnapshotError, server};
use crate::error::MysqlError;
use crate::session::{Session, TextRow};

/// How much of a statement is shown.
const SHOWN_CHARS: usize = 120;
/// How many statements are named.
const SHOWN: usize = 10;

/// Refuses to queue behind statements that have been running for longer than we are ready to wait.
pub(super) async fn refuse_if_busy(
    session: &mut Session,
    lock_wait: Duration,
) -> Result<(), SnapshotError> {
    let statements =
        running(session, lock_wait.as_secs()).await.map_err(server("list running statements"))?;
    if statements.is_empty() { Ok(()) } else { Err(SnapshotError::Busy(statements)) }
}

/// What runs now, and transactions that are open. An aid for a message: trouble leaves it empty.
pub(super) async fn holders(session: &mut Session) -> Vec<String> {
    let mut holders = running(session, 0).await.unwrap_or_default();
    holders.extend(transactions(session).await.unwrap_or_default());
    holders.truncate(SHOWN);
    holders
}

/// Statements of other connections that have been running for this long, as far as the login may see them
/// (`PROCESS`).
async fn running(session: &mut Session, seconds_min: u64) -> Result<Vec<String>, MysqlError> {
    let own = session.connection_id();
    let mut found = Vec::new();
    for row in session.rows("SHOW FULL PROCESSLIST").await? {
        let is_statement = matches!(row.named("Command")?, Some("Query" | "Execute"));
        let seconds = number(&row, "Time")?;
        if is_statement && seconds >= seconds_min && number(&row, "Id")? != u64::from(own) {
            let text = row.named("Info")?.unwrap_or_default();
            let user = row.named("User")?.unwrap_or_default();
            let id = row.named("Id")?.unwrap_or_default();
            found.push(format!("connection {id} of {user} for {seconds} s: {}", shown(text)));
        }
    }
    found.truncate(SHOWN);
    Ok(found)
}

/// Open transactions that are not running a statement, the oldest first.
async fn transactions(session: &mut Session) -> Result<Vec<String>, MysqlError> {
    let sql = "SELECT trx_mysql_thread_id, TIMESTAMPDIFF(SECOND, trx_started, NOW()), trx_rows_modified \
               FROM information_schema.innodb_trx WHERE trx_query IS NULL ORDER BY trx_started";
    let mut found = Vec::new();
    for row in session.rows(sql).await? {
        let (id, seconds, rows) = (row.text(0)?, row.text(1)?, row.text(2)?);
        found.push(format!(
            "connection {id} with a transaction open for {seconds} s that changed {rows} rows"
        ));
    }
    Ok(found)
}

/// A signed column: MySQL shows negative times when the clock was set back.
fn number(row: &TextRow, column: &str) -> Result<u64, MysqlError> {
    Ok(row.named(column)?.and_then(|text| text.parse().ok()).unwrap_or(0))
}

fn shown(statement: &str) -> String {
    let mut words = statement.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = words.char_indices().nth(SHOWN_CHARS) {
        words.truncate(end);
        words.push('…');
    }
    words
}
