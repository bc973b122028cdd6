//! `utf8mb3` goes away in a later MySQL; characters beyond it do not fit.

use crate::column::Column;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::text::{counted, some};

pub(super) const CHECK: Check = Check {
    id: "utf8mb3",
    title: "Columns in utf8mb3",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SELECT table_schema, table_name, column_name FROM information_schema.columns WHERE character_set_name IN ('utf8', 'utf8mb3')",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/charset-unicode-utf8mb3.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let is_old = |column: &Column| matches!(column.charset.as_deref(), Some("utf8" | "utf8mb3"));
    let found = case.tables().filter_map(|table| {
        let columns: Vec<&str> = table
            .columns
            .iter()
            .filter(|column| is_old(column))
            .map(|column| column.name.as_str())
            .collect();
        (!columns.is_empty()).then(|| {
            let what = format!(
                "{} in utf8mb3 ({}): carried as they are; emoji and rare characters do not fit",
                counted(columns.len(), "column"),
                some(&columns)
            );
            Found::warns(Thing::table(&table.name), what).on_source_with_thought(format!(
                "ALTER TABLE {} CONVERT TO CHARACTER SET utf8mb4",
                table.name
            ))
        })
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::{Bench, column};

    #[test]
    fn a_table_is_told_once_with_its_columns() {
        let bench = Bench::clean().with_table("shop", "t", |table| {
            for name in ["a", "b"] {
                let mut text = column(name, "varchar(9)");
                text.charset = Some("utf8mb3".into());
                table.columns.push(text);
            }
        });
        assert!(bench.said(&CHECK)[0].contains("2 columns in utf8mb3 (a, b)"));
        assert_eq!(Bench::clean().table("shop", "t").levels(&CHECK), "");
    }
}
