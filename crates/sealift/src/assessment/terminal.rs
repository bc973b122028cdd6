//! The assessment for a terminal: what stops it first, short unless everything is asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use sealift_schema::facts::Side;
use sealift_schema::rule::{
    Assessment, CheckResult, Figure, Found, Grade, Level, Mode, NotChecked, Standing, Unit, Way,
};

use crate::output::quantity::{bytes, count, counted, duration_ms};
use crate::output::text::{clean, wrap};

/// Findings of one check that are shown without `--all`.
const SHOWN_MAX: usize = 3;

/// Columns before the words of a labelled line.
const LABEL_COLUMNS: usize = 13;

const LABEL: Style = Style::new().dimmed();

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// What stops or needs a decision, the first objects of each.
    Short,
    /// Every check, every object, the statements behind them.
    All,
}

/// The assessment in lines of at most `width` columns.
pub(crate) fn told(assessment: &Assessment, extent: Extent, width: usize) -> String {
    let mut page = Page { text: headline(assessment), width };
    let said = |server: &sealift_schema::rule::ServerSaid| {
        format!("{}, {}, as {}", server.platform, server.version, server.account)
    };
    page.line("source", &said(&assessment.source));
    match &assessment.profile {
        None => page.line("target", &said(&assessment.target)),
        Some(profile) => page.line("target", &format!("{profile}: a profile, not a server")),
    }
    page.line("offline", &way(&assessment.ways.offline));
    page.line("online", &way(&assessment.ways.online));
    page.line("import", &way(&assessment.ways.physical_import));
    schemas(&mut page, assessment, extent);
    estimates(&mut page, assessment);
    for standing in [Standing::Blocks, Standing::Warns, Standing::NotChecked, Standing::Passes] {
        if standing == Standing::Passes && extent == Extent::Short {
            continue;
        }
        for check in assessment.checks.iter().filter(|check| check.standing == standing) {
            if extent == Extent::All || !check.is_not_asked() {
                tell(&mut page, check, extent);
            }
        }
    }
    not_asked(&mut page, assessment);
    grants(&mut page, assessment);
    for acceptance in &assessment.idle_acceptances {
        let object = acceptance.object.as_deref().unwrap_or("anything");
        page.line("accepted", &format!("{} on {object} fits no finding", acceptance.id));
    }
    page.text
}

fn headline(assessment: &Assessment) -> String {
    let grade = assessment.grade;
    let style = match grade {
        Grade::Ready => AnsiColor::Green,
        Grade::ReadyWithConditions | Grade::Unknown => AnsiColor::Yellow,
        Grade::NotReady => AnsiColor::Red,
    };
    let style = style.on_default().bold();
    let asked = || assessment.checks.iter().filter(|check| !check.is_not_asked());
    let number = |standing: Standing| asked().filter(|check| check.standing == standing).count();
    let number = |standing| u64::try_from(number(standing)).unwrap_or(u64::MAX);
    format!(
        "{style}{}{style:#}: {} of {} block, {} warn, {} not checked\n",
        grade.word(),
        count(number(Standing::Blocks)),
        counted(u64::try_from(asked().count()).unwrap_or(u64::MAX), "check", "checks"),
        count(number(Standing::Warns)),
        count(number(Standing::NotChecked)),
    )
}

fn way(way: &Way) -> String {
    if way.open { "open".to_owned() } else { format!("closed: {}", way.because.join(", ")) }
}

fn schemas(page: &mut Page, assessment: &Assessment, extent: Extent) {
    let shown = if extent == Extent::All { usize::MAX } else { 10 };
    for schema in assessment.schemas.iter().take(shown) {
        let line = format!(
            "{}: {}; {}, {}, {}",
            schema.name,
            schema.grade.word(),
            counted(schema.tables, "table", "tables"),
            counted(schema.programs, "view or program", "views and programs"),
            bytes(schema.data_bytes.saturating_add(schema.index_bytes)),
        );
        page.line("schema", &line);
    }
    if let Some(more) = assessment.schemas.len().checked_sub(shown).filter(|more| *more > 0) {
        page.line("schema", &format!("and {more} more"));
    }
}

/// Each figure with its basis; those that are not known by what would tell them.
fn estimates(page: &mut Page, assessment: &Assessment) {
    let mut unknown: Vec<(&str, Vec<&str>)> = Vec::new();
    for estimate in &assessment.estimates {
        match &estimate.figure {
            Figure::Known { amount, basis } => {
                let amount = figure(*amount, estimate.unit);
                page.line("estimate", &format!("{}: {amount} ({basis})", estimate.about));
            }
            Figure::NotKnown { not_known } => {
                match unknown.iter_mut().find(|(why, _)| why == not_known) {
                    Some((_, about)) => about.push(&estimate.about),
                    None => unknown.push((not_known, vec![&estimate.about])),
                }
            }
        }
    }
    for (why, about) in unknown {
        page.line("not known", &format!("{}: {why}", about.join(", ")));
    }
}

/// A figure as people read it.
pub(crate) fn figure(amount: u64, unit: Unit) -> String {
    match unit {
        Unit::Bytes => bytes(amount),
        Unit::BytesPerSecond => format!("{}/s", bytes(amount)),
        Unit::Milliseconds => duration_ms(amount),
    }
}

fn tell(page: &mut Page, check: &CheckResult, extent: Extent) {
    let (word, style) = match check.standing {
        Standing::Blocks => ("blocks", AnsiColor::Red.on_default().bold()),
        Standing::Warns => ("warns", AnsiColor::Yellow.on_default()),
        Standing::NotChecked => ("not checked", AnsiColor::Yellow.on_default()),
        Standing::Passes => ("passes", AnsiColor::Green.on_default()),
    };
    let padding = " ".repeat(LABEL_COLUMNS.saturating_sub(word.len() + 2));
    // Writing to a string cannot fail.
    let _infallible =
        writeln!(page.text, "\n{style}{word}{style:#}{padding}  {} ({})", check.title, check.id);
    if let Some(why) = &check.not_checked {
        page.line("", &not_checked(why));
    }
    let told: Vec<&Found> = check
        .findings
        .iter()
        .filter(|found| {
            extent == Extent::All || (found.level > Level::Notes && found.accepted.is_none())
        })
        .collect();
    let shown = if extent == Extent::All { usize::MAX } else { SHOWN_MAX };
    let mut told_here = told.iter().take(shown).peekable();
    while let Some(found) = told_here.next() {
        finding(page, found, check.mode);
        // What helps several findings in a row stands once, below the last of them.
        if told_here
            .peek()
            .is_none_or(|next| (next.level, &next.fixes) != (found.level, &found.fixes))
        {
            fixes(page, found);
        }
    }
    if let Some(more) = told.len().checked_sub(shown).filter(|more| *more > 0) {
        page.line(
            "",
            &format!("and {} more: --all names them", count(more.try_into().unwrap_or(u64::MAX))),
        );
    }
    if extent == Extent::All {
        for sql in &check.sql {
            page.line("see", sql);
        }
        page.line("more", &check.link);
    }
}

fn finding(page: &mut Page, found: &Found, usual: Mode) {
    let mode = match found.mode {
        mode if mode == usual && usual == Mode::All => "",
        Mode::All => "",
        Mode::Offline => " (offline)",
        Mode::Online => " (online)",
    };
    page.line("", &format!("{}{mode}: {}", found.object, found.what));
    if let Some(reason) = &found.accepted {
        page.line("accepted", reason);
    }
}

fn fixes(page: &mut Page, found: &Found) {
    for fix in &found.fixes {
        let optional = if found.is_optional(fix) { "optional: " } else { "" };
        page.line(fix.by.word(), &format!("{optional}{}", fix.text));
    }
}

/// What reads rows or writes, and nobody asked for.
fn not_asked(page: &mut Page, assessment: &Assessment) {
    let mut checks: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for check in &assessment.checks {
        if let Some(NotChecked::NotAsked { option }) = &check.not_checked {
            checks.entry(option).or_default().push(&check.id);
        }
    }
    if !checks.is_empty() {
        page.text.push('\n');
    }
    for (option, ids) in checks {
        page.line("not asked", &format!("{option} would check {}", ids.join(", ")));
    }
}

/// What would let all checks look, a statement to a line, not wrapped, so that it can be copied.
fn grants(page: &mut Page, assessment: &Assessment) {
    let mut statements: BTreeMap<Side, BTreeSet<&str>> = BTreeMap::new();
    for why in assessment.checks.iter().filter_map(|check| check.not_checked.as_ref()) {
        if let NotChecked::Privilege { side, grant, .. } = why {
            statements.entry(*side).or_default().extend(grant.split("; "));
        }
    }
    for (side, statements) in statements {
        let _infallible = writeln!(page.text, "\nto let it look, on the {side}:");
        for statement in statements {
            let _infallible = writeln!(page.text, "  {};", clean(statement));
        }
    }
}

/// Why a check could not look, and what would let it.
pub(crate) fn not_checked(why: &NotChecked) -> String {
    match why {
        NotChecked::Privilege { side, grant, .. } => {
            let grant = grant.split(" TO ").next().unwrap_or(grant);
            format!(
                "our account on the {side} may not see it: it lacks {}",
                grant.replacen("GRANT ", "", 1)
            )
        }
        NotChecked::Unseen { ask } => format!("no connection shows it; find out {ask}"),
        NotChecked::NoTarget => "there is no target yet".to_owned(),
        NotChecked::NotAsked { option } => format!("not asked for: {option}"),
        NotChecked::Failed { side, why } => format!("the {side} answered: {why}"),
    }
}

/// Lines with labels.
struct Page {
    text: String,
    width: usize,
}

impl Page {
    fn line(&mut self, label: &str, words: &str) {
        let mut label = label;
        let columns = LABEL_COLUMNS - 4;
        for line in wrap(&clean(words), self.width.saturating_sub(LABEL_COLUMNS)) {
            let _infallible = writeln!(self.text, "  {LABEL}{label:<columns$}{LABEL:#}  {line}");
            label = "";
        }
    }
}
