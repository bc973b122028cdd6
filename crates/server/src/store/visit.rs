//! What a command needs of a state folder that another process may be using.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use sealift_engine::fault::Fault;
use sealift_engine::stage::Stage;
use serde::de::DeserializeOwned;

use super::database::{self, broken};
use super::{Identity, StateFolder, identity, journal, records};

/// A state folder that is read and not held.
#[derive(Debug)]
pub struct Visit {
    path: PathBuf,
    connection: Connection,
}

impl StateFolder {
    /// Visits the folder of the migration `identity` describes; `None` when there is no state in it.
    ///
    /// # Errors
    /// `StateForeign` when it is another migration's, else as for [`StateFolder::open`].
    pub fn visit(path: &Path, identity: &Identity) -> Result<Option<Visit>, Fault> {
        if !database::file(path).exists() {
            return Ok(None);
        }
        let Some(connection) = database::look(path)? else { return Ok(None) };
        identity::belongs(&connection, path, identity)?;
        Ok(Some(Visit { path: path.to_owned(), connection }))
    }
}

impl Visit {
    /// Where the migration stands.
    ///
    /// # Errors
    /// `StateBroken` when the journal cannot be read.
    pub fn stage(&self) -> Result<Stage, Fault> {
        let history = journal::history(&self.connection, &self.path)?;
        Stage::replay(history.iter().map(|recorded| &recorded.event))
            .map_err(|cause| broken(&self.path, "replay the journal", cause))
    }

    /// The value kept under a name.
    ///
    /// # Errors
    /// `StateBroken` when it cannot be read as a `T`.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Fault> {
        records::read(&self.connection, name)
            .map_err(|cause| broken(&self.path, &format!("read record {name:?}"), cause))
    }
}
