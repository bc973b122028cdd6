//! An account on its way to the target, with what was changed about it and why.

use super::name::AccountName;
use super::script::Account;
use crate::rewrite::{Change, Refusal};

/// An account that is being filtered.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    /// Its name on the source.
    pub(super) source: AccountName,
    /// As it will be.
    pub(super) account: Account,
    /// What was changed, or should be known.
    pub(super) changes: Vec<Change>,
    /// Why it is not carried unless a person says so.
    pub(super) refusals: Vec<Refusal>,
}

impl Draft {
    pub(super) fn new(account: Account) -> Self {
        let source = account.definition.name.clone();
        Self { source, account, changes: Vec::new(), refusals: Vec::new() }
    }

    /// Notes a change once.
    pub(super) fn change(
        &mut self,
        rewrite: &'static str,
        what: impl Into<String>,
        why: impl Into<String>,
    ) {
        let change = Change { rewrite, what: what.into(), why: why.into() };
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }

    /// Notes why it is not carried unless a person says so.
    pub(super) fn refuse(
        &mut self,
        rewrite: &'static str,
        what: impl Into<String>,
        why: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let refusal =
            Refusal { rewrite, what: what.into(), why: why.into(), remedy: remedy.into() };
        self.refusals.push(refusal);
    }
}

/// `a, b and c`.
pub(super) fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
