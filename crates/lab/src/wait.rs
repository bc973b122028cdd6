//! Waiting for a fact, in the one place of the project that may sleep between two looks.

use std::time::{Duration, Instant};

/// How long a fact may take before the test fails: long, because a loaded machine is no bug.
const PATIENCE: Duration = Duration::from_secs(300);
/// The pause after the first look; it doubles up to `PAUSE_MAX`.
const PAUSE_MIN: Duration = Duration::from_millis(2);
/// The longest pause between two looks.
const PAUSE_MAX: Duration = Duration::from_millis(50);

/// Waits until `fact` gives a value and returns it.
///
/// # Panics
/// When the fact does not come true within five minutes; `what` says which.
pub fn wait_until<T>(what: &str, fact: impl FnMut() -> Option<T>) -> T {
    wait_until_within(PATIENCE, fact)
        .unwrap_or_else(|| panic!("waited {} s in vain until {what}", PATIENCE.as_secs()))
}

/// Looks at `fact` again and again until it gives a value or `patience` is over.
pub fn wait_until_within<T>(patience: Duration, mut fact: impl FnMut() -> Option<T>) -> Option<T> {
    let begin = Instant::now();
    let mut pause = PAUSE_MIN;
    loop {
        if let Some(value) = fact() {
            return Some(value);
        }
        if begin.elapsed() >= patience {
            return None;
        }
        #[allow(clippy::disallowed_methods, reason = "the one pause: between two looks at a fact")]
        std::thread::sleep(pause);
        pause = (pause * 2).min(PAUSE_MAX);
    }
}
