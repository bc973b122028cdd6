//! Text longer than its column: a table whose file or definition was exchanged may hold it.

use super::suspicion::of_values;
use crate::name::quote;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Verdict};
use crate::rule::suspicion::Wrong;

pub(super) const CHECK: Check = Check {
    id: "text-too-long",
    title: "Text longer than its column",
    mode: Mode::All,
    worst: Level::Blocks,
    sql: "SELECT * FROM `schema`.`table` WHERE CHAR_LENGTH(`column`) > 10",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/char.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    of_values(case, Wrong::TooLong, |seen| {
        let kind = &seen.column.type_text;
        let what = format!(
            "{} hold more characters than {kind} takes: the target refuses them, and the copy stops there",
            seen.rows
        );
        let (table, column) = (&seen.table.name, quote(&seen.column.name));
        let null = if seen.column.nullable { "NULL" } else { "NOT NULL" };
        let longer = kind.split('(').next().unwrap_or_default();
        Found::blocks(seen.thing(), what).advise(seen.statement()).on_source_with_thought(format!(
            "ALTER TABLE {table} MODIFY {column} {longer}(…) {null}"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::{Bench, column};
    use crate::rule::rows::Outcome;

    #[test]
    fn longer_text_stops_a_copy() {
        assert_eq!(Bench::clean().levels(&CHECK), "1 not checked");
        let seen = |long| {
            let bench = Bench::clean().with_table("shop", "t", |table| {
                let mut text = column("c", "varchar(9)");
                text.charset = Some("utf8mb4".to_owned());
                table.columns.push(text);
            });
            bench.sampled(move |_| Outcome::Read(vec![50, 500, 10, 0, long]))
        };
        assert_eq!(seen(0).levels(&CHECK), "");
        let said = seen(1).said(&CHECK).remove(0);
        let begins =
            "blocks: column `shop`.`t`.`c`: 1 of all 50 rows hold more characters than varchar(9)";
        assert!(said.starts_with(begins), "{said}");
        assert!(said.contains("MODIFY `c` varchar(…) NOT NULL"), "{said}");
    }
}
