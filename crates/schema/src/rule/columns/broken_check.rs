//! Rows that break a check of their table: MariaDB lets a session turn checks off, MySQL does not.

use crate::name::quote;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::rows::{Outcome, Subject};

pub(super) const CHECK: Check = Check {
    id: "check-broken",
    title: "Rows that break a check of their table",
    mode: Mode::All,
    worst: Level::Blocks,
    sql: "SELECT * FROM `schema`.`table` WHERE NOT (…)",
    asks: &[],
    link: "https://mariadb.com/kb/en/server-system-variables/#check_constraint_checks",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let mut found = Vec::new();
    for looked in &case.measured.rows()?.looked {
        let Subject::Constraint(name) = &looked.look.subject else { continue };
        let Some(table) = case.catalog.tables.get(&looked.look.table) else { continue };
        let Some(check) = table.checks.get(name) else { continue };
        let thing = Thing::part_of(&table.name, "check", name);
        match &looked.outcome {
            Outcome::Read(_) => {
                let broken = looked.number(1).unwrap_or_default();
                if broken == 0 {
                    continue;
                }
                let what = format!(
                    "{} break it: the target checks every row it is given, and the copy stops there",
                    looked.of_rows(broken)
                );
                let (of, clause) = (&table.name, &check.clause);
                found.push(
                    Found::blocks(thing, what)
                        .advise(format!(
                            "see them: SELECT * FROM {of} WHERE NOT ({clause}) LIMIT 100"
                        ))
                        .on_source_with_thought(format!(
                            "ALTER TABLE {of} DROP CONSTRAINT {}",
                            quote(name)
                        ))
                        .advise("or mend these rows on the source, so that the check holds"),
                );
            }
            Outcome::Failed { why } => {
                let what = format!("whether rows break it was not seen: {why}");
                found.push(Found::warns(thing, what));
            }
            Outcome::Late | Outcome::Denied => {
                let what = "whether rows break it was not seen: the sample was not read";
                found.push(Found::notes(thing, what));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::catalog::Check as Constraint;
    use crate::rule::bench::Bench;
    use crate::rule::rows::{Outcome, Subject};

    fn seen(outcome: Outcome) -> Bench {
        let bench = Bench::from("10.11.9-MariaDB").with_table("shop", "t", |table| {
            let check = Constraint { clause: "`id` > 0".into(), enforced: true };
            table.checks.insert("positive".into(), check);
        });
        bench.sampled(move |look| match look.subject {
            Subject::Constraint(_) => outcome.clone(),
            Subject::Values(_) | Subject::Reference(_) => Outcome::Read(vec![8, 9, 9]),
        })
    }

    #[test]
    fn rows_that_break_a_check_stop_a_copy() {
        assert_eq!(Bench::clean().levels(&CHECK), "1 not checked");
        assert_eq!(seen(Outcome::Read(vec![8, 0])).levels(&CHECK), "");
        let said = seen(Outcome::Read(vec![8, 3])).said(&CHECK).remove(0);
        assert!(
            said.starts_with("blocks: check `shop`.`t`.`positive`: 3 of all 8 rows break it"),
            "{said}"
        );
        assert!(said.contains("SELECT * FROM `shop`.`t` WHERE NOT (`id` > 0) LIMIT 100"), "{said}");
    }

    #[test]
    fn a_check_that_could_not_be_tried_says_so() {
        let failed = Outcome::Failed { why: "no such function".into() };
        assert_eq!(seen(failed).levels(&CHECK), "1 warns");
        assert_eq!(seen(Outcome::Late).levels(&CHECK), "1 notes");
    }
}
