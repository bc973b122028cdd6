//! With `lower_case_table_names=1` names come back in small letters; code that compares them notices.

use crate::name::{ObjectId, ObjectKind, quote};
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Verdict};

pub(super) const CHECK: Check = Check {
    id: "mixed-case-names",
    title: "Names with capital letters",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SELECT table_schema, table_name FROM information_schema.tables \
         WHERE BINARY table_name <> LOWER(table_name) OR BINARY table_schema <> LOWER(table_schema)",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/identifier-case-sensitivity.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    if case.target.facts.lower_case_table_names() != 1 {
        return Ok(Vec::new());
    }
    let schemas = case.catalog.schemas.keys().map(ObjectId::schema);
    let tables = case.tables().map(|table| ObjectId::new(ObjectKind::Table, table.name.clone()));
    let views = case.catalog.views.keys().map(|name| ObjectId::new(ObjectKind::View, name.clone()));
    let named = |object: &ObjectId| match object.kind {
        ObjectKind::Schema => object.name.schema.clone(),
        ObjectKind::Table
        | ObjectKind::View
        | ObjectKind::Function
        | ObjectKind::Procedure
        | ObjectKind::Trigger
        | ObjectKind::Event => object.name.name.clone(),
    };
    let found = schemas.chain(tables).chain(views).filter_map(|object| {
        let name = named(&object);
        let low = name.to_lowercase();
        (name != low).then(|| {
            Found::warns(&object, format!("it will be called {} on the target", quote(&low)))
                .advise(
                    "see whether the application compares such names, e.g. from information_schema",
                )
        })
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn capitals_are_told_where_they_are_lost() {
        let bench = Bench::clean().table("Shop", "Orders").table("shop", "orders");
        assert_eq!(
            bench.said(&CHECK),
            [
                "warns: schema `Shop`: it will be called `shop` on the target | advice: see whether the application compares such names, e.g. from information_schema",
                "warns: table `Shop`.`Orders`: it will be called `orders` on the target | advice: see whether the application compares such names, e.g. from information_schema",
            ]
        );
        assert_eq!(bench.on_target("lower_case_table_names", "2").levels(&CHECK), "");
    }
}
