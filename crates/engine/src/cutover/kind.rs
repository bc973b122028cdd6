//! How writes are kept out of a side.

use serde::{Deserialize, Serialize};

/// How writes are kept out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FenceKind {
    /// The server is `read_only`. An event on the server takes that back when the time budget is used up.
    ReadOnly,
    /// Triggers on the migrated tables refuse every write, until the time budget is used up by the server's
    /// clock.
    Tables,
    /// Accounts that may write to migrated schemas are locked and their connections ended. An event on the server
    /// unlocks them when the time budget is used up.
    Accounts,
    /// Nothing is done: the operator has stopped the application, and the binary log is watched for writes.
    Stopped,
}

/// Which kind is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FencePolicy {
    /// The strongest that the login's privileges allow.
    #[default]
    Auto,
    /// [`FenceKind::ReadOnly`].
    ReadOnly,
    /// [`FenceKind::Tables`].
    Tables,
    /// [`FenceKind::Accounts`].
    Accounts,
    /// [`FenceKind::Stopped`].
    Stopped,
}

impl FenceKind {
    /// Its name, as in the configuration.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::Tables => "tables",
            Self::Accounts => "accounts",
            Self::Stopped => "stopped",
        }
    }

    /// By its name.
    pub(super) fn read(word: &str) -> Option<Self> {
        let all = [Self::ReadOnly, Self::Tables, Self::Accounts, Self::Stopped];
        all.into_iter().find(|kind| kind.word() == word)
    }

    /// What it guarantees, for the record.
    #[must_use]
    pub fn guarantee(self) -> &'static str {
        match self {
            Self::ReadOnly => {
                "the server is read_only: only accounts with CONNECTION_ADMIN, SUPER or (MariaDB) READ_ONLY \
                 ADMIN can write; an event frees it when the time is up"
            }
            Self::Tables => {
                "triggers refuse every INSERT, UPDATE and DELETE of every account; they do so no more when the \
                 time is up"
            }
            Self::Accounts => {
                "accounts that may write to the migrated schemas are locked and logged out, administrators \
                 are not; an event unlocks them when the time is up"
            }
            Self::Stopped => {
                "nothing keeps writes out but the operator's word; the log was watched for writes"
            }
        }
    }
}
