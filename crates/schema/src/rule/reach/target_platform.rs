//! Azure has rules of its own; whether the target is one is asked, not assumed.

use crate::facts::Side;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Verdict};
use crate::rule::platform::Platform;

pub(super) const CHECK: Check = Check {
    id: "target-platform",
    title: "Who runs the target",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SHOW GLOBAL VARIABLES LIKE 'azure_server_name'",
    asks: &[],
    link: "https://learn.microsoft.com/azure/mysql/flexible-server/concepts-limitations",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let platform = case.target.platform();
    let version = case.target.version();
    Ok(vec![match platform {
        Platform::Azure => Found::notes(Side::Target, format!("{platform}, {version}")),
        Platform::Rds | Platform::Aurora | Platform::CloudSql => Found::warns(
            Side::Target,
            format!(
                "{platform}, {version}: judged by what it says of itself; limits of that service beyond MySQL's own are not known here"
            ),
        ),
        Platform::MySql | Platform::Percona | Platform::MariaDb => Found::notes(
            Side::Target,
            format!("{platform}, {version}: judged by MySQL's own rules, not by Azure's"),
        ),
    }])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn the_rules_that_apply_are_named() {
        assert!(Bench::clean().said(&CHECK)[0].contains("Azure Database for MySQL, MySQL 8.4.5"));
        assert!(Bench::clean().to("mysql-9.x").said(&CHECK)[0].contains("not by Azure's"));
        let aurora = Bench::clean().to("mysql-8.0").on_target("aurora_version", "3.08");
        assert_eq!(aurora.levels(&CHECK), "1 warns");
    }
}
