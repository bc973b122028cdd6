//! The moment to keep writes out: what is behind then is waited for while nobody writes, so it has to be little.

use std::time::Duration;

use sealift_mysql::binlog::LogPosition;
use sealift_schema::facts::Side;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::clock::Clock;
use crate::fault::{ErrorCode, Fault};

/// Changes are near when what is in the log at one moment is applied within this: a fence that closes then costs
/// about as much.
const NEAR: Duration = Duration::from_secs(1);

/// Waiting for changes to be near.
#[derive(Debug)]
pub struct Approach<'a> {
    /// The side whose changes are followed.
    pub side: Side,
    /// How far they are applied.
    pub applied: watch::Receiver<LogPosition>,
    /// For how long they are waited for.
    pub patience: Duration,
    /// What time it is.
    pub clock: &'a Clock,
}

/// How near changes were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// At the first look.
    Near,
    /// They had to be waited for.
    Behind,
}

impl Approach<'_> {
    /// Waits until changes are near. `end` tells where the log ends, `behind` is told how long it took to get
    /// there: a source that is written to has gone on meanwhile, so one look says nothing of the next.
    ///
    /// # Errors
    /// [`ErrorCode::TurnRefused`] when they are not near in time or not followed any more.
    pub async fn until_near(
        mut self,
        mut end: impl AsyncFnMut() -> Result<LogPosition, Fault>,
        behind: impl Fn(Duration),
    ) -> Result<Found, Fault> {
        let begun = self.clock.elapsed();
        let mut found = Found::Near;
        loop {
            let asked = self.clock.elapsed();
            let left = self.patience.saturating_sub(asked.saturating_sub(begun));
            let horizon = end().await?;
            let reached = timeout(left, self.applied.wait_for(|at| at.covers(&horizon))).await;
            match reached.map(|followed| followed.is_ok()) {
                Ok(true) => {}
                Ok(false) => {
                    let what = "changes are not followed any more";
                    return Err(Fault::new(ErrorCode::TurnRefused, what).on(self.side));
                }
                Err(_late) => return Err(self.too_far()),
            }
            let took = self.clock.elapsed().saturating_sub(asked);
            if took <= NEAR {
                return Ok(found);
            }
            if left.is_zero() {
                return Err(self.too_far());
            }
            found = Found::Behind;
            behind(took);
        }
    }

    fn too_far(&self) -> Fault {
        let what = format!(
            "its changes did not come within {} s of being applied in {} s",
            NEAR.as_secs(),
            self.patience.as_secs()
        );
        Fault::new(ErrorCode::TurnRefused, what)
            .on(self.side)
            .advise("wait until sealift status shows a small lag, or let less be written meanwhile")
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use jiff::Timestamp;

    use super::*;

    fn at(offset: u64) -> LogPosition {
        LogPosition { server: "one".into(), file: "b.1".into(), offset, gtids: None, since: None }
    }

    /// A log that grows by 100 a second while `applied_a_second` are applied, 6,000 behind at the beginning.
    /// Tells what came of it, and how much was behind at the end.
    async fn approached(applied_a_second: u64) -> (Result<Found, Fault>, u64, Vec<Duration>) {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let (told, applied) = watch::channel(at(0));
        let written =
            |clock: &Clock| 6_000 + u64::try_from(clock.elapsed().as_millis()).unwrap() / 10;
        let done = RefCell::new(0);
        let end = async || {
            let horizon = written(&clock);
            let ms = (horizon - *done.borrow()) * 1_000 / applied_a_second;
            clock.advance(Duration::from_millis(ms));
            *done.borrow_mut() = horizon;
            told.send_replace(at(horizon));
            Ok(at(horizon))
        };
        let looks = RefCell::new(Vec::new());
        let patience = Duration::from_secs(600);
        let approach = Approach { side: Side::Source, applied, patience, clock: &clock };
        let found = approach.until_near(end, |took| looks.borrow_mut().push(took)).await;
        let behind = written(&clock) - *done.borrow();
        (found, behind, looks.into_inner())
    }

    #[tokio::test]
    async fn a_source_that_is_written_to_fast_is_waited_for_until_little_is_behind() {
        let (found, behind, looks) = approached(200).await;
        assert_eq!(found.unwrap(), Found::Behind);
        assert!(behind <= 100, "{behind}");
        assert_eq!(looks.first(), Some(&Duration::from_secs(30)));
        assert!(looks.is_sorted_by(|a, b| a > b), "{looks:?}");
    }

    #[tokio::test]
    async fn what_is_near_is_not_waited_for_and_what_never_comes_near_is_refused() {
        let (found, _behind, looks) = approached(6_000).await;
        assert_eq!((found.unwrap(), looks.len()), (Found::Near, 0));
        let (found, _behind, _looks) = approached(100).await;
        assert_eq!(found.unwrap_err().code, ErrorCode::TurnRefused);
    }

    #[tokio::test]
    async fn changes_that_are_not_followed_any_more_are_not_waited_for() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let (told, applied) = watch::channel(at(0));
        drop(told);
        let patience = Duration::from_secs(600);
        let approach = Approach { side: Side::Source, applied, patience, clock: &clock };
        let found = approach.until_near(async || Ok(at(1)), |_took| {}).await;
        assert!(found.unwrap_err().what.contains("not followed"));
    }
}
