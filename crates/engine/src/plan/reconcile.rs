//! What becomes of one script when a new draft meets the file a person may have edited.

use super::draft::DraftStep;
use super::manifest::{Entry, Kept};
use super::script::{Script, State};

/// What `plan` did with one script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// Written for the first time, or again after it was deleted.
    Created,
    /// The file was as it should be.
    Unchanged,
    /// Nobody had edited it; written anew.
    Regenerated,
    /// Edited by a person: left alone.
    Edited,
    /// Locked by a person: left alone.
    Locked,
}

/// The outcome for one script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    /// The script as it is to be on disk.
    pub(crate) script: Script,
    /// What is done.
    pub(crate) fate: Fate,
    /// What is remembered of a person's version.
    pub(crate) kept: Option<Kept>,
    /// Whether the source's definition is another than the one the person had seen.
    pub(crate) moved: bool,
}

/// Decides for one script: the new draft, what the last plan remembered, the file as found.
pub(crate) fn reconcile(
    draft: &DraftStep,
    entry: Option<&Entry>,
    file: Option<Script>,
) -> Decision {
    let Some(found) = file else {
        let script = draft.script(draft.state());
        return Decision { script, fate: Fate::Created, kept: None, moved: false };
    };
    let body = found.body_hash();
    let untouched = draft.script(found.state).body_hash() == body
        || entry.is_some_and(|e| e.generated == body || e.before.as_ref() == Some(&body));
    if found.state == State::Locked || !untouched {
        let based_on = based_on(draft, entry, &body);
        let moved = based_on != draft.source_hash();
        let fate = if found.state == State::Locked { Fate::Locked } else { Fate::Edited };
        return Decision { script: found, fate, kept: Some(Kept { body, based_on }), moved };
    }
    // A state that is still the one sealift gave follows the draft; any other is the person's own.
    let given = entry.map_or(draft.state(), |entry| entry.state);
    let state = if found.state == given { draft.state() } else { found.state };
    let script = draft.script(state);
    let fate = if script == found { Fate::Unchanged } else { Fate::Regenerated };
    Decision { script, fate, kept: None, moved: false }
}

/// The definition of the source that the person had before them when they last touched the file.
fn based_on(draft: &DraftStep, entry: Option<&Entry>, body: &str) -> String {
    match entry {
        None => draft.source_hash(),
        Some(Entry { kept: Some(kept), .. }) if kept.body == body => kept.based_on.clone(),
        Some(entry) => entry.source.clone(),
    }
}
