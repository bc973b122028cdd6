//! What makes the target's account the planned one: statements, each with what it does in words.
//!
//! Three states are compared: the plan, the target, and what sealift itself made there last. What somebody
//! else did on the target since then is left alone.

use std::collections::BTreeSet;

use super::clause::Clause;
use super::definition::{Definition, Factor, Login, Proof, attributes};
use super::name::AccountName;
use super::policy::Existing;
use super::right::{Right, Rights, granting, revoking};
use super::script::Account;
use crate::name::literal;

/// What sealift did to an account of the target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum History {
    /// Nothing: if it is there, somebody else made it.
    #[default]
    None,
    /// It was at work and may not have ended: these rights may have been given.
    Begun {
        /// What it meant to give, and what it had given before.
        rights: Rights,
    },
    /// It made this.
    Done {
        /// Whether the definition was made as it is planned now.
        definition: AsPlanned,
        /// The rights it gave.
        rights: Rights,
    },
}

/// Whether what was done last is what is planned now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsPlanned {
    /// The source, or a person's edit, has moved since.
    Moved,
    /// It is.
    Same,
}

/// One statement for the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// The SQL. It may hold a secret: never to be shown.
    pub sql: String,
    /// What it does, for people: `CREATE USER`, ``GRANT SELECT ON `shop`.* ``.
    pub what: String,
}

/// What is to be done for one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Makes or alters the account itself.
    pub define: Vec<Deed>,
    /// Gives and takes rights; all accounts are there by then.
    pub rights: Vec<Deed>,
    /// Sets its default roles; it has them by then.
    pub roles: Vec<Deed>,
    /// What differs on the target by somebody else's doing and is left alone.
    pub kept: Vec<String>,
    /// What is to be done, in words: `create`, `alter password`, `grant SELECT ON …`.
    pub words: Vec<String>,
    /// Whether the account is there, was not made by sealift, and differs.
    pub is_foreign: bool,
}

impl Difference {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.define.is_empty() && self.rights.is_empty() && self.roles.is_empty()
    }

    /// All statements in order.
    pub fn deeds(&self) -> impl Iterator<Item = &Deed> {
        self.define.iter().chain(&self.rights).chain(&self.roles)
    }
}

/// What has to be done. `inherited` are rights the target's login cannot help withholding.
#[must_use]
pub fn difference(
    wanted: &Account,
    present: Option<&Account>,
    history: &History,
    existing: Existing,
    inherited: &Rights,
) -> Difference {
    match present {
        None => created(wanted),
        Some(present) => {
            let altered = altered(wanted, present, history, existing, inherited);
            let is_theirs = *history == History::None && existing == Existing::Keep;
            if is_theirs && !altered.is_empty() {
                let kept = altered.words;
                return Difference { kept, is_foreign: true, ..Difference::default() };
            }
            altered
        }
    }
}

fn created(wanted: &Account) -> Difference {
    let definition = &wanted.definition;
    let name = &definition.name;
    let mut define = vec![deed(definition.print(), format!("CREATE USER {name}"))];
    define.extend(definition.print_retaining().map(|sql| deed(sql, RETAINED)));
    let mut words = vec!["create".to_owned()];
    words.extend(given(&wanted.rights, name));
    Difference {
        define,
        rights: rights_deeds(granting(&wanted.rights, name)),
        roles: wanted.set_default_roles().map(plain_deed).into_iter().collect(),
        words,
        ..Difference::default()
    }
}

const RETAINED: &str = "ALTER USER … RETAIN CURRENT PASSWORD";

fn altered(
    wanted: &Account,
    present: &Account,
    history: &History,
    existing: Existing,
    inherited: &Rights,
) -> Difference {
    let mut made = Difference::default();
    let name = &wanted.definition.name;
    let is_made_so = matches!(history, History::Done { definition: AsPlanned::Same, .. })
        && existing == Existing::Keep;
    let mut changes = changes(&wanted.definition, &present.definition);
    if matches!(history, History::Done { definition: AsPlanned::Same, .. })
        && wanted.definition.has_written_password()
    {
        // It was set, and does not show in its hash: nobody can say whether it is another one by now.
        changes.retain(|change| change.what != PASSWORD);
    }
    if is_made_so {
        made.kept.extend(changes.iter().map(|change| format!("its {}", change.what)));
    } else {
        for change in changes {
            let shown = format!("ALTER USER {name}: {}", change.what);
            made.define.extend(change.statements.into_iter().map(|sql| deed(sql, shown.clone())));
            made.words.push(format!("alter {}", change.what));
        }
    }
    compare_rights(&mut made, wanted, present, history, existing, inherited);
    if wanted.default_roles != present.default_roles {
        let roles = |roles: &BTreeSet<AccountName>| {
            roles.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        if is_made_so {
            made.kept.push(format!("its default roles: {}", roles(&present.default_roles)));
        } else {
            let none = || format!("SET DEFAULT ROLE NONE TO {name}");
            made.roles.push(plain_deed(wanted.set_default_roles().unwrap_or_else(none)));
            made.words.push("alter default roles".to_owned());
        }
    }
    made
}

fn compare_rights(
    made: &mut Difference,
    wanted: &Account,
    present: &Account,
    history: &History,
    existing: Existing,
    inherited: &Rights,
) {
    let name = &wanted.definition.name;
    let nothing = Rights::new();
    let (before, ended) = match history {
        History::None => (&nothing, false),
        History::Begun { rights } => (rights, false),
        History::Done { rights, .. } => (rights, true),
    };
    let mut missing: Rights = wanted.rights.difference(&present.rights).cloned().collect();
    if ended && existing == Existing::Keep {
        let taken: Rights = missing.intersection(before).cloned().collect();
        made.kept.extend(taken.iter().map(|right| format!("{right}: taken away there")));
        missing.retain(|right| !taken.contains(right));
    }
    let surplus: Rights = present.rights.difference(&wanted.rights).cloned().collect();
    // An option that is to go has to be taken with what it belongs to.
    let weaker = |right: &Right| missing.iter().any(|wanted| is_stronger(right, wanted));
    let obsolete: Rights = surplus
        .iter()
        .filter(|right| before.contains(right) || (existing == Existing::Alter && weaker(right)))
        .cloned()
        .collect();
    let others = surplus.difference(&obsolete).filter(|right| !inherited.contains(right));
    made.kept.extend(others.map(|right| format!("{right}: not in the plan")));
    made.rights.extend(rights_deeds(revoking(&obsolete, name)));
    made.rights.extend(rights_deeds(granting(&missing, name)));
    made.words.extend(taken(&obsolete, name));
    made.words.extend(given(&missing, name));
}

/// Whether a right is the same as another with an option on top.
fn is_stronger(right: &Right, other: &Right) -> bool {
    let without = match right.clone() {
        Right::Dynamic { privilege, grantable: true } => {
            Right::Dynamic { privilege, grantable: false }
        }
        Right::Role { role, admin: true } => Right::Role { role, admin: false },
        Right::Proxy { of, grantable: true } => Right::Proxy { of, grantable: false },
        Right::Privilege { .. }
        | Right::GrantOption { .. }
        | Right::Dynamic { .. }
        | Right::Withheld { .. }
        | Right::Proxy { .. }
        | Right::Role { .. } => return false,
    };
    without == *other
}

/// What the change of a login is called.
const PASSWORD: &str = "password";

/// One change of a definition.
struct Change {
    what: String,
    statements: Vec<String>,
}

/// What differs between two definitions, and the statements that make the second the first.
fn changes(wanted: &Definition, present: &Definition) -> Vec<Change> {
    let name = &wanted.name;
    let mut changes = Vec::new();
    if !same_login(wanted, present) {
        let login = match wanted.login_sql() {
            login if login.is_empty() => "IDENTIFIED BY ''".to_owned(),
            login => login,
        };
        let mut statements = vec![format!("ALTER USER {name} {login}")];
        statements.extend(wanted.print_retaining());
        changes.push(Change { what: PASSWORD.to_owned(), statements });
    }
    let is_unknown = wanted.login == Login::Unknown;
    for clause in Clause::ALL {
        let (to, from) = (wanted.clauses.get(&clause), present.clauses.get(&clause));
        // Once a person has set a password and opened it, it is open.
        if to == from || (is_unknown && clause == Clause::Lock) {
            continue;
        }
        let text = match clause {
            Clause::Attribute => match attribute_change(to, from) {
                Some(text) => text,
                None => continue,
            },
            Clause::Tls
            | Clause::Limits
            | Clause::Expiry
            | Clause::Lock
            | Clause::History
            | Clause::Reuse
            | Clause::RequireCurrent
            | Clause::FailedAttempts
            | Clause::LockTime => {
                to.map_or_else(|| clause.default_text().to_owned(), |text| clause.altering(text))
            }
        };
        let statements = vec![format!("ALTER USER {name} {text}")];
        changes.push(Change { what: clause.word().to_owned(), statements });
    }
    changes
}

/// `ATTRIBUTE` merges, so keys that are to go are set to null.
fn attribute_change(to: Option<&String>, from: Option<&String>) -> Option<String> {
    let (wanted, present) = (attributes(to), attributes(from));
    if wanted == present {
        return None;
    }
    let gone = present.keys().filter(|key| !wanted.contains_key(*key));
    let mut patch: serde_json::Map<_, _> =
        gone.map(|key| (key.clone(), serde_json::Value::Null)).collect();
    patch.extend(wanted);
    let json = serde_json::Value::Object(patch).to_string();
    Some(format!("ATTRIBUTE {}", literal(&json)))
}

/// Whether two accounts log in alike. What nobody knows cannot differ.
fn same_login(wanted: &Definition, present: &Definition) -> bool {
    let (to, from) = match (&wanted.login, &present.login) {
        (Login::Unknown, _) => return true,
        (Login::All(to), Login::All(from)) => (to, from),
        (Login::All(_) | Login::Any(_), _) => return false,
    };
    let same_retained = match (&wanted.retained, &present.retained) {
        (None, None) => true,
        (Some(to), Some(from)) => to.same(from),
        (None, Some(_)) | (Some(_), None) => false,
    };
    if wanted.has_no_password() {
        let plugin = to.first().and_then(|factor| factor.plugin.as_ref());
        let there = from.first().and_then(|factor| factor.plugin.as_ref());
        return present.has_no_password() && plugin.is_none_or(|plugin| Some(plugin) == there);
    }
    same_retained && to.len() == from.len() && to.iter().zip(from).all(|(a, b)| same_factor(a, b))
}

fn same_factor(wanted: &Factor, present: &Factor) -> bool {
    let same_plugin = wanted.plugin.is_none() || wanted.plugin == present.plugin;
    let same_proof = match (&wanted.proof, &present.proof) {
        (Proof::None, Proof::None) => true,
        (Proof::Hash(to), Proof::Hash(from)) => to.same(from),
        // A password does not show in its hash.
        (Proof::None | Proof::Hash(_) | Proof::Password(_), _) => false,
    };
    same_plugin && same_proof
}

fn deed(sql: String, what: impl Into<String>) -> Deed {
    Deed { sql, what: what.into() }
}

/// A statement that holds no secret.
fn plain_deed(sql: String) -> Deed {
    Deed { what: sql.clone(), sql }
}

/// ``grant SELECT, INSERT ON `shop`.* ``: rights in words, those of one object together.
fn given(rights: &Rights, to: &AccountName) -> Vec<String> {
    in_words(granting(rights, to), &format!(" TO {to}"), &format!(" FROM {to}"))
}

fn taken(rights: &Rights, from: &AccountName) -> Vec<String> {
    in_words(revoking(rights, from), &format!(" FROM {from}"), &format!(" TO {from}"))
}

/// Statements without the account, which stands above them.
fn in_words(statements: Vec<String>, whose: &str, others: &str) -> Vec<String> {
    let short = statements.into_iter().map(|text| text.replace(whose, "").replace(others, ""));
    short
        .map(|text| match text.split_once(' ') {
            Some((verb, rest)) => format!("{} {rest}", verb.to_lowercase()),
            None => text,
        })
        .collect()
}

fn rights_deeds(statements: Vec<String>) -> Vec<Deed> {
    statements.into_iter().map(plain_deed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATE: &str = "CREATE USER `a`@`%` IDENTIFIED WITH 'p' AS 0x01";

    fn account(script: &str) -> Account {
        Account::read_script(script).unwrap()
    }

    fn done(definition: AsPlanned, rights: &Account) -> History {
        History::Done { definition, rights: rights.rights.clone() }
    }

    fn told(
        wanted: &str,
        present: &str,
        history: &History,
        existing: Existing,
    ) -> (Vec<String>, Vec<String>) {
        let (wanted, present) = (account(wanted), account(present));
        let made = difference(&wanted, Some(&present), history, existing, &Rights::new());
        (made.deeds().map(|deed| deed.sql.clone()).collect(), made.kept)
    }

    fn forced(wanted: &str, present: &str) -> Vec<String> {
        told(wanted, present, &History::None, Existing::Alter).0
    }

    #[test]
    fn an_account_that_is_missing_is_made_and_one_that_is_equal_left() {
        let script =
            format!("{CREATE}; GRANT SELECT ON `s`.* TO a; GRANT r TO a; SET DEFAULT ROLE r TO a");
        let wanted = account(&script);
        let made = difference(&wanted, None, &History::None, Existing::Keep, &Rights::new());
        let deeds: Vec<&str> = made.deeds().map(|deed| deed.sql.as_str()).collect();
        assert_eq!(
            deeds,
            [
                "CREATE USER `a`@`%`\n  IDENTIFIED WITH 'p' AS 0x01",
                "GRANT SELECT ON `s`.* TO `a`@`%`",
                "GRANT `r`@`%` TO `a`@`%`",
                "SET DEFAULT ROLE `r`@`%` TO `a`@`%`",
            ]
        );
        assert!(made.deeds().all(|deed| !deed.what.contains("0x01")));
        for existing in [Existing::Keep, Existing::Alter] {
            assert_eq!(told(&script, &script, &History::None, existing), (vec![], vec![]));
        }
    }

    #[test]
    fn every_part_of_a_definition_is_altered_and_set_back() {
        let check = |wanted: &str, present: &str, expected: &[&str]| {
            let (wanted, present) = (format!("{CREATE} {wanted}"), format!("{CREATE} {present}"));
            let expected: Vec<String> =
                expected.iter().map(|text| format!("ALTER USER `a`@`%` {text}")).collect();
            assert_eq!(forced(&wanted, &present), expected);
        };
        check("REQUIRE SSL", "", &["REQUIRE SSL"]);
        check("", "REQUIRE SSL ACCOUNT LOCK", &["REQUIRE NONE", "ACCOUNT UNLOCK"]);
        check(
            "WITH MAX_USER_CONNECTIONS 5",
            "WITH MAX_QUERIES_PER_HOUR 7",
            &["WITH MAX_USER_CONNECTIONS 5 MAX_QUERIES_PER_HOUR 0 MAX_UPDATES_PER_HOUR 0 \
               MAX_CONNECTIONS_PER_HOUR 0"],
        );
        check("PASSWORD EXPIRE NEVER", "PASSWORD EXPIRE", &["PASSWORD EXPIRE NEVER"]);
        check(
            "COMMENT 'x'",
            "ATTRIBUTE '{\"comment\": \"y\", \"k\": 1}'",
            &["ATTRIBUTE '{\"comment\":\"x\",\"k\":null}'"],
        );
        check("ATTRIBUTE '{\"a\": 1, \"b\": 2}'", "ATTRIBUTE '{\"b\":2,\"a\":1}'", &[]);
    }

    #[test]
    fn passwords_are_compared_by_what_they_mean() {
        let same = |a: &str, b: &str| forced(a, b).is_empty();
        let login = |login: &str| format!("CREATE USER a {login}");
        assert!(same(&login("IDENTIFIED WITH p AS '*A'"), &login("IDENTIFIED WITH p AS 0x2a41")));
        assert!(!same(&login("IDENTIFIED WITH p AS '*A'"), &login("IDENTIFIED WITH q AS '*A'")));
        assert!(!same(&login("IDENTIFIED WITH p AS '*A'"), &login("IDENTIFIED WITH p AS '*B'")));
        assert!(same(&login(""), &login("IDENTIFIED WITH p")));
        assert!(!same(&login(""), &login("IDENTIFIED WITH p AS 'x'")));
        assert!(!same(&login("IDENTIFIED BY 'x'"), &login("IDENTIFIED WITH p AS 'x'")));
        let unknown = login("IDENTIFIED BY RANDOM PASSWORD ACCOUNT LOCK");
        assert!(same(&unknown, &login("IDENTIFIED WITH p AS 'new'")));
        let retaining =
            format!("{CREATE}; ALTER USER a IDENTIFIED WITH 'p' AS 0x02 RETAIN CURRENT PASSWORD");
        assert!(same(&retaining, &retaining));
        assert_eq!(
            forced(&retaining, &login("IDENTIFIED WITH p AS 0x02")),
            [
                "ALTER USER `a`@`%` IDENTIFIED WITH 'p' AS 0x01",
                "ALTER USER `a`@`%` IDENTIFIED WITH 'p' AS 0x02 RETAIN CURRENT PASSWORD"
            ]
        );
    }

    #[test]
    fn what_moved_on_the_source_is_altered_and_what_moved_on_the_target_is_kept() {
        let old = format!("{CREATE}; GRANT SELECT, INSERT ON `s`.* TO a");
        let new = "CREATE USER a IDENTIFIED WITH 'p' AS 0x09; GRANT SELECT, UPDATE ON `s`.* TO a";
        let moved = done(AsPlanned::Moved, &account(&old));
        let (deeds, kept) = told(new, &old, &moved, Existing::Keep);
        assert_eq!(
            deeds,
            [
                "ALTER USER `a`@`%` IDENTIFIED WITH 'p' AS 0x09",
                "REVOKE INSERT ON `s`.* FROM `a`@`%`",
                "GRANT UPDATE ON `s`.* TO `a`@`%`",
            ]
        );
        assert_eq!(kept, [""; 0]);
        let there = "CREATE USER a IDENTIFIED WITH 'p' AS 0x55; GRANT SELECT, DROP ON `s`.* TO a";
        let same = done(AsPlanned::Same, &account(&old));
        let (deeds, kept) = told(&old, there, &same, Existing::Keep);
        assert_eq!(deeds, [""; 0]);
        assert_eq!(
            kept,
            ["its password", "INSERT ON `s`.*: taken away there", "DROP ON `s`.*: not in the plan"]
        );
        let (deeds, kept) = told(&old, there, &same, Existing::Alter);
        assert_eq!(deeds.len(), 2, "{deeds:?}");
        assert_eq!(kept, ["DROP ON `s`.*: not in the plan"]);
    }

    #[test]
    fn a_password_a_person_wrote_is_set_once() {
        let script = "CREATE USER a IDENTIFIED BY 'new'";
        let there = "CREATE USER a IDENTIFIED WITH p AS 0x77";
        for existing in [Existing::Keep, Existing::Alter] {
            let moved = done(AsPlanned::Moved, &account(script));
            assert_eq!(
                told(script, there, &moved, existing).0,
                ["ALTER USER `a`@`%` IDENTIFIED BY 'new'"]
            );
            let same = done(AsPlanned::Same, &account(script));
            assert_eq!(told(script, there, &same, existing), (vec![], vec![]));
        }
    }

    #[test]
    fn what_was_cut_off_is_gone_on_with() {
        let script = format!("{CREATE}; GRANT SELECT, INSERT ON `s`.* TO a");
        let half = format!("{CREATE}; GRANT SELECT ON `s`.* TO a");
        let begun = History::Begun { rights: account(&script).rights };
        let (deeds, kept) = told(&script, &half, &begun, Existing::Keep);
        assert_eq!(deeds, ["GRANT INSERT ON `s`.* TO `a`@`%`"]);
        assert_eq!(kept, [""; 0]);
        let (deeds, _) = told(&half, &script, &begun, Existing::Keep);
        assert_eq!(deeds, ["REVOKE INSERT ON `s`.* FROM `a`@`%`"]);
    }

    #[test]
    fn somebody_elses_account_is_kept_unless_told_otherwise() {
        let script = format!("{CREATE}; GRANT SELECT ON `s`.* TO a");
        let theirs = account("CREATE USER a IDENTIFIED WITH 'p' AS 0x07");
        let wanted = account(&script);
        let made =
            difference(&wanted, Some(&theirs), &History::None, Existing::Keep, &Rights::new());
        assert!(made.is_empty() && made.is_foreign);
        assert_eq!(made.kept, ["alter password", "grant SELECT ON `s`.*"]);
        assert_eq!(forced(&script, "CREATE USER a IDENTIFIED WITH 'p' AS 0x07").len(), 2);
    }

    #[test]
    fn an_option_that_is_to_go_is_taken_with_its_privilege() {
        assert_eq!(
            forced(
                &format!("{CREATE}; GRANT ROLE_ADMIN ON *.* TO a; GRANT r TO a"),
                &format!(
                    "{CREATE}; GRANT ROLE_ADMIN ON *.* TO a WITH GRANT OPTION; GRANT r TO a WITH ADMIN OPTION"
                ),
            ),
            [
                "REVOKE ROLE_ADMIN ON *.* FROM `a`@`%`",
                "REVOKE `r`@`%` FROM `a`@`%`",
                "GRANT ROLE_ADMIN ON *.* TO `a`@`%`",
                "GRANT `r`@`%` TO `a`@`%`",
            ]
        );
    }
}
