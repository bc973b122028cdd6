//! How far the side is that changes are carried to, asked of its own ledger: what a comparison of moving sides needs
//! to know.
//!
//! The ledger is that side's word, so that it does not matter which process applies the changes.

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sealift_mysql::binlog::LogPosition;
use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::error::{ErrorClass, MysqlError};
use sealift_mysql::session::Session;
use tokio::sync::Mutex;

use super::Migration;
use super::verify::Followed;
use crate::apply::{AppliedLedger, Standing};
use crate::clock::Clock;
use crate::cutover::{FenceRow, RowState};
use crate::fault::{ErrorCode, Fault, OnServer};
use crate::stage::opposite;
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
    live: Endpoint,
    other: Endpoint,
    ledger: AppliedLedger,
    fence: FenceRow,
    clock: Clock,
    asked: Mutex<Asked>,
}

#[derive(Default)]
struct Asked {
    session: Option<Session>,
    /// On the live side.
    watching: Option<Session>,
    /// A position that was waited for in vain, and why.
    stuck: Option<(LogPosition, &'static str)>,
}

impl fmt::Debug for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Level").field("ledger", &self.ledger).finish_non_exhaustive()
    }
}

impl Level {
    pub(super) fn new(migration: &Migration, followed: &Followed) -> Self {
        let Followed { name, live, .. } = followed;
        Self {
            live: migration.endpoint(*live).clone(),
            other: migration.endpoint(opposite(*live)).clone(),
            ledger: AppliedLedger::of(followed.ledger()),
            fence: FenceRow::of(name.as_str()),
            clock: migration.clock.clone(),
            asked: Mutex::default(),
        }
    }

    /// Where the lanes stand, and whether somebody applies changes.
    async fn ask(&self, asked: &mut Asked) -> Result<(Standing, bool), Fault> {
        let mut attempt = 1;
        loop {
            let mut session = match asked.session.take() {
                Some(session) => session,
                None => Session::connect(&self.other).await.on(self.other.side, "connect")?,
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
                        let what =
                            format!("the {}'s ledger of applied changes is gone", self.other.side);
                        Fault::new(ErrorCode::LedgerMismatch, what).on(self.other.side)
                    })?;
                    return Ok((standing, is_at_work));
                }
                Err(error) if error.class() == ErrorClass::Lost && attempt < ATTEMPTS_MAX => {
                    attempt += 1;
                }
                Err(error) => {
                    let doing = "read the ledger of applied changes";
                    return Err(Fault::server(self.other.side, doing, error));
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
            let oldest = standing.oldest().cloned().ok_or_else(|| self.incomparable())?;
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
                "changes are not applied: no sealift run is at work"
            } else if now.saturating_sub(moved_at) >= STALLED_AFTER {
                "changes are not applied: the run is paused or held up"
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

impl Level {
    /// Asks the row by which a side is left.
    async fn watch(&self) -> Result<(), Fault> {
        let side = self.live.side;
        let mut asked = self.asked.lock().await;
        let mut attempt = 1;
        let standing = loop {
            let mut session = match asked.watching.take() {
                Some(session) => session,
                None => Session::connect(&self.live).await.on(side, "connect")?,
            };
            match self.fence.read(&mut session).await {
                Ok(standing) => {
                    asked.watching = Some(session);
                    break standing;
                }
                Err(error) if error.class() == ErrorClass::Lost && attempt < ATTEMPTS_MAX => {
                    attempt += 1;
                }
                Err(error) => return Err(Fault::server(side, "see whether it is live", error)),
            }
        };
        if standing.is_some_and(|standing| standing.state == RowState::Left) {
            let what = format!("the {side} is not live any more: compare again");
            return Err(Fault::new(ErrorCode::Interrupted, what).on(side).advise(
                "run sealift verify again when sealift status shows no turn under way: it goes on \
                 where it stopped",
            ));
        }
        Ok(())
    }

    fn incomparable(&self) -> Fault {
        let side = self.other.side;
        let what = format!("the positions in the {side}'s ledger are not of one log");
        Fault::new(ErrorCode::LedgerMismatch, what).on(side)
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
            standing.newest().cloned().ok_or_else(|| self.incomparable())
        })
    }

    fn is_live(&self) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(self.watch())
    }
}
