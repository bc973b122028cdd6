//! Names of more than 64 characters were let through by old servers.

use crate::name::quote;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};

pub(super) const CHECK: Check = Check {
    id: "name-too-long",
    title: "Names of more than 64 characters",
    mode: Mode::All,
    worst: Level::Blocks,
    sql: "SELECT constraint_schema, table_name, constraint_name FROM information_schema.table_constraints WHERE CHAR_LENGTH(constraint_name) > 64",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/identifier-length.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let mut found = Vec::new();
    for table in case.tables() {
        let constraints = table.foreign_keys.iter().map(|key| ("foreign key", &key.name));
        let checks = table.checks.keys().map(|name| ("check", name));
        let keys = table.keys.iter().map(|key| ("index", &key.name));
        for (kind, name) in constraints.chain(checks).chain(keys) {
            let length = name.chars().count();
            if length > 64 {
                let what = format!("its name has {length} characters, at most 64 are allowed");
                let sql = format!(
                    "ALTER TABLE {} DROP {} {}",
                    table.name,
                    kind.to_uppercase(),
                    quote(name)
                );
                found.push(
                    Found::blocks(Thing::part_of(&table.name, kind, name), what)
                        .on_source_with_thought(sql),
                );
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::{Bench, foreign_key};

    #[test]
    fn letters_are_counted_not_bytes() {
        let with = |name: String| {
            Bench::clean().with_table("shop", "t", |table| {
                table.foreign_keys.push(foreign_key(&name, &["id"], "p", &["id"]));
            })
        };
        assert_eq!(with("ä".repeat(64)).levels(&CHECK), "");
        assert_eq!(with("a".repeat(65)).levels(&CHECK), "1 blocks");
    }
}
