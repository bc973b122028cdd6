//! The one statement that decides which side is live.

use std::time::Duration;

use sealift_mysql::binlog::LogPosition;
use sealift_mysql::error::ErrorClass;
use sealift_schema::facts::Side;
use tokio::sync::watch;
use tokio::time::timeout;

use super::confirm::Confirmed;
use super::fence::Fenced;
use super::kind::FenceKind;
use super::row::{FenceRow, RowState};
use super::session;
use crate::fault::{ErrorCode, Fault, OnServer};
use crate::log_end;
use crate::target::pause::pause;

/// How long the last changes may take once the side is left: there are none, unless an account wrote that no
/// fence keeps out.
const LAST_CHANGES: Duration = Duration::from_secs(10);

/// How long the log's end may take to be reached once more, right before the switch.
const LAST_LOOK: Duration = Duration::from_secs(3);

/// The pause in which a stopped application must not write: the fifth is 1.6 s.
const SILENCE: u32 = 5;

/// Times the side is asked whether it was left, when the answer was lost.
const ASKS_MAX: u32 = 20;

/// The side was left: the other one is live.
pub struct Switched {
    fenced: Fenced,
}

/// Looked at for the last time: everything in the log of the fenced side is on the other one.
pub struct Looked {
    fenced: Fenced,
}

impl Confirmed {
    /// Looks at `applied` once more: what no fence keeps out must not get lost.
    ///
    /// # Errors
    /// [`ErrorCode::WrittenPastFence`] when something was written past the fence, or a server's trouble.
    pub async fn look(self, applied: &watch::Receiver<LogPosition>) -> Result<Looked, Fault> {
        let mut fenced = self.into_fenced();
        let side = fenced.side();
        if fenced.fence.kind == FenceKind::Stopped {
            // Nothing keeps writes out: a moment of silence is all there is to go by.
            pause(SILENCE).await;
        }
        let end = log_end::on(&mut fenced.session, side).await?;
        // Changes of migrated tables are held by now; what others write on the server passes.
        let patience = fenced.left().min(LAST_LOOK);
        let reached =
            timeout(patience, applied.clone().wait_for(|at| at.covers(&end))).await.is_ok();
        if !reached {
            let what = "it was written to although its fence is closed";
            return Err(Fault::new(ErrorCode::WrittenPastFence, what).on(side));
        }
        Ok(Looked { fenced })
    }
}

impl Looked {
    /// Leaves the side.
    ///
    /// # Errors
    /// When the fence has fallen, or it cannot be found out whether the side was left ([`ErrorCode::StateBroken`]
    /// is never meant by that: the next command asks again).
    pub async fn switch(self) -> Result<Switched, Fault> {
        let mut fenced = self.fenced;
        let side = fenced.side();
        let (row, turn, kind) = (fenced.row(), fenced.fence.turn, fenced.fence.kind);
        let left = match row.leave(&mut fenced.session, turn, kind).await {
            Ok(left) => left,
            Err(error) if error.class() == ErrorClass::Lost => {
                tracing::warn!(%error, "asking whether the side was left");
                fenced.session = session::open(&fenced.fence.endpoint).await?;
                was_left(&mut fenced, &row).await?
            }
            Err(error) => return Err(Fault::server(side, "leave it", error)),
        };
        if !left {
            return Err(fenced.used_up());
        }
        Ok(Switched { fenced })
    }
}

/// Asks the row, which nobody can move any more once the lost session is gone.
async fn was_left(fenced: &mut Fenced, row: &FenceRow) -> Result<bool, Fault> {
    let side = fenced.side();
    for ask in 1..=ASKS_MAX {
        let standing = row.read(&mut fenced.session).await.on(side, "read the fence")?;
        let standing = standing.filter(|standing| standing.turn == fenced.fence.turn);
        match standing.map(|standing| standing.state) {
            Some(RowState::Left) => return Ok(true),
            Some(RowState::Closed) => pause(ask.min(3)).await,
            Some(RowState::Open) | None => return Ok(false),
        }
    }
    // Nobody holds the row: opening it is what the watchdog would do.
    Ok(false)
}

impl Switched {
    /// When writes began to be kept out, by our clock.
    #[must_use]
    pub fn begun(&self) -> Duration {
        self.fenced.begun()
    }

    /// The side that was left.
    #[must_use]
    pub fn side(&self) -> Side {
        self.fenced.side()
    }

    /// Waits until the log of the side that was left is applied to where it ends now.
    ///
    /// # Errors
    /// [`ErrorCode::WrittenPastFence`] when something is in it that cannot be applied any more.
    pub async fn settled(
        mut self,
        applied: &mut watch::Receiver<LogPosition>,
    ) -> Result<(), Fault> {
        let side = self.side();
        let end = log_end::on(&mut self.fenced.session, side).await?;
        let reached = timeout(LAST_CHANGES, applied.wait_for(|at| at.covers(&end))).await;
        if matches!(reached, Ok(Ok(_))) {
            return Ok(());
        }
        let what = format!("its log was not applied to its end ({end})");
        Err(Fault::new(ErrorCode::WrittenPastFence, what).on(side))
    }
}
