//! What the scripts of a plan would say, before anybody's edits are looked at.

use std::collections::BTreeMap;

use sealift_schema::name::QualifiedName;
use serde::{Deserialize, Serialize};

use super::reconcile::Drafted;
use super::script::{Script, State, hash};
use crate::stage::Step;

/// The scripts a catalog and a policy lead to, in the order they are carried out.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// What the draft was made for, to be shown and compared: servers and policy.
    pub settings: BTreeMap<String, String>,
    /// Scripts in order.
    pub steps: Vec<DraftStep>,
}

/// One script before anybody's edits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftStep {
    /// What it makes.
    pub step: Step,
    /// The object's name on the target (for indexes and foreign keys: their table's).
    pub target: QualifiedName,
    /// The table it belongs to, on the target: for indexes, foreign keys and triggers.
    pub table: Option<QualifiedName>,
    /// Tables and views of the target it reads: for views, as far as the source told.
    pub reads: Vec<QualifiedName>,
    /// The source's definition, with the settings it was made under.
    pub source: String,
    /// The SQL for the target.
    pub body: String,
    /// Why it looks as it does, and what stands against it.
    pub notes: Vec<Note>,
}

/// A reason told with a script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "note", rename_all = "kebab-case")]
pub enum Note {
    /// A change the definition needed.
    Change {
        /// The rewrite's name, e.g. `definer`.
        rewrite: String,
        /// What was changed into what.
        what: String,
        /// Why.
        why: String,
    },
    /// The object cannot be carried exactly; its script is written with state `skip`.
    Refused {
        /// The rewrite's name.
        rewrite: String,
        /// What cannot be carried.
        what: String,
        /// Why.
        why: String,
        /// What the operator can do.
        remedy: String,
    },
    /// The object does not work on the source either; its script is written with state `skip`.
    Broken {
        /// The server's words.
        what: String,
    },
}

impl Note {
    /// Whether the script is not to be carried out because of this.
    #[must_use]
    pub fn stops(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Broken { .. })
    }

    /// The header line.
    #[must_use]
    pub fn line(&self) -> String {
        match self {
            Self::Change { rewrite, what, why } => {
                format!("change {rewrite}: {what}, because {why}")
            }
            Self::Refused { rewrite, what, why, remedy } => {
                format!("refused {rewrite}: {what}, because {why}; {remedy}")
            }
            Self::Broken { what } => format!("broken on the source: {what}"),
        }
    }
}

impl Drafted for DraftStep {
    type Subject = Step;

    fn state(&self) -> State {
        if self.notes.iter().any(Note::stops) { State::Skip } else { State::Generated }
    }

    fn source_hash(&self) -> String {
        hash([self.source.as_str()])
    }

    fn script(&self, state: State) -> Script {
        Script {
            step: self.step.clone(),
            state,
            notes: self.notes.iter().map(Note::line).collect(),
            body: self.body.clone(),
        }
    }
}
