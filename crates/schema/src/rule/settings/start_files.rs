//! What runs at every start or login, or reads files, does not move by itself.

use crate::facts::Side;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};

pub(super) const CHECK: Check = Check {
    id: "start-hooks",
    title: "init_connect, init_file and files",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SHOW GLOBAL VARIABLES WHERE variable_name IN ('init_connect', 'init_file', 'init_replica', 'init_slave', 'secure_file_priv')",
    asks: &[],
    link: "https://learn.microsoft.com/azure/mysql/flexible-server/how-to-configure-server-parameters-portal",
    judge,
};

const NAMES: [(&str, &str); 4] = [
    (
        "init_connect",
        "statements run at every login: make them a parameter of the target, and try one login at once, since an error in it refuses all",
    ),
    ("init_file", "statements run at every start; a managed server has no such file"),
    ("init_replica", "statements run when replication starts; they concern replicas only"),
    ("init_slave", "statements run when replication starts; they concern replicas only"),
];

fn judge(case: &Case<'_>) -> Verdict {
    let found = NAMES.into_iter().filter_map(|(name, effect)| {
        let value = case.source.variable(name);
        (!value.is_empty() && value != case.target.variable(name)).then(|| {
            Found::warns(Thing::variable(Side::Source, name), format!("{value}: {effect}"))
        })
    });
    let mut found: Vec<Found> = found.collect();
    let folder = case.source.variable("secure_file_priv");
    if !folder.is_empty() && folder != "NULL" && !folder.starts_with("/var/lib/mysql-files") {
        let what = format!(
            "{folder}: somebody meant to read or write files here with LOAD DATA or INTO OUTFILE; the target has no files"
        );
        found.push(Found::notes(Thing::variable(Side::Source, "secure_file_priv"), what));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn what_is_set_is_told() {
        assert_eq!(Bench::clean().levels(&CHECK), "");
        let set = Bench::clean().variable("init_connect", "SET NAMES utf8mb4");
        assert_eq!(set.levels(&CHECK), "1 warns");
        assert_eq!(set.on_target("init_connect", "SET NAMES utf8mb4").levels(&CHECK), "");
        assert_eq!(Bench::clean().variable("secure_file_priv", "/data/").levels(&CHECK), "1 notes");
    }
}
