//! What the configuration may ask of the machine: environment, files, a command, the terminal.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use secrecy::SecretString;
use thiserror::Error;

/// The machine as the configuration sees it. Two implementations: [`Machine`], and the tests' own.
pub(crate) trait Surroundings: Send + Sync {
    /// An environment variable.
    fn variable(&self, name: &str) -> Option<String>;

    /// A file's bytes.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Whether others than the owner may read a file.
    fn is_open_to_others(&self, path: &Path) -> bool;

    /// What a command line prints.
    fn run(&self, command: &str) -> Result<SecretString, CommandError>;

    /// What a person at the terminal answers; `None` without a terminal.
    fn ask(&self, question: &str) -> Option<io::Result<SecretString>>;

    /// The word a person at the terminal types; `None` without a terminal.
    fn word(&self, question: &str) -> Option<io::Result<String>>;
}

/// Why a command gave no answer. Never holds what it printed on its standard output.
#[derive(Debug, Error)]
pub(crate) enum CommandError {
    /// No shell.
    #[error("the shell cannot be started: {0}")]
    Start(io::Error),
    /// It failed; the second part is the last line of its standard error.
    #[error("it ended with {status}{told}")]
    Failed {
        /// Exit status.
        status: String,
        /// `: ` and its own words, or nothing.
        told: String,
    },
    /// It printed bytes that are no text.
    #[error("it printed something that is not UTF-8")]
    NotText,
}

/// The real machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Machine;

impl Surroundings for Machine {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    #[cfg(unix)]
    fn is_open_to_others(&self, path: &Path) -> bool {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o044 != 0)
    }

    #[cfg(not(unix))]
    fn is_open_to_others(&self, _path: &Path) -> bool {
        false
    }

    fn run(&self, command: &str) -> Result<SecretString, CommandError> {
        let output = Command::new("sh")
            .args(["-c", command])
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .output()
            .map_err(CommandError::Start)?;
        if !output.status.success() {
            let told = String::from_utf8_lossy(&output.stderr);
            let told = told.trim().lines().last().unwrap_or_default();
            let told = if told.is_empty() { String::new() } else { format!(": {told}") };
            return Err(CommandError::Failed { status: output.status.to_string(), told });
        }
        let text = String::from_utf8(output.stdout).map_err(|_bytes| CommandError::NotText)?;
        Ok(SecretString::from(text.trim()))
    }

    fn ask(&self, question: &str) -> Option<io::Result<SecretString>> {
        (io::stdin().is_terminal() && io::stderr().is_terminal())
            .then(|| rpassword::prompt_password(question).map(SecretString::from))
    }

    fn word(&self, question: &str) -> Option<io::Result<String>> {
        let mut typed = String::new();
        (io::stdin().is_terminal() && io::stderr().is_terminal()).then(|| {
            io::stderr().write_all(question.as_bytes())?;
            io::stdin().read_line(&mut typed)?;
            Ok(typed.trim().to_owned())
        })
    }
}
