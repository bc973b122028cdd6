//! Since MySQL 8.4 a foreign key must refer to a unique key, unless the server is told otherwise.

use crate::catalog::{KeyKind, KeyPart, Table};
use crate::name::quote;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};

pub(super) const CHECK: Check = Check {
    id: "foreign-key-to-no-unique-key",
    title: "Foreign keys to columns that are not unique",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SELECT constraint_schema, table_name, constraint_name FROM information_schema.referential_constraints WHERE unique_constraint_name IS NULL",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/server-system-variables.html#sysvar_restrict_fk_on_non_standard_key",
    judge,
};

const NAME: &str = "restrict_fk_on_non_standard_key";

fn judge(case: &Case<'_>) -> Verdict {
    let is_strict = case.target.is_on(NAME);
    let mut found = Vec::new();
    for table in case.tables() {
        for key in &table.foreign_keys {
            let Some(parent) = case.catalog.tables.get(&key.parent) else { continue };
            if is_unique(parent, &key.parent_columns) {
                continue;
            }
            let thing = Thing::part_of(&table.name, "foreign key", &key.name);
            let columns: Vec<String> = key.parent_columns.iter().map(|name| quote(name)).collect();
            let columns = columns.join(", ");
            let what = format!("{} ({columns}) is no unique key", key.parent);
            let sql = format!("ALTER TABLE {} ADD UNIQUE ({columns})", key.parent);
            found.push(if is_strict {
                Found::warns(thing, format!("{what}: sealift makes it with restrict_fk_on_non_standard_key = OFF, where its account may set that; the application could not"))
                    .on_source_with_thought(sql)
            } else {
                Found::notes(thing, format!("{what}: a later MySQL may refuse it"))
            });
        }
    }
    Ok(found)
}

fn is_unique(parent: &Table, columns: &[String]) -> bool {
    parent.keys.iter().any(|key| {
        let named = key.parts.iter().map(|part| match part {
            KeyPart::Column { name, prefix: None, .. } => Some(name.as_str()),
            KeyPart::Column { .. } | KeyPart::Expression { .. } => None,
        });
        matches!(key.kind, KeyKind::Primary | KeyKind::Unique)
            && key.parts.len() == columns.len()
            && named
                .zip(columns)
                .all(|(name, column)| name.is_some_and(|name| name.eq_ignore_ascii_case(column)))
    })
}

#[cfg(test)]
mod tests {
    use super::{CHECK, NAME};
    use crate::catalog::KeyKind;
    use crate::rule::bench::{Bench, column, foreign_key, key};

    #[test]
    fn only_a_whole_unique_key_will_do() {
        let with = |columns: &[&str]| {
            Bench::clean()
                .with_table("shop", "p", |table| {
                    table.columns.push(column("b", "int"));
                    table.keys.push(key(KeyKind::Unique, "u", &["id", "b"]));
                })
                .with_table("shop", "t", |table| {
                    table.foreign_keys.push(foreign_key("fk", columns, "p", columns));
                })
        };
        assert_eq!(with(&["id"]).levels(&CHECK), "");
        assert_eq!(with(&["id", "b"]).levels(&CHECK), "");
        assert_eq!(with(&["b"]).on_target(NAME, "OFF").levels(&CHECK), "1 notes");
        assert_eq!(with(&["b"]).levels(&CHECK), "1 warns");
    }
}
