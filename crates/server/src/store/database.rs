//! The `SQLite` file: how it is opened, and which versions of it there are.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use sealift_engine::fault::{ErrorCode, Fault};

/// Version of the tables below and of what is written in them. A new kind of event raises it, so that
/// an older sealift refuses a journal it could not replay.
const VERSION: i32 = 1;

/// What is done to go from each version to the next; the first makes an empty file version 1.
const STEPS: [&str; 1] = [include_str!("version_1.sql")];

/// Marks the file as ours (`PRAGMA application_id`): "SLFT".
const APPLICATION_ID: i32 = 0x534C_4654;

/// How long a statement waits for a `status` that is reading just now.
const BUSY: Duration = Duration::from_secs(10);

/// This sealift's own version, kept for the message an older one gives.
const SEALIFT: &str = env!("CARGO_PKG_VERSION");

/// Where the database lies in a state folder.
pub(super) fn file(folder: &Path) -> PathBuf {
    folder.join("state.db")
}

/// Opens the database for its owner and brings it to this version.
pub(super) fn open(folder: &Path) -> Result<Connection, Fault> {
    let failed = |cause| broken(folder, "open state.db", cause);
    let mut connection = Connection::open(file(folder)).map_err(failed)?;
    connection.busy_timeout(BUSY).map_err(failed)?;
    let version = usable(check(&connection).map_err(failed)?, folder)?;
    pin(&connection).map_err(failed)?;
    if version < VERSION {
        upgrade(&mut connection, version).map_err(failed)?;
    }
    Ok(connection)
}

/// Opens the database for a look, without writing to it; `None` when its owner has not got as far as
/// making the tables.
pub(super) fn look(folder: &Path) -> Result<Option<Connection>, Fault> {
    let failed = |cause| broken(folder, "open state.db", cause);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file(folder), flags).map_err(failed)?;
    connection.busy_timeout(BUSY).map_err(failed)?;
    let version = usable(check(&connection).map_err(failed)?, folder)?;
    Ok((version > 0).then_some(connection))
}

/// What a file is to this sealift.
enum Kind {
    /// A state of this version or an older one; 0 is an empty file.
    State(i32),
    /// A state of a newer version, last written by the named sealift.
    Newer(String),
    /// Not a state of sealift, or damaged: what was found.
    Broken(String),
}

fn check(connection: &Connection) -> rusqlite::Result<Kind> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let version = pragma("user_version")?;
    let objects: i64 =
        connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if version == 0 && objects == 0 {
        return Ok(Kind::State(0));
    }
    if pragma("application_id")? != APPLICATION_ID || version < 1 {
        return Ok(Kind::Broken("it is another program's database".into()));
    }
    if version > VERSION {
        let sql = "SELECT value FROM about WHERE name = 'sealift'";
        let by = connection.query_row(sql, [], |row| row.get(0));
        return Ok(Kind::Newer(by.unwrap_or_else(|_unreadable| "of a later version".into())));
    }
    let health: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if health != "ok" {
        return Ok(Kind::Broken(format!("it is damaged: {health}")));
    }
    Ok(Kind::State(version))
}

/// The version of a state that can be used.
fn usable(kind: Kind, folder: &Path) -> Result<i32, Fault> {
    match kind {
        Kind::State(version) => Ok(version),
        Kind::Newer(by) => {
            let what = format!("it was written by sealift {by}, this is {SEALIFT}");
            Err(Fault::new(ErrorCode::StateNewer, what)
                .about(format!("state folder {}", folder.display())))
        }
        Kind::Broken(what) => Err(broken(folder, "open state.db", what)),
    }
}

/// The journal is written before the deed: a commit that returns must be on the disk.
fn pin(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")
}

fn upgrade(connection: &mut Connection, from: i32) -> rusqlite::Result<()> {
    let done = usize::try_from(from).unwrap_or(STEPS.len());
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for step in STEPS.iter().skip(done) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction
        .execute("INSERT OR REPLACE INTO about (name, value) VALUES ('sealift', ?1)", [SEALIFT])?;
    transaction.commit()
}

/// Says that the folder cannot be used, and why.
pub(super) fn broken(
    folder: &Path,
    doing: &str,
    cause: impl Into<Box<dyn Error + Send + Sync>>,
) -> Fault {
    Fault::new(ErrorCode::StateBroken, doing)
        .about(format!("state folder {}", folder.display()))
        .because(cause)
}
