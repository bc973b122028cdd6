//! Privileges the target has and its login may give: both are asked of the target, none is assumed.

use std::collections::BTreeMap;

use super::dialect::on_target;
use super::draft::{Draft, listed};
use super::object::plain;
use super::right::{ALL, Right, Rights, Scope, is_dynamic};
use super::scene::Scene;

const NAME: &str = "privilege";

/// Why a right is not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Refused {
    /// The target has no such privilege.
    Unknown,
    /// The target's login does not hold it, or not with the right to pass it on.
    NotOurs,
}

pub(super) fn filter(draft: &mut Draft, scene: &Scene<'_>) {
    expand_everything(draft, scene);
    let mut rights = Rights::new();
    let mut refused: BTreeMap<(Refused, Scope), Vec<String>> = BTreeMap::new();
    for right in std::mem::take(&mut draft.account.rights) {
        for right in parts(right, scene) {
            match judged(&right, scene) {
                Ok(()) => {
                    rights.insert(right);
                }
                Err((why, on, name)) => refused.entry((why, on)).or_default().push(name),
            }
        }
    }
    for ((why, on), mut names) in refused {
        names.dedup();
        let what = format!("{} on {on} not given", listed(&names));
        draft.notes.change(NAME, what, reason(why, scene));
    }
    tell_inherited(draft, &rights, scene);
    draft.account.rights = rights;
}

fn reason(why: Refused, scene: &Scene<'_>) -> String {
    match why {
        Refused::Unknown => "the target has no such privilege".to_owned(),
        Refused::NotOurs => {
            format!("the target's login {} may not give it", scene.target.current_user)
        }
    }
}

/// `ALL PRIVILEGES ON *.*`, as MySQL 5.7 and MariaDB say it, becomes everything the login may give.
fn expand_everything(draft: &mut Draft, scene: &Scene<'_>) {
    if !draft.account.rights.remove(&Right::on(Scope::Everywhere, ALL)) {
        return;
    }
    let grantable = draft.account.rights.contains(&Right::GrantOption { on: Scope::Everywhere });
    // The list holds words that are no privileges of their own.
    let is_one = |name: &str| !matches!(name, "USAGE" | "PROXY" | "GRANT OPTION");
    let given: Vec<&String> = scene
        .power
        .known
        .iter()
        .filter(|name| is_one(name) && scene.power.may_give(name, &Scope::Everywhere, None))
        .collect();
    let missing: Vec<String> = scene
        .source_privileges
        .iter()
        .filter(|name| is_one(name) && !given.iter().any(|one| *one == on_target(name, scene)))
        .cloned()
        .collect();
    draft.account.rights.extend(given.iter().map(|name| {
        let privilege = (*name).clone();
        if is_dynamic(name) {
            Right::Dynamic { privilege, grantable }
        } else {
            Right::on(Scope::Everywhere, privilege)
        }
    }));
    let what = if missing.is_empty() {
        "ALL PRIVILEGES on *.* as a list".to_owned()
    } else {
        format!("ALL PRIVILEGES on *.* without {}", listed(&missing))
    };
    let why = format!("that is what the target's login {} may give", scene.target.current_user);
    draft.notes.change(NAME, what, why);
}

/// A right, or its parts when all of a scope's privileges cannot be given together.
fn parts(right: Right, scene: &Scene<'_>) -> Vec<Right> {
    let Right::Privilege { on, privilege, column: None } = &right else { return vec![right] };
    if privilege != ALL || *on == Scope::Everywhere || may_give(ALL, on, scene) {
        return vec![right];
    }
    let all = scene.power.all_of(on);
    all.into_iter().map(|privilege| Right::on(on.clone(), privilege)).collect()
}

fn may_give(privilege: &str, on: &Scope, scene: &Scene<'_>) -> bool {
    let schema = match on {
        Scope::Everywhere => None,
        Scope::Schema(text) => plain(text, Scene::names_are_literal(scene.target)),
        Scope::Table(name) | Scope::Routine(_, name) => Some(name.schema.clone()),
    };
    scene.power.may_give(privilege, on, schema.as_deref())
}

/// Whether a right can be given; if not why, where, and its name.
fn judged(right: &Right, scene: &Scene<'_>) -> Result<(), (Refused, Scope, String)> {
    let (name, on) = match right {
        Right::Privilege { on, privilege, .. } => (privilege.as_str(), on.clone()),
        Right::Dynamic { privilege, grantable: _ } => (privilege.as_str(), Scope::Everywhere),
        Right::GrantOption { on } => {
            let refused = || (Refused::NotOurs, on.clone(), "GRANT OPTION".to_owned());
            return scene.power.may_pass_on(on).then_some(()).ok_or_else(refused);
        }
        // Judged by filters of their own.
        Right::Withheld { .. } | Right::Proxy { .. } | Right::Role { .. } => return Ok(()),
    };
    let why = if name != ALL && !scene.power.known.contains(name) {
        Refused::Unknown
    } else if !may_give(name, &on, scene) {
        Refused::NotOurs
    } else {
        return Ok(());
    };
    Err((why, on, name.to_owned()))
}

/// What is withheld from the login that gives is withheld from who gets it.
fn tell_inherited(draft: &mut Draft, rights: &Rights, scene: &Scene<'_>) {
    let mut schemas: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for right in &scene.power.own {
        if let Right::Withheld { schema, privilege } = right
            && rights.contains(&Right::on(Scope::Everywhere, privilege.clone()))
        {
            schemas.entry(schema.clone()).or_default().push(privilege.clone());
        }
    }
    for (schema, privileges) in schemas {
        draft.notes.change(
            NAME,
            format!("{} everywhere but in schema {schema}", listed(&privileges)),
            format!("there it is withheld from the target's login {}", scene.target.current_user),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{World, filtered};
    use super::*;

    #[test]
    fn only_what_the_target_knows_and_its_login_may_give_is_given() {
        let world = World::mysql();
        let lines = [
            "GRANT SELECT, INSERT, FILE, SUPER, DELETE HISTORY ON *.* TO `a`@`b` WITH GRANT OPTION",
            "GRANT BACKUP_ADMIN, ROLE_ADMIN, NEW_ADMIN ON *.* TO `a`@`b`",
            "GRANT ALL PRIVILEGES ON `shop`.* TO `a`@`b`",
            "GRANT DELETE HISTORY, SELECT ON `shop`.`t` TO `a`@`b`",
        ];
        let (rights, notes) = filtered(&world, "CREATE USER a@b", &lines, filter);
        assert_eq!(
            rights,
            [
                "INSERT ON *.*",
                "SELECT ON *.*",
                "ALL PRIVILEGES ON `shop`.*",
                "SELECT ON `shop`.`t`",
                "GRANT OPTION ON *.*",
                "ROLE_ADMIN ON *.*",
            ]
        );
        assert_eq!(
            notes,
            [
                "privilege: DELETE HISTORY and NEW_ADMIN on *.* not given",
                "privilege: DELETE HISTORY on `shop`.`t` not given",
                "privilege: FILE, SUPER and BACKUP_ADMIN on *.* not given",
                "privilege: INSERT everywhere but in schema mysql",
            ]
        );
    }

    #[test]
    fn all_privileges_become_what_can_be_given() {
        let world = World::mariadb();
        let line = "GRANT ALL PRIVILEGES ON *.* TO `a`@`b` WITH GRANT OPTION";
        let (rights, notes) = filtered(&world, "CREATE USER a@b", &[line], filter);
        assert!(rights.contains(&"ROLE_ADMIN ON *.* WITH GRANT OPTION".into()), "{rights:?}");
        assert!(rights.contains(&"LOCK TABLES ON *.*".into()), "{rights:?}");
        assert!(!rights.iter().any(|right| right.contains("SUPER") || right.contains("USAGE")));
        let expected =
            "privilege: ALL PRIVILEGES on *.* without DELETE HISTORY, FILE and READ_ONLY ADMIN";
        assert_eq!(notes.first().map(String::as_str), Some(expected));
    }

    #[test]
    fn a_login_of_one_schema_gives_in_that_schema() {
        let mut world = World::mysql();
        world.own(&["GRANT SELECT, INSERT ON `sh%`.* TO `azadmin`@`%` WITH GRANT OPTION"]);
        let lines = [
            "GRANT SELECT, DELETE ON `shop`.* TO `a`@`b` WITH GRANT OPTION",
            "GRANT ALL PRIVILEGES ON `shop`.`t` TO `a`@`b`",
            "GRANT SELECT ON *.* TO `a`@`b`",
            "GRANT SELECT ON `hr`.* TO `a`@`b`",
        ];
        let (rights, notes) = filtered(&world, "CREATE USER a@b", &lines, filter);
        assert_eq!(rights, ["SELECT ON `shop`.*", "INSERT ON `shop`.`t`", "SELECT ON `shop`.`t`"]);
        assert_eq!(notes.len(), 4, "{notes:?}");
    }
}
