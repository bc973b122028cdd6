//! Modes the target no longer knows are taken out of the `sql_mode` an object was made under.
//!
//! MySQL 8.0 removed `NO_AUTO_CREATE_USER`, `NO_FIELD_OPTIONS`, `NO_KEY_OPTIONS`, `NO_TABLE_OPTIONS` and
//! the names of other servers (`DB2`, `MAXDB`, `MSSQL`, `MYSQL323`, `MYSQL40`, `ORACLE`, `POSTGRESQL`);
//! MariaDB has modes of its own. Setting an unknown one fails with error 1231. The names of other
//! servers stand for several modes: those the target knows stay.

use super::{Change, Context};
use crate::facts::Flavor;

pub(super) const NAME: &str = "sql_mode";

/// What MySQL from 8.0 on knows (<https://dev.mysql.com/doc/refman/9.7/en/sql-mode.html>).
const MYSQL_8: [&str; 22] = [
    "REAL_AS_FLOAT",
    "PIPES_AS_CONCAT",
    "ANSI_QUOTES",
    "IGNORE_SPACE",
    "ONLY_FULL_GROUP_BY",
    "NO_UNSIGNED_SUBTRACTION",
    "NO_DIR_IN_CREATE",
    "ANSI",
    "NO_AUTO_VALUE_ON_ZERO",
    "NO_BACKSLASH_ESCAPES",
    "STRICT_TRANS_TABLES",
    "STRICT_ALL_TABLES",
    "NO_ZERO_IN_DATE",
    "NO_ZERO_DATE",
    "ALLOW_INVALID_DATES",
    "ERROR_FOR_DIVISION_BY_ZERO",
    "TRADITIONAL",
    "HIGH_NOT_PRECEDENCE",
    "NO_ENGINE_SUBSTITUTION",
    "PAD_CHAR_TO_FULL_LENGTH",
    "TIME_TRUNCATE_FRACTIONAL",
    "NOT_USED",
];

/// What MySQL 5.7 knew besides.
const MYSQL_5: [&str; 11] = [
    "NO_AUTO_CREATE_USER",
    "NO_FIELD_OPTIONS",
    "NO_KEY_OPTIONS",
    "NO_TABLE_OPTIONS",
    "DB2",
    "MAXDB",
    "MSSQL",
    "MYSQL323",
    "MYSQL40",
    "ORACLE",
    "POSTGRESQL",
];

/// Takes out of a `sql_mode` what the target does not know; the rest keeps its order.
#[must_use]
pub fn sql_mode(mode: &str, context: &Context<'_>) -> (String, Vec<Change>) {
    let mut kept: Vec<&str> = Vec::new();
    let mut changes = Vec::new();
    for mode in mode.split(',').map(str::trim).filter(|mode| !mode.is_empty()) {
        if is_known(mode, context) {
            if !kept.iter().any(|other| other.eq_ignore_ascii_case(mode)) {
                kept.push(mode);
            }
            continue;
        }
        for &part in stands_for(mode) {
            if !kept.iter().any(|other| other.eq_ignore_ascii_case(part)) {
                kept.push(part);
            }
        }
        changes.push(Change {
            rewrite: NAME,
            what: format!("made without sql_mode {mode}"),
            why: format!("{} does not know it", context.target.version),
        });
    }
    (kept.join(","), changes)
}

fn is_known(mode: &str, context: &Context<'_>) -> bool {
    let target = context.target.version;
    let is_in = |modes: &[&str]| modes.iter().any(|known| known.eq_ignore_ascii_case(mode));
    match target.flavor {
        // A MariaDB target is not what this tool is for; only MySQL's newest mode is missing there.
        Flavor::MariaDb => !mode.eq_ignore_ascii_case("TIME_TRUNCATE_FRACTIONAL"),
        Flavor::MySql if target.is_mysql_at_least(8, 0, 0) => is_in(&MYSQL_8),
        Flavor::MySql => is_in(&MYSQL_8) || is_in(&MYSQL_5),
    }
}

/// What the name of another server stands for, of what MySQL 8.0 kept.
fn stands_for(mode: &str) -> &'static [&'static str] {
    match mode.to_ascii_uppercase().as_str() {
        "DB2" | "MAXDB" | "MSSQL" | "ORACLE" | "POSTGRESQL" => {
            &["PIPES_AS_CONCAT", "ANSI_QUOTES", "IGNORE_SPACE"]
        }
        "MYSQL323" | "MYSQL40" => &["HIGH_NOT_PRECEDENCE"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::World;
    use super::*;

    #[track_caller]
    fn check(world: &World, mode: &str, expected: &str, changes: usize) {
        let (kept, told) = sql_mode(mode, &world.context());
        assert_eq!((kept.as_str(), told.len()), (expected, changes));
    }

    #[test]
    fn removed_modes_go_and_the_rest_keeps_its_order() {
        let world = World::new("5.7.44");
        check(
            &world,
            "STRICT_TRANS_TABLES,NO_AUTO_CREATE_USER,ANSI_QUOTES",
            "STRICT_TRANS_TABLES,ANSI_QUOTES",
            1,
        );
        check(&world, "", "", 0);
        check(
            &world,
            "PIPES_AS_CONCAT,ANSI_QUOTES,IGNORE_SPACE,ORACLE,NO_KEY_OPTIONS,NO_TABLE_OPTIONS,NO_FIELD_OPTIONS,NO_AUTO_CREATE_USER",
            "PIPES_AS_CONCAT,ANSI_QUOTES,IGNORE_SPACE",
            5,
        );
        check(&world, "MSSQL", "PIPES_AS_CONCAT,ANSI_QUOTES,IGNORE_SPACE", 1);
        check(&world, "MYSQL40", "HIGH_NOT_PRECEDENCE", 1);
    }

    #[test]
    fn modes_of_mariadb_go() {
        let world = World::mariadb();
        check(
            &world,
            "STRICT_TRANS_TABLES,EMPTY_STRING_IS_NULL,SIMULTANEOUS_ASSIGNMENT,TIME_ROUND_FRACTIONAL",
            "STRICT_TRANS_TABLES",
            3,
        );
    }

    #[test]
    fn an_old_target_keeps_them() {
        let mut world = World::new("5.6.51");
        world.target.version = crate::facts::ServerVersion::parse("5.7.44").unwrap();
        check(&world, "NO_AUTO_CREATE_USER,ORACLE", "NO_AUTO_CREATE_USER,ORACLE", 0);
    }
}
