//! Progress for this terminal, and for `status` in another one.

use std::sync::Arc;
use std::time::Duration;

use sealift_engine::clock::Clock;
use sealift_engine::control::Control;
use sealift_engine::progress::{Progress, Snapshot};
use sealift_engine::stop::Stop;
use sealift_server::store::StateFolder;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::Context;
use crate::output::Display;
use crate::output::progress::{Paces, tell_rates};

/// How often `status` in another terminal sees something new.
const RECORD_EVERY: Duration = Duration::from_secs(1);

/// A board that is being watched.
pub(super) struct Watch {
    /// Where the stages report.
    pub(super) progress: Progress,
    display: Option<Display>,
    clock: Clock,
    recorder: Option<(Stop, JoinHandle<()>)>,
}

impl Watch {
    /// Shows the board here.
    pub(super) fn show(context: &Context) -> Self {
        let progress = Progress::default();
        let display = context.output.display(&progress, &context.clock);
        Self { progress, display, recorder: None, clock: context.clock.clone() }
    }

    /// Records the board in the state folder too, with what the operator wants.
    pub(super) fn record(&mut self, state: &Arc<StateFolder>, control: &Control) {
        let end = Stop::new();
        let watched = (self.progress.clone(), control.clone(), self.clock.clone());
        let task = tokio::spawn(record(watched, Arc::clone(state), end.clone()));
        self.recorder = Some((end, task));
    }

    /// Takes the display away; the last state of the board stays recorded.
    pub(super) async fn finish(self) {
        if let Some(display) = self.display {
            display.finish().await;
        }
        if let Some((end, task)) = self.recorder {
            end.request();
            // A recorder that panicked has nothing left to record.
            drop(task.await);
        }
    }
}

async fn record(
    (progress, control, clock): (Progress, Control, Clock),
    state: Arc<StateFolder>,
    end: Stop,
) {
    let mut paces = Paces::default();
    let mut turns = interval(RECORD_EVERY);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut recorded = Snapshot::default();
    loop {
        let is_last = tokio::select! {
            _turn = turns.tick() => false,
            () = progress.rested() => false,
            () = end.wait() => true,
        };
        paces.observe(clock.elapsed(), &progress.snapshot());
        progress.update(|board| {
            board.steering = Some(control.steering());
            tell_rates(board, &paces);
        });
        let snapshot = progress.snapshot();
        if snapshot != recorded {
            // It is only for people: a folder that cannot be written stops the run by its journal.
            if let Err(fault) = state.put_progress(&snapshot) {
                tracing::warn!("{fault}");
            }
            recorded = snapshot;
        }
        if is_last {
            return;
        }
    }
}
