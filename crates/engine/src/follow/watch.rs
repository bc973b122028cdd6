//! The task that looks at the side that is followed every second, and tells what it sees.

use std::time::Duration;

use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::error::MysqlError;
use sealift_mysql::vitals::{Pulse, Vitals, Watcher};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::Standing;
use super::assess::Assessor;
use crate::clock::Clock;
use crate::control::{Control, SourceLoad};
use crate::progress::{Following, Progress, Snapshot};
use crate::stop::Stop;

/// The source is looked at this often.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A source that takes longer to answer is left alone until the next look.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Looks from one line in the log to the next: a minute.
const LOOKS_PER_LOG: u32 = 60;

/// What [`watch`] needs.
#[derive(Clone, Debug)]
pub struct FollowWatch {
    /// Who is looked at: the side whose changes are followed.
    pub source: Endpoint,
    /// Who is asked how busy it is, where a setting depends on that.
    pub target: Endpoint,
    /// How far the applier is; `None` in a run that applies nothing, where only the load counts.
    pub standing: Option<Standing>,
    /// Who is told of the load.
    pub control: Control,
    /// Where it is shown.
    pub progress: Progress,
    /// What time it is.
    pub clock: Clock,
}

/// Looks until `end` is asked for. Trouble with the source is no trouble here: whoever reads its rows or its
/// log will meet it too, and is the one to tell.
pub async fn watch(job: FollowWatch, end: Stop) {
    let mut assessor = Assessor::of(job.source.side);
    let mut watcher: Option<Watcher> = None;
    let mut pulse: Option<Pulse> = None;
    let mut turns = interval(LOOK_EVERY);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut warned, mut looks) = (false, 0);
    loop {
        tokio::select! {
            _turn = turns.tick() => {}
            () = end.wait() => break,
        }
        if job.standing.is_some() || job.control.settings().needs_load() {
            let look = tokio::select! {
                look = timeout(ANSWER_WITHIN, look(&mut watcher, &job.source)) => look,
                () = end.wait() => break,
            };
            match look {
                Ok(Ok(vitals)) => {
                    job.control.observe(load(&vitals));
                    assessor.observe(job.clock.elapsed(), vitals);
                }
                Ok(Err(error)) => {
                    tracing::debug!(%error, "cannot look at the {}", job.source.side);
                }
                Err(_late) => {
                    // Its answer may still come: it must not be taken for that to another question.
                    watcher = None;
                    tracing::debug!("the {} does not answer in time", job.source.side);
                }
            }
        }
        if job.control.settings().target_threads_running_max.is_some() {
            let running = tokio::select! {
                running = timeout(ANSWER_WITHIN, feel(&mut pulse, &job.target)) => running,
                () = end.wait() => break,
            };
            // What is not known holds nothing.
            job.control.observe_target(running.ok().and_then(Result::ok).flatten());
        }
        if let Some(standing) = &job.standing {
            let stood = standing.lock().clone();
            let following = assessor.assess(job.clock.elapsed(), &stood, job.control.is_paused());
            standing.lock().is_ready = following.ready;
            warned = warn(&following, warned);
            log(&following, &mut looks);
            job.progress.update(|board| board.following = Some(following));
        }
        job.progress.update(|board| board.steering = Some(job.control.steering()));
    }
    job.progress.update(Snapshot::not_ready);
    if let Some(watcher) = watcher {
        watcher.close().await;
    }
    if let Some(pulse) = pulse {
        pulse.close().await;
    }
}

async fn feel(pulse: &mut Option<Pulse>, target: &Endpoint) -> Result<Option<u64>, MysqlError> {
    // Not put back if the answer does not come: it must not be taken for that to another question.
    let mut open = match pulse.take() {
        Some(open) => open,
        None => Pulse::open(target).await?,
    };
    let running = open.threads_running().await?;
    *pulse = Some(open);
    Ok(running)
}

async fn look(watcher: &mut Option<Watcher>, source: &Endpoint) -> Result<Vitals, MysqlError> {
    let mut open = match watcher.take() {
        Some(open) => open,
        None => Watcher::open(source).await?,
    };
    let vitals = open.look().await?;
    *watcher = Some(open);
    Ok(vitals)
}

fn load(vitals: &Vitals) -> SourceLoad {
    SourceLoad {
        threads_running: vitals.threads_running,
        replica_lag: vitals.replica_lag.map(|lag| lag.as_secs()),
    }
}

/// Logs now and then how it stands.
fn log(following: &Following, looks: &mut u32) {
    if *looks == 0 {
        let Following { state, lag, transactions, changes, eta_seconds, ready, .. } = following;
        tracing::info!(
            lag_ms = lag.ms,
            lag_bytes = lag.bytes,
            lag_transactions = lag.transactions,
            transactions,
            changes,
            eta_seconds,
            ready,
            "changes: {}",
            state.word()
        );
    }
    *looks = (*looks + 1) % LOOKS_PER_LOG;
}

/// Logs once when the head-room gets small, and once more when it does so again.
fn warn(following: &Following, warned: bool) -> bool {
    let Some(retention) = following.retention.as_ref().filter(|retention| retention.warning) else {
        return false;
    };
    if !warned {
        tracing::warn!(
            needed = retention.needed_file,
            left_seconds = retention.left_seconds,
            "the {} may soon purge binary log that is still needed: resume, or have it kept longer",
            following.live
        );
    }
    true
}
