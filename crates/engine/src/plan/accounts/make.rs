//! Writes the accounts' scripts, or writes them again around what people have edited.

use std::collections::{BTreeMap, BTreeSet};

use sealift_schema::account::AccountName;

use super::draft::AccountDraft;
use super::shelf::{Entry, Shelf};
use crate::fault::{ErrorCode, Fault};
use crate::plan::changes::unified;
use crate::plan::file_name::FileNames;
use crate::plan::folder::Folder;
use crate::plan::reconcile::{Decision, Drafted, Fate, reconcile};
use crate::plan::script::{Script, State, Subject};

/// What was done with the scripts.
#[derive(Clone, Debug, Default)]
pub struct Made {
    /// Each account's file and what was done with it.
    pub scripts: Vec<(AccountName, String, Fate)>,
    /// What the operator should know: whole sentences.
    pub notes: Vec<String>,
}

/// Writes the drafts into the plan's folder. Scripts nobody touched follow the drafts; edited and locked ones
/// stay.
///
/// # Errors
/// When a file cannot be used or written.
pub fn write(drafts: &[AccountDraft], plan: &Folder) -> Result<Made, Fault> {
    let folder = Shelf::folder(plan);
    let old = Shelf::read(&folder)?.unwrap_or_else(Shelf::new);
    let known: BTreeMap<&AccountName, &Entry> =
        old.accounts.iter().map(|entry| (&entry.name, entry)).collect();
    let mut names = FileNames::default();
    old.accounts.iter().for_each(|entry| names.keep(&entry.file));
    let mut shelf = Shelf::new();
    let mut made = Made::default();
    let mut decided = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let entry = known.get(&draft.name).copied();
        let file = match entry {
            Some(entry) => entry.file.clone(),
            None => names.give(&draft.name.plain(), ".sql"),
        };
        let found = folder.script::<AccountName>(&file)?;
        if let Some(found) = &found {
            same_account(&folder, &file, found, &draft.name)?;
        }
        let decision = reconcile(draft, entry.map(Entry::remembered), found);
        let remembered = remember(draft, &file, entry, &decision);
        if decision.moved {
            made.notes.push(moved(draft, &remembered, &old));
        }
        shelf.sources.insert(remembered.source.clone(), draft.source.clone());
        shelf.accounts.push(remembered);
        made.scripts.push((draft.name.clone(), file, decision.fate));
        decided.push(decision);
    }
    for (hash, text) in &old.sources {
        shelf.sources.entry(hash.clone()).or_insert_with(|| text.clone());
    }
    shelf.forget_unused_sources();
    shelf.write(&folder)?;
    for ((_, file, fate), decision) in made.scripts.iter().zip(&decided) {
        if matches!(fate, Fate::Created | Fate::Regenerated) {
            folder.write(file, &decision.script.print())?;
        }
    }
    made.notes.extend(remove_gone(&old, &shelf, &folder)?);
    if shelf.accounts.iter().any(|entry| entry.before.is_some()) {
        shelf.accounts.iter_mut().for_each(|entry| entry.before = None);
        shelf.write(&folder)?;
    }
    Ok(made)
}

fn same_account(
    folder: &Folder,
    file: &str,
    found: &Script<AccountName>,
    expected: &AccountName,
) -> Result<(), Fault> {
    if found.step == *expected {
        return Ok(());
    }
    let what = format!(
        "{}: its object line says {}, but this is the file of {}",
        folder.path(file).display(),
        found.step.words(),
        expected.words()
    );
    Err(Fault::new(ErrorCode::PlanInvalid, what))
}

fn remember(
    draft: &AccountDraft,
    file: &str,
    old: Option<&Entry>,
    decision: &Decision<AccountName>,
) -> Entry {
    let state = draft.state();
    let generated = draft.script(state).body_hash();
    let before = old
        .filter(|_| decision.fate == Fate::Regenerated)
        .map(|entry| entry.generated.clone())
        .filter(|hash| *hash != generated);
    Entry {
        name: draft.name.clone(),
        file: file.to_owned(),
        source: draft.source_hash(),
        generated,
        before,
        state,
        notes: draft.notes.clone(),
        kept: decision.kept.clone(),
        done: old.and_then(|entry| entry.done.clone()),
    }
}

/// What moved on the source beneath a person's version; secrets are sealed on both sides.
fn moved(draft: &AccountDraft, entry: &Entry, old: &Shelf) -> String {
    let based_on = entry.kept.as_ref().and_then(|kept| old.sources.get(&kept.based_on));
    let before = based_on.map_or("", String::as_str);
    let diff = unified(before, &draft.source, "source when it was edited", "source now");
    format!("{} moved on the source beneath your {}:\n{diff}", draft.name.words(), entry.file)
}

fn remove_gone(old: &Shelf, new: &Shelf, folder: &Folder) -> Result<Vec<String>, Fault> {
    let present: BTreeSet<&AccountName> = new.accounts.iter().map(|entry| &entry.name).collect();
    let mut notes = Vec::new();
    for entry in old.accounts.iter().filter(|entry| !present.contains(&entry.name)) {
        let Some(script) = folder.script::<AccountName>(&entry.file)? else { continue };
        let hash = script.body_hash();
        let is_own = hash == entry.generated || entry.before.as_ref() == Some(&hash);
        let words = entry.name.words();
        if script.state == State::Locked || !is_own {
            notes.push(format!(
                "{words} is no longer part of the plan; its script {} was yours and is left.",
                entry.file
            ));
        } else {
            folder.remove(&entry.file)?;
        }
        if let Some(account) = entry.on_target() {
            notes.push(format!(
                "{words} is gone from the source or no longer selected. On the target it is left: DROP USER \
                 {account} removes it."
            ));
        }
    }
    Ok(notes)
}
