//! Definitions of other servers serve tables whose rows lie there.

use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::question::Question;

pub(super) const CHECK: Check = Check {
    id: "foreign-server",
    title: "Definitions of foreign servers",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "",
    asks: &[Question::ForeignServers],
    link: "https://dev.mysql.com/doc/refman/8.4/en/create-server.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let rows = case.source.ask(Question::ForeignServers)?;
    let found = rows.iter().map(|row| {
        let thing = Thing::named(format!("server {} of the source", row.text("name")));
        Found::warns(
            thing,
            format!(
                "CREATE SERVER ({}) is not carried; Azure has no tables on other servers",
                row.text("wrapper")
            ),
        )
        .advise("load those rows into tables of their own")
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
    fn each_is_named() {
        assert_eq!(Bench::clean().levels(&CHECK), "");
        let one = Bench::clean().answer(
            Side::Source,
            Question::ForeignServers,
            "name,wrapper",
            &["erp,mysql"],
        );
        assert_eq!(one.levels(&CHECK), "1 warns");
    }
}
