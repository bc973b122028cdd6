//! To follow a log, an account must be allowed to read it and to ask where it ends.

use crate::following::{Lacking, lacking_privileges};
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
    let account = source.account();
    let found = lacking_privileges(source.facts).into_iter().map(|lacking| {
        let Lacking { privilege, why } = lacking;
        Found::blocks(
            Thing::named(format!("account {account} on the source")),
            format!("it lacks {privilege}: {why}"),
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
