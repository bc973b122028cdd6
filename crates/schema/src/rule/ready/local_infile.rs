//! `LOAD DATA LOCAL` costs a target less than half of what `INSERT` costs it.

use crate::facts::Side;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::parameter::parameter;

pub(super) const CHECK: Check = Check {
    id: "local-infile",
    title: "LOAD DATA LOCAL on the target",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SELECT @@global.local_infile",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/load-data-local-security.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    if case.real_target()?.is_on("local_infile") {
        return Ok(Vec::new());
    }
    let what = "it is OFF: rows go as INSERT statements, which is about half as fast";
    let thing = Thing::variable(Side::Target, "local_infile");
    Ok(vec![Found::warns(thing, what).fix(parameter(case, "local_infile", "ON"))])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn off_is_told_with_the_way_back() {
        assert_eq!(Bench::clean().levels(&CHECK), "");
        let off = Bench::clean().on_target("local_infile", "OFF");
        assert!(off.said(&CHECK)[0].contains("--name local_infile --value 'ON'"));
    }
}
