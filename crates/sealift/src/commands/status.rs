//! `sealift status`: where a migration stands, also while another process works on it.

use std::fmt::Write as _;
use std::time::Duration;

use anstyle::Style;
use jiff::Timestamp;
use sealift_engine::fault::{ErrorCode, Fault};
use sealift_engine::progress::{Snapshot, TableStage};
use sealift_engine::report::Conclusion;
use sealift_engine::stage::{Stage, Switch};
use sealift_server::status::{held, keys, word};
use sealift_server::store::{Peek, Run, StateFolder};

use super::{Answer, Context};
use crate::output::following;
use crate::output::quantity::{bytes, count, counted, duration, percent};
use crate::output::text::clean;

/// Print where the migration stands, also while it runs in another terminal
#[derive(Debug, clap::Args)]
pub(crate) struct StatusArgs {}

/// Running tables that are listed.
const TABLES_SHOWN_MAX: usize = 20;

const LABEL: Style = Style::new().dimmed();

pub(super) fn status(_args: &StatusArgs, context: &Context) -> Result<Answer, Fault> {
    let Some(peek) = StateFolder::peek(context.state())? else {
        return Err(Fault::new(ErrorCode::PlanMissing, "there is no migration in this folder")
            .about(format!("state folder {}", context.state().display()))
            .advise("run sealift plan first, or name the folder with --state"));
    };
    let mut answer = Answer::new(Conclusion::Done, text(&peek, context.clock.now()));
    answer.keys = keys(&peek);
    Ok(answer)
}

fn text(peek: &Peek, now: Timestamp) -> String {
    let Peek { run, identity, stage, recorded_at: _, progress } = peek;
    let mut text = String::new();
    let mut line = |label: &str, words: &str| {
        // Writing to a string cannot fail.
        let _infallible = writeln!(text, "{LABEL}{label:<8}{LABEL:#}  {}", clean(words));
    };
    if let Some(identity) = identity {
        line("source", &identity.source);
        line("target", &identity.target);
    }
    line("stage", word(stage));
    if let Some(memory) = stage.memory().filter(|memory| memory.following_from.is_some()) {
        let turns = &memory.turns;
        let doing = match (&turns.open, &turns.switch) {
            (Some(_), _) => ", a turn is under way or was interrupted",
            (None, Some(Switch { from: Some(_), .. })) => ", the other side is kept current",
            (None, Some(Switch { from: None, .. })) => ", there is no way back",
            (None, None) => "",
        };
        line("live", &format!("{}{doing}", turns.live));
    }
    match run {
        Run::None => line("process", "none is at work"),
        Run::Alive { pid: Some(pid) } => line("process", &format!("{pid} is at work")),
        Run::Alive { pid: None } => line("process", "one is at work"),
    }
    if let Some(reported) = progress {
        let Snapshot { stage, doing, .. } = &reported.snapshot;
        // One that has just begun has not said it yet.
        if *run != Run::None && !stage.is_empty() {
            let doing = if doing.is_empty() { stage } else { &format!("{stage}: {doing}") };
            line("doing", doing);
        }
        if !reported.snapshot.tables.is_empty() {
            line("tables", &tables(&reported.snapshot));
            line("rows", &rows(&reported.snapshot));
        }
        for words in running(&reported.snapshot) {
            line("", &words);
        }
        for (label, words) in following::lines(&with_held(&reported.snapshot, &peek.stage)) {
            line(label, &words);
        }
        for (label, words) in following::comparing(&reported.snapshot, now) {
            line(label, &words);
        }
        if *run != Run::None {
            for (label, words) in following::steering(&reported.snapshot) {
                line(label, &words);
            }
        }
        let age = Duration::try_from(now.duration_since(reported.at)).unwrap_or_default();
        line("as of", &format!("{} ago", duration(age)));
    }
    match (stage, run) {
        (Stage::Fresh | Stage::Finished(_), _) | (_, Run::Alive { .. }) => {}
        (
            Stage::Preparing(memory)
            | Stage::Copying(memory)
            | Stage::Completing(memory)
            | Stage::Following(memory),
            Run::None,
        ) => {
            let command = match (&memory.following_from, &memory.snapshot) {
                (None, Some(_)) => "sealift run --offline",
                (Some(_), _) | (None, None) => "the same sealift run",
            };
            line("next", &format!("{command} goes on where it stopped"));
        }
    }
    text
}

/// The snapshot with what the journal says is held.
fn with_held(snapshot: &Snapshot, stage: &Stage) -> Snapshot {
    let mut snapshot = snapshot.clone();
    if let Some(following) = &mut snapshot.following {
        following.held_objects = held(stage);
    }
    snapshot
}

/// `12 of 40 done`.
fn tables(snapshot: &Snapshot) -> String {
    let done = snapshot.tables.values().filter(|table| match table.stage {
        TableStage::Copied | TableStage::Done | TableStage::Equal | TableStage::Different => true,
        TableStage::Waiting
        | TableStage::Copying
        | TableStage::Indexing
        | TableStage::Verifying => false,
    });
    format!("{} of {} done", done.count(), snapshot.tables.len())
}

/// `1,234,567 (31 %), 120.4 MiB`.
fn rows(snapshot: &Snapshot) -> String {
    let (rows, expected) = snapshot.rows();
    let mut said = format!("{} ({} %)", count(rows), percent(rows, expected));
    if snapshot.bytes() > 0 {
        // Writing to a string cannot fail.
        let _infallible = write!(said, ", {}", bytes(snapshot.bytes()));
    }
    if let Some(eta) = snapshot.eta_seconds {
        let _infallible = write!(said, ", ETA {}", duration(Duration::from_secs(eta)));
    }
    said
}

/// A line for each table that is being worked on, up to a limit.
fn running(snapshot: &Snapshot) -> Vec<String> {
    let running = snapshot.tables.iter().filter_map(|(name, table)| {
        let doing = match table.stage {
            TableStage::Copying => "copying",
            TableStage::Indexing => "building indexes",
            TableStage::Verifying => "verifying",
            TableStage::Waiting
            | TableStage::Copied
            | TableStage::Done
            | TableStage::Equal
            | TableStage::Different => return None,
        };
        let rows = counted(table.rows, "row", "rows");
        let expected = count(table.rows_expected.max(table.rows));
        let rate = table.rows_per_second.map(|rate| format!(", {}/s", count(rate)));
        let rate = rate.unwrap_or_default();
        Some(format!("{}: {doing}, {rows} of about {expected}{rate}", name.plain()))
    });
    running.take(TABLES_SHOWN_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;
    use sealift_engine::control::Steering;
    use sealift_engine::progress::{
        Comparing, DifferingTable, FollowState, Following, Lag, Retention, TableProgress,
    };
    use sealift_engine::stage::Event;
    use sealift_schema::facts::Side;
    use sealift_schema::name::QualifiedName;
    use sealift_server::store::{Identity, Reported};
    use serde_json::json;

    fn peek(run: Run) -> Peek {
        let begun = Event::RunBegun { plan: "p".into(), source: "s".into(), target: "t".into() };
        let table = |stage, rows| TableProgress {
            stage,
            rows,
            rows_expected: 900,
            ..TableProgress::default()
        };
        let mut tables = [("a", TableStage::Done, 900), ("b\u{1b}[2J", TableStage::Copying, 100)]
            .map(|(name, stage, rows)| (QualifiedName::new("shop", name), table(stage, rows)));
        for (_name, table) in &mut tables {
            table.bytes = table.rows * 10;
        }
        if run != Run::None {
            tables[1].1.rows_per_second = Some(1_250);
        }
        Peek {
            run,
            identity: Some(Identity {
                source: "10.0.0.5:3306".into(),
                target: "contoso.mysql.database.azure.com:3306".into(),
                selection: "shop".into(),
            }),
            stage: Stage::replay(&[begun, Event::Prepared]).unwrap(),
            recorded_at: Some(Timestamp::UNIX_EPOCH),
            progress: Some(Reported {
                at: Timestamp::UNIX_EPOCH,
                snapshot: Snapshot {
                    stage: "copying".into(),
                    doing: String::new(),
                    tables: tables.into(),
                    eta_seconds: (run != Run::None).then_some(70),
                    ..Snapshot::default()
                },
            }),
        }
    }

    fn shown(run: Run) -> String {
        let now = Timestamp::from_second(3).unwrap();
        anstream::adapter::strip_str(&text(&peek(run), now)).to_string()
    }

    #[test]
    fn a_running_migration_is_shown_with_its_process() {
        assert_snapshot!(shown(Run::Alive { pid: Some(4711) }), @r"
        source    10.0.0.5:3306
        target    contoso.mysql.database.azure.com:3306
        stage     copying
        process   4711 is at work
        doing     copying
        tables    1 of 2 done
        rows      1,000 (55 %), 9.8 KiB, ETA 1m 10s
                  shop.b\u{1b}[2J: copying, 100 rows of about 900, 1,250/s
        as of     3.0s ago
        ");
    }

    #[test]
    fn a_stopped_migration_is_shown_with_the_way_on() {
        assert_snapshot!(shown(Run::None), @r"
        source    10.0.0.5:3306
        target    contoso.mysql.database.azure.com:3306
        stage     copying
        process   none is at work
        tables    1 of 2 done
        rows      1,000 (55 %), 9.8 KiB
                  shop.b\u{1b}[2J: copying, 100 rows of about 900
        as of     3.0s ago
        next      the same sealift run goes on where it stopped
        ");
    }

    fn following(state: FollowState, lag: Lag) -> Following {
        Following {
            live: Side::Source,
            state,
            position: format!(
                "binlog.000042:1579 (GTID set {})",
                "0f1b2c3d-0000-11ee-8000:1-5,".repeat(9)
            ),
            source_position: "binlog.000042:99999".into(),
            lag,
            transactions: 1_234,
            changes: 56_789,
            transactions_per_second: Some(120),
            changes_per_second: Some(4_800),
            eta_seconds: None,
            ready: false,
            held: Vec::new(),
            held_objects: Vec::new(),
            threads_running: Some(4),
            retention: Some(Retention {
                oldest_file: "binlog.000040".into(),
                needed_file: "binlog.000042".into(),
                left_seconds: Some(273_600),
                warning: false,
            }),
        }
    }

    fn shown_following(following: Following, steering: Steering) -> String {
        let mut peek = peek(Run::Alive { pid: Some(4711) });
        let progress = peek.progress.as_mut().unwrap();
        progress.snapshot = Snapshot {
            stage: "following".into(),
            following: Some(following),
            steering: Some(steering),
            ..Snapshot::default()
        };
        let shown = text(&peek, Timestamp::from_second(3).unwrap());
        let shown = anstream::adapter::strip_str(&shown).to_string();
        for line in shown.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        shown
    }

    #[test]
    fn catching_up_is_shown_with_lag_and_eta() {
        let lag = Lag { ms: Some(12_300), bytes: Some(3_500_000), transactions: Some(2_100) };
        let following =
            Following { eta_seconds: Some(41), ..following(FollowState::CatchingUp, lag) };
        let limits = json!({"bytes_per_second": 1_048_576, "threads_running_max": 40});
        let steering = Steering {
            paused: false,
            held: Some("the source is busy: Threads_running is 55, allowed 40".into()),
            settings: serde_json::from_value(limits).unwrap(),
        };
        assert_snapshot!(shown_following(following, steering), @r"
        source    10.0.0.5:3306
        target    contoso.mysql.database.azure.com:3306
        stage     copying
        process   4711 is at work
        doing     following
        changes   catching up, 12s, 3.3 MiB, 2,100 transactions behind, ETA 41s
        applied   1,234 transactions, 56,789 row changes (120/s, 4,800/s)
        up to     binlog.000042:1579 (GTID set 0f1b2c3d-0000-11ee-8000:1-5,0f1b2c3d-0…
        log       the source keeps what is needed 3d 04h longer
        waiting   the source is busy: Threads_running is 55, allowed 40
        limits    at most 1.0 MiB/s, Threads_running 40
        as of     3.0s ago
        ");
    }

    #[test]
    fn a_target_that_is_level_is_ready_to_cut_over() {
        let lag = Lag { ms: Some(0), bytes: Some(0), transactions: Some(0) };
        let following = Following { ready: true, ..following(FollowState::Following, lag) };
        assert_snapshot!(shown_following(following, Steering::default()), @r"
        source    10.0.0.5:3306
        target    contoso.mysql.database.azure.com:3306
        stage     copying
        process   4711 is at work
        doing     following
        changes   following, level with the source
                  ready to cut over
        applied   1,234 transactions, 56,789 row changes (120/s, 4,800/s)
        up to     binlog.000042:1579 (GTID set 0f1b2c3d-0000-11ee-8000:1-5,0f1b2c3d-0…
        log       the source keeps what is needed 3d 04h longer
        as of     3.0s ago
        ");
    }

    #[test]
    fn a_source_that_is_level_with_a_live_target_is_ready_to_roll_back() {
        let lag = Lag { ms: Some(0), bytes: Some(0), transactions: Some(0) };
        let following =
            Following { live: Side::Target, ready: true, ..following(FollowState::Following, lag) };
        assert_snapshot!(shown_following(following.clone(), Steering::default()), @r"
        source    10.0.0.5:3306
        target    contoso.mysql.database.azure.com:3306
        stage     copying
        process   4711 is at work
        doing     following
        changes   following, level with the target
                  ready to roll back
        applied   1,234 transactions, 56,789 row changes (120/s, 4,800/s)
        up to     binlog.000042:1579 (GTID set 0f1b2c3d-0000-11ee-8000:1-5,0f1b2c3d-0…
        log       the target keeps what is needed 3d 04h longer
        as of     3.0s ago
        ");
        for (left, words) in [
            (0, "WARNING: the target may have purged binlog.000042"),
            (7_000, "WARNING: the target keeps binlog.000042 only 1h 56m longer"),
        ] {
            let retention = following.retention.clone().map(|old| Retention {
                left_seconds: Some(left),
                warning: true,
                ..old
            });
            let following = Following { retention, ..following.clone() };
            let shown = shown_following(following, Steering::default());
            assert!(shown.contains(words), "{shown}");
        }
    }

    #[test]
    fn what_the_continuous_comparison_found_is_shown() {
        let lag = Lag { ms: Some(0), bytes: Some(0), transactions: Some(0) };
        let mut peek = peek(Run::Alive { pid: Some(4711) });
        let snapshot = &mut peek.progress.as_mut().unwrap().snapshot;
        *snapshot = Snapshot {
            stage: "following".into(),
            following: Some(following(FollowState::Following, lag)),
            comparing: Some(Comparing {
                passes: 1,
                passed_at: Some(Timestamp::UNIX_EPOCH),
                tables: 40,
                tables_done: 12,
                rows: 1_234_567,
                unsettled: 1,
                differing: vec![DifferingTable {
                    table: QualifiedName::new("shop", "orders"),
                    rows: 2,
                    more: true,
                    keys: vec!["id=7: total".into(), "id=\u{1b}8".into(), "id=9".repeat(30)],
                }],
            }),
            ..Snapshot::default()
        };
        let shown = text(&peek, Timestamp::from_second(200).unwrap());
        let shown = anstream::adapter::strip_str(&shown).to_string();
        let shown: Vec<&str> =
            shown.lines().skip_while(|line| !line.starts_with("compared")).collect();
        assert_snapshot!(shown.join("\n"), @r"
        compared  12 of 40 tables, 1,234,567 rows in this pass
                  the last whole pass ended 3m 20s ago
                  1 row is not known to be equal
        DIFFERS   shop.orders: at least 2 rows differ (id=7: total; id=\u{1b}8; id=9i…
        as of     3m 20s ago
        ");
    }

    #[test]
    fn a_pause_that_eats_up_the_source_s_log_is_warned_of() {
        let lag = Lag { ms: Some(3_000_000), bytes: None, transactions: None };
        let mut following = following(FollowState::Paused, lag);
        following.retention = following.retention.map(|old| Retention {
            left_seconds: Some(7_000),
            warning: true,
            ..old
        });
        let steering = Steering { paused: true, ..Steering::default() };
        assert_snapshot!(shown_following(following, steering), @r"
        source    10.0.0.5:3306
        target    contoso.mysql.database.azure.com:3306
        stage     copying
        process   4711 is at work
        doing     following
        changes   paused, 50m 00s behind
        applied   1,234 transactions, 56,789 row changes (120/s, 4,800/s)
        up to     binlog.000042:1579 (GTID set 0f1b2c3d-0000-11ee-8000:1-5,0f1b2c3d-0…
        log       WARNING: the source keeps binlog.000042 only 1h 56m longer
        paused    sealift resume goes on
        as of     3.0s ago
        ");
    }

    #[test]
    fn scripts_get_the_same_as_keys() {
        let keys = serde_json::to_string_pretty(&keys(&peek(Run::None))).unwrap();
        assert_snapshot!(keys, @r#"
        {
          "live": "source",
          "pid": null,
          "progress": {
            "at": "1970-01-01T00:00:00Z",
            "bytes": 10000,
            "doing": "",
            "eta_seconds": null,
            "rows": 1000,
            "rows_expected": 1800,
            "stage": "copying",
            "tables": [
              {
                "bytes": 9000,
                "rows": 900,
                "rows_expected": 900,
                "rows_per_second": null,
                "schema": "shop",
                "stage": "done",
                "table": "a"
              },
              {
                "bytes": 1000,
                "rows": 100,
                "rows_expected": 900,
                "rows_per_second": null,
                "schema": "shop",
                "stage": "copying",
                "table": "b\u001b[2J"
              }
            ]
          },
          "recorded_at": "1970-01-01T00:00:00Z",
          "running": false,
          "source": "10.0.0.5:3306",
          "stage": "copying",
          "target": "contoso.mysql.database.azure.com:3306",
          "turning": false
        }
        "#);
    }
}
