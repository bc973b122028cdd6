//! `sealift completions`: lets the shell complete sealift's commands.

use clap::CommandFactory;
use clap_complete::Shell;
use sealift_engine::fault::{ErrorCode, Fault};
use sealift_engine::report::Conclusion;
use serde_json::json;

use super::Answer;
use crate::args::Args;

/// Print a script that lets the shell complete sealift's commands
///
/// For bash: sealift completions bash > ~/.local/share/bash-completion/completions/sealift
#[derive(Debug, clap::Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

pub(super) fn completions(args: &CompletionsArgs) -> Result<Answer, Fault> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "sealift", &mut script);
    let script = String::from_utf8(script).map_err(|error| {
        Fault::new(ErrorCode::Internal, "write the completion script").because(error)
    })?;
    let mut answer = Answer::new(Conclusion::Done, script.clone());
    answer.add("script", json!(script));
    Ok(answer)
}
