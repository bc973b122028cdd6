//! A command begins again by itself when a definition moved under it.

use std::sync::Arc;

use super::Migration;
use super::again::is_following;
use super::hold::held;
use super::online::{Online, once};
use super::patience::Returns;
use crate::definition;
use crate::fault::{ErrorCode, Fault};
use crate::journal::Journal;
use crate::report::{Conclusion, Report};
use crate::stage::Event;

/// What was before an attempt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before {
    /// Events that were in the journal when the command began.
    pub(super) events: usize,
    /// Whether it may be begun with again for what is held by a statement that the attempt does not know.
    pub(super) may_look_again: bool,
}

/// How often within an hour it is begun with again because a definition moved, without any table being copied
/// meanwhile: the operator should know that the copy does not get anywhere.
const MOVES_MAX: usize = 50;

/// How often within an hour it is begun with again for what is held: a view that changes more often than that is left
/// to the next run.
const LOOKS_MAX: usize = 10;

/// How often within an hour it is begun with again for a table of which nobody knows what its copy has: whoever commits
/// by XA all the time should rest for a moment.
const READS_MAX: usize = 10;

/// Begins again when a definition moved under the copy, or the operator wants tables copied again: those are, the
/// others go on.
pub(super) async fn anew_when_moved(
    migration: &Migration,
    (online, mut before): (&mut Online, Before),
    journal: &Arc<dyn Journal>,
    report: &mut Report,
) -> Result<Conclusion, Fault> {
    let blank = report.clone();
    let (mut moves, mut looks) = (Returns::at_most(MOVES_MAX), Returns::at_most(LOOKS_MAX));
    let mut reads = Returns::at_most(READS_MAX);
    loop {
        let begun = journal.events()?.len();
        // While rows were copied a definition may move; afterwards only by a statement that says so.
        let was_settled = is_following(journal.as_ref())?;
        let held_before = held(journal.as_ref())?;
        let fault = match once(migration, (online, before), journal, report).await {
            Err(fault) if fault.code == ErrorCode::SourceChanged => fault,
            Err(fault)
                if fault.code == ErrorCode::CopyUnclear
                    && reads.allow(migration.clock.elapsed()) =>
            {
                begin_again((report, &blank), "a table is read again", &fault, migration);
                continue;
            }
            ended => return ended,
        };
        let is_ordered = migration.orders.was_obeyed();
        let is_held_since =
            before.may_look_again && !held(journal.as_ref())?.since(&held_before).is_empty();
        let is_known = !was_settled
            || is_ordered
            || is_held_since
            || definition::is_any_due(&migration.target, &online.ledger_name).await?;
        let since = journal.events()?;
        let is_getting_on =
            since.iter().skip(begun).any(|event| matches!(event, Event::TableCopied { .. }));
        if !is_known || !(is_getting_on || moves.allow(migration.clock.elapsed())) {
            return Err(fault);
        }
        if is_held_since {
            before.may_look_again = looks.allow(migration.clock.elapsed());
        }
        let why = if is_ordered { "began again" } else { "a definition moved" };
        begin_again((report, &blank), why, &fault, migration);
    }
}

/// Tells why, and keeps of the report what is no other attempt's.
fn begin_again((report, blank): (&mut Report, &Report), why: &str, fault: &Fault, by: &Migration) {
    tracing::warn!(%fault, "beginning again with what it changed");
    let Report { timeline, tables, .. } = std::mem::replace(report, blank.clone());
    (report.timeline, report.tables) = (timeline, tables);
    report.happened(&by.clock, format!("{why}: {fault}"));
}
