//! What following the live side is at, and what the operator wants of it, in words: for `status` and for the display.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;
use sealift_engine::control::{Settings, Steering};
use sealift_engine::progress::{Comparing, Following, Held, HeldObject, Retention, Snapshot};
use sealift_schema::facts::Side;

use super::quantity::{bytes, count, counted, duration, duration_ms};
use super::text::{clean, cut};
use crate::commands::steer;

/// The label of how far changes are applied.
pub(crate) const POSITION: &str = "up to";

/// Columns of a position: a GTID set of a server with a long history has no end.
const POSITION_COLUMNS: usize = 68;

/// Tables that differ which are listed.
const DIFFERING_SHOWN_MAX: usize = 20;

/// Label and words of what following is at; nothing in an offline run.
pub(crate) fn lines(snapshot: &Snapshot) -> Vec<(&'static str, String)> {
    let Some(following) = &snapshot.following else { return Vec::new() };
    let Following { live, state, position, lag, transactions, changes, ready, retention, .. } =
        following;
    let mut behind: Vec<String> = Vec::new();
    behind.extend(lag.ms.map(duration_ms));
    behind.extend(lag.bytes.map(bytes));
    behind.extend(lag.transactions.map(|count| counted(count, "transaction", "transactions")));
    let mut said = state.word().to_owned();
    // Writing to a string cannot fail.
    let _infallible = match (behind.is_empty(), lag.ms) {
        (true, _) => write!(said, ", the lag is not known"),
        (false, Some(0)) => write!(said, ", level with the {live}"),
        (false, _) => write!(said, ", {} behind", behind.join(", ")),
    };
    if let Some(eta) = following.eta_seconds {
        let _infallible = write!(said, ", ETA {}", duration(Duration::from_secs(eta)));
    }
    let mut lines = vec![("changes", said)];
    if *ready {
        let turn = match live {
            Side::Source => "ready to cut over",
            Side::Target => "ready to roll back",
        };
        lines.push(("", turn.into()));
    }
    for Held { table, reason } in &following.held {
        lines.push(("held", cut(&clean(&table.plain()), POSITION_COLUMNS)));
        lines.push(("", cut(&clean(reason), POSITION_COLUMNS)));
    }
    for HeldObject { object, reason } in &following.held_objects {
        lines.push(("held", cut(&clean(&object.to_string()), POSITION_COLUMNS)));
        lines.push(("", cut(&clean(reason), POSITION_COLUMNS)));
    }
    if !following.held.is_empty() {
        lines.push(("", "to go on with a table: sealift copy-again TABLE".into()));
    }
    if !following.held_objects.is_empty() {
        lines.push(("", "to decide about the others: sealift resolve OBJECT [--skip]".into()));
    }
    let rates = following.transactions_per_second.zip(following.changes_per_second);
    let rates = rates.map_or_else(String::new, |(transactions, changes)| {
        format!(" ({}/s, {}/s)", count(transactions), count(changes))
    });
    let transactions = counted(*transactions, "transaction", "transactions");
    let changes = counted(*changes, "row change", "row changes");
    lines.push(("applied", format!("{transactions}, {changes}{rates}")));
    if !position.is_empty() {
        lines.push((POSITION, cut(&clean(position), POSITION_COLUMNS)));
    }
    lines.extend(
        retention.as_ref().and_then(|retention| kept(retention, *live)).map(|words| ("log", words)),
    );
    lines
}

/// Label and words of what the continuous comparison is at; nothing where there is none.
pub(crate) fn comparing(snapshot: &Snapshot, now: Timestamp) -> Vec<(&'static str, String)> {
    let Some(comparing) = &snapshot.comparing else { return Vec::new() };
    let Comparing { passes: _, passed_at, tables, tables_done, rows, unsettled, differing } =
        comparing;
    let rows = counted(*rows, "row", "rows");
    let mut lines =
        vec![("compared", format!("{tables_done} of {tables} tables, {rows} in this pass"))];
    if let Some(at) = passed_at {
        let ago = Duration::try_from(now.duration_since(*at)).unwrap_or_default();
        lines.push(("", format!("the last whole pass ended {} ago", duration(ago))));
    }
    if *unsettled > 0 {
        lines.push((
            "",
            format!("{} not known to be equal", counted(*unsettled, "row is", "rows are")),
        ));
    }
    for table in differing.iter().take(DIFFERING_SHOWN_MAX) {
        lines.push(("DIFFERS", cut(&clean(&table.to_string()), POSITION_COLUMNS)));
    }
    if differing.len() > DIFFERING_SHOWN_MAX {
        let more = differing.len() - DIFFERING_SHOWN_MAX;
        lines.push(("", format!("and {more} more tables")));
    }
    lines
}

/// For how long the live side keeps the log that is needed.
fn kept(retention: &Retention, live: Side) -> Option<String> {
    let Retention { needed_file, left_seconds, warning, .. } = retention;
    let left = (*left_seconds)?;
    Some(match (left, warning) {
        (0, true) => format!("WARNING: the {live} may have purged {needed_file}"),
        (_, true) => format!(
            "WARNING: the {live} keeps {needed_file} only {} longer",
            duration(Duration::from_secs(left))
        ),
        (_, false) => format!(
            "the {live} keeps what is needed {} longer",
            duration(Duration::from_secs(left))
        ),
    })
}

/// Label and words of what the operator wants; nothing where that is the usual.
pub(crate) fn steering(snapshot: &Snapshot) -> Vec<(&'static str, String)> {
    let Some(Steering { paused, held, settings }) = &snapshot.steering else { return Vec::new() };
    let mut lines = Vec::new();
    if *paused {
        lines.push(("paused", "sealift resume goes on".into()));
    }
    lines.extend(held.as_ref().map(|held| ("waiting", held.clone())));
    if *settings != Settings::default() {
        lines.push(("limits", steer::settings(settings)));
    }
    lines
}
