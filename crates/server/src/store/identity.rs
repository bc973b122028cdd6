//! Which migration a state folder belongs to.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use sealift_engine::fault::{ErrorCode, Fault};

use super::database::broken;

/// What makes two runs the same migration, as short texts that may be shown. Never holds a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The source, e.g. `10.0.0.5:3306`.
    pub source: String,
    /// The target.
    pub target: String,
    /// What is carried: the selection's patterns.
    pub selection: String,
}

/// Writes the identity into a new folder; compares it with an old one's.
///
/// Until rows are copied, another selection is taken over: choosing objects is what `plan` is for, and
/// `plan apply` only makes what is missing. After that the rows on the target belong to the old selection.
pub(super) fn claim(
    connection: &mut Connection,
    folder: &Path,
    wanted: &Identity,
) -> Result<(), Fault> {
    let failed = |cause| broken(folder, "read whose state folder it is", cause);
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let kept = belongs(&transaction, folder, wanted)?;
    if kept.as_ref() != Some(wanted) {
        write(&transaction, wanted).map_err(failed)?;
    }
    transaction.commit().map_err(failed)
}

/// Makes sure that a folder is the wanted migration's. Returns what it says of itself.
pub(super) fn belongs(
    connection: &Connection,
    folder: &Path,
    wanted: &Identity,
) -> Result<Option<Identity>, Fault> {
    let failed = |cause| broken(folder, "read whose state folder it is", cause);
    let begun: bool = connection
        .query_row(
            "SELECT EXISTS (SELECT 1 FROM event WHERE event ->> '$.event' = 'prepared')",
            [],
            |row| row.get(0),
        )
        .map_err(failed)?;
    let kept = read(connection).map_err(failed)?;
    let differing: Vec<String> = kept
        .iter()
        .flat_map(|kept| kept.differing(wanted))
        .filter(|(word, _, _)| begun || *word != "selection")
        .map(|(word, was, is)| format!("the {word} was {was}, now it is {is}"))
        .collect();
    if differing.is_empty() {
        return Ok(kept);
    }
    Err(Fault::new(ErrorCode::StateForeign, differing.join("; "))
        .about(format!("state folder {}", folder.display())))
}

impl Identity {
    fn parts(&self) -> [(&'static str, &str); 3] {
        let Self { source, target, selection } = self;
        [("source", source), ("target", target), ("selection", selection)]
    }

    fn differing<'a>(
        &'a self,
        other: &'a Self,
    ) -> impl Iterator<Item = (&'static str, &'a str, &'a str)> {
        self.parts()
            .into_iter()
            .zip(other.parts())
            .filter(|(was, is)| was != is)
            .map(|((word, was), (_, is))| (word, was, is))
    }
}

pub(super) fn read(connection: &Connection) -> rusqlite::Result<Option<Identity>> {
    let part = |name: &str| {
        connection
            .query_row("SELECT value FROM about WHERE name = ?1", [name], |row| row.get(0))
            .optional()
    };
    let (source, target, selection) = (part("source")?, part("target")?, part("selection")?);
    Ok(source.zip(target).zip(selection).map(|((source, target), selection)| Identity {
        source,
        target,
        selection,
    }))
}

fn write(connection: &Connection, identity: &Identity) -> rusqlite::Result<()> {
    for (name, value) in identity.parts() {
        connection
            .execute("INSERT OR REPLACE INTO about (name, value) VALUES (?1, ?2)", [name, value])?;
    }
    Ok(())
}
