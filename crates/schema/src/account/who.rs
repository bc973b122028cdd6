//! Which accounts are carried: the server's own are not, nor are the logins of the migration itself.

use super::draft::Draft;
use super::name::AccountName;
use super::policy::AccountPolicy;
use super::scene::Scene;

const NAME: &str = "account";

/// Accounts servers and clouds keep for themselves, and whose they are.
const OF_SERVERS: [(&str, &str); 14] = [
    ("mariadb.sys", "MariaDB's own"),
    ("percona.telemetry", "Percona's own"),
    ("azure_superuser", "Azure's own"),
    ("azure_storage_account", "Azure's own"),
    ("rdsadmin", "RDS's own"),
    ("rdsrepladmin", "RDS's own"),
    ("rdsproxyadmin", "RDS's own"),
    ("rds_superuser_role", "RDS's own"),
    ("rdstopmgr", "RDS's own"),
    ("cloudsqlsuperuser", "Cloud SQL's own"),
    ("cloudsqladmin", "Cloud SQL's own"),
    ("cloudsqlimport", "Cloud SQL's own"),
    ("cloudsqlexport", "Cloud SQL's own"),
    ("cloudsqlreplica", "Cloud SQL's own"),
];

/// Why an account gets no script at all; `None` when it gets one.
pub(super) fn left_out(name: &AccountName, scene: &Scene<'_>) -> Option<String> {
    if let Some(whose) = owner(name, scene) {
        return Some(whose);
    }
    let AccountPolicy { hosts: _, include, exclude, existing: _ } = scene.policy;
    if AccountPolicy::names(exclude, name) {
        return Some("[accounts] exclude names it".to_owned());
    }
    if !include.is_empty() {
        let named = AccountPolicy::names(include, name);
        return (!named).then(|| "[accounts] include does not name it".to_owned());
    }
    // What follows can be overruled by naming it.
    if name.user == "root" {
        return Some(
            "the server's administrator; the target has its own. To carry it all the same, name it in \
             [accounts] include"
                .to_owned(),
        );
    }
    (*name == AccountName::of_current_user(&scene.source.current_user)).then(|| {
        "the login sealift reads the source with. To carry it all the same, name it in [accounts] include"
            .to_owned()
    })
}

fn owner(name: &AccountName, scene: &Scene<'_>) -> Option<String> {
    if name.user == "PUBLIC" && name.host.is_empty() {
        let why = "MariaDB's role of everybody, which MySQL does not have: grant what it may do to a \
                   role of mandatory_roles";
        return Some(why.to_owned());
    }
    if name.user.starts_with("mysql.") {
        return Some("the server's own".to_owned());
    }
    let known = OF_SERVERS.iter().find(|(user, _)| name.user == *user);
    if let Some((_, whose)) = known {
        return Some((*whose).to_owned());
    }
    // Flexible Server's internal accounts are `az` and fourteen more letters.
    let is_azure = scene.source.is_azure() || scene.target.is_azure();
    let is_azures = name.user.starts_with("az") && name.user.chars().count() == 16;
    if is_azure && is_azures {
        return Some("Azure's own".to_owned());
    }
    (scene.target_account(name) == scene.target_login())
        .then(|| "on the target it is the login sealift itself uses".to_owned())
}

/// Accounts that get a script nobody carries out unless a person says so.
pub(super) fn filter(draft: &mut Draft, scene: &Scene<'_>) {
    const REMEDY: &str = "set the state of its script to locked to carry it all the same";
    let name = draft.source.clone();
    if name.user.is_empty() {
        draft.notes.refuse(
            NAME,
            name.plain(),
            "it has no name: whoever comes may log in as it",
            REMEDY,
        );
    }
    let host = scene.policy.host(&name.host);
    if is_local(&host) {
        if scene.target.is_azure() {
            let why = "nobody can log in from there: Azure's own machine is closed";
            let remedy =
                format!("map the host: [accounts] hosts = {{ \"{}\" = \"%\" }}", name.host);
            draft.notes.refuse(NAME, name.plain(), why, remedy);
        } else {
            let what = format!("host {host} is the target's own machine there");
            draft.notes.change(NAME, what, "[accounts] hosts does not map it");
        }
    }
    let definition = &draft.account.definition;
    if definition.has_no_password() && !definition.is_locked() && !name.user.is_empty() {
        draft.notes.change(NAME, "it has no password", "it has none on the source");
    }
}

fn is_local(host: &str) -> bool {
    ["localhost", "127.0.0.1", "::1"].iter().any(|local| host.eq_ignore_ascii_case(local))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{World, told};
    use super::*;

    #[test]
    fn the_servers_own_accounts_get_no_script() {
        let mut world = World::mysql();
        let why = |world: &World, user: &str, host: &str| {
            left_out(&AccountName::new(user, host), &world.scene())
        };
        for user in ["mysql.sys", "mysql.infoschema", "mariadb.sys", "azure_superuser", "rdsadmin"]
        {
            assert!(why(&world, user, "localhost").is_some(), "{user}");
        }
        assert!(why(&world, "root", "%").unwrap().contains("include"));
        assert!(why(&world, "azadmin", "%").unwrap().contains("login sealift"));
        assert_eq!(why(&world, "azabcdefghijklmn", "%"), None);
        assert_eq!(why(&world, "app", "%"), None);
        assert!(why(&world, "app_reader", "%").unwrap().contains("reads the source"));
        world.target.variables.insert("azure_server_name".into(), "x".into());
        assert!(why(&world, "azabcdefghijklmn", "%").is_some());
        world.policy.include = vec!["root".into(), "app_*".into()];
        world.policy.exclude = vec!["app_old".into()];
        assert_eq!(why(&world, "root", "%"), None);
        assert_eq!(why(&world, "app_new", "%"), None);
        assert!(why(&world, "app_old", "%").unwrap().contains("exclude"));
        assert!(why(&world, "other", "%").unwrap().contains("include"));
        assert!(why(&world, "mysql.sys", "localhost").is_some());
    }

    #[test]
    fn doubtful_accounts_are_skipped_unless_a_person_says_otherwise() {
        let mut world = World::mysql();
        let check = |world: &World, create: &str, expected: &[&str]| {
            assert_eq!(told(world, create, &[], filter), expected, "{create}");
        };
        check(&world, "CREATE USER ''@'%'", &["!account: @%"]);
        check(
            &world,
            "CREATE USER a@localhost IDENTIFIED WITH p AS 'x'",
            &["account: host localhost is the target's own machine there"],
        );
        check(&world, "CREATE USER a@b", &["account: it has no password"]);
        check(&world, "CREATE USER a@b ACCOUNT LOCK", &[]);
        world.target.variables.insert("azure_server_name".into(), "x".into());
        check(
            &world,
            "CREATE USER a@'127.0.0.1' IDENTIFIED WITH p AS 'x'",
            &["!account: a@127.0.0.1"],
        );
        world.policy.hosts.insert("127.0.0.1".into(), "%".into());
        check(&world, "CREATE USER a@'127.0.0.1' IDENTIFIED WITH p AS 'x'", &[]);
    }
}
