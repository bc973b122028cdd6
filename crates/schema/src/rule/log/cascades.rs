//! Rows that a foreign key changes are not in the log of older servers.

use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};

pub(super) const CHECK: Check = Check {
    id: "cascading-foreign-key",
    title: "Foreign keys that change other rows",
    mode: Mode::Online,
    worst: Level::Notes,
    sql: "SELECT constraint_schema, table_name, constraint_name, update_rule, delete_rule \
         FROM information_schema.referential_constraints \
         WHERE update_rule IN ('CASCADE', 'SET NULL') OR delete_rule IN ('CASCADE', 'SET NULL')",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/create-table-foreign-keys.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let logs_them = case.source.version().is_mysql_at_least(9, 6, 0);
    let changes = |rule: &str| matches!(rule, "CASCADE" | "SET NULL");
    let mut found = Vec::new();
    for table in case.tables() {
        for key in &table.foreign_keys {
            if !changes(&key.on_update) && !changes(&key.on_delete) {
                continue;
            }
            let how = if logs_them {
                "the source logs the rows it changes, and they are carried like others"
            } else {
                "the source does not log the rows it changes; they are known to differ until the foreign key acts on the target too"
            };
            let thing = Thing::part_of(&table.name, "foreign key", &key.name);
            found.push(Found::notes(
                thing,
                format!("ON UPDATE {} ON DELETE {}: {how}", key.on_update, key.on_delete),
            ));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::{Bench, foreign_key};

    #[test]
    fn keys_that_act_are_named() {
        let with = |rule: &str| {
            Bench::clean().with_table("shop", "t", |table| {
                let mut key = foreign_key("fk", &["id"], "p", &["id"]);
                key.on_delete = rule.into();
                table.foreign_keys.push(key);
            })
        };
        assert_eq!(with("NO ACTION").levels(&CHECK), "");
        assert_eq!(with("CASCADE").levels(&CHECK), "1 notes");
    }
}
