//! Privileges that reach beyond the data are the service's own on a managed target.

use super::SYSTEM;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::question::Question;
use crate::rule::text::some;
use std::collections::BTreeMap;

pub(super) const CHECK: Check = Check {
    id: "privileges-not-offered",
    title: "Privileges the target does not grant",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "",
    asks: &[Question::GlobalPrivileges],
    link: "https://learn.microsoft.com/azure/mysql/flexible-server/concepts-limitations#privileges-and-data-manipulation-support",
    judge,
};

/// What the admin of Azure has, and can therefore grant.
const OFFERED: [&str; 30] = [
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "CREATE",
    "DROP",
    "RELOAD",
    "PROCESS",
    "REFERENCES",
    "INDEX",
    "ALTER",
    "SHOW DATABASES",
    "CREATE TEMPORARY TABLES",
    "LOCK TABLES",
    "EXECUTE",
    "REPLICATION SLAVE",
    "REPLICATION CLIENT",
    "CREATE VIEW",
    "SHOW VIEW",
    "CREATE ROUTINE",
    "ALTER ROUTINE",
    "CREATE USER",
    "EVENT",
    "TRIGGER",
    "CREATE ROLE",
    "REPLICATION_APPLIER",
    "ROLE_ADMIN",
    "SESSION_VARIABLES_ADMIN",
    "SHOW_ROUTINE",
    "XA_RECOVER_ADMIN",
];

fn judge(case: &Case<'_>) -> Verdict {
    if !case.is_azure() {
        return Ok(Vec::new());
    }
    let rows = case.source.ask(Question::GlobalPrivileges)?;
    let mut lost: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in rows {
        let (grantee, privilege) = (row.text("grantee"), row.text("privilege"));
        let is_servers_own = SYSTEM.iter().any(|own| grantee.starts_with(&format!("'{own}'")));
        if !is_servers_own && !OFFERED.contains(&privilege) {
            lost.entry(grantee).or_default().push(privilege);
        }
    }
    let found = lost.into_iter().map(|(grantee, mut privileges)| {
        privileges.sort_unstable();
        let what = format!("it holds {}, which Azure does not grant: left away", some(&privileges));
        Found::warns(Thing::named(format!("account {grantee}")), what)
            .advise("see whether what it does can be done without")
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::facts::Side;
    use crate::rule::bench::Bench;
    use crate::rule::question::Question;

    #[test]
    fn each_account_is_told_once_with_what_it_loses() {
        let rows = [
            "'app'@'%',SELECT",
            "'ops'@'%',SUPER",
            "'ops'@'%',FILE",
            "'mysql.sys'@'localhost',SYSTEM_USER",
        ];
        let bench = Bench::clean().answer(
            Side::Source,
            Question::GlobalPrivileges,
            "grantee,privilege",
            &rows,
        );
        assert_eq!(bench.said(&CHECK).len(), 1);
        assert!(bench.said(&CHECK)[0].contains("account 'ops'@'%': it holds FILE, SUPER"));
        assert_eq!(bench.to("mysql-8.4").levels(&CHECK), "");
    }
}
