//! `sealift run`: rows while the application writes, then change after change.

use std::collections::BTreeSet;
use std::sync::Arc;

use sealift_mysql::binlog::{self, LogPosition, RowImages, Visible};
use sealift_mysql::session::Session;
use sealift_schema::facts::{ServerFacts, Side};
use sealift_schema::name::QualifiedName;
use tokio::sync::watch;

use super::again::{Looked, is_following, left_for_later};
use super::anew::{close_ledgers, is_anew, is_online};
use super::apply::{applier, begin, ready};
use super::attempts::{Before, anew_when_moved};
use super::build::{BUILDERS, builders};
use super::complete::{Ending, complete};
use super::continuous::Continuous;
use super::failover;
use super::follow::{Course, Definitions, Follow, Moves, tell};
use super::hold::held;
use super::orders::Orders;
use super::outrun;
use super::patience::persist;
use super::prepared::{EndsOfXa, beginning, invisible};
use super::resolve::put_into_scripts;
use super::survey::Survey;
use super::tables::Tables;
use super::turning::{self, Turning};
use super::way::Opening;
use super::{Migration, apply as scripts};
use super::{turn_end, turned};
use crate::apply::{self, Mode};
use crate::copy::aside::{Aside, Left};
use crate::copy::family::Holds;
use crate::copy::gate::Gates;
use crate::copy::gated::Gated;
use crate::copy::online::Settled;
use crate::copy::{self, CopyJob, CopyTable, Reading};
use crate::definition::{self, Carrier, DefinitionLedger, Scope};
use crate::family::Families;
use crate::fault::{ErrorCode, Fault, OnServer};
use crate::follow::Standing;
use crate::journal::Journal;
use crate::log_end;
use crate::plan::read::Plan;
use crate::prepare::tables::NotEmpty;
use crate::probe::Point;
use crate::report::{Conclusion, ObjectReport, Report};
use crate::stage::{Event, HeldObjects, Memory, Part, Stage};
use crate::stop::Stop;

/// What an online run is told beside the migration itself.
#[derive(Clone, Debug)]
pub struct Online {
    /// What to do with tables on the target that hold rows before the first copy.
    pub not_empty: NotEmpty,
    /// Forget what was copied before and begin anew.
    pub restart: bool,
    /// Names the migration in the target's ledgers.
    pub ledger_name: String,
    /// How changes are written.
    pub mode: Mode,
    /// End as soon as everything is on the target that the source had when all objects were there.
    pub until_caught_up: bool,
    /// How rows are compared while changes are followed, if they are.
    pub continuous: Option<Continuous>,
}

/// Carries everything across while the source is written to, and its changes after that, until the operator
/// stops it.
///
/// # Errors
/// The first fault that concerns more than one object. Everything done so far is kept.
pub async fn online(
    migration: &Migration,
    online: &Online,
    journal: &Arc<dyn Journal>,
    report: &mut Report,
) -> Result<Conclusion, Fault> {
    let mut online = online.clone();
    let before = Before { events: journal.events()?.len(), fruitless: 0 };
    let attempt = async |report: &mut Report| {
        anew_when_moved(migration, (&mut online, before), journal, report).await
    };
    persist(migration, journal.as_ref(), report, attempt).await
}

/// Begins where journal and ledgers say that the last run, or the last attempt of this one, ended.
pub(super) async fn once(
    migration: &Migration,
    (online, before): (&mut Online, Before),
    journal: &Arc<dyn Journal>,
    report: &mut Report,
) -> Result<Conclusion, Fault> {
    turn_end::settle(migration, &online.ledger_name, journal.as_ref(), report).await?;
    refuse_ended(&scripts::stage(journal.as_ref())?, online)?;
    if turning::turns(journal.as_ref())?.switch.is_some() {
        return turned::follow(migration, online, journal, report).await;
    }
    // Definitions that are carried move on, and the plan with them.
    let are_kept = definition::are_kept(&migration.target, &online.ledger_name).await?;
    let (is_online, is_anew) = (is_online(journal.as_ref())?, is_anew(journal.as_ref())?);
    let end = || log_end::of(&migration.source);
    let held_before = held(journal.as_ref())?;
    let from = if are_kept && !is_anew { Some(end().await?) } else { None };
    let survey = if is_following(journal.as_ref())? {
        Survey::of_followed(migration, report).await?
    } else {
        Survey::take(migration, report).await?
    };
    let looked = match from {
        Some(from) => Some(Looked { from, to: end().await? }),
        None => None,
    };
    let is_begun = is_anew || are_kept || !may_be_outrun(&scripts::stage(journal.as_ref())?);
    if !is_begun {
        outrun::bring_up(migration, (&survey, online), journal.as_ref(), report).await?;
    } else if is_online || migration.folder.manifest()?.is_none() {
        super::plan::write(migration, &survey, report)?;
        put_into_scripts(&migration.folder, journal.as_ref())?;
    }
    let plan = ready(migration, &survey, report)?;
    let mut stage = begin(migration, &survey, &plan, journal.as_ref())?;
    if online.restart {
        close_ledgers(migration, &online.ledger_name).await?;
        journal.record(&Event::Restarted)?;
        (online.restart, online.not_empty) = (false, NotEmpty::Truncate);
        report.happened(&migration.clock, "began anew: what was copied before is emptied");
        stage = scripts::stage(journal.as_ref())?;
    }
    refuse_offline_state(&stage)?;
    let images = images(&stage, &survey.source);
    let survey = &survey;
    let plan = &plan;
    let run = Run { migration, online, before, journal, survey, held_before, images, looked, plan };
    run.followable().await?;
    if let Some(followed) = stage.memory().and_then(|memory| memory.all_again.as_ref()) {
        run.clear_all(followed, report).await?;
    }
    let carried = run.carry(stage, report).await?;
    if turning::turns(journal.as_ref())?.switch.is_some() {
        return turned::follow(migration, online, journal, report).await;
    }
    Ok(carried)
}

/// Whether nothing was copied, nor is by a snapshot, as far as the journal knows.
fn may_be_outrun(stage: &Stage) -> bool {
    let has_copied = |memory: &Memory| memory.snapshot.is_some() || !memory.copied.is_empty();
    stage.needs_copy() && !stage.memory().is_some_and(has_copied)
}

/// How much of a row the source's log has: decided when it was begun to be followed, for what was copied and changed
/// since was so by that.
fn images(stage: &Stage, source: &ServerFacts) -> RowImages {
    let begun = stage.memory().filter(|memory| memory.following_from.is_some());
    begun.map_or_else(|| RowImages::of(source), |memory| memory.images)
}

/// A migration that was ended, or turned, cannot begin anew: the other side has changes of its own.
fn refuse_ended(stage: &Stage, online: &Online) -> Result<(), Fault> {
    let Some(memory) = stage.memory() else { return Ok(()) };
    let was_online = memory.following_from.is_some();
    if stage.is_finished() && was_online {
        return Err(Fault::new(ErrorCode::StateForeign, "this migration was finished")
            .advise("name another folder with --state for another migration"));
    }
    if online.restart && memory.turns.switch.is_some() {
        return Err(Fault::new(ErrorCode::TurnRefused, "the migration was cut over once")
            .advise("go on without --restart, or end it with sealift finish"));
    }
    Ok(())
}

/// The state of an offline migration has no position from which changes could be followed.
fn refuse_offline_state(stage: &Stage) -> Result<(), Fault> {
    let offline = stage.memory().is_some_and(|memory| {
        memory.following_from.is_none() && (memory.snapshot.is_some() || stage.is_finished())
    });
    if !offline {
        return Ok(());
    }
    Err(Fault::new(ErrorCode::StateForeign, "the state folder holds an offline migration").advise(
        "go on with sealift run --offline, begin anew with sealift run --restart, or name another \
         folder with --state",
    ))
}

/// Where the copy meets the changes.
struct Meeting {
    gates: Gates,
    /// Tables that are copied together, and what keeps those closed that were.
    related: (Families, Holds),
    /// Tables whose definitions move meanwhile.
    aside: Aside,
    /// Tables that are copied when the others are.
    later: BTreeSet<QualifiedName>,
}

/// What the steps of one run share.
pub(super) struct Run<'a> {
    pub(super) migration: &'a Migration,
    pub(super) online: &'a Online,
    pub(super) before: Before,
    pub(super) journal: &'a Arc<dyn Journal>,
    pub(super) survey: &'a Survey,
    /// What was held before the survey, which knows of the statements that were to blame.
    pub(super) held_before: HeldObjects,
    /// How much of a row the source's log has.
    pub(super) images: RowImages,
    /// Where the source's log ended meanwhile; `None` in a migration's first run.
    pub(super) looked: Option<Looked>,
    pub(super) plan: &'a Plan,
}

impl Run<'_> {
    pub(super) fn tables(&self) -> Tables<'_> {
        Tables {
            migration: self.migration,
            survey: self.survey,
            plan: self.plan,
            journal: self.journal.as_ref(),
            ledger_name: &self.online.ledger_name,
        }
    }

    /// Makes sure that the source's log tells everything that changes.
    async fn followable(&self) -> Result<(), Fault> {
        let source = &self.survey.source;
        let mut session =
            Session::connect(&self.migration.source).await.on(Side::Source, "connect")?;
        let hindrances = binlog::hindrances(&mut session, source, self.images)
            .await
            .on(Side::Source, "see whether its binary log can be followed")?;
        session.close().await;
        if let Some(first) = hindrances.first() {
            let all: Vec<&str> = hindrances.iter().map(|found| found.what.as_str()).collect();
            return Err(Fault::new(ErrorCode::ServerUnsuitable, all.join("; "))
                .on(Side::Source)
                .advise(first.remedy.clone()));
        }
        Families::of(source, self.images, &self.tables().wanted()).map(drop)
    }

    /// Copies and follows until it is stopped, or caught up if that was wished.
    async fn carry(&self, stage: Stage, report: &mut Report) -> Result<Conclusion, Fault> {
        let migration = self.migration;
        let Left { tables: later, is_plan_old } = self.made_anew(&stage, report).await?;
        if stage.needs_copy() {
            let plan = self.plan_without(&later, |_part| true);
            let tables = Tables { plan: &plan, ..self.tables() };
            tables.prepare(&stage, self.online.not_empty, None, report).await?;
        }
        self.start(&stage).await?;
        if self.looked.is_none() {
            self.keep_unmoved(report).await?;
        }
        let stage = scripts::stage(self.journal.as_ref())?;
        let standing = Standing::default();
        let aside = Aside::default();
        if is_plan_old {
            let _open = aside.outdate_plan().is_ok();
        }
        let course = Course::Lasting(aside.clone());
        let (mut follow, jobs) = self.follow(&stage, &standing, (later.clone(), course)).await?;
        let related = (follow.way.families.clone(), std::mem::take(&mut follow.way.holds));
        let gates = Meeting { gates: follow.way.gates.clone(), related, aside, later };
        let applied = follow.opening.applied.subscribe();
        let (end, moves) = (follow.end.clone(), follow.moves.clone());
        let moving = tell(applied.clone(), &standing, &end);
        let following = async {
            let followed = follow.run().await;
            if followed.is_err() {
                end.request();
            }
            followed
        };
        let carrying = async {
            let carried = self
                .carry_tables(stage, jobs, gates, applied, (&standing, &end, moves), report)
                .await;
            end.request();
            carried
        };
        // What the copy still does is of no use without its changes: it ends as by a crash.
        let both = async {
            tokio::pin!(following, carrying);
            tokio::select! {
                followed = &mut following => match followed {
                    Ok(position) => Ok((position, carrying.await)),
                    Err(fault) => Err(fault),
                },
                carried = &mut carrying => following.await.map(|position| (position, carried)),
            }
        };
        let stopping = async {
            tokio::select! {
                () = migration.stop.wait() => end.request(),
                () = end.wait() => {}
            }
        };
        let work = async { tokio::join!(both, stopping, moving) };
        let (done, (), ()) = migration.watched(Some(standing.clone()), Box::pin(work)).await;
        let (position, carried) = done?;
        report.position = Some(position);
        carried
    }

    /// Decides where changes are followed from, once for all runs.
    async fn start(&self, stage: &Stage) -> Result<(), Fault> {
        let Migration { source, target, .. } = self.migration;
        let name = &self.online.ledger_name;
        let standing = apply::standing(target, name).await?;
        let journaled = stage.memory().and_then(|memory| memory.following_from.clone());
        // Nothing was read or applied from a position whose definitions are not kept, and they may have moved since.
        let is_unused = self.looked.is_none()
            && may_be_outrun(stage)
            && copy::begun(target, name).await?.is_empty();
        let oldest = standing.as_ref().and_then(apply::Standing::oldest);
        let from = match (oldest, journaled) {
            (Some(_), _) if is_unused => self.take_position().await?,
            (Some(at), Some(_)) => {
                let newest = standing.as_ref().and_then(apply::Standing::newest);
                return failover::holds(source, newest.unwrap_or(at)).await;
            }
            // The ledger was written, the journal not yet.
            (Some(at), None) => at.clone(),
            (None, Some(_)) => {
                let what = "the target's ledger of applied changes is gone";
                return Err(Fault::new(ErrorCode::LedgerMismatch, what).on(Side::Target));
            }
            (None, None) => self.take_position().await?,
        };
        self.journal.record(&Event::FollowingFrom { position: from, images: self.images })?;
        self.migration.probe.pass(Point::PositionKnown);
        Ok(())
    }

    /// Takes the position that the source is at for where changes are followed from.
    async fn take_position(&self) -> Result<LogPosition, Fault> {
        let Migration { source, target, .. } = self.migration;
        let mut session = Session::connect(source).await.on(Side::Source, "connect")?;
        let visible = Visible::of(&mut session).await.map_err(invisible)?;
        let from = beginning(&visible, &mut session).await?;
        session.close().await;
        apply::begin_anew(target, &self.online.ledger_name, &from).await?;
        Ok(from)
    }

    /// Ends what an earlier run left on the target, and gets everything ready that changes pass. Tells also which
    /// tables they are of, as both sides have them at the applied position.
    pub(super) async fn follow(
        &self,
        stage: &Stage,
        standing: &Standing,
        (left_out, course): (BTreeSet<QualifiedName>, Course),
    ) -> Result<(Follow<'_>, Vec<CopyTable>), Fault> {
        let carrier = self.carrier();
        let mut opening = Opening::new(
            self.migration,
            (&self.survey.source, &self.survey.target, self.images),
            &self.online.ledger_name,
            self.online.mode,
        );
        let mut unsettled = BTreeSet::new();
        let mut jobs = match carrier.tables().await? {
            Some(mut known) => {
                unsettled = carrier.made().await?;
                known.retain(|table, _| !left_out.contains(table));
                opening.tables(known, &BTreeSet::new(), &carrier.context).await?
            }
            None => {
                let jobs = self.tables().jobs(stage.memory()).await?;
                carrier.keep(jobs.iter().map(|job| &job.source)).await?;
                jobs
            }
        };
        if !matches!(stage, Stage::Following(_)) {
            unsettled.extend(jobs.iter().map(|job| job.source.name.clone()));
        }
        let copied = stage.memory().map(|memory| &memory.copied);
        for job in &mut jobs {
            job.copied = copied.and_then(|copied| copied.get(&job.source.name).copied());
        }
        let way = opening.open(&jobs, &unsettled).await?;
        standing.held(carrier.held().await?);
        standing.held_objects(held(self.journal.as_ref())?.reasons());
        let follow = Follow {
            way,
            opening,
            definitions: Definitions::Carried(carrier),
            journal: self.journal.as_ref(),
            control: &self.migration.control,
            standing: standing.clone(),
            surveyed: self.looked.as_ref().map(|looked| looked.from.clone()),
            left_out,
            course,
            moves: Moves::default(),
            ends_of_xa: EndsOfXa::of(&self.migration.source),
            orders: Some(Orders::open(self.migration)),
            end: Stop::new(),
        };
        Ok((follow, jobs))
    }

    /// Carries statements of the source's log that change definitions.
    pub(super) fn carrier(&self) -> Carrier<'_> {
        Carrier {
            target: &self.migration.target,
            definers: self.migration.definers.as_ref(),
            ledger: DefinitionLedger::of(self.online.ledger_name.as_str()),
            context: self.survey.context(self.migration),
            scope: self.scope(),
            probe: &self.migration.probe,
        }
    }

    /// Which statements of the source's log are about something migrated.
    fn scope(&self) -> Scope {
        // A table without its keys is a table all the same.
        let is_whole = |part| !matches!(part, Part::Indexes | Part::ForeignKeys);
        let left_out = self.plan.steps.iter().filter(|step| !step.is_wanted());
        let left_out = left_out.filter(|step| is_whole(step.step().part));
        Scope {
            selection: self.migration.selection.clone().on(&self.survey.source),
            skipped: left_out.map(|step| step.step().object.clone()).collect(),
            schemas: self.survey.catalog.schemas.keys().cloned().collect(),
            source: self.survey.source.version,
        }
    }

    /// Copies what is missing and makes all objects that may stand on changing tables; then waits.
    async fn carry_tables(
        &self,
        stage: Stage,
        jobs: Vec<CopyTable>,
        meeting: Meeting,
        applied: watch::Receiver<LogPosition>,
        (standing, end, moves): (&Standing, &Stop, Moves),
        report: &mut Report,
    ) -> Result<Conclusion, Fault> {
        let migration = self.migration;
        let made = self.carrier().made().await?;
        let (gates, aside, later) =
            (meeting.gates.clone(), meeting.aside.clone(), meeting.later.clone());
        if stage.needs_copy() || !made.is_empty() {
            let is_wanted = |job: &CopyTable| stage.needs_copy() || made.contains(&job.source.name);
            let jobs = jobs.into_iter().filter(is_wanted).collect();
            self.copy(jobs, meeting, applied.clone(), report).await?;
        } else {
            // What was held is copied and has its indexes.
            drop(meeting);
        }
        let Left { tables, is_plan_old } = aside.close();
        // A reader may have found one moved before the log told of it: then nobody has said yet that it is due, and below
        // it would be taken for copied.
        self.carrier().mark(&tables).await?;
        if !later.is_empty() {
            self.follow_on(end).await?;
            return Err(left_for_later(later.len() + tables.len()));
        }
        let name = &self.online.ledger_name;
        let journal = self.journal.as_ref();
        if stage.needs_copy() {
            migration.probe.pass(Point::Copied);
            self.journal.record(&Event::Copied)?;
        }
        // What the plan made once, the source's own statements change from then on.
        if !matches!(stage, Stage::Following(_)) {
            // Keys of what is set aside come with its next copy.
            let is_key = |part| matches!(part, Part::Indexes | Part::ForeignKeys);
            let plan = self.plan_without(&tables, is_key);
            let conclusion =
                complete(migration, Ending::Following, name, &plan, journal, report).await?;
            if conclusion != Conclusion::Done {
                return Ok(conclusion);
            }
        } else if !made.is_empty() {
            let done: BTreeSet<_> = made.difference(&tables).cloned().collect();
            let conclusion = self.complete_again(&done, report).await?;
            if conclusion != Conclusion::Done {
                return Ok(conclusion);
            }
        }
        self.carrier().settled(&made).await?;
        if is_plan_old || !tables.is_empty() {
            self.follow_on(end).await?;
            return Err(left_for_later(tables.len()));
        }
        standing.copied();
        self.catch_up(applied.clone(), end).await?;
        self.resolve_held((&moves, end), report).await?;
        let (tables, objects) = (self.carrier().held().await?, held(journal)?.objects);
        standing.held(tables.clone());
        standing.held_objects(held(journal)?.reasons());
        if !tables.is_empty() || !objects.is_empty() {
            return self.caught_up_but((tables, objects), (standing, end), report).await;
        }
        report.happened(&migration.clock, "caught up with the source: ready to cut over");
        if self.online.until_caught_up {
            return Ok(Conclusion::Done);
        }
        migration.progress.rest(turning::following(Side::Source));
        let live = Side::Source;
        let continuous = self.online.continuous.as_ref();
        let turning = Turning { migration, journal, name, live, gates, applied, moves, continuous };
        turning.serve(end, report).await
    }

    /// Waits until everything is applied that the source has now.
    async fn catch_up(
        &self,
        mut applied: watch::Receiver<LogPosition>,
        end: &Stop,
    ) -> Result<(), Fault> {
        let horizon = log_end::of(&self.migration.source).await?;
        self.migration.progress.enter("catching up");
        tokio::select! {
            // Where nobody applies any more, the applier has told of its own fault.
            Ok(_reached) = applied.wait_for(|at| at.covers(&horizon)) => Ok(()),
            () = end.wait() => Err(Fault::new(ErrorCode::Interrupted, "stopped as asked")),
        }
    }

    async fn copy(
        &self,
        jobs: Vec<CopyTable>,
        Meeting { gates, related: (families, holds), aside, later: _ }: Meeting,
        applied: watch::Receiver<LogPosition>,
        report: &mut Report,
    ) -> Result<(), Fault> {
        let migration = self.migration;
        migration.progress.update(|board| {
            for job in &jobs {
                let line = board.tables.entry(job.source.name.clone()).or_default();
                line.rows_expected = job.source.rows_estimate;
            }
        });
        migration.progress.enter("copying, changes beside");
        let applier = applier(migration, self.plan, self.journal.as_ref());
        let indexes = applier.indexes().await?;
        let (relay, builders) = builders();
        let settled = Settled {
            source: migration.source.clone(),
            gates: gates.clone(),
            applied,
            then: Arc::new(relay),
            aside: aside.clone(),
            stop: migration.stop.clone(),
        };
        let job = CopyJob {
            migration: self.online.ledger_name.clone(),
            reading: Reading::Gated(Gated {
                source: migration.source.clone(),
                workers: migration.workers,
                gates,
                clock: migration.clock.clone(),
                control: self.migration.control.clone(),
                families,
                holds,
                aside,
            }),
            target: migration.target.clone(),
            tables: jobs,
            sizes: copy::Sizes::default(),
            after_table: Arc::new(settled),
            builders: BUILDERS,
            journal: Arc::clone(self.journal),
            progress: migration.progress.clone(),
            probe: migration.probe.clone(),
            stop: migration.stop.clone(),
        };
        let begun = migration.clock.elapsed();
        let at_once = async |_table: &QualifiedName| Ok(());
        let (copied, ()) = tokio::join!(copy::tables(job), builders.work(&indexes, at_once));
        let elapsed = migration.clock.elapsed().saturating_sub(begun);
        self.tables().tell(self.before.events, report)?;
        report.objects.extend(builders.results().iter().map(ObjectReport::from));
        let copied = copied?;
        let rows: u64 = copied.rows.values().sum();
        let count = copied.rows.len();
        let seconds = elapsed.as_secs_f64();
        let said = format!("copied {rows} rows of {count} tables in {seconds:.1} s");
        report.happened(&migration.clock, said);
        Ok(())
    }
}
