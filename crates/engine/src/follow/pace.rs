//! How fast numbers grow or shrink of late.

use std::collections::VecDeque;
use std::time::Duration;

/// Rates are those of the last seconds: long enough not to jump, short enough to follow a change.
const WINDOW: Duration = Duration::from_secs(20);

/// A rate from less than this says nothing.
const WINDOW_MIN: Duration = Duration::from_secs(2);

/// One number over the last seconds.
#[derive(Clone, Debug, Default)]
pub(super) struct Pace {
    marks: VecDeque<(Duration, u64)>,
}

impl Pace {
    /// Takes note of the number; `at` only grows.
    pub(super) fn observe(&mut self, at: Duration, value: u64) {
        self.marks.push_back((at, value));
        // One mark at the window's edge or before it is kept, so that the window is full.
        while self.marks.get(1).is_some_and(|(mark, _)| at.saturating_sub(*mark) >= WINDOW) {
            self.marks.pop_front();
        }
    }

    /// Forgets what was: the number counts from elsewhere now.
    pub(super) fn restart(&mut self) {
        self.marks.clear();
    }

    /// By how much it has grown in a second; `None` while too little is known, 0 when it shrank.
    pub(super) fn growth(&self) -> Option<u64> {
        let (time_ms, first, last) = self.ends()?;
        let grown = u128::from(last.saturating_sub(first));
        u64::try_from(grown * 1_000 / time_ms).ok()
    }

    /// Time until it is zero if it shrinks on like this; `None` when it does not shrink.
    pub(super) fn until_zero(&self) -> Option<Duration> {
        let (time_ms, first, last) = self.ends()?;
        if last == 0 {
            return Some(Duration::ZERO);
        }
        let shrunk = u128::from(first.checked_sub(last).filter(|shrunk| *shrunk > 0)?);
        let ms = u128::from(last).saturating_mul(time_ms) / shrunk;
        u64::try_from(ms).ok().map(Duration::from_millis)
    }

    /// Milliseconds of the window, its first and its last number.
    fn ends(&self) -> Option<(u128, u64, u64)> {
        let (first_at, first) = self.marks.front()?;
        let (last_at, last) = self.marks.back()?;
        let time = last_at.checked_sub(*first_at).filter(|time| *time >= WINDOW_MIN)?;
        Some((time.as_millis(), *first, *last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pace(values: impl IntoIterator<Item = u64>) -> Pace {
        let mut pace = Pace::default();
        for (second, value) in (0..).zip(values) {
            pace.observe(Duration::from_secs(second), value);
        }
        pace
    }

    #[test]
    fn a_rate_is_that_of_the_last_seconds() {
        assert_eq!(pace([]).growth(), None);
        assert_eq!(pace([5, 10]).growth(), None, "too short to say");
        assert_eq!(pace([0, 10, 30]).growth(), Some(15));
        let slow_then_fast = (0..60).map(|second| if second < 30 { 0 } else { second * 100 });
        assert_eq!(pace(slow_then_fast).growth(), Some(100));
        assert_eq!(pace([9, 5, 3]).growth(), Some(0));
    }

    #[test]
    fn what_shrinks_ends_and_what_grows_does_not() {
        assert_eq!(pace([100, 90, 80]).until_zero(), Some(Duration::from_secs(8)));
        assert_eq!(pace([100, 100, 100]).until_zero(), None);
        assert_eq!(pace([80, 90, 100]).until_zero(), None);
        assert_eq!(pace([100, 50, 0]).until_zero(), Some(Duration::ZERO));
        assert_eq!(pace([0, 0, 0]).until_zero(), Some(Duration::ZERO));
        assert_eq!(pace([u64::MAX, u64::MAX, u64::MAX - 1]).until_zero(), None, "longer than ever");
    }

    #[test]
    fn a_restart_forgets_the_rate() {
        let mut pace = pace([1, 2, 3]);
        pace.restart();
        assert_eq!(pace.growth(), None);
    }

    proptest! {
        #[test]
        fn a_steady_pace_is_measured_exactly(start in 0_u64..1 << 40, rate in 0_u64..1 << 30, seconds in 3_u64..100) {
            let grown = pace((0..seconds).map(|second| start + second * rate));
            prop_assert_eq!(grown.growth(), Some(rate));
            let top = start + seconds * rate;
            let shrinking = pace((0..seconds).map(|second| top - second * rate));
            let left = top - (seconds - 1) * rate;
            let expected = left.saturating_mul(1_000).checked_div(rate).map(Duration::from_millis);
            prop_assert_eq!(shrinking.until_zero(), expected);
        }
    }
}
