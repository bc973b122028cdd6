//! How an account logs in on a target that may lack the source's authentication plugins.
//!
//! A hash is good for its own plugin only. Where that is missing (`mysql_native_password` from MySQL 9.0
//! on, everything MariaDB has of its own) the password is not known to anybody on the way, so it cannot be
//! carried: the account gets a random one and is locked, and says so.

use super::clause::Clause;
use super::definition::{Factor, Login, Proof};
use super::draft::{Draft, listed};
use super::scene::Scene;
use super::script::shown;

const NAME: &str = "password";

pub(super) fn filter(draft: &mut Draft, scene: &Scene<'_>) {
    let has = |factor: &Factor| match &factor.plugin {
        Some(plugin) => scene.power.plugins.contains(plugin),
        None => true,
    };
    let definition = &mut draft.account.definition;
    let (login, notes) = match &definition.login {
        Login::Unknown => return,
        Login::All(factors) if factors.iter().all(has) => return interval(draft),
        Login::Any(ways) if ways.iter().any(has) => {
            let (kept, lost): (Vec<_>, Vec<_>) = ways.iter().partition(|way| has(way));
            let first = kept.first().map(|way| (*way).clone());
            let others = kept.into_iter().skip(1).chain(lost).collect::<Vec<_>>();
            (Login::All(first.into_iter().collect()), lost_ways(&others))
        }
        Login::All(factors) | Login::Any(factors) => match factors.as_slice() {
            // An empty password is the same in every plugin that keeps one.
            [Factor { plugin: Some(plugin), proof: Proof::None }] if keeps_password(plugin) => (
                Login::All(Vec::new()),
                vec![(
                    format!("the target's own plugin instead of {plugin}"),
                    "the target does not have it, and the password is empty",
                )],
            ),
            factors => (Login::Unknown, lost_ways(&factors.iter().collect::<Vec<_>>())),
        },
    };
    let is_lost = login == Login::Unknown;
    let was_locked = definition.is_locked();
    definition.login = login;
    if is_lost {
        definition.retained = None;
        definition.set(Clause::Lock, "ACCOUNT LOCK".to_owned());
    }
    let name = shown(&scene.target_account(&draft.source));
    for (what, why) in notes {
        draft.notes.change(NAME, what, why);
    }
    if is_lost {
        let unlock = if was_locked { "" } else { " ACCOUNT UNLOCK" };
        draft.notes.change(
            NAME,
            "its password is not carried: it is locked, with a random one nobody knows",
            format!(
                "nobody can log in with what the source keeps; to open it: ALTER USER {name} IDENTIFIED BY \
                 '…'{unlock}"
            ),
        );
    }
    interval(draft);
}

/// Plugins whose text is a password's hash.
fn keeps_password(plugin: &str) -> bool {
    matches!(
        plugin,
        "mysql_native_password"
            | "mysql_old_password"
            | "sha256_password"
            | "caching_sha2_password"
    )
}

fn lost_ways(ways: &[&Factor]) -> Vec<(String, &'static str)> {
    let names: Vec<String> = ways.iter().filter_map(|way| way.plugin.clone()).collect();
    if names.is_empty() {
        return Vec::new();
    }
    let what = format!("logging in by {} is not carried", listed(&names));
    vec![(what, "the target does not have the plugin, or takes one way only")]
}

/// When a password was set last cannot be carried.
fn interval(draft: &mut Draft) {
    let expiry = draft.account.definition.clauses.get(&Clause::Expiry);
    if expiry.is_some_and(|text| text.contains("INTERVAL")) {
        draft.notes.change(
            NAME,
            "its password's age begins anew",
            "when it was set last cannot be told to the target",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{World, made};
    use super::*;

    const LOST: &str =
        "password: its password is not carried: it is locked, with a random one nobody knows";

    fn check(world: &World, login: &str, expected: &str, notes: &[&str]) {
        let (account, told) = made(world, &format!("CREATE USER `a`@`b` {login}"), &[], filter);
        let expected = format!("CREATE USER `a`@`b`{expected}");
        assert_eq!(account.definition.print().replace("\n ", ""), expected, "{login}");
        assert_eq!(told, notes, "{login}");
    }

    #[test]
    fn a_hash_goes_where_its_plugin_is() {
        let mut world = World::mysql();
        let sha = "IDENTIFIED WITH 'caching_sha2_password' AS 0x24";
        check(&world, sha, &format!(" {sha}"), &[]);
        let native = "IDENTIFIED WITH 'mysql_native_password' AS '*2A'";
        let lost = "password: logging in by mysql_native_password is not carried";
        let locked = " IDENTIFIED BY RANDOM PASSWORD ACCOUNT LOCK";
        check(&world, native, locked, &[lost, LOST]);
        check(
            &world,
            "IDENTIFIED WITH 'caching_sha2_password' AS 0x24 AND IDENTIFIED WITH 'webauthn' AS 'x'",
            locked,
            &["password: logging in by caching_sha2_password and webauthn is not carried", LOST],
        );
        world.power.plugins.insert("mysql_native_password".into());
        check(&world, native, &format!(" {native}"), &[]);
    }

    #[test]
    fn an_empty_password_needs_no_plugin() {
        check(
            &World::mysql(),
            "IDENTIFIED WITH 'mysql_native_password'",
            "",
            &["password: the target's own plugin instead of mysql_native_password"],
        );
        check(
            &World::mysql(),
            "IDENTIFIED WITH 'auth_socket'",
            " IDENTIFIED BY RANDOM PASSWORD ACCOUNT LOCK",
            &["password: logging in by auth_socket is not carried", LOST],
        );
    }

    #[test]
    fn of_several_ways_of_a_mariadb_the_first_that_works_is_taken() {
        let mut world = World::mariadb();
        let ways =
            "IDENTIFIED VIA unix_socket OR mysql_native_password USING '*66' OR ed25519 USING 'x'";
        check(
            &world,
            ways,
            " IDENTIFIED BY RANDOM PASSWORD ACCOUNT LOCK",
            &[
                "password: logging in by unix_socket, mysql_native_password and ed25519 is not carried",
                LOST,
            ],
        );
        world.power.plugins.insert("mysql_native_password".into());
        check(
            &world,
            ways,
            " IDENTIFIED WITH 'mysql_native_password' AS '*66'",
            &["password: logging in by unix_socket and ed25519 is not carried"],
        );
    }

    #[test]
    fn the_age_of_a_password_is_told() {
        check(
            &World::mysql(),
            "IDENTIFIED WITH 'sha256_password' AS 'x' PASSWORD EXPIRE INTERVAL 9 DAY",
            " IDENTIFIED WITH 'sha256_password' AS 'x' PASSWORD EXPIRE INTERVAL 9 DAY",
            &["password: its password's age begins anew"],
        );
    }
}
