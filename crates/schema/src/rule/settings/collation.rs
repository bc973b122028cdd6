//! A collation the target does not have would sort and compare otherwise, so nothing is guessed.

use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Verdict};

pub(super) const CHECK: Check = Check {
    id: "collation-missing",
    title: "Collations the target does not have",
    mode: Mode::All,
    worst: Level::Blocks,
    sql: "SELECT DISTINCT collation_name FROM information_schema.columns WHERE collation_name IS NOT NULL",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/charset-charsets.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let refused = case.refusals().filter(|(_, refusal)| refusal.rewrite == "charset");
    let refused = refused.map(|(object, refusal)| {
        Found::blocks(object, format!("{}: {}", refusal.what, refusal.why))
            .configure(&refusal.remedy)
    });
    let nearest = case.changes().filter(|(_, change)| change.why.contains("not the same"));
    let nearest = nearest.map(|(object, change)| {
        Found::warns(object, format!("{}: {}", change.what, change.why))
            .configure("[rewrite] collation = { \"…\" = \"…\" }")
    });
    Ok(refused.chain(nearest).collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::{Bench, column};

    #[test]
    fn a_collation_nobody_can_map_is_refused() {
        let with = |collation: &str| {
            let collation = collation.to_owned();
            Bench::from("10.11.9-MariaDB")
                .with_table("shop", "t", |table| {
                    table.create_sql = format!("CREATE TABLE `t` (\n  `id` int NOT NULL,\n  `c` varchar(9) COLLATE {collation} NOT NULL,\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB");
                    let mut text = column("c", "varchar(9)");
                    text.collation = Some(collation.clone());
                    table.columns.push(text);
                })
                .rewritten()
                .levels(&CHECK)
        };
        assert_eq!(with("utf8mb4_general_ci"), "");
        assert_eq!(with("utf8mb4_klingon_ci"), "1 warns");
        assert_eq!(with("klingon_general_ci"), "1 blocks");
    }
}
