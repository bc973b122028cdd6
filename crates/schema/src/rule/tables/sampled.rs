//! A table that cannot be read now cannot be copied later.

use std::collections::BTreeSet;

use crate::facts::Side;
use crate::name::QualifiedName;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::rows::{Outcome, Subject};
use crate::rule::text::{bytes, counted};

pub(super) const CHECK: Check = Check {
    id: "readable-rows",
    title: "Rows can be read",
    mode: Mode::All,
    worst: Level::Blocks,
    sql: "",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/privileges-provided.html#priv_select",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let sample = case.measured.rows()?;
    let mut found = Vec::new();
    let (mut rows, mut size, mut tables) = (0_u64, 0_u64, 0_usize);
    let mut told: BTreeSet<&QualifiedName> = BTreeSet::new();
    for looked in &sample.looked {
        let table = &looked.look.table;
        let thing = || Thing::table(table);
        let is_of_values = match looked.look.subject {
            Subject::Values(_) => true,
            Subject::Reference(_) => false,
            // What came of these is told by their own check.
            Subject::Constraint(_) => continue,
        };
        match &looked.outcome {
            Outcome::Read(_) if is_of_values => {
                tables += 1;
                rows = rows.saturating_add(looked.rows().unwrap_or_default());
                size = size.saturating_add(looked.number(1).unwrap_or_default());
            }
            Outcome::Read(_) => {}
            Outcome::Denied if !is_of_values => {
                found.push(Found::notes(
                    thing(),
                    "a foreign key was not looked at: the table it refers to may not be read",
                ));
            }
            Outcome::Denied if told.insert(table) => {
                let grant = format!("GRANT SELECT ON {table} TO {}", case.source.account());
                found.push(
                    Found::blocks(thing(), "our account may not read its rows").on_source(grant),
                );
            }
            Outcome::Late if told.insert(table) => {
                let what = "reading a sample took longer than five seconds and was ended";
                found.push(Found::warns(thing(), what));
            }
            Outcome::Failed { why } if told.insert(table) => {
                let what = format!("its rows cannot be read: {why}");
                found.push(
                    Found::blocks(thing(), what)
                        .on_source_with_thought(format!("CHECK TABLE {table}")),
                );
            }
            Outcome::Denied | Outcome::Late | Outcome::Failed { .. } => {}
        }
    }
    let what = format!(
        "{} of {} were read, {}",
        counted(usize::try_from(rows).unwrap_or(usize::MAX), "row"),
        counted(tables, "table"),
        bytes(size)
    );
    found.push(Found::notes(Thing::server(Side::Source), what));
    if sample.left_out > 0 {
        let what = format!(
            "{} of smaller tables were left out: the time for all of them was used up",
            counted(sample.left_out, "sample")
        );
        found.push(Found::notes(Thing::server(Side::Source), what));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;
    use crate::rule::rows::Outcome;

    #[test]
    fn a_table_that_cannot_be_read_is_told_once() {
        let bench = Bench::clean().table("shop", "t");
        assert_eq!(bench.levels(&CHECK), "1 not checked");
        let read = bench.clone().sampled(|_| Outcome::Read(vec![7, 1024, 200]));
        assert_eq!(read.said(&CHECK), ["notes: the source: 7 rows of 1 table were read, 1.0 KiB"]);
        let denied = bench.clone().sampled(|_| Outcome::Denied);
        assert!(denied.said(&CHECK)[0].contains("GRANT SELECT ON `shop`.`t` TO 'reader'@'%'"));
        let failed = bench.clone().sampled(|_| Outcome::Failed { why: "crashed".into() });
        assert!(failed.said(&CHECK)[0].starts_with("blocks: table `shop`.`t`: "));
        assert_eq!(bench.sampled(|_| Outcome::Late).levels(&CHECK), "1 notes, 1 warns");
    }
}
