//! Bytes in a column of one-byte characters are often something else than its character set says.

use crate::column::Column;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::text::some;

pub(super) const CHECK: Check = Check {
    id: "single-byte-charset",
    title: "Columns in character sets of one byte",
    mode: Mode::All,
    worst: Level::Notes,
    sql: "SELECT table_schema, table_name, column_name, character_set_name FROM information_schema.columns \
         WHERE character_set_name NOT IN ('utf8mb4', 'utf8mb3', 'utf8', 'ascii', 'binary')",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/charset-conversion.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let other = |column: &&Column| {
        let charset = column.charset.as_deref().unwrap_or("utf8mb4");
        !matches!(charset, "utf8mb4" | "utf8mb3" | "utf8" | "ascii" | "binary")
    };
    let found = case.tables().filter_map(|table| {
        let columns: Vec<String> = table.columns.iter().filter(other).map(|column| {
            format!("{} {}", column.name, column.charset.as_deref().unwrap_or_default())
        }).collect();
        (!columns.is_empty()).then(|| {
            let what = format!("{}: the bytes are carried as they are, also where they are not what the character set says", some(&columns));
            Found::notes(Thing::table(&table.name), what)
        })
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::{Bench, column};

    #[test]
    fn other_character_sets_are_named() {
        let with = |charset: &str| {
            Bench::clean()
                .with_table("shop", "t", |table| {
                    let mut text = column("a", "varchar(9)");
                    text.charset = Some(charset.into());
                    table.columns.push(text);
                })
                .levels(&CHECK)
        };
        assert_eq!(
            (with("latin1").as_str(), with("utf8mb4").as_str(), with("ascii").as_str()),
            ("1 notes", "", "")
        );
    }
}
