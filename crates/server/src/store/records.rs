//! Small facts one command leaves for a later one, by name.

use std::error::Error;

use rusqlite::{Connection, OptionalExtension};
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

    /// Keeps several values, all of them or none.
    pub(super) fn put_all<'a, T: Serialize + 'a>(
        &self,
        records: impl Iterator<Item = (String, &'a T)>,
    ) -> Result<(), Fault> {
        let failed = |cause: Cause| broken(self.path(), "write records", cause);
        let mut connection = self.connection();
        let transaction = connection.transaction().map_err(|cause| failed(cause.into()))?;
        for (name, value) in records {
            let text = serde_json::to_string(value).map_err(|cause| failed(cause.into()))?;
            transaction
                .prepare_cached("INSERT OR REPLACE INTO record (name, value) VALUES (?1, ?2)")
                .and_then(|mut insert| insert.execute([name, text]))
                .map_err(|cause| failed(cause.into()))?;
        }
        transaction.commit().map_err(|cause| failed(cause.into()))
    }

    /// The values kept under all names that begin so.
    pub(super) fn all<T: DeserializeOwned>(&self, prefix: &str) -> Result<Vec<T>, Fault> {
        let read = || -> Result<Vec<T>, Cause> {
            let connection = self.connection();
            let mut select = connection
                .prepare("SELECT value FROM record WHERE substr(name, 1, length(?1)) = ?1")?;
            let texts = select.query_map([prefix], |row| row.get::<_, String>(0))?;
            texts.map(|text| Ok(serde_json::from_str(&text?)?)).collect()
        };
        read().map_err(|cause| broken(self.path(), "read records", cause))
    }

    /// Forgets what is kept under names that begin so.
    pub(super) fn forget(&self, prefix: &str) -> Result<(), Fault> {
        self.connection()
            .execute("DELETE FROM record WHERE substr(name, 1, length(?1)) = ?1", [prefix])
            .map_err(|cause| broken(self.path(), "forget records", cause))?;
        Ok(())
    }

    /// The value kept under a name.
    ///
    /// # Errors
    /// `StateBroken` when it cannot be read as a `T`.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Fault> {
        let doing = format!("read record {name:?}");
        let found = read(&self.connection(), name);
        found.map_err(|cause| broken(self.path(), &doing, cause))
    }
}

type Cause = Box<dyn Error + Send + Sync>;

/// The value kept under a name.
pub(super) fn read<T: DeserializeOwned>(
    connection: &Connection,
    name: &str,
) -> Result<Option<T>, Cause> {
    let text: Option<String> = connection
        .query_row("SELECT value FROM record WHERE name = ?1", [name], |row| row.get(0))
        .optional()?;
    Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
}
