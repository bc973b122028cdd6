//! Where commands of sealift are run by a chore: a folder with a configuration, the passwords beside it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use sealift_lab::{Pair, wait_until_within};

/// How long a run may take until it is ready for what comes next.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A folder with a configuration for a pair of servers.
pub(crate) struct Stage {
    sealift: PathBuf,
    folder: PathBuf,
    passwords: [(&'static str, &'static str); 2],
}

impl Stage {
    /// Writes the configuration: both servers, and what is said besides.
    pub(crate) fn set(
        sealift: PathBuf,
        folder: &Path,
        pair: &Pair,
        besides: &str,
    ) -> Result<Self, String> {
        let config = format!("{}{besides}", pair.configuration());
        fs::write(folder.join("sealift.toml"), config).map_err(|error| error.to_string())?;
        let passwords = [
            ("SEALIFT_SOURCE_PASSWORD", pair.source.account().password),
            ("SEALIFT_TARGET_PASSWORD", pair.target.account().password),
        ];
        Ok(Self { sealift, folder: folder.to_owned(), passwords })
    }

    pub(crate) fn sealift(&self) -> &Path {
        &self.sealift
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The variables that hold the passwords.
    pub(crate) fn passwords(&self) -> [(&'static str, &'static str); 2] {
        self.passwords
    }

    /// A command, in the folder and with the passwords.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.sealift);
        command.current_dir(&self.folder).args(words).envs(self.passwords);
        command
    }

    /// Waits until the run says that it does this.
    pub(crate) fn wait_for(&self, doing: &str) -> Result<(), String> {
        let said = || {
            let output = self.command(&["status", "--json"]).output().ok()?;
            String::from_utf8_lossy(&output.stdout).contains(doing).then_some(())
        };
        wait_until_within(PATIENCE, said).ok_or_else(|| format!("waited in vain for {doing:?}"))
    }
}

/// What a run says when it could cut over.
pub(crate) const READY: &str = "following: ready to cut over";
/// What it says when it could go back.
pub(crate) const READY_BACK: &str = "following the target back: ready to roll back";
