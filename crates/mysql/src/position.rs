//! How far a source's binary log had grown at some moment, and what has changed since.

mod events;

use std::collections::BTreeSet;

use sealift_schema::facts::Flavor;
use sealift_schema::name::{QualifiedName, literal};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::error::{ErrorClass, MysqlError};
use crate::session::{Session, TextRow};

use self::events::{Meaning, Reading};

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

/// Why a source has no position to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
enum NoPosition {
    /// It writes no binary log.
    #[error("the source writes no binary log (log_bin is OFF)")]
    LogOff,
    /// The login may not ask.
    #[error("the login lacks REPLICATION CLIENT on the source (BINLOG MONITOR on MariaDB)")]
    PrivilegeMissing,
}

/// What changed on a source between two positions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drift {
    /// Nothing.
    Unchanged,
    /// Rows of these tables, and nothing else. A table may be named whose rows are the same again, and
    /// one too many where dots in names make the log ambiguous; none is missing.
    Tables(BTreeSet<QualifiedName>),
    /// It cannot be told; the text says why. Everything may have changed.
    Unknown(String),
}

/// Events looked at before we give up: the log of a busy source is read no faster than by a replica, and
/// copying again is then the better way.
const EVENTS_MAX: usize = 100_000;
/// Events asked for at once: they come as one result.
const EVENTS_PER_PAGE: usize = 2_000;

impl Position {
    /// The same moment or an earlier one, by parts of the position that hold without a lock.
    pub(crate) fn widened(self) -> Self {
        let is_mysql = self.gtid_set.as_ref().is_some_and(|set| set.contains(':'));
        Self { offset: BEGIN, gtid_set: self.gtid_set.filter(|_| is_mysql), ..self }
    }
}

/// Where the server's binary log ends now; `None` when it keeps none, or our login may not ask.
///
/// Sound as the moment of a snapshot only while commits are held up (see [`crate::snapshot`]): a
/// transaction is in the log before others see its rows.
///
/// # Errors
///
/// When the session fails.
pub async fn current(session: &mut Session) -> Result<Option<Position>, MysqlError> {
    Ok(locate(session).await?.ok())
}

async fn locate(session: &mut Session) -> Result<Result<Position, NoPosition>, MysqlError> {
    let statement = if session.version().is_mysql_at_least(8, 2, 0) {
        "SHOW BINARY LOG STATUS"
    } else {
        "SHOW MASTER STATUS"
    };
    let row = match session.first(statement).await {
        Ok(Some(row)) => row,
        Ok(None) => return Ok(Err(NoPosition::LogOff)),
        // Without a binary log MySQL refuses with ER_NO_BINARY_LOGGING (1381).
        Err(error) if error.code() == Some(1381) => return Ok(Err(NoPosition::LogOff)),
        Err(error) if error.class() == ErrorClass::PrivilegeMissing => {
            return Ok(Err(NoPosition::PrivilegeMissing));
        }
        Err(error) => return Err(error),
    };
    Ok(Ok(Position {
        server: server(session).await?,
        file: row.text(0)?.to_owned(),
        offset: row.parse(1)?,
        gtid_set: gtid_set(session, &row).await?,
    }))
}

/// Tells what has changed on the source since a position, by reading its binary log.
///
/// A restart or a rotation of the log changes nothing. What cannot be read for certain is
/// [`Drift::Unknown`]: nothing is taken for unchanged that is not known to be. What a session writes with
/// `sql_log_bin = 0` is in no log and cannot be told. On a MySQL without GTIDs a log that was reset since is
/// recognised by its length only.
///
/// # Errors
///
/// When the connection is lost. A log that cannot be read is [`Drift::Unknown`].
pub async fn drift(session: &mut Session, since: Option<&Position>) -> Result<Drift, MysqlError> {
    let Some(since) = since else {
        return Ok(Drift::Unknown("no position of the source was known then".to_owned()));
    };
    match locate(session).await? {
        Ok(now) => between(session, since, &now).await,
        Err(why) => Ok(Drift::Unknown(why.to_string())),
    }
}

async fn between(
    session: &mut Session,
    since: &Position,
    until: &Position,
) -> Result<Drift, MysqlError> {
    if since.server != until.server {
        return Ok(Drift::Unknown(format!(
            "this is another server than before (now {}, then {})",
            until.server, since.server
        )));
    }
    if since == until {
        return Ok(Drift::Unchanged);
    }
    if let (Some(then), Some(now)) = (&since.gtid_set, &until.gtid_set) {
        if then == now {
            return Ok(Drift::Unchanged);
        }
        if !is_covered(session, then, now).await? {
            return Ok(Drift::Unknown(
                "the source's GTID set does not hold what it held before: its binary log was reset, or the \
                 source was restored"
                    .to_owned(),
            ));
        }
    }
    match walk(session, since, until).await {
        Ok(drift) => Ok(drift),
        Err(error) if matches!(error.class(), ErrorClass::Lost | ErrorClass::Unreachable) => {
            Err(error)
        }
        Err(error) if error.class() == ErrorClass::PrivilegeMissing => Ok(Drift::Unknown(format!(
            "the login may not read the binary log (it lacks REPLICATION SLAVE): {error}"
        ))),
        Err(error) => Ok(Drift::Unknown(format!("the binary log cannot be read: {error}"))),
    }
}

/// Reads the log from one position to the other.
async fn walk(
    session: &mut Session,
    since: &Position,
    until: &Position,
) -> Result<Drift, MysqlError> {
    let files = files_between(session, since, until).await?;
    let [first, ..] = files.as_slice() else {
        return Ok(Drift::Unknown(format!(
            "the source has purged the binary log {} since, or reset its log",
            since.file
        )));
    };
    if first.size < since.offset {
        return Ok(Drift::Unknown(format!("the binary log {} has become shorter", since.file)));
    }
    let mut reading = Reading::default();
    let mut left = EVENTS_MAX;
    for file in &files {
        let from = if file.name == since.file { since.offset } else { BEGIN };
        let to = if file.name == until.file { Some(until.offset) } else { None };
        if let Some(why) = walk_file(session, &file.name, from, to, &mut reading, &mut left).await?
        {
            return Ok(Drift::Unknown(why));
        }
    }
    Ok(if reading.tables.is_empty() { Drift::Unchanged } else { Drift::Tables(reading.tables) })
}

/// Every file of the log begins with four bytes of magic.
const BEGIN: u64 = 4;

/// Reads a file up to its end or an offset; returns why we cannot know, if so.
async fn walk_file(
    session: &mut Session,
    file: &str,
    mut from: u64,
    to: Option<u64>,
    reading: &mut Reading,
    left: &mut usize,
) -> Result<Option<String>, MysqlError> {
    let mut page = EVENTS_PER_PAGE;
    while to.is_none_or(|to| from < to) {
        let sql = format!("SHOW BINLOG EVENTS IN {} FROM {from} LIMIT {page}", literal(file));
        let rows = session.rows(&sql).await?;
        let mut resume = from;
        for row in &rows {
            let (begin, end) = (row.parse::<u64>(1)?, row.parse::<u64>(4)?);
            if to.is_some_and(|to| begin >= to && end > to) {
                return Ok(None);
            }
            let info = row.get(5).map(String::from_utf8_lossy).unwrap_or_default();
            if let Meaning::Unknown(why) = reading.take(row.text(2)?, &info) {
                return Ok(Some(format!("{file} at {begin}: {why}")));
            }
            // Events out of a compressed transaction begin where it ends. A page may end amid them, so the
            // next one starts with the last event that stands for itself, once more.
            if begin != end {
                resume = begin;
            }
        }
        if rows.len() < page {
            return Ok(None);
        }
        *left = left.saturating_sub(rows.len());
        if *left == 0 {
            return Ok(Some(format!("more than {EVENTS_MAX} events were written since")));
        }
        if resume == from {
            page *= 2;
        }
        from = resume;
    }
    Ok(None)
}

struct LogFile {
    name: String,
    size: u64,
}

/// The log's files from one position's to the other's; empty if the first is not there any more.
async fn files_between(
    session: &mut Session,
    since: &Position,
    until: &Position,
) -> Result<Vec<LogFile>, MysqlError> {
    let mut files = Vec::new();
    for row in session.rows("SHOW BINARY LOGS").await? {
        let file = LogFile { name: row.text(0)?.to_owned(), size: row.parse(1)? };
        if files.is_empty() && file.name != since.file {
            continue;
        }
        let is_last = file.name == until.file;
        files.push(file);
        if is_last {
            return Ok(files);
        }
    }
    Ok(Vec::new())
}

/// `server_uuid`; MariaDB has a `server_uid` in newer versions, else where it runs must do.
pub(crate) async fn server(session: &mut Session) -> Result<String, MysqlError> {
    let names = "'server_uuid', 'server_uid', 'server_id', 'hostname', 'port'";
    let sql = format!("SHOW GLOBAL VARIABLES WHERE variable_name IN ({names})");
    let mut variables = std::collections::BTreeMap::new();
    for row in session.rows(&sql).await? {
        let value = row.get(1).map(String::from_utf8_lossy).unwrap_or_default();
        variables.insert(row.text(0)?.to_lowercase(), value.into_owned());
    }
    let own = ["server_uuid", "server_uid"].iter().find_map(|name| variables.remove(*name));
    if let Some(own) = own.filter(|own| !own.is_empty()) {
        return Ok(own);
    }
    let of = |name: &str| variables.get(name).map_or("", String::as_str);
    Ok(format!("{}:{}:{}", of("hostname"), of("port"), of("server_id")))
}

/// On MySQL only while GTIDs are written for every transaction: with `gtid_mode` other than ON there are
/// transactions without one.
async fn gtid_set(session: &mut Session, status: &TextRow) -> Result<Option<String>, MysqlError> {
    let set = match session.version().flavor {
        Flavor::MySql => {
            let mode = session.first("SHOW GLOBAL VARIABLES LIKE 'gtid_mode'").await?;
            let is_on = mode.and_then(|row| row.text(1).ok().map(|mode| mode == "ON"));
            if is_on != Some(true) {
                return Ok(None);
            }
            status.named("Executed_Gtid_Set")?.map(str::to_owned)
        }
        Flavor::MariaDb => {
            let row = session.first("SELECT @@global.gtid_binlog_pos").await?;
            row.map(|row| row.text(0).map(str::to_owned)).transpose()?
        }
    };
    let set = set.map(|set| set.split_whitespace().collect::<String>());
    Ok(set.filter(|set| !set.is_empty()))
}

/// Whether everything in one GTID set is in the other.
async fn is_covered(session: &mut Session, then: &str, now: &str) -> Result<bool, MysqlError> {
    match session.version().flavor {
        Flavor::MySql => {
            let sql = format!("SELECT GTID_SUBSET({}, {})", literal(then), literal(now));
            let row = session.first(&sql).await?;
            Ok(row.map(|row| row.text(0).map(|answer| answer == "1")).transpose()? == Some(true))
        }
        Flavor::MariaDb => Ok(is_covered_by_domains(then, now)),
    }
}

/// MariaDB's position holds the last GTID (`domain-server-sequence`) of each domain.
fn is_covered_by_domains(then: &str, now: &str) -> bool {
    let last = |gtid: &str| {
        let mut parts = gtid.split('-');
        let domain = parts.next()?.to_owned();
        let sequence = parts.nth(1)?.parse::<u64>().ok()?;
        Some((domain, sequence))
    };
    then.split(',').all(|gtid| {
        let Some((domain, sequence)) = last(gtid) else { return false };
        now.split(',')
            .filter_map(last)
            .any(|(other, reached)| other == domain && reached >= sequence)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mariadb_position_covers_an_earlier_one_of_all_its_domains() {
        assert!(is_covered_by_domains("0-1-10", "0-2-10"));
        assert!(is_covered_by_domains("0-1-10,7-1-3", "7-1-4,0-1-11,9-1-1"));
        assert!(!is_covered_by_domains("0-1-10", "0-1-9"));
        assert!(!is_covered_by_domains("0-1-10,7-1-3", "0-1-10"));
        assert!(!is_covered_by_domains("garbage", "garbage"));
    }
}
