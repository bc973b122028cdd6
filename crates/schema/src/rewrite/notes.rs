//! What rewrites tell the user: changes made, and what cannot be made.

use serde::{Deserialize, Deserializer, Serialize};

/// A change a rewrite made to a definition, or something the user should know of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The rewrite's name, e.g. `engine`.
    pub rewrite: &'static str,
    /// What changed.
    pub what: String,
    /// Why.
    pub why: String,
}

/// A definition, or a part of one, that cannot go to the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The rewrite's name, e.g. `engine`.
    pub rewrite: &'static str,
    /// What cannot go.
    pub what: String,
    /// Why.
    pub why: String,
    /// What the user can do.
    pub remedy: String,
}

impl<'de> Deserialize<'de> for Change {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Written {
            rewrite: String,
            what: String,
            why: String,
        }
        let Written { rewrite, what, why } = Written::deserialize(deserializer)?;
        Ok(Self { rewrite: super::known_name(&rewrite), what, why })
    }
}

impl<'de> Deserialize<'de> for Refusal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Written {
            rewrite: String,
            what: String,
            why: String,
            remedy: String,
        }
        let Written { rewrite, what, why, remedy } = Written::deserialize(deserializer)?;
        Ok(Self { rewrite: super::known_name(&rewrite), what, why, remedy })
    }
}

/// Changes and refusals of one object, gathered while its definition is rewritten.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    pub(crate) changes: Vec<Change>,
    pub(crate) refusals: Vec<Refusal>,
}

impl Notes {
    pub(crate) fn change(
        &mut self,
        rewrite: &'static str,
        what: impl Into<String>,
        why: impl Into<String>,
    ) {
        let change = Change { rewrite, what: what.into(), why: why.into() };
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }

    pub(crate) fn refuse(
        &mut self,
        rewrite: &'static str,
        what: impl Into<String>,
        why: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let refusal =
            Refusal { rewrite, what: what.into(), why: why.into(), remedy: remedy.into() };
        if !self.refusals.contains(&refusal) {
            self.refusals.push(refusal);
        }
    }
}
