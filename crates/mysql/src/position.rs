//! How far a source's binary log had grown at some moment, and what has changed since.

mod events;

use std::collections::BTreeSet;

use sealift_schema::facts::Flavor;
use sealift_schema::name::{QualifiedName, literal};
use thiserror::Error;

use crate::binlog::{GtidSet, LogPosition, UnreadableGtid};
use crate::error::{ErrorClass, MysqlError};
use crate::session::{Session, TextRow};

use self::events::{Meaning, Reading};

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

/// The same moment or an earlier one, by parts of the position that hold without a lock.
pub(crate) fn widened(position: LogPosition) -> LogPosition {
    let gtids = position.gtids.filter(GtidSet::is_mysql);
    LogPosition { offset: BEGIN, gtids, ..position }
}

/// Where the server's binary log ends now; `None` when it keeps none, or our login may not ask.
///
/// Sound as the moment of a snapshot only while commits are held up (see [`crate::snapshot`]): a
/// transaction is in the log before others see its rows.
///
/// # Errors
///
/// When the session fails.
pub async fn current(session: &mut Session) -> Result<Option<LogPosition>, MysqlError> {
    Ok(locate(session).await?.ok())
}

async fn locate(session: &mut Session) -> Result<Result<LogPosition, NoPosition>, MysqlError> {
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
    Ok(Ok(LogPosition {
        server: server(session).await?,
        file: row.text(0)?.to_owned(),
        offset: row.parse(1)?,
        gtids: gtids(session, &row).await?,
        since: None,
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
pub async fn drift(
    session: &mut Session,
    since: Option<&LogPosition>,
) -> Result<Drift, MysqlError> {
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
    since: &LogPosition,
    until: &LogPosition,
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
    if let (Some(then), Some(now)) = (&since.gtids, &until.gtids) {
        if then == now {
            return Ok(Drift::Unchanged);
        }
        if !then.is_subset(now) {
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
    since: &LogPosition,
    until: &LogPosition,
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
    since: &LogPosition,
    until: &LogPosition,
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
/// transactions without one. On MariaDB only once one was written: an empty position says nothing.
async fn gtids(session: &mut Session, status: &TextRow) -> Result<Option<GtidSet>, MysqlError> {
    match session.version().flavor {
        Flavor::MySql => {
            let mode = session.first("SHOW GLOBAL VARIABLES LIKE 'gtid_mode'").await?;
            let is_on = mode.and_then(|row| row.text(1).ok().map(|mode| mode == "ON"));
            if is_on != Some(true) {
                return Ok(None);
            }
            status.named("Executed_Gtid_Set")?.map(read_gtids).transpose()
        }
        Flavor::MariaDb => {
            let row = session.first("SELECT @@global.gtid_binlog_pos").await?;
            let set = row.map(|row| read_gtids(row.text(0)?)).transpose()?;
            Ok(set.filter(|set| !set.is_empty()))
        }
    }
}

/// Reads a GTID set that a server printed.
pub(crate) fn read_gtids(text: &str) -> Result<GtidSet, MysqlError> {
    text.parse().map_err(|unreadable: UnreadableGtid| MysqlError::Result(unreadable.to_string()))
}
