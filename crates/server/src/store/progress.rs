//! The progress of a run, kept for a `status` in another terminal.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use sealift_engine::fault::Fault;
use sealift_engine::progress::Snapshot;

use super::StateFolder;
use super::database::broken;

/// What a run last said of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    /// When.
    pub at: Timestamp,
    /// What.
    pub snapshot: Snapshot,
}

impl StateFolder {
    /// Rewrites the progress. It may be lost with the machine's power, not with the process.
    ///
    /// # Errors
    /// `StateBroken` when it cannot be written.
    pub fn put_progress(&self, snapshot: &Snapshot) -> Result<(), Fault> {
        let failed = |cause| broken(self.path(), "write the progress", cause);
        let text = serde_json::to_string(snapshot)
            .map_err(|cause| broken(self.path(), "write the progress", cause))?;
        let connection = self.connection();
        // Not worth a wait for the disk. The journal's next commit waits for it again.
        connection.pragma_update(None, "synchronous", "NORMAL").map_err(failed)?;
        let written = connection
            .prepare_cached("INSERT OR REPLACE INTO progress VALUES (1, ?1, ?2)")
            .and_then(|mut insert| insert.execute([self.now().to_string(), text]));
        connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
        written.map(|_one| ()).map_err(failed)
    }

    /// The progress last written, by this run or an earlier one.
    ///
    /// # Errors
    /// `StateBroken` when it cannot be read.
    pub fn progress(&self) -> Result<Option<Reported>, Fault> {
        read(&self.connection(), self.path())
    }
}

/// Takes back, of what the last run said, what only a run at work can say. When it said that remains. What cannot be read
/// goes: it is only for people.
pub(super) fn end(connection: &Connection, folder: &Path) -> Result<(), Fault> {
    let doing = "write the progress";
    let Ok(Some(Reported { mut snapshot, .. })) = read(connection, folder) else {
        return connection
            .execute("DELETE FROM progress", [])
            .map(|_rows| ())
            .map_err(|cause| broken(folder, doing, cause));
    };
    snapshot.ended();
    let text = serde_json::to_string(&snapshot).map_err(|cause| broken(folder, doing, cause))?;
    let update = "UPDATE progress SET snapshot = ?1";
    connection.execute(update, [text]).map(|_one| ()).map_err(|cause| broken(folder, doing, cause))
}

pub(super) fn read(connection: &Connection, folder: &Path) -> Result<Option<Reported>, Fault> {
    let doing = "read the progress";
    let row: Option<(String, String)> = connection
        .query_row("SELECT at, snapshot FROM progress", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
        .map_err(|cause| broken(folder, doing, cause))?;
    let Some((at, snapshot)) = row else { return Ok(None) };
    Ok(Some(Reported {
        at: at.parse().map_err(|cause: jiff::Error| broken(folder, doing, cause))?,
        snapshot: serde_json::from_str(&snapshot).map_err(|cause| broken(folder, doing, cause))?,
    }))
}
