//! Reading one object's `SHOW CREATE`, and what its failures mean.

use sealift_schema::catalog::CreatedUnder;
use sealift_schema::name::ObjectId;

use super::GatherError;
use crate::error::{ErrorClass, MysqlError};
use crate::session::{Session, TextRow};

/// What came of reading a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is filled in.
    Read,
    /// The object is gone.
    Vanished,
}

/// Errors that mean the object is not there any more: no such database, table, routine, trigger, view of
/// that name, event.
const VANISHED: [u16; 6] = [1049, 1146, 1305, 1347, 1360, 1539];

/// Runs a `SHOW CREATE` and returns its row; `None` when the object is gone.
pub(super) async fn show(
    session: &mut Session,
    sql: &str,
    object: &ObjectId,
    privilege: &'static str,
) -> Result<Option<TextRow>, GatherError> {
    match session.first(sql).await {
        Ok(row) => Ok(row),
        Err(error) if is_vanished(&error) => Ok(None),
        Err(cause) if cause.class() == ErrorClass::PrivilegeMissing => {
            Err(GatherError::Privilege { object: object.clone(), privilege, cause })
        }
        Err(cause) => Err(unreadable(object)(cause)),
    }
}

/// Names the object in an error met while its definition was read.
pub(super) fn unreadable(object: &ObjectId) -> impl FnOnce(MysqlError) -> GatherError {
    GatherError::server(format!("read definition of {object}"))
}

/// The column of a `SHOW CREATE` row that must be there and not NULL. Columns are found by name: their
/// order has changed between versions.
pub(super) fn field<'a>(row: &'a TextRow, column: &'static str) -> Result<&'a str, MysqlError> {
    row.named(column)?
        .ok_or_else(|| MysqlError::Result(format!("SHOW CREATE gave NULL for {column:?}")))
}

/// The settings an object was made under, as its `SHOW CREATE` row prints them.
pub(super) fn created_under(row: &TextRow, own: Settings) -> Result<CreatedUnder, MysqlError> {
    let (sql_mode, time_zone) = match own {
        Settings::None => (None, None),
        Settings::Mode => (Some(field(row, "sql_mode")?), None),
        Settings::ModeAndZone => (Some(field(row, "sql_mode")?), Some(field(row, "time_zone")?)),
    };
    Ok(CreatedUnder {
        sql_mode: sql_mode.map(str::to_owned),
        charset_client: field(row, "character_set_client")?.to_owned(),
        collation_connection: field(row, "collation_connection")?.to_owned(),
        time_zone: time_zone.map(str::to_owned),
    })
}

/// Which settings a kind of object keeps besides its character sets.
#[derive(Clone, Copy, Debug)]
pub(super) enum Settings {
    /// Views: none.
    None,
    /// Routines and triggers: `sql_mode`.
    Mode,
    /// Events: `sql_mode` and `time_zone`.
    ModeAndZone,
}

/// What the server says of an object that it cannot read itself; `None` for other trouble. Such an object
/// is nobody's to read, and the others need not wait for it.
pub(super) fn words_of_server(error: &GatherError) -> Option<String> {
    let GatherError::Server { cause, .. } = error else { return None };
    is_of_object(cause).then(|| cause.to_string())
}

/// Whether an error is about the object rather than about the session, the server or the login.
fn is_of_object(error: &MysqlError) -> bool {
    error.code().is_some()
        && matches!(error.class(), ErrorClass::Other | ErrorClass::DefinitionChanged)
}

fn is_vanished(error: &MysqlError) -> bool {
    error.code().is_some_and(|code| VANISHED.contains(&code))
}
