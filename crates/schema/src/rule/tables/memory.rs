//! Rows of `MEMORY` tables are in no snapshot and gone after a restart.

use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};

pub(super) const CHECK: Check = Check {
    id: "memory-table",
    title: "Tables in memory",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SELECT table_schema, table_name FROM information_schema.tables WHERE engine = 'MEMORY'",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/memory-storage-engine.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let tables = case.tables().filter(|table| table.engine.eq_ignore_ascii_case("memory"));
    let found = tables.map(|table| {
        let what = "its rows are gone after a restart of either server, and it is locked while it is copied";
        Found::warns(Thing::table(&table.name), what)
            .on_source_with_thought(format!("ALTER TABLE {} ENGINE = InnoDB", table.name))
            .configure(format!("[select] exclude = [\"table:{}\"]", table.name.plain()))
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn tables_in_memory_are_named() {
        let bench = Bench::clean().table("shop", "a");
        assert_eq!(bench.levels(&CHECK), "");
        let memory = bench.with_table("shop", "b", |table| table.engine = "MEMORY".into());
        assert_eq!(memory.levels(&CHECK), "1 warns");
    }
}
