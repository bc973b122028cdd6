//! Whose server the source is decides which of its settings can be changed, and how.

use crate::facts::Side;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Verdict};

pub(super) const CHECK: Check = Check {
    id: "source-platform",
    title: "Who runs the source",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SELECT @@version, @@version_comment",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/server-system-variables.html#sysvar_version_comment",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let platform = case.source.platform();
    let said = format!("{platform}, {}", case.source.version());
    Ok(vec![if case.source.is_mariadb() {
        let what = format!(
            "{said}: MySQL is another server by now; what it does not have is converted or refused by name, and the application must be tested"
        );
        Found::warns(Side::Source, what)
    } else if platform.is_managed() {
        let what =
            format!("{said}: settings are changed with the service's own tools, not by SET GLOBAL");
        Found::notes(Side::Source, what)
    } else {
        Found::notes(Side::Source, said)
    }])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn a_mariadb_is_another_server() {
        assert_eq!(Bench::clean().levels(&CHECK), "1 notes");
        assert_eq!(Bench::from("10.11.9-MariaDB").levels(&CHECK), "1 warns");
        let rds = Bench::clean().variable("basedir", "/rdsdbbin/mysql");
        assert!(rds.said(&CHECK)[0].contains("Amazon RDS"));
    }
}
