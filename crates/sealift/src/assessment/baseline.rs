//! What has changed since an earlier assessment.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use sealift_engine::fault::{ErrorCode, Fault};
use sealift_schema::rule::{Assessment, FORMAT, Level};
use serde::Serialize;
use serde_json::Value;

/// One finding, told from others by its check and its object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Told {
    pub(crate) id: String,
    pub(crate) object: String,
    pub(crate) level: Level,
}

/// What is new and what is gone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Changes {
    pub(crate) new: Vec<Told>,
    pub(crate) gone: Vec<Told>,
    /// Findings that were there and are accepted now.
    pub(crate) accepted: Vec<Told>,
}

/// Reads an earlier `assess --json`.
pub(crate) fn read(file: &Path) -> Result<Assessment, Fault> {
    let unusable = |cause: Box<dyn std::error::Error + Send + Sync>| {
        Fault::new(ErrorCode::UsageInvalid, "read the baseline")
            .about(format!("file {}", file.display()))
            .because(cause)
            .advise("name a file that sealift assess --json wrote")
    };
    let text = fs::read_to_string(file).map_err(|error| unusable(error.into()))?;
    let value: Value = serde_json::from_str(&text).map_err(|error| unusable(error.into()))?;
    let own = value.get("assessment").cloned().unwrap_or(value);
    let assessment: Assessment =
        serde_json::from_value(own).map_err(|error| unusable(error.into()))?;
    if assessment.format > FORMAT {
        return Err(unusable("a newer sealift wrote it".into()));
    }
    Ok(assessment)
}

/// Compares. A finding whose level changed is both gone and new.
pub(crate) fn changes(before: &Assessment, now: &Assessment) -> Changes {
    let (old, new) = (told(before, Kept::Counting), told(now, Kept::Counting));
    let accepted = told(now, Kept::Accepted);
    Changes {
        new: new.difference(&old).cloned().collect(),
        gone: old
            .iter()
            .filter(|told| !new.contains(told) && !accepted.contains(told))
            .cloned()
            .collect(),
        accepted: accepted.intersection(&old).cloned().collect(),
    }
}

/// Which findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    Counting,
    Accepted,
}

/// Findings that need a decision, or had one.
fn told(assessment: &Assessment, kept: Kept) -> BTreeSet<Told> {
    let of = |check: &sealift_schema::rule::CheckResult| {
        let found = check.findings.iter().filter(|found| found.level > Level::Notes);
        let found = found.filter(|found| found.accepted.is_some() == (kept == Kept::Accepted));
        let id = &check.id;
        let told = found.map(|found| Told {
            id: id.clone(),
            object: found.object.clone(),
            level: found.level,
        });
        told.collect::<Vec<_>>()
    };
    assessment.checks.iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn what_is_new_gone_and_accepted_is_told_apart() {
        let before = sample::assessment();
        assert_eq!(changes(&before, &before), Changes::default());
        let mut now = before.clone();
        now.checks[0].findings[0].object = "table `shop`.`other`".to_owned();
        now.checks[1].findings[0].accepted = Some("known".to_owned());
        let changes = changes(&before, &now);
        let objects = |told: &[Told]| told.iter().map(|t| t.object.clone()).collect::<Vec<_>>();
        assert_eq!(objects(&changes.new), ["table `shop`.`other`"]);
        assert_eq!(objects(&changes.gone), ["table `shop`.`log`"]);
        assert_eq!(objects(&changes.accepted), ["variable local_infile of the target"]);
    }

    #[test]
    fn a_baseline_is_the_command_s_own_answer() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("before.json");
        let text = serde_json::json!({ "assessment": sample::assessment(), "exit_code": 3 });
        std::fs::write(&file, text.to_string()).unwrap();
        assert_eq!(read(&file).unwrap(), sample::assessment());
        std::fs::write(&file, "{}").unwrap();
        assert_eq!(read(&file).unwrap_err().code, ErrorCode::UsageInvalid);
        assert!(read(&folder.path().join("nothing.json")).is_err());
    }
}
