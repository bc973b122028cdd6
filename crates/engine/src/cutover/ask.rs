//! Where turns are asked for, while a run is at work.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sealift_schema::facts::Side;
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, oneshot};

use super::record::TurnRecord;
use crate::fault::{ErrorCode, Fault};

/// A turn that somebody wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnAsk {
    /// Which way.
    pub wish: TurnWish,
    /// Whether it is undone when it has come to the switch.
    #[serde(default)]
    pub rehearse: bool,
    /// Whether the side that is left is not kept current.
    #[serde(default)]
    pub no_way_back: bool,
    /// Who asks: `user@host`, and the command.
    pub by: String,
}

/// Which way a turn goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TurnWish {
    /// To the target.
    Cutover,
    /// Back to the source.
    Rollback,
}

impl TurnWish {
    /// The side that is to be live.
    #[must_use]
    pub fn to(self) -> Side {
        match self {
            Self::Cutover => Side::Target,
            Self::Rollback => Side::Source,
        }
    }

    /// Its name.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Cutover => "cutover",
            Self::Rollback => "rollback",
        }
    }
}

/// A turn to be made.
#[derive(Debug)]
pub(crate) struct Wish {
    /// What is wanted.
    pub(crate) ask: TurnAsk,
    /// Where to say what became of it.
    pub(crate) reply: oneshot::Sender<TurnRecord>,
    /// What comes after it.
    pub(crate) then: Then,
}

/// What comes after a turn that was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// Changes are followed as before.
    GoOn,
    /// The run ends: it was begun for the turn alone.
    End,
}

/// Where turns are asked for. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct TurnDesk {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    is_open: bool,
    queue: VecDeque<Wish>,
}

/// While it lives, turns can be asked for. Dropping it turns away who still waits.
#[derive(Debug)]
pub(crate) struct OpenDesk {
    desk: TurnDesk,
}

impl TurnDesk {
    /// Asks for a turn and waits for what becomes of it.
    ///
    /// # Errors
    /// [`ErrorCode::TurnRefused`] when the run is not ready for one.
    pub async fn ask(&self, ask: TurnAsk) -> Result<TurnRecord, Fault> {
        if !self.lock().is_open {
            let what = "the run is not ready: everything must be copied and followed first";
            return Err(Fault::new(ErrorCode::TurnRefused, what)
                .advise("wait until sealift status says that it is ready to cut over"));
        }
        self.put(ask, Then::GoOn).await.map_err(|_ended| {
            let what = "the run ended before it could say what became of it";
            Fault::new(ErrorCode::NoAnswer, what)
                .advise("see sealift status for the side that is live")
        })
    }

    /// Leaves a wish for as soon as the run is ready; a run that has not turned by that ends then.
    pub fn queue(&self, ask: TurnAsk) -> oneshot::Receiver<TurnRecord> {
        self.put(ask, Then::End)
    }

    fn put(&self, ask: TurnAsk, then: Then) -> oneshot::Receiver<TurnRecord> {
        let (reply, answer) = oneshot::channel();
        self.lock().queue.push_back(Wish { ask, reply, then });
        self.shared.changed.notify_waiters();
        answer
    }

    /// Begins to take wishes.
    pub(crate) fn open(&self) -> OpenDesk {
        self.lock().is_open = true;
        OpenDesk { desk: self.clone() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenDesk {
    /// The next wish. May be dropped while it waits.
    pub(crate) async fn next(&self) -> Wish {
        loop {
            let changed = self.desk.shared.changed.notified();
            if let Some(asked) = self.desk.lock().queue.pop_front() {
                return asked;
            }
            changed.await;
        }
    }
}

impl Drop for OpenDesk {
    fn drop(&mut self) {
        let mut state = self.desk.lock();
        state.is_open = false;
        state.queue.clear();
    }
}
