//! A primary key the source generated stays an ordinary column, and none is generated on the target.
//!
//! With `sql_generate_invisible_primary_key` MySQL adds `my_row_id BIGINT UNSIGNED NOT NULL
//! AUTO_INCREMENT INVISIBLE PRIMARY KEY` to tables without one. `SHOW CREATE TABLE` prints it like any
//! column, so the text already creates it, with its values. Tables without a primary key stay so: the
//! session that runs the scripts switches the generation off, which the text cannot. A server that
//! does not know `INVISIBLE` would show the column to `SELECT *`: this is told.

use super::draft::TableDraft;
use super::{Context, Rewrite};

const NAME: &str = "invisible_primary_key";
pub(super) const REWRITE: Rewrite = Rewrite::of_tables(NAME, table);

fn table(draft: &mut TableDraft<'_>, context: &Context<'_>) {
    if context.target.version.is_mysql_at_least(8, 0, 23) {
        return;
    }
    for column in draft.columns() {
        if column.attribute("INVISIBLE").is_some() {
            draft.notes.change(
                NAME,
                format!("column {} is visible", column.name),
                format!("{} may not know invisible columns", context.target.version),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, World};
    use crate::facts::ServerVersion;

    #[test]
    fn a_generated_key_is_an_ordinary_column() {
        let table = fixture::table(
            "CREATE TABLE `t` (\n  `my_row_id` bigint unsigned NOT NULL AUTO_INCREMENT /*!80023 INVISIBLE */,\n  \
             `a` int,\n  PRIMARY KEY (`my_row_id`)\n) ENGINE=InnoDB",
        );
        let same = table.create_sql.replace("TABLE `t`", "TABLE `shop`.`t`");
        let mut world = World::mysql();
        fixture::check(&world, &table, &same, &[]);
        world.target.version = ServerVersion::parse("5.7.44").unwrap();
        let note = "invisible_primary_key: column my_row_id is visible";
        fixture::check(&world, &table, &same, &[note]);
    }
}
