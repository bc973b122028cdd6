//! Who owns views, routines, triggers and events on the target.
//!
//! A `DEFINER` other than the login needs `SET_ANY_DEFINER` (before 8.2 `SET_USER_ID`, before 8.0
//! `SUPER`), which managed servers do not grant (error 1227, also for `SQL SECURITY INVOKER`). So by
//! default the login becomes the owner. Every object whose owner changes, or whose owner does not exist
//! on the source, is told.

use super::draft::StoredDraft;
use super::{Context, DefinerPolicy, Rewrite};
use crate::facts::ServerFacts;
use crate::name::quote;
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
    let kept = (context.policy.definer == DefinerPolicy::Keep).then_some(&account);
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
    if wanted != own && !may_set_definer(context.target) {
        let what = format!("{} of definer {account}", draft.id);
        let why =
            format!("login {own} may not create objects for {wanted} on the target (error 1227)");
        let remedy = "use definer = \"current-user\", or grant the login SET_ANY_DEFINER";
        draft.notes.refuse(NAME, what, why, remedy);
        return;
    }
    if !exists(context.target, wanted) {
        let what = format!("definer {wanted} does not exist on the target yet");
        draft.notes.change(NAME, what, "create the account before the object is used");
    }
    if *wanted != account {
        draft.edit(vec![Edit::replace(definer.span, format!("DEFINER={}", quoted(wanted)))]);
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

fn quoted(account: &str) -> String {
    match account.rsplit_once('@') {
        Some((user, host)) => format!("{}@{}", quote(user), quote(host)),
        None => quote(account),
    }
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
