//! Where turns are asked for, while a run is at work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sealift_schema::facts::Side;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::record::TurnRecord;
use crate::desk::Desk;
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
    desk: Desk<Wish>,
    is_open: Arc<AtomicBool>,
}

/// While it lives, turns can be asked for. Dropping it turns away who still waits.
#[derive(Debug)]
pub(crate) struct OpenDesk {
    turns: TurnDesk,
}

impl TurnDesk {
    /// Asks for a turn and waits for what becomes of it.
    ///
    /// # Errors
    /// [`ErrorCode::TurnRefused`] when the run is not ready for one.
    pub async fn ask(&self, ask: TurnAsk) -> Result<TurnRecord, Fault> {
        if !self.is_open.load(Ordering::SeqCst) {
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
        self.desk.put(Wish { ask, reply, then });
        answer
    }

    /// Begins to take wishes.
    pub(crate) fn open(&self) -> OpenDesk {
        self.is_open.store(true, Ordering::SeqCst);
        OpenDesk { turns: self.clone() }
    }
}

impl OpenDesk {
    /// The next wish. May be dropped while it waits.
    pub(crate) async fn next(&self) -> Wish {
        self.turns.desk.next().await
    }
}

impl Drop for OpenDesk {
    fn drop(&mut self) {
        self.turns.is_open.store(false, Ordering::SeqCst);
        self.turns.desk.clear();
    }
}
