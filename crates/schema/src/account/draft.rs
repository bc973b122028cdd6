//! An account on its way to the target, with what was changed about it and why.

use super::name::AccountName;
use super::script::Account;
use crate::rewrite::Notes;

/// An account that is being filtered.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    /// Its name on the source.
    pub(super) source: AccountName,
    /// As it will be.
    pub(super) account: Account,
    /// What was changed or should be known, and why it is not carried unless a person says so.
    pub(super) notes: Notes,
}

impl Draft {
    pub(super) fn new(account: Account) -> Self {
        let source = account.definition.name.clone();
        Self { source, account, notes: Notes::default() }
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
