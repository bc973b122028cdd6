//! A name that is a reserved word on the target must be quoted in every statement of the application.

use crate::name::{ObjectId, ObjectKind, QualifiedName};
use crate::rule::case::{Case, kind_of};
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::question::Question;
use std::collections::BTreeSet;

pub(super) const CHECK: Check = Check {
    id: "reserved-word",
    title: "Names that are reserved words on the target",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "",
    asks: &[Question::Keywords],
    link: "https://dev.mysql.com/doc/refman/8.4/en/keywords.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let own: BTreeSet<String> = match case.source.ask(Question::Keywords) {
        Ok(rows) => rows.iter().map(|row| row.text("word").to_uppercase()).collect(),
        Err(_) => BTreeSet::new(),
    };
    let is_new = |name: &str| {
        let word = name.to_uppercase();
        case.reserved.contains(&word) && !own.contains(&word)
    };
    let what =
        "a reserved word on the target: the application must write it in backticks; sealift does";
    let mut found = Vec::new();
    let mut tell = |thing: Thing, name: &str| {
        if is_new(name) {
            found.push(Found::warns(thing, what));
        }
    };
    for schema in case.catalog.schemas.keys() {
        tell(Thing::from(&ObjectId::schema(schema)), schema);
    }
    for (table, column) in case.columns() {
        tell(Thing::column(table, column), &column.name);
    }
    let id = |kind, name: &QualifiedName| ObjectId::new(kind, name.clone());
    for name in case.catalog.tables.keys() {
        tell(Thing::table(name), &name.name);
    }
    for name in case.catalog.views.keys() {
        tell(Thing::from(&id(ObjectKind::View, name)), &name.name);
    }
    for (kind, name) in case.catalog.routines.keys() {
        tell(Thing::from(&id(kind_of(*kind), name)), &name.name);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::facts::Side;
    use crate::rule::bench::{Bench, column};
    use crate::rule::question::Question;

    #[test]
    fn words_that_are_new_on_the_target_are_named() {
        let bench = Bench::from("5.7.44")
            .with_table("shop", "rank", |table| table.columns.push(column("Rank", "int")));
        assert_eq!(bench.levels(&CHECK), "2 warns");
        let known = bench.answer(Side::Source, Question::Keywords, "word", &["RANK"]);
        assert_eq!(known.levels(&CHECK), "");
    }
}
