//! Views that cannot be made because something they read is left out of the plan.

use std::collections::{BTreeMap, BTreeSet};

use sealift_schema::name::{ObjectKind, QualifiedName};

use super::present::Present;
use crate::plan::read::{Plan, PlanStep};
use crate::stage::{Part, Step};

/// The views to be skipped, each with the reason. One that a person edited is tried all the same: it may
/// read something else by now.
pub(super) fn views(plan: &Plan, present: &Present) -> BTreeMap<Step, String> {
    let is_there = |name: &QualifiedName| {
        present.has(ObjectKind::Table, name) || present.has(ObjectKind::View, name)
    };
    let skipped = plan.of(Part::Tables).chain(plan.of(Part::Views));
    let skipped = skipped.filter(|step| !step.is_wanted() && !is_there(&step.target));
    let mut missing: BTreeSet<&QualifiedName> = skipped.map(|step| &step.target).collect();
    let candidates: Vec<&PlanStep> = plan
        .of(Part::Views)
        .filter(|step| step.is_wanted() && !step.edited && !is_there(&step.target))
        .collect();
    let mut reasons = BTreeMap::new();
    loop {
        let known = reasons.len();
        for step in &candidates {
            if let Some(read) = step.reads.iter().find(|read| missing.contains(read)) {
                missing.insert(&step.target);
                let reason = || format!("it reads {read}, which is left out");
                reasons.entry(step.step().clone()).or_insert_with(reason);
            }
        }
        if reasons.len() == known {
            return reasons;
        }
    }
}
