//! Whether the plan still fits the source.

use sealift_schema::facts::Side;

use crate::fault::{ErrorCode, Fault};
use crate::plan::read::{Plan, Stale};

/// Objects named in one message; the rest is counted.
const NAMED_MAX: usize = 10;

/// Refuses a plan that does not fit any more, naming what moved.
///
/// # Errors
/// [`ErrorCode::PlanStale`] unless nothing moved.
pub fn fresh(stale: &[Stale]) -> Result<(), Fault> {
    if stale.is_empty() {
        return Ok(());
    }
    let what = format!("the plan does not fit any more: {}", named(stale));
    Err(Fault::new(ErrorCode::PlanStale, what).on(Side::Source))
}

/// Refuses a plan that cannot be made anew without a person, naming what moved: other settings, and the source beneath
/// scripts that a person has edited or locked.
///
/// # Errors
/// [`ErrorCode::PlanStale`] unless nothing of it moved.
pub fn untouched(plan: &Plan, stale: &[Stale]) -> Result<(), Fault> {
    let touched = |stale: &Stale| match stale.object() {
        Some(object) => plan
            .steps
            .iter()
            .find(|step| step.step().object == *object && step.is_wanted() && step.is_touched())
            .map(|step| format!("{} beneath your version of {}", words(stale), step.file)),
        None => Some(words(stale)),
    };
    let touched: Vec<String> = stale.iter().filter_map(touched).collect();
    if touched.is_empty() {
        return Ok(());
    }
    let what = format!("the plan does not fit any more: {}", joined(&touched));
    Err(Fault::new(ErrorCode::PlanStale, what).on(Side::Source).advise(
        "run sealift plan, which shows what moved beneath your edits and keeps them, then run the same command again",
    ))
}

/// What moved, for people.
#[must_use]
pub fn named(stale: &[Stale]) -> String {
    joined(&stale.iter().map(words).collect::<Vec<_>>())
}

fn joined(all: &[String]) -> String {
    let named: Vec<&str> = all.iter().take(NAMED_MAX).map(String::as_str).collect();
    match all.len().saturating_sub(NAMED_MAX) {
        0 => named.join("; "),
        more => format!("{}; and {more} more", named.join("; ")),
    }
}

fn words(stale: &Stale) -> String {
    match stale {
        Stale::Moved(object) => format!("{object} has changed"),
        Stale::New(object) => format!("{object} is new"),
        Stale::Gone(object) => format!("{object} is gone or no longer selected"),
        Stale::Setting(name) => format!("{name} is another than when the plan was made"),
    }
}

#[cfg(test)]
mod tests {
    use sealift_schema::name::{ObjectId, ObjectKind, QualifiedName};

    use super::*;

    #[test]
    fn what_moved_is_named_and_the_rest_counted() {
        assert!(fresh(&[]).is_ok());
        let table =
            |n: usize| ObjectId::new(ObjectKind::Table, QualifiedName::new("a", n.to_string()));
        let mut stale = vec![Stale::Setting("policy".into()), Stale::Moved(table(0))];
        stale.extend((1..12).map(|n| Stale::New(table(n))));
        let fault = fresh(&stale).unwrap_err();
        assert_eq!(fault.code, ErrorCode::PlanStale);
        assert!(fault.what.contains("policy is another"), "{fault}");
        assert!(fault.what.contains("table `a`.`0` has changed"), "{fault}");
        assert!(fault.what.ends_with("; and 3 more"), "{fault}");
    }
}
