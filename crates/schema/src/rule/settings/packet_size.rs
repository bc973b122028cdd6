//! A value larger than `max_allowed_packet` cannot be written.

use crate::facts::Side;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::parameter::parameter;
use crate::rule::text::bytes;

pub(super) const CHECK: Check = Check {
    id: "max-allowed-packet",
    title: "max_allowed_packet of the target",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SELECT @@global.max_allowed_packet",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/packet-too-large.html",
    judge,
};

const NAME: &str = "max_allowed_packet";
/// What every row of a usual application fits into.
const ENOUGH: u64 = 64 << 20;
/// The most a server takes.
const MOST: u64 = 1 << 30;

fn judge(case: &Case<'_>) -> Verdict {
    let (Some(source), Some(target)) = (case.source.number(NAME), case.target.number(NAME)) else {
        return Ok(Vec::new());
    };
    if target >= source && target >= ENOUGH {
        return Ok(Vec::new());
    }
    let what = format!(
        "{} on the target, {} on the source: a larger row is refused",
        bytes(target),
        bytes(source)
    );
    let found = Found::warns(Thing::variable(Side::Target, NAME), what);
    Ok(vec![found.fix(parameter(case, NAME, &MOST.to_string()))])
}

#[cfg(test)]
mod tests {
    use super::{CHECK, NAME};
    use crate::rule::bench::Bench;

    #[test]
    fn a_small_limit_is_told() {
        let with = |source, target| {
            Bench::clean().variable(NAME, source).on_target(NAME, target).levels(&CHECK)
        };
        assert_eq!(with("67108864", "67108864"), "");
        assert_eq!(with("134217728", "67108864"), "1 warns");
        assert_eq!(with("4194304", "16777216"), "1 warns");
    }
}
