//! Whether the source still keeps what we need of its binary log, and for how long.

use std::time::Duration;

use sealift_mysql::binlog::LogPosition;
use sealift_mysql::vitals::{LogFile, Vitals};

use crate::progress::Retention;

/// Less than this is always worth a warning: somebody has to notice, understand and act.
const WARN_BELOW: Duration = Duration::from_secs(24 * 3_600);

/// What is left of the time the source keeps the file that is still needed; `None` when its files are not
/// known, or are another server's.
///
/// A file is purged at the earliest when all of it is older than the setting. What we have applied lies in the
/// file we need, so the file's end is no older than that: the time left is never less than what is said.
pub(super) fn head_room(
    applied: &LogPosition,
    vitals: &Vitals,
    lag_ms: Option<u64>,
) -> Option<Retention> {
    let end = vitals.log_end.as_ref()?;
    let oldest = vitals.log_files.first()?;
    if applied.file.is_empty() || applied.server != end.server {
        return None;
    }
    // What XA has prepared is read again when the log is opened.
    let since = applied.since.as_ref().filter(|since| !since.file.is_empty());
    let needed = since.map_or(&applied.file, |since| &since.file);
    // How old that is nobody knows.
    let lag_ms = lag_ms.filter(|_lag| *needed == applied.file);
    let retention = |left: Option<Duration>, warning| Retention {
        oldest_file: oldest.name.clone(),
        needed_file: needed.clone(),
        left_seconds: left.map(|left| left.as_secs()),
        warning,
    };
    if is_purged(needed, &end.file, &vitals.log_files) {
        return Some(retention(Some(Duration::ZERO), true));
    }
    let left = vitals
        .log_kept
        .zip(lag_ms)
        .map(|(kept, lag)| (kept, kept.saturating_sub(Duration::from_millis(lag))));
    let warning = left.is_some_and(|(kept, left)| left < WARN_BELOW.min(kept / 2));
    Some(retention(left.map(|(_, left)| left), warning))
}

/// The list may be some seconds old: a file it does not have may also be a new one.
fn is_purged(needed: &str, newest: &str, files: &[LogFile]) -> bool {
    let number = |name: &str| name.rsplit_once('.')?.1.parse::<u64>().ok();
    let is_older = |oldest: &LogFile| number(needed) < number(&oldest.name);
    needed != newest && files.first().is_some_and(is_older)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600;

    fn at(file: &str) -> LogPosition {
        LogPosition { server: "one".into(), file: file.into(), offset: 4, gtids: None, since: None }
    }

    fn vitals(kept_hours: Option<u64>) -> Vitals {
        let files = ["b.000008", "b.000009", "b.000010"];
        Vitals {
            log_end: Some(at("b.000010")),
            log_files: files.map(|name| LogFile { name: name.into(), size: 9 }).into(),
            log_kept: kept_hours.map(|hours| Duration::from_secs(hours * HOUR)),
            ..Vitals::default()
        }
    }

    #[test]
    fn the_head_room_is_what_the_lag_leaves_of_the_time_logs_are_kept() {
        for (kept_hours, lag_hours, left_hours, warning) in [
            (Some(720), Some(0), Some(720), false),
            (Some(720), Some(695), Some(25), false),
            (Some(720), Some(697), Some(23), true),
            (Some(720), Some(900), Some(0), true),
            // Kept for less than two days: half of it is time enough.
            (Some(2), Some(0), Some(2), false),
            (Some(4), Some(3), Some(1), true),
            (None, Some(900), None, false),
            (Some(720), None, None, false),
        ] {
            let lag = lag_hours.map(|hours| hours * HOUR * 1_000);
            let found = head_room(&at("b.000009"), &vitals(kept_hours), lag).unwrap();
            let left = left_hours.map(|hours| hours * HOUR);
            assert_eq!((found.left_seconds, found.warning), (left, warning), "{lag_hours:?}");
        }
    }

    #[test]
    fn a_file_that_is_gone_leaves_nothing() {
        let gone = head_room(&at("b.000007"), &vitals(None), Some(0)).unwrap();
        assert_eq!((gone.left_seconds, gone.warning), (Some(0), true));
        // One that came after the list was made is not gone.
        let new = head_room(&at("b.000011"), &vitals(None), Some(0)).unwrap();
        assert_eq!((new.left_seconds, new.warning), (None, false));
    }

    #[test]
    fn what_xa_has_prepared_keeps_older_files_needed() {
        let since = |file: &str| LogPosition { since: Some(Box::new(at(file))), ..at("b.000010") };
        let found = head_room(&since("b.000009"), &vitals(Some(720)), Some(0)).unwrap();
        assert_eq!(
            (&*found.needed_file, found.left_seconds, found.warning),
            ("b.000009", None, false)
        );
        let gone = head_room(&since("b.000007"), &vitals(Some(720)), Some(0)).unwrap();
        assert_eq!((gone.left_seconds, gone.warning), (Some(0), true));
    }

    #[test]
    fn nothing_is_said_of_what_is_not_known() {
        assert_eq!(head_room(&at(""), &vitals(Some(1)), Some(0)), None);
        let elsewhere = LogPosition { server: "two".into(), ..at("b.000009") };
        assert_eq!(head_room(&elsewhere, &vitals(Some(1)), Some(0)), None);
        let blind = Vitals { log_files: Vec::new(), ..vitals(Some(1)) };
        assert_eq!(head_room(&at("b.000009"), &blind, Some(0)), None);
    }
}
