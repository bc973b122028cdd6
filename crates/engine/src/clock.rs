//! What time it is, handed to whoever may ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;

/// A clock that never runs backwards: the wall's time at its making, moved on by elapsed time. Clones
/// share it.
#[derive(Clone, Debug)]
pub struct Clock {
    begun: Timestamp,
    hand: Hand,
}

#[derive(Clone, Debug)]
enum Hand {
    /// The machine's monotonic clock.
    Machine(Instant),
    /// Milliseconds moved by hand.
    Manual(Arc<AtomicU64>),
}

impl Clock {
    /// The machine's clock. Made once, in `main`.
    #[must_use]
    pub fn of_machine() -> Self {
        Self { begun: Timestamp::now(), hand: Hand::Machine(Instant::now()) }
    }

    /// A clock for tests that stands at `begun` until it is moved by [`Clock::advance`].
    #[must_use]
    pub fn manual(begun: Timestamp) -> Self {
        Self { begun, hand: Hand::Manual(Arc::default()) }
    }

    /// Time since the clock was made.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        match &self.hand {
            Hand::Machine(since) => since.elapsed(),
            Hand::Manual(ms) => Duration::from_millis(ms.load(Ordering::SeqCst)),
        }
    }

    /// The instant it is now, to the millisecond.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let now = self.begun.checked_add(self.elapsed()).unwrap_or(Timestamp::MAX);
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    /// Moves a manual clock; the machine's clock moves by itself.
    pub fn advance(&self, by: Duration) {
        if let Hand::Manual(ms) = &self.hand {
            let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
            ms.fetch_add(by, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_by_hand() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        assert_eq!(clock.now().to_string(), "1970-01-01T00:00:00Z");
        clock.clone().advance(Duration::from_millis(1_500));
        assert_eq!(clock.now().to_string(), "1970-01-01T00:00:01.5Z");
        assert_eq!(clock.elapsed(), Duration::from_millis(1_500));
    }
}
