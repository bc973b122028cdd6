//! Rows whose parent is missing: made while foreign keys were not checked, they stay wrong on the target.

use crate::name::quote;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::rows::Subject;

pub(super) const CHECK: Check = Check {
    id: "orphan-rows",
    title: "Rows without the parent their foreign key names",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/server-system-variables.html#sysvar_foreign_key_checks",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let mut found = Vec::new();
    for looked in &case.measured.rows()?.looked {
        let Subject::Reference(name) = &looked.look.subject else { continue };
        let orphans = looked.number(1).unwrap_or_default();
        let Some(table) = case.catalog.tables.get(&looked.look.table) else { continue };
        let Some(key) = table.foreign_keys.iter().find(|key| key.name == *name) else { continue };
        if orphans == 0 {
            continue;
        }
        let what = format!(
            "{} have no parent in {}: they are carried as they are, with foreign keys unchecked; the target checks only what is written later",
            looked.of_rows(orphans),
            key.parent
        );
        let pairs = key.columns.iter().zip(&key.parent_columns);
        let same = pairs.map(|(own, other)| format!("p.{} = c.{}", quote(other), quote(own)));
        let set = key.columns.iter().map(|own| format!("c.{} IS NOT NULL", quote(own)));
        let condition = format!(
            "{} AND NOT EXISTS (SELECT 1 FROM {} p WHERE {})",
            set.collect::<Vec<_>>().join(" AND "),
            key.parent,
            same.collect::<Vec<_>>().join(" AND ")
        );
        found.push(
            Found::warns(Thing::part_of(&table.name, "foreign key", name), what)
                .advise(format!("see them all: SELECT c.* FROM {} c WHERE {condition}", table.name))
                .advise("add the missing parents, or delete these rows, on the source"),
        );
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::{Bench, foreign_key};
    use crate::rule::rows::{Outcome, Subject};

    #[test]
    fn orphans_are_counted_by_foreign_key() {
        let bench = Bench::clean().table("shop", "p").with_table("shop", "t", |table| {
            table.foreign_keys.push(foreign_key("fk", &["id"], "p", &["id"]));
        });
        assert_eq!(bench.levels(&CHECK), "1 not checked");
        let seen = |orphans| {
            bench.clone().sampled(move |look| match look.subject {
                Subject::Values(_) => Outcome::Read(vec![8, 9, 9]),
                Subject::Reference(_) | Subject::Constraint(_) => Outcome::Read(vec![8, orphans]),
            })
        };
        assert_eq!(seen(0).levels(&CHECK), "");
        let said = seen(2).said(&CHECK).remove(0);
        let begins =
            "warns: foreign key `shop`.`t`.`fk`: 2 of all 8 rows have no parent in `shop`.`p`";
        assert!(said.starts_with(begins), "{said}");
        assert!(said.contains("(SELECT 1 FROM `shop`.`p` p WHERE p.`id` = c.`id`)"), "{said}");
    }
}
