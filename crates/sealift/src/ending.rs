//! How a command ends: the answer, the error, the exit code.

use std::ffi::OsString;
use std::process::ExitCode;

use sealift_engine::fault::{ErrorCode, Fault};
use sealift_engine::report::{Conclusion, FaultReport};
use serde_json::{Map, Value, json};

use crate::commands::{Answer, Context};
use crate::output::{Form, Output, Screen};
use crate::report::word;

/// Done, and equal where that was asked.
const DONE: u8 = 0;
/// Failed.
const FAILED: u8 = 1;
/// The command line or the configuration is not valid.
const USAGE: u8 = 2;
/// The answer is no.
const NO: u8 = 3;
/// Interrupted, can be gone on with.
pub(crate) const INTERRUPTED: u8 = 4;

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
        Conclusion::Different | Conclusion::Incomplete => NO,
        Conclusion::Interrupted => INTERRUPTED,
        Conclusion::Failed | Conclusion::Running => FAILED,
    }
}

/// Ends a command: closes its report, prints answer and error.
pub(crate) fn end(mut context: Context, result: Result<Answer, Fault>) -> ExitCode {
    let conclusion = result.as_ref().map(|answer| answer.conclusion);
    if context.report.ended.is_none() {
        context.report.end(&context.clock, conclusion);
    }
    let error = context.report.error.take();
    let code = exit_code(context.report.outcome, error.as_ref().map(|error| error.code));
    let answer = result.unwrap_or_else(|_told| Answer::nothing(context.report.outcome));
    match context.output.form {
        Form::Human => {
            context.output.print(&answer.text);
            match &error {
                Some(error) if error.code == ErrorCode::Interrupted => {
                    context.output.screen.tell(&format!("interrupted: {}", error.remedy));
                }
                Some(error) => context.output.error(error),
                None => {}
            }
        }
        Form::Json => {
            let mut keys = answer.keys;
            keys.insert("command".into(), json!(context.report.command));
            keys.insert("version".into(), json!(context.report.version));
            context.output.print_json(object(keys, context.report.outcome, code, error.as_ref()));
        }
    }
    ExitCode::from(code)
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
