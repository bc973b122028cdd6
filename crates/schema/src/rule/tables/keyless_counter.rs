//! Where the target makes invisible primary keys, tables that count or are partitioned without one are refused.

use crate::column::Column;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};

pub(super) const CHECK: Check = Check {
    id: "keyless-counter-or-partition",
    title: "No primary key, but a counter or partitions",
    mode: Mode::All,
    worst: Level::Notes,
    sql: "SELECT table_schema, table_name, create_options FROM information_schema.tables WHERE create_options LIKE '%partitioned%'",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/create-table-gipks.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    if !case.target.is_on("sql_generate_invisible_primary_key") {
        return Ok(Vec::new());
    }
    let keyless = case.tables().filter(|table| table.primary_key().is_none());
    let found = keyless.filter_map(|table| {
        let counts = table.columns.iter().any(Column::is_auto_increment);
        let what = match (counts, table.partitioned) {
            (true, _) => {
                "AUTO_INCREMENT without a primary key: other tools fail here with error 4109"
            }
            (false, true) => {
                "partitions without a primary key: other tools fail here with error 1235"
            }
            (false, false) => return None,
        };
        Some(Found::notes(Thing::table(&table.name), format!("{what}; sealift makes it as it is")))
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn counters_and_partitions_without_a_key_are_named() {
        let with = |counts: &str, partitioned| {
            Bench::clean().with_table("shop", "t", |table| {
                table.keys.clear();
                table.columns[0].extra = counts.into();
                table.partitioned = partitioned;
            })
        };
        assert_eq!(with("", false).levels(&CHECK), "");
        assert!(with("auto_increment", false).said(&CHECK)[0].contains("4109"));
        assert!(with("", true).said(&CHECK)[0].contains("1235"));
    }
}
