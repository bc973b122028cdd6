//! What refers to something that is left out cannot be made, or does not work.

use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::selection::Warning;

pub(super) const CHECK: Check = Check {
    id: "needs-what-is-left-out",
    title: "Objects that need what is left out",
    mode: Mode::All,
    worst: Level::Blocks,
    sql: "SELECT constraint_schema, table_name, unique_constraint_schema FROM information_schema.referential_constraints \
         WHERE constraint_schema <> unique_constraint_schema",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/create-table-foreign-keys.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let found = case.warnings.iter().map(|warning| match warning {
        Warning::MatchesNothing { pattern } => Found::warns(
            Thing::named(format!("pattern {pattern:?} of [select]")),
            "it matches nothing",
        ),
        Warning::LeftOut { object, needs, what_for } => {
            Found::blocks(object, format!("it needs {needs} for {what_for}, which is left out"))
                .configure(format!("[select] include = [\"{}\"]", needs.plain()))
        }
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::name::{ObjectId, ObjectKind, QualifiedName};
    use crate::rule::bench::Bench;
    use crate::selection::Warning;

    #[test]
    fn what_is_needed_is_named() {
        let mut bench = Bench::clean();
        bench.warnings.push(Warning::LeftOut {
            object: ObjectId::new(ObjectKind::View, QualifiedName::new("shop", "v")),
            needs: QualifiedName::new("hr", "staff"),
            what_for: "its rows".into(),
        });
        bench.warnings.push(Warning::MatchesNothing { pattern: "shp.*".into() });
        assert_eq!(bench.levels(&CHECK), "1 blocks, 1 warns");
        assert!(bench.said(&CHECK)[0].contains("include = [\"hr.staff\"]"));
    }
}
