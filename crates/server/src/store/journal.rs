//! The journal of a migration, kept in its state folder.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::Connection;
use sealift_engine::fault::Fault;
use sealift_engine::journal::Journal;
use sealift_engine::stage::Event;

use super::StateFolder;
use super::database::broken;

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its number; lines are numbered from 1 without gaps.
    pub seq: i64,
    /// When it was recorded.
    pub at: Timestamp,
    /// What happened, or was about to.
    pub event: Event,
}

impl StateFolder {
    /// The journal with its times.
    ///
    /// # Errors
    /// `StateBroken` when it cannot be read.
    pub fn history(&self) -> Result<Vec<Recorded>, Fault> {
        history(&self.connection(), self.path())
    }
}

impl Journal for StateFolder {
    fn record(&self, event: &Event) -> Result<(), Fault> {
        self.record_all(std::slice::from_ref(event))
    }

    fn record_all(&self, events: &[Event]) -> Result<(), Fault> {
        let lines: Vec<String> = events
            .iter()
            .map(serde_json::to_string)
            .collect::<Result<_, _>>()
            .map_err(|cause| broken(self.path(), "write the journal", cause))?;
        write(&self.connection(), &self.now().to_string(), &lines)
            .map_err(|cause| broken(self.path(), "write the journal", cause))
    }

    fn events(&self) -> Result<Vec<Event>, Fault> {
        Ok(self.history()?.into_iter().map(|recorded| recorded.event).collect())
    }
}

/// Several lines cost one wait for the disk.
fn write(connection: &Connection, at: &str, lines: &[String]) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    {
        let mut insert =
            transaction.prepare_cached("INSERT INTO event (at, event) VALUES (?1, ?2)")?;
        for line in lines {
            insert.execute([at, line.as_str()])?;
        }
    }
    transaction.commit()
}

pub(super) fn history(connection: &Connection, folder: &Path) -> Result<Vec<Recorded>, Fault> {
    let lines: Vec<(i64, String, String)> = connection
        .prepare_cached("SELECT seq, at, event FROM event ORDER BY seq")
        .and_then(|mut select| {
            select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
        })
        .map_err(|cause| broken(folder, "read the journal", cause))?;
    lines.into_iter().zip(1..).map(|(line, expected)| read(line, expected, folder)).collect()
}

fn read(line: (i64, String, String), expected: i64, folder: &Path) -> Result<Recorded, Fault> {
    let (seq, at, event) = line;
    if seq != expected {
        return Err(broken(folder, "read the journal", format!("line {expected} is missing")));
    }
    let doing = format!("read line {seq} of the journal");
    Ok(Recorded {
        seq,
        at: at.parse().map_err(|cause: jiff::Error| broken(folder, &doing, cause))?,
        event: serde_json::from_str(&event).map_err(|cause| broken(folder, &doing, cause))?,
    })
}
