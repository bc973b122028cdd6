//! Moving what is live from one side to the other: writes stop here, everything arrives there, one statement
//! decides.
//!
//! A cutover leaves the source, a rollback leaves the target: both are one thing, a *turn*. The conditions of a
//! turn are types, each made of the one before: [`Fenced`] (the live side takes no writes, and its fence falls by
//! itself after the time budget), [`Drained`] (everything it ever acknowledged is on the other side),
//! [`Confirmed`] (the other side can take over), [`Switched`] (it has). None of them is kept anywhere: after a
//! crash the servers are asked, and the turn is undone or gone on with.
//!
//! What is live is decided by one statement on the side that is left ([`Looked::switch`]), guarded by the row
//! that also holds the fence: before it a crash ends with the old side live, after it with the new one.

mod row;
mod kind;
mod privileges;
mod blockers;
mod triggers;
mod accounts;
mod watchdog;
mod lasting;
mod near;
mod fence;
mod drain;
mod confirm;
mod switch;
mod counters;
mod objects;
mod own;
mod way_back;
mod dismantle;
mod hook;
mod client;
mod measured;
mod guard;
mod ask;
mod record;
mod session;

use std::time::Duration;

pub(crate) use self::ask::{Then, Wish};
pub use self::ask::{TurnAsk, TurnDesk, TurnWish};
pub use self::client::{CLIENT_VARIABLE, Client, ServerId};
pub(crate) use self::client::{Measuring, ReadyClient, Servers};
pub use self::confirm::{ConfirmJob, Confirmed, Smoke};
pub use self::counters::Counters;
pub use self::dismantle::{Dismantled, dismantle};
pub use self::drain::{Drained, drained};
pub use self::fence::{Fence, Fenced, Freed, Left, Opening, free, keep_left, open, remove};
pub use self::guard::{Guard, Guards};
pub use self::hook::{Hook, HookFacts, Poster};
pub use self::kind::{FenceKind, FencePolicy};
pub use self::lasting::Lasting;
pub use self::measured::{ClientRecord, Outage};
pub use self::near::{Approach, Found};
pub use self::objects::{
    disable_events, drop_triggers, enable_events, found, make_triggers, may_keep,
};
pub use self::own::{is_own_statement, is_own_trigger};
pub use self::privileges::{Needs, Part, missing};
pub use self::record::{Keeper, StepRecord, TurnOutcome, TurnRecord};
pub use self::row::{FenceRow, RowState, Standing};
pub use self::switch::{Looked, Switched};
pub use self::way_back::{followed, hindrance};

/// What a turn is told by the configuration.
#[derive(Clone, Debug)]
pub struct CutoverSettings {
    /// How writes are kept out.
    pub fence: FencePolicy,
    /// How long writes may be kept out before the old side takes them again.
    pub budget: Duration,
    /// How long open transactions are waited for.
    pub wait: Duration,
    /// Whether transactions that are still open then are killed.
    pub kill: bool,
    /// Whether the side that is left is kept current.
    pub way_back: bool,
    /// By how much `AUTO_INCREMENT` counters of the new side are beyond those of the old one.
    pub headroom: u64,
    /// Rows that are compared behind the fence, in the smallest tables, at most.
    pub confirm_rows: u64,
    /// Questions the new side must answer with something true.
    pub smoke: Vec<String>,
    /// Called before writes are kept out.
    pub before: Option<Hook>,
    /// Called when the new side is live: it moves the traffic.
    pub after: Option<Hook>,
    /// How long a hook may take.
    pub hook_time: Duration,
}

impl Default for CutoverSettings {
    fn default() -> Self {
        Self {
            fence: FencePolicy::Auto,
            budget: Duration::from_secs(30),
            wait: Duration::from_secs(5),
            kill: false,
            way_back: true,
            headroom: 1_000,
            confirm_rows: 10_000,
            smoke: Vec::new(),
            before: None,
            after: None,
            hook_time: Duration::from_secs(30),
        }
    }
}
