//! A whole migration, second by second, as it looks from outside.

use sealift_mysql::binlog::LogPosition;
use sealift_mysql::vitals::LogFile;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn at(offset: u64) -> LogPosition {
    LogPosition { server: "one".into(), file: "b.000001".into(), offset, gtids: None, since: None }
}

/// A source whose log has grown to `offset` at a second.
fn vitals(second: u32, offset: u64) -> Vitals {
    Vitals {
        at_micros: 1_000_000_000 + u64::from(second) * 1_000_000,
        log_end: Some(at(offset)),
        log_files: vec![LogFile { name: "b.000001".into(), size: offset }],
        log_kept: Some(Duration::from_secs(86_400)),
        threads_running: Some(3),
        replica_lag: None,
    }
}

fn stood(offset: u64, is_copied: bool) -> Stood {
    Stood {
        position: Some(at(offset)),
        transactions: offset / 100,
        changes: offset / 10,
        is_copied,
        ..Stood::default()
    }
}

#[test]
fn a_migration_copies_catches_up_and_follows() {
    let mut assessor = Assessor::of(Side::Source);
    // The source writes 1,000 bytes a second; while rows are copied half of that is applied.
    for second in 0..60 {
        let end = 1_000 + u64::from(second) * 1_000;
        assessor.observe(SECOND * second, vitals(second, end));
        let said = assessor.assess(SECOND * second, &stood(end / 2, false), false);
        assert_eq!(said.state, FollowState::Copying);
        assert!(!said.ready && said.eta_seconds.is_none());
    }
    // Then 3,000 a second are: what was left behind shrinks by 2,000 a second.
    let mut said = None;
    for second in 60..70 {
        let end = 1_000 + u64::from(second) * 1_000;
        let applied = 30_000 + u64::from(second - 60) * 3_000;
        assessor.observe(SECOND * second, vitals(second, end));
        said = Some(assessor.assess(SECOND * second, &stood(applied, true), false));
    }
    let said = said.unwrap();
    assert_eq!(said.state, FollowState::CatchingUp);
    assert_eq!(said.lag.bytes, Some(13_000));
    assert_eq!(said.eta_seconds, Some(6));
    assert!(!said.ready);
    let end = 80_000;
    assessor.observe(SECOND * 79, vitals(79, end));
    let said = assessor.assess(SECOND * 79, &stood(end, true), false);
    assert_eq!(
        (said.state, said.lag.ms, said.lag.bytes),
        (FollowState::Following, Some(0), Some(0))
    );
    assert!(said.ready);
    assert_eq!(said.position, "b.000001:80000");
    assert_eq!(said.threads_running, Some(3));
}

#[test]
fn the_side_that_is_followed_is_told() {
    for live in [Side::Source, Side::Target] {
        let mut assessor = Assessor::of(live);
        assessor.observe(SECOND, vitals(1, 500));
        assert_eq!(assessor.assess(SECOND, &stood(500, true), false).live, live);
    }
}

#[test]
fn a_large_transaction_does_not_end_following_but_is_no_moment_to_cut_over() {
    let mut assessor = Assessor::of(Side::Source);
    assessor.observe(SECOND, vitals(1, 500));
    assert!(assessor.assess(SECOND, &stood(500, true), false).ready);
    let mut states = Vec::new();
    for second in 2..=40 {
        assessor.observe(SECOND * second, vitals(second, 500 + u64::from(second)));
        let said = assessor.assess(SECOND * second, &stood(500, true), false);
        states.push((said.state, said.ready));
    }
    assert_eq!(states.first(), Some(&(FollowState::Following, true)));
    assert!(states.contains(&(FollowState::Following, false)));
    assert_eq!(states.last(), Some(&(FollowState::CatchingUp, false)));
}

#[test]
fn a_source_that_does_not_answer_makes_the_lag_unknown() {
    let mut assessor = Assessor::of(Side::Source);
    assessor.observe(SECOND, vitals(1, 500));
    assert!(assessor.assess(SECOND, &stood(500, true), false).ready);
    let said = assessor.assess(SECOND * 30, &stood(500, true), false);
    assert_eq!((said.state, said.lag), (FollowState::CatchingUp, Lag::default()));
    assert!(!said.ready && said.source_position.is_empty() && said.retention.is_none());
}

#[test]
fn a_pause_is_told_and_eats_the_head_room() {
    let mut assessor = Assessor::of(Side::Source);
    assessor.observe(SECOND, vitals(1, 500));
    assessor.assess(SECOND, &stood(500, true), false);
    assessor.observe(SECOND * 60_000, vitals(60_000, 501));
    let said = assessor.assess(SECOND * 60_000, &stood(500, true), true);
    assert_eq!((said.state, said.ready), (FollowState::Paused, false));
    let retention = said.retention.unwrap();
    assert!(retention.warning);
    assert_eq!(retention.left_seconds, Some(86_400 - 59_999));
}

#[test]
fn before_anything_is_known_nothing_is_said() {
    let said = Assessor::of(Side::Source).assess(SECOND, &Stood::default(), false);
    assert_eq!((said.state, said.lag), (FollowState::Copying, Lag::default()));
    assert_eq!((said.position.as_str(), said.retention), ("", None));
}
