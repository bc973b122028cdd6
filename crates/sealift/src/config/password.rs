//! Where a password comes from: environment, file, command, configuration, or a person.

use std::path::PathBuf;
use std::sync::Arc;

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

/// Whose password it is.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    /// The server it is for.
    pub(super) side: Side,
    /// The login's name.
    pub(super) user: String,
    /// The environment variable that holds it; it wins over everything else.
    pub(super) variable: String,
}

impl Owner {
    /// The login sealift itself uses on a side.
    pub(super) fn of(side: Side, user: &str) -> Self {
        Self { side, user: user.to_owned(), variable: variable(side).to_owned() }
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
        let Owner { side, user, variable } = owner;
        let side = *side;
        if let Some(password) = surroundings.variable(variable) {
            return Ok(SecretString::from(password));
        }
        match self {
            Self::Written(password) => Ok(password.clone()),
            Self::File(path) => {
                let unreadable = |cause: Box<dyn std::error::Error + Send + Sync>| {
                    Fault::new(ErrorCode::PasswordMissing, "read the password file")
                        .on(side)
                        .about(format!("file {}", path.display()))
                        .because(cause)
                };
                let bytes = surroundings.read(path).map_err(|error| unreadable(error.into()))?;
                let text = String::from_utf8(bytes)
                    .map_err(|_bytes| unreadable("the file is not UTF-8".into()))?;
                if surroundings.is_open_to_others(path) {
                    warn(format!(
                        "others can read the {side}'s password file {0}; run chmod 600 {0}",
                        path.display()
                    ));
                }
                let line = text.strip_suffix('\n').unwrap_or(&text);
                Ok(SecretString::from(line.strip_suffix('\r').unwrap_or(line)))
            }
            Self::Command(command) => {
                let fault = |cause: Box<dyn std::error::Error + Send + Sync>| {
                    Fault::new(ErrorCode::PasswordMissing, "password_command gave no password")
                        .on(side)
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
                .ask(&format!("Password of {user} on the {side}: "))
            {
                Some(answer) => answer.map_err(|error| {
                    Fault::new(ErrorCode::PasswordMissing, "read the password from the terminal")
                        .on(side)
                        .because(error)
                }),
                None => Err(Fault::new(
                    ErrorCode::PasswordMissing,
                    format!("no password was given for {user}"),
                )
                .on(side)
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
        tracing::info!(side = %owner.side, user = owner.user, "the password was refused: asking for another one");
        // What there is to be warned of was said at the beginning.
        let mut warn = |_warning| {};
        source.ask(owner, surroundings.as_ref(), &mut warn).map_err(|fault| fault.to_string())
    }
}
