//! The task that shows progress while a command works.

use std::time::Duration;

use sealift_engine::clock::Clock;
use sealift_engine::progress::{Progress, Snapshot};
use sealift_engine::stop::Stop;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::progress::{Paces, frame, line};
use super::screen::Screen;
use super::text::{WIDTH_DEFAULT, wrap};

/// A live display is drawn this often.
const LIVE_EVERY: Duration = Duration::from_millis(250);

/// Without a terminal the board is looked at this often …
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// … and a line is written this often, if it says something new …
const LINE_EVERY: Duration = Duration::from_secs(5);

/// … or this often, where a run only follows: it does so for days.
const LINE_EVERY_FOLLOWING: Duration = Duration::from_secs(60);

/// A running display.
#[derive(Debug)]
pub(crate) struct Display {
    end: Stop,
    task: JoinHandle<()>,
}

impl Display {
    /// Begins to show what `progress` says.
    pub(super) fn start(screen: Screen, progress: Progress, clock: Clock) -> Self {
        let end = Stop::new();
        let ended = end.clone();
        let task = tokio::spawn(async move {
            tokio::select! {
                () = ended.wait() => {}
                () = show(&screen, &progress, &clock) => {}
            }
            if screen.is_live {
                screen.draw(&[]);
            }
        });
        Self { end, task }
    }

    /// Takes the display away.
    pub(crate) async fn finish(self) {
        self.end.request();
        // A display that panicked has nothing left to take away.
        drop(self.task.await);
    }
}

async fn show(screen: &Screen, progress: &Progress, clock: &Clock) {
    let begun = clock.elapsed();
    let mut turns = interval(if screen.is_live { LIVE_EVERY } else { LOOK_EVERY });
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut paces = Paces::default();
    let mut log = Log::default();
    loop {
        turns.tick().await;
        let snapshot = progress.snapshot();
        if snapshot.stage.is_empty() {
            continue;
        }
        let now = clock.elapsed();
        paces.observe(now, &snapshot);
        if screen.is_live {
            let (columns, rows) = screen.size();
            // The last column stays free: some terminals break the line when it is written.
            screen.draw(&frame(&snapshot, &paces, now - begun, columns.saturating_sub(1), rows));
        } else if let Some(line) = log.next(now, &snapshot, line(&snapshot, &paces)) {
            screen.tell(&folded(&line));
        }
    }
}

/// A line of a log as people read it: what does not fit goes on below, a little to the right.
fn folded(line: &str) -> String {
    const INDENT: &str = "  ";
    wrap(line, WIDTH_DEFAULT - INDENT.len()).join(&format!("\n{INDENT}"))
}

/// Which lines are worth writing where nothing can be overwritten.
#[derive(Debug, Default)]
struct Log {
    told_at: Option<Duration>,
    stage: String,
    line: String,
}

impl Log {
    /// The line, if it is time and it says something new; a new stage is told at once.
    fn next(&mut self, now: Duration, snapshot: &Snapshot, line: String) -> Option<String> {
        let Snapshot { stage, following, .. } = snapshot;
        let follows = following.as_ref().is_some_and(|following| following.ready);
        let every = if follows { LINE_EVERY_FOLLOWING } else { LINE_EVERY };
        let is_time = self.told_at.is_none_or(|told| now - told >= every);
        if self.line == line || (self.stage == *stage && !is_time) {
            return None;
        }
        self.told_at = Some(now);
        stage.clone_into(&mut self.stage);
        self.line.clone_from(&line);
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_goes_on_below() {
        let line = "following: changes: applying, level with the source, applied: 1,234 transactions, \
                    56,789 row changes";
        assert_eq!(
            folded(line),
            "following: changes: applying, level with the source, applied: 1,234\n  transactions, 56,789 \
             row changes"
        );
        assert_eq!(folded("copying: 1 of 6 tables"), "copying: 1 of 6 tables");
    }

    #[test]
    fn a_line_is_written_for_a_new_stage_or_for_news_after_some_seconds() {
        let mut log = Log::default();
        let mut next = |at, stage: &str, line: &str| {
            let snapshot = Snapshot { stage: stage.to_owned(), ..Snapshot::default() };
            log.next(Duration::from_secs(at), &snapshot, line.to_owned()).is_some()
        };
        assert!(next(0, "preparing", "a"));
        assert!(!next(1, "preparing", "b"), "too soon");
        assert!(next(2, "copying", "c"), "a new stage");
        assert!(!next(20, "copying", "c"), "no news");
        assert!(next(21, "copying", "d"));
    }
}
