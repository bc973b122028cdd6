//! Reasons to worry, judged before anything is touched: one file each.
//!
//! A rule sees plain facts of both servers and what is planned, and never asks a server. What a rewrite
//! refuses by object (kinds and types MySQL does not have, names that fall together) is not repeated here.

mod target_privileges;
mod snapshot_privileges;
mod function_creators;
mod primary_key_settings;
mod local_infile;
mod packet_size;
mod binary_log;

use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::facts::{ServerFacts, Side};
use crate::name::{ObjectId, ObjectKind};

/// What rules judge.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// Where the data comes from.
    pub source: &'a ServerFacts,
    /// Where it goes.
    pub target: &'a ServerFacts,
    /// What the source holds of what is selected.
    pub catalog: &'a Catalog,
    /// What is to be made, as the target spells it.
    pub planned: &'a [ObjectId],
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Note,
    /// Something will be slower, or fail for some objects.
    Warning,
    /// Nothing should be begun.
    Blocker,
}

/// What a rule saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's name.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// The server it is about.
    pub side: Side,
    /// What was seen.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

/// One reason to worry.
trait Rule: Sync {
    /// Its name, as in findings.
    fn name(&self) -> &'static str;
    /// Looks at the scene.
    fn judge(&self, scene: &Scene<'_>) -> Vec<Seen>;
}

/// A finding before its rule's name is put to it.
struct Seen {
    severity: Severity,
    side: Side,
    what: String,
    remedy: String,
}

/// All rules, in the order of findings.
const RULES: [&dyn Rule; 7] = [
    &target_privileges::TargetPrivileges,
    &snapshot_privileges::SnapshotPrivileges,
    &function_creators::FunctionCreators,
    &primary_key_settings::PrimaryKeySettings,
    &local_infile::LocalInfile,
    &packet_size::PacketSize,
    &binary_log::BinaryLog,
];

/// Asks every rule, in one fixed order.
#[must_use]
pub fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    let of = |rule: &&dyn Rule| {
        let name = rule.name();
        let found = rule.judge(scene).into_iter();
        found.map(move |Seen { severity, side, what, remedy }| Finding {
            rule: name.to_owned(),
            severity,
            side,
            what,
            remedy,
        })
    };
    RULES.iter().flat_map(of).collect()
}

impl Scene<'_> {
    fn plans(&self, kinds: &[ObjectKind]) -> bool {
        self.planned.iter().any(|object| kinds.contains(&object.kind))
    }
}

#[cfg(test)]
mod fixture;
