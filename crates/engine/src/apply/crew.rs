//! All lanes and where they stand: one batch after the other, each by all lanes at once.

use std::sync::Arc;

use sealift_mysql::binlog::LogPosition;
use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::session::Session;
use sealift_schema::facts::Side;
use tokio::sync::RwLock;
use tokio::task::JoinSet;

use super::cascade::Cascades;
use super::change::Image;
use super::lane::{Lane, Seat};
use super::position::{AppliedLedger, LaneStanding, Standing, Step};
use super::share::Work;
use super::table::TableForm;
use crate::fault::{ErrorCode, Fault, OnServer};
use crate::target::connect::{TargetLimits, patiently};
use crate::target::pin;

/// The lanes.
pub(super) struct Crew {
    lanes: Vec<Lane>,
    /// Where each row of the ledger stands; there may be more than lanes.
    standing: Vec<LaneStanding>,
    /// The number of the last batch.
    batch: u64,
    /// A transaction under way that is too large to be kept.
    huge: Option<Step>,
    /// The end of the batch that is half committed.
    unfinished: Option<LogPosition>,
}

impl Crew {
    /// Takes the lanes over from whoever had them. Returns where they stood, too.
    pub(super) async fn take_over(
        target: &Endpoint,
        ledger: &AppliedLedger,
        forms: &Arc<[TableForm]>,
        cascades: &Arc<Cascades>,
        lanes: usize,
        load_rows: usize,
    ) -> Result<(Self, Standing), Fault> {
        let mut session = patiently(|| async {
            let mut session = Session::connect(target).await?;
            pin::writer(&mut session).await?;
            Ok(session)
        })
        .await?;
        let limits = TargetLimits::of(&mut session).await.on(Side::Target, "read its limits")?;
        let swept = ledger.sweep(&mut session).await;
        swept.on(Side::Target, "end sessions of an earlier run")?;
        let mut crew: Vec<Lane> = (0..lanes)
            .map(|number| {
                let (endpoint, ledger) = (target.clone(), ledger.clone());
                let cascades = Arc::clone(cascades);
                let seat = Seat { endpoint, ledger, number, limits, load_rows, cascades };
                Lane::new(seat, Arc::clone(forms))
            })
            .collect();
        // From here on every lane's name is ours.
        for lane in &mut crew {
            lane.session().await?;
        }
        let taken = ledger.take_over(&mut session, lanes).await;
        let missing = || {
            let what = "the target's ledger does not say where changes begin";
            Fault::new(ErrorCode::LedgerMismatch, what).on(Side::Target)
        };
        let before = taken.on(Side::Target, "read the ledger")?.ok_or_else(missing)?;
        let now = ledger.read(&mut session).await.on(Side::Target, "read the ledger")?;
        let now = now.ok_or_else(missing)?;
        session.close().await;
        let batch = now.lanes().first().map_or(0, |lane| lane.batch);
        if now.oldest().is_none() || now.lanes().iter().any(|lane| lane.batch != batch) {
            let what = "the positions in the target's ledger are not of one log";
            return Err(Fault::new(ErrorCode::LedgerMismatch, what).on(Side::Target));
        }
        let unfinished = now.unfinished().cloned();
        let standing = now.lanes().to_vec();
        Ok((Self { lanes: crew, standing, batch, huge: None, unfinished }, before))
    }

    /// The end of the batch that some lanes had committed when they were taken over, and others not.
    pub(super) fn unfinished(&self) -> Option<&LogPosition> {
        self.unfinished.as_ref()
    }

    /// Lane 0's position: everything within is applied to tables without a key.
    pub(super) fn ordered(&self) -> Option<&LogPosition> {
        self.standing.iter().find(|lane| lane.lane == 0).map(|lane| &lane.position)
    }

    /// Writes a batch and returns when all lanes have committed.
    pub(super) async fn write<I: Image>(&mut self, work: Work<I>) -> Result<(), Fault> {
        let busy: Vec<usize> = work.shares.iter().map(|share| share.lane).collect();
        let turns = Arc::new(RwLock::new(()));
        let work = Arc::new(work);
        let mut crew: JoinSet<(Lane, Result<(), Fault>)> = JoinSet::new();
        let mut idle = Vec::new();
        for (number, mut lane) in self.lanes.drain(..).enumerate() {
            let Some(share) = busy.iter().position(|busy| *busy == number) else {
                idle.push(lane);
                continue;
            };
            let moves = moved_by(&self.standing, number, &busy);
            let step = step(&moves, self.batch, &work.end);
            let (work, turns) = (Arc::clone(&work), Arc::clone(&turns));
            crew.spawn(async move {
                let outcome = lane.share(&work, share, &step, &turns).await;
                (lane, outcome)
            });
        }
        let mut first: Option<Fault> = None;
        while let Some(joined) = crew.join_next().await {
            match joined {
                Ok((lane, outcome)) => {
                    idle.push(lane);
                    first = first.or(outcome.err());
                }
                Err(panic) => {
                    let fault = Fault::new(ErrorCode::Internal, "a lane broke down");
                    first = first.or(Some(fault.because(panic)));
                }
            }
        }
        idle.sort_by_key(Lane::number);
        self.lanes = idle;
        match first {
            Some(fault) => Err(fault),
            None => {
                self.moved(&work.end);
                Ok(())
            }
        }
    }

    /// Begins a transaction that is too large to be kept: lane 0 writes it alone and moves all lanes.
    pub(super) async fn begin_huge(&mut self) -> Result<(), Fault> {
        let ordered = self.ordered().cloned();
        let step = step(&self.standing, self.batch, &ordered.ok_or_else(no_lane)?);
        // Nobody's position moves yet.
        let step = Step { ahead: step.lanes.clone(), ..step };
        self.lanes.first_mut().ok_or_else(no_lane)?.begin_huge(&step).await?;
        self.huge = Some(step);
        Ok(())
    }

    /// Writes a part of it.
    pub(super) async fn piece<I: Image>(&mut self, work: &Work<I>) -> Result<(), Fault> {
        self.lanes.first_mut().ok_or_else(no_lane)?.piece(work).await
    }

    /// Commits it.
    pub(super) async fn commit_huge(&mut self, end: &LogPosition) -> Result<(), Fault> {
        self.huge.take().ok_or_else(|| {
            Fault::new(ErrorCode::Internal, "the end of a transaction that has not begun")
        })?;
        let step = step(&self.standing, self.batch, end);
        self.lanes.first_mut().ok_or_else(no_lane)?.commit_huge(&step).await?;
        self.moved(end);
        Ok(())
    }

    /// Gives it up: nothing of it stays.
    pub(super) async fn abandon_huge(&mut self) -> Result<(), Fault> {
        self.huge = None;
        self.lanes.first_mut().ok_or_else(no_lane)?.roll_back().await;
        Ok(())
    }

    /// Takes note that all lanes have committed a batch.
    fn moved(&mut self, end: &LogPosition) {
        self.batch += 1;
        for lane in &mut self.standing {
            if !lane.position.covers(end) {
                lane.position = end.clone();
            }
        }
    }
}

/// The rows of the ledger a busy lane moves: its own, and lane 0 those of all that have nothing to write.
fn moved_by(standing: &[LaneStanding], number: usize, busy: &[usize]) -> Vec<LaneStanding> {
    let is_its = |lane: &&LaneStanding| {
        let owner = usize::try_from(lane.lane).unwrap_or(0);
        let owner = if busy.contains(&owner) { owner } else { 0 };
        owner == number
    };
    standing.iter().filter(is_its).cloned().collect()
}

fn step(lanes: &[LaneStanding], from: u64, end: &LogPosition) -> Step {
    let ahead = lanes.iter().filter(|lane| lane.position.covers(end));
    Step {
        ahead: ahead.map(|lane| lane.lane).collect(),
        lanes: lanes.iter().map(|lane| lane.lane).collect(),
        from,
        end: end.clone(),
    }
}

fn no_lane() -> Fault {
    Fault::new(ErrorCode::Internal, "an applier without lanes")
}
