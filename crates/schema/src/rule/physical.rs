//! Whether the source could be imported physically by the provider's own tool: advice for very large servers.

use super::case::Case;
use super::platform::Platform;
use super::text::counted;

/// What stands against a physical import; empty when nothing is seen that does
/// (<https://learn.microsoft.com/azure/mysql/migrate/migrate-external-mysql-import-cli>).
pub(super) fn hindrances(case: &Case<'_>) -> Vec<String> {
    let mut found = Vec::new();
    if case.target.platform() != Platform::Azure {
        found.push("the target is not Azure Database for MySQL".to_owned());
    }
    if case.source.is_mariadb() || case.source.platform().is_managed() {
        found
            .push("it takes a backup by XtraBackup, of a MySQL whose files can be read".to_owned());
    }
    let series = |number: (u16, u16, u16)| (number.0, number.1);
    let (from, to) = (case.source.version(), case.target.version());
    if series(from.number) != series(to.number) {
        found.push(format!("both must be of one series, they are {from} and {to}"));
    }
    for (name, wanted) in [
        ("innodb_page_size", "16384"),
        ("innodb_file_per_table", "ON"),
        ("lower_case_table_names", "1"),
    ] {
        let value = case.source.variable(name);
        if !value.is_empty() && !value.eq_ignore_ascii_case(wanted) {
            found.push(format!("{name} is {value}, it must be {wanted}"));
        }
    }
    let other = case.tables().filter(|table| !table.engine.eq_ignore_ascii_case("innodb")).count();
    if other > 0 {
        found.push(format!("{} not of InnoDB", counted(other, "table")));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::hindrances;
    use crate::rule::bench::Bench;

    #[test]
    fn everything_that_stands_against_it_is_named() {
        assert_eq!(hindrances(&Bench::clean().case()), [""; 0]);
        let other = Bench::from("8.0.40").variable("innodb_page_size", "32768").with_table(
            "shop",
            "t",
            |table| table.engine = "MyISAM".into(),
        );
        assert_eq!(
            hindrances(&other.case()),
            [
                "both must be of one series, they are MySQL 8.0.40 and MySQL 8.4.5",
                "innodb_page_size is 32768, it must be 16384",
                "1 table not of InnoDB"
            ]
        );
        assert_eq!(hindrances(&Bench::clean().to("mysql-8.4").case()).len(), 1);
    }
}
