//! Rows the target already holds are never overwritten unasked.

use crate::name::QualifiedName;
use crate::rewrite::target_name;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::question::Question;
use std::collections::BTreeMap;

pub(super) const CHECK: Check = Check {
    id: "target-not-empty",
    title: "Tables the target already has",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "",
    asks: &[Question::Tables],
    link: "https://dev.mysql.com/doc/refman/8.4/en/information-schema-tables-table.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let rows = case.real_target()?.ask(Question::Tables)?;
    let context = case.context();
    let there: BTreeMap<QualifiedName, u64> = rows
        .iter()
        .map(|row| {
            let name = QualifiedName::new(row.text("table_schema"), row.text("table_name"));
            (name, row.number("table_rows").unwrap_or_default())
        })
        .collect();
    let found = case.tables().filter_map(|table| {
        let name = target_name(&table.name, &context);
        let rows = there.get(&name)?;
        let what = format!("the target has {name}, with about {rows} rows; run refuses to load a table that is not empty, unless told");
        Some(Found::warns(Thing::table(&table.name), what).configure("[copy] not_empty = \"truncate\""))
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
    fn tables_are_found_by_their_name_on_the_target() {
        let bench = Bench::clean().table("Shop", "Orders").table("shop", "t");
        assert_eq!(bench.levels(&CHECK), "");
        let columns = "table_schema,table_name,table_rows";
        let full =
            bench.answer(Side::Target, Question::Tables, columns, &["shop,orders,7", "x,t,1"]);
        assert_eq!(full.said(&CHECK).len(), 1);
        assert!(full.said(&CHECK)[0].contains("with about 7 rows"));
        assert_eq!(full.to("azure-8.4").said(&CHECK), ["not checked: NoTarget"]);
    }
}
