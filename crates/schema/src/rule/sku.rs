//! Sizes of Azure Database for MySQL, and how many connections each takes.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A size as `az` and Terraform name it: `Standard_D4ds_v4`, `GP_Standard_D4ds_v4`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sku {
    name: String,
    tier: Tier,
    cores: u16,
    /// What stands between the number of cores and the next `_`, lower case: `ds`, `ms`.
    suffix: String,
}

/// How a size is sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tier {
    Burstable,
    GeneralPurpose,
    BusinessCritical,
}

/// Something that names no size.
#[derive(Debug, Error)]
#[error(
    "{0:?} names no size of Azure Database for MySQL: they read Standard_B2s, Standard_D4ds_v4 or Standard_E8ds_v5"
)]
pub struct UnknownSku(String);

/// `max_connections` of a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Connections {
    /// What a new server has.
    pub(super) usual: u64,
    /// What it may be set to.
    pub(super) most: u64,
}

/// A line of Microsoft's table.
struct Line {
    tier: Tier,
    cores: u16,
    /// Told apart by it where several have as many cores; else empty.
    suffix: &'static str,
    connections: Connections,
}

const fn line(tier: Tier, cores: u16, suffix: &'static str, usual: u64, most: u64) -> Line {
    Line { tier, cores, suffix, connections: Connections { usual, most } }
}

/// `max_connections` by size, each tier from small to large
/// (<https://learn.microsoft.com/azure/mysql/flexible-server/concepts-server-parameters#max_connections>, page of
/// 27 November 2024).
const TABLE: [Line; 24] = [
    line(Tier::Burstable, 1, "s", 85, 171),
    line(Tier::Burstable, 1, "ms", 171, 341),
    line(Tier::Burstable, 2, "s", 341, 683),
    line(Tier::Burstable, 2, "ms", 683, 1_365),
    line(Tier::Burstable, 4, "", 1_365, 2_731),
    line(Tier::Burstable, 8, "", 2_731, 5_461),
    line(Tier::Burstable, 12, "", 4_097, 8_193),
    line(Tier::Burstable, 16, "", 5_461, 10_923),
    line(Tier::Burstable, 20, "", 6_827, 13_653),
    line(Tier::GeneralPurpose, 2, "", 683, 1_365),
    line(Tier::GeneralPurpose, 4, "", 1_365, 2_731),
    line(Tier::GeneralPurpose, 8, "", 2_731, 5_461),
    line(Tier::GeneralPurpose, 16, "", 5_461, 10_923),
    line(Tier::GeneralPurpose, 32, "", 10_923, 21_845),
    line(Tier::GeneralPurpose, 48, "", 16_384, 32_768),
    line(Tier::GeneralPurpose, 64, "", 21_845, 43_691),
    line(Tier::BusinessCritical, 2, "", 1_365, 2_731),
    line(Tier::BusinessCritical, 4, "", 2_731, 5_461),
    line(Tier::BusinessCritical, 8, "", 5_461, 10_923),
    line(Tier::BusinessCritical, 16, "", 10_923, 21_845),
    line(Tier::BusinessCritical, 20, "", 13_653, 27_306),
    line(Tier::BusinessCritical, 32, "", 21_845, 43_691),
    line(Tier::BusinessCritical, 48, "", 32_768, 65_536),
    line(Tier::BusinessCritical, 64, "", 43_008, 86_016),
];

impl Sku {
    /// Its connections, if Microsoft's table has the size.
    pub(super) fn connections(&self) -> Option<Connections> {
        let is_it = |line: &&Line| {
            line.tier == self.tier
                && line.cores == self.cores
                && (line.suffix.is_empty() || line.suffix == self.suffix)
        };
        TABLE.iter().find(is_it).map(|line| line.connections)
    }
}

/// The smallest size of each tier for production that takes this many connections once `max_connections` is
/// raised, for people.
pub(super) fn that_take(connections: u64) -> String {
    let tiers = [Tier::GeneralPurpose, Tier::BusinessCritical];
    let smallest = tiers.into_iter().filter_map(|tier| {
        let mut lines = TABLE.iter().filter(|line| line.tier == tier);
        lines.find(|line| line.connections.most > connections)
    });
    let said = smallest.map(|line| {
        let Connections { usual, most } = line.connections;
        format!("{} of {} vCores ({usual}, {most} at most)", line.tier, line.cores)
    });
    let said: Vec<String> = said.collect();
    if said.is_empty() { "no size".to_owned() } else { said.join(" or ") }
}

impl FromStr for Sku {
    type Err = UnknownSku;

    fn from_str(text: &str) -> Result<Self, UnknownSku> {
        let unknown = || UnknownSku(text.to_owned());
        let low = text.to_ascii_lowercase();
        let plain = ["gp_", "mo_", "b_"].iter().find_map(|tier| low.strip_prefix(tier));
        let size = plain.unwrap_or(&low).strip_prefix("standard_").ok_or_else(unknown)?;
        let mut letters = size.chars();
        let tier = match letters.next() {
            Some('b') => Tier::Burstable,
            Some('d') => Tier::GeneralPurpose,
            Some('e') => Tier::BusinessCritical,
            Some(_) | None => return Err(unknown()),
        };
        let rest = letters.as_str();
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (cores, rest) = rest.split_at(end);
        let cores = cores.parse().map_err(|_no_number| unknown())?;
        let suffix = rest.split('_').next().unwrap_or_default().to_owned();
        Ok(Self { name: text.to_owned(), tier, cores, suffix })
    }
}

impl fmt::Display for Sku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Burstable => "Burstable",
            Self::GeneralPurpose => "General Purpose",
            Self::BusinessCritical => "Business Critical",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Option<(u64, u64)> {
        let sku: Sku = name.parse().unwrap();
        sku.connections().map(|told| (told.usual, told.most))
    }

    #[test]
    fn names_of_az_and_of_terraform_are_read() {
        for (name, connections) in [
            ("Standard_B1s", Some((85, 171))),
            ("Standard_B1ms", Some((171, 341))),
            ("B_Standard_B2ms", Some((683, 1_365))),
            ("Standard_B12ms", Some((4_097, 8_193))),
            ("Standard_D4ds_v4", Some((1_365, 2_731))),
            ("GP_Standard_D64ads_v5", Some((21_845, 43_691))),
            ("MO_Standard_E8ds_v5", Some((5_461, 10_923))),
            ("standard_e96ds_v5", None),
        ] {
            assert_eq!(of(name), connections, "{name}");
        }
    }

    #[test]
    fn what_names_no_size_is_refused() {
        for name in
            ["", "Standard_", "D4ds_v4", "Standard_F4s", "Standard_Dds_v4", "Standard_D99999999"]
        {
            let refused = name.parse::<Sku>().unwrap_err().to_string();
            assert!(refused.contains("Standard_D4ds_v4"), "{refused}");
        }
    }

    #[test]
    fn the_smallest_that_is_large_enough_is_named() {
        assert_eq!(
            that_take(3_000),
            "General Purpose of 8 vCores (2731, 5461 at most) or Business Critical of 4 vCores (2731, 5461 at most)"
        );
        assert_eq!(that_take(50_000), "Business Critical of 48 vCores (32768, 65536 at most)");
        assert_eq!(that_take(90_000), "no size");
    }
}
