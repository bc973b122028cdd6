//! Limits on statements and idle connections end long reads of ours too, unless we lift them.

use crate::facts::Side;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};

pub(super) const CHECK: Check = Check {
    id: "time-limits",
    title: "Limits on statements and idle connections",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SHOW GLOBAL VARIABLES WHERE variable_name IN ('max_execution_time', 'max_statement_time', 'wait_timeout', 'net_write_timeout')",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/server-system-variables.html#sysvar_max_execution_time",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let mut found = Vec::new();
    for server in [&case.source, &case.target] {
        for name in ["max_execution_time", "max_statement_time"] {
            let value = server.variable(name);
            if value.parse::<f64>().is_ok_and(|limit| limit > 0.0) {
                let what = format!(
                    "{value}: long statements are ended; sealift lifts it for its own sessions"
                );
                found.push(Found::notes(Thing::variable(server.side, name), what));
            }
        }
        for name in ["wait_timeout", "net_write_timeout"] {
            if let Some(limit) = server.number(name).filter(|limit| *limit < 30) {
                let what = format!(
                    "{limit} seconds: connections that wait are closed; sealift raises it for its own sessions, the application's pool may not"
                );
                found.push(Found::warns(Thing::variable(server.side, name), what));
            }
        }
    }
    let what = "programs that end long queries (pt-kill and the like) cannot be seen from here: let them spare our account";
    found.push(Found::notes(Side::Source, what));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn limits_are_told() {
        assert_eq!(Bench::clean().levels(&CHECK), "1 notes");
        assert_eq!(Bench::clean().variable("max_execution_time", "5000").levels(&CHECK), "2 notes");
        assert_eq!(
            Bench::clean().on_target("wait_timeout", "10").levels(&CHECK),
            "1 notes, 1 warns"
        );
    }
}
