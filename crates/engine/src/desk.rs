//! A queue in front of a run that is at work: whoever asks for something leaves it there, the run takes it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// What was asked for and not taken yet, the oldest first. Clones share it.
#[derive(Debug)]
pub(crate) struct Desk<T> {
    shared: Arc<Shared<T>>,
}

#[derive(Debug)]
struct Shared<T> {
    queue: Mutex<VecDeque<T>>,
    changed: Notify,
}

impl<T> Desk<T> {
    /// Leaves something there.
    pub(crate) fn put(&self, asked: T) {
        self.lock().push_back(asked);
        self.shared.changed.notify_waiters();
    }

    /// Takes the next one. May be dropped while it waits.
    pub(crate) async fn next(&self) -> T {
        loop {
            let changed = self.shared.changed.notified();
            // Let go of before it waits.
            let taken = self.lock().pop_front();
            match taken {
                Some(asked) => return asked,
                None => changed.await,
            }
        }
    }

    /// Turns away who still waits.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<T>> {
        self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Clone for Desk<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T> Default for Desk<T> {
    fn default() -> Self {
        let shared = Shared { queue: Mutex::default(), changed: Notify::new() };
        Self { shared: Arc::new(shared) }
    }
}
