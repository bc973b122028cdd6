//! Small facts one command leaves for a later one, by name.

use rusqlite::OptionalExtension;
use sealift_engine::fault::Fault;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StateFolder;
use super::database::broken;

impl StateFolder {
    /// Keeps a value under a name, in place of what was there. Durable before it returns.
    ///
    /// # Errors
    /// `StateBroken` when it cannot be written.
    pub fn put<T: Serialize>(&self, name: &str, value: &T) -> Result<(), Fault> {
        let doing = format!("write record {name:?}");
        let text =
            serde_json::to_string(value).map_err(|cause| broken(self.path(), &doing, cause))?;
        self.connection()
            .prepare_cached("INSERT OR REPLACE INTO record (name, value) VALUES (?1, ?2)")
            .and_then(|mut insert| insert.execute([name, &text]))
            .map_err(|cause| broken(self.path(), &doing, cause))?;
        Ok(())
    }

    /// The value kept under a name.
    ///
    /// # Errors
    /// `StateBroken` when it cannot be read as a `T`.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Fault> {
        let doing = format!("read record {name:?}");
        let text: Option<String> = self
            .connection()
            .query_row("SELECT value FROM record WHERE name = ?1", [name], |row| row.get(0))
            .optional()
            .map_err(|cause| broken(self.path(), &doing, cause))?;
        text.map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|cause| broken(self.path(), &doing, cause))
    }
}
