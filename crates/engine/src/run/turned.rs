//! A migration that was turned: the changes of the side that is live are followed onto the other one.
//!
//! The same stream and the same applier as before the first cutover, another direction, and nothing to copy: the
//! side that was left had everything when the turn began.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sealift_mysql::binlog::{LogPosition, RowImages};
use sealift_schema::catalog::Catalog;
use sealift_schema::facts::Side;
use sealift_schema::name::quote;
use sealift_schema::selection::{Patterns, Selection};
use tokio::sync::watch;

use super::follow::{Course, Definitions, Follow, Moves, tell};
use super::hold::held as held_objects;
use super::online::Online;
use super::orders::Orders;
use super::prepared::EndsOfXa;
use super::survey::Survey;
use super::tables::{find, target_tables};
use super::turn_check::pairs;
use super::turn_end::ledger;
use super::turning::{Turning, following, turns};
use super::way::Opening;
use super::{Migration, apply as scripts};
use crate::apply;
use crate::copy::CopyTable;
use crate::copy::aside::Aside;
use crate::copy::gate::Gates;
use crate::cutover::{followed, keep_left};
use crate::definition::{self, Carrier, DefinitionLedger, Scope};
use crate::fault::{ErrorCode, Fault};
use crate::follow::Standing;
use crate::journal::Journal;
use crate::log_end;
use crate::plan::read::Plan;
use crate::report::{Conclusion, Report};
use crate::stage::{Event, HeldEvent, HeldObject, Part, Switch, opposite};
use crate::stop::Stop;

/// Follows the live side until the run ends, through as many turns as are asked for.
pub(super) async fn follow(
    migration: &Migration,
    online: &Online,
    journal: &Arc<dyn Journal>,
    report: &mut Report,
) -> Result<Conclusion, Fault> {
    loop {
        // What was said of the other direction holds no more.
        migration.progress.update(|board| board.following = None);
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
        release_chosen(journal.as_ref())?;
        let way = Way { migration, online, journal, plan: &plan, live: turns.live, turn };
        apply::begin(migration.endpoint(left), &ledger(&online.ledger_name, turn), &from).await?;
        let ended = way.follow(&survey, report).await.map_err(|fault| way.named(fault))?;
        if self::turns(journal.as_ref())?.live == turns.live {
            return Ok(ended);
        }
    }
}

/// What the operator has seen to, or does without, is told of no more.
fn release_chosen(journal: &dyn Journal) -> Result<(), Fault> {
    for (object, held) in held_objects(journal)?.objects {
        if held.choice.is_some() {
            journal.record(&Event::Held(HeldEvent::Released { object }))?;
        }
    }
    Ok(())
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
        let name = ledger(&self.online.ledger_name, self.turn);
        let carrier = Carrier {
            target: &directed.target,
            // Definitions rest: nothing is made by it.
            definers: None,
            ledger: DefinitionLedger::of(name.as_str()),
            context: survey.context(self.migration),
            scope: self.scope(survey)?,
            probe: &self.migration.probe,
        };
        let tables = self.tables(&carrier, survey).await?;
        let held = carrier.held().await?;
        let (from, to) = match self.live {
            Side::Source => (&survey.source, &survey.target),
            Side::Target => (&survey.target, &survey.source),
        };
        let mut opening =
            Opening::new(&directed, (from, to, RowImages::Whole), &name, self.online.mode);
        let way = opening.open(&tables, &BTreeSet::new()).await?;
        let (gates, applied) = (way.gates.clone(), opening.applied.subscribe());
        let (standing, moves) = (Standing::default(), Moves::default());
        let end = Stop::new();
        let follow = Follow {
            way,
            opening,
            definitions: Definitions::Resting { carrier, tables },
            journal: self.journal.as_ref(),
            control: &self.migration.control,
            standing: standing.clone(),
            surveyed: None,
            left_out: BTreeSet::new(),
            course: Course::Lasting(Aside::default()),
            moves: moves.clone(),
            ends_of_xa: EndsOfXa::of(&directed.source),
            orders: Some(Orders::open(self.migration)),
            end: end.clone(),
        };
        standing.copied();
        standing.held(held);
        standing.held_objects(held_objects(self.journal.as_ref())?.reasons());
        let following = async {
            let followed = follow.run().await;
            end.request();
            followed
        };
        let serving = async {
            let served = self.serve((gates, moves), applied.clone(), &end, report).await;
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

    /// The tables whose changes are carried, by their definitions of when the other side was left: the log is read
    /// from there, and the live side may be further.
    async fn tables(
        &self,
        carrier: &Carrier<'_>,
        survey: &Survey,
    ) -> Result<Vec<CopyTable>, Fault> {
        let known = match carrier.tables().await? {
            Some(known) => known,
            None => {
                let pairs = pairs(self.migration, self.plan, survey).await?;
                let live = pairs.into_iter().map(|pair| match self.live {
                    Side::Source => pair.source,
                    Side::Target => pair.target,
                });
                let live: BTreeMap<_, _> = live.map(|table| (table.name.clone(), table)).collect();
                carrier.keep(live.values()).await?;
                live
            }
        };
        let live = Catalog { tables: known, ..Catalog::default() };
        let steps = || self.plan.of(Part::Tables).filter(|step| step.is_wanted());
        let targets;
        let left = match self.live {
            Side::Source => {
                let names = steps().map(|step| &step.target);
                targets = target_tables(self.migration, names).await?;
                &targets
            }
            Side::Target => &survey.catalog,
        };
        let mut tables = Vec::new();
        for step in steps() {
            let (from, to) = match self.live {
                Side::Source => (&step.step().object.name, &step.target),
                Side::Target => (&step.target, &step.step().object.name),
            };
            // What is held is not followed.
            let Some(from) = find(&live, from) else { continue };
            let to = find(left, to).ok_or_else(|| {
                Fault::new(ErrorCode::SourceChanged, "it is not there")
                    .on(Side::Target)
                    .about(format!("table {to}"))
            })?;
            tables.push(CopyTable { source: followed(from, to), target: to.clone(), copied: None });
        }
        Ok(tables)
    }

    async fn serve(
        &self,
        (gates, moves): (Gates, Moves),
        applied: watch::Receiver<LogPosition>,
        end: &Stop,
        report: &mut Report,
    ) -> Result<Conclusion, Fault> {
        let progress = &self.migration.progress;
        if self.online.until_caught_up {
            progress.enter("catching up");
            return self.caught_up(applied, end, report).await;
        }
        progress.rest(following(self.live));
        let turning = Turning {
            migration: self.migration,
            journal: self.journal.as_ref(),
            name: &self.online.ledger_name,
            live: self.live,
            gates,
            applied,
            moves,
            continuous: self.online.continuous.as_ref(),
        };
        turning.serve(end, report).await
    }

    async fn caught_up(
        &self,
        mut applied: watch::Receiver<LogPosition>,
        end: &Stop,
        report: &mut Report,
    ) -> Result<Conclusion, Fault> {
        let endpoint = self.migration.endpoint(self.live);
        let stopped = || Fault::new(ErrorCode::Interrupted, "stopped as asked");
        let horizon = log_end::of(endpoint).await?;
        tokio::select! {
            reached = applied.wait_for(|at| at.covers(&horizon)) => {
                // The applier ended with a fault of its own, which is told.
                reached.map_err(|_ended| stopped())?;
            }
            () = end.wait() => return Err(stopped()),
        }
        let left = self.migration.endpoint(opposite(self.live));
        let held = definition::held(left, &ledger(&self.online.ledger_name, self.turn)).await?;
        let objects = held_objects(self.journal.as_ref())?.objects;
        for (table, reason) in &held {
            report.note(format!(
                "Table {table} is held since {reason}. Its changes since then are on the {} only, so there is no \
                 rollback any more without losing them.",
                self.live
            ));
        }
        for (object, HeldObject { reason, .. }) in &objects {
            report.note(format!("The {object} is on the {} only: {reason}.", self.live));
        }
        Ok(if held.is_empty() { Conclusion::Done } else { Conclusion::Incomplete })
    }

    /// The migration as stream and applier see it: from the live side to the other.
    fn directed(&self) -> Migration {
        let mut directed = self.migration.clone();
        if self.live == Side::Target {
            std::mem::swap(&mut directed.source, &mut directed.target);
        }
        directed
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
        let fault = if fault.code == ErrorCode::LogPurged {
            fault.advise(
                "what was written there since cannot be carried back, and that side is complete: end the \
                 migration with sealift finish",
            )
        } else {
            fault
        };
        match (self.live, fault.side) {
            (Side::Target, Some(side)) if fault.code != ErrorCode::Interrupted => {
                fault.on(opposite(side))
            }
            (Side::Target | Side::Source, _) => fault,
        }
    }
}
