//! A huge transaction arrives at once, at its end: lag, and a cutover that has to wait for it.

use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::text::bytes;

pub(super) const CHECK: Check = Check {
    id: "largest-transaction",
    title: "The largest transaction in the log",
    mode: Mode::Online,
    worst: Level::Warns,
    sql: "",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/replication-options-binary-log.html#sysvar_max_binlog_cache_size",
    judge,
};

/// From here on one transaction alone is minutes of lag.
const LARGE: u64 = 1 << 30;

fn judge(case: &Case<'_>) -> Verdict {
    let largest = case.measured.log()?.and_then(|sample| sample.largest.as_ref());
    let Some(largest) = largest else { return Ok(Vec::new()) };
    let thing = Thing::named(format!("transaction {}", largest.place));
    let what = format!("{} in the log, the largest of those that were read", bytes(largest.bytes));
    Ok(vec![if largest.bytes > LARGE {
        let what = format!("{what}: it is applied in pieces, and the target lags until its end");
        Found::warns(thing, what).advise("split such jobs, and cut over when none runs")
    } else {
        Found::notes(thing, what)
    }])
}

#[cfg(test)]
mod tests {
    use super::{CHECK, LARGE};
    use crate::rule::bench::Bench;
    use crate::rule::measured::{LogLook, LogSample, LoggedTransaction};

    #[test]
    fn size_decides() {
        let with = |bytes| {
            let largest = Some(LoggedTransaction { place: "b.1:4".into(), bytes });
            let mut bench = Bench::clean();
            bench.measured.log = Some(LogLook::Read(LogSample { largest, ..LogSample::default() }));
            bench.levels(&CHECK)
        };
        assert_eq!(Bench::clean().levels(&CHECK), "1 not checked");
        assert_eq!(with(LARGE), "1 notes");
        assert_eq!(with(LARGE + 1), "1 warns");
    }
}
