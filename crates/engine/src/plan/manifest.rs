//! `plan.json`: what was generated, from which source text, under which settings.

use std::collections::{BTreeMap, BTreeSet};

use sealift_schema::name::QualifiedName;
use serde::{Deserialize, Serialize};

use super::draft::Note;
use super::reconcile::Remembered;
use super::script::State;
use crate::stage::Step;

/// The version of the file's form that this sealift writes, and the newest it reads.
pub const VERSION: u32 = 1;

/// The whole file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the file's form.
    pub version: u32,
    /// Whether the scripts are being written: as long as it says so, some may be missing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unfinished: bool,
    /// Servers and policy the scripts were made for.
    pub settings: BTreeMap<String, String>,
    /// Scripts in the order they are carried out.
    pub steps: Vec<Entry>,
    /// The source's definitions by their hash, those that kept edits were based on included.
    pub sources: BTreeMap<String, String>,
}

/// What is known of one script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What it makes.
    #[serde(flatten)]
    pub step: Step,
    /// The object's name on the target (for indexes and foreign keys: their table's).
    pub target: QualifiedName,
    /// The table it belongs to, on the target: for indexes, foreign keys and triggers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<QualifiedName>,
    /// Tables and views of the target it reads: for views, as far as the source told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reads: Vec<QualifiedName>,
    /// Path below the plan's folder, with `/`.
    pub file: String,
    /// Hash of the source's definition it stands for.
    pub source: String,
    /// Hash of the SQL as generated from it.
    pub generated: String,
    /// Hash of the SQL generated before, while the files are being rewritten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The state sealift itself would give it.
    pub state: State,
    /// Why it looks as it does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// Set while the file is not sealift's own text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<Kept>,
}

impl Entry {
    /// What a new draft is weighed against.
    pub(crate) fn remembered(&self) -> Remembered<'_> {
        Remembered {
            source: &self.source,
            generated: &self.generated,
            before: self.before.as_deref(),
            state: self.state,
            kept: self.kept.as_ref(),
        }
    }
}

/// A person's version of a script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Hash of the SQL as it was found.
    pub body: String,
    /// Hash of the source's definition that person had seen.
    pub based_on: String,
}

impl Manifest {
    /// An empty plan.
    #[must_use]
    pub fn new(settings: BTreeMap<String, String>) -> Self {
        let (steps, sources) = (Vec::new(), BTreeMap::new());
        Self { version: VERSION, unfinished: false, settings, steps, sources }
    }

    /// Whether whoever wrote the scripts was interrupted, and none of them is a person's version.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        self.unfinished && self.steps.iter().all(|entry| entry.kept.is_none())
    }

    /// Entries by step.
    #[must_use]
    pub fn by_step(&self) -> BTreeMap<&Step, &Entry> {
        self.steps.iter().map(|entry| (&entry.step, entry)).collect()
    }

    /// Drops source texts nothing refers to.
    pub fn forget_unused_sources(&mut self) {
        let used: BTreeSet<&String> = self
            .steps
            .iter()
            .flat_map(|entry| [Some(&entry.source), entry.kept.as_ref().map(|kept| &kept.based_on)])
            .flatten()
            .collect();
        self.sources.retain(|hash, _| used.contains(hash));
    }
}
