//! The plan as it lies in its folder, with people's edits: what a run carries out.

use std::collections::BTreeMap;

use sealift_schema::name::{ObjectId, QualifiedName};

use super::draft::Note;
use super::folder::Folder;
use super::make::same_object;
use super::manifest::{Entry, Manifest};
use super::script::{Script, State, hash, step_words};
use crate::fault::{ErrorCode, Fault};
use crate::stage::{Part, Step};

/// A plan, ready to be carried out.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Hash of everything that will be carried out: scripts, their states and their order.
    pub identity: String,
    /// Servers and policy the scripts were made for.
    pub settings: BTreeMap<String, String>,
    /// Scripts in the order they are carried out.
    pub steps: Vec<PlanStep>,
}

/// One script of a plan.
#[derive(Clone, Debug)]
pub struct PlanStep {
    /// The object's name on the target (for indexes and foreign keys: their table's).
    pub target: QualifiedName,
    /// The table it belongs to, on the target: for indexes, foreign keys and triggers.
    pub table: Option<QualifiedName>,
    /// Tables and views of the target it reads: for views, as far as the source told.
    pub reads: Vec<QualifiedName>,
    /// Path below the plan's folder.
    pub file: String,
    /// Header and SQL.
    pub script: Script,
    /// Whether the SQL is a person's.
    pub edited: bool,
    /// Why sealift generated it as it did, and what stands against it.
    pub notes: Vec<Note>,
    /// Hash of the source's definition it was made from.
    pub(crate) source: String,
}

impl PlanStep {
    /// What it makes.
    #[must_use]
    pub fn step(&self) -> &Step {
        &self.script.step
    }

    /// Whether it is to be carried out.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.script.state != State::Skip
    }

    /// Whether a person has edited or locked it.
    #[must_use]
    pub fn is_touched(&self) -> bool {
        self.edited || self.script.state == State::Locked
    }
}

/// Why a plan does not fit the source any more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stale {
    /// The object's definition is another.
    Moved(ObjectId),
    /// The object is not in the plan.
    New(ObjectId),
    /// The object is no longer there, or no longer selected.
    Gone(ObjectId),
    /// A setting is another; its name.
    Setting(String),
}

impl Stale {
    /// The object it is about, if it is about one.
    #[must_use]
    pub fn object(&self) -> Option<&ObjectId> {
        match self {
            Self::Moved(object) | Self::New(object) | Self::Gone(object) => Some(object),
            Self::Setting(_) => None,
        }
    }
}

impl Plan {
    /// Reads the folder.
    ///
    /// # Errors
    /// When there is no plan, or one of its files is missing or cannot be used.
    pub fn read(folder: &Folder) -> Result<Self, Fault> {
        let manifest = folder.manifest()?.ok_or_else(|| {
            let path = folder.root().display();
            Fault::new(ErrorCode::PlanMissing, format!("there is no plan in {path}"))
        })?;
        let Manifest { version: _, unfinished: _, settings, steps: entries, sources: _ } = manifest;
        let steps: Vec<PlanStep> = entries
            .into_iter()
            .map(|entry| read_step(folder, entry))
            .collect::<Result<_, Fault>>()?;
        let identity = hash(steps.iter().flat_map(|step| {
            [step.file.as_str(), step.script.state.word(), step.script.body.trim_end()]
        }));
        Ok(Self { identity, settings, steps })
    }

    /// The scripts of a part, in order.
    pub fn of(&self, part: Part) -> impl Iterator<Item = &PlanStep> {
        self.steps.iter().filter(move |step| step.step().part == part)
    }

    /// What does not fit the source any more, given its definitions and settings of today as
    /// [`Draft`](super::draft::Draft) tells them.
    #[must_use]
    pub fn stale(
        &self,
        sources: &BTreeMap<ObjectId, String>,
        settings: &BTreeMap<String, String>,
    ) -> Vec<Stale> {
        let mut planned: BTreeMap<&ObjectId, (&str, bool)> = BTreeMap::new();
        for step in &self.steps {
            let seen = planned.entry(&step.step().object).or_insert((&step.source, false));
            seen.1 |= step.is_wanted();
        }
        let mut stale = Vec::new();
        for (name, value) in settings {
            if self.settings.get(name) != Some(value) {
                stale.push(Stale::Setting(name.clone()));
            }
        }
        for (object, text) in sources {
            match planned.get(object) {
                None => stale.push(Stale::New(object.clone())),
                Some((known, true)) if *known != hash([text.as_str()]) => {
                    stale.push(Stale::Moved(object.clone()));
                }
                // What is skipped may move as it likes.
                Some(_) => {}
            }
        }
        for (object, (_, wanted)) in planned {
            if wanted && !sources.contains_key(object) {
                stale.push(Stale::Gone(object.clone()));
            }
        }
        stale
    }
}

fn read_step(folder: &Folder, entry: Entry) -> Result<PlanStep, Fault> {
    let shown = folder.path(&entry.file).display().to_string();
    let script = folder.script(&entry.file)?.ok_or_else(|| {
        Fault::new(ErrorCode::PlanInvalid, format!("{shown} is missing"))
            .about(step_words(&entry.step))
            .advise("run sealift plan to write it again; to leave the object out, set its state to skip")
    })?;
    same_object(folder, &entry.file, &script.step, &entry.step)?;
    let body = script.body_hash();
    if entry.before.as_ref() == Some(&body) && script.state != State::Locked {
        return Err(Fault::new(
            ErrorCode::PlanInvalid,
            format!("{shown} is of an earlier plan: sealift plan was interrupted"),
        )
        .advise("run sealift plan again"));
    }
    Ok(PlanStep {
        edited: body != entry.generated,
        target: entry.target,
        table: entry.table,
        reads: entry.reads,
        file: entry.file,
        script,
        notes: entry.notes,
        source: entry.source,
    })
}
