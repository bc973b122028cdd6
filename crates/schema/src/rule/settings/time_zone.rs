//! `NOW()` and `TIMESTAMP` are shown in the session's time zone, which starts as the server's.

use crate::facts::Side;
use crate::rule::case::{Case, Server};
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::parameter::parameter;
use crate::rule::question::Question;
use crate::rule::question::Row;

pub(super) const CHECK: Check = Check {
    id: "time-zone",
    title: "Time zones of both servers",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SELECT @@global.time_zone, @@system_time_zone",
    asks: &[Question::TimeZones],
    link: "https://learn.microsoft.com/azure/mysql/flexible-server/concepts-server-parameters#time_zone",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let zone = |server: &Server<'_>| match server.variable("time_zone") {
        "SYSTEM" => server.variable("system_time_zone").to_owned(),
        other => other.to_owned(),
    };
    let mut found = Vec::new();
    let (source, target) = (zone(&case.source), zone(&case.target));
    if !same(&source, &target) {
        let what = format!(
            "{target} on the target, {source} on the source: the application sees other times unless it sets its own zone"
        );
        found.push(Found::warns(Thing::variable(Side::Target, "time_zone"), what).fix(parameter(
            case,
            "time_zone",
            &source,
        )));
    }
    if case.profile.is_none() {
        let names_are_known = |row: &Row| !row.text("named").is_empty();
        if !case.target.ask(Question::TimeZones)?.iter().any(names_are_known) {
            let what = "it does not know time zones by name: CONVERT_TZ returns NULL";
            let load = if case.is_azure() {
                "CALL mysql.az_load_timezone()"
            } else {
                "load the tables with mysql_tzinfo_to_sql"
            };
            found.push(Found::warns(Side::Target, what).on_target(load));
        }
    }
    Ok(found)
}

/// Whether two zones are the same by their names.
fn same(a: &str, b: &str) -> bool {
    const UTC: [&str; 5] = ["UTC", "+00:00", "GMT", "ETC/UTC", "Z"];
    let is_utc = |zone: &str| UTC.contains(&zone.to_uppercase().as_str());
    a.eq_ignore_ascii_case(b) || (is_utc(a) && is_utc(b))
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::facts::Side;
    use crate::rule::bench::Bench;
    use crate::rule::question::Question;

    #[test]
    fn other_zones_and_missing_names_are_told() {
        assert_eq!(Bench::clean().levels(&CHECK), "");
        assert_eq!(Bench::clean().variable("time_zone", "+00:00").levels(&CHECK), "");
        assert_eq!(Bench::clean().variable("system_time_zone", "CET").levels(&CHECK), "1 warns");
        let unnamed = Bench::clean().answer(Side::Target, Question::TimeZones, "named", &["NULL"]);
        assert!(unnamed.said(&CHECK)[0].contains("az_load_timezone"));
        assert_eq!(unnamed.to("azure-8.4").levels(&CHECK), "");
    }
}
