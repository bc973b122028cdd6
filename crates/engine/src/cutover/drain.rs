//! Everything that was written before the fence closed is on the other side.

use sealift_mysql::binlog::LogPosition;
use tokio::sync::watch;
use tokio::time::timeout;

use super::fence::Fenced;
use crate::fault::{ErrorCode, Fault, OnServer};
use crate::log_end;

/// Everything that the fenced side ever acknowledged is on the other side.
pub struct Drained {
    pub(super) fenced: Fenced,
    /// Where the log of the fenced side ends.
    pub(super) horizon: LogPosition,
}

impl Drained {
    /// The fence.
    #[must_use]
    pub fn fenced(&self) -> &Fenced {
        &self.fenced
    }

    /// Where the log of the fenced side ended when it was drained.
    #[must_use]
    pub fn horizon(&self) -> &LogPosition {
        &self.horizon
    }
}

/// Waits until the applier has everything, for as long as the fence holds.
///
/// # Errors
/// [`ErrorCode::BudgetUsedUp`] when it is not there in time, or a server's trouble.
pub async fn drained(
    mut fenced: Fenced,
    applied: &mut watch::Receiver<LogPosition>,
) -> Result<Drained, Fault> {
    let side = fenced.side();
    let (row, turn) = (fenced.row(), fenced.fence.turn);
    // A transaction behind all others: a log that rests would not tell where it is.
    let holds = row.mark(&mut fenced.session, turn).await.on(side, "mark the log")?;
    if !holds {
        return Err(fenced.used_up());
    }
    let horizon = log_end::on(&mut fenced.session, side).await?;
    reach(&fenced, applied, &horizon).await?;
    Ok(Drained { fenced, horizon })
}

/// Waits until everything up to a position is applied.
pub(super) async fn reach(
    fenced: &Fenced,
    applied: &mut watch::Receiver<LogPosition>,
    horizon: &LogPosition,
) -> Result<(), Fault> {
    match timeout(fenced.left(), applied.wait_for(|at| at.covers(horizon))).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(_ended)) => {
            let what = "the changes of the live side are not followed any more";
            Err(Fault::new(ErrorCode::TurnRefused, what).on(fenced.side()))
        }
        Err(_late) => Err(fenced.used_up()),
    }
}
