//! In a grant on a schema, `_` and `%` stand for other characters unless they are escaped.

use super::people;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::question::Question;

pub(super) const CHECK: Check = Check {
    id: "wildcard-grants",
    title: "Grants on patterns of schemas",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "",
    asks: &[Question::SchemaGrants],
    link: "https://dev.mysql.com/doc/refman/8.4/en/grant.html#grant-quoting",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let rows = case.source.ask(Question::SchemaGrants)?;
    let pattern = |db: &str| db.replace("\\_", "").replace("\\%", "").contains(['_', '%']);
    let found = people(rows).filter(|row| pattern(row.text("db"))).map(|row| {
        let what = format!("it is granted on {}, where _ and % stand for any characters; such grants are deprecated, and ignored with partial_revokes", row.text("db"));
        Found::warns(Thing::account(row.text("user"), row.text("host")), what).advise("grant on each schema by its name, with \\_ for _")
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
    fn patterns_are_told_from_names() {
        for (db, told) in
            [("shop", ""), ("my\\_shop", ""), ("my_shop", "1 warns"), ("sh%", "1 warns")]
        {
            let row = format!("app,%,{db}");
            let bench = Bench::clean().answer(
                Side::Source,
                Question::SchemaGrants,
                "user,host,db",
                &[&row],
            );
            assert_eq!(bench.levels(&CHECK), told, "{db}");
        }
    }
}
