//! A version that leaves support soon means a second migration soon.

use crate::facts::Side;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Verdict};

pub(super) const CHECK: Check = Check {
    id: "target-lifetime",
    title: "How long the target's version is supported",
    mode: Mode::All,
    worst: Level::Blocks,
    sql: "SELECT @@version",
    asks: &[],
    link: "https://learn.microsoft.com/azure/mysql/concepts-version-policy",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let version = case.target.version();
    let (major, minor, _) = version.number;
    let newer = "create a target of MySQL 8.4";
    let found = match (major, minor) {
        (9.., _) if case.is_azure() => Found::blocks(
            Side::Target,
            format!("{version} is an innovation release: Azure offers it as a preview without backups, and removes it 30 days after its creation"),
        )
        .advise(newer),
        (..=7, _) | (8, 0) => Found::warns(
            Side::Target,
            format!("{version} has left the community's support or does so in 2026; Azure's extended support is billed"),
        )
        .advise(newer),
        _ => return Ok(Vec::new()),
    };
    Ok(vec![found])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn old_versions_and_previews_are_told() {
        assert_eq!(Bench::clean().levels(&CHECK), "");
        assert_eq!(Bench::clean().to("azure-8.0").levels(&CHECK), "1 warns");
        assert_eq!(Bench::clean().to("mysql-9.x").levels(&CHECK), "");
        let mut preview = Bench::clean();
        preview.target.version.number = (9, 3, 0);
        assert_eq!(preview.levels(&CHECK), "1 blocks");
    }
}
