//! To follow a log, an account must be allowed to read it and to ask where it ends.

use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};

pub(super) const CHECK: Check = Check {
    id: "replication-grants",
    title: "Our account may follow the log",
    mode: Mode::Online,
    worst: Level::Blocks,
    sql: "SHOW GRANTS",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/privileges-provided.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let source = &case.source;
    let grants = source.grants();
    let held =
        |privileges: &[&str]| privileges.iter().any(|privilege| grants.everywhere(privilege));
    let mut lacking = Vec::new();
    if !held(&["REPLICATION SLAVE", "REPLICATION REPLICA"]) {
        lacking.push(("REPLICATION SLAVE", "it may not read the binary log"));
    }
    if source.is_mariadb() {
        if !held(&["BINLOG MONITOR", "REPLICATION CLIENT"]) {
            lacking.push(("BINLOG MONITOR", "it may not ask where the log ends"));
        }
    } else {
        if !held(&["REPLICATION CLIENT"]) {
            lacking.push(("REPLICATION CLIENT", "it may not ask where the log ends"));
        }
        let has_gtids = source.variable("gtid_mode") == "ON";
        if !has_gtids && source.version().is_mysql_at_least(8, 0, 0) && !held(&["BACKUP_ADMIN"]) {
            lacking.push(("BACKUP_ADMIN", "without GTIDs it may not ask what a read sees"));
        }
    }
    let account = source.account();
    let found = lacking.into_iter().map(|(privilege, what)| {
        Found::blocks(
            Thing::named(format!("account {account} on the source")),
            format!("it lacks {privilege}: {what}"),
        )
        .on_source(format!("GRANT {privilege} ON *.* TO {account}"))
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::facts::Side;
    use crate::rule::bench::Bench;

    #[test]
    fn each_privilege_that_is_missing_comes_with_its_grant() {
        assert_eq!(Bench::clean().levels(&CHECK), "");
        let poor = Bench::clean().grants(Side::Source, &["GRANT SELECT ON *.* TO `reader`@`%`"]);
        let said = poor.said(&CHECK);
        assert!(
            said[0].contains("source: GRANT REPLICATION SLAVE ON *.* TO 'reader'@'%'"),
            "{said:?}"
        );
        assert_eq!(said.len(), 2);
        assert_eq!(poor.variable("gtid_mode", "OFF").said(&CHECK).len(), 3);
        let mariadb = Bench::from("10.11.9-MariaDB").grants(
            Side::Source,
            &["GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO `reader`@`%`"],
        );
        assert_eq!(mariadb.levels(&CHECK), "");
    }
}
