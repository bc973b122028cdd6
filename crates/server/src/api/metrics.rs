//! The board as Prometheus reads it.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};

use sealift_engine::control::Steering;
use sealift_engine::progress::{
    Comparing, DifferingTable, FollowState, Following, Snapshot, TableStage,
};

/// The whole text. What is not known has no line.
pub(super) fn lines(snapshot: &Snapshot) -> String {
    let Snapshot { stage, doing: _, tables: _, following, comparing, steering, eta_seconds } =
        snapshot;
    let mut text = Text::default();
    text.metric("sealift_info", "gauge", "The version, and what the run is doing.");
    let labels = [("version", env!("CARGO_PKG_VERSION")), ("stage", stage.as_str())];
    text.sample("sealift_info", &labels, 1);
    tables(&mut text, snapshot);
    if let Some(seconds) = eta_seconds {
        let help = "Seconds until all rows are there, as things go.";
        text.gauge("sealift_copy_eta_seconds", help, *seconds);
    }
    if let Some(steering) = steering {
        self::steering(&mut text, steering);
    }
    if let Some(following) = following {
        self::following(&mut text, following);
    }
    if let Some(comparing) = comparing {
        self::comparing(&mut text, comparing);
    }
    text.lines
}

fn tables(text: &mut Text, snapshot: &Snapshot) {
    let (rows, rows_expected) = snapshot.rows();
    text.gauge("sealift_copied_rows", "Rows copied, over all tables.", rows);
    text.gauge(
        "sealift_expected_rows",
        "Rows expected, by the source's statistics.",
        rows_expected,
    );
    text.gauge("sealift_copied_bytes", "Bytes sent by the copy.", snapshot.bytes());
    let mut stages: BTreeMap<&str, u64> = BTreeMap::new();
    for table in snapshot.tables.values() {
        *stages.entry(stage_word(table.stage)).or_default() += 1;
    }
    text.metric("sealift_tables", "gauge", "Tables by what is being done with them.");
    for (stage, count) in stages {
        text.sample("sealift_tables", &[("stage", stage)], count);
    }
    text.metric("sealift_table_copied_rows", "gauge", "Rows of a table copied.");
    for (name, table) in &snapshot.tables {
        let labels = [("schema", name.schema.as_str()), ("table", name.name.as_str())];
        text.sample("sealift_table_copied_rows", &labels, table.rows);
    }
}

fn steering(text: &mut Text, steering: &Steering) {
    let Steering { paused, held, settings: _ } = steering;
    text.gauge("sealift_paused", "1 while the operator has paused the run.", u8::from(*paused));
    let held = u8::from(held.is_some());
    text.gauge("sealift_copy_held", "1 while a limit holds the copy back.", held);
}

fn following(text: &mut Text, following: &Following) {
    let Following { state, lag, transactions, changes, ready, threads_running, retention, .. } =
        following;
    text.metric("sealift_follow_state", "gauge", "1 for what following is at.");
    for known in
        [FollowState::Copying, FollowState::CatchingUp, FollowState::Following, FollowState::Paused]
    {
        let labels = [("state", known.word())];
        text.sample("sealift_follow_state", &labels, u8::from(*state == known));
    }
    let seconds = lag.ms.map(Seconds);
    text.known("sealift_lag_seconds", "How old the side is that is kept current.", seconds);
    text.known("sealift_lag_bytes", "Binary log still to be applied.", lag.bytes);
    text.known("sealift_lag_transactions", "Transactions to be applied.", lag.transactions);
    text.counter("sealift_applied_transactions_total", "Transactions applied.", *transactions);
    text.counter("sealift_applied_changes_total", "Row changes applied.", *changes);
    let eta = following.eta_seconds;
    text.known("sealift_catch_up_eta_seconds", "Time until it has caught up.", eta);
    text.gauge("sealift_ready", "1 when ready to cut over, or to roll back.", u8::from(*ready));
    text.known(
        "sealift_source_threads_running",
        "The load of the side that is followed.",
        *threads_running,
    );
    if let Some(retention) = retention {
        let left = retention.left_seconds;
        let help = "Time until binary log that is needed may be purged.";
        text.known("sealift_binlog_left_seconds", help, left);
        let warning = u8::from(retention.warning);
        text.gauge("sealift_binlog_warning", "1 when that is too little.", warning);
    }
}

fn comparing(text: &mut Text, comparing: &Comparing) {
    let Comparing { passes, passed_at, tables, tables_done, rows, unsettled, differing } =
        comparing;
    text.counter("sealift_compare_passes_total", "Passes over all rows that ended.", *passes);
    let at = passed_at.map(jiff::Timestamp::as_second);
    text.known("sealift_compare_passed_timestamp_seconds", "When the last of them ended.", at);
    text.gauge("sealift_compare_tables", "Tables of the pass under way.", *tables);
    text.gauge("sealift_compare_tables_done", "Tables of it that are compared.", *tables_done);
    text.gauge("sealift_compare_rows", "Rows compared in it.", *rows);
    text.gauge("sealift_compare_unsettled_rows", "Rows not known to be equal.", *unsettled);
    let differing_tables = differing.len();
    text.gauge("sealift_differing_tables", "Tables in which rows differ.", differing_tables);
    text.metric("sealift_differing_rows", "gauge", "Rows of a table known to differ.");
    for DifferingTable { table, rows, .. } in differing {
        let labels = [("schema", table.schema.as_str()), ("table", table.name.as_str())];
        text.sample("sealift_differing_rows", &labels, rows);
    }
}

fn stage_word(stage: TableStage) -> &'static str {
    match stage {
        TableStage::Waiting => "waiting",
        TableStage::Copying => "copying",
        TableStage::Copied => "copied",
        TableStage::Indexing => "indexing",
        TableStage::Done => "done",
        TableStage::Verifying => "verifying",
        TableStage::Equal => "equal",
        TableStage::Different => "different",
    }
}

/// Milliseconds, written as seconds.
#[derive(Clone, Copy)]
struct Seconds(u64);

impl Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1_000, self.0 % 1_000)
    }
}

/// Lines of the text format.
#[derive(Default)]
struct Text {
    lines: String,
}

impl Text {
    fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.metric(name, "gauge", help);
        self.sample(name, &[], value);
    }

    fn counter(&mut self, name: &str, help: &str, value: impl Display) {
        self.metric(name, "counter", help);
        self.sample(name, &[], value);
    }

    fn known(&mut self, name: &str, help: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.gauge(name, help, value);
        }
    }

    fn metric(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} {kind}"));
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<String> =
            labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
        if labels.is_empty() {
            self.line(format_args!("{name} {value}"));
        } else {
            self.line(format_args!("{name}{{{}}} {value}", labels.join(",")));
        }
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _infallible = writeln!(self.lines, "{line}");
    }
}

/// A label's value: what could end it or its line is escaped.
fn escaped(value: &str) -> String {
    value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

#[cfg(test)]
mod tests;
