//! The report for a terminal: short, what needs attention last.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use sealift_engine::cutover::{TurnOutcome, TurnRecord};
use sealift_engine::report::{
    Conclusion, DifferenceReport, ObjectResult, RepairReport, Report, ServerReport,
    TableRepairReport, VerificationReport,
};
use sealift_engine::stage::Part;
use sealift_schema::name::ObjectKind;

use super::{left_out_word, word};
use crate::output::quantity::{bytes, count, counted, duration, per_second};
use crate::output::text::{clean, wrap};

/// Lines of one kind that are shown; the HTML report has all.
const SHOWN_MAX: usize = 20;

const LABEL: Style = Style::new().dimmed();

/// Columns of a label and the space around it.
const LABEL_COLUMNS: usize = 12;

/// The report in lines of at most `width` columns.
pub(crate) fn summary(report: &Report, width: usize) -> String {
    let mut page = Page { text: headline(report), width };
    if let Some(source) = &report.source {
        page.line("source", &server(source));
    }
    if let Some(target) = &report.target {
        page.line("target", &server(target));
    }
    for (label, kinds) in [
        ("made", scripts(report, |result| matches!(result, ObjectResult::Created))),
        ("was there", scripts(report, |result| matches!(result, ObjectResult::Present))),
    ] {
        if !kinds.is_empty() {
            page.line(label, &kinds);
        }
    }
    let changes = changes(report);
    if !changes.is_empty() {
        page.line("changed", &changes);
    }
    page.list("left out", &report.left_out, |left_out| {
        format!("{}: {}: {}", left_out.object, left_out_word(&left_out.because), left_out.reason)
    });
    let failed: Vec<_> = report
        .objects
        .iter()
        .filter_map(|object| match &object.result {
            ObjectResult::Failed(why) => Some((object, why)),
            ObjectResult::Created | ObjectResult::Present | ObjectResult::Skipped => None,
        })
        .collect();
    page.list("failed", &failed, |(object, why)| {
        format!("{} ({}): {why}", object.object, object.part.folder())
    });
    page.list("note", &report.notes, Clone::clone);
    for record in &report.turns {
        turned(&mut page, record);
    }
    if let Some(verification) = &report.verification {
        compared(&mut page, verification);
    }
    if let Some(repair) = &report.repair {
        repaired(&mut page, repair);
    }
    page.text
}

/// The first line: what became of it, how much, how fast.
fn headline(report: &Report) -> String {
    let style = match report.outcome {
        Conclusion::Done | Conclusion::Equal => AnsiColor::Green.on_default().bold(),
        Conclusion::Different
        | Conclusion::Incomplete
        | Conclusion::Refused
        | Conclusion::Failed => AnsiColor::Red.on_default().bold(),
        Conclusion::Interrupted | Conclusion::Running | Conclusion::Unsettled => {
            AnsiColor::Yellow.on_default().bold()
        }
    };
    let elapsed = report
        .ended
        .and_then(|ended| Duration::try_from(ended.duration_since(report.begun)).ok())
        .unwrap_or_default();
    let mut said = Vec::new();
    if !report.tables.is_empty() {
        said.push(tables(report.tables.len()));
        said.push(counted(report.rows(), "row", "rows"));
    }
    if report.bytes() > 0 {
        said.push(bytes(report.bytes()));
    }
    let mut line = format!("{style}{}{style:#}", word(report.outcome));
    if !said.is_empty() {
        // Writing to a string cannot fail.
        let _infallible = write!(line, ": {}", said.join(", "));
    }
    let _infallible = write!(line, " in {}", duration(elapsed));
    if let Some(rate) = per_second(report.bytes(), elapsed).filter(|rate| *rate > 0) {
        let _infallible = write!(line, " ({}/s)", bytes(rate));
    }
    line.push('\n');
    line
}

/// What became of a cutover or rollback: a line for each step, its time in front.
fn turned(page: &mut Page, record: &TurnRecord) {
    let TurnRecord { ask, outcome, live, refused_ms, client, steps, checks, notes, .. } = record;
    let word = ask.wish.word();
    let said = match outcome {
        TurnOutcome::Refused => format!("refused: the {live} is live and takes writes"),
        TurnOutcome::Rehearsed => format!("rehearsed: the {live} is live and takes writes"),
        TurnOutcome::Switched => format!("the {live} is live"),
        TurnOutcome::Unfinished => format!("the {live} is live; something after the switch failed"),
    };
    page.line(word, &said);
    if let Some(ms) = refused_ms {
        page.line("downtime", &format!("writes were kept out for {ms} ms{}", clock_note(record)));
    }
    if let Some(client) = client {
        page.line("measured", &client.to_string());
        page.list("refused", &client.words(), ToString::to_string);
    }
    page.list("step", steps, |step| format!("{} ms: {}", step.took_ms, step.what));
    page.list("checked", checks, Clone::clone);
    page.list("note", notes, Clone::clone);
}

/// Whose clock that was, where nobody else's is told.
pub(super) fn clock_note(record: &TurnRecord) -> &'static str {
    match record.client {
        Some(_) => "",
        None => " by sealift's clock; until the application reaches the live side comes on top",
    }
}

fn tables(number: usize) -> String {
    counted(number.try_into().unwrap_or(u64::MAX), "table", "tables")
}

fn server(server: &ServerReport) -> String {
    let ServerReport { address, version, user, tls, azure } = server;
    let azure = if *azure { " (Azure)" } else { "" };
    let tls = tls.as_deref().unwrap_or("not encrypted");
    format!("{version}{azure} at {address}, as {user}, {tls}")
}

/// `3 tables, indexes of 2 tables, 1 view`.
fn scripts(report: &Report, wanted: fn(&ObjectResult) -> bool) -> String {
    let mut kinds: BTreeMap<(ObjectKind, &str), u64> = BTreeMap::new();
    for object in report.objects.iter().filter(|object| wanted(&object.result)) {
        let part = match object.part {
            Part::Indexes => "indexes of",
            Part::ForeignKeys => "foreign keys of",
            Part::Schemas
            | Part::Tables
            | Part::Routines
            | Part::Views
            | Part::Triggers
            | Part::Events => "",
        };
        *kinds.entry((object.object.kind, part)).or_default() += 1;
    }
    let said = kinds.into_iter().map(|((kind, part), number)| {
        let noun = counted(number, kind.word(), &plural(kind));
        if part.is_empty() { noun } else { format!("{part} {noun}") }
    });
    said.collect::<Vec<_>>().join(", ")
}

fn plural(kind: ObjectKind) -> String {
    format!("{}s", kind.word())
}

/// `definer 2, engine 1`.
fn changes(report: &Report) -> String {
    let mut rewrites: BTreeMap<&str, u64> = BTreeMap::new();
    for change in &report.changes {
        *rewrites.entry(&change.rewrite).or_default() += 1;
    }
    let said: Vec<_> = rewrites
        .into_iter()
        .map(|(rewrite, number)| format!("{rewrite} {}", count(number)))
        .collect();
    said.join(", ")
}

fn compared(page: &mut Page, verification: &VerificationReport) {
    let VerificationReport {
        tables,
        rows,
        objects,
        differences,
        accounts,
        accounts_differing,
        not_compared,
        unsettled,
        strangers,
    } = verification;
    let said = [
        (*objects, "definition", "definitions"),
        (*accounts, "account", "accounts"),
        (*tables, "table", "tables"),
        (*rows, "row", "rows"),
    ];
    let said: Vec<_> = said
        .into_iter()
        .filter(|(number, ..)| *number > 0)
        .map(|(number, one, many)| counted(number, one, many))
        .collect();
    if !said.is_empty() {
        page.line("compared", &said.join(", "));
    }
    page.list("not compared", not_compared, Clone::clone);
    page.list("not known", unsettled, difference);
    page.list("differs", differences, difference);
    page.list("differs", accounts_differing, ToString::to_string);
    page.list("who", strangers, ToString::to_string);
}

fn repaired(page: &mut Page, RepairReport { done, tables }: &RepairReport) {
    if tables.is_empty() {
        page.line("repair", "no rows differed when they were compared");
        return;
    }
    let label = if *done { "repaired" } else { "would repair" };
    page.list(label, tables, |table| {
        let TableRepairReport { table, insert, update, delete, keys, unsettled, left } = table;
        let counts = [
            (*insert, "insert"),
            (*update, "update"),
            (*delete, "delete"),
            (*unsettled, "not known:"),
        ];
        let mut said: Vec<String> = counts
            .into_iter()
            .filter(|(rows, _)| *rows > 0)
            .map(|(rows, word)| format!("{word} {}", counted(rows, "row", "rows")))
            .collect();
        if said.is_empty() {
            said.push("nothing differs any more".into());
        }
        match left {
            Some(0) => said.push("equal now".into()),
            Some(rows) => said.push(format!("{} still differ", counted(*rows, "row", "rows"))),
            None => {}
        }
        let keys = if keys.is_empty() { String::new() } else { format!(": {}", keys.join(", ")) };
        format!("table {table}: {}{keys}", said.join(", "))
    });
    if !done {
        page.line("to do it", "sealift repair --yes");
    }
}

/// One difference in one line.
fn difference(difference: &DifferenceReport) -> String {
    let DifferenceReport { object, what, source, target, keys } = difference;
    let mut said = format!("{object}: {what}");
    for (side, state) in [("source", source), ("target", target)] {
        if let Some(state) = state {
            let _infallible = write!(said, "; {side}: {state}");
        }
    }
    if !keys.is_empty() {
        let _infallible = write!(said, "; {}", keys.join(", "));
    }
    said
}

/// Lines with labels.
struct Page {
    text: String,
    width: usize,
}

impl Page {
    /// One labelled line, wrapped.
    fn line(&mut self, label: &str, words: &str) {
        let mut label = label;
        let columns = LABEL_COLUMNS;
        for line in wrap(&clean(words), self.width.saturating_sub(columns + 4)) {
            let _infallible = writeln!(self.text, "  {LABEL}{label:<columns$}{LABEL:#}  {line}");
            label = "";
        }
    }

    /// A labelled line for each item, up to a limit.
    fn list<T>(&mut self, label: &str, items: &[T], say: impl Fn(&T) -> String) {
        for item in items.iter().take(SHOWN_MAX) {
            self.line(label, &say(item));
        }
        if let Some(more) = items.len().checked_sub(SHOWN_MAX).filter(|more| *more > 0) {
            self.line(label, &format!("and {more} more"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use insta::assert_snapshot;

    #[test]
    fn without_a_client_it_is_said_whose_clock_the_downtime_is_by() {
        let mut report = sample::report();
        report.turns[0].client = None;
        let told = summary(&report, 200);
        assert!(told.contains("312 ms by sealift's clock; until the application"), "{told}");
    }

    #[test]
    fn the_summary_says_what_became_of_it_and_what_needs_attention() {
        let told = summary(&sample::report(), 80);
        assert_snapshot!(anstream::adapter::strip_str(&told).to_string(), @r"
        different: 2 tables, 1,234,567 rows, 760.0 MiB in 2m 05s (6.1 MiB/s)
          source        MariaDB 10.11.19 at 10.0.0.5:3306, as app_reader@%, not
                        encrypted
          target        MySQL 9.7.4 (Azure) at 10.0.0.5:3306, as app_reader@%, TLSv1.3
          made          1 table, indexes of 1 table
          was there     1 table
          changed       definer 2, engine 1
          left out      view `shop`.`broken`: does not work on the source: table
                        'shop.gone' doesn't exist
          failed        view `shop`.`open_orders` (60-views): Unknown column 'x' in
                        'field list'
          note          The copy is not one moment of the source: --no-lock was given.
          cutover       the target is live
          downtime      writes were kept out for 312 ms
          measured      a client at proxy.example:3306 was refused for 431 ms, from
                        01:04:08.123 to 01:04:08.554 UTC, then accepted by the target;
                        14 attempts
          refused       it is read-only (error 1290, state HY000)
          refused       no connection to proxy.example:3306: refused
          step          12 ms: writes are kept out of the source
          checked       SELECT 1: 1
          compared      4 definitions, 3 accounts, 2 tables, 1,234,567 rows
          not compared  table `shop`.`log` is not copied yet.
          not known     table `shop`.`visits`: 2 rows are not known to be equal: it
                        changes all the time; id=3, id=4
          differs       table `shop`.`orders`: row differs; source: 'a'; target: 'b';
                        (id) = (17), (id) = (18)
          differs       account app@10.0.% (on the target app@%): alter password, grant
                        SELECT ON `shop`.*
          who           somebody else wrote to table `shop`.`orders` of the target:
                        app@10.0.0.9, connection 17, at 2026-11-29T09:00:00Z
          would repair  table `shop`.`orders`: insert 1 row, update 2 rows: insert id=7,
                        update id=8
          to do it      sealift repair --yes
        ");
    }

    #[test]
    fn a_long_list_is_cut_short() {
        let mut report = sample::report();
        report.notes = (0..30).map(|number| format!("note {number}")).collect();
        let told = summary(&report, 80);
        assert!(told.contains("note 19") && !told.contains("note 20"));
        assert!(told.contains("and 10 more"));
    }
}
