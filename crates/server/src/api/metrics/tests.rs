//! The text is read back by a strict reader of the format.

use sealift_engine::progress::{Lag, Progress, Retention};
use sealift_schema::facts::Side;
use sealift_schema::name::QualifiedName;

use super::*;

/// Samples by name and labels. Panics where a line is not as the format wants it.
fn parse(text: &str) -> BTreeMap<(String, Vec<(String, String)>), f64> {
    let mut samples = BTreeMap::new();
    let mut types: BTreeMap<String, String> = BTreeMap::new();
    assert!(text.ends_with('\n'));
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(["gauge", "counter"].contains(&kind), "{line}");
            assert!(types.insert(name.into(), kind.into()).is_none(), "twice: {line}");
            continue;
        }
        if line.starts_with("# HELP ") {
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = match series.split_once('{') {
            Some((name, labels)) => (name, read_labels(labels)),
            None => (series, Vec::new()),
        };
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{line}");
        assert!(types.contains_key(name), "a sample before its type: {line}");
        assert_eq!(types[name] == "counter", name.ends_with("_total"), "{line}");
        let value = value.parse().unwrap();
        assert!(samples.insert((name.to_owned(), labels), value).is_none(), "twice: {line}");
    }
    samples
}

fn read_labels(text: &str) -> Vec<(String, String)> {
    let mut labels = Vec::new();
    let mut rest = text;
    loop {
        let (name, after) = rest.split_once("=\"").unwrap();
        let mut value = String::new();
        let mut chars = after.char_indices();
        let end = loop {
            match chars.next().unwrap() {
                (_, '\\') => value.push(match chars.next().unwrap().1 {
                    'n' => '\n',
                    other => other,
                }),
                (end, '"') => break end,
                (_, other) => value.push(other),
            }
        };
        labels.push((name.to_owned(), value));
        rest = &after[end + 1..];
        match rest.strip_prefix(',') {
            Some(next) => rest = next,
            None => break,
        }
    }
    assert_eq!(rest, "}");
    labels
}

fn following() -> Following {
    Following {
        live: Side::Source,
        state: FollowState::CatchingUp,
        position: "b.000001:7".into(),
        source_position: "b.000001:9".into(),
        lag: Lag { ms: Some(1_234), bytes: Some(2), transactions: None },
        transactions: 10,
        changes: 40,
        transactions_per_second: Some(5),
        changes_per_second: None,
        eta_seconds: None,
        ready: false,
        held: Vec::new(),
        held_objects: Vec::new(),
        threads_running: Some(3),
        retention: Some(Retention {
            oldest_file: "b.000001".into(),
            needed_file: "b.000001".into(),
            left_seconds: Some(7_200),
            warning: true,
        }),
    }
}

#[test]
fn every_number_is_there_in_a_form_that_can_be_read() {
    let progress = Progress::default();
    progress.enter("copying");
    for (name, stage, rows) in
        [("orders", TableStage::Done, 5), ("a\"b\\c\nd", TableStage::Copying, 2)]
    {
        progress.table(&QualifiedName::new("shop", name), |table| {
            table.stage = stage;
            table.rows = rows;
        });
    }
    let mut snapshot = progress.snapshot();
    snapshot.following = Some(following());
    snapshot.comparing = Some(Comparing {
        passes: 2,
        passed_at: Some(jiff::Timestamp::UNIX_EPOCH),
        differing: vec![DifferingTable {
            table: QualifiedName::new("shop", "orders"),
            rows: 3,
            more: false,
            keys: vec!["id=7".into()],
        }],
        ..Comparing::default()
    });
    snapshot.steering = Some(Steering { paused: true, ..Steering::default() });
    let samples = parse(&lines(&snapshot));
    let of = |name: &str, labels: &[(&str, &str)]| {
        let labels = labels.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        samples.get(&(name.to_owned(), labels)).copied()
    };
    assert_eq!(of("sealift_copied_rows", &[]), Some(7.0));
    assert_eq!(of("sealift_tables", &[("stage", "copying")]), Some(1.0));
    let odd = [("schema", "shop"), ("table", "a\"b\\c\nd")];
    assert_eq!(of("sealift_table_copied_rows", &odd), Some(2.0));
    assert_eq!(of("sealift_paused", &[]), Some(1.0));
    assert_eq!(of("sealift_lag_seconds", &[]), Some(1.234));
    assert_eq!(of("sealift_lag_transactions", &[]), None, "what is not known has no line");
    assert_eq!(of("sealift_applied_changes_total", &[]), Some(40.0));
    assert_eq!(of("sealift_follow_state", &[("state", "catching up")]), Some(1.0));
    assert_eq!(of("sealift_follow_state", &[("state", "following")]), Some(0.0));
    assert_eq!(of("sealift_binlog_left_seconds", &[]), Some(7_200.0));
    assert_eq!(of("sealift_binlog_warning", &[]), Some(1.0));
    assert_eq!(of("sealift_compare_passes_total", &[]), Some(2.0));
    assert_eq!(of("sealift_differing_tables", &[]), Some(1.0));
    let orders = [("schema", "shop"), ("table", "orders")];
    assert_eq!(of("sealift_differing_rows", &orders), Some(3.0));
}

#[test]
fn an_offline_run_has_no_lag() {
    let samples = parse(&lines(&Snapshot::default()));
    assert!(samples.keys().all(|(name, _)| !name.contains("lag")));
    assert!(samples.keys().any(|(name, _)| name == "sealift_info"));
}
