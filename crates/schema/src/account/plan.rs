//! What becomes of every account of a source: a script, or a reason why there is none.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::{Draft, listed};
use super::name::AccountName;
use super::scene::Scene;
use super::script::Account;
use super::{dialect, login, object, privilege, role, who, withheld};
use crate::rewrite::{Change, Notes, Refusal};

/// What becomes of all accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Planned {
    /// Accounts with a script, in the order of their names on the source.
    pub accounts: Vec<PlannedAccount>,
    /// Accounts without one, and why.
    pub left_out: Vec<(AccountName, String)>,
}

/// An account for the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedAccount {
    /// Its name on the source.
    pub source: AccountName,
    /// As it will be.
    pub account: Account,
    /// What was changed, or should be known.
    pub changes: Vec<Change>,
    /// Why it is not carried unless a person says so.
    pub refusals: Vec<Refusal>,
}

/// Decides for every account of the source.
#[must_use]
pub fn plan(accounts: &[Account], scene: &Scene<'_>) -> Planned {
    let mut planned = Planned::default();
    let mut drafts = Vec::new();
    for account in accounts {
        let name = &account.definition.name;
        match who::left_out(name, scene) {
            Some(why) => planned.left_out.push((name.clone(), why)),
            None => drafts.push(Draft::new(account.clone())),
        }
    }
    drafts.sort_by(|a, b| a.source.cmp(&b.source));
    for draft in &mut drafts {
        who::filter(draft, scene);
    }
    let taken: BTreeSet<AccountName> = drafts
        .iter()
        .filter(|draft| draft.notes.refusals.is_empty())
        .map(|draft| draft.source.clone())
        .collect();
    for draft in &mut drafts {
        dialect::filter(draft, scene);
        login::filter(draft, scene);
        // Names first: what our login may give, it may give under the target's names.
        object::filter(draft, scene);
        privilege::filter(draft, scene);
        withheld::filter(draft, scene);
        role::filter(draft, scene, &taken);
        draft.account.definition.name = scene.target_account(&draft.source);
    }
    collide(&mut drafts);
    planned.accounts = drafts
        .into_iter()
        .map(|Draft { source, account, notes: Notes { changes, refusals } }| PlannedAccount {
            source,
            account,
            changes,
            refusals,
        })
        .collect();
    planned
}

/// Refuses all but the first of accounts that would become one, unless they are the same anyway.
fn collide(drafts: &mut [Draft]) {
    let mut first: BTreeMap<AccountName, (AccountName, Account)> = BTreeMap::new();
    for draft in drafts.iter_mut().filter(|draft| draft.notes.refusals.is_empty()) {
        let target = draft.account.definition.name.clone();
        let host = "host";
        if target.host != draft.source.host && !draft.source.host.is_empty() {
            let what = format!("host {} instead of {}", target.host, draft.source.host);
            draft.notes.change(host, what, "[accounts] hosts says so");
        }
        let Some((other, account)) = first.get(&target) else {
            first.insert(target, (draft.source.clone(), draft.account.clone()));
            continue;
        };
        let what = draft.source.plain();
        let why = format!("{} becomes {} too, and it comes first", other.plain(), target.plain());
        let more: Vec<String> =
            draft.account.rights.difference(&account.rights).map(ToString::to_string).collect();
        let remedy = if more.is_empty() {
            "map its host to another one".to_owned()
        } else {
            format!("map its host to another one, or give that account {}", listed(&more))
        };
        draft.notes.refuse(host, what, why, remedy);
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::World;
    use super::*;
    use crate::facts::Flavor;

    fn account(create_sql: &str, grants: &[&str]) -> Account {
        let grants: Vec<String> = grants.iter().map(|line| (*line).to_owned()).collect();
        Account::read(create_sql, &grants, Flavor::MySql).unwrap()
    }

    #[test]
    fn an_account_goes_through_all_filters() {
        let mut world = World::mysql();
        world.policy.hosts.insert("10.0.%".into(), "%".into());
        let accounts = [
            account("CREATE USER `mysql.sys`@localhost", &[]),
            account("CREATE USER `reader`@`%` ACCOUNT LOCK PASSWORD EXPIRE", &[]),
            account(
                "CREATE USER `app`@`10.0.%` IDENTIFIED WITH 'caching_sha2_password' AS 0x24 DEFAULT ROLE \
                 `reader`@`%`",
                &[
                    "GRANT FILE, SELECT ON *.* TO `app`@`10.0.%`",
                    "GRANT INSERT ON `Hr`.* TO `app`@`10.0.%`",
                    "GRANT `reader`@`%` TO `app`@`10.0.%`",
                ],
            ),
        ];
        let planned = plan(&accounts, &world.scene());
        assert_eq!(planned.left_out.len(), 1);
        let app = &planned.accounts[0];
        assert_eq!(
            app.account.script(),
            "CREATE USER `app`@`%`\n  IDENTIFIED WITH 'caching_sha2_password' AS 0x24;\n\
             GRANT SELECT ON *.* TO `app`@`%`;\n\
             GRANT INSERT ON `staff\\_1`.* TO `app`@`%`;\n\
             GRANT `reader`@`%` TO `app`@`%`;\n\
             SET DEFAULT ROLE `reader`@`%` TO `app`@`%`;\n"
        );
        let what: Vec<&str> = app.changes.iter().map(|change| change.what.as_str()).collect();
        assert_eq!(
            what,
            [
                "grants on `staff\\_1`.* instead of `Hr`.*",
                "FILE on *.* not given",
                "host % instead of 10.0.%"
            ]
        );
        assert_eq!(app.refusals, []);
        assert!(planned.accounts[1].account.definition.is_locked());
    }

    #[test]
    fn accounts_that_would_become_one_are_refused_but_for_the_first() {
        let mut world = World::mysql();
        world.policy.hosts.insert("10.0.%".into(), "%".into());
        world.policy.hosts.insert("10.1.%".into(), "%".into());
        let accounts = [
            account(
                "CREATE USER `app`@`10.1.%` ACCOUNT LOCK",
                &["GRANT SELECT ON `shop`.* TO `app`@`10.1.%`"],
            ),
            account("CREATE USER `app`@`10.0.%` ACCOUNT LOCK", &[]),
        ];
        let planned = plan(&accounts, &world.scene());
        assert_eq!(planned.accounts[0].refusals, []);
        let refusal = &planned.accounts[1].refusals[0];
        assert_eq!(refusal.why, "app@10.0.% becomes app@% too, and it comes first");
        assert!(
            refusal.remedy.ends_with("give that account SELECT ON `shop`.*"),
            "{}",
            refusal.remedy
        );
    }
}
