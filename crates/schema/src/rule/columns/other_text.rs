//! UTF-8 in a column of one-byte characters: an application that says latin1 and writes UTF-8 never noticed.

use super::suspicion::of_values;
use crate::column::{Column, ColumnType};
use crate::name::quote;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Verdict};
use crate::rule::suspicion::Wrong;

pub(super) const CHECK: Check = Check {
    id: "utf8-in-other-charset",
    title: "UTF-8 in columns of another character set",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SELECT * FROM `schema`.`table` WHERE \
         CHAR_LENGTH(CONVERT(CAST(`column` AS BINARY) USING utf8mb4)) < LENGTH(`column`) \
         AND CAST(CONVERT(CAST(`column` AS BINARY) USING utf8mb4) AS BINARY) = CAST(`column` AS BINARY)",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/charset-conversion.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    of_values(case, Wrong::OtherText, |seen| {
        let charset = seen.column.charset.as_deref().unwrap_or_default();
        let what = format!(
            "{} hold what reads as UTF-8 and is stored as {charset}: the bytes are carried as they are, and an application sees \
             them as today only while its connection says {charset}",
            seen.rows
        );
        let (table, column) = (&seen.table.name, quote(&seen.column.name));
        let (bytes, text) = types(seen.column);
        let null = if seen.column.nullable { "NULL" } else { "NOT NULL" };
        Found::warns(seen.thing(), what)
            .advise(seen.statement())
            .on_source_with_thought(format!(
                "ALTER TABLE {table} MODIFY {column} {bytes} {null}; \
                 ALTER TABLE {table} MODIFY {column} {text} CHARACTER SET utf8mb4 {null} …"
            ))
            .advise(format!(
                "only where every row is UTF-8 or ASCII, and with the column's default and comment added; the second statement \
                 refuses what is neither. The application must connect with utf8mb4 from then on, and with {charset} until then"
            ))
    })
}

/// The type of the column's bytes, and of its text.
fn types(column: &Column) -> (String, String) {
    let text = column.type_text.to_lowercase();
    let bytes = if column.kind == ColumnType::Text {
        text.replace("text", "blob")
    } else {
        // A CHAR of bytes would be filled up with zeros.
        let kind = if text.starts_with("char") { "char" } else { "varchar" };
        text.replacen(kind, "varbinary", 1)
    };
    (bytes, text)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::{Bench, column};
    use crate::rule::rows::Outcome;

    fn seen(type_text: &str, other: u64) -> Bench {
        Bench::clean()
            .with_table("shop", "t", |table| {
                let mut text = column("c", type_text);
                text.charset = Some("latin1".to_owned());
                table.columns.push(text);
            })
            .sampled(move |_| Outcome::Read(vec![50, 500, 10, other]))
    }

    #[test]
    fn the_rows_are_counted_with_the_way_to_real_utf8() {
        assert_eq!(seen("varchar(9)", 0).levels(&CHECK), "");
        let said = seen("varchar(9)", 2).said(&CHECK).remove(0);
        let begins = "warns: column `shop`.`t`.`c`: 2 of all 50 rows hold what reads as UTF-8";
        assert!(said.starts_with(begins), "{said}");
        assert!(said.contains("MODIFY `c` varbinary(9) NOT NULL; ALTER"), "{said}");
        assert!(said.contains("MODIFY `c` varchar(9) CHARACTER SET utf8mb4 NOT NULL …"), "{said}");
        assert!(seen("mediumtext", 1).said(&CHECK)[0].contains("MODIFY `c` mediumblob"));
        assert!(seen("char(3)", 1).said(&CHECK)[0].contains("MODIFY `c` varbinary(3)"));
    }

    #[test]
    fn rows_are_read_only_when_that_is_asked_for() {
        assert_eq!(Bench::clean().levels(&CHECK), "1 not checked");
    }
}
