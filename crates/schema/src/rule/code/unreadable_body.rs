//! A body our account may not read cannot be carried.

use crate::facts::Flavor;
use crate::name::ObjectId;
use crate::rule::case::{Case, kind_of};
use crate::rule::check::{Check, Found, Level, Mode, Verdict};

pub(super) const CHECK: Check = Check {
    id: "unreadable-body",
    title: "Programs whose body our account cannot read",
    mode: Mode::All,
    worst: Level::Blocks,
    sql: "SHOW CREATE PROCEDURE `schema`.`name`",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/privileges-provided.html#priv_show-routine",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let version = case.source.version();
    let grant = match version.flavor {
        Flavor::MariaDb if version.number >= (11, 3, 0) => "SHOW CREATE ROUTINE ON *.*",
        Flavor::MySql if version.number >= (8, 0, 20) => "SHOW_ROUTINE ON *.*",
        Flavor::MySql if version.number >= (8, 0, 0) => "SELECT ON *.*",
        Flavor::MySql | Flavor::MariaDb => "SELECT ON mysql.proc",
    };
    let account = case.source.account();
    let hidden = case.catalog.routines.values().filter(|routine| routine.create_sql.is_none());
    let found = hidden.map(|routine| {
        let object = ObjectId::new(kind_of(routine.kind), routine.name.clone());
        Found::blocks(
            &object,
            format!("our account may not read its body; it belongs to {}", routine.definer),
        )
        .on_source(format!("GRANT {grant} TO {account}"))
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn the_grant_is_the_versions_own() {
        assert_eq!(Bench::clean().procedure("SELECT 1").levels(&CHECK), "");
        for (version, grant) in [
            ("8.4.6", "GRANT SHOW_ROUTINE ON *.* TO 'reader'@'%'"),
            ("5.7.44", "GRANT SELECT ON mysql.proc TO"),
            ("11.8.3-MariaDB", "GRANT SHOW CREATE ROUTINE ON *.* TO"),
        ] {
            let mut bench = Bench::from(version).procedure("SELECT 1");
            bench.catalog.routines.values_mut().for_each(|routine| routine.create_sql = None);
            assert!(bench.said(&CHECK)[0].contains(grant), "{version}");
        }
    }
}
