//! Generated columns are computed again on the target, by its own functions.

use crate::catalog::KeyPart;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};

pub(super) const CHECK: Check = Check {
    id: "generated-column",
    title: "Generated columns, checks and indexed expressions",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SELECT table_schema, table_name, column_name, generation_expression FROM information_schema.columns WHERE generation_expression <> ''",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/create-table-generated-columns.html",
    judge,
};

/// Functions whose result may be another one on another server.
const UNSURE: [&str; 13] = [
    "uuid(",
    "rand(",
    "now(",
    "current_timestamp",
    "sysdate(",
    "user(",
    "database(",
    "connection_id(",
    "version(",
    "regexp",
    "json_value(",
    "date_format(",
    "dayname(",
];

fn judge(case: &Case<'_>) -> Verdict {
    let mut found = Vec::new();
    for (table, column) in case.columns() {
        if let Some((_, expression)) = &column.generated {
            found.push(judged(Thing::column(table, column), "computed by the target", expression));
        }
    }
    for table in case.tables() {
        for (name, check) in &table.checks {
            let thing = Thing::part_of(&table.name, "check", name);
            found.push(judged(thing, "checked by the target", &check.clause));
        }
        for key in &table.keys {
            for part in &key.parts {
                if let KeyPart::Expression { text, .. } = part {
                    let thing = Thing::part_of(&table.name, "index", &key.name);
                    found.push(judged(thing, "computed by the target", text));
                }
            }
        }
    }
    Ok(found)
}

fn judged(thing: Thing, how: &str, expression: &str) -> Found {
    let low = expression.to_lowercase();
    match UNSURE.iter().find(|function| low.contains(**function)) {
        Some(function) => Found::warns(
            thing,
            format!(
                "{how} from {expression}: {} may answer otherwise there",
                function.trim_end_matches('(')
            ),
        ),
        None => Found::notes(thing, format!("{how} from {expression}")),
    }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::catalog::Check;
    use crate::column::Generation;
    use crate::rule::bench::{Bench, column};

    #[test]
    fn functions_that_may_differ_are_told() {
        let bench = Bench::clean().with_table("shop", "t", |table| {
            let mut sum = column("sum", "int");
            sum.generated = Some((Generation::Stored, "(`a` + `b`)".into()));
            let mut found = column("found", "int");
            found.generated = Some((Generation::Virtual, "regexp_like(`a`,'x')".into()));
            table.columns.extend([sum, found]);
            table.checks.insert("ck".into(), Check { clause: "(`a` > 0)".into(), enforced: true });
        });
        assert_eq!(bench.levels(&CHECK), "2 notes, 1 warns");
        assert_eq!(Bench::clean().table("shop", "t").levels(&CHECK), "");
    }
}
