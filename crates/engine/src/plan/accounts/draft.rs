//! An account's script before anybody's edits are looked at.

use sealift_schema::account::plan::PlannedAccount;
use sealift_schema::account::{Account, AccountName};
use sealift_schema::name::quote;

use crate::plan::draft::Note;
use crate::plan::reconcile::Drafted;
use crate::plan::script::{Script, State, Subject, hash, read_quoted};

/// Digits of a secret's hash that stand for it where it must not be shown.
const SEAL_DIGITS: usize = 16;

impl Subject for AccountName {
    fn words(&self) -> String {
        format!("account {}@{}", quote(&self.user), quote(&self.host))
    }

    fn read(words: &str) -> Result<Self, String> {
        let unreadable = || format!("object {words:?} is not `account` and a quoted name");
        let name = words.strip_prefix("account ").ok_or_else(unreadable)?;
        let (user, rest) = read_quoted(name).ok_or_else(unreadable)?;
        let host = rest.strip_prefix('@').and_then(read_quoted);
        match host {
            Some((host, "")) => Ok(Self::new(user, host)),
            Some(_) | None => Err(unreadable()),
        }
    }
}

/// One account's script before anybody's edits.
#[derive(Clone, Debug)]
pub struct AccountDraft {
    /// Its name on the source.
    pub name: AccountName,
    /// What the source says, secrets sealed.
    pub(crate) source: String,
    /// The SQL for the target. It may hold secrets.
    pub(crate) body: String,
    /// Why it looks as it does, and what stands against it.
    pub notes: Vec<Note>,
}

impl AccountDraft {
    /// Makes the draft of an account as it was planned; `origin` is the same account on the source.
    #[must_use]
    pub fn new(planned: &PlannedAccount, origin: &Account) -> Self {
        let changes = planned.changes.iter().map(|change| Note::Change {
            rewrite: change.rewrite.to_owned(),
            what: change.what.clone(),
            why: change.why.clone(),
        });
        let refusals = planned.refusals.iter().map(|refusal| Note::Refused {
            rewrite: refusal.rewrite.to_owned(),
            what: refusal.what.clone(),
            why: refusal.why.clone(),
            remedy: refusal.remedy.clone(),
        });
        Self {
            name: planned.source.clone(),
            source: sealed(origin),
            body: planned.account.script(),
            notes: changes.chain(refusals).collect(),
        }
    }
}

/// An account's script in which a secret can be recognised and not read.
pub(super) fn sealed(account: &Account) -> String {
    let mut text = account.sealed_script(&|secret| {
        hash([secret]).get(..SEAL_DIGITS).map(|seal| format!("sealed {seal}")).unwrap_or_default()
    });
    for unknown in &account.definition.unknown {
        text.push_str("-- ");
        text.push_str(unknown);
        text.push('\n');
    }
    text
}

impl Drafted for AccountDraft {
    type Subject = AccountName;

    fn state(&self) -> State {
        if self.notes.iter().any(Note::stops) { State::Skip } else { State::Generated }
    }

    fn source_hash(&self) -> String {
        hash([self.source.as_str()])
    }

    fn script(&self, state: State) -> Script<AccountName> {
        Script {
            step: self.name.clone(),
            state,
            notes: self.notes.iter().map(Note::line).collect(),
            body: self.body.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_object_line_of_any_account_is_read_back() {
        for (user, host) in [("app", "10.0.%"), ("", "%"), ("a`@`b", "c`d"), ("role", "")] {
            let name = AccountName::new(user, host);
            assert_eq!(AccountName::read(&name.words()), Ok(name));
        }
        for words in ["table `a`.`b`", "account `a`", "account a@b", "account `a`@`b` x"] {
            assert!(AccountName::read(words).is_err(), "{words}");
        }
    }
}
