//! What is left to do: tables to open, largest first, and lanes of those that are open.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::ledger::LaneRow;
use crate::control::{Control, Turn};
use crate::stop::Stop;

/// Something for a worker to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// Find out where a table stands and enter its lanes, by its place in the list of tables.
    Open(usize),
    /// Copy a lane of a table that is open.
    Lane(usize, LaneRow),
}

/// What all workers take from.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Notify,
    failed: AtomicBool,
    stop: Stop,
}

#[derive(Debug, Default)]
struct Waiting {
    tables: VecDeque<usize>,
    lanes: VecDeque<(usize, LaneRow)>,
    /// Tables being opened: they may bring lanes.
    opening: usize,
}

impl Queue {
    /// A queue of tables in the order they are to be begun.
    pub(super) fn of(tables: impl IntoIterator<Item = usize>, stop: Stop) -> Self {
        let waiting = Waiting { tables: tables.into_iter().collect(), ..Waiting::default() };
        Self {
            waiting: Mutex::new(waiting),
            changed: Notify::new(),
            failed: AtomicBool::new(false),
            stop,
        }
    }

    /// The next thing to do; `None` when nothing is left or all are to stop. Lanes come before tables, so
    /// that few tables are under way at a time. After [`Task::Open`], call [`Queue::opened`].
    pub(super) async fn next(&self) -> Option<Task> {
        loop {
            // Made before looking, so that no change is missed in between.
            let changed = self.changed.notified();
            if self.halted() {
                return None;
            }
            {
                let mut waiting = self.lock();
                if let Some((table, lane)) = waiting.lanes.pop_front() {
                    return Some(Task::Lane(table, lane));
                }
                if let Some(table) = waiting.tables.pop_front() {
                    waiting.opening += 1;
                    return Some(Task::Open(table));
                }
                if waiting.opening == 0 {
                    return None;
                }
            }
            tokio::select! {
                () = changed => {}
                () = self.stop.wait() => {}
            }
        }
    }

    /// A table was opened and has these lanes to copy.
    pub(super) fn opened(&self, table: usize, lanes: Vec<LaneRow>) {
        let mut waiting = self.lock();
        waiting.opening -= 1;
        waiting.lanes.extend(lanes.into_iter().map(|lane| (table, lane)));
        drop(waiting);
        self.changed.notify_waiters();
    }

    /// A table must be opened again.
    pub(super) fn reopen(&self, table: usize) {
        self.lock().tables.push_front(table);
        self.changed.notify_waiters();
    }

    /// A worker failed: the others finish what they are at and take nothing more.
    pub(super) fn fail(&self) {
        self.failed.store(true, Ordering::SeqCst);
        self.changed.notify_waiters();
    }

    /// Whether nothing more should be begun.
    pub(super) fn halted(&self) -> bool {
        self.failed.load(Ordering::SeqCst) || self.stop.requested()
    }

    /// Returns once nothing more should be begun.
    pub(super) async fn halt(&self) {
        loop {
            let changed = self.changed.notified();
            if self.halted() {
                return;
            }
            tokio::select! {
                () = changed => {}
                () = self.stop.wait() => {}
            }
        }
    }

    /// Leave to begin a chunk, once the operator gives it; `None` when nothing more should be begun.
    pub(super) async fn turn(&self, control: &Control) -> Option<Turn> {
        tokio::select! {
            turn = control.turn() => turn.ok(),
            () = self.halt() => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_worker_waits_for_lanes_of_a_table_another_is_opening() {
        let queue = Queue::of([3], Stop::new());
        assert_eq!(queue.next().await, Some(Task::Open(3)));
        let lane = LaneRow::default();
        let (task, ()) = tokio::join!(queue.next(), async { queue.opened(3, vec![lane.clone()]) });
        assert_eq!(task, Some(Task::Lane(3, lane)));
        assert_eq!(queue.next().await, None);
    }

    #[tokio::test]
    async fn nothing_is_begun_after_a_failure_or_a_wish_to_stop() {
        let stop = Stop::new();
        let queue = Queue::of([0, 1], stop.clone());
        assert_eq!(queue.next().await, Some(Task::Open(0)));
        let (task, ()) = tokio::join!(
            async {
                queue.next().await;
                queue.next().await
            },
            async { stop.request() }
        );
        assert_eq!(task, None);
        let queue = Queue::of([0], Stop::new());
        tokio::join!(queue.halt(), async { queue.fail() });
        assert_eq!(queue.next().await, None);
    }
}
