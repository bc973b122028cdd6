//! The pause between two attempts: the one place of the product that waits for a time.
//!
//! A server that fails over or a lock that is held gives no sign when it is over.

use std::time::Duration;

/// The first pause between attempts; each next one is twice as long.
const FIRST: Duration = Duration::from_millis(100);

/// The longest pause between attempts.
const LONGEST: Duration = Duration::from_secs(10);

/// Waits after some failures in a row.
pub(crate) async fn pause(failures: u32) {
    tokio::time::sleep(after(failures)).await;
}

fn after(failures: u32) -> Duration {
    FIRST.saturating_mul(1 << failures.min(10).saturating_sub(1)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        assert_eq!(after(1), FIRST);
        assert_eq!(after(3), FIRST * 4);
        assert_eq!(after(99), LONGEST);
    }
}
