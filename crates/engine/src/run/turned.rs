//! A migration that was turned: the changes of the side that is live are followed onto the other one.
//!
//! The same stream and the same applier as before the first cutover, another direction, and nothing to copy: the
//! side that was left had everything when the turn began.

use std::collections::BTreeSet;
use std::sync::Arc;

use sealift_mysql::binlog::LogPosition;
use sealift_schema::catalog::Table;
use sealift_schema::facts::Side;
use sealift_schema::name::quote;
use sealift_schema::selection::{Patterns, Selection};
use tokio::sync::watch;

use super::follow::{Definitions, Follow, Moves};
use super::online::{Online, tell};
use super::survey::Survey;
use super::turn_check::pairs;
use super::turn_end::ledger;
use super::turning::{Turning, following, turns};
use super::way::Opening;
use super::{Migration, apply as scripts};
use crate::apply;
use crate::copy::CopyTable;
use crate::copy::gate::Gates;
use crate::cutover::{followed, keep_left};
use crate::definition::Scope;
use crate::fault::{ErrorCode, Fault};
use crate::follow::Standing;
use crate::journal::Journal;
use crate::log_end;
use crate::plan::read::Plan;
use crate::report::{Conclusion, Report};
use crate::stage::{Part, Switch, opposite};
use crate::stop::Stop;
use crate::verify::TablePair;

/// Follows the live side until the run ends, through as many turns as are asked for.
pub(super) async fn follow(
    migration: &Migration,
    online: &Online,
    journal: &Arc<dyn Journal>,
    report: &mut Report,
) -> Result<Conclusion, Fault> {
    loop {
        let survey = Survey::take(migration, report).await?;
        let plan = Plan::read(&migration.folder)?;
        scripts::begin(migration, &survey, &plan, journal.as_ref())?;
        let turns = turns(journal.as_ref())?;
        let Some(Switch { turn, from }) = turns.switch else {
            let what = "the journal does not say where to follow from";
            return Err(Fault::new(ErrorCode::StateBroken, what));
        };
        let left = opposite(turns.live);
        let found = keep_left(migration.endpoint(left), &online.ledger_name).await?;
        if found.is_some_and(|found| found.fallen) {
            let what = format!(
                "the {left} took writes again (was it restarted?): read_only is set once more"
            );
            report.happened(&migration.clock, what);
        }
        let Some(from) = from else {
            report.note(format!("The {} is live, and there is no way back.", turns.live));
            return Ok(Conclusion::Done);
        };
        let way = Way { migration, online, journal, plan: &plan, live: turns.live, turn };
        apply::begin(migration.endpoint(left), &ledger(&online.ledger_name, turn), &from).await?;
        let ended = way.follow(&survey, report).await.map_err(|fault| way.named(fault))?;
        if self::turns(journal.as_ref())?.live == turns.live {
            return Ok(ended);
        }
    }
}

/// One direction.
struct Way<'a> {
    migration: &'a Migration,
    online: &'a Online,
    journal: &'a Arc<dyn Journal>,
    plan: &'a Plan,
    /// Whose changes are followed.
    live: Side,
    /// Since which turn.
    turn: u32,
}

impl Way<'_> {
    async fn follow(&self, survey: &Survey, report: &mut Report) -> Result<Conclusion, Fault> {
        // Streams and appliers know their own source and target only.
        let directed = self.directed();
        let pairs = pairs(self.migration, self.plan, survey).await?;
        let tables: Vec<CopyTable> = pairs.iter().map(|pair| self.followed(pair)).collect();
        let name = ledger(&self.online.ledger_name, self.turn);
        let facts = match self.live {
            Side::Source => &survey.source,
            Side::Target => &survey.target,
        };
        let mut opening = Opening::new((&directed, facts), &name, self.online.mode);
        let way = opening.open(&tables, &BTreeSet::new()).await?;
        let (gates, applied) = (way.gates.clone(), opening.applied.subscribe());
        let standing = Standing::default();
        let end = Stop::new();
        let follow = Follow {
            way,
            opening,
            definitions: Definitions::Refused(self.scope(survey)?),
            journal: self.journal.as_ref(),
            control: &self.migration.control,
            standing: standing.clone(),
            surveyed: None,
            left_out: BTreeSet::new(),
            // The first one ends the run.
            moves: Moves::default(),
            end: end.clone(),
        };
        standing.copied();
        let following = async {
            let followed = follow.run().await;
            end.request();
            followed
        };
        let serving = async {
            let served = self.serve(gates, applied.clone(), &end, report).await;
            end.request();
            served
        };
        let stopping = async {
            tokio::select! {
                () = self.migration.stop.wait() => end.request(),
                () = end.wait() => {}
            }
        };
        let moving = tell(applied.clone(), &standing, &end);
        let work = async { tokio::join!(following, serving, stopping, moving) };
        let (followed, served, (), ()) =
            directed.watched(Some(standing.clone()), Box::pin(work)).await;
        report.position = Some(followed?);
        served
    }

    async fn serve(
        &self,
        gates: Gates,
        applied: watch::Receiver<LogPosition>,
        end: &Stop,
        report: &mut Report,
    ) -> Result<Conclusion, Fault> {
        let progress = &self.migration.progress;
        if self.online.until_caught_up {
            progress.enter("catching up");
            return self.caught_up(applied, end).await;
        }
        progress.enter(following(self.live));
        let turning = Turning {
            migration: self.migration,
            journal: self.journal.as_ref(),
            name: &self.online.ledger_name,
            live: self.live,
            gates,
            applied,
            moves: Moves::default(),
        };
        turning.serve(end, report).await
    }

    async fn caught_up(
        &self,
        mut applied: watch::Receiver<LogPosition>,
        end: &Stop,
    ) -> Result<Conclusion, Fault> {
        let endpoint = self.migration.endpoint(self.live);
        let stopped = || Fault::new(ErrorCode::Interrupted, "stopped as asked");
        let horizon = log_end::of(endpoint).await?;
        tokio::select! {
            reached = applied.wait_for(|at| at.covers(&horizon)) => {
                // The applier ended with a fault of its own, which is told.
                reached.map(|_| Conclusion::Done).map_err(|_ended| stopped())
            }
            () = end.wait() => Err(stopped()),
        }
    }

    /// The migration as stream and applier see it: from the live side to the other.
    fn directed(&self) -> Migration {
        let mut directed = self.migration.clone();
        if self.live == Side::Target {
            std::mem::swap(&mut directed.source, &mut directed.target);
        }
        directed
    }

    /// A table as changes come from the live side and go to the other.
    fn followed(&self, pair: &TablePair) -> CopyTable {
        let (from, to): (&Table, &Table) = match self.live {
            Side::Source => (&pair.source, &pair.target),
            Side::Target => (&pair.target, &pair.source),
        };
        CopyTable { source: followed(from, to), target: to.clone(), copied: None }
    }

    /// Which statements of the live side's log are about something migrated: there, everything in its schemas.
    fn scope(&self, survey: &Survey) -> Result<Scope, Fault> {
        let steps = self.plan.of(Part::Schemas);
        let schemas: BTreeSet<String> = steps
            .map(|step| match self.live {
                Side::Source => step.step().object.name.schema.clone(),
                Side::Target => step.target.schema.clone(),
            })
            .collect();
        let facts = match self.live {
            Side::Source => &survey.source,
            Side::Target => &survey.target,
        };
        let selection = match self.live {
            Side::Source => self.migration.selection.clone(),
            Side::Target => {
                let schemas = schemas.iter().map(|schema| quote(schema)).collect();
                let patterns = Patterns { schemas, ..Patterns::default() };
                Selection::compile(&patterns).map_err(|error| {
                    Fault::new(ErrorCode::Internal, "select the target's schemas").because(error)
                })?
            }
        };
        let selection = selection.on(facts);
        Ok(Scope { selection, skipped: BTreeSet::new(), schemas, source: facts.version })
    }

    /// A fault with the side it was on: streams and appliers call the live side the source.
    fn named(&self, fault: Fault) -> Fault {
        match (self.live, fault.side) {
            (Side::Target, Some(side)) if fault.code != ErrorCode::Interrupted => {
                fault.on(opposite(side))
            }
            (Side::Target | Side::Source, _) => fault,
        }
    }
}
