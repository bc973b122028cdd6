//! A view that does not work on the source cannot be made on the target.

use crate::name::{ObjectId, ObjectKind};
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Verdict};
use crate::rule::text::pattern;

pub(super) const CHECK: Check = Check {
    id: "invalid-view",
    title: "Views that do not work",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "CHECK TABLE `schema`.`view`",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/view-restrictions.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let broken = case.catalog.views.values().filter_map(|view| Some((view, view.broken.as_ref()?)));
    let found = broken.map(|(view, why)| {
        let object = ObjectId::new(ObjectKind::View, view.name.clone());
        Found::warns(&object, format!("it is left out: {why}"))
            .on_source_with_thought(format!("DROP VIEW {}", view.name))
            .configure(format!("[select] exclude = [\"{}\"]", pattern(&object)))
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn the_servers_words_are_told() {
        assert_eq!(Bench::clean().view("SELECT 1", |_| {}).levels(&CHECK), "");
        let broken = Bench::clean()
            .view("SELECT 1", |view| view.broken = Some("references invalid table(s)".into()));
        assert!(broken.said(&CHECK)[0].contains("references invalid table(s)"));
    }
}
