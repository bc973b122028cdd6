//! Whether the plan still fits the source.

use sealift_schema::facts::Side;

use crate::fault::{ErrorCode, Fault};
use crate::plan::read::Stale;

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
    let named: Vec<String> = stale.iter().take(NAMED_MAX).map(words).collect();
    let more = match stale.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    let what = format!("the plan does not fit any more: {}{more}", named.join("; "));
    Err(Fault::new(ErrorCode::PlanStale, what).on(Side::Source))
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
