//! MySQL 8.4 no longer lets a floating point number count itself.

use crate::column::{Column, ColumnType};
use crate::name::quote;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};

pub(super) const CHECK: Check = Check {
    id: "float-auto-increment",
    title: "AUTO_INCREMENT on floating point numbers",
    mode: Mode::All,
    worst: Level::Blocks,
    sql: "SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns \
         WHERE extra LIKE '%auto_increment%' AND data_type IN ('float', 'double')",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/mysql-nutshell.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let counts = |column: &Column| {
        column.is_auto_increment() && matches!(column.kind, ColumnType::Float | ColumnType::Double)
    };
    let is_new = case.target.version().is_mysql_at_least(8, 4, 0);
    let found = case.columns().filter(|(_, column)| counts(column)).map(|(table, column)| {
        let thing = Thing::column(table, column);
        let found = if is_new {
            Found::blocks(
                thing,
                format!(
                    "{} that counts itself: {} does not have it",
                    column.type_text,
                    case.target.version()
                ),
            )
        } else {
            Found::warns(
                thing,
                format!("{} that counts itself: MySQL 8.4 will not have it", column.type_text),
            )
        };
        let sql = format!(
            "ALTER TABLE {} MODIFY {} BIGINT NOT NULL AUTO_INCREMENT",
            table.name,
            quote(&column.name)
        );
        found.on_source_with_thought(sql)
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::{Bench, column};

    #[test]
    fn it_depends_on_the_targets_version() {
        let with = |kind: &str, target: &str| {
            Bench::from("8.0.40")
                .with_table("shop", "t", |table| {
                    table.columns = vec![column("id", kind)];
                    table.columns[0].extra = "auto_increment".into();
                })
                .to(target)
                .levels(&CHECK)
        };
        assert_eq!(with("double", "azure-8.4"), "1 blocks");
        assert_eq!(with("float", "azure-8.0"), "1 warns");
        assert_eq!(with("int", "azure-8.4"), "");
    }
}
