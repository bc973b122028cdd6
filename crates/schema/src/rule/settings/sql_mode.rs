//! `sql_mode` decides which statements and values are refused: a stricter target refuses what the source took.

use crate::facts::Side;
use crate::rule::case::{Case, Server};
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::parameter::parameter;
use std::collections::BTreeSet;

pub(super) const CHECK: Check = Check {
    id: "sql-mode-differs",
    title: "sql_mode of both servers",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SELECT @@global.sql_mode",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/sql-mode.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let modes = |server: &Server<'_>| -> BTreeSet<String> {
        let modes = server.variable("sql_mode").split(',').map(|mode| mode.trim().to_uppercase());
        modes.filter(|mode| !mode.is_empty()).collect()
    };
    let (source, target) = (modes(&case.source), modes(&case.target));
    let thing = || Thing::variable(Side::Target, "sql_mode");
    let known: Vec<&str> =
        source.iter().map(String::as_str).filter(|mode| !REMOVED.contains(mode)).collect();
    let mut found: Vec<Found> = source
        .difference(&target)
        .filter(|mode| !REMOVED.contains(&mode.as_str()))
        .map(|mode| Found::warns(thing(), format!("{mode} is set on the source only")))
        .collect();
    let added = target.difference(&source);
    found.extend(
        added.map(|mode| Found::warns(thing(), format!("{mode} is set on the target only"))),
    );
    if let Some(first) = found.first_mut() {
        first.fixes.push(parameter(case, "sql_mode", &known.join(",")));
    }
    Ok(found)
}

/// Modes MySQL 8.0 does not have any more.
pub(in crate::rule) const REMOVED: [&str; 11] = [
    "NO_AUTO_CREATE_USER",
    "NO_FIELD_OPTIONS",
    "NO_KEY_OPTIONS",
    "NO_TABLE_OPTIONS",
    "DB2",
    "MAXDB",
    "MSSQL",
    "MYSQL323",
    "MYSQL40",
    "ORACLE",
    "POSTGRESQL",
];

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn each_mode_that_differs_is_named_and_removed_ones_are_not() {
        assert_eq!(Bench::clean().levels(&CHECK), "");
        let bench = Bench::clean()
            .variable("sql_mode", "PIPES_AS_CONCAT,NO_AUTO_CREATE_USER")
            .on_target("sql_mode", "NO_ZERO_DATE");
        let said = bench.said(&CHECK);
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].contains("PIPES_AS_CONCAT is set on the source only"));
        assert!(said[0].contains("--name sql_mode --value 'PIPES_AS_CONCAT'"), "{}", said[0]);
        assert!(said[1].contains("NO_ZERO_DATE is set on the target only"));
    }
}
