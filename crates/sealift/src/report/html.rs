//! The report as one HTML file that needs nothing else: it can be mailed and printed.

use std::collections::BTreeMap;
use std::time::Duration;

use askama::Template;
use jiff::Timestamp;
use sealift_engine::cutover::TurnRecord;
use sealift_engine::plan::accounts::AccountResult;
use sealift_engine::report::{
    ChangeReport, Conclusion, ObjectReport, ObjectResult, Report, ServerReport, TableResult,
};

use super::terminal::clock_note;
use super::{left_out_word, result_word, word};
use crate::commands::{accounts, turn};
use crate::output::quantity::{bytes, count, duration, duration_ms, per_second};

/// The page; askama escapes every value.
#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    report: &'a Report,
    elapsed: String,
    rate: Option<String>,
    /// Changes by rewrite.
    changes: BTreeMap<&'a str, Vec<&'a ChangeReport>>,
}

/// The page as text.
pub(super) fn render(report: &Report) -> Result<String, askama::Error> {
    let elapsed = report
        .ended
        .and_then(|ended| Duration::try_from(ended.duration_since(report.begun)).ok())
        .unwrap_or_default();
    let mut changes: BTreeMap<&str, Vec<&ChangeReport>> = BTreeMap::new();
    for change in &report.changes {
        changes.entry(&change.rewrite).or_default().push(change);
    }
    let rate = per_second(report.bytes(), elapsed).filter(|rate| *rate > 0);
    Page {
        report,
        elapsed: duration(elapsed),
        rate: rate.map(|rate| format!("{}/s", bytes(rate))),
        changes,
    }
    .render()
}

fn account_word(result: &AccountResult) -> &'static str {
    accounts::word(*result)
}

/// The colour of what became of an account.
fn account_mood(result: &AccountResult) -> &'static str {
    match result {
        AccountResult::Created | AccountResult::Altered | AccountResult::Present => "good",
        AccountResult::ToCreate
        | AccountResult::ToAlter
        | AccountResult::Skipped
        | AccountResult::LeftOut => "soft",
        AccountResult::Foreign | AccountResult::Refused => "fair",
        AccountResult::Failed => "bad",
    }
}

impl Page<'_> {
    fn outcome(&self) -> &'static str {
        word(self.report.outcome)
    }

    /// The colour of the outcome.
    fn mood(&self) -> &'static str {
        match self.report.outcome {
            Conclusion::Done | Conclusion::Equal => "good",
            Conclusion::Running | Conclusion::Interrupted | Conclusion::Unsettled => "fair",
            Conclusion::Different
            | Conclusion::Incomplete
            | Conclusion::Refused
            | Conclusion::Failed => "bad",
        }
    }

    fn servers(&self) -> impl Iterator<Item = (&'static str, &ServerReport)> {
        let sides = [("Source", &self.report.source), ("Target", &self.report.target)];
        sides.into_iter().filter_map(|(side, server)| Some((side, server.as_ref()?)))
    }

    fn created(&self) -> String {
        self.results(|result| matches!(result, ObjectResult::Created))
    }

    fn results(&self, wanted: fn(&ObjectResult) -> bool) -> String {
        let found = self.report.objects.iter().filter(|object| wanted(&object.result));
        count(found.fold(0, |number, _object| number + 1))
    }

    fn why<'a>(&self, object: &'a ObjectReport) -> &'a str {
        match &object.result {
            ObjectResult::Failed(why) => why,
            ObjectResult::Created | ObjectResult::Present | ObjectResult::Skipped => "",
        }
    }
}

/// `2026-11-23 01:02:03 UTC`.
fn instant(at: &Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// With its milliseconds.
fn moment(at: &Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S%.3f UTC").to_string()
}

fn turned(record: &TurnRecord) -> String {
    turn::sentence(record)
}

fn number(number: &u64) -> String {
    count(*number)
}

fn size(number: &u64) -> String {
    bytes(*number)
}

fn ms(elapsed_ms: &u64) -> String {
    duration_ms(*elapsed_ms)
}

fn table_word(result: &TableResult) -> &'static str {
    match result {
        TableResult::Copied => "copied",
        TableResult::Present => "copied before",
        TableResult::Unfinished => "unfinished",
        TableResult::Equal => "equal",
        TableResult::Different => "different",
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_page_shows_every_section_and_needs_nothing_from_elsewhere() {
        let page = render(&sample::report()).unwrap();
        for shown in [
            "MariaDB 10.11.19",
            "MySQL 9.7.4",
            "1,234,567",
            "760.0 MiB",
            "open_orders",
            "Unknown column",
            "the target has no MyISAM",
            "does not work on the source",
            "--no-lock",
            "(id) = (17)",
            "all rows are on the target",
            "2026-11-23 01:04:08 UTC",
            "Writes kept out",
            "a client at proxy.example:3306 was refused for 431 ms",
            "it is read-only (error 1290, state HY000)",
            "writes are kept out of the source",
            "ops@jump: sealift cutover",
            "app@10.0.%",
            "not ours",
            "FILE on *.* not given",
            "left alone: a grant of somebody else",
        ] {
            assert!(page.contains(shown), "{shown}");
        }
        for foreign in ["http:", "https:", "src=", "@import", "url("] {
            assert!(!page.contains(foreign), "{foreign}");
        }
    }

    #[test]
    fn names_from_a_server_are_not_markup() {
        let page = render(&sample::report()).unwrap();
        assert!(!page.contains("<script>"));
        assert!(page.contains("&#60;script&#62;"));
    }
}
