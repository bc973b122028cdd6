//! `my_row_id` is the name a server gives the invisible primary key it makes.

use crate::name::quote;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};

pub(super) const CHECK: Check = Check {
    id: "my-row-id",
    title: "Columns called my_row_id",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SELECT table_schema, table_name, extra FROM information_schema.columns WHERE column_name = 'my_row_id'",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/create-table-gipks.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let named = case.columns().filter(|(_, column)| column.name.eq_ignore_ascii_case("my_row_id"));
    let found = named.map(|(table, column)| {
        let is_generated = column.invisible && column.is_auto_increment();
        let thing = Thing::column(table, column);
        if is_generated {
            return Found::notes(thing, "an invisible primary key the source made by itself; it is carried with its values");
        }
        let what = "a visible column of this name: where invisible primary keys are made, another tool's CREATE TABLE fails with error 4108";
        Found::warns(thing, what).on_source_with_thought(format!(
            "ALTER TABLE {} RENAME COLUMN {} TO `row_id`", table.name, quote(&column.name)
        ))
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::{Bench, column};

    #[test]
    fn a_generated_one_is_carried_and_another_told() {
        let with = |invisible| {
            Bench::clean().with_table("shop", "t", |table| {
                let mut own = column("my_row_id", "bigint unsigned");
                own.invisible = invisible;
                own.extra = if invisible { "auto_increment INVISIBLE" } else { "" }.into();
                table.columns.push(own);
            })
        };
        assert_eq!(with(true).levels(&CHECK), "1 notes");
        assert_eq!(with(false).levels(&CHECK), "1 warns");
    }
}
