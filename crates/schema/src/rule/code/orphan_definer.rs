//! A program whose owner is gone fails when somebody calls it.

use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Verdict};
use crate::rule::question::Question;
use std::collections::BTreeSet;

pub(super) const CHECK: Check = Check {
    id: "orphan-definer",
    title: "Views and programs whose owner does not exist",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "",
    asks: &[Question::Accounts],
    link: "https://dev.mysql.com/doc/refman/8.4/en/stored-objects-security.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let rows = case.source.ask(Question::Accounts)?;
    let known: BTreeSet<String> =
        rows.iter().map(|row| format!("{}@{}", row.text("user"), row.text("host"))).collect();
    if known.is_empty() {
        return Ok(Vec::new());
    }
    let ours = &case.target.facts.current_user;
    let orphans = case
        .definers()
        .into_iter()
        .filter(|(_, definer)| !known.contains(*definer) && !definer.starts_with("mysql."));
    let found = orphans.map(|(object, definer)| {
        Found::warns(
            &object,
            format!("its definer {definer} does not exist: calling it fails on the source"),
        )
        .configure(format!("[rewrite] definer_map = {{ \"{definer}\" = \"{ours}\" }}"))
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::facts::Side;
    use crate::rule::bench::Bench;
    use crate::rule::question::Question;

    #[test]
    fn owners_that_are_gone_are_named() {
        let bench = Bench::clean().procedure("SELECT 1");
        let accounts =
            |row: &str| bench.clone().answer(Side::Source, Question::Accounts, "user,host", &[row]);
        assert_eq!(accounts("admin,%").levels(&CHECK), "");
        assert_eq!(accounts("other,%").levels(&CHECK), "1 warns");
        let denied = bench.denied(Side::Source, Question::Accounts, "SELECT ON mysql.user");
        assert_eq!(
            denied.said(&CHECK),
            ["not checked: GRANT SELECT ON mysql.user TO 'reader'@'%'"]
        );
    }
}
