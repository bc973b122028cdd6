//! A log file that is purged before it was read ends an online migration.

use crate::facts::Side;
use crate::rule::case::{Case, Server};
use crate::rule::check::{Care, Check, Fix, Found, Hand, Level, Mode, NotChecked, Thing, Verdict};
use crate::rule::estimate::load_ms;
use crate::rule::platform::Platform;
use crate::rule::question::Question;
use crate::rule::text::seconds;

pub(super) const CHECK: Check = Check {
    id: "binary-log-retention",
    title: "How long the log is kept",
    mode: Mode::Online,
    worst: Level::Blocks,
    sql: "SHOW GLOBAL VARIABLES WHERE variable_name IN ('binlog_expire_logs_seconds', 'expire_logs_days', 'binlog_expire_logs_auto_purge')",
    asks: &[Question::RdsRetention],
    link: "https://dev.mysql.com/doc/refman/8.4/en/replication-options-binary-log.html#sysvar_binlog_expire_logs_seconds",
    judge,
};

/// Two days: a weekend's interruption must not cost the whole copy.
const ENOUGH: u64 = 48 * 3_600;
/// In less than this nothing of size is copied.
const TOO_SHORT: u64 = 3_600;

fn judge(case: &Case<'_>) -> Verdict {
    let source = &case.source;
    if !source.is_on("log_bin") {
        return Ok(Vec::new());
    }
    let thing = Thing::server(Side::Source);
    match source.platform() {
        Platform::Rds | Platform::Aurora => {
            let kept = kept_by_rds(source)?;
            let call = "CALL mysql.rds_set_configuration('binlog retention hours', 96)";
            let fix = Fix::new(Hand::SourceAdmin, Care::Safe, call);
            Ok(short(case, thing, kept).map(|found| found.fix(fix)).into_iter().collect())
        }
        Platform::Azure if source.variable("binlog_expire_logs_seconds") == "0" => {
            let what = "binlog_expire_logs_seconds is 0: Azure removes a log file as soon as nobody reads it";
            let set = "az mysql flexible-server parameter set --resource-group RG --server-name SOURCE --name binlog_expire_logs_seconds --value";
            let fix = Fix::new(Hand::Azure, Care::Safe, format!("{set} 604800"))
                .revert(format!("{set} 0"));
            Ok(vec![Found::warns(thing, what).fix(fix)])
        }
        Platform::Azure
        | Platform::CloudSql
        | Platform::Percona
        | Platform::MySql
        | Platform::MariaDb => {
            let kept = kept(source);
            let fix = if source.facts.variables.contains_key("binlog_expire_logs_seconds") {
                let now = source.variable("binlog_expire_logs_seconds");
                Fix::new(
                    Hand::SourceAdmin,
                    Care::Safe,
                    "SET GLOBAL binlog_expire_logs_seconds = 604800",
                )
                .revert(format!("SET GLOBAL binlog_expire_logs_seconds = {now}"))
            } else {
                let now = source.variable("expire_logs_days");
                Fix::new(Hand::SourceAdmin, Care::Safe, "SET GLOBAL expire_logs_days = 7")
                    .revert(format!("SET GLOBAL expire_logs_days = {now}"))
            };
            Ok(kept
                .and_then(|kept| short(case, thing, kept))
                .map(|found| found.fix(fix))
                .into_iter()
                .collect())
        }
    }
}

/// Seconds a file is kept on any platform; `None`: for ever. Else why that is not known.
pub(in crate::rule) fn kept_seconds(case: &Case<'_>) -> Result<Option<u64>, String> {
    let source = &case.source;
    match source.platform() {
        Platform::Rds | Platform::Aurora => kept_by_rds(source)
            .map(Some)
            .map_err(|_denied| "our account may not ask for it".to_owned()),
        Platform::Azure if source.variable("binlog_expire_logs_seconds") == "0" => {
            Err("Azure removes a file as soon as nobody reads it".to_owned())
        }
        Platform::Azure
        | Platform::CloudSql
        | Platform::Percona
        | Platform::MySql
        | Platform::MariaDb => Ok(kept(source)),
    }
}

/// Amazon RDS removes a file as soon as it may, unless told otherwise.
fn kept_by_rds(source: &Server<'_>) -> Result<u64, NotChecked> {
    let rows = source.ask(Question::RdsRetention)?;
    let hours = rows.iter().find(|row| row.text("name") == "binlog retention hours");
    Ok(hours.and_then(|row| row.number("value")).map_or(0, |hours| hours.saturating_mul(3_600)))
}

/// Seconds a file is kept by the server's variables; `None`: for ever.
fn kept(source: &Server<'_>) -> Option<u64> {
    let purges = source.variable("binlog_expire_logs_auto_purge");
    if !purges.is_empty() && !source.is_on("binlog_expire_logs_auto_purge") {
        return None;
    }
    let seconds = source.number("binlog_expire_logs_seconds").filter(|seconds| *seconds > 0);
    let days = source
        .variable("expire_logs_days")
        .split('.')
        .next()
        .and_then(|days| days.parse::<u64>().ok());
    seconds.or(days.filter(|days| *days > 0).map(|days| days * 86_400))
}

/// Twice the time the load takes, where that was measured, else fixed limits.
fn short(case: &Case<'_>, thing: Thing, kept: u64) -> Option<Found> {
    if let Some(load) = load_ms(case).map(|ms| ms / 1_000)
        && kept < load.saturating_mul(2)
    {
        let what = format!(
            "log files are kept for {}, the load takes about {}: it must be kept for twice that",
            seconds(kept),
            seconds(load)
        );
        return Some(Found::blocks(thing, what));
    }
    let what = format!(
        "log files are kept for {}; a copy that takes longer, or an interruption, loses what was purged",
        seconds(kept)
    );
    match kept {
        _ if kept < TOO_SHORT => Some(Found::blocks(thing, what)),
        _ if kept < ENOUGH => Some(Found::warns(thing, what)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::facts::Side;
    use crate::rule::bench::Bench;
    use crate::rule::measured::{Pace, Probe, Probed};
    use crate::rule::question::Question;

    #[test]
    fn a_short_time_is_told_in_every_dialect() {
        const SECONDS: &str = "binlog_expire_logs_seconds";
        for (values, told) in [
            (&[(SECONDS, "2592000")][..], ""),
            (&[(SECONDS, "86400")], "1 warns"),
            (&[(SECONDS, "600")], "1 blocks"),
            (&[(SECONDS, "600"), ("binlog_expire_logs_auto_purge", "OFF")], ""),
            (&[(SECONDS, "0"), ("expire_logs_days", "1")], "1 warns"),
            (&[(SECONDS, "0"), ("expire_logs_days", "10.000000")], ""),
            (&[(SECONDS, "0")], ""),
            (&[(SECONDS, "0"), ("azure_server_name", "a")], "1 warns"),
        ] {
            let bench = values
                .iter()
                .fold(Bench::clean(), |bench, (name, value)| bench.variable(name, value));
            assert_eq!(bench.levels(&CHECK), told, "{values:?}");
        }
        let rds = Bench::clean().variable("basedir", "/rdsdbbin/mysql");
        let hours = |value: &str| {
            rds.clone().answer(
                Side::Source,
                Question::RdsRetention,
                "name,value",
                &[&format!("binlog retention hours,{value}")],
            )
        };
        assert_eq!(hours("NULL").levels(&CHECK), "1 blocks");
        assert_eq!(hours("96").levels(&CHECK), "");
    }

    #[test]
    fn a_load_that_was_measured_decides_instead_of_a_fixed_limit() {
        let with = |hours: u64| {
            let mut bench =
                Bench::clean().with_table("shop", "t", |table| table.data_bytes = 3_600 << 20);
            // A MiB a second.
            let pace = Pace { stored_bytes: 1 << 20, ms: 1_000, ..Pace::default() };
            let probe = Probe { copied: pace, indexed: None, applied: None };
            bench.measured.probe = Some(Probed::Done(probe));
            bench
                .variable("binlog_expire_logs_seconds", &(hours * 3_600).to_string())
                .levels(&CHECK)
        };
        assert_eq!(with(1), "1 blocks");
        assert_eq!(with(2), "1 warns");
        assert_eq!(with(48), "");
    }
}
