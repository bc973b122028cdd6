//! Carries scripts out on the target: only what is missing, one result per script.

mod carry;
mod counters;
mod left_out;
mod present;
mod statements;
mod with_keys;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::try_join_all;
use sealift_mysql::endpoint::Endpoint;
use sealift_schema::name::{ObjectKind, QualifiedName};

pub use self::carry::Hand;
use self::carry::{Work, work};
pub(crate) use self::carry::{definer, is_general};
use self::present::Present;
pub use self::with_keys::SmallTables;
use self::with_keys::{IndexScripts, Together};
use super::read::{Plan, PlanStep};
use super::script::step_words;
use crate::clock::Clock;
use crate::fault::{ErrorCode, Fault};
use crate::journal::Journal;
use crate::probe::{Point, Probe};
use crate::progress::Progress;
use crate::report::{ObjectReport, ObjectResult};
use crate::stage::{Event, Part, Stage, Step};
use crate::stop::Stop;
use crate::target::definers::{Definers, same_account};

/// Sessions that create tables at the same time: while one waits for the target's disk the others go on.
/// More than this brought nothing where it was measured.
const SESSIONS_MAX: usize = 8;

/// Scripts the journal is told of together. A person's script of several statements that was cut off is
/// looked at again by that person, so the number is small.
const BATCH_SCRIPTS: usize = 16;

/// What became of one script.
#[derive(Debug)]
pub enum Outcome {
    /// Executed now.
    Created,
    /// All of it was on the target.
    AlreadyThere,
    /// Not carried out, and why.
    Skipped(String),
    /// Refused by the target, or not fit to be executed. The others went on.
    Failed(Fault),
}

/// One script's result.
#[derive(Debug)]
pub struct StepResult {
    /// What it makes.
    pub step: Step,
    /// Path below the plan's folder.
    pub file: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Time it took.
    pub elapsed: Duration,
}

impl StepResult {
    /// The fault, if it failed.
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        match &self.outcome {
            Outcome::Failed(fault) => Some(fault),
            Outcome::Created | Outcome::AlreadyThere | Outcome::Skipped(_) => None,
        }
    }
}

impl From<&StepResult> for ObjectReport {
    fn from(result: &StepResult) -> Self {
        Self {
            object: result.step.object.clone(),
            part: result.step.part,
            result: match &result.outcome {
                Outcome::Created => ObjectResult::Created,
                Outcome::AlreadyThere => ObjectResult::Present,
                Outcome::Skipped(_) => ObjectResult::Skipped,
                Outcome::Failed(fault) => ObjectResult::Failed(with_advice(fault)),
            },
            elapsed_ms: u64::try_from(result.elapsed.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// What happened, and what to do where that is more than the code's own remedy.
fn with_advice(fault: &Fault) -> String {
    match &fault.advice {
        Some(advice) => format!("{fault}; {advice}"),
        None => fault.to_string(),
    }
}

/// Everything needed to carry scripts out.
#[derive(Clone, Copy)]
pub struct Applier<'a> {
    /// The target.
    pub target: &'a Endpoint,
    /// In whose names objects are made that keep their definers; `None`: in those that scripts name.
    pub definers: Option<&'a Definers>,
    /// The plan.
    pub plan: &'a Plan,
    /// Tables whose indexes are made with them; `None`: never.
    pub small: Option<&'a SmallTables>,
    /// Told of every script before and after.
    pub journal: &'a dyn Journal,
    /// Shown what is being made.
    pub progress: &'a Progress,
    /// Points where a test may end the process.
    pub probe: &'a Probe,
    /// Asked between scripts.
    pub stop: &'a Stop,
    /// Measures each script.
    pub clock: &'a Clock,
}

impl Applier<'_> {
    /// Carries out the scripts of some parts, in the plan's order. What is on the target already is not
    /// touched; a script that fails does not stop the others. May be called again after a fix or a crash.
    ///
    /// # Errors
    /// What concerns all scripts: the target cannot be reached, is read-only or full, the journal cannot
    /// be written, or a stop was asked for.
    pub async fn apply(&self, parts: &[Part]) -> Result<Vec<StepResult>, Fault> {
        let mut results = Vec::new();
        for part in Part::ALL.into_iter().filter(|part| parts.contains(part)) {
            let made: BTreeSet<Step> =
                results.iter().map(|result: &StepResult| result.step.clone()).collect();
            results.extend(self.apply_part(part, &made).await?);
        }
        Ok(results)
    }

    /// Gets ready to add the secondary indexes of single tables, as soon as each one's rows are there.
    ///
    /// # Errors
    /// When the target or the journal cannot be asked.
    pub async fn indexes(&self) -> Result<Indexes<'_>, Fault> {
        let steps: Vec<&PlanStep> = self.plan.of(Part::Indexes).collect();
        let by_table =
            steps.iter().enumerate().map(|(at, step)| (&step.step().object.name, at)).collect();
        let mut hand = Hand::log_in(self.target).await?;
        let round = self.round(Part::Indexes, steps, &mut hand).await?;
        Ok(Indexes { round, by_table })
    }

    /// Carries out the scripts of a part, but for those that were made along with another part.
    async fn apply_part(
        &self,
        part: Part,
        made: &BTreeSet<Step>,
    ) -> Result<Vec<StepResult>, Fault> {
        let steps: Vec<&PlanStep> =
            self.plan.of(part).filter(|step| !made.contains(step.step())).collect();
        let mut results = self.carry_out(part, &steps).await?;
        if part == Part::Views {
            self.try_views_again(&steps, &mut results).await?;
        }
        Ok(results)
    }

    /// A view may read another one that the catalog did not tell of: as long as some come to be, the
    /// others get another try.
    async fn try_views_again(
        &self,
        steps: &[&PlanStep],
        results: &mut [StepResult],
    ) -> Result<(), Fault> {
        loop {
            let failed: Vec<usize> = (0..results.len())
                .filter(|at| results.get(*at).is_some_and(|result| result.fault().is_some()))
                .collect();
            let again: Vec<&PlanStep> =
                failed.iter().filter_map(|at| steps.get(*at)).copied().collect();
            if again.is_empty() || again.len() == steps.len() {
                return Ok(());
            }
            let mut progress = false;
            for (at, result) in failed.into_iter().zip(self.carry_out(Part::Views, &again).await?) {
                progress |= result.fault().is_none();
                if let Some(slot) = results.get_mut(at) {
                    *slot = result;
                }
            }
            if !progress {
                return Ok(());
            }
        }
    }

    async fn carry_out(&self, part: Part, steps: &[&PlanStep]) -> Result<Vec<StepResult>, Fault> {
        if steps.is_empty() {
            return Ok(Vec::new());
        }
        let mut first = Hand::log_in(self.target).await?;
        let round = self.round(part, steps.to_vec(), &mut first).await?;
        let mut hands = vec![first];
        while hands.len() < sessions_for(part, steps.len()) {
            hands.push(Hand::log_in(self.target).await?);
        }
        let done = try_join_all(hands.into_iter().map(|hand| round.work_off(hand))).await?;
        let mut results: Vec<(usize, StepResult)> = done.into_iter().flatten().collect();
        results.sort_by_key(|(at, _)| *at);
        Ok(results.into_iter().map(|(_, result)| result).collect())
    }

    async fn round<'r>(
        &'r self,
        part: Part,
        steps: Vec<&'r PlanStep>,
        hand: &mut Hand,
    ) -> Result<Round<'r>, Fault> {
        let names = steps.iter().flat_map(|step| step.reads.iter().chain([&step.target]));
        let schemas = names.map(|name| name.schema.as_str()).collect();
        let parts: &[Part] = match part {
            Part::Indexes | Part::ForeignKeys | Part::Triggers => &[part, Part::Tables],
            Part::Schemas | Part::Tables | Part::Routines | Part::Views | Part::Events => &[part],
        };
        let present = Present::ask(hand.session(), parts, &schemas).await?;
        let memory = Memory::read(self.journal)?;
        let indexes = match (part, self.small) {
            (Part::Tables, Some(small)) => IndexScripts::of(self.plan, small),
            _ => IndexScripts::default(),
        };
        let left_out = match part {
            Part::Views => left_out::views(self.plan, &present),
            Part::Schemas
            | Part::Tables
            | Part::Indexes
            | Part::ForeignKeys
            | Part::Routines
            | Part::Triggers
            | Part::Events => BTreeMap::new(),
        };
        let next = AtomicUsize::new(0);
        let own = match self.definers {
            Some(_) => hand.account().await?,
            None => String::new(),
        };
        Ok(Round { applier: self, steps, indexes, left_out, present, memory, next, own })
    }
}

/// Adds the secondary indexes of single tables.
pub struct Indexes<'a> {
    round: Round<'a>,
    by_table: BTreeMap<&'a QualifiedName, usize>,
}

impl Indexes<'_> {
    /// Logs a session in that can be handed to [`Indexes::add`].
    ///
    /// # Errors
    /// When the target cannot be reached.
    pub async fn session(&self) -> Result<Hand, Fault> {
        Hand::log_in(self.round.applier.target).await
    }

    /// Adds a table's indexes that are missing; `None` when the plan has none for it. `table` is the
    /// source's name.
    ///
    /// # Errors
    /// As [`Applier::apply`].
    pub async fn add(
        &self,
        hand: &mut Hand,
        table: &QualifiedName,
    ) -> Result<Option<StepResult>, Fault> {
        let step = self.by_table.get(table).and_then(|at| self.round.steps.get(*at));
        match step {
            Some(step) => {
                let results = self.round.batch(hand, &[(0, *step)]).await?;
                Ok(results.into_iter().next().map(|(_, result)| result))
            }
            None => Ok(None),
        }
    }
}

/// Tables do not depend on each other, and neither do their indexes. Foreign keys lock two tables each, the
/// others may depend on each other: one at a time.
fn sessions_for(part: Part, steps: usize) -> usize {
    match part {
        Part::Tables => SESSIONS_MAX.min(steps),
        Part::Indexes => 2.min(steps),
        Part::Schemas
        | Part::ForeignKeys
        | Part::Routines
        | Part::Views
        | Part::Triggers
        | Part::Events => 1,
    }
}

/// What the journal says of scripts.
struct Memory {
    begun: BTreeSet<Step>,
    done: BTreeSet<Step>,
}

impl Memory {
    fn read(journal: &dyn Journal) -> Result<Self, Fault> {
        let stage = Stage::replay(&journal.events()?).map_err(|error| {
            Fault::new(ErrorCode::StateBroken, "read the journal").because(error)
        })?;
        let memory = stage.memory();
        Ok(Self {
            begun: memory.map(|m| m.begun.clone()).unwrap_or_default(),
            done: memory.map(|m| m.done.clone()).unwrap_or_default(),
        })
    }
}

/// One list of scripts, worked off by several sessions.
struct Round<'a> {
    applier: &'a Applier<'a>,
    steps: Vec<&'a PlanStep>,
    /// Scripts of indexes that may be made with their tables.
    indexes: IndexScripts<'a>,
    /// Views that cannot be made, and why.
    left_out: BTreeMap<Step, String>,
    present: Present,
    memory: Memory,
    next: AtomicUsize,
    /// The account of our login, if that is asked for.
    own: String,
}

/// One script of a round, and what is to be done for it.
struct Job<'a> {
    at: usize,
    step: &'a PlanStep,
    work: Work,
    /// The same deeds with the table's indexes in them.
    together: Option<Together<'a>>,
}

impl Job<'_> {
    /// What the journal is told before.
    fn begun(&self) -> impl Iterator<Item = Event> {
        let own = matches!(self.work, Work::Deeds(_)).then_some(self.step);
        let indexes = self.together.as_ref().map(|together| together.indexes);
        let steps = own.into_iter().chain(indexes);
        steps.map(|step| Event::ObjectBegun { step: step.step().clone() })
    }
}

impl<'r> Round<'r> {
    async fn work_off(&self, mut hand: Hand) -> Result<Vec<(usize, StepResult)>, Fault> {
        let mut results = Vec::new();
        loop {
            let first = self.next.fetch_add(BATCH_SCRIPTS, Ordering::Relaxed);
            let batch: Vec<(usize, &'r PlanStep)> =
                self.steps.iter().copied().enumerate().skip(first).take(BATCH_SCRIPTS).collect();
            if batch.is_empty() {
                return Ok(results);
            }
            results.extend(self.batch(&mut hand, &batch).await?);
        }
    }

    /// Works a few scripts off, one after the other. The journal is told of them together, since each
    /// telling waits for the disk.
    async fn batch(
        &self,
        hand: &mut Hand,
        batch: &[(usize, &'r PlanStep)],
    ) -> Result<Vec<(usize, StepResult)>, Fault> {
        let Applier { stop, journal, .. } = self.applier;
        let jobs: Vec<Job<'_>> = batch.iter().map(|(at, step)| self.job(*at, step)).collect();
        let begun: Vec<Event> = jobs.iter().flat_map(Job::begun).collect();
        stop.check()?;
        journal.record_all(&begun)?;
        let mut results = Vec::new();
        let worked_off = self.each(hand, jobs, &mut results).await;
        let news = results.iter().filter(|(_, result)| self.is_news(result));
        let done: Vec<Event> =
            news.map(|(_, result)| Event::ObjectDone { step: result.step.clone() }).collect();
        // What was done is told even if the rest could not be.
        journal.record_all(&done)?;
        worked_off.map(|()| results)
    }

    async fn each(
        &self,
        hand: &mut Hand,
        jobs: Vec<Job<'_>>,
        results: &mut Vec<(usize, StepResult)>,
    ) -> Result<(), Fault> {
        for job in jobs {
            self.applier.stop.check()?;
            let at = job.at;
            let done = self.measured(hand, job).await?;
            results.extend(done.into_iter().map(|result| (at, result)));
        }
        Ok(())
    }

    /// Whether the journal does not know yet that a script is done.
    fn is_news(&self, result: &StepResult) -> bool {
        match result.outcome {
            Outcome::Created => true,
            Outcome::AlreadyThere => !self.memory.done.contains(&result.step),
            Outcome::Skipped(_) | Outcome::Failed(_) => false,
        }
    }

    /// Carries a script out; where its indexes came with it, there is a result for them too.
    async fn measured(&self, hand: &mut Hand, job: Job<'_>) -> Result<Vec<StepResult>, Fault> {
        let Job { at: _, step, work, together } = job;
        let begun = self.applier.clock.elapsed();
        let mut made = vec![step];
        let outcome = match work {
            Work::Nothing(outcome) => outcome,
            Work::Deeds(deeds) => {
                let indexes = self.together(hand, step, together).await?;
                if indexes.is_some() {
                    made.extend(indexes);
                    Outcome::Created
                } else {
                    self.deeds(hand, step, &deeds).await?
                }
            }
        };
        let elapsed = self.applier.clock.elapsed().saturating_sub(begun);
        let mut outcomes = vec![outcome];
        outcomes.resize_with(made.len(), || Outcome::Created);
        let results = made.into_iter().zip(outcomes).map(|(step, outcome)| StepResult {
            step: step.step().clone(),
            file: step.file.clone(),
            outcome,
            elapsed,
        });
        Ok(results.collect())
    }

    /// Makes a table with its indexes and returns their script. `None`: they have to be made one after the
    /// other. That is also what follows when the target refuses both at once, so that the script is named
    /// whose fault it is.
    async fn together<'t>(
        &self,
        hand: &mut Hand,
        step: &PlanStep,
        together: Option<Together<'t>>,
    ) -> Result<Option<&'t PlanStep>, Fault> {
        let Some(Together { statement, indexes }) = together else { return Ok(None) };
        let made = self.deeds(hand, step, &[statement]).await?;
        if let Outcome::Failed(fault) = &made {
            tracing::debug!(%fault, "a table is made without its indexes");
            return Ok(None);
        }
        Ok(Some(indexes))
    }

    async fn deeds(
        &self,
        hand: &mut Hand,
        step: &PlanStep,
        deeds: &[String],
    ) -> Result<Outcome, Fault> {
        let Applier { target, progress, probe, .. } = self.applier;
        progress.doing(format!("creating {}", step_words(step.step())));
        probe.pass(Point::ObjectBegun);
        let (hand, login) = match self.definer(step) {
            None => (hand, *target),
            Some((definers, definer)) => match hand.of(definers, &definer).await? {
                Ok(hand) => (hand, definers.login(&definer)?),
                Err(fault) => return Ok(Outcome::Failed(fault.about(step_words(step.step())))),
            },
        };
        match hand.carry(login, step, deeds).await? {
            Ok(()) => {
                probe.pass(Point::ObjectExecuted);
                Ok(Outcome::Created)
            }
            Err(fault) => Ok(Outcome::Failed(fault)),
        }
    }

    /// In whose name a script is carried out, if not in ours.
    fn definer(&self, step: &PlanStep) -> Option<(&'r Definers, String)> {
        let definers = self.applier.definers?;
        let definer = definer(&step.script.body)?;
        (!same_account(&definer, &self.own)).then_some((definers, definer))
    }

    fn job(&self, at: usize, step: &'r PlanStep) -> Job<'r> {
        let work = self.work(step);
        let together = match &work {
            Work::Deeds(deeds) => self.indexes.with(step, deeds),
            Work::Nothing(_) => None,
        };
        Job { at, step, work, together }
    }

    fn work(&self, step: &PlanStep) -> Work {
        if let Some(why) = self.reason_to_skip(step) {
            return Work::Nothing(Outcome::Skipped(why));
        }
        let begun = self.memory.begun.contains(step.step());
        let done = self.memory.done.contains(step.step());
        work(step, &self.present, begun, done)
    }

    fn reason_to_skip(&self, step: &PlanStep) -> Option<String> {
        if !step.is_wanted() {
            let reason = step.notes.iter().find(|note| note.stops());
            return Some(
                reason.map_or_else(|| "its script says skip".into(), super::draft::Note::line),
            );
        }
        if let Some(why) = self.left_out.get(step.step()) {
            return Some(why.clone());
        }
        let table = step.table.as_ref()?;
        let missing = !self.present.has(ObjectKind::Table, table);
        missing.then(|| format!("its table {table} is not on the target"))
    }
}
