//! The conductor: what each command does, as wiring of the stages.
//!
//! One file per command. Nothing is decided here that a stage could decide; nothing is written to a
//! server here but through a stage.

mod survey;
mod assess;
mod plan;
mod apply;
mod accounts;
mod build;
mod tables;
mod patience;
mod attempts;
mod prepared;
mod way;
mod failover;
mod follow;
mod hold;
mod unsettled;
mod orders;
mod resolve;
mod again;
mod anew;
mod outrun;
mod online;
mod offline;
mod complete;
mod definitions;
mod level;
mod turning;
mod turn_check;
mod turn_end;
mod turned;
mod finish;
mod verify;
mod repair;
mod continuous;

use sealift_mysql::endpoint::Endpoint;
use sealift_schema::facts::Side;
use sealift_schema::rewrite::Policy;
use sealift_schema::selection::Selection;

use crate::clock::Clock;
use crate::control::Control;
use crate::cutover::{Client, CutoverSettings, Guards, Keeper, Poster, TurnDesk};
use crate::follow::{FollowWatch, Standing};
use crate::order::OrderDesk;
use crate::plan::folder::Folder;
use crate::probe::Probe;
use crate::progress::Progress;
use crate::stop::Stop;
use crate::target::definers::Definers;

pub use accounts::{AccountsPlanned, apply_accounts, plan_accounts};
pub use again::copy_again;
pub use anew::copy_all_again;
pub use apply::apply;
pub use assess::{AssessOrder, AssessTarget, Measures, assess};
pub use continuous::Continuous;
pub use finish::finish;
pub use offline::{Offline, offline};
pub use online::{Online, online};
pub use plan::plan;
pub use repair::{Repair, RepairDeed, repair};
pub use resolve::resolve;
pub use survey::{Asked, ask};
pub use turn_end::settle;
pub use verify::{Followed, Verify, verify};

/// A migration, and what every command on it is given.
#[derive(Clone, Debug)]
pub struct Migration {
    /// Where the data comes from.
    pub source: Endpoint,
    /// Where it goes.
    pub target: Endpoint,
    /// In whose names the target's objects are made, where they keep their definers by login.
    pub definers: Option<Definers>,
    /// What of it.
    pub selection: Selection,
    /// How definitions are changed.
    pub policy: Policy,
    /// The plan's folder.
    pub folder: Folder,
    /// Sessions on each side for work that runs in parallel.
    pub workers: usize,
    /// What time it is.
    pub clock: Clock,
    /// Where progress is shown.
    pub progress: Progress,
    /// Where tests may end the process.
    pub probe: Probe,
    /// The operator's wish to stop.
    pub stop: Stop,
    /// The operator's other wishes.
    pub control: Control,
    /// Where more is asked of a run that is at work.
    pub orders: OrderDesk,
    /// How the migration is cut over, and rolled back.
    pub turning: TurnTools,
}

/// What turns are made with.
#[derive(Clone, Debug, Default)]
pub struct TurnTools {
    /// How they are made.
    pub settings: CutoverSettings,
    /// Where they are asked for.
    pub desk: TurnDesk,
    /// Who keeps their records.
    pub keep: Keeper,
    /// Who watches over them, in case this process dies.
    pub guards: Guards,
    /// Who sends the requests of their hooks.
    pub poster: Poster,
    /// Who measures for how long the application is refused.
    pub client: Option<Client>,
}

impl Migration {
    /// Where one of the two servers is.
    #[must_use]
    pub fn endpoint(&self, side: Side) -> &Endpoint {
        match side {
            Side::Source => &self.source,
            Side::Target => &self.target,
        }
    }

    /// In whose names objects of a side are made, where that is not for our own login to do.
    pub(crate) fn definers(&self, side: Side) -> Option<&Definers> {
        match side {
            Side::Source => None,
            Side::Target => self.definers.as_ref(),
        }
    }

    /// Does something while the source is looked at every second: for the operator's limits and, where
    /// changes are applied, to tell how far behind the target is.
    pub(crate) async fn watched<T>(
        &self,
        standing: Option<Standing>,
        work: impl Future<Output = T>,
    ) -> T {
        let end = Stop::new();
        let job = FollowWatch {
            source: self.source.clone(),
            target: self.target.clone(),
            standing,
            control: self.control.clone(),
            progress: self.progress.clone(),
            clock: self.clock.clone(),
        };
        let working = async {
            let done = work.await;
            end.request();
            done
        };
        let (done, ()) = tokio::join!(working, crate::follow::watch(job, end.clone()));
        done
    }
}
