//! A run that goes on by itself when a server that was away comes back.
//!
//! Every run survives its end at any instant, so going on is nothing but beginning again in the same process:
//! what was done is found in journal and ledgers, and nothing is skipped. This is for what the stages do not
//! wait out themselves.

use std::collections::VecDeque;
use std::time::Duration;

use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::error::{ErrorClass, MysqlError};
use sealift_mysql::session::Session;
use sealift_schema::facts::Side;

use super::{Migration, apply};
use crate::fault::{ErrorCode, Fault, OnServer};
use crate::journal::Journal;
use crate::report::{Conclusion, Report};
use crate::target::pause::pause;

/// How long a server may be away: restarts and failovers take minutes, and after an hour somebody should know.
const AWAY_MAX: Duration = Duration::from_secs(3_600);

/// How often a run goes on within [`AWAY_MAX`]: what breaks more often than that is not a restart.
const RETURNS_MAX: usize = 20;

/// Runs something again and again until it ends by itself, fails for a reason that waiting does not mend, or a
/// server is away for too long. Only a run that was journaled as begun is gone on with: what fails before is told
/// at once.
pub(super) async fn persist(
    migration: &Migration,
    journal: &dyn Journal,
    report: &mut Report,
    mut attempt: impl AsyncFnMut(&mut Report) -> Result<Conclusion, Fault>,
) -> Result<Conclusion, Fault> {
    let blank = report.clone();
    let mut returns = Returns::at_most(RETURNS_MAX);
    let mut runs = runs_begun(journal)?;
    loop {
        let fault = match attempt(report).await {
            Ok(conclusion) => return Ok(conclusion),
            Err(fault) => fault,
        };
        let begun = runs_begun(journal)?;
        let now = migration.clock.elapsed();
        if begun == runs || !may_pass(&fault) || !returns.allow(now) {
            return Err(fault);
        }
        runs = begun;
        tracing::warn!(%fault, "waiting for both servers to go on");
        report.happened(&migration.clock, format!("waited for the servers: {fault}"));
        wait(migration, fault, &mut returns).await?;
        report.happened(&migration.clock, "both servers answered again: went on");
        let Report { timeline, notes, tables, .. } = std::mem::replace(report, blank.clone());
        (report.timeline, report.notes, report.tables) = (timeline, notes, tables);
    }
}

/// Waits until both servers let us log in.
async fn wait(migration: &Migration, fault: Fault, returns: &mut Returns) -> Result<(), Fault> {
    let since = migration.clock.elapsed();
    let mut last = fault;
    let mut failures = returns.count();
    loop {
        let whom = last.side.map_or("both servers".to_owned(), |side| format!("the {side}"));
        migration.progress.enter(&format!("waiting for {whom}"));
        migration.progress.doing(last.to_string());
        tokio::select! {
            () = pause(failures) => {}
            () = migration.stop.wait() => migration.stop.check()?,
        }
        let Err(fault) = answer(migration).await else { return Ok(()) };
        let away = migration.clock.elapsed().saturating_sub(since);
        if !may_pass(&fault) || away > AWAY_MAX {
            return Err(fault);
        }
        tracing::debug!(%fault, "still waiting");
        last = fault;
        failures += 1;
    }
}

/// Whether both servers let us log in.
async fn answer(migration: &Migration) -> Result<(), Fault> {
    for (side, endpoint) in [(Side::Source, &migration.source), (Side::Target, &migration.target)] {
        knock(endpoint).await.on(side, "connect")?;
    }
    Ok(())
}

async fn knock(endpoint: &Endpoint) -> Result<(), MysqlError> {
    Session::connect(endpoint).await?.close().await;
    Ok(())
}

/// Whether a fault may be that of a server which is away, starts or stops.
fn may_pass(fault: &Fault) -> bool {
    let class = fault.cause.as_ref().and_then(|cause| cause.downcast_ref::<MysqlError>());
    let by_class = class.is_some_and(|error| {
        matches!(
            error.class(),
            ErrorClass::Transient | ErrorClass::Interrupted | ErrorClass::Unreachable
        )
    });
    let by_code = matches!(
        fault.code,
        ErrorCode::Unreachable
            | ErrorCode::ConnectionLost
            | ErrorCode::TooManyConnections
            | ErrorCode::TargetReadOnly
    );
    by_class || by_code
}

/// How many runs the journal knows of.
fn runs_begun(journal: &dyn Journal) -> Result<u32, Fault> {
    Ok(apply::stage(journal)?.memory().map_or(0, |memory| memory.runs))
}

/// When the run had to begin again, within the last hour.
#[derive(Debug)]
pub(super) struct Returns {
    at: VecDeque<Duration>,
    most: usize,
}

impl Returns {
    /// It has not yet; more often than this within an hour it may not.
    pub(super) fn at_most(most: usize) -> Self {
        Self { at: VecDeque::new(), most }
    }

    /// Whether it may begin once more.
    pub(super) fn allow(&mut self, now: Duration) -> bool {
        while self.at.pop_front_if(|at| now.saturating_sub(*at) > AWAY_MAX).is_some() {}
        if self.at.len() == self.most {
            return false;
        }
        self.at.push_back(now);
        true
    }

    fn count(&self) -> u32 {
        u32::try_from(self.at.len()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn what_breaks_again_and_again_is_given_up_and_what_breaks_now_and_then_is_not() {
        let mut returns = Returns::at_most(RETURNS_MAX);
        let minute = Duration::from_secs(60);
        for time in 0..100 {
            assert!(returns.allow(minute * 10 * time), "every ten minutes for a day");
        }
        let mut returns = Returns::at_most(RETURNS_MAX);
        let allowed = (0..100).take_while(|time| returns.allow(minute * *time / 2)).count();
        assert_eq!(allowed, RETURNS_MAX);
    }

    #[test]
    fn only_what_a_restart_explains_is_waited_for() {
        let server = |code: u16, message: &str| MysqlError::Server {
            code,
            state: "HY000".into(),
            message: message.into(),
        };
        let lost = MysqlError::Lost {
            doing: "waiting for an answer",
            cause: io::Error::from(io::ErrorKind::ConnectionReset),
        };
        for (error, passes) in [
            (lost, true),
            (server(1053, "Server shutdown in progress"), true),
            (server(1040, "Too many connections"), true),
            (server(1290, "running with the --read-only option"), true),
            (server(1317, "Query execution was interrupted"), true),
            (server(1205, "Lock wait timeout exceeded"), true),
            (server(1045, "Access denied"), false),
            (server(1114, "The table 't' is full"), false),
            (server(1064, "You have an error in your SQL syntax"), false),
        ] {
            let said = error.to_string();
            assert_eq!(may_pass(&Fault::server(Side::Target, "x", error)), passes, "{said}");
        }
        assert!(!may_pass(&Fault::new(ErrorCode::LogPurged, "x")));
        assert!(!may_pass(&Fault::new(ErrorCode::Interrupted, "x")));
    }
}
