//! Size, tier and storage of a managed server are seen from outside only.

use crate::facts::Side;
use crate::rule::case::Case;
use crate::rule::check::{Care, Check, Fix, Found, Hand, Level, Mode, Verdict};
use crate::rule::text::bytes;

pub(super) const CHECK: Check = Check {
    id: "compute-size",
    title: "Size and tier of the target",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SELECT @@innodb_buffer_pool_size",
    asks: &[],
    link: "https://learn.microsoft.com/azure/mysql/flexible-server/concepts-service-tiers-storage",
    judge,
};

/// A server this small is of the Burstable tier, or as weak.
const SMALL: u64 = 2 << 30;

fn judge(case: &Case<'_>) -> Verdict {
    let target = case.real_target()?;
    let Some(cache) = target.number("innodb_buffer_pool_size") else { return Ok(Vec::new()) };
    if !case.is_azure() || cache >= SMALL {
        return Ok(Vec::new());
    }
    let what = format!(
        "a cache of {}: this is the Burstable tier or as small; its processor is throttled under a load, and it has no room for large index builds",
        bytes(cache)
    );
    let sku = "az mysql flexible-server update --resource-group RG --name SERVER --tier GeneralPurpose --sku-name Standard_D16ds_v4";
    Ok(vec![Found::warns(Side::Target, what).fix(Fix::new(Hand::Azure, Care::Thought, sku))])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn a_small_azure_is_told() {
        assert_eq!(Bench::clean().levels(&CHECK), "");
        let with =
            |size: u64| Bench::clean().on_target("innodb_buffer_pool_size", &size.to_string());
        assert_eq!(with(512 << 20).levels(&CHECK), "1 warns");
        assert_eq!(with(16 << 30).levels(&CHECK), "");
    }
}
