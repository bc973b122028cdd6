//! Turns: what `sealift cutover` and `sealift rollback` do while changes are followed.
//!
//! Wiring of `crates/engine/src/cutover`. Everything that was done until the switch is taken back by one function
//! ([`undo`]), everything that comes after it is done by another ([`after`]); both may be repeated, and both are
//! what the next command calls after a crash ([`settle`]).

use std::time::Duration;

use sealift_mysql::binlog::LogPosition;
use sealift_schema::facts::Side;
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

use super::continuous::{self, Continuous};
use super::follow::Moves;
use super::turn_check::{Check, Prepared, refuse_held, unmeasured};
use super::turn_end::{End, after, ledger, undo};
use super::{Migration, apply as scripts};
use crate::copy::gate::{Gate, Gates};
use crate::cutover::{
    Approach, ConfirmJob, Confirmed, Counters, Fence, Found, Freed, Hook, HookFacts, Measuring,
    Opening, Then, TurnAsk, TurnOutcome, TurnRecord, TurnWish, Wish, drained, make_triggers, open,
};
use crate::definition;
use crate::fault::{ErrorCode, Fault};
use crate::journal::Journal;
use crate::log_end;
use crate::plan::read::Plan;
use crate::probe::Point;
use crate::report::{Conclusion, FaultReport, Report};
use crate::stage::{Event, Part, TurnEvent, Turns};
use crate::stop::Stop;

/// How long a turn waits for changes that are far behind, before a server is touched: longer ones are no moment to
/// turn, and whoever asked would have looked away.
const CATCH_UP: Duration = Duration::from_secs(600);

/// How long it waits for them once more, right before writes are kept out: the fence's triggers are there by then.
const CATCH_UP_AGAIN: Duration = Duration::from_secs(20);

/// How long a comparison may take to end its statement before a turn.
const ENOUGH: Duration = Duration::from_secs(2);

/// How long a client may take to be accepted again after a turn that was taken back: nobody has moved its traffic.
const ACCEPTED_AGAIN: Duration = Duration::from_secs(5);

/// Everything a turn needs while changes are followed.
pub(super) struct Turning<'a> {
    /// The migration, source to target, whichever way changes are followed.
    pub(super) migration: &'a Migration,
    pub(super) journal: &'a dyn Journal,
    /// Names the migration on the servers.
    pub(super) name: &'a str,
    /// The side that is live.
    pub(super) live: Side,
    /// What the changes of the live side pass, also when a definition was carried.
    pub(super) gates: Gates,
    /// How far they are applied.
    pub(super) applied: watch::Receiver<LogPosition>,
    /// How many statements about definitions are among them.
    pub(super) moves: Moves,
    /// How rows are compared between turns, if they are.
    pub(super) continuous: Option<&'a Continuous>,
}

/// Whoever asked for a turn, for as long as they wait for it.
type Asker = oneshot::Sender<TurnRecord>;

/// What comes after a turn.
enum Next {
    /// The side is live that was: changes are followed as before.
    Follow,
    /// The other side is live.
    Turned,
}

impl Turning<'_> {
    /// Makes turns as they are asked for, until one of them has made the other side live or the run ends.
    pub(super) async fn serve(&self, end: &Stop, report: &mut Report) -> Result<Conclusion, Fault> {
        let desk = self.migration.turning.desk.open();
        loop {
            let enough = Stop::new();
            let comparing = self.compare(&enough);
            tokio::pin!(comparing);
            let Wish { ask, mut reply, then } = tokio::select! {
                wish = desk.next() => wish,
                () = end.wait() => {
                    self.tell_differing(report);
                    return Err(Fault::new(ErrorCode::Interrupted, "stopped as asked"));
                }
                // It ends when it has to.
                () = &mut comparing => continue,
            };
            // A statement that reads a table holds whoever gives it a trigger up.
            enough.request();
            let _ended = timeout(ENOUGH, comparing).await.is_ok();
            let mut record = TurnRecord::begin(&ask, self.live, &self.migration.clock);
            let next = self.turn(&ask, &mut record, &mut reply).await;
            self.tell(&record, report);
            // Whoever asked may have gone meanwhile: the record says it all.
            let _unheard = reply.send(record).is_err();
            match (next?, then) {
                (Next::Turned, _) | (Next::Follow, Then::End) => return Ok(Conclusion::Done),
                (Next::Follow, Then::GoOn) => {}
            }
        }
    }

    /// Compares rows all the time, if that is wished, until it is enough.
    async fn compare(&self, enough: &Stop) {
        match self.continuous {
            Some(continuous) => continuous::compare(self, continuous, enough).await,
            None => enough.wait().await,
        }
    }

    /// What that has found belongs into the report.
    fn tell_differing(&self, report: &mut Report) {
        let comparing = self.migration.progress.snapshot().comparing;
        for table in comparing.into_iter().flat_map(|comparing| comparing.differing) {
            report.note(format!(
                "{table}. sealift verify tells all of it, sealift repair makes the rows equal."
            ));
        }
    }

    fn tell(&self, record: &TurnRecord, report: &mut Report) {
        let clock = &self.migration.clock;
        let what = record.ask.wish.word();
        let said = match (record.outcome, record.refused_ms) {
            (TurnOutcome::Switched | TurnOutcome::Unfinished, ms) => {
                let ms = ms.unwrap_or(0);
                format!("{what}: the {} is live; writes were kept out for {ms} ms", record.live)
            }
            (TurnOutcome::Rehearsed, ms) => {
                format!("{what} rehearsed: writes were kept out for {} ms", ms.unwrap_or(0))
            }
            (TurnOutcome::Refused, _) => {
                let why = record.error.as_ref().map_or("", |error: &FaultReport| &error.what);
                format!("{what} refused: {why}")
            }
        };
        report.happened(clock, said);
        report.turns.push(record.clone());
        self.migration.turning.keep.keep(record);
        // Otherwise the other direction is opened first.
        if record.live == self.live {
            self.migration.progress.rest(following(self.live));
        }
    }

    /// Makes one turn. An error is one that ends the run: the next command goes on with what is left of it.
    async fn turn(
        &self,
        ask: &TurnAsk,
        record: &mut TurnRecord,
        asker: &mut Asker,
    ) -> Result<Next, Fault> {
        let clock = &self.migration.clock;
        let prepared = match self.prepare(ask, record, asker).await {
            Ok(prepared) => prepared,
            Err(fault) => {
                record.failed(&fault);
                record.did(clock, "refused before anything was touched");
                return Ok(Next::Follow);
            }
        };
        let guard = self.migration.turning.guards.post();
        if let Err(why) = &guard {
            record
                .notes
                .push(format!("Nobody would have ended the turn for a dead process: {why}."));
        }
        let next = self.guarded(ask, record, asker, &prepared).await;
        // A turn that is still open is the guard's when this process ends with it.
        if let (Ok(_), Ok(guard)) = (&next, guard) {
            guard.dismiss();
        }
        next
    }

    /// Makes a turn that can be made.
    async fn guarded(
        &self,
        ask: &TurnAsk,
        record: &mut TurnRecord,
        asker: &mut Asker,
        prepared: &Prepared,
    ) -> Result<Next, Fault> {
        let clock = &self.migration.clock;
        let turn = prepared.turn;
        (record.turn, record.fence) = (turn, Some(prepared.kind));
        self.journal.record(&Event::Turn(TurnEvent::Begun {
            turn,
            to: prepared.to,
            rehearsal: ask.rehearse,
            by: ask.by.clone(),
        }))?;
        self.migration.probe.pass(Point::TurnBegun);
        let mut during = During::default();
        let attempt = Box::pin(self.attempt(prepared, ask, (record, asker), &mut during)).await;
        let why = match attempt {
            Ok(Reached::Left(last)) => {
                return self.turned(prepared, ask, record, (last, during.client)).await;
            }
            Ok(Reached::Rehearsed) => {
                record.outcome = TurnOutcome::Rehearsed;
                "it was a rehearsal".to_owned()
            }
            Err(fault) => {
                record.failed(&fault);
                fault.to_string()
            }
        };
        self.migration.progress.enter(&format!("{}: taking back", ask.wish.word()));
        during.client.iter().for_each(Measuring::freed);
        let freed = undo(&self.end(&prepared.plan), prepared.to, turn, &why).await.inspect_err(
            |fault| {
                record.failed(fault);
            },
        )?;
        let During { holds, client } = during;
        drop(holds);
        match freed {
            Freed::Open => {
                record.did(clock, format!("taken back: the {} takes writes", self.live));
                self.measured(client, self.live, ACCEPTED_AGAIN, record).await;
                Ok(Next::Follow)
            }
            // Its answer was lost, and asking had failed too.
            Freed::Left => self.turned(prepared, ask, record, (Ok(()), client)).await,
        }
    }

    /// Ends the client that measures, once it is accepted by a side or `patience` is over, and notes what it saw.
    async fn measured(
        &self,
        client: Option<Measuring>,
        by: Side,
        patience: Duration,
        record: &mut TurnRecord,
    ) {
        let Some(client) = client else { return };
        let Migration { progress, stop, .. } = self.migration;
        progress.enter(&format!("{}: until the client writes again", record.ask.wish.word()));
        client.until_accepted(by, patience, stop).await;
        record.client = Some(client.end());
    }

    fn end<'e>(&'e self, plan: &'e Plan) -> End<'e> {
        End { migration: self.migration, journal: self.journal, plan, name: self.name }
    }

    /// Everything before a server is touched: the checks, and waiting for changes that are far behind, after which
    /// the checks are made again.
    async fn prepare(
        &self,
        ask: &TurnAsk,
        record: &mut TurnRecord,
        asker: &mut Asker,
    ) -> Result<Prepared, Fault> {
        let Migration { clock, progress, .. } = self.migration;
        let check = Check { turning: self, ask };
        let word = ask.wish.word();
        progress.enter(&format!("{word}: checking"));
        let prepared = check.prepare(record).await?;
        progress.enter(&format!("{word}: waiting until changes are nearly applied"));
        let found = self.until_near(CATCH_UP, asker).await?;
        progress.doing(String::new());
        if found == Found::Near {
            return Ok(prepared);
        }
        record.did(clock, "waited until changes were nearly applied");
        progress.enter(&format!("{word}: checking"));
        record.checks.clear();
        record.notes.clear();
        check.prepare(record).await
    }

    /// Everything up to the switch.
    async fn attempt(
        &self,
        prepared: &Prepared,
        ask: &TurnAsk,
        (record, asker): (&mut TurnRecord, &mut Asker),
        during: &mut During,
    ) -> Result<Reached, Fault> {
        let Migration { clock, probe, progress, .. } = self.migration;
        let from = self.side(self.live).clone();
        progress.enter(&format!("{}: getting ready", ask.wish.word()));
        let settings = &self.migration.turning.settings;
        let fence = Fence {
            endpoint: from,
            migration: self.name.to_owned(),
            turn: prepared.turn,
            kind: prepared.kind,
            tables: prepared.names(self.live),
            budget: settings.budget,
            wait: settings.wait,
            kill: settings.kill,
            clock: clock.clone(),
        };
        fence.arm().await?;
        record.did(clock, format!("the fence is ready: {}", prepared.kind.guarantee()));
        probe.pass(Point::TurnArmed);
        self.get_ready(prepared, record).await?;
        if prepared.way_back && !ask.rehearse {
            self.keep_definitions(prepared).await?;
        }
        if let Some(client) = &prepared.client {
            match client.begin(clock).await {
                Ok(client) => during.client = Some(client),
                Err(fault) => unmeasured(ask, record, fault)?,
            }
        }
        self.hook(settings.before.as_ref(), prepared, ask)
            .await
            .map_err(|said| Fault::new(ErrorCode::HookFailed, format!("before: {said}")))?;
        self.until_near(CATCH_UP_AGAIN, asker).await?;
        progress.enter(&format!("{}: writes are kept out", ask.wish.word()));
        let fenced = fence.close().await?;
        during.client.iter().for_each(Measuring::fenced);
        let begun = fenced.begun();
        record.did(clock, format!("writes are kept out of the {}", self.live));
        probe.pass(Point::TurnFenced);
        let mut applied = self.applied.clone();
        let drained = drained(fenced, &mut applied).await?;
        record.did(clock, format!("everything up to {} is on the other side", drained.horizon()));
        probe.pass(Point::TurnDrained);
        if prepared.carries_definitions {
            refuse_held(self.migration, self.name, self.journal).await?;
        }
        self.refuse_moved(prepared)?;
        during.holds.extend(self.hold(prepared));
        self.give_triggers(prepared).await?;
        let confirmed = self.confirm(prepared, drained).await?;
        record.checks.extend(confirmed.checks.iter().cloned());
        record.did(clock, format!("the {} can take over", prepared.to));
        probe.pass(Point::TurnConfirmed);
        if ask.rehearse {
            record.refused_ms = Some(since(clock.elapsed(), begun));
            return Ok(Reached::Rehearsed);
        }
        self.decide(prepared, confirmed, record, during.client.as_ref()).await
    }

    /// Leaves the side.
    async fn decide(
        &self,
        prepared: &Prepared,
        confirmed: Confirmed,
        record: &mut TurnRecord,
        client: Option<&Measuring>,
    ) -> Result<Reached, Fault> {
        let Migration { clock, probe, .. } = self.migration;
        let (turn, to) = (prepared.turn, prepared.to);
        let from = match prepared.way_back {
            true => Some(log_end::with_gtids(self.side(to)).await?),
            false => None,
        };
        let opening = Opening::prepare(self.side(to), self.name).await?;
        self.journal.record(&Event::Turn(TurnEvent::Deciding {
            turn,
            from,
            kept: prepared.kept.clone(),
        }))?;
        probe.pass(Point::TurnDeciding);
        let looked = confirmed.look(&self.applied).await?;
        // Not every fence keeps definitions as they are.
        self.refuse_moved(prepared)?;
        let switched = looked.switch().await?;
        probe.pass(Point::TurnLeft);
        // From here on nothing is undone: what fails is gone on with.
        let last = async {
            // One round trip after the switch: until then neither side takes writes.
            if let Err(fault) = opening.open().await {
                tracing::warn!(%fault, "opening the side that is live once more");
                open(self.side(to), self.name).await?;
            }
            record.refused_ms = Some(since(clock.elapsed(), switched.begun()));
            client.into_iter().for_each(Measuring::switched);
            switched.settled(&mut self.applied.clone()).await
        };
        Ok(Reached::Left(last.await))
    }

    /// Everything after the switch, whose own outcome is `last`.
    async fn turned(
        &self,
        prepared: &Prepared,
        ask: &TurnAsk,
        record: &mut TurnRecord,
        (last, client): (Result<(), Fault>, Option<Measuring>),
    ) -> Result<Next, Fault> {
        let Migration { clock, progress, turning, .. } = self.migration;
        client.iter().for_each(Measuring::switched);
        (record.live, record.way_back) = (prepared.to, prepared.way_back);
        record.outcome = TurnOutcome::Unfinished;
        record.did(clock, format!("the {} is live", prepared.to));
        progress.enter(&format!("{}: the {} is live", ask.wish.word(), prepared.to));
        self.journal.record(&Event::Turn(TurnEvent::Switched { turn: prepared.turn }))?;
        self.migration.probe.pass(Point::TurnSwitched);
        let done = after(&self.end(&prepared.plan), record).await;
        let done = last.and(done);
        match &done {
            Ok(()) if record.error.is_none() => record.outcome = TurnOutcome::Switched,
            Ok(()) => {}
            Err(fault) => record.failed(fault),
        }
        record.did(clock, "done");
        // Whoever moves the traffic by hand wants to be told first that it is time to.
        let has_moved = turning.settings.after.is_some() && record.error.is_none();
        let patience = if has_moved { turning.settings.hook_time } else { Duration::ZERO };
        self.measured(client, prepared.to, patience, record).await;
        done.map(|()| Next::Turned)
    }

    /// What was looked at before is what is there still: everything that was applied is known to the very end of
    /// the log, and no statement about a definition was in it.
    fn refuse_moved(&self, prepared: &Prepared) -> Result<(), Fault> {
        if self.moves.count() == prepared.moves {
            return Ok(());
        }
        let what = "a definition was changed there after it had been checked";
        Err(Fault::new(ErrorCode::TurnRefused, what).on(self.live).advise(
            "ask again: it is carried, and checked once more; let definitions rest meanwhile",
        ))
    }

    pub(super) fn side(&self, side: Side) -> &sealift_mysql::endpoint::Endpoint {
        self.migration.endpoint(side)
    }

    /// Holds changes of migrated tables: while the other side has its triggers none may be applied.
    fn hold(&self, prepared: &Prepared) -> Vec<Gate> {
        prepared.names(self.live).iter().map(|table| self.gates.hold(table)).collect()
    }

    /// Does on the other side what can be done while writes go on.
    async fn get_ready(&self, prepared: &Prepared, record: &mut TurnRecord) -> Result<(), Fault> {
        if prepared.is_first && prepared.to == Side::Target {
            // They are made disabled.
            let applier = scripts::applier(self.migration, &prepared.plan, self.journal);
            let made = applier.apply(&[Part::Events]).await?;
            refuse_failed(&made)?;
        }
        let (from, to) = (self.side(self.live), self.side(prepared.to));
        let headroom = self.migration.turning.settings.headroom;
        let raised = Counters { from, to }.raise(&prepared.tables, headroom).await?;
        let what = format!("the {} is ready, {raised} counters raised", prepared.to);
        record.did(&self.migration.clock, what);
        Ok(())
    }

    /// Keeps the tables of the side that is to be live as they are now, on the side that is left: what is written
    /// there is carried back by these.
    async fn keep_definitions(&self, prepared: &Prepared) -> Result<(), Fault> {
        let tables = prepared.tables.iter().map(|pair| match prepared.to {
            Side::Source => &pair.source,
            Side::Target => &pair.target,
        });
        definition::keep(self.side(self.live), &ledger(self.name, prepared.turn), tables).await
    }

    /// Makes the triggers of the side that is to be live: those it had, or those of the plan.
    async fn give_triggers(&self, prepared: &Prepared) -> Result<(), Fault> {
        if let Some(kept) = &prepared.returns {
            let definers = self.migration.definers(prepared.to);
            make_triggers(self.side(prepared.to), definers, &kept.triggers).await?;
        }
        if prepared.to == Side::Target {
            let applier = scripts::applier(self.migration, &prepared.plan, self.journal);
            let made = applier.apply(&[Part::Triggers]).await?;
            refuse_failed(&made)?;
        }
        Ok(())
    }

    async fn confirm(
        &self,
        prepared: &Prepared,
        drained: crate::cutover::Drained,
    ) -> Result<Confirmed, Fault> {
        let settings = &self.migration.turning.settings;
        let job = ConfirmJob {
            source: &self.migration.source,
            target: &self.migration.target,
            to: prepared.to,
            tables: &prepared.tables,
            rows_max: settings.confirm_rows,
            headroom: settings.headroom,
            smoke: &settings.smoke,
            clock: &self.migration.clock,
        };
        job.confirm(drained).await
    }

    /// Waits until changes are nearly applied, or whoever asked has gone: who gives up waiting does not want writes
    /// to be kept out later on.
    async fn until_near(&self, patience: Duration, asker: &mut Asker) -> Result<Found, Fault> {
        let Migration { clock, progress, .. } = self.migration;
        let approach = Approach { side: self.live, applied: self.applied.clone(), patience, clock };
        let end = async || log_end::of(self.side(self.live)).await;
        let behind = |took: Duration| progress.doing(format!("{} s behind", took.as_secs()));
        let gone = || {
            let what = "whoever asked has gone before writes were kept out";
            Fault::new(ErrorCode::TurnRefused, what)
        };
        let found = tokio::select! {
            found = approach.until_near(end, behind) => found?,
            () = asker.closed() => return Err(gone()),
        };
        if asker.is_closed() { Err(gone()) } else { Ok(found) }
    }

    async fn hook(
        &self,
        hook: Option<&Hook>,
        prepared: &Prepared,
        ask: &TurnAsk,
    ) -> Result<(), String> {
        let (turn, wish, rehearsal) = (prepared.turn, ask.wish, ask.rehearse);
        let when = HookWhen { when: "before", turn, wish, rehearsal };
        self.end(&prepared.plan).hook(hook, when).await
    }
}

/// When a hook is called, and for what.
#[derive(Clone, Copy, Debug)]
pub(super) struct HookWhen {
    pub(super) when: &'static str,
    pub(super) turn: u32,
    pub(super) wish: TurnWish,
    pub(super) rehearsal: bool,
}

impl End<'_> {
    /// Calls a hook, if there is one.
    pub(super) async fn hook(&self, hook: Option<&Hook>, when: HookWhen) -> Result<(), String> {
        let Some(hook) = hook else { return Ok(()) };
        let HookWhen { when, turn, wish, rehearsal } = when;
        let Migration { source, target, turning, .. } = self.migration;
        let facts = HookFacts { when, wish, turn, rehearsal, source, target };
        hook.call(facts, turning.settings.hook_time, &turning.poster).await
    }
}

/// What lasts as long as an attempt.
#[derive(Default)]
struct During {
    /// Changes of migrated tables wait while the other side has its triggers.
    holds: Vec<Gate>,
    /// Who measures for how long the application is refused.
    client: Option<Measuring>,
}

/// How far an attempt has come.
enum Reached {
    /// To the switch, which was not wished.
    Rehearsed,
    /// The side was left; what came right after it.
    Left(Result<(), Fault>),
}

/// The first script that was refused.
fn refuse_failed(results: &[crate::plan::apply::StepResult]) -> Result<(), Fault> {
    match results.iter().find_map(crate::plan::apply::StepResult::fault) {
        None => Ok(()),
        Some(fault) => {
            Err(Fault::new(ErrorCode::NotConfirmed, fault.to_string()).on(Side::Target).advise(
                fault.advice.as_deref().unwrap_or("edit the script, or set its state to skip"),
            ))
        }
    }
}

fn since(now: Duration, begun: Duration) -> u64 {
    u64::try_from(now.saturating_sub(begun).as_millis()).unwrap_or(u64::MAX)
}

/// What a run is doing while the side is live, for people.
pub(super) fn following(live: Side) -> &'static str {
    match live {
        Side::Source => "following: ready to cut over",
        Side::Target => "following the target back: ready to roll back",
    }
}

/// Which side is live, by the journal.
pub(super) fn turns(journal: &dyn Journal) -> Result<Turns, Fault> {
    Ok(scripts::stage(journal)?.memory().map(|memory| memory.turns.clone()).unwrap_or_default())
}
