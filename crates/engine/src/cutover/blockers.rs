//! Transactions that are open on a side: who holds up a fence.

use std::collections::BTreeSet;

use sealift_mysql::binlog::prepared_xa;
use sealift_mysql::error::MysqlError;
use sealift_mysql::session::Session;

/// Transactions that are named at most.
const NAMED_MAX: usize = 10;

/// An open transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OpenTransaction {
    /// The connection it is on.
    pub(super) connection: u64,
    /// Whose it is.
    pub(super) user: String,
    /// For how long it is open.
    pub(super) seconds: u64,
    /// Rows it has changed.
    pub(super) rows: u64,
}

/// Transactions of others that have been open for this long and have changed rows, the oldest first. What our
/// login may not see is not told: nothing is decided by this.
pub(super) async fn open(session: &mut Session, seconds_min: u64) -> Vec<OpenTransaction> {
    told(list(session, seconds_min, 1).await)
}

/// All open transactions of others: one that has only read keeps a table's definition as it is, too.
pub(super) async fn all(session: &mut Session) -> Vec<OpenTransaction> {
    told(list(session, 0, 0).await)
}

/// For people: who may hold a table's definition. What XA has prepared holds it too, on no connection.
pub(super) async fn holders(session: &mut Session) -> String {
    let open = all(session).await;
    let prepared = match prepared(session).await {
        Ok(prepared) => prepared,
        Err(error) => {
            tracing::debug!(%error, "prepared transactions cannot be listed");
            BTreeSet::new()
        }
    };
    if prepared.is_empty() {
        return described(&open);
    }
    let named = format!("prepared by XA: {}", Vec::from_iter(prepared).join("; "));
    if open.is_empty() { named } else { format!("{}; {named}", described(&open)) }
}

/// The names of what XA has prepared. Nobody is connected who could be waited for or killed, and whoever commits one
/// later gets past every fence. What our login may not list (MySQL: `XA_RECOVER_ADMIN`) is not told.
pub(super) async fn prepared(session: &mut Session) -> Result<BTreeSet<String>, MysqlError> {
    Ok(prepared_xa(session).await?.unwrap_or_default())
}

fn told(found: Result<Vec<OpenTransaction>, MysqlError>) -> Vec<OpenTransaction> {
    match found {
        Ok(found) => found,
        Err(error) => {
            tracing::debug!(%error, "open transactions cannot be listed");
            Vec::new()
        }
    }
}

async fn list(
    session: &mut Session,
    seconds_min: u64,
    rows_min: u64,
) -> Result<Vec<OpenTransaction>, MysqlError> {
    // When a transaction began is told by the server's own clock on the wall.
    let own = session.connection_id();
    let sql = format!(
        "SELECT t.trx_mysql_thread_id, COALESCE(p.user, '?'), COALESCE(p.host, '?'), \
         GREATEST(TIMESTAMPDIFF(SECOND, t.trx_started, NOW()), 0), t.trx_rows_modified \
         FROM information_schema.innodb_trx t \
         LEFT JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id \
         WHERE t.trx_rows_modified >= {rows_min} AND t.trx_mysql_thread_id NOT IN (0, {own}) \
         ORDER BY t.trx_started LIMIT {NAMED_MAX}"
    );
    let zone = session.first("SELECT @@SESSION.time_zone").await?;
    session.execute("SET SESSION time_zone='SYSTEM'").await?;
    let rows = session.rows(sql).await;
    let zone = zone.as_ref().map_or(Ok("+00:00"), |row| row.text(0))?.to_owned();
    session.execute(format!("SET SESSION time_zone='{zone}'")).await?;
    let mut found = Vec::new();
    for row in rows? {
        let seconds = row.parse(3)?;
        if seconds >= seconds_min {
            found.push(OpenTransaction {
                connection: row.parse(0)?,
                user: format!("{}@{}", row.text(1)?, row.text(2)?),
                seconds,
                rows: row.parse(4)?,
            });
        }
    }
    Ok(found)
}

/// For people.
pub(super) fn described(transactions: &[OpenTransaction]) -> String {
    if transactions.is_empty() {
        return "a transaction that our login may not see (PROCESS) does not end".to_owned();
    }
    let each: Vec<String> = transactions
        .iter()
        .map(|OpenTransaction { connection, user, seconds, rows }| {
            format!("connection {connection} of {user}, open for {seconds} s, {rows} rows changed")
        })
        .collect();
    format!("open transactions: {}", each.join("; "))
}

/// Ends their connections.
pub(super) async fn kill(
    session: &mut Session,
    transactions: &[OpenTransaction],
) -> Result<(), MysqlError> {
    for transaction in transactions {
        match session.execute(format!("KILL {}", transaction.connection)).await {
            Ok(_) => {}
            // It has ended by itself.
            Err(error) if error.class() == sealift_mysql::error::ErrorClass::Other => {
                tracing::debug!(%error, "a connection is not killed");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
