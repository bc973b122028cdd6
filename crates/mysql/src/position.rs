//! How far a source's binary log had grown at some moment, and what it says has changed since.

use std::collections::BTreeSet;

use sealift_schema::facts::Flavor;
use sealift_schema::name::QualifiedName;
use serde::{Deserialize, Serialize};

use crate::error::{ErrorClass, MysqlError};
use crate::session::Session;

/// A moment of a source, by its binary log. Opaque outside this crate but for questions asked of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// `server_uuid`, or what stands for it on MariaDB: file and offset mean nothing elsewhere.
    pub server: String,
    /// Binary log file.
    pub file: String,
    /// Offset in it.
    pub offset: u64,
    /// `gtid_executed` (MariaDB: `gtid_binlog_pos`) when the server keeps GTIDs; whitespace removed.
    pub gtid_set: Option<String>,
}

/// What a source says has changed since a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drift {
    /// Nothing.
    Unchanged,
    /// Rows of these tables, and nothing else.
    Tables(BTreeSet<QualifiedName>),
    /// It cannot be told; why, in words.
    Unknown(String),
}

/// Events read at most to find out what has changed: some seconds of reading.
const EVENTS_READ_MAX: usize = 200_000;
/// Events asked for at a time: a page of some megabytes.
const EVENTS_PAGE: usize = 20_000;

/// Where the server's binary log ends now; `None` when it keeps none, or our login may not ask.
///
/// Read under a lock that stops commits, it is the moment of a snapshot.
///
/// # Errors
/// When the server refuses for another reason, or the connection is lost.
pub async fn current(session: &mut Session) -> Result<Option<Position>, MysqlError> {
    // MySQL 8.4 removed SHOW MASTER STATUS; 8.2 brought the new word; MariaDB keeps the old one
    // (https://dev.mysql.com/doc/relnotes/mysql/8.4/en/news-8-4-0.html).
    let question = if session.version().is_mysql_at_least(8, 2, 0) {
        "SHOW BINARY LOG STATUS"
    } else {
        "SHOW MASTER STATUS"
    };
    let row = match session.first(question).await {
        Ok(row) => row,
        Err(error) if error.class() == ErrorClass::PrivilegeMissing => return Ok(None),
        Err(error) => return Err(error),
    };
    let Some(row) = row else { return Ok(None) };
    let file = row.text(0)?.to_owned();
    let offset = row.parse(1)?;
    let (server, gtid_set) = match session.version().flavor {
        Flavor::MySql => {
            ("SELECT @@server_uuid", "SELECT IF(@@gtid_mode='ON',@@GLOBAL.gtid_executed,'')")
        }
        // MariaDB has no server_uuid; server_id and the host it runs on name it among those it
        // replicates with.
        Flavor::MariaDb => {
            ("SELECT CONCAT(@@server_id,'@',@@hostname,':',@@port)", "SELECT @@gtid_binlog_pos")
        }
    };
    let server = one_text(session, server).await?.unwrap_or_default();
    let gtid_set = one_text(session, gtid_set).await?.map(without_whitespace);
    Ok(Some(Position { server, file, offset, gtid_set: gtid_set.filter(|set| !set.is_empty()) }))
}

async fn one_text(session: &mut Session, sql: &str) -> Result<Option<String>, MysqlError> {
    let Some(row) = session.first(sql).await? else { return Ok(None) };
    Ok(row.optional_text(0)?.map(ToOwned::to_owned))
}

fn without_whitespace(text: String) -> String {
    if text.contains(char::is_whitespace) { text.split_whitespace().collect() } else { text }
}

/// Finds out what has changed on the source since `since`, by reading its binary log.
///
/// A restart or a rotation of the log changes nothing. What cannot be read for certain is
/// [`Drift::Unknown`]: nothing is taken for unchanged that is not known to be.
///
/// # Errors
/// When the connection is lost. A refusal of the server is [`Drift::Unknown`].
pub async fn drift(session: &mut Session, since: Option<&Position>) -> Result<Drift, MysqlError> {
    let Some(since) = since else {
        return Ok(Drift::Unknown("the source keeps no binary log that sealift can read".into()));
    };
    let Some(now) = current(session).await? else {
        return Ok(Drift::Unknown("the source keeps no binary log that sealift can read".into()));
    };
    if now == *since {
        return Ok(Drift::Unchanged);
    }
    if now.server != since.server {
        let what = format!("another server answers: {} instead of {}", now.server, since.server);
        return Ok(Drift::Unknown(what));
    }
    if since.gtid_set.is_some() && since.gtid_set == now.gtid_set {
        return Ok(Drift::Unchanged);
    }
    match changed(session, since).await {
        Ok(drift) => Ok(drift),
        Err(error) if error.class() == ErrorClass::Lost => Err(error),
        Err(error) => Ok(Drift::Unknown(format!("the binary log cannot be read: {error}"))),
    }
}

/// Reads the binary log from a position to its end.
async fn changed(session: &mut Session, since: &Position) -> Result<Drift, MysqlError> {
    let files: Vec<String> = session
        .rows("SHOW BINARY LOGS")
        .await?
        .iter()
        .map(|row| row.text(0).map(ToOwned::to_owned))
        .collect::<Result<_, _>>()?;
    let Some(first) = files.iter().position(|file| *file == since.file) else {
        return Ok(Drift::Unknown(format!("binary log {} was purged", since.file)));
    };
    let mut tables = BTreeSet::new();
    let mut read = 0;
    for file in files.iter().skip(first) {
        // Every file begins with a magic of four bytes.
        let mut offset = if *file == since.file { since.offset } else { 4 };
        loop {
            let sql = format!("SHOW BINLOG EVENTS IN '{file}' FROM {offset} LIMIT {EVENTS_PAGE}");
            let page = session.rows(sql).await?;
            for row in &page {
                let kind = row.named("Event_type")?.unwrap_or_default();
                let info = row.named("Info")?.unwrap_or_default();
                match touch(kind, info) {
                    Touch::Nothing => {}
                    Touch::Table(table) => {
                        tables.insert(table);
                    }
                    Touch::Anything(what) => return Ok(Drift::Unknown(what)),
                }
            }
            read += page.len();
            if read > EVENTS_READ_MAX {
                return Ok(Drift::Unknown(format!("more than {EVENTS_READ_MAX} events since")));
            }
            let Some(last) = page.last() else { break };
            let end = last.named("End_log_pos")?.and_then(|end| end.parse::<u64>().ok());
            match end {
                Some(end) if end > offset && page.len() == EVENTS_PAGE => offset = end,
                _ => break,
            }
        }
    }
    if tables.is_empty() { Ok(Drift::Unchanged) } else { Ok(Drift::Tables(tables)) }
}

/// What one event of the binary log may have changed.
#[derive(Debug, PartialEq, Eq)]
enum Touch {
    Nothing,
    Table(QualifiedName),
    Anything(String),
}

/// Reads a line of `SHOW BINLOG EVENTS`; the names of events are the servers' own
/// (<https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_replication_binlog_event.html>).
fn touch(kind: &str, info: &str) -> Touch {
    match kind {
        // Bookkeeping, and the rows of tables that a Table_map has named before them.
        "Format_desc"
        | "Previous_gtids"
        | "Gtid"
        | "Gtid_tagged"
        | "Anonymous_Gtid"
        | "Rotate"
        | "Stop"
        | "Xid"
        | "Heartbeat"
        | "Rows_query"
        | "Gtid_list"
        | "Binlog_checkpoint"
        | "Annotate_rows"
        | "Start_encryption"
        | "Write_rows"
        | "Update_rows"
        | "Delete_rows"
        | "Write_rows_v1"
        | "Update_rows_v1"
        | "Delete_rows_v1"
        | "Update_rows_partial" => Touch::Nothing,
        "Table_map" => mapped(info),
        "Query" if matches!(info.trim().to_ascii_uppercase().as_str(), "BEGIN" | "COMMIT") => {
            Touch::Nothing
        }
        "Query" => {
            let shown: String = info.chars().take(80).collect();
            Touch::Anything(format!("a statement ran since: {shown}"))
        }
        other => Touch::Anything(format!("the binary log holds an event of kind {other}")),
    }
}

/// `table_id: 108 (shop.orders)`: names are not quoted, so a dot in one of them is ambiguous.
fn mapped(info: &str) -> Touch {
    let name = info.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    let parts: Vec<&str> = name.map(|name| name.split('.').collect()).unwrap_or_default();
    match parts.as_slice() {
        [schema, table] => Touch::Table(QualifiedName::new(*schema, *table)),
        _ => Touch::Anything(format!("a table whose name is ambiguous has changed: {info}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_known_by_the_table_map_before_them() {
        let table = QualifiedName::new("shop", "orders");
        assert_eq!(touch("Table_map", "table_id: 108 (shop.orders)"), Touch::Table(table));
        assert_eq!(touch("Write_rows", "table_id: 108 flags: STMT_END_F"), Touch::Nothing);
        assert_eq!(touch("Query", "BEGIN"), Touch::Nothing);
    }

    #[test]
    fn what_is_not_known_to_be_harmless_may_have_changed_anything() {
        for (kind, info) in [
            ("Query", "use `shop`; ALTER TABLE orders ADD c INT"),
            ("Transaction_payload", "compression='ZSTD'"),
            ("Something_new", ""),
            ("Table_map", "table_id: 1 (a.b.c)"),
        ] {
            assert!(matches!(touch(kind, info), Touch::Anything(_)), "{kind}");
        }
    }
}
