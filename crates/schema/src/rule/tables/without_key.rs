//! A row of a table without a key is told from others only by all of its values.

use crate::name::quote;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};

pub(super) const CHECK: Check = Check {
    id: "no-primary-key",
    title: "Tables without a primary key",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SELECT t.table_schema, t.table_name FROM information_schema.tables t \
         LEFT JOIN information_schema.table_constraints k ON k.table_schema = t.table_schema \
         AND k.table_name = t.table_name AND k.constraint_type = 'PRIMARY KEY' \
         WHERE t.table_type = 'BASE TABLE' AND k.constraint_name IS NULL",
    asks: &[],
    link: "https://learn.microsoft.com/azure/mysql/flexible-server/concepts-high-availability",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let tables = case.tables().filter(|table| table.primary_key().is_none());
    let found = tables.map(|table| {
        let thing = Thing::table(&table.name);
        let add = format!("ALTER TABLE {} ADD COLUMN `my_key` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY", table.name);
        match table.row_key() {
            Some(key) => Found::notes(
                thing,
                format!("no primary key; its rows are told apart by the unique key {}", quote(&key.name)),
            ),
            None => Found::warns(
                thing,
                "no primary key and no unique key without NULL: copied in one pass by one worker, and its changes are followed one after the other",
            )
            .on_source_with_thought(add),
        }
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::catalog::KeyKind;
    use crate::rule::bench::{Bench, key};

    #[test]
    fn another_key_will_do() {
        let bench = Bench::clean().table("shop", "good");
        assert_eq!(bench.levels(&CHECK), "");
        let none = bench.clone().with_table("shop", "t", |table| table.keys.clear());
        assert_eq!(none.levels(&CHECK), "1 warns");
        let unique = bench
            .with_table("shop", "t", |table| table.keys = vec![key(KeyKind::Unique, "u", &["id"])]);
        assert_eq!(unique.levels(&CHECK), "1 notes");
    }
}
