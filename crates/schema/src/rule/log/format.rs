//! Whole rows are carried fastest, rows in part take their order; a logged statement may change other rows elsewhere.

use crate::facts::Side;
use crate::following::{Remedy, Unfit, images_in_part, unfit_settings};
use crate::name::literal;
use crate::rule::case::{Case, Server};
use crate::rule::check::{Care, Check, Fix, Found, Hand, Level, Mode, Thing, Verdict};

pub(super) const CHECK: Check = Check {
    id: "binary-log-format",
    title: "Rows are logged whole",
    mode: Mode::Online,
    worst: Level::Blocks,
    sql: "SELECT @@global.binlog_format, @@global.binlog_row_image, @@global.binlog_row_value_options",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/replication-options-binary-log.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let source = &case.source;
    if !source.is_on("log_bin") {
        return Ok(Vec::new());
    }
    let unfit = unfit_settings(source.facts).into_iter();
    // That one is told by a check of its own.
    let unfit = unfit.filter(|unfit| unfit.name != "server_id");
    let mut found: Vec<Found> = unfit.map(|unfit| told(Level::Blocks, source, &unfit)).collect();
    let in_part = images_in_part(source.facts).map(|unfit| Unfit { why: IN_PART, ..unfit });
    found.extend(in_part.map(|unfit| told(Level::Warns, source, &unfit)));
    Ok(found)
}

/// What rows in part cost.
const IN_PART: &str = "each table is copied in one pass, from the beginning again after an interruption, and its changes are \
                       applied one after the other; with FULL both are faster";

fn told(level: Level, source: &Server<'_>, unfit: &Unfit) -> Found {
    let Unfit { name, value, why, remedy } = unfit;
    let thing = Thing::variable(Side::Source, name);
    let found = Found::at(level, thing, format!("it is {value}: {why}"));
    match remedy {
        Remedy::Set(wanted) | Remedy::SetAndReconnect(wanted) => set(source, found, name, wanted),
        Remedy::Restart(how) => found.advise(*how),
    }
}

/// Sessions that are open keep the old value, so the application must connect anew.
fn set(source: &Server<'_>, found: Found, name: &str, value: &str) -> Found {
    if source.platform().is_managed() {
        return found.advise(format!("set {name} to {value} with the service's own tools, and let the application connect anew"));
    }
    let old = literal(source.variable(name));
    let sql = format!("SET GLOBAL {name} = {}", literal(value));
    let fix = Fix::new(Hand::SourceAdmin, Care::Thought, sql)
        .revert(format!("SET GLOBAL {name} = {old}"));
    found.fix(fix).advise("let the application connect anew: open sessions keep the old value")
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn each_setting_that_loses_rows_is_named() {
        assert_eq!(Bench::clean().levels(&CHECK), "");
        for (name, value, level) in [
            ("binlog_format", "MIXED", "1 blocks"),
            ("binlog_row_image", "MINIMAL", "1 warns"),
            ("binlog_alter_two_phase", "ON", "1 blocks"),
        ] {
            let bench = Bench::clean().variable(name, value);
            assert_eq!(bench.levels(&CHECK), level, "{name}");
            assert!(bench.said(&CHECK)[0].contains(&format!("source: SET GLOBAL {name} = ")));
            assert_eq!(bench.variable("log_bin", "OFF").levels(&CHECK), "");
        }
        let in_part = Bench::clean().variable("binlog_row_value_options", "PARTIAL_JSON");
        assert_eq!(in_part.levels(&CHECK), "");
        let minimal = in_part.variable("binlog_row_image", "MINIMAL");
        assert_eq!(minimal.levels(&CHECK), "1 blocks, 1 warns");
    }
}
