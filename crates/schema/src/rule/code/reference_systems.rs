//! Spatial reference systems somebody defined are needed before columns that name them.

use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::question::Question;

pub(super) const CHECK: Check = Check {
    id: "spatial-reference-system",
    title: "Spatial reference systems somebody defined",
    mode: Mode::All,
    worst: Level::Blocks,
    sql: "",
    asks: &[Question::ReferenceSystems],
    link: "https://dev.mysql.com/doc/refman/8.4/en/create-spatial-reference-system.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let rows = case.source.ask(Question::ReferenceSystems)?;
    let used: Vec<u32> = case.columns().filter_map(|(_, column)| column.srid).collect();
    let managed = case.target.platform().is_managed();
    let found = rows.iter().map(|row| {
        let thing = Thing::named(format!("spatial reference system {} {}", row.text("id"), row.text("name")));
        let is_used = row.number("id").and_then(|id| u32::try_from(id).ok()).is_some_and(|id| used.contains(&id));
        let what = "it is not carried: CREATE SPATIAL REFERENCE SYSTEM needs SUPER, which a managed server does not grant";
        match (is_used, managed) {
            (true, true) => Found::blocks(thing, format!("{what}; columns name it")).on_source_with_thought("give those columns one of the predefined systems"),
            (true, false) => Found::warns(thing, "create it on the target first; columns name it"),
            (false, _) => Found::warns(thing, what),
        }
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::facts::Side;
    use crate::rule::bench::{Bench, column};
    use crate::rule::question::Question;

    #[test]
    fn it_stops_columns_that_name_it() {
        let bench = Bench::clean().answer(
            Side::Source,
            Question::ReferenceSystems,
            "id,name",
            &["990001,ours"],
        );
        assert_eq!(bench.levels(&CHECK), "1 warns");
        let used = bench.with_table("shop", "t", |table| {
            let mut point = column("at", "point");
            point.srid = Some(990_001);
            table.columns.push(point);
        });
        assert_eq!(used.levels(&CHECK), "1 blocks");
        assert_eq!(used.to("mysql-8.4").levels(&CHECK), "1 warns");
    }
}
