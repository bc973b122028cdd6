//! A log that leaves schemas out cannot be followed for them.

use crate::facts::Side;
use crate::name::ObjectId;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Verdict};
use crate::rule::question::Question;

pub(super) const CHECK: Check = Check {
    id: "binary-log-filter",
    title: "Schemas the log leaves out",
    mode: Mode::Online,
    worst: Level::Blocks,
    sql: "",
    asks: &[Question::LogStatus],
    link: "https://dev.mysql.com/doc/refman/8.4/en/replication-options-binary-log.html#option_mysqld_binlog-do-db",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let rows = case.source.ask(Question::LogStatus)?;
    let list = |column: &str| -> Vec<String> {
        let text = rows.first().map_or("", |row| row.text(column));
        text.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
    };
    let (only, without) = (list("Binlog_Do_DB"), list("Binlog_Ignore_DB"));
    let lacks = |schema: &str| {
        let names = |list: &[String]| list.iter().any(|name| name == schema);
        (!only.is_empty() && !names(&only)) || names(&without)
    };
    let schemas = case.catalog.schemas.keys().filter(|schema| lacks(schema));
    let found = schemas.map(|schema| {
        Found::blocks(
            &ObjectId::schema(schema),
            "its changes are not in the source's log (--binlog-do-db or --binlog-ignore-db)",
        )
        .advise("restart the source without --binlog-do-db and --binlog-ignore-db")
    });
    let mut found: Vec<Found> = found.collect();
    if found.is_empty() && !(only.is_empty() && without.is_empty()) {
        let what = "statements that name a table with its schema are filtered by the default schema, not by the table's";
        found.push(Found::warns(Side::Source, format!("its log is filtered: {what}")));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::facts::Side;
    use crate::rule::bench::Bench;
    use crate::rule::question::Question;

    #[test]
    fn a_schema_the_log_lacks_is_named() {
        let with = |row: &str| {
            let columns = "File,Binlog_Do_DB,Binlog_Ignore_DB";
            let bench = Bench::clean().table("shop", "t").table("hr", "t");
            bench.answer(Side::Source, Question::LogStatus, columns, &[row])
        };
        assert_eq!(with("b.1,,").levels(&CHECK), "");
        assert_eq!(with("b.1,shop,").said(&CHECK).len(), 1);
        assert!(with("b.1,,hr").said(&CHECK)[0].contains("schema `hr`"));
        assert_eq!(with("b.1,,test").levels(&CHECK), "1 warns");
    }
}
