//! The state folder as its one owner holds it.

use std::fs::{self, DirBuilder};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use rusqlite::Connection;
use sealift_engine::clock::Clock;
use sealift_engine::fault::Fault;

use super::database;
use super::identity::{self, Identity};
use super::lock::FolderLock;
use super::progress;

/// A migration's state, held by one process at a time: nobody else can open it while this lives.
///
/// No secret is ever written to it, but for the token of the API while a run is at work.
pub struct StateFolder {
    path: PathBuf,
    clock: Clock,
    connection: Mutex<Connection>,
    // Last: the lock is released after the database is closed.
    _lock: FolderLock,
}

impl StateFolder {
    /// Opens the folder for the migration `identity` describes, and makes it if it is not there.
    ///
    /// # Errors
    /// `StateLocked` when another process holds it, `StateForeign` when it is another migration's,
    /// `StateNewer` when a newer sealift wrote it, `StateBroken` when it cannot be used.
    pub fn open(path: &Path, identity: &Identity, clock: Clock) -> Result<Self, Fault> {
        make(path).map_err(|cause| database::broken(path, "make the state folder", cause))?;
        let mut lock = FolderLock::take(path)?;
        let mut connection = database::open(path)?;
        identity::claim(&mut connection, path, identity)?;
        // Before it shows who holds the folder: what an earlier run said is not to be taken for the word of this one.
        progress::end(&connection, path)?;
        lock.tell(path)?;
        Ok(Self { path: path.to_owned(), clock, connection: Mutex::new(connection), _lock: lock })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn connection(&self) -> MutexGuard<'_, Connection> {
        // A panic while it was held left no half-done statement: each write is one transaction.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the folder, readable by its owner only.
fn make(path: &Path) -> std::io::Result<()> {
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent)?;
    }
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Err(refused) if refused.kind() == std::io::ErrorKind::AlreadyExists && path.is_dir() => {
            Ok(())
        }
        other => other,
    }
}
