//! Who may begin when.

use std::num::{NonZeroU16, NonZeroU64};

use jiff::Timestamp;
use tokio::task::yield_now;

use super::*;
use crate::fault::ErrorCode;

fn control(settings: Settings) -> (Control, Clock) {
    let clock = Clock::manual(Timestamp::UNIX_EPOCH);
    (Control::new(Stop::new(), clock.clone(), settings), clock)
}

/// Lets everything run that can.
async fn settle() {
    for _ in 0..20 {
        yield_now().await;
    }
}

#[tokio::test]
async fn a_pause_holds_copy_and_apply_until_it_is_lifted() {
    let (control, _clock) = control(Settings::default());
    control.pause();
    let copying = tokio::spawn({
        let control = control.clone();
        async move { control.turn().await.map(drop) }
    });
    let applying = tokio::spawn({
        let control = control.clone();
        async move { control.ready_to_apply().await }
    });
    settle().await;
    assert!(!copying.is_finished() && !applying.is_finished());
    assert_eq!(control.held(), Some(Hold::Paused));
    control.resume();
    copying.await.unwrap().unwrap();
    applying.await.unwrap().unwrap();
    assert_eq!(control.held(), None);
}

#[tokio::test]
async fn a_wish_to_stop_ends_every_wait() {
    let (control, _clock) = control(Settings::default());
    control.pause();
    let waiting = tokio::spawn({
        let control = control.clone();
        async move { (control.turn().await.map(drop), control.ready_to_apply().await) }
    });
    settle().await;
    control.stop().request();
    let (copy, apply) = waiting.await.unwrap();
    assert_eq!(copy.unwrap_err().code, ErrorCode::Interrupted);
    assert_eq!(apply.unwrap_err().code, ErrorCode::Interrupted);
}

#[tokio::test]
async fn no_more_chunks_are_under_way_than_may() {
    let settings = Settings { workers: NonZeroU16::new(1), ..Settings::default() };
    let (control, _clock) = control(settings);
    let first = control.turn().await.unwrap();
    let second = tokio::spawn({
        let control = control.clone();
        async move { control.turn().await }
    });
    settle().await;
    assert!(!second.is_finished());
    assert_eq!(control.held(), None, "it is no news that workers work");
    drop(first);
    let second = second.await.unwrap().unwrap();
    control.set(Settings::default());
    drop(control.turn().await.unwrap());
    drop(second);
}

#[tokio::test]
async fn a_busy_source_holds_the_copy_but_not_the_applier() {
    let settings = Settings {
        threads_running_max: NonZeroU64::new(20),
        replica_lag_max: NonZeroU64::new(5),
        ..Settings::default()
    };
    let (control, _clock) = control(settings);
    for (threads_running, replica_lag, held) in [
        (None, None, None),
        (Some(20), Some(5), None),
        (Some(21), Some(0), Some(Hold::SourceBusy { running: 21, most: 20 })),
        (Some(1), Some(6), Some(Hold::ReplicaLag { seconds: 6, most: 5 })),
    ] {
        control.observe(SourceLoad { threads_running, replica_lag });
        assert_eq!(control.held(), held);
        control.ready_to_apply().await.unwrap();
    }
    let waiting = tokio::spawn({
        let control = control.clone();
        async move { control.turn().await.map(drop) }
    });
    settle().await;
    assert!(!waiting.is_finished());
    assert_eq!(
        control.steering().held.unwrap(),
        "the source lags behind its own by 6 s, allowed 5 s"
    );
    control.observe(SourceLoad::default());
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_busy_target_holds_the_copy_until_it_rests_or_is_not_seen() {
    let most = NonZeroU64::new(20);
    let settings = Settings { target_threads_running_max: most, ..Settings::default() };
    let (control, _clock) = control(settings);
    for (running, held) in [
        (Some(20), None),
        (Some(21), Some(Hold::TargetBusy { running: 21, most: 20 })),
        (None, None),
    ] {
        control.observe_target(running);
        assert_eq!(control.held(), held);
        control.ready_to_apply().await.unwrap();
    }
}

#[tokio::test]
async fn a_rate_holds_the_next_chunk_and_a_lifted_limit_lets_it_go() {
    let settings = Settings { bytes_per_second: NonZeroU64::new(100), ..Settings::default() };
    let (control, clock) = control(settings);
    control.turn().await.unwrap().copied(1, 1_000);
    assert_eq!(control.held(), Some(Hold::Rate { until: Duration::from_secs(10) }));
    clock.advance(Duration::from_secs(10));
    control.turn().await.unwrap().copied(1, 1_000);
    assert!(control.held().is_some());
    let waiting = tokio::spawn({
        let control = control.clone();
        async move { control.turn().await.map(drop) }
    });
    settle().await;
    assert!(!waiting.is_finished());
    control.set(control.settings());
    settle().await;
    assert!(!waiting.is_finished(), "the limit is the same");
    control.set(Settings::default());
    waiting.await.unwrap().unwrap();
}

#[test]
fn what_others_see_of_it_is_readable_later() {
    let (control, _clock) = control(Settings::default());
    control.pause();
    let steering = control.steering();
    assert_eq!((steering.paused, steering.held.as_deref()), (true, None));
    let json = serde_json::to_string(&steering).unwrap();
    assert_eq!(serde_json::from_str::<Steering>(&json).unwrap(), steering);
    assert_eq!(serde_json::from_str::<Steering>(r#"{"paused":true}"#).unwrap(), steering);
}

#[tokio::test]
async fn what_is_done_beside_has_a_rate_and_an_end_of_its_own_and_obeys_all_the_same() {
    let (control, clock) = control(Settings::default());
    let stop = Stop::new();
    let beside = control.slower(stop.clone(), NonZeroU64::new(10).unwrap());
    beside.turn().await.unwrap().copied(20, 0);
    // The copy does not wait for what is done beside.
    control.turn().await.unwrap().copied(20, 0);
    let waiting = tokio::spawn({
        let beside = beside.clone();
        async move { beside.turn().await.map(drop) }
    });
    settle().await;
    assert!(!waiting.is_finished(), "its rate is used up");
    control.pause();
    clock.advance(Duration::from_secs(3));
    beside.set(beside.settings());
    settle().await;
    assert!(!waiting.is_finished(), "all is paused");
    control.resume();
    waiting.await.unwrap().unwrap();
    stop.request();
    assert_eq!(beside.turn().await.unwrap_err().code, ErrorCode::Interrupted);
    control.turn().await.map(drop).unwrap();
}
