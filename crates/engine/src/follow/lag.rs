//! How far one position is behind another: in time, in bytes, in transactions.

use std::collections::VecDeque;

use sealift_mysql::binlog::LogPosition;
use sealift_mysql::vitals::LogFile;

/// Ends of the log that are remembered; beyond, every second one is forgotten, and the lag gets coarser.
const ENDS_MAX: usize = 2_048;

/// Where the source's log ended at moments past: what covers one of them lags by its age at most.
#[derive(Clone, Debug, Default)]
pub(super) struct Ends {
    /// Not yet reached, oldest first: microseconds by the source's clock, and the end.
    ahead: VecDeque<(u64, LogPosition)>,
    /// How far those that are remembered are apart at least, but for the newest.
    apart_micros: u64,
    /// The last one that was reached.
    reached_at: Option<u64>,
}

impl Ends {
    /// Takes note of the log's end at a moment.
    pub(super) fn observe(&mut self, at_micros: u64, end: &LogPosition) {
        let mut last = self.ahead.iter().rev().map(|(at, end)| (*at, end));
        let is_replaced = match (last.next(), last.next()) {
            // Nothing was written since: the same end, but reaching it is worth more.
            (Some((_, newest)), _) if newest == end => true,
            (Some((newest, _)), Some((before, _))) => {
                newest.saturating_sub(before) < self.apart_micros
            }
            (_, _) => false,
        };
        if is_replaced {
            self.ahead.pop_back();
        }
        self.ahead.push_back((at_micros, end.clone()));
        if self.ahead.len() > ENDS_MAX {
            let mut is_kept = false;
            self.ahead.retain(|_end| {
                is_kept = !is_kept;
                is_kept
            });
            let oldest = self.ahead.front().map_or(at_micros, |(at, _)| *at);
            let count = u64::try_from(self.ahead.len()).unwrap_or(1).max(1);
            self.apart_micros = at_micros.saturating_sub(oldest) / count;
        }
    }

    /// How old the target is, in milliseconds, at a moment of the source's clock: 0 when the newest end is
    /// reached. Commit times are of use while no end was reached yet.
    pub(super) fn age_ms(
        &mut self,
        now_micros: u64,
        applied: &LogPosition,
        committed_at: Option<u64>,
    ) -> Option<u64> {
        while let Some((at, _)) = self.ahead.pop_front_if(|(_, end)| applied.covers(end)) {
            self.reached_at = Some(at);
            if self.ahead.is_empty() {
                // The newest one: keep it, so that a look in between still finds it reached.
                self.apart_micros = 0;
                self.ahead.push_back((at, applied.clone()));
                return Some(0);
            }
        }
        let newest = self.reached_at.max(committed_at)?;
        Some(now_micros.saturating_sub(newest) / 1_000)
    }
}

/// Bytes of the log between two positions of one server; `None` when that cannot be told.
pub(crate) fn bytes_between(
    applied: &LogPosition,
    end: &LogPosition,
    files: &[LogFile],
) -> Option<u64> {
    if applied.server != end.server || applied.file.is_empty() {
        return None;
    }
    if applied.file == end.file {
        return Some(end.offset.saturating_sub(applied.offset));
    }
    let place = |name: &str| files.iter().position(|file| file.name == name);
    let (first, last) = (place(&applied.file)?, place(&end.file)?);
    if first > last {
        // The list is older than the position.
        return Some(0);
    }
    let sizes = files.get(first..last)?.iter().map(|file| file.size);
    Some((sizes.sum::<u64>() + end.offset).saturating_sub(applied.offset))
}

/// Transactions between two positions, if both have GTIDs.
pub(super) fn transactions_between(applied: &LogPosition, end: &LogPosition) -> Option<u64> {
    Some(end.gtids.as_ref()?.count_beyond(applied.gtids.as_ref()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "0f1b2c3d-0000-11ee-8000-0242ac120002";
    const SECOND: u64 = 1_000_000;

    fn at(file: &str, offset: u64) -> LogPosition {
        LogPosition { server: "one".into(), file: file.into(), offset, gtids: None, since: None }
    }

    fn files(names: &[(&str, u64)]) -> Vec<LogFile> {
        names.iter().map(|(name, size)| LogFile { name: (*name).into(), size: *size }).collect()
    }

    #[test]
    fn an_end_that_is_reached_says_how_old_the_target_is_at_most() {
        let mut ends = Ends::default();
        let applied = at("b.1", 100);
        assert_eq!(ends.age_ms(SECOND, &applied, None), None, "nothing is known");
        assert_eq!(ends.age_ms(5 * SECOND, &applied, Some(2 * SECOND)), Some(3_000));
        ends.observe(10 * SECOND, &at("b.1", 200));
        ends.observe(11 * SECOND, &at("b.1", 300));
        ends.observe(12 * SECOND, &at("b.1", 400));
        assert_eq!(ends.age_ms(12 * SECOND, &at("b.1", 100), None), None);
        assert_eq!(ends.age_ms(12 * SECOND, &at("b.1", 350), None), Some(1_000));
        // A commit time is of use where it is newer than the end.
        assert_eq!(ends.age_ms(12 * SECOND, &at("b.1", 350), Some(11_500_000)), Some(500));
        assert_eq!(ends.age_ms(12 * SECOND, &at("b.1", 400), None), Some(0));
        assert_eq!(
            ends.age_ms(12 * SECOND, &at("b.1", 500), None),
            Some(0),
            "beyond the last look"
        );
    }

    #[test]
    fn a_source_that_rests_makes_no_lag_and_one_that_wakes_up_a_small_one() {
        let mut ends = Ends::default();
        for second in 0..3_600 {
            ends.observe(second * SECOND, &at("b.1", 100));
            assert_eq!(ends.age_ms(second * SECOND, &at("b.1", 100), Some(0)), Some(0));
        }
        ends.observe(3_600 * SECOND, &at("b.1", 200));
        assert_eq!(ends.age_ms(3_600 * SECOND, &at("b.1", 100), Some(0)), Some(1_000));
    }

    #[test]
    fn hours_behind_the_ends_are_thinned_out_and_still_tell() {
        let mut ends = Ends::default();
        for second in 1..=20_000 {
            ends.observe(second * SECOND, &at("b.1", second * 100));
        }
        assert!(ends.ahead.len() <= ENDS_MAX);
        let age = ends.age_ms(20_000 * SECOND, &at("b.1", 1_000_000), None).unwrap();
        assert!((10_000_000..10_100_000).contains(&age), "{age}");
    }

    #[test]
    fn bytes_are_counted_over_files() {
        let list = files(&[("b.1", 1_000), ("b.2", 500), ("b.3", 70)]);
        for (applied, end, bytes) in [
            (at("b.3", 20), at("b.3", 90), Some(70)),
            (at("b.1", 900), at("b.3", 90), Some(690)),
            (at("b.2", 500), at("b.3", 4), Some(4)),
            (at("b.3", 90), at("b.3", 80), Some(0)),
            (at("b.3", 4), at("b.2", 500), Some(0)),
            (at("b.0", 4), at("b.3", 90), None),
            (at("", 0), at("b.3", 90), None),
        ] {
            assert_eq!(bytes_between(&applied, &end, &list), bytes, "{applied} to {end}");
        }
        let elsewhere = LogPosition { server: "two".into(), ..at("b.3", 20) };
        assert_eq!(bytes_between(&elsewhere, &at("b.3", 90), &list), None);
    }

    #[test]
    fn transactions_are_counted_by_gtid() {
        let with =
            |gtids: &str| LogPosition { gtids: Some(gtids.parse().unwrap()), ..at("b.1", 4) };
        let (behind, end) = (with(&format!("{A}:1-5")), with(&format!("{A}:1-9")));
        assert_eq!(transactions_between(&behind, &end), Some(4));
        assert_eq!(transactions_between(&at("b.1", 4), &end), None);
    }
}
