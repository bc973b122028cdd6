//! What could not be carried and holds no rows: views, routines, schemas, statements of a kind nobody knows. Tables
//! that are held stand in the target's ledger, beside their definitions.

use std::collections::{BTreeMap, BTreeSet};

use sealift_schema::name::ObjectId;
use serde::{Deserialize, Serialize};

/// Something that happened to what is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum HeldEvent {
    /// A statement about an object could not be carried: the target may have it otherwise.
    Object {
        /// Which, by its name on the source.
        object: ObjectId,
        /// The statement, its place, and why.
        reason: String,
    },
    /// The operator says what is to become of it. The next run does it.
    Chosen {
        /// Which.
        object: ObjectId,
        /// What.
        choice: Choice,
    },
    /// It is on the target as it should be, or left to the operator.
    Released {
        /// Which.
        object: ObjectId,
    },
    /// The run stopped before a statement of a kind that is not known.
    Stopped {
        /// Its transaction.
        transaction: String,
        /// The statement.
        statement: String,
    },
    /// The operator lets that statement pass.
    Passes {
        /// Its transaction.
        transaction: String,
    },
}

/// What is to become of an object that is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// It is made as the plan's script says; of a schema that is gone: it goes.
    Again,
    /// The same, with this as its script.
    Script(String),
    /// The target stays as it is.
    Skip,
}

/// An object that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldObject {
    /// The statement, its place, and why.
    pub reason: String,
    /// What is to become of it, if that is said.
    pub choice: Option<Choice>,
}

/// All that is held, but for tables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeldObjects {
    /// Objects by their names on the source.
    pub objects: BTreeMap<ObjectId, HeldObject>,
    /// Transaction and text of the statement that stopped the run.
    pub stopped: Option<(String, String)>,
    /// Transactions that pass.
    pub passing: BTreeSet<String>,
}

impl HeldObjects {
    /// What stands after an event; `None` when it cannot happen.
    pub(super) fn next(mut self, event: &HeldEvent) -> Option<Self> {
        match event {
            HeldEvent::Object { object, reason } => {
                let held = HeldObject { reason: reason.clone(), choice: None };
                self.objects.insert(object.clone(), held);
            }
            HeldEvent::Chosen { object, choice } => {
                self.objects.get_mut(object)?.choice = Some(choice.clone());
            }
            HeldEvent::Released { object } => {
                self.objects.remove(object)?;
            }
            HeldEvent::Stopped { transaction, statement } => {
                self.stopped = Some((transaction.clone(), statement.clone()));
            }
            HeldEvent::Passes { transaction } => {
                self.stopped.take_if(|(stopped, _)| stopped == transaction)?;
                self.passing.insert(transaction.clone());
            }
        }
        Some(self)
    }

    /// What is held by a statement that was not to blame before.
    #[must_use]
    pub fn since(&self, before: &Self) -> BTreeSet<ObjectId> {
        let is_known = |object: &ObjectId, held: &HeldObject| {
            before.objects.get(object).is_some_and(|before| before.reason == held.reason)
        };
        let objects = self.objects.iter().filter(|(object, held)| !is_known(object, held));
        objects.map(|(object, _)| object.clone()).collect()
    }

    /// The reasons, by object.
    #[must_use]
    pub fn reasons(&self) -> BTreeMap<ObjectId, String> {
        let reasons = self.objects.iter();
        reasons.map(|(object, held)| (object.clone(), held.reason.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use sealift_schema::name::{ObjectKind, QualifiedName};

    use super::*;

    fn after(events: &[HeldEvent]) -> Option<HeldObjects> {
        events.iter().try_fold(HeldObjects::default(), HeldObjects::next)
    }

    #[test]
    fn an_object_is_held_until_it_is_released_and_the_last_word_counts() {
        let object = ObjectId::new(ObjectKind::View, QualifiedName::new("shop", "v"));
        let held =
            |reason: &str| HeldEvent::Object { object: object.clone(), reason: reason.into() };
        let chosen = HeldEvent::Chosen { object: object.clone(), choice: Choice::Skip };
        let released = HeldEvent::Released { object: object.clone() };
        let now = after(&[held("a"), chosen.clone()]).unwrap();
        assert_eq!(now.objects[&object].choice, Some(Choice::Skip));
        let now = after(&[held("a"), chosen.clone(), held("b")]).unwrap();
        assert_eq!(now.objects[&object].choice, None, "that was said of another statement");
        assert_eq!(now.reasons()[&object], "b");
        let before = after(&[held("a")]).unwrap();
        assert_eq!(now.since(&before), BTreeSet::from([object.clone()]));
        let asked = after(&[held("b"), chosen.clone()]).unwrap();
        assert!(now.since(&asked).is_empty(), "nothing has come since");
        assert!(after(&[held("a"), released.clone()]).unwrap().objects.is_empty());
        assert_eq!(after(&[chosen]), None);
        assert_eq!(after(&[released]), None);
    }

    #[test]
    fn only_the_statement_that_stopped_the_run_can_be_let_pass() {
        let stopped = |transaction: &str| HeldEvent::Stopped {
            transaction: transaction.into(),
            statement: "odd".into(),
        };
        let passes = HeldEvent::Passes { transaction: "a:1".into() };
        let now = after(&[stopped("a:1"), stopped("a:1"), passes.clone()]).unwrap();
        assert!(now.passing.contains("a:1") && now.stopped.is_none());
        assert_eq!(after(std::slice::from_ref(&passes)), None);
        assert_eq!(after(&[stopped("a:2"), passes]), None);
    }
}
