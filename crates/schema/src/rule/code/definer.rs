//! Who owns a view or a routine decides whose rights it has; a managed target lets nobody make one for another.

use crate::rewrite::DefinerPolicy;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::text::{counted, some};
use std::collections::BTreeMap;

pub(super) const CHECK: Check = Check {
    id: "foreign-definer",
    title: "Views and programs of other owners",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SELECT table_schema, table_name, definer FROM information_schema.views \
         UNION ALL SELECT routine_schema, routine_name, definer FROM information_schema.routines \
         UNION ALL SELECT trigger_schema, trigger_name, definer FROM information_schema.triggers \
         UNION ALL SELECT event_schema, event_name, definer FROM information_schema.events",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/stored-objects-security.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let ours = &case.target.facts.current_user;
    let mut owners: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (object, definer) in case.definers() {
        if definer != ours {
            owners.entry(definer).or_default().push(object.to_string());
        }
    }
    let policy = case.policy.definer;
    let keeps = policy == DefinerPolicy::Keep;
    let grants = case.target.grants();
    let may = ["SET_ANY_DEFINER", "SET_USER_ID", "SUPER"]
        .iter()
        .any(|privilege| grants.everywhere(privilege));
    let found = owners.into_iter().map(|(definer, objects)| {
        let thing = Thing::named(format!("definer {definer}"));
        let owns = format!("owns {} ({})", counted(objects.len(), "object"), some(&objects));
        if policy == DefinerPolicy::KeepByLogin {
            return by_login(case, thing, definer, &owns);
        }
        if keeps && !may {
            return Found::warns(thing, format!("{owns}; definer = \"keep\" needs SET_ANY_DEFINER on the target, which a managed server does not grant"))
                .configure(format!("[rewrite] definer_map = {{ \"{definer}\" = \"{ours}\" }}"));
        }
        if keeps {
            return Found::notes(thing, format!("{owns}; kept"));
        }
        Found::warns(thing, format!("{owns}; on the target they belong to {ours} and run with its rights"))
            .configure("[rewrite] definer = \"invoker\"")
    });
    Ok(found.collect())
}

/// The account has to be there, and to be known.
fn by_login(case: &Case<'_>, thing: Thing, definer: &str, owns: &str) -> Found {
    let user = definer.rsplit_once('@').map_or(definer, |(user, _host)| user);
    let accounts = case.target.facts.accounts.as_ref();
    if accounts.is_some_and(|accounts| !accounts.contains(definer)) {
        let what = format!("{owns}, made over its login; the account is not on the target yet");
        return Found::warns(thing, what).advise("make the account first: sealift accounts apply");
    }
    Found::notes(thing, format!("{owns}, made over its login, whose password is asked for"))
        .configure(format!("[definers.{}]", toml_key(user)))
}

/// A name as a key of the configuration.
fn toml_key(name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    match !name.is_empty() && name.chars().all(is_bare) {
        true => name.to_owned(),
        false => format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::CHECK;
    use crate::rewrite::DefinerPolicy;
    use crate::rule::bench::Bench;

    #[test]
    fn owners_are_told_once_each() {
        let bench = Bench::clean()
            .procedure("SELECT 1")
            .view("SELECT 1", |view| view.definer = "root@localhost".into());
        let said = bench.said(&CHECK);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains("definer root@localhost: owns 1 object (view `shop`.`v`)"));
        let mut keep = bench;
        keep.policy.definer = DefinerPolicy::Keep;
        assert!(keep.said(&CHECK)[0].contains("SET_ANY_DEFINER"));
        assert_eq!(keep.clone().to("mysql-8.4").levels(&CHECK), "1 notes");
        keep.policy.definer = DefinerPolicy::KeepByLogin;
        assert_eq!(keep.levels(&CHECK), "1 notes");
        keep.target.accounts = Some(BTreeSet::new());
        assert!(keep.said(&CHECK)[0].contains("not on the target yet"));
    }
}
