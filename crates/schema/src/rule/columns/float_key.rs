//! Floating point numbers are a poor key: what is printed is not always what is stored.

use crate::catalog::KeyPart;
use crate::column::ColumnType;
use crate::name::quote;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};

pub(super) const CHECK: Check = Check {
    id: "float-in-key",
    title: "Floating point numbers in keys",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SELECT k.table_schema, k.table_name, k.column_name FROM information_schema.key_column_usage k \
         JOIN information_schema.columns c USING (table_schema, table_name, column_name) \
         WHERE k.constraint_name = 'PRIMARY' AND c.data_type IN ('float', 'double')",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/problems-with-float.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let found = case.tables().filter_map(|table| {
        let key = table.primary_key()?;
        let is_float = |name: &str| {
            table.column(name).is_some_and(|column| matches!(column.kind, ColumnType::Float | ColumnType::Double))
        };
        let part = key.parts.iter().find_map(|part| match part {
            KeyPart::Column { name, .. } if is_float(name) => Some(name),
            KeyPart::Column { .. } | KeyPart::Expression { .. } => None,
        })?;
        let what = "a floating point number in the primary key: the table is copied in one pass, and its changes are followed one after the other";
        Some(
            Found::warns(Thing::part_of(&table.name, "column", part), what)
                .on_source_with_thought(format!("ALTER TABLE {} MODIFY {} DECIMAL(30, 10) NOT NULL", table.name, quote(part))),
        )
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::{Bench, column};

    #[test]
    fn the_primary_keys_types_are_looked_at() {
        let with = |kind: &str| {
            Bench::clean()
                .with_table("shop", "t", |table| table.columns = vec![column("id", kind)])
                .levels(&CHECK)
        };
        assert_eq!((with("double").as_str(), with("decimal(9,2)").as_str()), ("1 warns", ""));
    }
}
