//! An `ENUM` that holds none of its members was written by a statement that was not checked.

use super::suspicion::of_values;
use crate::name::quote;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Verdict};
use crate::rule::suspicion::Wrong;

pub(super) const CHECK: Check = Check {
    id: "enum-without-member",
    title: "ENUM values that are none",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/enum.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    of_values(case, Wrong::NoMember, |seen| {
        let what = format!(
            "{} hold none of its members (the empty value 0): carried as they are, but strict statements cannot write them again",
            seen.rows
        );
        let value = if seen.column.nullable { "NULL" } else { "…" };
        let (table, column) = (&seen.table.name, quote(&seen.column.name));
        let sql = format!("UPDATE {table} SET {column} = {value} WHERE {}", seen.condition);
        Found::warns(seen.thing(), what).on_source_with_thought(sql)
    })
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::{Bench, column};
    use crate::rule::rows::Outcome;

    #[test]
    fn only_columns_of_the_type_are_told() {
        let bench = Bench::clean().with_table("shop", "t", |table| {
            table.columns.push(column("at", "date"));
            table.columns.push(column("kind", "enum('a')"));
        });
        let seen = |dates, kinds| {
            bench.clone().sampled(move |_| Outcome::Read(vec![50, 500, 10, dates, kinds]))
        };
        assert_eq!(seen(4, 0).levels(&CHECK), "");
        let said = seen(0, 2).said(&CHECK).remove(0);
        assert!(said.starts_with("warns: column `shop`.`t`.`kind`: 2 of all 50 rows hold none"));
        assert!(said.contains("SET `kind` = … WHERE (`kind` + 0 = 0)"), "{said}");
    }
}
