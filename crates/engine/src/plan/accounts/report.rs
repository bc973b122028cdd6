//! What is to be done, or was done, about each account, as plain data. It holds no secret.

use std::fmt;

use sealift_schema::account::AccountName;
use serde::{Deserialize, Serialize};

use crate::plan::draft::Note;

/// One account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountReport {
    /// Its name on the source, `user@host`.
    pub account: String,
    /// Its name on the target, where that differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Its script, below the plan's folder; `None`: it gets none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// What became of it.
    pub result: AccountResult,
    /// What is to be done, or was done: `create`, `grant SELECT ON …`, `alter password`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deeds: Vec<String>,
    /// What was changed for the target or left out, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Notice>,
    /// What differs on the target by somebody else's doing, and was left alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<String>,
    /// Why it is not carried, or what failed, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<String>,
}

/// An account that is not on the target as it is planned, or not planned as it is on the source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountDifference {
    /// Its name on the source, `user@host`.
    pub account: String,
    /// Its name on the target, where that differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// What differs, without secrets: `alter password`, `its account lock`, `grant SELECT ON …`.
    pub what: Vec<String>,
}

impl fmt::Display for AccountDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, target, what } = self;
        write!(f, "account {account}")?;
        if let Some(target) = target {
            write!(f, " (on the target {target})")?;
        }
        write!(f, ": {}", what.join(", "))
    }
}

impl AccountReport {
    /// What differs on the target from what is planned; `None` when nothing does, or a person wants it so.
    #[must_use]
    pub fn difference(&self) -> Option<AccountDifference> {
        let Self { account, target, result, deeds, kept, why, .. } = self;
        let what: Vec<String> = match result {
            AccountResult::ToCreate => vec!["missing on the target".to_owned()],
            AccountResult::ToAlter | AccountResult::Present | AccountResult::Foreign => {
                let other = |what: &String| format!("{what} (by somebody else's doing)");
                deeds.iter().cloned().chain(kept.iter().map(other)).collect()
            }
            AccountResult::Failed | AccountResult::Refused => why.clone(),
            AccountResult::Created
            | AccountResult::Altered
            | AccountResult::Skipped
            | AccountResult::LeftOut => Vec::new(),
        };
        let (account, target) = (account.clone(), target.clone());
        (!what.is_empty()).then_some(AccountDifference { account, target, what })
    }
}

/// A change for the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Which filter made it, e.g. `privilege`.
    pub filter: String,
    /// What changed.
    pub what: String,
    /// Why.
    pub why: String,
}

/// What became of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountResult {
    /// `apply` will create it.
    ToCreate,
    /// `apply` will alter it.
    ToAlter,
    /// It was created.
    Created,
    /// It was altered.
    Altered,
    /// It is on the target as planned.
    Present,
    /// It was on the target before, differs, and is kept.
    Foreign,
    /// It cannot be carried as it is; a person can say otherwise in its script.
    Refused,
    /// A person's script says so.
    Skipped,
    /// It gets no script.
    LeftOut,
    /// Its script cannot be used, or the target refused a statement. The others went on.
    Failed,
}

impl AccountReport {
    /// An account that gets no script.
    #[must_use]
    pub fn left_out(name: &AccountName, why: String) -> Self {
        let mut report = Self::new(name, AccountResult::LeftOut);
        report.why.push(why);
        report
    }

    pub(super) fn new(name: &AccountName, result: AccountResult) -> Self {
        Self {
            account: name.plain(),
            target: None,
            file: None,
            result,
            deeds: Vec::new(),
            changes: Vec::new(),
            kept: Vec::new(),
            why: Vec::new(),
        }
    }

    /// Takes over what the plan noted.
    pub(super) fn tell(&mut self, notes: &[Note]) {
        for note in notes {
            match note {
                Note::Change { rewrite, what, why } => self.changes.push(Notice {
                    filter: rewrite.clone(),
                    what: what.clone(),
                    why: why.clone(),
                }),
                Note::Refused { rewrite: _, what: _, why, remedy } => {
                    self.why.push(format!("{why}; {remedy}"));
                }
                Note::Broken { what } => self.why.push(what.clone()),
            }
        }
    }
}
