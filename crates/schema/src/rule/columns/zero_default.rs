//! A default of `0000-00-00` is refused where `NO_ZERO_DATE` is strict.

use crate::name::quote;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};

pub(super) const CHECK: Check = Check {
    id: "zero-date-default",
    title: "Defaults of 0000-00-00",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SELECT table_schema, table_name, column_name, column_default FROM information_schema.columns WHERE column_default LIKE '0000-00-00%'",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/sql-mode.html#sqlmode_no_zero_date",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let is_strict = case.target.variable("sql_mode").contains("NO_ZERO_DATE");
    let zero = case.columns().filter(|(_, column)| {
        column
            .default
            .as_deref()
            .is_some_and(|default| default.trim_matches('\'').starts_with("0000-00-00"))
    });
    let found = zero.map(|(table, column)| {
        let thing = Thing::column(table, column);
        if !is_strict {
            return Found::notes(thing, "its default is 0000-00-00; the target takes it");
        }
        let what = "its default is 0000-00-00: sealift makes and fills the table, but with the target's sql_mode (NO_ZERO_DATE) the application's own statements may be refused";
        let sql = format!("ALTER TABLE {} ALTER {} DROP DEFAULT", table.name, quote(&column.name));
        Found::warns(thing, what).on_source_with_thought(sql)
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::{Bench, column};

    #[test]
    fn it_matters_where_the_target_is_strict() {
        let bench = Bench::clean().with_table("shop", "t", |table| {
            let mut at = column("at", "datetime");
            at.default = Some("0000-00-00 00:00:00".into());
            table.columns.push(at);
        });
        assert_eq!(bench.levels(&CHECK), "1 warns");
        assert_eq!(bench.on_target("sql_mode", "").levels(&CHECK), "1 notes");
    }
}
