//! `accounts.json` and the scripts beside it: what was generated, and what was done on the target.

use std::collections::BTreeMap;
use std::io::Write;

use sealift_schema::account::difference::{AsPlanned, History};
use sealift_schema::account::right::{Rights, granting};
use sealift_schema::account::{Account, AccountName, read_rights};
use serde::{Deserialize, Serialize};

use super::FOLDER;
use super::draft::sealed;
use crate::fault::{ErrorCode, Fault};
use crate::plan::draft::Note;
use crate::plan::folder::Folder;
use crate::plan::manifest::Kept;
use crate::plan::reconcile::Remembered;
use crate::plan::script::{State, hash};

/// Name of the file in the folder.
const MANIFEST: &str = "accounts.json";

/// The version of the file's form.
const VERSION: u32 = 1;

/// The whole file. It holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shelf {
    version: u32,
    /// Accounts in the order of their names on the source.
    pub(super) accounts: Vec<Entry>,
    /// The source's definitions by their hash, those that kept edits were based on included.
    pub(super) sources: BTreeMap<String, String>,
}

/// What is known of one account's script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Its name on the source.
    pub(super) name: AccountName,
    /// The script's file.
    pub(super) file: String,
    /// Hash of the source's definition it stands for.
    pub(super) source: String,
    /// Hash of the SQL as generated from it.
    pub(super) generated: String,
    /// Hash of the SQL generated before, while the files are being rewritten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) before: Option<String>,
    /// The state sealift itself would give it.
    pub(super) state: State,
    /// Why it looks as it does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) notes: Vec<Note>,
    /// Set while the file is not sealift's own text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) kept: Option<Kept>,
    /// What was done on the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) done: Option<Done>,
}

/// What sealift did to an account of the target. Written before the deed, and again after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Done {
    /// The account on the target.
    account: AccountName,
    /// Whether it was ended.
    is_ended: bool,
    /// Hash of the definition.
    definition: String,
    /// `GRANT` statements: what was given or meant to be.
    rights: Vec<String>,
}

impl Shelf {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        Self { version: VERSION, accounts: Vec::new(), sources: BTreeMap::new() }
    }

    /// The folder of accounts' scripts in a plan's folder.
    pub(super) fn folder(plan: &Folder) -> Folder {
        plan.private(FOLDER)
    }

    /// Reads the file; `None` when there is none.
    pub(super) fn read(folder: &Folder) -> Result<Option<Self>, Fault> {
        let Some(bytes) = folder.bytes(MANIFEST)? else { return Ok(None) };
        let shelf: Self = serde_json::from_slice(&bytes)
            .map_err(|error| folder.unusable(MANIFEST).because(error))?;
        if shelf.version > VERSION {
            let what =
                format!("{} was written by a newer sealift", folder.path(MANIFEST).display());
            return Err(Fault::new(ErrorCode::StateNewer, what));
        }
        Ok(Some(shelf))
    }

    /// Writes the file and makes it durable.
    pub(super) fn write(&self, folder: &Folder) -> Result<(), Fault> {
        folder.replace(MANIFEST, |out| {
            serde_json::to_writer_pretty(&mut *out, self)?;
            out.write_all(b"\n")?;
            out.flush()?;
            out.get_ref().sync_all()
        })
    }

    /// Drops source texts nothing refers to.
    pub(super) fn forget_unused_sources(&mut self) {
        let used: Vec<String> = self
            .accounts
            .iter()
            .flat_map(|entry| {
                let kept = entry.kept.as_ref().map(|kept| kept.based_on.clone());
                [Some(entry.source.clone()), kept]
            })
            .flatten()
            .collect();
        self.sources.retain(|hash, _| used.contains(hash));
    }
}

impl Entry {
    /// What a new draft is weighed against.
    pub(super) fn remembered(&self) -> Remembered<'_> {
        Remembered {
            source: &self.source,
            generated: &self.generated,
            before: self.before.as_deref(),
            state: self.state,
            kept: self.kept.as_ref(),
        }
    }

    /// What sealift did to this account of the target, as far as it is the same one still.
    pub(super) fn history(&self, wanted: &Account) -> History {
        let done = self.done.as_ref().filter(|done| done.account == wanted.definition.name);
        let Some(Done { account: _, is_ended, definition, rights }) = done else {
            return History::None;
        };
        let rights = read_rights(rights);
        if !is_ended {
            return History::Begun { rights };
        }
        let definition =
            if *definition == definition_hash(wanted) { AsPlanned::Same } else { AsPlanned::Moved };
        History::Done { definition, rights }
    }

    /// The account on the target that sealift made, if it did.
    pub(super) fn on_target(&self) -> Option<&AccountName> {
        self.done.as_ref().map(|done| &done.account)
    }

    /// Remembers that sealift is about to make an account so, before it does.
    pub(super) fn begin(&mut self, wanted: &Account) {
        let mut rights = match self.history(wanted) {
            History::None => Rights::new(),
            History::Begun { rights } | History::Done { rights, .. } => rights,
        };
        rights.extend(wanted.rights.iter().cloned());
        self.done = Some(Done { is_ended: false, ..Done::new(wanted, &rights) });
    }

    /// Remembers that an account was made so.
    pub(super) fn end(&mut self, wanted: &Account) {
        self.done = Some(Done::new(wanted, &wanted.rights));
    }
}

impl Done {
    fn new(wanted: &Account, rights: &Rights) -> Self {
        let name = &wanted.definition.name;
        Self {
            account: name.clone(),
            is_ended: true,
            definition: definition_hash(wanted),
            rights: granting(rights, name),
        }
    }
}

/// The hash by which a change of an account's definition and default roles is seen.
fn definition_hash(account: &Account) -> String {
    let mut only = account.clone();
    only.rights = Rights::new();
    hash([sealed(&only).as_str()])
}
