//! How a turn ends: taken back, or gone on with after the switch. Both may be repeated.

use std::collections::BTreeMap;

use sealift_schema::facts::Side;
use sealift_schema::name::QualifiedName;

use super::turn_check::acting;
use super::turning::{HookWhen, turns};
use super::{Migration, apply as scripts};
use crate::apply;
use crate::cutover::{
    Freed, Lasting, TurnAsk, TurnOutcome, TurnRecord, TurnWish, disable_events, drop_triggers,
    enable_events, free, keep_left, open, remove,
};
use crate::fault::{ErrorCode, Fault};
use crate::journal::Journal;
use crate::plan::read::Plan;
use crate::probe::Point;
use crate::report::Report;
use crate::stage::{Event, KeptEvent, OpenTurn, Part, Reached, TurnEvent, Turns, opposite};

/// What the end of a turn needs: no more than what is known after a crash.
#[derive(Clone, Copy)]
pub(super) struct End<'a> {
    pub(super) migration: &'a Migration,
    pub(super) journal: &'a dyn Journal,
    pub(super) plan: &'a Plan,
    /// Names the migration on the servers.
    pub(super) name: &'a str,
}

impl End<'_> {
    /// The migrated tables, by their names on a side.
    pub(super) fn names(&self, side: Side) -> Vec<QualifiedName> {
        self.plan
            .of(Part::Tables)
            .filter(|step| step.is_wanted())
            .map(|step| match side {
                Side::Source => step.step().object.name.clone(),
                Side::Target => step.target.clone(),
            })
            .collect()
    }
}

/// Takes a turn back that has not left its side: first that side takes writes again.
pub(super) async fn undo(end: &End<'_>, to: Side, turn: u32, why: &str) -> Result<Freed, Fault> {
    let live = opposite(to);
    let from = end.migration.endpoint(live);
    if free(from, end.name, turn).await? == Freed::Left {
        return Ok(Freed::Left);
    }
    // They would fire on the rows that are carried.
    let there = end.migration.endpoint(to);
    let acting = acting(end.migration, to, &end.names(to)).await?;
    drop_triggers(there, &acting.triggers).await?;
    remove(from, end.name, &end.names(live)).await?;
    end.journal.record(&Event::Turn(TurnEvent::Undone { turn, why: why.to_owned() }))?;
    Ok(Freed::Open)
}

/// Does everything that comes after the switch, which is journaled.
pub(super) async fn after(end: &End<'_>, record: &mut TurnRecord) -> Result<(), Fault> {
    let Migration { clock, probe, turning, .. } = end.migration;
    let Turns { live, switch, kept, .. } = turns(end.journal)?;
    let Some(switch) = switch else { return Ok(()) };
    let left = opposite(live);
    let (old, new) = (end.migration.endpoint(left), end.migration.endpoint(live));
    open(new, end.name).await?;
    let wish = match live {
        Side::Target => TurnWish::Cutover,
        Side::Source => TurnWish::Rollback,
    };
    let when = HookWhen { when: "after", turn: switch.turn, wish, rehearsal: false };
    if let Err(said) = end.hook(turning.settings.after.as_ref(), when).await {
        record.failed(&Fault::new(ErrorCode::TrafficNotMoved, format!("after: {said}")));
    } else if turning.settings.after.is_some() {
        record.did(clock, "the hook has moved the traffic");
    }
    probe.pass(Point::TurnMoved);
    if let Some(found) = keep_left(old, end.name).await? {
        record.notes.push(after_a_restart(left, &found.lasting));
    }
    let taken = kept.get(&left).cloned().unwrap_or_default();
    if switch.from.is_some() {
        drop_triggers(old, &taken.triggers).await?;
        disable_events(old, end.migration.definers(left), &taken.events).await?;
    } else if let Err(fault) =
        disable_events(old, end.migration.definers(left), &taken.events).await
    {
        record.notes.push(format!("Events of the {left} stay enabled: {fault}."));
    }
    record.did(clock, format!("nothing acts by itself on the {left} any more"));
    let events = match kept.get(&live) {
        Some(kept) => kept.events.clone(),
        None => planned_events(end, &taken.events),
    };
    enable_events(new, end.migration.definers(live), &events).await?;
    remove(new, end.name, &end.names(live)).await?;
    if let Some(from) = &switch.from {
        apply::begin(old, &ledger(end.name, switch.turn), from).await?;
        record.did(clock, format!("the changes of the {live} are kept for the {left}"));
    }
    probe.pass(Point::TurnDone);
    end.journal.record(&Event::Turn(TurnEvent::Done { turn: switch.turn }))
}

/// What a restart does to a side that was left, for the record.
fn after_a_restart(left: Side, lasting: &Lasting) -> String {
    match lasting {
        Lasting::Kept => format!("The {left} stays read_only when its server is restarted."),
        Lasting::SetAgain => format!(
            "When the {left}'s server is restarted it takes writes until an event has set read_only again, \
             within about a second of its event scheduler: put read_only and event_scheduler = ON into its \
             configuration."
        ),
        Lasting::Lost(why) => format!(
            "When the {left}'s server is restarted it takes writes until sealift run sets read_only again \
             ({why}): put read_only into its configuration."
        ),
    }
}

/// The events that the plan has made on the target, of those that were enabled on the source.
fn planned_events(end: &End<'_>, enabled: &[KeptEvent]) -> Vec<KeptEvent> {
    let steps: BTreeMap<&QualifiedName, &QualifiedName> = end
        .plan
        .of(Part::Events)
        .filter(|step| step.is_wanted())
        .map(|step| (&step.step().object.name, &step.target))
        .collect();
    let there = enabled.iter().filter_map(|event| steps.get(&event.name));
    there.map(|name| KeptEvent { name: (*name).clone(), definer: String::new() }).collect()
}

/// The name of the ledger in which the changes since a switch are kept.
pub(super) fn ledger(name: &str, turn: u32) -> String {
    format!("{name}.{turn}")
}

/// Ends a turn that a crash has left open: the side that was to be left is asked whether it was.
///
/// # Errors
/// When a server refuses or cannot be reached. May be repeated.
pub async fn settle(
    migration: &Migration,
    name: &str,
    journal: &dyn Journal,
    report: &mut Report,
) -> Result<(), Fault> {
    let Some(OpenTurn { number, to, reached }) = turns(journal)?.open else { return Ok(()) };
    migration.progress.enter("ending an interrupted turn");
    let plan = Plan::read(&migration.folder)?;
    let end = End { migration, journal, plan: &plan, name };
    let left = match reached {
        Reached::Begun | Reached::Deciding { .. } => {
            undo(&end, to, number, "the process was ended").await? == Freed::Left
        }
        Reached::Switched => true,
    };
    let live = if left { to } else { opposite(to) };
    let wish = match to {
        Side::Target => TurnWish::Cutover,
        Side::Source => TurnWish::Rollback,
    };
    let word = wish.word();
    if !left {
        let what = format!("an interrupted {word} was taken back: the {live} is live");
        report.happened(&migration.clock, what);
        return Ok(());
    }
    if scripts::stage(journal)?.memory().is_some_and(|memory| memory.turns.live != live) {
        journal.record(&Event::Turn(TurnEvent::Switched { turn: number }))?;
    }
    let ask = TurnAsk { wish, rehearse: false, no_way_back: false, by: "sealift".to_owned() };
    let mut record = TurnRecord::begin(&ask, live, &migration.clock);
    (record.turn, record.outcome) = (number, TurnOutcome::Switched);
    record.did(&migration.clock, format!("an interrupted {word} is gone on with"));
    after(&end, &mut record).await?;
    if record.error.is_some() {
        record.outcome = TurnOutcome::Unfinished;
    }
    let what = format!("an interrupted {word} was finished: the {live} is live");
    report.happened(&migration.clock, what);
    migration.turning.keep.keep(&record);
    report.turns.push(record);
    Ok(())
}
