//! Up to where a read is certain to see what the log tells.
//!
//! A transaction reaches the log, and whoever reads it, before the engine has committed it and others see its rows;
//! a semi-synchronous source stretches the gap to seconds. So the log's end says nothing about what a read will see.
//! What does: on MySQL `gtid_executed`, which is updated after the engine's commit (before 5.7: less `gtid_owned`), or
//! `performance_schema.log_status`, which waits for commits under way; on MariaDB a consistent snapshot, which knows
//! its own place in the log.

use sealift_schema::facts::Flavor;
use sealift_schema::name::literal;
use thiserror::Error;

use super::gtid::{Gtid, UnreadableGtid};
use super::gtid_set::GtidSet;
use super::place::LogPosition;
use crate::error::{ErrorClass, MysqlError};
use crate::position;
use crate::session::Session;

/// Tells for one session which transactions its next reads are certain to see.
#[derive(Clone, Debug)]
pub struct Visible {
    way: Way,
    server: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    ExecutedGtids,
    /// MySQL 5.6 counts a transaction among the executed when it is in the log, and lets it have its GTID until the
    /// engine has committed it.
    ExecutedGtidsNobodyOwns,
    LogStatus,
    Snapshot,
}

/// Why a visible position cannot be had.
#[derive(Debug, Error)]
pub enum VisibleError {
    /// The server has no way to tell it to our login.
    #[error("the source cannot tell which changes a read sees: {why}; {remedy}")]
    NoWay {
        /// What is missing.
        why: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// A statement failed.
    #[error("ask for the visible position: {0}")]
    Server(#[from] MysqlError),
}

const LOG_STATUS: &str = "SELECT local->>'$.binary_log_file', local->>'$.binary_log_position' \
    FROM performance_schema.log_status";
/// `ER_NO_SUCH_TABLE`: the first ones of 8.0.
const NO_SUCH_TABLE: u16 = 1146;

impl Visible {
    /// Finds the way for a session, and prepares it. The answer holds for this session only.
    ///
    /// # Errors
    /// If there is no way, or the session fails.
    pub async fn of(session: &mut Session) -> Result<Self, VisibleError> {
        let way = match session.version().flavor {
            Flavor::MySql => mysql_way(session).await?,
            Flavor::MariaDb => {
                // Any other level takes no snapshot.
                session.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ").await?;
                Way::Snapshot
            }
        };
        Ok(Self { way, server: position::server(session).await? })
    }

    /// Obtains a position all of whose transactions are seen by whatever the session reads until
    /// [`Visible::finish`]. On MariaDB a transaction begins, and exactly these are seen.
    ///
    /// # Errors
    /// If the session fails.
    pub async fn begin(&self, session: &mut Session) -> Result<LogPosition, VisibleError> {
        let server = self.server.clone();
        match self.way {
            Way::ExecutedGtids => {
                let gtids = executed(session).await?;
                Ok(LogPosition { gtids: Some(gtids), ..nowhere(server) })
            }
            Way::ExecutedGtidsNobodyOwns => {
                // In this order: what is executed and owned by nobody a moment later is committed by then.
                let mut gtids = executed(session).await?;
                for gtid in owned(session).await? {
                    gtids.remove(&gtid);
                }
                Ok(LogPosition { gtids: Some(gtids), ..nowhere(server) })
            }
            Way::LogStatus => {
                let row = session.first(LOG_STATUS).await?;
                let row = row.ok_or_else(|| MysqlError::Result("no log status".to_owned()))?;
                let (file, offset) = (row.text(0)?.to_owned(), row.parse(1)?);
                Ok(LogPosition { server, file, offset, gtids: None, since: None })
            }
            Way::Snapshot => {
                session.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY").await?;
                let (file, offset) = snapshot_place(session).await?;
                Ok(LogPosition { server, file, offset, gtids: None, since: None })
            }
        }
    }

    /// The session has read what it wanted to read.
    ///
    /// # Errors
    /// If the session fails.
    pub async fn finish(&self, session: &mut Session) -> Result<(), VisibleError> {
        if self.way == Way::Snapshot {
            session.execute("COMMIT").await?;
        }
        Ok(())
    }

    /// A visible position to follow the log from: on MariaDB with its GTIDs, so that another server that has them
    /// will do.
    ///
    /// # Errors
    /// If the session fails.
    pub async fn start(&self, session: &mut Session) -> Result<LogPosition, VisibleError> {
        let mut position = self.begin(session).await?;
        self.finish(session).await?;
        if self.way == Way::Snapshot {
            let file = literal(&position.file);
            let sql = format!("SELECT BINLOG_GTID_POS({file}, {})", position.offset);
            let row = session.first(&sql).await?;
            if let Some(text) = row.as_ref().map(|row| row.optional_text(0)).transpose()?.flatten()
            {
                let gtids = position::read_gtids(text)?;
                position.gtids = (!gtids.is_empty()).then_some(gtids);
            }
        }
        Ok(position)
    }
}

async fn mysql_way(session: &mut Session) -> Result<Way, VisibleError> {
    let mode = session.first("SHOW GLOBAL VARIABLES LIKE 'gtid_mode'").await?;
    if mode.is_some_and(|row| row.text(1).is_ok_and(|mode| mode == "ON")) {
        let is_new = session.version().is_mysql_at_least(5, 7, 0);
        return Ok(if is_new { Way::ExecutedGtids } else { Way::ExecutedGtidsNobodyOwns });
    }
    let too_old = || VisibleError::NoWay {
        why: "it has no GTIDs, and it is older than MySQL 8.0",
        remedy: "set gtid_mode = ON, or migrate with mode = \"offline\"",
    };
    // Older ones do not even read the question.
    if !session.version().is_mysql_at_least(8, 0, 0) {
        return Err(too_old());
    }
    match session.first(LOG_STATUS).await {
        Ok(_) => Ok(Way::LogStatus),
        Err(error) if error.code() == Some(NO_SUCH_TABLE) => Err(too_old()),
        Err(error)
            if matches!(error.class(), ErrorClass::PrivilegeMissing | ErrorClass::AccessDenied) =>
        {
            Err(VisibleError::NoWay {
                why: "it has no GTIDs, and the login may not read performance_schema.log_status",
                remedy: "grant BACKUP_ADMIN on *.* and SELECT on performance_schema.log_status, or set \
                         gtid_mode = ON",
            })
        }
        Err(error) => Err(error.into()),
    }
}

/// A position by GTIDs alone, once it has some.
fn nowhere(server: String) -> LogPosition {
    LogPosition { server, file: String::new(), offset: 0, gtids: None, since: None }
}

async fn executed(session: &mut Session) -> Result<GtidSet, MysqlError> {
    let row = session.first("SELECT @@GLOBAL.gtid_executed").await?;
    position::read_gtids(row.as_ref().map_or(Ok(""), |row| row.text(0))?)
}

/// The GTIDs of transactions under way.
async fn owned(session: &mut Session) -> Result<Vec<Gtid>, MysqlError> {
    let row = session.first("SELECT @@GLOBAL.gtid_owned").await?;
    read_owned(row.as_ref().map_or(Ok(""), |row| row.text(0))?)
}

/// Reads `uuid:number#session:number#session,…`
/// (<https://dev.mysql.com/doc/refman/5.6/en/replication-options-gtids.html#sysvar_gtid_owned>).
fn read_owned(text: &str) -> Result<Vec<Gtid>, MysqlError> {
    let mut gtids = Vec::new();
    for part in text.split([',', '\n']).map(str::trim).filter(|part| !part.is_empty()) {
        let (uuid, owned) = part.split_once(':').unwrap_or((part, ""));
        for one in owned.split(':') {
            let number = one.split('#').next().unwrap_or(one);
            let gtid = format!("{uuid}:{number}").parse();
            gtids
                .push(gtid.map_err(|error: UnreadableGtid| MysqlError::Result(error.to_string()))?);
        }
    }
    Ok(gtids)
}

/// The place in the log of the snapshot that the session has open
/// (<https://mariadb.com/kb/en/enhancements-for-start-transaction-with-consistent-snapshot/>).
async fn snapshot_place(session: &mut Session) -> Result<(String, u64), MysqlError> {
    let (mut file, mut offset) = (String::new(), None);
    for row in session.rows("SHOW STATUS LIKE 'binlog_snapshot_%'").await? {
        match row.text(0)?.to_ascii_lowercase().as_str() {
            "binlog_snapshot_file" => row.text(1)?.clone_into(&mut file),
            "binlog_snapshot_position" => offset = Some(row.parse(1)?),
            _another => {}
        }
    }
    match offset {
        Some(offset) if !file.is_empty() => Ok((file, offset)),
        Some(_) | None => {
            Err(MysqlError::Result("the snapshot has no place in the log".to_owned()))
        }
    }
}

/// Where the log ends now, by file and offset alone: further than any read sees. `None` when the server keeps no
/// log, or our login may not ask.
///
/// # Errors
/// If the session fails.
pub async fn log_end(session: &mut Session) -> Result<Option<LogPosition>, MysqlError> {
    let current = position::current(session).await?;
    Ok(current.map(|position| LogPosition { gtids: None, ..position }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owned_gtids_are_read_with_and_without_their_sessions() {
        const ONE: &str = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
        const OTHER: &str = "3e11fa47-71ca-11e1-9e33-c80aa9429563";
        let read = |text: &str| {
            read_owned(text).map(|gtids| gtids.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        assert_eq!(read("").unwrap(), Vec::<String>::new());
        assert_eq!(
            read(&format!("{ONE}:21#5:22#7#8,\n{OTHER}:3#5")).unwrap(),
            [format!("{ONE}:21"), format!("{ONE}:22"), format!("{OTHER}:3")]
        );
        assert!(read("nonsense").is_err());
    }
}
