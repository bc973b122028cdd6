//! What is under way, as lines: pure functions from snapshots and elapsed time.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use anstyle::Style;
use sealift_engine::progress::{Snapshot, TableProgress, TableStage};
use sealift_schema::name::QualifiedName;

use super::following;
use super::quantity::{bytes, count, duration, per_second, percent};
use super::text::{clean, cut, fit, width};

/// Rates are those of the last seconds: long enough not to jump, short enough to follow a change.
const WINDOW: Duration = Duration::from_secs(15);

/// A rate from less than this says nothing.
const WINDOW_MIN: Duration = Duration::from_millis(900);

/// Columns of everything in a table's line but its name.
const TABLE_LINE_FIXED: usize = 53;

const BAR: usize = 10;
const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();

/// How fast numbers grow.
#[derive(Debug, Default)]
struct Pace {
    marks: VecDeque<(Duration, u64, u64)>,
}

impl Pace {
    fn observe(&mut self, at: Duration, rows: u64, bytes: u64) {
        // Fewer rows than before: another stage counts from the start.
        if self.marks.back().is_some_and(|(_at, before, _bytes)| *before > rows) {
            self.marks.clear();
        }
        self.marks.push_back((at, rows, bytes));
        while self.marks.len() > 2
            && self.marks.get(1).is_some_and(|(mark, ..)| at - *mark >= WINDOW)
        {
            self.marks.pop_front();
        }
    }

    /// Rows and bytes a second.
    fn rates(&self) -> Option<(u64, u64)> {
        let (first, rows_first, bytes_first) = self.marks.front()?;
        let (last, rows_last, bytes_last) = self.marks.back()?;
        let time = last.checked_sub(*first).filter(|time| *time >= WINDOW_MIN)?;
        let rows = per_second(rows_last.saturating_sub(*rows_first), time)?;
        Some((rows, per_second(bytes_last.saturating_sub(*bytes_first), time)?))
    }

    /// Time until `left` more rows are there.
    fn eta(&self, left: u64) -> Option<Duration> {
        let (rows, _bytes) = self.rates()?;
        left.checked_div(rows).map(Duration::from_secs)
    }
}

/// How fast the whole and each running table grow.
#[derive(Debug, Default)]
pub(crate) struct Paces {
    stage: String,
    whole: Pace,
    tables: BTreeMap<QualifiedName, Pace>,
}

impl Paces {
    /// Takes note of a snapshot; `at` only grows.
    pub(crate) fn observe(&mut self, at: Duration, snapshot: &Snapshot) {
        if self.stage != snapshot.stage {
            self.stage.clone_from(&snapshot.stage);
            self.whole = Pace::default();
            self.tables.clear();
        }
        let (rows, _expected) = snapshot.rows();
        self.whole.observe(at, rows, snapshot.bytes());
        self.tables.retain(|name, _pace| snapshot.tables.get(name).is_some_and(moves_rows));
        for (name, table) in snapshot.tables.iter().filter(|(_name, table)| moves_rows(table)) {
            self.tables.entry(name.clone()).or_default().observe(at, table.rows, table.bytes);
        }
    }
}

/// Writes onto the board how fast rows arrive, for those who see it only now and then.
pub(crate) fn tell_rates(board: &mut Snapshot, paces: &Paces) {
    let (rows, expected) = board.rows();
    let moves = board.tables.values().any(moves_rows);
    let eta = if moves { eta(board, paces, expected.saturating_sub(rows)) } else { None };
    board.eta_seconds = eta.map(|time| time.as_secs());
    for (name, table) in &mut board.tables {
        let rates = paces.tables.get(name).and_then(Pace::rates);
        table.rows_per_second = rates.map(|(rows, _bytes)| rows).filter(|_rows| moves_rows(table));
    }
}

fn moves_rows(table: &TableProgress) -> bool {
    matches!(table.stage, TableStage::Copying | TableStage::Verifying)
}

fn is_running(table: &TableProgress) -> bool {
    moves_rows(table) || table.stage == TableStage::Indexing
}

/// Tables of which nothing is left to do in this stage.
fn tables_done(snapshot: &Snapshot) -> u64 {
    let is_done = |table: &TableProgress| match table.stage {
        TableStage::Waiting
        | TableStage::Copying
        | TableStage::Indexing
        | TableStage::Verifying => false,
        TableStage::Copied | TableStage::Done | TableStage::Equal | TableStage::Different => true,
    };
    snapshot.tables.values().filter(|table| is_done(table)).fold(0, |done, _table| done + 1)
}

/// One line for a log.
pub(crate) fn line(snapshot: &Snapshot, paces: &Paces) -> String {
    let mut said = vec![];
    if !snapshot.tables.is_empty() {
        said.push(format!(
            "{} of {} tables",
            count(tables_done(snapshot)),
            count(snapshot.tables.values().fold(0, |tables, _table| tables + 1))
        ));
        said.extend(whole(snapshot, paces));
    }
    if !snapshot.doing.is_empty() {
        said.push(clean(&snapshot.doing));
    }
    said.extend(beside(snapshot));
    let stage = clean(&snapshot.stage);
    if said.is_empty() { stage } else { format!("{stage}: {}", said.join(", ")) }
}

/// What goes on beside the copy: changes that are followed, and what the operator wants. The position is left to
/// `status`: it is long, and changes all the time.
fn beside(snapshot: &Snapshot) -> Vec<String> {
    let lines = following::lines(snapshot).into_iter().chain(following::steering(snapshot));
    lines
        .filter(|(label, _)| *label != following::POSITION)
        .map(|(label, words)| if label.is_empty() { words } else { format!("{label}: {words}") })
        .collect()
}

/// Rows, bytes, rate and ETA of the whole.
fn whole(snapshot: &Snapshot, paces: &Paces) -> Vec<String> {
    let (rows, expected) = snapshot.rows();
    let sent = snapshot.bytes();
    let mut said = vec![format!("{} %", percent(rows, expected)), format!("{} rows", count(rows))];
    if sent > 0 {
        said.push(bytes(sent));
    }
    if rows < expected {
        if let Some((rows_rate, bytes_rate)) = paces.whole.rates() {
            said.push(rate(rows_rate, bytes_rate));
        }
        if let Some(eta) = eta(snapshot, paces, expected - rows) {
            said.push(format!("ETA {}", duration(eta)));
        }
    }
    said
}

/// The whole is not there before its slowest table.
fn eta(snapshot: &Snapshot, paces: &Paces, left: u64) -> Option<Duration> {
    let tables = paces.tables.iter().filter_map(|(name, pace)| {
        let table = snapshot.tables.get(name)?;
        pace.eta(table.rows_expected.saturating_sub(table.rows))
    });
    paces.whole.eta(left).into_iter().chain(tables).max()
}

/// Bytes a second, or rows where bytes are not counted.
fn rate(rows: u64, sent: u64) -> String {
    if sent > 0 { format!("{}/s", bytes(sent)) } else { format!("{} rows/s", count(rows)) }
}

/// A live display of at most `columns` by `rows`; every line fits.
pub(crate) fn frame(
    snapshot: &Snapshot,
    paces: &Paces,
    elapsed: Duration,
    columns: usize,
    rows: usize,
) -> Vec<String> {
    let mut lines = Vec::new();
    let running: Vec<_> =
        snapshot.tables.iter().filter(|(_name, table)| is_running(table)).collect();
    let stage = clean(&snapshot.stage);
    let mut head = stage.clone();
    if !snapshot.tables.is_empty() {
        let done = tables_done(snapshot);
        let all = snapshot.tables.values().fold(0, |tables, _table| tables + 1);
        head = format!("{stage}  {} of {} tables", count(done), count(all));
    }
    let clock = duration(elapsed);
    let gap = columns.saturating_sub(width(&head) + width(&clock)).max(1);
    let head = cut(&format!("{head}{}{clock}", " ".repeat(gap)), columns);
    lines.push(format!("{BOLD}{head}{BOLD:#}"));
    if !snapshot.tables.is_empty() {
        lines.push(cut(&format!("  {}", whole(snapshot, paces).join("  ")), columns));
    }
    if !snapshot.doing.is_empty() {
        lines.push(cut(&format!("  {}", clean(&snapshot.doing)), columns));
    }
    let spare = rows.saturating_sub(lines.len() + 1);
    let beside = beside(snapshot).into_iter().take(spare);
    lines.extend(beside.map(|words| cut(&format!("  {words}"), columns)));
    // The line below the display stays free for the cursor.
    let room = rows.saturating_sub(lines.len() + 2);
    if !running.is_empty() && room > 1 {
        let name = columns.saturating_sub(TABLE_LINE_FIXED).max(8);
        let heading = format!(
            "  {} {:<BAR$} {:>4} {:>13} {:>12} {:>7}",
            fit("table", name),
            "",
            "done",
            "rows",
            "rate",
            "ETA"
        );
        lines.push(format!("{DIM}{}{DIM:#}", cut(&heading, columns)));
        let fits = if running.len() < room { running.len() } else { room.saturating_sub(2) };
        for (table, progress) in running.iter().take(fits) {
            let line = table_line(table, progress, paces.tables.get(*table), name);
            lines.push(cut(&line, columns));
        }
        if fits < running.len() {
            lines.push(cut(&format!("  and {} more", running.len() - fits), columns));
        }
    }
    lines
}

/// One running table.
fn table_line(
    table: &QualifiedName,
    progress: &TableProgress,
    pace: Option<&Pace>,
    name_columns: usize,
) -> String {
    let name = fit(&clean(&table.plain()), name_columns);
    let expected = progress.rows_expected.max(progress.rows);
    // The server's statistics may be short of the truth; a table that runs is not done.
    let part = percent(progress.rows, expected).min(99);
    let rows = count(progress.rows);
    if progress.stage == TableStage::Indexing {
        return format!("  {name} {:<BAR$} {:>4} {rows:>13}", "indexes", "");
    }
    let bar = bar(part);
    let rates = pace.and_then(Pace::rates);
    let rate = rates.map_or_else(String::new, |(rows, sent)| {
        if sent > 0 { format!("{}/s", bytes(sent)) } else { format!("{}/s", count(rows)) }
    });
    let eta = pace
        .and_then(|pace| pace.eta(expected - progress.rows))
        .filter(|_eta| expected > progress.rows)
        .map_or_else(String::new, duration);
    let line = format!("  {name} {bar} {part:>2} % {rows:>13} {rate:>12} {eta:>7}");
    line.trim_end().to_owned()
}

/// A bar of ten cells for a part of a hundred.
fn bar(part: u64) -> String {
    (0..10).map(|cell| if cell * 10 + 5 <= part { '█' } else { '░' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;
    use sealift_engine::control::Steering;
    use sealift_engine::progress::{FollowState, Following, Lag};
    use sealift_schema::facts::Side;

    fn table(stage: TableStage, rows: u64, rows_expected: u64) -> TableProgress {
        TableProgress { stage, rows, rows_expected, bytes: rows * 100, rows_per_second: None }
    }

    fn copying(moved: u64) -> Snapshot {
        let tables = [
            ("customers", table(TableStage::Done, 1_000_000, 990_000)),
            ("lines", table(TableStage::Copying, 3_000_000 + moved, 12_000_000)),
            ("orders", table(TableStage::Copying, 10 * moved, 10 * moved)),
            (
                "a_name_of_sixty_four_characters_which_is_as_long_as_a_name_can_be",
                table(TableStage::Copying, 7, 9),
            ),
            ("evil\u{1b}[2J", table(TableStage::Indexing, 400, 300)),
            ("waiting", table(TableStage::Waiting, 0, 5_000)),
        ];
        let tables = tables.map(|(name, progress)| (QualifiedName::new("shop", name), progress));
        Snapshot { stage: "copying".into(), tables: tables.into(), ..Snapshot::default() }
    }

    fn observed() -> (Snapshot, Paces) {
        let mut paces = Paces::default();
        for second in 0..=4 {
            paces.observe(Duration::from_secs(second), &copying(second * 50_000));
        }
        (copying(200_000), paces)
    }

    fn plain(lines: &[String]) -> String {
        anstream::adapter::strip_str(&lines.join("\n")).to_string()
    }

    #[test]
    fn a_display_shows_the_whole_and_every_running_table() {
        let (snapshot, paces) = observed();
        let lines = frame(&snapshot, &paces, Duration::from_secs(125), 79, 24);
        assert_snapshot!(plain(&lines), @r"
        copying  1 of 6 tables                                                   2m 05s
          41 %  6,200,407 rows  591.3 MiB  52.5 MiB/s  ETA 2m 56s
          table                                 done          rows         rate     ETA
          shop.a_name_of_sixty_four… ████████░░ 77 %             7          0/s
          shop.evil\u{1b}[2J         indexes                   400
          shop.lines                 ███░░░░░░░ 26 %     3,200,000    4.8 MiB/s  2m 56s
          shop.orders                ██████████ 99 %     2,000,000   47.7 MiB/s
        ");
    }

    #[test]
    fn changes_that_are_followed_are_shown_with_their_lag() {
        let mut snapshot = Snapshot { stage: "catching up".into(), ..copying(0) };
        for table in snapshot.tables.values_mut() {
            table.stage = TableStage::Done;
        }
        snapshot.following = Some(Following {
            live: Side::Source,
            state: FollowState::CatchingUp,
            position: "binlog.000042:1579".into(),
            source_position: "binlog.000042:99999".into(),
            lag: Lag { ms: Some(12_300), bytes: Some(3_500_000), transactions: None },
            transactions: 1_234,
            changes: 56_789,
            transactions_per_second: Some(120),
            changes_per_second: Some(4_800),
            eta_seconds: Some(41),
            ready: false,
            held: Vec::new(),
            held_objects: Vec::new(),
            threads_running: Some(4),
            retention: None,
        });
        snapshot.steering = Some(Steering { paused: true, ..Steering::default() });
        let lines = frame(&snapshot, &Paces::default(), Duration::from_secs(125), 79, 24);
        assert_snapshot!(plain(&lines), @r"
        catching up  6 of 6 tables                                               2m 05s
          30 %  4,000,407 rows  381.5 MiB
          changes: catching up, 12s, 3.3 MiB behind, ETA 41s
          applied: 1,234 transactions, 56,789 row changes (120/s, 4,800/s)
          paused: sealift resume goes on
        ");
        assert_snapshot!(line(&snapshot, &Paces::default()), @"catching up: 6 of 6 tables, 30 %, 4,000,407 rows, 381.5 MiB, changes: catching up, 12s, 3.3 MiB behind, ETA 41s, applied: 1,234 transactions, 56,789 row changes (120/s, 4,800/s), paused: sealift resume goes on");
        for rows in [1, 4, 6, 7, 8, 24] {
            let lines = frame(&snapshot, &Paces::default(), Duration::from_secs(125), 40, rows);
            assert!(lines.len() <= rows.max(4), "{rows}: {}", lines.len());
            assert!(plain(&lines).lines().all(|line| width(line) <= 40));
        }
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_and_no_frame_higher() {
        let (mut snapshot, paces) = observed();
        snapshot.doing =
            "creating view `shop`.`表表表表表表表表表表表表表表表表表表表表表表表表表`".into();
        for columns in [1, 10, 20, 39, 40, 60, 79, 80, 132, 300] {
            for rows in [1, 4, 6, 7, 8, 24] {
                let lines = frame(&snapshot, &paces, Duration::from_secs(125), columns, rows);
                assert!(lines.len() <= rows.max(4), "{columns}x{rows}: {}", lines.len());
                for line in plain(&lines).lines() {
                    assert!(width(line) <= columns, "{columns}: {line:?}");
                }
            }
        }
    }

    #[test]
    fn more_tables_than_fit_are_counted() {
        let (snapshot, paces) = observed();
        let lines = frame(&snapshot, &paces, Duration::from_secs(125), 79, 8);
        assert_snapshot!(plain(&lines), @r"
        copying  1 of 6 tables                                                   2m 05s
          41 %  6,200,407 rows  591.3 MiB  52.5 MiB/s  ETA 2m 56s
          table                                 done          rows         rate     ETA
          shop.a_name_of_sixty_four… ████████░░ 77 %             7          0/s
          shop.evil\u{1b}[2J         indexes                   400
          and 2 more
        ");
    }

    #[test]
    fn a_line_for_a_log_says_the_same_in_words() {
        let (snapshot, paces) = observed();
        assert_snapshot!(line(&snapshot, &paces), @"copying: 1 of 6 tables, 41 %, 6,200,407 rows, 591.3 MiB, 52.5 MiB/s, ETA 2m 56s");
        let preparing = Snapshot {
            stage: "preparing".into(),
            doing: "creating table `a`.`b`".into(),
            ..Snapshot::default()
        };
        assert_snapshot!(line(&preparing, &Paces::default()), @"preparing: creating table `a`.`b`");
    }

    #[test]
    fn a_rate_is_that_of_the_last_seconds_and_starts_anew_with_a_stage() {
        let mut pace = Pace::default();
        pace.observe(Duration::ZERO, 0, 0);
        assert_eq!(pace.rates(), None);
        for second in 1..=60 {
            let rows = if second <= 30 { second * 1_000 } else { 30_000 + (second - 30) * 10 };
            pace.observe(Duration::from_secs(second), rows, rows);
        }
        assert_eq!(pace.rates(), Some((10, 10)));
        assert_eq!(pace.eta(100), Some(Duration::from_secs(10)));
        pace.observe(Duration::from_secs(61), 5, 5);
        assert_eq!(pace.rates(), None);
    }
}
