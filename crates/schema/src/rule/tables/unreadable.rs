//! What the source itself cannot read is damaged, or of a form it no longer knows.

use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Verdict};
use crate::rule::text::pattern;

pub(super) const CHECK: Check = Check {
    id: "unreadable-on-source",
    title: "Objects the source itself cannot read",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "CHECK TABLE `schema`.`table`",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/check-table.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let found = case.unreadable.iter().map(|(object, why)| {
        Found::warns(object, format!("it is left out: {why}"))
            .on_source_with_thought(format!("CHECK TABLE {}", object.name))
            .configure(format!("[select] exclude = [\"{}\"]", pattern(object)))
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::name::{ObjectId, ObjectKind, QualifiedName};
    use crate::rule::bench::Bench;

    #[test]
    fn the_servers_own_words_are_told() {
        let mut bench = Bench::clean();
        assert_eq!(bench.levels(&CHECK), "");
        let object = ObjectId::new(ObjectKind::Table, QualifiedName::new("shop", "t"));
        bench.unreadable.push((object, "Table 't' is marked as crashed".into()));
        assert!(bench.said(&CHECK)[0].contains("marked as crashed"));
    }
}
