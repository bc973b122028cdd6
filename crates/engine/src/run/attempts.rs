//! A command begins again by itself when a definition moved under it.

use std::sync::Arc;

use super::Migration;
use super::again::is_following;
use super::online::{Online, Run, once};
use super::patience::Returns;
use crate::definition;
use crate::fault::{ErrorCode, Fault};
use crate::journal::Journal;
use crate::report::{Conclusion, Report};
use crate::stage::Event;
use crate::stop::Stop;
use crate::target::pause::{rest, rest_after};

/// What was before an attempt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before {
    /// Events that were in the journal when the command began.
    pub(super) events: usize,
    /// Attempts in a row that brought no table since a definition moved.
    pub(super) fruitless: u32,
}

/// How often within an hour it is begun with again because a definition moved, when no table was copied meanwhile and
/// nothing could be followed either: the operator should know that the copy does not get anywhere.
const MOVES_MAX: usize = 50;

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
    let (mut moves, mut reads) = (Returns::at_most(MOVES_MAX), Returns::at_most(READS_MAX));
    loop {
        let (begun, begun_at) = (journal.events()?.len(), migration.clock.elapsed());
        // While rows were copied a definition may move; afterwards only by a statement that says so.
        let was_settled = is_following(journal.as_ref())?;
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
        let events = journal.events()?;
        let since = || events.iter().skip(begun);
        let is_known = !was_settled
            || is_ordered
            || since().any(|event| matches!(event, Event::Held(_)))
            || definition::is_any_due(&migration.target, &online.ledger_name).await?;
        let is_getting_on = since().any(|event| matches!(event, Event::TableCopied { .. }));
        let now = migration.clock.elapsed();
        let has_rested = now.saturating_sub(begun_at) >= rest_after(before.fruitless);
        if !is_known || !(is_getting_on || has_rested || moves.allow(now)) {
            return Err(fault);
        }
        before.fruitless = if is_getting_on || is_ordered { 0 } else { before.fruitless + 1 };
        let why = if is_ordered { "began again" } else { "a definition moved" };
        begin_again((report, &blank), why, &fault, migration);
    }
}

impl Run<'_> {
    /// Follows what is settled for a while, before it is begun with again for what is not.
    ///
    /// # Errors
    /// When the run is stopped meanwhile.
    pub(super) async fn follow_on(&self, end: &Stop) -> Result<(), Fault> {
        self.migration.progress.enter("following, until definitions rest");
        tokio::select! {
            () = rest(self.before.fruitless) => {}
            () = end.wait() => {}
        }
        self.migration.stop.check()
    }
}

/// Tells why, and keeps of the report what is no other attempt's.
fn begin_again((report, blank): (&mut Report, &Report), why: &str, fault: &Fault, by: &Migration) {
    tracing::warn!(%fault, "beginning again with what it changed");
    let Report { timeline, tables, .. } = std::mem::replace(report, blank.clone());
    (report.timeline, report.tables) = (timeline, tables);
    report.happened(&by.clock, format!("{why}: {fault}"));
}
