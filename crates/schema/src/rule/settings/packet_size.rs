//! A value larger than `max_allowed_packet` cannot be written.

use crate::facts::Side;
use crate::name::QualifiedName;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::parameter::parameter;
use crate::rule::rows::Subject;
use crate::rule::text::bytes;

pub(super) const CHECK: Check = Check {
    id: "max-allowed-packet",
    title: "max_allowed_packet of the target",
    mode: Mode::All,
    worst: Level::Blocks,
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
    let mut found = too_large(case, target);
    if !found.is_empty() || (target >= source && target >= ENOUGH) {
        return Ok(found);
    }
    let what = format!(
        "{} on the target, {} on the source: a larger row is refused",
        bytes(target),
        bytes(source)
    );
    let variable = Found::warns(Thing::variable(Side::Target, NAME), what);
    found.push(variable.fix(parameter(case, NAME, &MOST.to_string())));
    Ok(found)
}

/// Tables of which a row was read that the target does not take, where rows were asked for.
fn too_large(case: &Case<'_>, target: u64) -> Vec<Found> {
    let sampled = case.measured.rows.iter().flat_map(|sample| &sample.looked);
    let largest = sampled.filter_map(|looked| match looked.look.subject {
        Subject::Values(_) => Some((&looked.look.table, looked.number(2)?)),
        Subject::Reference(_) | Subject::Constraint(_) => None,
    });
    let refused = largest.filter(|(_, row)| *row > target);
    let tell = |(table, row): (&QualifiedName, u64)| {
        let what = format!("a row of {} is larger than the target's {}", bytes(row), bytes(target));
        Found::blocks(Thing::table(table), what).fix(parameter(case, NAME, &MOST.to_string()))
    };
    refused.map(tell).collect()
}

#[cfg(test)]
mod tests {
    use super::{CHECK, NAME};
    use crate::rule::bench::Bench;
    use crate::rule::rows::Outcome;

    #[test]
    fn a_small_limit_is_told() {
        let with = |source, target| {
            Bench::clean().variable(NAME, source).on_target(NAME, target).levels(&CHECK)
        };
        assert_eq!(with("67108864", "67108864"), "");
        assert_eq!(with("134217728", "67108864"), "1 warns");
        assert_eq!(with("4194304", "16777216"), "1 warns");
    }

    #[test]
    fn a_row_that_was_read_and_does_not_fit_stops() {
        let bench = Bench::clean().table("shop", "t").on_target(NAME, "67108864");
        let with = |row| bench.clone().sampled(move |_| Outcome::Read(vec![1, row, row]));
        assert_eq!(with(67_108_864).levels(&CHECK), "");
        assert!(
            with(67_108_865).said(&CHECK)[0]
                .starts_with("blocks: table `shop`.`t`: a row of 64.0 MiB")
        );
    }
}
