//! A managed server decides itself where files lie.

use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::question::Question;
use crate::rule::question::Row;

pub(super) const CHECK: Check = Check {
    id: "tablespace",
    title: "Tables outside files of their own",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "",
    asks: &[Question::Tablespaces],
    link: "https://dev.mysql.com/doc/refman/8.4/en/general-tablespaces.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let directory = case.tables().filter(|table| {
        let text = table.create_sql.to_uppercase();
        text.contains(" DATA DIRECTORY") || text.contains(" INDEX DIRECTORY")
    });
    let directory = directory.map(|table| {
        Found::warns(
            Thing::table(&table.name),
            "its file lies in a folder of its own; on the target it lies with all others",
        )
    });
    let mut found: Vec<Found> = directory.collect();
    let shared = case.source.ask(Question::Tablespaces)?;
    let selected = |row: &&Row| {
        let schema = row.text("name").split('/').next().unwrap_or_default();
        case.catalog.schemas.contains_key(schema)
    };
    found.extend(shared.iter().filter(selected).map(|row| {
        let thing = Thing::named(format!("file of table {}", row.text("name")));
        let what = format!(
            "it lies in tablespace {}; on the target each table has a file of its own",
            row.text("tablespace")
        );
        Found::notes(thing, what)
    }));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::facts::Side;
    use crate::rule::bench::Bench;
    use crate::rule::question::Question;

    #[test]
    fn folders_and_shared_files_are_told() {
        let bench = Bench::clean().with_table("shop", "t", |table| {
            table.create_sql += " DATA DIRECTORY='/fast/'";
        });
        assert_eq!(bench.levels(&CHECK), "1 warns");
        let rows = ["shop/t,innodb_system", "other/t,innodb_system"];
        let shared = bench.answer(Side::Source, Question::Tablespaces, "name,tablespace", &rows);
        assert_eq!(shared.levels(&CHECK), "1 notes, 1 warns");
        let denied = Bench::clean().denied(Side::Source, Question::Tablespaces, "PROCESS ON *.*");
        assert_eq!(denied.said(&CHECK), ["not checked: GRANT PROCESS ON *.* TO 'reader'@'%'"]);
    }
}
