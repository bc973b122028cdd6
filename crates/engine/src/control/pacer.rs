//! When the next chunk may begin, so that a rate is kept on average.

use std::num::NonZeroU64;
use std::time::Duration;

use super::Settings;

/// Each chunk pushes the moment of the next one back by the time it should have taken.
#[derive(Debug, Default)]
pub(super) struct Pacer {
    free_at: Duration,
}

impl Pacer {
    /// Until when the next chunk has to wait, if it has to.
    pub(super) fn waits_until(&self, now: Duration) -> Option<Duration> {
        (now < self.free_at).then_some(self.free_at)
    }

    /// Counts a chunk.
    pub(super) fn charge(&mut self, now: Duration, rows: u64, bytes: u64, settings: &Settings) {
        let should_take =
            time_of(rows, settings.rows_per_second).max(time_of(bytes, settings.bytes_per_second));
        self.free_at = self.free_at.max(now).saturating_add(should_take);
    }
}

/// The time so many units take at a rate; none without a limit.
fn time_of(units: u64, per_second: Option<NonZeroU64>) -> Duration {
    let Some(rate) = per_second else { return Duration::ZERO };
    let rate = u128::from(rate.get());
    let ms = u128::from(units).saturating_mul(1_000) / rate;
    Duration::from_millis(u64::try_from(ms).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn settings(rows: u64, bytes: u64) -> Settings {
        Settings {
            rows_per_second: NonZeroU64::new(rows),
            bytes_per_second: NonZeroU64::new(bytes),
            ..Settings::default()
        }
    }

    #[test]
    fn the_stricter_limit_counts_and_chunks_add_up() {
        let mut pacer = Pacer::default();
        assert_eq!(pacer.waits_until(Duration::ZERO), None);
        pacer.charge(SECOND, 300, 1_000, &settings(100, 500));
        assert_eq!(pacer.waits_until(SECOND), Some(SECOND * 4));
        pacer.charge(SECOND, 100, 5_000, &settings(100, 500));
        assert_eq!(pacer.waits_until(SECOND), Some(SECOND * 14));
        assert_eq!(pacer.waits_until(SECOND * 14), None);
    }

    #[test]
    fn nothing_waits_without_a_limit_and_rest_is_not_saved_up() {
        let mut pacer = Pacer::default();
        pacer.charge(SECOND, u64::MAX, u64::MAX, &settings(0, 0));
        assert_eq!(pacer.waits_until(SECOND), None);
        pacer.charge(SECOND * 60, 100, 0, &settings(100, 0));
        assert_eq!(pacer.waits_until(SECOND * 60), Some(SECOND * 61));
    }
}
