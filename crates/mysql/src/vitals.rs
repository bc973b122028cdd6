//! How a source fares from second to second: the end of its log, what it keeps of it, how busy it is; and how busy a
//! target is.

use std::time::Duration;

use sealift_schema::facts::Flavor;

use crate::binlog::LogPosition;
use crate::endpoint::Endpoint;
use crate::error::{ErrorClass, MysqlError};
use crate::pins::{self, DEFINITIONS};
use crate::position;
use crate::session::Session;

/// The list of log files and the time they are kept change slowly: they are asked for with every so many
/// looks, and when the log goes on in another file.
const LOOKS_PER_LIST: u32 = 10;

/// How a source fares at one moment; what the login may not see is absent or empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vitals {
    /// Microseconds since 1970 by the source's own clock, asked for before the end of the log.
    pub at_micros: u64,
    /// Where its binary log ends.
    pub log_end: Option<LogPosition>,
    /// The files of its binary log, oldest first.
    pub log_files: Vec<LogFile>,
    /// How long it keeps a file at least; `None` when nothing expires, or it is not known.
    pub log_kept: Option<Duration>,
    /// Statements it runs at the moment, ours included.
    pub threads_running: Option<u64>,
    /// How far it is behind its own source, if it is a replica that runs.
    pub replica_lag: Option<Duration>,
}

/// A file of a binary log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFile {
    /// Its name.
    pub name: String,
    /// Its length in bytes; that of the last one grows.
    pub size: u64,
}

/// A session that asks a source again and again.
pub struct Watcher {
    session: Session,
    looks: u32,
    /// What changes slowly, as it was last asked for.
    last: Vitals,
    may_see_files: bool,
    may_see_replica: bool,
}

impl Watcher {
    /// Logs in.
    ///
    /// # Errors
    /// When the source cannot be reached or refuses the login.
    pub async fn open(source: &Endpoint) -> Result<Self, MysqlError> {
        let session = pins::open(source, DEFINITIONS).await?;
        let last = Vitals::default();
        Ok(Self { session, looks: 0, last, may_see_files: true, may_see_replica: true })
    }

    /// Asks how the source fares now.
    ///
    /// # Errors
    /// When the connection is lost, or an answer cannot be understood: open another watcher then.
    pub async fn look(&mut self) -> Result<Vitals, MysqlError> {
        let session = &mut self.session;
        let clock = session.first("SELECT CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS UNSIGNED)");
        let at_micros = clock.await?.map(|row| row.parse(0)).transpose()?.unwrap_or_default();
        let log_end = position::current(session).await?;
        let threads_running = threads_running(session).await?;
        let file = |end: &Option<LogPosition>| end.as_ref().map(|end| end.file.clone());
        let is_listed = self.looks > 0 && file(&log_end) == file(&self.last.log_end);
        let (log_files, log_kept) = if is_listed {
            (std::mem::take(&mut self.last.log_files), self.last.log_kept)
        } else {
            (self.log_files().await?, self.log_kept().await?)
        };
        self.looks = (self.looks + 1) % LOOKS_PER_LIST;
        let replica_lag = self.replica_lag().await?;
        let vitals =
            Vitals { at_micros, log_end, log_files, log_kept, threads_running, replica_lag };
        self.last = vitals.clone();
        Ok(vitals)
    }

    /// Says goodbye.
    pub async fn close(self) {
        self.session.close().await;
    }

    async fn log_files(&mut self) -> Result<Vec<LogFile>, MysqlError> {
        if !self.may_see_files {
            return Ok(Vec::new());
        }
        let rows = match self.session.rows("SHOW BINARY LOGS").await {
            Ok(rows) => rows,
            Err(error) if is_answer(&error) => {
                self.may_see_files = false;
                return Ok(Vec::new());
            }
            Err(error) => return Err(error),
        };
        rows.iter()
            .map(|row| Ok(LogFile { name: row.text(0)?.to_owned(), size: row.parse(1)? }))
            .collect()
    }

    /// `binlog_expire_logs_seconds`, else `expire_logs_days` (older servers; a fraction on MariaDB).
    async fn log_kept(&mut self) -> Result<Option<Duration>, MysqlError> {
        let sql = "SHOW GLOBAL VARIABLES WHERE variable_name IN \
                   ('binlog_expire_logs_seconds', 'expire_logs_days', 'binlog_expire_logs_auto_purge')";
        let mut variables = Vec::new();
        for row in self.session.rows(sql).await? {
            variables.push((row.text(0)?.to_lowercase(), row.text(1)?.to_owned()));
        }
        Ok(kept(&variables))
    }

    async fn replica_lag(&mut self) -> Result<Option<Duration>, MysqlError> {
        if !self.may_see_replica {
            return Ok(None);
        }
        let version = self.session.version();
        let (statement, column) = match version.flavor {
            Flavor::MySql if version.is_mysql_at_least(8, 0, 22) => {
                ("SHOW REPLICA STATUS", "Seconds_Behind_Source")
            }
            Flavor::MySql => ("SHOW SLAVE STATUS", "Seconds_Behind_Master"),
            Flavor::MariaDb => ("SHOW ALL SLAVES STATUS", "Seconds_Behind_Master"),
        };
        let rows = match self.session.rows(statement).await {
            Ok(rows) => rows,
            Err(error) if is_answer(&error) => {
                self.may_see_replica = false;
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let mut most: Option<u64> = None;
        for row in &rows {
            most = most.max(row.named(column)?.and_then(|seconds| seconds.parse().ok()));
        }
        Ok(most.map(Duration::from_secs))
    }
}

/// A session that asks a target again and again how busy it is.
pub struct Pulse {
    session: Session,
}

impl Pulse {
    /// Logs in.
    ///
    /// # Errors
    /// When the target cannot be reached or refuses the login.
    pub async fn open(target: &Endpoint) -> Result<Self, MysqlError> {
        Ok(Self { session: pins::open(target, DEFINITIONS).await? })
    }

    /// Statements it runs at the moment, ours included.
    ///
    /// # Errors
    /// When the connection is lost, or the answer cannot be understood: open another one then.
    pub async fn threads_running(&mut self) -> Result<Option<u64>, MysqlError> {
        threads_running(&mut self.session).await
    }

    /// Says goodbye.
    pub async fn close(self) {
        self.session.close().await;
    }
}

async fn threads_running(session: &mut Session) -> Result<Option<u64>, MysqlError> {
    let running = session.first("SHOW GLOBAL STATUS LIKE 'Threads_running'").await?;
    running.map(|row| row.parse(1)).transpose()
}

/// Whether the server answered, only not with what was asked for.
fn is_answer(error: &MysqlError) -> bool {
    error.code().is_some() && !matches!(error.class(), ErrorClass::Lost | ErrorClass::Unreachable)
}

fn kept(variables: &[(String, String)]) -> Option<Duration> {
    let of = |name: &str| {
        let found = variables.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    };
    if of("binlog_expire_logs_auto_purge").is_some_and(|value| value != "ON" && value != "1") {
        return None;
    }
    let seconds = of("binlog_expire_logs_seconds").and_then(|value| value.parse().ok());
    let days: Option<f64> = of("expire_logs_days").and_then(|value| value.parse().ok());
    let seconds = seconds.map(Duration::from_secs);
    let days = days.and_then(|days| Duration::try_from_secs_f64(days * 86_400.0).ok());
    seconds.filter(|time| !time.is_zero()).or(days).filter(|time| !time.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_logs_are_kept_is_said_in_several_ways() {
        let seconds = "binlog_expire_logs_seconds";
        let days = "expire_logs_days";
        let purge = "binlog_expire_logs_auto_purge";
        for (variables, expected) in [
            (&[(seconds, "2592000")][..], Some(2_592_000)),
            (&[(seconds, "0"), (days, "0")], None),
            (&[(seconds, "0"), (days, "7")], Some(604_800)),
            (&[(days, "0.500000")], Some(43_200)),
            (&[(days, "-1")], None),
            (&[(seconds, "3600"), (purge, "OFF")], None),
            (&[(seconds, "3600"), (purge, "ON")], Some(3_600)),
            (&[], None),
        ] {
            let owned: Vec<(String, String)> = variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            assert_eq!(kept(&owned), expected.map(Duration::from_secs), "{variables:?}");
        }
    }
}
