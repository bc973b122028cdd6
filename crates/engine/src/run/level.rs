//! How far the target is, asked of its own ledger: what a comparison of moving sides needs to know.
//!
//! The ledger is the target's word, so that it does not matter which process applies the changes.

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sealift_mysql::binlog::LogPosition;
use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::error::{ErrorClass, MysqlError};
use sealift_mysql::session::Session;
use sealift_schema::facts::Side;
use tokio::sync::Mutex;

use crate::apply::{AppliedLedger, Standing};
use crate::clock::Clock;
use crate::fault::{ErrorCode, Fault, OnServer};
use crate::target::pause::pause_between_looks;
use crate::verify::{Applied, Reached};

/// For so long nobody may hold the lanes before we believe that no run is at work: one that lost its connection
/// is back by then.
const NOBODY_AFTER: Duration = Duration::from_secs(6);

/// For so long the position may stand still before we no longer wait for it. A large transaction takes long.
const STALLED_AFTER: Duration = Duration::from_secs(120);

/// How often a question is asked again over a new connection.
const ATTEMPTS_MAX: u32 = 3;

/// The ledger of applied changes, asked again and again.
pub(super) struct Level {
    target: Endpoint,
    ledger: AppliedLedger,
    clock: Clock,
    asked: Mutex<Asked>,
}

#[derive(Default)]
struct Asked {
    session: Option<Session>,
    /// A position that was waited for in vain, and why.
    stuck: Option<(LogPosition, &'static str)>,
}

impl fmt::Debug for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Level").field("ledger", &self.ledger).finish_non_exhaustive()
    }
}

impl Level {
    pub(super) fn new(target: Endpoint, ledger_name: &str, clock: Clock) -> Self {
        Self { target, ledger: AppliedLedger::of(ledger_name), clock, asked: Mutex::default() }
    }

    /// Where the lanes stand, and whether somebody applies changes.
    async fn ask(&self, asked: &mut Asked) -> Result<(Standing, bool), Fault> {
        let mut attempt = 1;
        loop {
            let mut session = match asked.session.take() {
                Some(session) => session,
                None => Session::connect(&self.target).await.on(Side::Target, "connect")?,
            };
            let answer: Result<_, MysqlError> = async {
                let standing = self.ledger.read(&mut session).await?;
                Ok((standing, self.ledger.is_at_work(&mut session).await?))
            }
            .await;
            match answer {
                Ok((standing, is_at_work)) => {
                    asked.session = Some(session);
                    let standing = standing.ok_or_else(|| {
                        let what = "the target's ledger of applied changes is gone";
                        Fault::new(ErrorCode::LedgerMismatch, what).on(Side::Target)
                    })?;
                    return Ok((standing, is_at_work));
                }
                Err(error) if error.class() == ErrorClass::Lost && attempt < ATTEMPTS_MAX => {
                    attempt += 1;
                }
                Err(error) => {
                    let doing = "read the ledger of applied changes";
                    return Err(Fault::server(Side::Target, doing, error));
                }
            }
        }
    }

    async fn wait_for(&self, horizon: &LogPosition) -> Result<Reached, Fault> {
        let begun = self.clock.elapsed();
        let (mut moved_at, mut seen_at) = (begun, begun);
        let mut last: Option<LogPosition> = None;
        let mut looks = 0;
        loop {
            let mut asked = self.asked.lock().await;
            let (standing, is_at_work) = self.ask(&mut asked).await?;
            let oldest = standing.oldest().cloned().ok_or_else(incomparable)?;
            if oldest.covers(horizon) {
                return Ok(Reached::Yes);
            }
            if let Some((_, why)) = asked.stuck.as_ref().filter(|(stuck, _)| *stuck == oldest) {
                return Ok(Reached::No(why));
            }
            let now = self.clock.elapsed();
            if is_at_work {
                seen_at = now;
            }
            if last.as_ref() != Some(&oldest) {
                moved_at = now;
                last = Some(oldest.clone());
            }
            let why = if now.saturating_sub(seen_at) >= NOBODY_AFTER {
                "changes of the source are not applied: no sealift run is at work"
            } else if now.saturating_sub(moved_at) >= STALLED_AFTER {
                "changes of the source are not applied: the run is paused or held up"
            } else {
                drop(asked);
                looks += 1;
                pause_between_looks(looks).await;
                continue;
            };
            asked.stuck = Some((oldest, why));
            return Ok(Reached::No(why));
        }
    }
}

impl Applied for Level {
    fn reach<'a>(&'a self, horizon: &'a LogPosition) -> BoxFuture<'a, Result<Reached, Fault>> {
        Box::pin(self.wait_for(horizon))
    }

    fn newest(&self) -> BoxFuture<'_, Result<LogPosition, Fault>> {
        Box::pin(async move {
            let mut asked = self.asked.lock().await;
            let (standing, _) = self.ask(&mut asked).await?;
            standing.newest().cloned().ok_or_else(incomparable)
        })
    }
}

fn incomparable() -> Fault {
    let what = "the positions in the target's ledger are not of one log";
    Fault::new(ErrorCode::LedgerMismatch, what).on(Side::Target)
}
