//! Without `explicit_defaults_for_timestamp` a `TIMESTAMP` column updates itself though nobody said so.

use crate::column::ColumnType;
use crate::facts::Side;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::parameter::parameter;

pub(super) const CHECK: Check = Check {
    id: "timestamp-defaults",
    title: "explicit_defaults_for_timestamp",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SELECT @@global.explicit_defaults_for_timestamp",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/server-system-variables.html#sysvar_explicit_defaults_for_timestamp",
    judge,
};

const NAME: &str = "explicit_defaults_for_timestamp";

fn judge(case: &Case<'_>) -> Verdict {
    let is_known = !case.source.variable(NAME).is_empty() && !case.target.variable(NAME).is_empty();
    let differs = case.source.is_on(NAME) != case.target.is_on(NAME);
    let has_some = case.columns().any(|(_, column)| column.kind == ColumnType::Timestamp);
    if !(is_known && differs && has_some) {
        return Ok(Vec::new());
    }
    let what = format!(
        "{} on the target, {} on the source: TIMESTAMP columns are carried as they are, those the application adds later behave otherwise",
        case.target.variable(NAME),
        case.source.variable(NAME)
    );
    Ok(vec![Found::warns(Thing::variable(Side::Target, NAME), what).fix(parameter(
        case,
        NAME,
        case.source.variable(NAME),
    ))])
}

#[cfg(test)]
mod tests {
    use super::{CHECK, NAME};
    use crate::rule::bench::{Bench, column};

    #[test]
    fn it_matters_where_there_are_timestamps() {
        let bench = Bench::clean().variable(NAME, "OFF");
        assert_eq!(bench.levels(&CHECK), "");
        let timestamps =
            bench.with_table("shop", "t", |table| table.columns.push(column("at", "timestamp")));
        assert_eq!(timestamps.levels(&CHECK), "1 warns");
        assert_eq!(timestamps.variable(NAME, "ON").levels(&CHECK), "");
    }
}
