//! `AUTO_INCREMENT` on `FLOAT` and `DOUBLE` is refused for targets that removed it.
//!
//! MySQL 8.4 no longer takes it (<https://dev.mysql.com/doc/refman/8.4/en/numeric-type-attributes.html>).
//! Everywhere else the counter travels in the table's own option.

use super::draft::TableDraft;
use super::{Context, Rewrite};

const NAME: &str = "auto_increment";
pub(super) const REWRITE: Rewrite = Rewrite::of_tables(NAME, table);

fn table(draft: &mut TableDraft<'_>, context: &Context<'_>) {
    if !context.target.version.is_mysql_at_least(8, 4, 0) {
        return;
    }
    for column in draft.columns() {
        let is_float = matches!(column.type_word.as_str(), "float" | "double" | "real");
        if is_float && column.attribute("AUTO_INCREMENT").is_some() {
            let what = format!("column {} of table {}", column.name, draft.table.name);
            let why =
                format!("{} takes no AUTO_INCREMENT on FLOAT or DOUBLE", context.target.version);
            let remedy = "change the column to BIGINT on the source";
            draft.notes.refuse(NAME, what, why, remedy);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, World};

    #[test]
    fn counting_floats_are_refused_and_counters_kept() {
        let float = "CREATE TABLE `t` (`a` double NOT NULL AUTO_INCREMENT, PRIMARY KEY (`a`)) ENGINE=InnoDB";
        let refusal = "!auto_increment: column a of table `shop`.`t`";
        let mut world = World::new("5.7.44");
        fixture::check_refused(&world, &fixture::table(float), refusal);
        world.target.version = crate::facts::ServerVersion::parse("8.0.42").unwrap();
        let scripts = super::super::table(&fixture::table(float), &world.context());
        assert_eq!(scripts.refusals, []);
    }
}
