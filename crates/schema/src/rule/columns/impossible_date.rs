//! Dates no calendar has: they are carried, but a strict target refuses to take them from an application.

use super::suspicion::of_values;
use crate::name::quote;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Verdict};
use crate::rule::suspicion::Wrong;

pub(super) const CHECK: Check = Check {
    id: "impossible-date",
    title: "Dates no calendar has",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/sql-mode.html#sqlmode_no_zero_date",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let mode = case.target.variable("sql_mode").to_uppercase();
    let is_strict = ["NO_ZERO_DATE", "NO_ZERO_IN_DATE", "STRICT_TRANS_TABLES", "STRICT_ALL_TABLES"]
        .iter()
        .any(|word| mode.contains(word));
    of_values(case, Wrong::ImpossibleDate, |seen| {
        let rest = if is_strict {
            "they are carried as they are, but with the target's sql_mode an application cannot write them again"
        } else {
            "they are carried as they are, and the target's sql_mode takes them"
        };
        let what = format!("{} hold a date no calendar has: {rest}", seen.rows);
        let level = if is_strict { Level::Warns } else { Level::Notes };
        let value = if seen.column.nullable { "NULL" } else { "…" };
        let (table, column) = (&seen.table.name, quote(&seen.column.name));
        let sql = format!("UPDATE {table} SET {column} = {value} WHERE {}", seen.condition);
        Found::at(level, seen.thing(), what).on_source_with_thought(sql)
    })
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::{Bench, column};
    use crate::rule::rows::Outcome;

    #[test]
    fn how_many_of_how_many_rows_is_told_with_the_statement_that_cleans() {
        let bench = Bench::clean().with_table("shop", "t", |table| {
            let mut at = column("at", "date");
            at.nullable = true;
            table.columns.push(at);
            table.columns.push(column("kind", "enum('a')"));
        });
        assert_eq!(bench.levels(&CHECK), "1 not checked");
        let seen =
            |dates| bench.clone().sampled(move |_| Outcome::Read(vec![50, 500, 10, dates, 9]));
        assert_eq!(seen(0).levels(&CHECK), "");
        let said = seen(3).said(&CHECK).remove(0);
        assert!(said.starts_with("warns: column `shop`.`t`.`at`: 3 of all 50 rows hold"), "{said}");
        assert!(
            said.contains("UPDATE `shop`.`t` SET `at` = NULL WHERE (MONTH(`at`) = 0 OR"),
            "{said}"
        );
        assert_eq!(seen(3).on_target("sql_mode", "").levels(&CHECK), "1 notes");
        let sample = bench.sampled(|_| Outcome::Read(vec![20_000, 500, 10, 3, 0]));
        assert!(sample.said(&CHECK)[0].contains("3 of 20000 rows that were read hold"));
    }
}
