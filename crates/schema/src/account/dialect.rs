//! What other servers call otherwise: privileges by another name, conditions MySQL does not have.
//!
//! Which privileges the target has is asked of it; this only says which of its names may stand for one of
//! the source's.

use super::draft::Draft;
use super::right::{Right, Rights, Scope};
use super::scene::Scene;

const NAME: &str = "dialect";

/// A privilege of some server, and what does the same elsewhere, newest first
/// (<https://mariadb.com/kb/en/grant/>, <https://dev.mysql.com/doc/refman/9.7/en/privileges-provided.html>).
const OTHER_NAMES: [(&str, &[&str]); 12] = [
    ("SET USER", &["SET_ANY_DEFINER", "SET_USER_ID"]),
    ("SET_USER_ID", &["SET_ANY_DEFINER"]),
    ("SET_ANY_DEFINER", &["SET_USER_ID"]),
    ("BINLOG MONITOR", &["REPLICATION CLIENT"]),
    ("REPLICA MONITOR", &["REPLICATION CLIENT"]),
    ("SLAVE MONITOR", &["REPLICATION CLIENT"]),
    ("REPLICATION REPLICA", &["REPLICATION SLAVE"]),
    ("REPLICATION SLAVE ADMIN", &["REPLICATION_SLAVE_ADMIN"]),
    ("REPLICATION REPLICA ADMIN", &["REPLICATION_SLAVE_ADMIN"]),
    ("CONNECTION ADMIN", &["CONNECTION_ADMIN"]),
    ("BINLOG ADMIN", &["BINLOG_ADMIN"]),
    ("BINLOG REPLAY", &["REPLICATION_APPLIER"]),
];

/// `SHOW CREATE ROUTINE` of MariaDB holds for schemas, too; MySQL's holds everywhere or nowhere.
const SHOW_ROUTINES: (&str, &str) = ("SHOW CREATE ROUTINE", "SHOW_ROUTINE");

pub(super) fn filter(draft: &mut Draft, scene: &Scene<'_>) {
    for unknown in std::mem::take(&mut draft.account.definition.unknown) {
        draft.notes.change(NAME, format!("{unknown} is left out"), "MySQL does not have it");
    }
    let grantable = draft.account.rights.contains(&Right::GrantOption { on: Scope::Everywhere });
    let mut rights = Rights::new();
    for right in std::mem::take(&mut draft.account.rights) {
        let name = match &right {
            Right::Privilege { on: Scope::Everywhere, privilege, .. }
            | Right::Dynamic { privilege, .. } => privilege.clone(),
            Right::Privilege { .. }
            | Right::GrantOption { .. }
            | Right::Withheld { .. }
            | Right::Proxy { .. }
            | Right::Role { .. } => {
                rights.insert(right);
                continue;
            }
        };
        match elsewhere(&name, scene) {
            None => {
                rights.insert(right);
            }
            Some(other) => {
                rights.insert(if super::right::is_dynamic(other) {
                    Right::Dynamic { privilege: other.to_owned(), grantable }
                } else {
                    Right::on(Scope::Everywhere, other)
                });
                draft.notes.change(
                    NAME,
                    format!("{other} instead of {name}"),
                    "the target calls it so",
                );
            }
        }
    }
    draft.account.rights = rights;
}

/// What the target calls a privilege it does not know by its name.
fn elsewhere(name: &str, scene: &Scene<'_>) -> Option<&'static str> {
    let is_known = |name: &str| scene.power.known.contains(name);
    if is_known(name) {
        return None;
    }
    if name == SHOW_ROUTINES.0 {
        return is_known(SHOW_ROUTINES.1).then_some(SHOW_ROUTINES.1);
    }
    let others = OTHER_NAMES.iter().filter(|(from, _)| *from == name);
    others.flat_map(|(_, to)| to.iter().copied()).find(|to| is_known(to))
}

/// What a privilege of the source is called on the target.
pub(super) fn on_target<'a>(name: &'a str, scene: &Scene<'_>) -> &'a str {
    elsewhere(name, scene).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{World, filtered};
    use super::*;

    #[test]
    fn privileges_get_the_targets_names() {
        let world = World::mariadb();
        let (rights, notes) = filtered(
            &world,
            "CREATE USER a@b WITH MAX_STATEMENT_TIME 3.0",
            &[
                "GRANT BINLOG MONITOR, SET USER, READ_ONLY ADMIN, BINLOG REPLAY, SELECT ON *.* TO `a`@`b`",
            ],
            filter,
        );
        assert_eq!(
            rights,
            [
                "READ_ONLY ADMIN ON *.*",
                "REPLICATION CLIENT ON *.*",
                "SELECT ON *.*",
                "REPLICATION_APPLIER ON *.*",
                "SET_ANY_DEFINER ON *.*",
            ]
        );
        assert_eq!(
            notes,
            [
                "dialect: MAX_STATEMENT_TIME 3.0 is left out",
                "dialect: REPLICATION CLIENT instead of BINLOG MONITOR",
                "dialect: REPLICATION_APPLIER instead of BINLOG REPLAY",
                "dialect: SET_ANY_DEFINER instead of SET USER",
            ]
        );
    }

    #[test]
    fn what_the_target_knows_keeps_its_name() {
        let world = World::mysql();
        let line = "GRANT SET_ANY_DEFINER, ROLE_ADMIN ON *.* TO `a`@`b`";
        let (rights, notes) = filtered(&world, "CREATE USER a@b", &[line], filter);
        assert_eq!(rights, ["ROLE_ADMIN ON *.*", "SET_ANY_DEFINER ON *.*"]);
        assert_eq!(notes, [""; 0]);
    }
}
