//! Who owns views, routines, triggers and events on the target.
//!
//! A `DEFINER` other than the login needs `SET_ANY_DEFINER` (before 8.2 `SET_USER_ID`, before 8.0
//! `SUPER`), which managed servers do not grant (error 1227, also for `SQL SECURITY INVOKER`). So by
//! default the login becomes the owner. Every object whose owner changes, or whose owner does not exist
//! on the source, is told.

use super::draft::StoredDraft;
use super::{Context, DefinerPolicy, Rewrite};
use crate::facts::ServerFacts;
use crate::name::quote_account;
use crate::sql::Edit;

const NAME: &str = "definer";
pub(super) const REWRITE: Rewrite = Rewrite::of_stored(NAME, stored);

fn stored(draft: &mut StoredDraft<'_>, context: &Context<'_>) {
    if context.policy.definer == DefinerPolicy::Invoker {
        invoker(draft);
    }
    let Some(definer) = draft.text.definer.clone() else { return };
    let account = definer.account;
    let exists = |server: &ServerFacts, account: &str| {
        server.accounts.as_ref().is_none_or(|accounts| accounts.contains(account))
    };
    if !exists(context.source, &account) {
        draft.notes.change(
            NAME,
            format!("its definer {account} does not exist on the source"),
            "there it fails when used; on the target it runs with the rights of its new definer",
        );
    }
    let mapped = context.policy.definer_map.get(&account);
    let kept = match context.policy.definer {
        DefinerPolicy::Keep | DefinerPolicy::KeepByLogin => Some(&account),
        DefinerPolicy::CurrentUser | DefinerPolicy::Invoker => None,
    };
    let own = &context.target.current_user;
    let Some(wanted) = mapped.or(kept) else {
        if account != *own {
            draft.edit(vec![Edit::replace(definer.span, "DEFINER=CURRENT_USER")]);
            draft.notes.change(
                NAME,
                format!("definer {own} instead of {account}"),
                "only a login with SET_ANY_DEFINER may create it for another account",
            );
        }
        return;
    };
    let by_login = wanted != own && context.policy.definer == DefinerPolicy::KeepByLogin;
    if by_login {
        let Some((user, _host)) = wanted.rsplit_once('@') else {
            let what = format!("{} of definer {account}", draft.id);
            let (why, remedy) = ("a role cannot log in", "name an account for it in definer_map");
            draft.notes.refuse(NAME, what, why, remedy);
            return;
        };
        let what = format!("made by {wanted}, over a session logged in as {user}");
        draft.notes.change(NAME, what, "definer = \"keep-by-login\" says so");
    } else if wanted != own && !may_set_definer(context.target) {
        let what = format!("{} of definer {account}", draft.id);
        let why =
            format!("login {own} may not create objects for {wanted} on the target (error 1227)");
        let remedy = "use definer = \"current-user\", or grant the login SET_ANY_DEFINER";
        draft.notes.refuse(NAME, what, why, remedy);
        return;
    }
    if !exists(context.target, wanted) {
        let what = format!("definer {wanted} does not exist on the target yet");
        let before = match by_login {
            true => "it cannot be made until the account is there: see sealift accounts",
            false => "create the account before the object is used",
        };
        draft.notes.change(NAME, what, before);
    }
    if *wanted != account {
        draft.edit(vec![Edit::replace(definer.span, format!("DEFINER={}", quote_account(wanted)))]);
        let what = format!("definer {wanted} instead of {account}");
        draft.notes.change(NAME, what, "definer-map says so");
    }
}

/// Views and routines can be told to run with the rights of who uses them.
fn invoker(draft: &mut StoredDraft<'_>) {
    let Some(place) = draft.text.security_place else { return };
    let edit = match draft.text.security {
        Some(span) if draft.sql.slice(span).to_ascii_uppercase().ends_with("INVOKER") => return,
        Some(span) => Edit::replace(span, "SQL SECURITY INVOKER"),
        None => Edit::insert(place, "SQL SECURITY INVOKER\n"),
    };
    draft.edit(vec![edit]);
    draft.notes.change(NAME, "SQL SECURITY INVOKER", "definer = \"invoker\" says so");
}

fn may_set_definer(target: &ServerFacts) -> bool {
    const ALLOWED: [&str; 5] =
        ["SET_ANY_DEFINER", "SET_USER_ID", "SUPER", "SET USER", "ALL PRIVILEGES"];
    target.grants.iter().any(|grant| {
        let grant = grant.to_ascii_uppercase();
        let Some((privileges, _)) =
            grant.strip_prefix("GRANT ").and_then(|rest| rest.split_once(" ON *.* "))
        else {
            return false;
        };
        privileges.split(',').any(|privilege| ALLOWED.contains(&privilege.trim()))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::fixture::{self, World, told};
    use super::super::{DefinerPolicy, routine, trigger, view};

    const VIEW: &str =
        "CREATE ALGORITHM=UNDEFINED DEFINER=`app`@`%` SQL SECURITY DEFINER VIEW `v` AS select 1";

    fn head(world: &World, create_sql: &str) -> (String, Vec<String>) {
        let script = view(&fixture::view(create_sql), &world.context());
        let head = script.create.split(" VIEW ").next().unwrap();
        let head = head.trim_start_matches("CREATE ALGORITHM=UNDEFINED ").to_owned();
        (head, told(&script.changes, &script.refusals))
    }

    fn world(policy: DefinerPolicy) -> World {
        let mut world = World::mysql();
        world.policy.definer = policy;
        world
    }

    #[test]
    fn our_own_objects_stay_ours() {
        let own = VIEW.replace("`app`@`%`", "`azadmin`@`%`");
        let expected = ("DEFINER=`azadmin`@`%` SQL SECURITY DEFINER".to_owned(), Vec::new());
        assert_eq!(head(&World::mysql(), &own), expected);
        assert_eq!(head(&world(DefinerPolicy::Keep), &own), expected);
    }

    #[test]
    fn kept_definers_need_the_privilege() {
        let mut world = world(DefinerPolicy::Keep);
        let refusal = "!definer: view `shop`.`v` of definer app@%";
        assert_eq!(head(&world, VIEW).1, [refusal]);
        for grant in
            ["SELECT, SUPER", "SET_ANY_DEFINER", "ROLE_ADMIN,SET_USER_ID", "ALL PRIVILEGES"]
        {
            world.target.grants =
                vec![format!("GRANT {grant} ON *.* TO `azadmin`@`%` WITH GRANT OPTION")];
            let expected = "DEFINER=`app`@`%` SQL SECURITY DEFINER".to_owned();
            assert_eq!(head(&world, VIEW), (expected, Vec::new()), "{grant}");
        }
        world.target.grants = vec!["GRANT ALL PRIVILEGES ON `shop`.* TO `azadmin`@`%`".into()];
        assert_eq!(head(&world, VIEW).1, [refusal]);
    }

    #[test]
    fn what_is_kept_by_login_says_which() {
        let mut world = world(DefinerPolicy::KeepByLogin);
        let kept = "DEFINER=`app`@`%` SQL SECURITY DEFINER";
        let by_login = "definer: made by app@%, over a session logged in as app";
        assert_eq!(head(&world, VIEW), (kept.to_owned(), vec![by_login.to_owned()]));
        let own = VIEW.replace("`app`@`%`", "`azadmin`@`%`");
        assert_eq!(head(&world, &own).1, [""; 0]);
        world.target.accounts = Some(BTreeSet::new());
        let absent = "definer: definer app@% does not exist on the target yet";
        assert_eq!(head(&world, VIEW).1, [by_login, absent]);
        world.target.accounts = None;
        world.policy.definer_map.insert("app@%".into(), "shop@%".into());
        assert_eq!(
            head(&world, VIEW).1,
            [
                "definer: made by shop@%, over a session logged in as shop",
                "definer: definer shop@% instead of app@%"
            ]
        );
        let role = VIEW.replace("`app`@`%`", "`readers`");
        assert_eq!(head(&world, &role).1, ["!definer: view `shop`.`v` of definer readers"]);
    }

    #[test]
    fn a_map_goes_before_the_policy() {
        let mut world = World::mysql();
        world.policy.definer_map.insert("app@%".into(), "azadmin@%".into());
        let (text, notes) = head(&world, VIEW);
        assert_eq!(text, "DEFINER=`azadmin`@`%` SQL SECURITY DEFINER");
        assert_eq!(notes, ["definer: definer azadmin@% instead of app@%"]);
        world.policy.definer_map.insert("app@%".into(), "other@%".into());
        assert_eq!(head(&world, VIEW).1, ["!definer: view `shop`.`v` of definer app@%"]);
    }

    #[test]
    fn invoker_is_written_where_it_belongs() {
        let world = world(DefinerPolicy::Invoker);
        let (text, notes) = head(&world, VIEW);
        assert_eq!(text, "DEFINER=CURRENT_USER SQL SECURITY INVOKER");
        assert_eq!(notes[0], "definer: SQL SECURITY INVOKER");
        let procedure =
            fixture::procedure("CREATE DEFINER=`app`@`%` PROCEDURE `p`()\n    NO SQL\nSELECT 1");
        assert_eq!(
            routine(&procedure, &world.context()).create,
            "CREATE DEFINER=CURRENT_USER PROCEDURE `shop`.`p`()\n    NO SQL\nSQL SECURITY INVOKER\nSELECT 1"
        );
        let made = fixture::trigger(
            "CREATE DEFINER=`app`@`%` TRIGGER `trg` BEFORE INSERT ON `t` FOR EACH ROW SET @a = 1",
        );
        let script = trigger(&made, &world.context());
        assert!(script.create.starts_with("CREATE DEFINER=CURRENT_USER TRIGGER"));
    }

    #[test]
    fn orphans_are_told() {
        let mut world = World::mysql();
        world.source.accounts = Some(BTreeSet::from(["root@localhost".to_owned()]));
        assert_eq!(
            head(&world, VIEW).1,
            [
                "definer: its definer app@% does not exist on the source",
                "definer: definer azadmin@% instead of app@%",
            ]
        );
    }
}
