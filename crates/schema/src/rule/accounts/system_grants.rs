//! Grants on the server's own schemas do not mean the same on another server.

use super::people;
use crate::name::is_system_schema;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::question::Question;
use crate::rule::question::Row;

pub(super) const CHECK: Check = Check {
    id: "grants-on-system-schemas",
    title: "Grants on mysql and sys",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "",
    asks: &[Question::SchemaGrants, Question::TableGrants],
    link: "https://learn.microsoft.com/azure/mysql/flexible-server/concepts-limitations",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let schemas = case.source.ask(Question::SchemaGrants)?;
    let tables = case.source.ask(Question::TableGrants)?;
    let on_system = |row: &&Row| is_system_schema(row.text("db"));
    let schemas =
        people(schemas).filter(on_system).map(|row| (row, format!("{}.*", row.text("db"))));
    let tables = people(tables)
        .filter(on_system)
        .map(|row| (row, format!("{}.{}", row.text("db"), row.text("table_name"))));
    let found = schemas.chain(tables).map(|(row, what)| {
        Found::warns(
            Thing::account(row.text("user"), row.text("host")),
            format!("it is granted on {what}; the target's own tables are read-only or others"),
        )
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
    fn grants_on_the_servers_own_schemas_are_told() {
        let bench = Bench::clean()
            .answer(
                Side::Source,
                Question::SchemaGrants,
                "user,host,db",
                &["app,%,shop", "mysql.session,localhost,performance_schema"],
            )
            .answer(
                Side::Source,
                Question::TableGrants,
                "user,host,db,table_name",
                &["app,%,mysql,proc"],
            );
        assert_eq!(bench.said(&CHECK).len(), 1);
        assert!(bench.said(&CHECK)[0].contains("granted on mysql.proc"));
    }
}
