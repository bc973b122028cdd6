//! Clocks that differ show as rows of the wrong hour, and as a lag that is none.

use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::text::seconds;

pub(super) const CHECK: Check = Check {
    id: "clock-skew",
    title: "Clocks of both servers",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SELECT NOW(6), UTC_TIMESTAMP(6)",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/date-and-time-functions.html#function_utc-timestamp",
    judge,
};

/// A difference an application may notice.
const SKEW_MS_MAX: u64 = 5_000;

fn judge(case: &Case<'_>) -> Verdict {
    let target = case.real_target()?;
    let (Some(source), Some(target)) = (case.source.clock_ahead_ms, target.clock_ahead_ms) else {
        return Ok(Vec::new());
    };
    let skew = source.abs_diff(target);
    if skew <= SKEW_MS_MAX {
        return Ok(Vec::new());
    }
    let what = format!("they differ by {}", seconds(skew / 1000));
    let found = Found::warns(Thing::named("the clocks of source and target"), what);
    Ok(vec![found.advise("let the source's machine follow a time server (NTP)")])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;
    use crate::rule::case::Case;

    #[test]
    fn a_difference_of_seconds_is_told() {
        let bench = Bench::clean();
        assert_eq!(bench.levels(&CHECK), "");
        let mut case: Case<'_> = bench.case();
        case.source.clock_ahead_ms = Some(-7_000);
        let found = (CHECK.judge)(&case).unwrap();
        assert_eq!(found[0].what, "they differ by 7 seconds");
        assert!(bench.to("azure-8.4").said(&CHECK)[0].contains("NoTarget"));
    }
}
