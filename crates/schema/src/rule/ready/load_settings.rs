//! What a target writes down beside the rows costs time while they are loaded.

use crate::facts::Side;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::parameter::parameter;

pub(super) const CHECK: Check = Check {
    id: "load-settings",
    title: "Settings of the target for the load",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SHOW GLOBAL VARIABLES WHERE variable_name IN ('slow_query_log', 'general_log', 'audit_log_enabled', 'query_store_capture_mode', 'innodb_io_capacity', 'innodb_io_capacity_max')",
    asks: &[],
    link: "https://learn.microsoft.com/azure/dms/tutorial-mysql-azure-external-to-flex-online-portal",
    judge,
};

/// Each with the value for the load and why.
const WANTED: [(&str, &str, &str); 4] = [
    ("slow_query_log", "OFF", "every long LOAD DATA is written down"),
    ("general_log", "OFF", "every statement is written down"),
    ("audit_log_enabled", "OFF", "every statement is audited"),
    ("query_store_capture_mode", "NONE", "every statement is kept"),
];

fn judge(case: &Case<'_>) -> Verdict {
    let target = case.real_target()?;
    let mut found = Vec::new();
    for (name, wanted, why) in WANTED {
        let value = target.variable(name);
        if !value.is_empty()
            && !value.eq_ignore_ascii_case(wanted)
            && (wanted != "OFF" || target.is_on(name))
        {
            let thing = Thing::variable(Side::Target, name);
            found.push(
                Found::warns(thing, format!("it is {value}: {why} while rows are loaded"))
                    .fix(parameter(case, name, wanted)),
            );
        }
    }
    if case.is_azure() {
        for name in ["innodb_io_capacity", "innodb_io_capacity_max"] {
            if target.number(name).is_some_and(|value| value < 9_000) {
                let what = format!(
                    "it is {}: writing to storage is held back below what Azure advises for a load",
                    target.variable(name)
                );
                found.push(
                    Found::notes(Thing::variable(Side::Target, name), what)
                        .fix(parameter(case, name, "9000")),
                );
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn what_slows_a_load_is_named() {
        assert_eq!(Bench::clean().levels(&CHECK), "");
        let slow = Bench::clean()
            .on_target("slow_query_log", "ON")
            .on_target("general_log", "OFF")
            .on_target("query_store_capture_mode", "NONE")
            .on_target("innodb_io_capacity", "200");
        assert_eq!(slow.levels(&CHECK), "1 notes, 1 warns");
    }
}
