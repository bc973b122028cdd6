//! A load writes rows, indexes and a binary log: the target needs room for all three.

use crate::catalog::Table;
use crate::rule::case::Case;
use crate::rule::check::{Care, Check, Fix, Found, Hand, Level, Mode, Thing, Verdict};
use crate::rule::text::bytes;

pub(super) const CHECK: Check = Check {
    id: "storage-headroom",
    title: "Storage the load needs",
    mode: Mode::All,
    worst: Level::Notes,
    sql: "SELECT table_schema, SUM(data_length + index_length) FROM information_schema.tables GROUP BY 1",
    asks: &[],
    link: "https://learn.microsoft.com/azure/mysql/flexible-server/concepts-service-tiers-storage",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let sum = |of: fn(&Table) -> u64| case.tables().map(of).fold(0_u64, u64::saturating_add);
    let data = sum(|table| table.data_bytes);
    let indexes = sum(|table| table.index_bytes);
    let log = data;
    let needed = (data / 10 * 13).saturating_add(indexes).saturating_add(log);
    let what = format!(
        "about {}: rows {} and a third for page splits, indexes {}, the target's own log of the load {}; how much storage it has no connection can see",
        bytes(needed),
        bytes(data),
        bytes(indexes),
        bytes(log)
    );
    let show = "az mysql flexible-server show --resource-group RG --name SERVER --query storage";
    let mut found = Found::notes(Thing::named("storage of the target"), what);
    if case.is_azure() {
        found = found.fix(Fix::new(Hand::Azure, Care::Safe, show));
    }
    Ok(vec![found])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn the_sum_says_what_it_is_made_of() {
        let bench = Bench::clean().with_table("shop", "t", |table| {
            table.data_bytes = 10 << 30;
            table.index_bytes = 2 << 30;
        });
        let said = bench.said(&CHECK);
        assert!(said[0].contains("about 25.0 GiB: rows 10.0 GiB"), "{said:?}");
        assert!(said[0].contains("az mysql flexible-server show"));
    }
}
