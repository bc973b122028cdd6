//! Columns of a foreign key and of what it refers to must be of one type; old servers were not so strict.

use crate::column::Column;
use crate::name::quote;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};

pub(super) const CHECK: Check = Check {
    id: "foreign-key-types",
    title: "Foreign keys between columns of other types",
    mode: Mode::All,
    worst: Level::Blocks,
    sql: "SELECT k.table_schema, k.table_name, k.constraint_name, c.column_type, p.column_type \
         FROM information_schema.key_column_usage k \
         JOIN information_schema.columns c ON (c.table_schema, c.table_name, c.column_name) = (k.table_schema, k.table_name, k.column_name) \
         JOIN information_schema.columns p ON (p.table_schema, p.table_name, p.column_name) = \
         (k.referenced_table_schema, k.referenced_table_name, k.referenced_column_name) \
         WHERE c.column_type <> p.column_type",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/create-table-foreign-keys.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let mut found = Vec::new();
    for table in case.tables() {
        for key in &table.foreign_keys {
            let Some(parent) = case.catalog.tables.get(&key.parent) else { continue };
            for (own, other) in key.columns.iter().zip(&key.parent_columns) {
                let (Some(own), Some(other)) = (table.column(own), parent.column(other)) else {
                    continue;
                };
                if fit(own, other) {
                    continue;
                }
                let what = format!(
                    "{} is {}, {}.{} is {}: the target refuses the foreign key",
                    quote(&own.name),
                    full(own),
                    key.parent,
                    quote(&other.name),
                    full(other)
                );
                found.push(
                    Found::blocks(Thing::part_of(&table.name, "foreign key", &key.name), what)
                        .on_source_with_thought(format!(
                            "ALTER TABLE {} DROP FOREIGN KEY {}",
                            table.name,
                            quote(&key.name)
                        )),
                );
            }
        }
    }
    Ok(found)
}

fn full(column: &Column) -> String {
    match &column.charset {
        Some(charset) => format!("{} {charset}", column.type_text),
        None => column.type_text.clone(),
    }
}

/// Integers of the same size and sign, texts of the same character set and collation, others of one type.
fn fit(a: &Column, b: &Column) -> bool {
    let new = |name: &Option<String>| name.as_ref().map(|name| name.replace("utf8mb3", "utf8"));
    if a.kind.is_text() && b.kind.is_text() {
        return new(&a.charset) == new(&b.charset) && new(&a.collation) == new(&b.collation);
    }
    if a.kind.is_binary() && b.kind.is_binary() {
        return true;
    }
    a.kind == b.kind && (!a.kind.is_integer() || a.is_unsigned() == b.is_unsigned())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::{Bench, column, foreign_key};

    #[test]
    fn size_sign_and_character_set_must_be_the_same() {
        let with = |own: &str, other: &str| {
            Bench::clean()
                .with_table("shop", "p", |table| table.columns = vec![column("id", other)])
                .with_table("shop", "t", |table| {
                    table.columns = vec![column("id", own)];
                    table.foreign_keys.push(foreign_key("fk", &["id"], "p", &["id"]));
                })
        };
        assert_eq!(with("int(11)", "int").levels(&CHECK), "");
        assert_eq!(with("int", "int unsigned").levels(&CHECK), "1 blocks");
        assert_eq!(with("int", "bigint").levels(&CHECK), "1 blocks");
        assert_eq!(with("varchar(9)", "varchar(20)").levels(&CHECK), "");
        let mut latin1 = with("varchar(9)", "varchar(9)");
        let parent = crate::name::QualifiedName::new("shop", "p");
        latin1.catalog.tables.get_mut(&parent).unwrap().columns[0].charset = Some("latin1".into());
        assert_eq!(latin1.levels(&CHECK), "1 blocks");
    }
}
