//! Where a password comes from: environment, file, command, configuration, or a person.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use sealift_engine::cutover::CLIENT_VARIABLE;
use sealift_engine::fault::{ErrorCode, Fault};
use sealift_mysql::password::{Password, Renew};
use sealift_schema::facts::Side;
use secrecy::{ExposeSecret, SecretString};

use super::surroundings::Surroundings;

/// What the configuration says about a password.
#[derive(Clone, Debug)]
pub(super) enum PasswordSource {
    /// Nothing: the environment or a person has it.
    Elsewhere,
    /// `password_file`.
    File(PathBuf),
    /// `password_command`.
    Command(String),
    /// Written into the configuration, against our advice.
    Written(SecretString),
}

/// Which login it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// On a side.
    Side(Side),
    /// Of the client that measures, on whichever side is live.
    Client,
}

/// Whose password it is.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    /// The server it is for.
    pub(super) whose: Whose,
    /// The login's name.
    pub(super) user: String,
    /// The environment variable that holds it; it wins over everything else.
    pub(super) variable: String,
}

impl Whose {
    /// The table of the configuration that says how it is made.
    pub(super) fn table(self) -> &'static str {
        match self {
            Self::Side(Side::Source) => "source",
            Self::Side(Side::Target) => "target",
            Self::Client => "cutover.client",
        }
    }

    /// The environment variable that holds its password.
    pub(super) fn variable(self) -> &'static str {
        match self {
            Self::Side(side) => variable(side),
            Self::Client => CLIENT_VARIABLE,
        }
    }

    /// A fault of this login.
    pub(super) fn fault(self, code: ErrorCode, what: impl Into<String>) -> Fault {
        let fault = Fault::new(code, what);
        match self {
            Self::Side(side) => fault.on(side),
            Self::Client => fault,
        }
    }
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Side(side) => side.fmt(f),
            Self::Client => f.write_str("measuring client"),
        }
    }
}

impl Owner {
    /// A login that stands in the configuration.
    pub(super) fn of(whose: Whose, user: &str) -> Self {
        Self { whose, user: user.to_owned(), variable: whose.variable().to_owned() }
    }
}

/// The environment variable that holds the password of our own login on a side.
pub(crate) fn variable(side: Side) -> &'static str {
    match side {
        Side::Source => "SEALIFT_SOURCE_PASSWORD",
        Side::Target => "SEALIFT_TARGET_PASSWORD",
    }
}

impl PasswordSource {
    /// Finds the password, and what the operator should be warned of. One that a file or a command gave is
    /// asked for again when a server refuses it: tokens end.
    pub(super) fn find(
        &self,
        owner: Owner,
        surroundings: &Arc<dyn Surroundings>,
        warn: &mut dyn FnMut(String),
    ) -> Result<Password, Fault> {
        let first = self.ask(&owner, surroundings.as_ref(), warn)?;
        let is_lasting = surroundings.variable(&owner.variable).is_some();
        match self {
            Self::File(_) | Self::Command(_) if !is_lasting => {
                let (source, surroundings) = (self.clone(), Arc::clone(surroundings));
                let again = Again { source, owner, surroundings };
                Ok(Password::renewable(first, Arc::new(again)))
            }
            Self::File(_) | Self::Command(_) | Self::Written(_) | Self::Elsewhere => {
                Ok(first.into())
            }
        }
    }

    fn ask(
        &self,
        owner: &Owner,
        surroundings: &dyn Surroundings,
        warn: &mut dyn FnMut(String),
    ) -> Result<SecretString, Fault> {
        let Owner { whose, user, variable } = owner;
        if let Some(password) = surroundings.variable(variable) {
            return Ok(SecretString::from(password));
        }
        match self {
            Self::Written(password) => Ok(password.clone()),
            Self::File(path) => {
                let unreadable = |cause: Box<dyn std::error::Error + Send + Sync>| {
                    whose
                        .fault(ErrorCode::PasswordMissing, "read the password file")
                        .about(format!("file {}", path.display()))
                        .because(cause)
                };
                let bytes = surroundings.read(path).map_err(|error| unreadable(error.into()))?;
                let text = String::from_utf8(bytes)
                    .map_err(|_bytes| unreadable("the file is not UTF-8".into()))?;
                if surroundings.is_open_to_others(path) {
                    warn(format!(
                        "others can read the {whose}'s password file {0}; run chmod 600 {0}",
                        path.display()
                    ));
                }
                let line = text.strip_suffix('\n').unwrap_or(&text);
                Ok(SecretString::from(line.strip_suffix('\r').unwrap_or(line)))
            }
            Self::Command(command) => {
                let fault = |cause: Box<dyn std::error::Error + Send + Sync>| {
                    whose
                        .fault(ErrorCode::PasswordMissing, "password_command gave no password")
                        .advise("run the command by hand to see why")
                        .because(cause)
                };
                let password = surroundings.run(command).map_err(|error| fault(error.into()))?;
                if password.expose_secret().is_empty() {
                    return Err(fault("it printed nothing".into()));
                }
                Ok(password)
            }
            Self::Elsewhere => match surroundings
                .ask(&match whose {
                    Whose::Side(side) => format!("Password of {user} on the {side}: "),
                    Whose::Client => format!("Password of {user}, of [cutover.client]: "),
                })
            {
                Some(answer) => answer.map_err(|error| {
                    whose
                        .fault(ErrorCode::PasswordMissing, "read the password from the terminal")
                        .because(error)
                }),
                None => Err(whose
                    .fault(
                        ErrorCode::PasswordMissing,
                        format!("no password was given for {user}"),
                    )
                    .advise(format!(
                    "set {variable} (empty for an account without a password), or password_file or \
                     password_command in the configuration"
                ))),
            },
        }
    }
}

/// Asks a file or a command once more.
struct Again {
    source: PasswordSource,
    owner: Owner,
    surroundings: Arc<dyn Surroundings>,
}

impl Renew for Again {
    fn renew(&self) -> Result<SecretString, String> {
        let Self { source, owner, surroundings } = self;
        tracing::info!(side = %owner.whose, user = owner.user, "the password was refused: asking for another one");
        // What there is to be warned of was said at the beginning.
        let mut warn = |_warning| {};
        source.ask(owner, surroundings.as_ref(), &mut warn).map_err(|fault| fault.to_string())
    }
}
