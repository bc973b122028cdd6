//! The final report in three forms: terminal, JSON, HTML.

use std::fs;
use std::path::{Path, PathBuf};

use sealift_engine::fault::{ErrorCode, Fault};
use sealift_engine::report::{Conclusion, LeftOutBecause, ObjectResult, Report};

mod html;
pub(crate) mod terminal;

/// Writes the report as JSON and HTML into the state folder; returns the path of the HTML. Each command
/// has its own, so that `verify` does not take the run's away.
pub(crate) fn write(report: &Report, folder: &Path) -> Result<PathBuf, Fault> {
    let name = match report.command.as_str() {
        "run --offline" => "report".to_owned(),
        other => other.replace(' ', "-"),
    };
    let write =
        |path: &Path, text: &str| fs::write(path, text).map_err(|error| failed(path, error));
    let json = folder.join(format!("{name}.json"));
    let text = serde_json::to_string_pretty(report).map_err(|error| failed(&json, error))?;
    write(&json, &text)?;
    let html = folder.join(format!("{name}.html"));
    let text = html::render(report).map_err(|error| failed(&html, error))?;
    write(&html, &text)?;
    Ok(html)
}

fn failed(path: &Path, cause: impl std::error::Error + Send + Sync + 'static) -> Fault {
    Fault::new(ErrorCode::StateBroken, "write the report")
        .about(format!("file {}", path.display()))
        .because(cause)
}

/// A conclusion as people say it.
pub(crate) fn word(conclusion: Conclusion) -> &'static str {
    match conclusion {
        Conclusion::Running => "running",
        Conclusion::Done => "done",
        Conclusion::Equal => "equal",
        Conclusion::Different => "different",
        Conclusion::Unsettled => "unsettled",
        Conclusion::Incomplete => "incomplete",
        Conclusion::Refused => "refused",
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
