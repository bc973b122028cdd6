//! Bytes that are no text in their own character set: the target checks what it is given and refuses them.

use super::suspicion::of_values;
use crate::name::quote;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Verdict};
use crate::rule::suspicion::Wrong;

pub(super) const CHECK: Check = Check {
    id: "broken-text",
    title: "Text that is not of its character set",
    mode: Mode::All,
    worst: Level::Blocks,
    sql: "SELECT * FROM `schema`.`table` WHERE \
         NOT (CAST(CONVERT(CAST(`column` AS BINARY) USING utf8mb4) AS BINARY) <=> CAST(`column` AS BINARY))",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/charset-binary-set.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    of_values(case, Wrong::BrokenText, |seen| {
        let charset = seen.column.charset.as_deref().unwrap_or_default();
        let what = format!(
            "{} hold bytes that are no {charset}: the target refuses such text, and the copy stops there",
            seen.rows
        );
        let (table, column) = (&seen.table.name, quote(&seen.column.name));
        let told = Found::blocks(seen.thing(), what).advise(seen.statement());
        told.on_source_with_thought(format!(
            "UPDATE {table} SET {column} = CONVERT(CONVERT(CAST({column} AS BINARY) USING latin1) USING {charset}) WHERE {}",
            seen.condition
        ))
        .advise("the statement takes the bytes for latin1, which they are most often: look at some of them first")
    })
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::{Bench, column};
    use crate::rule::rows::Outcome;

    fn seen(charset: &str, broken: u64) -> Bench {
        Bench::clean()
            .with_table("shop", "t", |table| {
                let mut text = column("c", "varchar(9)");
                text.charset = Some(charset.to_owned());
                table.columns.push(text);
            })
            .sampled(move |_| Outcome::Read(vec![50, 500, 10, broken, 0]))
    }

    #[test]
    fn the_rows_are_counted_shown_and_mended() {
        assert_eq!(seen("utf8mb4", 0).levels(&CHECK), "");
        let said = seen("utf8mb4", 2).said(&CHECK).remove(0);
        let begins =
            "blocks: column `shop`.`t`.`c`: 2 of all 50 rows hold bytes that are no utf8mb4";
        assert!(said.starts_with(begins), "{said}");
        assert!(said.contains("SELECT `id`, HEX(`c`) FROM `shop`.`t` WHERE (NOT (CAST("), "{said}");
        assert!(
            said.contains(
                "SET `c` = CONVERT(CONVERT(CAST(`c` AS BINARY) USING latin1) USING utf8mb4)"
            ),
            "{said}"
        );
        assert_eq!(seen("latin1", 2).levels(&CHECK), "");
    }

    #[test]
    fn rows_are_read_only_when_that_is_asked_for() {
        assert_eq!(Bench::clean().levels(&CHECK), "1 not checked");
    }
}
