//! What the user decides about accounts: `[accounts]`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::name::AccountName;

/// What happens to an account of the target that is not as planned, and that is not sealift's doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Existing {
    /// It is left as it is, and told.
    #[default]
    Keep,
    /// It is made as planned.
    Alter,
}

/// What the user decides about accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountPolicy {
    /// Hosts that become another one on the target.
    pub hosts: BTreeMap<String, String>,
    /// Accounts to carry: patterns `user` or `user@host`; none: all but the server's own.
    pub include: Vec<String>,
    /// Accounts to leave out, whatever else selects them.
    pub exclude: Vec<String>,
    /// Accounts of the target that sealift did not make, or that were changed there.
    pub existing: Existing,
}

/// A policy that cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AccountPolicyError {
    /// A host becomes none.
    #[error("hosts: {0:?} must become a host; % stands for every host")]
    NoHost(String),
    /// A pattern without a name.
    #[error(
        "accounts: the pattern {0:?} is none: write user or user@host, with * for any characters"
    )]
    NoPattern(String),
}

impl AccountPolicy {
    /// Checks what serde cannot.
    ///
    /// # Errors
    /// The first entry that has no meaning.
    pub fn check(&self) -> Result<(), AccountPolicyError> {
        let Self { hosts, include, exclude, existing: _ } = self;
        if let Some((from, _)) = hosts.iter().find(|(_, to)| to.trim().is_empty()) {
            return Err(AccountPolicyError::NoHost(from.clone()));
        }
        match include.iter().chain(exclude).find(|pattern| pattern.trim().is_empty()) {
            Some(pattern) => Err(AccountPolicyError::NoPattern(pattern.clone())),
            None => Ok(()),
        }
    }

    /// The host on the target.
    #[must_use]
    pub fn host(&self, host: &str) -> String {
        let mapped = self.hosts.iter().find(|(from, _)| from.eq_ignore_ascii_case(host));
        match (mapped, host) {
            (Some((_, to)), _) => to.clone(),
            // Roles of MariaDB have none.
            (None, "") => "%".to_owned(),
            (None, host) => host.to_owned(),
        }
    }

    /// Whether patterns name an account, by itself and not by `*`.
    #[must_use]
    pub fn names(patterns: &[String], account: &AccountName) -> bool {
        patterns.iter().any(|pattern| {
            let (user, host) = pattern.rsplit_once('@').unwrap_or((pattern, "*"));
            matches(user, &account.user) && matches(host, &account.host)
        })
    }
}

/// `*` stands for any characters, `?` for one.
fn matches(pattern: &str, text: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => text.is_empty(),
        Some('*') => {
            let mut tails = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            tails.any(|at| text.get(at..).is_some_and(|tail| matches(rest.as_str(), tail)))
        }
        Some(wanted) => {
            let mut left = text.chars();
            let Some(found) = left.next() else { return false };
            (wanted == '?' || wanted == found) && matches(rest.as_str(), left.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_users_and_hosts() {
        for (pattern, account, expected) in [
            ("app", ("app", "10.0.%"), true),
            ("app@10.0.%", ("app", "10.0.%"), true),
            ("app@10.1.%", ("app", "10.0.%"), false),
            ("app_*", ("app_reader", "%"), true),
            ("*@localhost", ("x", "localhost"), true),
            ("a?p", ("app", "%"), true),
            ("a?p", ("ap", "%"), false),
            ("a@b@%", ("a@b", "%"), true),
        ] {
            let name = AccountName::new(account.0, account.1);
            assert_eq!(AccountPolicy::names(&[pattern.into()], &name), expected, "{pattern}");
        }
    }

    #[test]
    fn hosts_are_mapped_and_roles_get_one() {
        let hosts = BTreeMap::from([("10.0.%".to_owned(), "%".to_owned())]);
        let policy = AccountPolicy { hosts, ..AccountPolicy::default() };
        let hosts = ["10.0.%", "10.1.%", ""].map(|host| policy.host(host));
        assert_eq!(hosts, ["%", "10.1.%", "%"]);
        assert_eq!(policy.check(), Ok(()));
    }

    #[test]
    fn what_has_no_meaning_is_refused() {
        let policy: AccountPolicy = serde_json::from_str(r#"{"hosts":{"a":" "}}"#).unwrap();
        assert_eq!(policy.check(), Err(AccountPolicyError::NoHost("a".into())));
        let policy: AccountPolicy = serde_json::from_str(r#"{"exclude":[""]}"#).unwrap();
        assert!(policy.check().is_err());
        assert!(serde_json::from_str::<AccountPolicy>(r#"{"host":{}}"#).is_err());
    }
}
