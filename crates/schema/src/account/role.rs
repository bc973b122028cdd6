//! Roles and proxies: under their names on the target, and only of accounts that are carried.

use std::collections::BTreeSet;

use super::draft::Draft;
use super::name::AccountName;
use super::right::{Right, Rights, Scope};
use super::scene::Scene;

const NAME: &str = "role";

/// `carried` are the accounts that get a script, by their names on the source.
pub(super) fn filter(draft: &mut Draft, scene: &Scene<'_>, carried: &BTreeSet<AccountName>) {
    let mut rights = Rights::new();
    for right in std::mem::take(&mut draft.account.rights) {
        match right {
            Right::Role { role, admin } => match no_role(&role, scene, carried) {
                None => {
                    rights.insert(Right::Role { role: scene.target_account(&role), admin });
                }
                Some(why) => draft.notes.change(NAME, format!("role {role} not given"), why),
            },
            Right::Proxy { of, grantable } => {
                if let Some(why) = no_proxy(&of, scene, carried) {
                    draft.notes.change(NAME, format!("PROXY on {of} not given"), why);
                } else {
                    rights.insert(Right::Proxy { of: scene.target_account(&of), grantable });
                }
            }
            other @ (Right::Privilege { .. }
            | Right::GrantOption { .. }
            | Right::Dynamic { .. }
            | Right::Withheld { .. }) => {
                rights.insert(other);
            }
        }
    }
    draft.account.rights = rights;
    let default_roles = std::mem::take(&mut draft.account.default_roles);
    draft.account.default_roles = default_roles
        .into_iter()
        .filter(|role| no_role(role, scene, carried).is_none())
        .map(|role| scene.target_account(&role))
        .collect();
}

/// Why a role is not given (<https://dev.mysql.com/doc/refman/9.7/en/privileges-provided.html#priv_role-admin>).
fn no_role(
    role: &AccountName,
    scene: &Scene<'_>,
    carried: &BTreeSet<AccountName>,
) -> Option<String> {
    if !carried.contains(role) {
        return Some("the role is not carried".to_owned());
    }
    let target = scene.target_account(role);
    let may_give = scene.power.own.iter().any(|right| match right {
        Right::Dynamic { privilege, grantable: _ } => privilege == "ROLE_ADMIN",
        Right::Privilege { on, privilege, column: None } => {
            *on == Scope::Everywhere && privilege == "SUPER"
        }
        Right::Role { role, admin: true } => *role == target,
        Right::Privilege { column: Some(_), .. }
        | Right::Role { admin: false, .. }
        | Right::GrantOption { .. }
        | Right::Withheld { .. }
        | Right::Proxy { .. } => false,
    });
    let login = &scene.target.current_user;
    (!may_give)
        .then(|| format!("the target's login {login} may not give roles: it lacks ROLE_ADMIN"))
}

/// Why an account may not be acted as.
fn no_proxy(
    of: &AccountName,
    scene: &Scene<'_>,
    carried: &BTreeSet<AccountName>,
) -> Option<String> {
    if !carried.contains(of) {
        return Some("that account is not carried".to_owned());
    }
    let target = scene.target_account(of);
    let may_give = scene.power.own.iter().any(|right| {
        let Right::Proxy { of, grantable: true } = right else { return false };
        (of.user.is_empty() && matches!(of.host.as_str(), "" | "%")) || *of == target
    });
    let login = &scene.target.current_user;
    (!may_give).then(|| format!("the target's login {login} may not give PROXY"))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{World, filtered};
    use super::*;

    #[test]
    fn roles_and_proxies_go_with_their_accounts() {
        let lines = [
            "GRANT `reader`@`10.0.%`, `gone`@`%` TO `a`@`b`",
            "GRANT `boss`@`%` TO `a`@`b` WITH ADMIN OPTION",
            "GRANT PROXY ON `boss`@`%` TO `a`@`b`",
            "GRANT PROXY ON `gone`@`%` TO `a`@`b`",
        ];
        let carried = [AccountName::new("reader", "10.0.%"), AccountName::new("boss", "%")];
        let carried: BTreeSet<_> = carried.into();
        let mut world = World::mysql();
        world.policy.hosts.insert("10.0.%".into(), "%".into());
        let told = |world: &World| {
            filtered(world, "CREATE USER a@b", &lines, |draft, scene| {
                filter(draft, scene, &carried);
            })
        };
        let (rights, notes) = told(&world);
        assert_eq!(rights, ["role `boss`@`%` WITH ADMIN OPTION", "role `reader`@`%`"]);
        assert_eq!(
            notes,
            [
                "role: PROXY on `boss`@`%` not given",
                "role: PROXY on `gone`@`%` not given",
                "role: role `gone`@`%` not given"
            ]
        );
        world.own(&["GRANT PROXY ON ``@`` TO `azadmin`@`%` WITH GRANT OPTION"]);
        assert_eq!(told(&world).0, ["PROXY ON `boss`@`%`"]);
        world.own(&["GRANT `boss`@`%` TO `azadmin`@`%` WITH ADMIN OPTION"]);
        assert_eq!(told(&world).0, ["role `boss`@`%` WITH ADMIN OPTION"]);
    }
}
