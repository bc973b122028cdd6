//! Very many tables make every look at the catalog slow, on the target too.

use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::parameter::parameter;

pub(super) const CHECK: Check = Check {
    id: "table-count",
    title: "Numbers of tables and partitions",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SELECT COUNT(*) FROM information_schema.tables WHERE table_type = 'BASE TABLE'",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/partitioning-limitations.html",
    judge,
};

const TABLES_MANY: usize = 10_000;

fn judge(case: &Case<'_>) -> Verdict {
    let count = case.catalog.tables.len();
    if count <= TABLES_MANY {
        return Ok(Vec::new());
    }
    let what = format!(
        "{count} tables: planning and comparing take minutes, and the target opens them slowly after a restart"
    );
    let thing = Thing::named("the selected schemas");
    Ok(vec![Found::warns(thing, what).fix(parameter(
        case,
        "table_definition_cache",
        &(count + 1_000).to_string(),
    ))])
}

#[cfg(test)]
mod tests {
    use super::{CHECK, TABLES_MANY};
    use crate::rule::bench::Bench;

    #[test]
    fn very_many_tables_are_told() {
        let mut bench = Bench::clean().table("shop", "t");
        assert_eq!(bench.levels(&CHECK), "");
        let table = bench.catalog.tables.values().next().unwrap().clone();
        for number in 0..TABLES_MANY {
            let mut name = table.name.clone();
            name.name = format!("t{number}");
            bench.catalog.tables.insert(name, table.clone());
        }
        assert_eq!(bench.levels(&CHECK), "1 warns");
    }
}
