//! With GTIDs a place in the log survives a failover of the source.

use crate::facts::Side;
use crate::following::cannot_tell_visible;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};

pub(super) const CHECK: Check = Check {
    id: "gtid",
    title: "Global transaction ids",
    mode: Mode::Online,
    worst: Level::Blocks,
    sql: "SELECT @@global.gtid_mode, @@global.enforce_gtid_consistency",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/replication-mode-change-online-enable-gtids.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let source = &case.source;
    if source.is_mariadb() || !source.is_on("log_bin") {
        return Ok(Vec::new());
    }
    let thing = Thing::variable(Side::Source, "gtid_mode");
    let steps = "set enforce_gtid_consistency to WARN, then ON, then gtid_mode to OFF_PERMISSIVE, ON_PERMISSIVE, ON, step by step";
    let found = match source.variable("gtid_mode") {
        "ON" => return Ok(Vec::new()),
        mode @ ("OFF_PERMISSIVE" | "ON_PERMISSIVE") => Found::warns(
            thing,
            format!("{mode}: half of the way; some transactions have an id and some have none"),
        )
        .advise(steps),
        _ if cannot_tell_visible(source.facts) => Found::blocks(
            thing,
            "OFF, and the source is older than MySQL 8.0: it cannot tell what a read sees",
        )
        .advise(steps),
        _ => Found::notes(
            thing,
            "OFF: changes are followed by file and position; after a failover of the source the copy begins anew",
        ),
    };
    Ok(vec![found])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn modes_are_judged_by_what_can_be_followed() {
        for (version, mode, told) in [
            ("8.4.6", "ON", ""),
            ("8.4.6", "OFF", "1 notes"),
            ("8.4.6", "ON_PERMISSIVE", "1 warns"),
            ("5.7.44", "OFF", "1 blocks"),
            ("10.11.9-MariaDB", "", ""),
        ] {
            let bench = Bench::from(version).variable("gtid_mode", mode);
            assert_eq!(bench.levels(&CHECK), told, "{version} {mode}");
        }
    }
}
