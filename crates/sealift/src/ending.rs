//! How a command ends: the answer, the error, the exit code.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use sealift_engine::fault::{ErrorCode, Fault};
use sealift_engine::report::{Conclusion, FaultReport, Report};
use serde_json::{Map, Value, json};

use crate::commands::{Answer, Context};
use crate::output::{Form, Output, Screen};
use crate::report::terminal::summary;
use crate::report::{self, word};

/// Done, and equal where that was asked.
const DONE: u8 = 0;
/// Failed.
const FAILED: u8 = 1;
/// The command line or the configuration is not valid.
const USAGE: u8 = 2;
/// The answer is no.
const NO: u8 = 3;
/// Interrupted, can be gone on with.
const INTERRUPTED: u8 = 4;

/// The exit code of an ending.
fn exit_code(conclusion: Conclusion, error: Option<ErrorCode>) -> u8 {
    match error {
        Some(
            ErrorCode::ConfigMissing
            | ErrorCode::ConfigInvalid
            | ErrorCode::UrlInvalid
            | ErrorCode::PasswordMissing
            | ErrorCode::UsageInvalid,
        ) => return USAGE,
        Some(ErrorCode::Differences) => return NO,
        Some(_) | None => {}
    }
    match conclusion {
        Conclusion::Done | Conclusion::Equal => DONE,
        Conclusion::Different
        | Conclusion::Unsettled
        | Conclusion::Incomplete
        | Conclusion::Refused => NO,
        Conclusion::Interrupted => INTERRUPTED,
        Conclusion::Failed | Conclusion::Running => FAILED,
    }
}

/// Ends a command: closes its report, prints answer and error.
pub(crate) fn end(mut context: Context, result: Result<Answer, Fault>) -> ExitCode {
    let (answer, fault) = match result {
        Ok(mut answer) => {
            let fault = answer.fault.take();
            (answer, fault)
        }
        Err(fault) => (Answer::nothing(), Some(fault)),
    };
    context.report.end(&context.clock, fault.as_ref().map_or(Ok(answer.conclusion), Err));
    if answer.conclusion == Conclusion::Refused {
        // Why is no failure of the command's.
        context.report.outcome = Conclusion::Refused;
    }
    let written = write_report(&context);
    let Context { output, report, .. } = context;
    let code = exit_code(report.outcome, report.error.as_ref().map(|error| error.code));
    log(&report, code);
    match output.form {
        Form::Human => {
            output.print(&answer.text);
            if let Some(path) = written.filter(|_path| !output.is_quiet) {
                output.print(&summary(&report, output.prose_width()));
                output.print(&format!("report: {}\n", path.display()));
            }
            match &report.error {
                Some(error) if error.code == ErrorCode::Interrupted => {
                    output.screen.tell(&format!("interrupted: {}", error.remedy));
                }
                Some(error) => output.error(error),
                None => {}
            }
        }
        Form::Json => {
            let mut keys = json_keys(&report, written.as_deref());
            keys.extend(answer.keys);
            output.print_json(object(keys, report.outcome, code, report.error.as_ref()));
        }
    }
    ExitCode::from(code)
}

/// Tells the log how it ended.
fn log(report: &Report, exit_code: u8) {
    let outcome = word(report.outcome);
    match &report.error {
        Some(error) if error.code != ErrorCode::Interrupted => {
            let FaultReport { code, side, object, what, cause, remedy, page: _ } = error;
            let side = side.map(|side| side.to_string());
            tracing::error!(%code, side, object, what, cause, remedy, outcome, exit_code, "ended");
        }
        Some(_) | None => tracing::info!(outcome, exit_code, "ended"),
    }
}

/// Writes the report's files; a command that could not is not spoilt by it.
fn write_report(context: &Context) -> Option<PathBuf> {
    match report::write(&context.report, context.report_folder.as_ref()?) {
        Ok(path) => Some(path),
        Err(fault) => {
            context.output.warn(&fault.to_string());
            None
        }
    }
}

/// What a report says to scripts: everything where it was written, else only whose it is.
fn json_keys(report: &Report, written: Option<&Path>) -> Map<String, Value> {
    let Some(path) = written else {
        let keys = [("command", json!(report.command)), ("version", json!(report.version))];
        return keys.map(|(key, value)| (key.to_owned(), value)).into_iter().collect();
    };
    let Ok(Value::Object(mut keys)) = serde_json::to_value(report) else { return Map::new() };
    keys.insert("report".into(), json!(path));
    keys
}

/// The object scripts get.
fn object(
    mut keys: Map<String, Value>,
    outcome: Conclusion,
    code: u8,
    error: Option<&FaultReport>,
) -> Map<String, Value> {
    keys.insert("outcome".into(), json!(word(outcome)));
    keys.insert("exit_code".into(), json!(code));
    keys.insert("error".into(), json!(error));
    keys
}

/// What is said when the operator does not wait for the end; returns the exit code.
pub(crate) fn left(output: &Output) -> u8 {
    let fault = FaultReport::from(&Fault::new(ErrorCode::Interrupted, "left at once"));
    output.screen.draw(&[]);
    output.screen.tell(&format!("interrupted: left at once; {}", fault.remedy));
    if output.form == Form::Json {
        let keys = object(Map::new(), Conclusion::Interrupted, INTERRUPTED, Some(&fault));
        output.print_json(keys);
    }
    INTERRUPTED
}

/// Ends where the command line could not be parsed, or only asked for help.
pub(crate) fn unparsed(
    error: &clap::Error,
    mut args: impl Iterator<Item = OsString>,
    screen: Screen,
) -> ExitCode {
    if error.use_stderr() && args.any(|arg| arg == "--json") {
        let said = error.to_string();
        let what = said.lines().next().unwrap_or_default().trim_start_matches("error: ");
        let fault = FaultReport::from(&Fault::new(ErrorCode::UsageInvalid, what));
        let output = Output { form: Form::Json, is_quiet: false, screen };
        output.print_json(object(Map::new(), Conclusion::Failed, USAGE, Some(&fault)));
        return ExitCode::from(USAGE);
    }
    // A reader that went away has seen enough.
    drop(error.print());
    ExitCode::from(if error.use_stderr() { USAGE } else { DONE })
}
