//! A table of thousands of partitions opens as many files, on the target too.

use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};

pub(super) const CHECK: Check = Check {
    id: "partition-count",
    title: "Tables of very many partitions",
    mode: Mode::All,
    worst: Level::Blocks,
    sql: "SELECT table_schema, table_name, COUNT(*) FROM information_schema.partitions WHERE partition_name IS NOT NULL GROUP BY 1, 2",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/partitioning-limitations.html",
    judge,
};

/// The most MySQL allows.
const MOST: usize = 8_192;
/// So many are slow.
const MANY: usize = 1_000;

fn judge(case: &Case<'_>) -> Verdict {
    let found = case.tables().filter(|table| table.partitioned).filter_map(|table| {
        let text = table.create_sql.to_uppercase();
        let count = named(&text).max(numbered(&text));
        let thing = Thing::table(&table.name);
        match count {
            _ if count > MOST => {
                Some(Found::blocks(thing, format!("{count} partitions, MySQL takes {MOST}")))
            }
            _ if count > MANY => Some(Found::warns(
                thing,
                format!("{count} partitions: opening the table opens as many files"),
            )),
            _ => None,
        }
    });
    Ok(found.collect())
}

/// Partitions that are listed, sub-partitions included.
fn named(text: &str) -> usize {
    text.lines()
        .filter(|line| line.trim_start_matches(['(', ' ', ',']).starts_with("PARTITION "))
        .count()
        .saturating_sub(1)
        + text.matches("SUBPARTITION ").count()
}

/// `PARTITIONS 64`.
fn numbered(text: &str) -> usize {
    let after = text.rsplit_once("PARTITIONS ").map_or("", |(_, after)| after);
    after
        .split(|c: char| !c.is_ascii_digit())
        .next()
        .and_then(|digits| digits.parse().ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn listed_and_numbered_partitions_are_counted() {
        let with = |partitions: String| {
            Bench::clean().with_table("shop", "t", |table| {
                table.partitioned = true;
                table.create_sql += &partitions;
            })
        };
        assert_eq!(
            with("\n/*!50100 PARTITION BY HASH (`id`)\nPARTITIONS 64 */".into()).levels(&CHECK),
            ""
        );
        assert_eq!(
            with("\n/*!50100 PARTITION BY HASH (`id`)\nPARTITIONS 4000 */".into()).levels(&CHECK),
            "1 warns"
        );
        let list: String = (0..9_000)
            .map(|at| format!(" PARTITION p{at} VALUES LESS THAN ({at}) ENGINE = InnoDB,\n"))
            .collect();
        assert_eq!(
            with(format!("\n/*!50100 PARTITION BY RANGE (`id`)\n({list}) */")).levels(&CHECK),
            "1 blocks"
        );
    }
}
