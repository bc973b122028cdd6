//! `YEAR(2)` went away in MySQL 5.7, temporal columns of the old form in 8.0.

use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};

pub(super) const CHECK: Check = Check {
    id: "old-temporal-type",
    title: "YEAR(2) and temporal columns of the old form",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SELECT table_schema, table_name, column_name, column_type FROM information_schema.columns \
         WHERE column_type LIKE 'year(2)%' OR column_type LIKE '%5.5 binary format%'",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/5.7/en/migrating-from-year2.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let found = case.columns().filter_map(|(table, column)| {
        let kind = column.type_text.to_lowercase();
        let what = if kind.starts_with("year(2)") {
            "YEAR(2): the target has YEAR(4) only, and 70 to 99 mean 1970 to 1999"
        } else if kind.contains("5.5 binary format") || kind.contains("mariadb-5.3") {
            "stored in the form of before MySQL 5.6: carried by its values; the target stores it in the new form"
        } else {
            return None;
        };
        let sql = format!("ALTER TABLE {} FORCE", table.name);
        Some(Found::warns(Thing::column(table, column), what).on_source_with_thought(sql))
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::{Bench, column};

    #[test]
    fn forms_of_old_servers_are_named() {
        for (kind, told) in [
            ("year(2)", "1 warns"),
            ("year(4)", ""),
            ("datetime /* 5.5 binary format */", "1 warns"),
            ("timestamp /* mariadb-5.3 */", "1 warns"),
        ] {
            let change = |table: &mut crate::catalog::Table| table.columns.push(column("c", kind));
            assert_eq!(
                Bench::clean().with_table("shop", "t", change).levels(&CHECK),
                told,
                "{kind}"
            );
        }
    }
}
