//! A prepared transaction of an outer coordinator keeps its locks until somebody ends it.

use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::question::Question;

pub(super) const CHECK: Check = Check {
    id: "prepared-xa",
    title: "Prepared XA transactions",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "",
    asks: &[Question::PreparedXa],
    link: "https://dev.mysql.com/doc/refman/8.4/en/xa-statements.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let prepared = case.source.ask(Question::PreparedXa)?;
    let found = prepared.iter().map(|row| {
        let thing = Thing::named(format!("XA transaction {}", row.text("data")));
        let what = "prepared and not ended: it holds locks, and cannot be followed";
        Found::warns(thing, what).on_source_with_thought(
            "XA RECOVER CONVERT XID; then XA COMMIT or XA ROLLBACK with that id",
        )
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
    fn prepared_ones_are_named_and_who_may_not_ask_is_told() {
        assert_eq!(Bench::clean().levels(&CHECK), "");
        let one =
            Bench::clean().answer(Side::Source, Question::PreparedXa, "formatID,data", &["1,x1"]);
        assert_eq!(one.levels(&CHECK), "1 warns");
        let denied =
            Bench::clean().denied(Side::Source, Question::PreparedXa, "XA_RECOVER_ADMIN ON *.*");
        assert_eq!(
            denied.said(&CHECK),
            ["not checked: GRANT XA_RECOVER_ADMIN ON *.* TO 'reader'@'%'"]
        );
    }
}
