//! The final report in three forms: terminal, JSON, HTML.

use std::path::{Path, PathBuf};

use sealift_engine::fault::{ErrorCode, Fault};
use sealift_engine::report::{Conclusion, LeftOutBecause, ObjectResult, Report};

mod html;
pub(crate) mod terminal;

/// Writes `report.json` and `report.html` into the state folder; returns the path of the latter.
pub(crate) fn write(report: &Report, folder: &Path) -> Result<PathBuf, Fault> {
    let failed = |path: &Path, cause: Box<dyn std::error::Error + Send + Sync>| {
        Fault::new(ErrorCode::StateBroken, "write the report")
            .about(format!("file {}", path.display()))
            .because(cause)
    };
    let json = folder.join("report.json");
    let text = serde_json::to_string_pretty(report).map_err(|error| failed(&json, error.into()))?;
    std::fs::write(&json, text).map_err(|error| failed(&json, error.into()))?;
    let html = folder.join("report.html");
    let text = html::render(report).map_err(|error| failed(&html, error.into()))?;
    std::fs::write(&html, text).map_err(|error| failed(&html, error.into()))?;
    Ok(html)
}

/// A conclusion as people say it.
pub(crate) fn word(conclusion: Conclusion) -> &'static str {
    match conclusion {
        Conclusion::Running => "running",
        Conclusion::Done => "done",
        Conclusion::Equal => "equal",
        Conclusion::Different => "different",
        Conclusion::Incomplete => "incomplete",
        Conclusion::Failed => "failed",
        Conclusion::Interrupted => "interrupted",
    }
}

/// How the result of a script is said.
fn result_word(result: &ObjectResult) -> &'static str {
    match result {
        ObjectResult::Created => "created",
        ObjectResult::Present => "was there",
        ObjectResult::Skipped => "skipped",
        ObjectResult::Failed(_) => "failed",
    }
}

/// How it is said why an object is left out.
fn left_out_word(because: &LeftOutBecause) -> &'static str {
    match because {
        LeftOutBecause::Refused => "cannot be carried",
        LeftOutBecause::Broken => "does not work on the source",
        LeftOutBecause::Skipped => "skipped in the plan",
    }
}

#[cfg(test)]
mod sample;
