//! What becomes of one script when a new draft meets the file a person may have edited.

use super::manifest::Kept;
use super::script::{Script, State, Subject};
use crate::stage::Step;

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

impl Fate {
    /// Every fate, in words for people.
    pub const WORDS: [(Self, &'static str); 5] = [
        (Self::Created, "new"),
        (Self::Regenerated, "written anew"),
        (Self::Unchanged, "unchanged"),
        (Self::Edited, "edited by you and kept"),
        (Self::Locked, "locked by you and kept"),
    ];
}

/// A script before anybody's edits.
pub(crate) trait Drafted {
    /// What it is about.
    type Subject: Subject + PartialEq;

    /// The state it gets if nobody says otherwise.
    fn state(&self) -> State;

    /// The hash by which a change of the source is seen.
    fn source_hash(&self) -> String;

    /// The script with a state.
    fn script(&self, state: State) -> Script<Self::Subject>;
}

/// What the last plan remembered of a script.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Remembered<'a> {
    /// Hash of the source's definition it stood for.
    pub(crate) source: &'a str,
    /// Hash of the SQL as generated from it.
    pub(crate) generated: &'a str,
    /// Hash of the SQL generated before, while the files are being rewritten.
    pub(crate) before: Option<&'a str>,
    /// The state sealift itself gave it.
    pub(crate) state: State,
    /// What was remembered of a person's version.
    pub(crate) kept: Option<&'a Kept>,
}

/// The outcome for one script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decision<S = Step> {
    /// The script as it is to be on disk.
    pub(crate) script: Script<S>,
    /// What is done.
    pub(crate) fate: Fate,
    /// What is remembered of a person's version.
    pub(crate) kept: Option<Kept>,
    /// Whether the source's definition is another than the one the person had seen.
    pub(crate) moved: bool,
}

/// Decides for one script: the new draft, what the last plan remembered, the file as found.
pub(crate) fn reconcile<D: Drafted>(
    draft: &D,
    entry: Option<Remembered<'_>>,
    file: Option<Script<D::Subject>>,
) -> Decision<D::Subject> {
    let Some(found) = file else {
        let script = draft.script(draft.state());
        return Decision { script, fate: Fate::Created, kept: None, moved: false };
    };
    let body = found.body_hash();
    let untouched = draft.script(found.state).body_hash() == body
        || entry.is_some_and(|e| e.generated == body || e.before == Some(&body));
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
fn based_on<D: Drafted>(draft: &D, entry: Option<Remembered<'_>>, body: &str) -> String {
    match entry {
        None => draft.source_hash(),
        Some(Remembered { kept: Some(kept), .. }) if kept.body == body => kept.based_on.clone(),
        Some(entry) => entry.source.to_owned(),
    }
}
