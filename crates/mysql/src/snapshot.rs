//! Several sessions that see one moment of the source.

use std::time::Duration;

use futures_util::future::try_join_all;
use sealift_schema::facts::Flavor;
use sealift_schema::name::QualifiedName;
use thiserror::Error;

use crate::endpoint::Endpoint;
use crate::error::{ErrorClass, MysqlError};
use crate::position::{self, Position};
use crate::session::Session;

/// How long a statement must have run to stand in the way of the global read lock: the lock would wait for
/// it, and every writer behind the lock.
const LONG_RUNNING: Duration = Duration::from_secs(5);

/// Whether the source is held still while the snapshot opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockMode {
    /// Briefly: all readers see the same moment.
    Lock,
    /// Not at all: the readers open one after the other. They see one moment only if nobody writes.
    NoLock,
}

/// How the readers came to see one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// `FLUSH TABLES WITH READ LOCK`.
    GlobalLock,
    /// `LOCK TABLES … READ` on every table.
    TableLocks,
    /// Nothing: the operator vouches that nobody writes.
    Nothing,
}

/// Why no snapshot could be opened. The source is not locked any more.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// A statement has been running so long that the lock would wait for it, and all writers for the lock.
    #[error("statements are running that the lock would wait for: {}", .0.join("; "))]
    Busy(Vec<String>),
    /// The lock was not granted in time.
    #[error("the lock was not granted within {0} s")]
    Waited(u64),
    /// The server refused, or the connection broke.
    #[error("{doing}: {cause}")]
    Server {
        /// Verb and object.
        doing: &'static str,
        /// What the server said.
        cause: MysqlError,
    },
}

impl SnapshotError {
    fn on(doing: &'static str) -> impl FnOnce(MysqlError) -> Self {
        move |cause| Self::Server { doing, cause }
    }
}

/// What a snapshot is asked for.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotRequest<'a> {
    /// The source.
    pub endpoint: &'a Endpoint,
    /// Sessions to open.
    pub readers: usize,
    /// Every table that will be read.
    pub tables: &'a [QualifiedName],
    /// Those of them whose engine has no snapshots (MyISAM, MEMORY, Aria, …).
    pub without_snapshots: &'a [QualifiedName],
    /// Whether the source is held still.
    pub lock: LockMode,
    /// How long to wait for the lock.
    pub lock_wait: Duration,
}

/// Sessions that see one moment of the source.
///
/// A session that is lost cannot be replaced: no new one can see the old moment. What goes on after it
/// needs a new snapshot, and proof that the source has not moved ([`position::drift`]).
pub struct Snapshot {
    /// The sessions, each in a transaction of its own.
    pub readers: Vec<Session>,
    /// The moment, by the binary log; `None` when the source keeps none or our login may not ask.
    pub position: Option<Position>,
    /// How they came to see one moment.
    pub held: Held,
    /// Keeps tables without snapshots locked until they are read.
    locked: Option<Session>,
}

impl Snapshot {
    /// Opens the readers under one lock, as short as possible, and asks for the position under it.
    ///
    /// Tables without snapshots are locked for reading before the global lock and stay so: nobody has
    /// written to them since, so what is read later is what was there at the moment. Transactional
    /// tables are not locked once this returns.
    ///
    /// # Errors
    /// When the lock is not to be had, or a session fails. All locks are gone with their sessions.
    pub async fn open(request: &SnapshotRequest<'_>) -> Result<Self, SnapshotError> {
        let mut readers =
            try_join_all((0..request.readers.max(1)).map(|_| reader(request.endpoint)))
                .await
                .map_err(SnapshotError::on("connect a reader"))?;
        if request.lock == LockMode::NoLock {
            begin_all(&mut readers).await?;
            let position = position_of(&mut readers).await?;
            return Ok(Self { readers, position, held: Held::Nothing, locked: None });
        }
        let mut locker = Session::connect(request.endpoint)
            .await
            .map_err(SnapshotError::on("connect the session that locks"))?;
        let seconds = request.lock_wait.as_secs().max(1);
        locker
            .execute(format!("SET SESSION lock_wait_timeout={seconds}"))
            .await
            .map_err(SnapshotError::on("limit the wait for the lock"))?;
        let locked = lock_tables_kept(request, seconds).await?;
        let held = lock(&mut locker, request, seconds).await?;
        begin_all(&mut readers).await?;
        let position = position::current(&mut locker)
            .await
            .map_err(SnapshotError::on("read the binary log's position"))?;
        locker.execute("UNLOCK TABLES").await.map_err(SnapshotError::on("release the lock"))?;
        locker.close().await;
        Ok(Self { readers, position, held, locked })
    }

    /// Takes the readers out, leaving what keeps tables without snapshots locked.
    pub fn take_readers(&mut self) -> Vec<Session> {
        std::mem::take(&mut self.readers)
    }

    /// Lets go of the tables without snapshots: they are read.
    pub async fn release(self) {
        if let Some(session) = self.locked {
            // Its end releases the locks.
            session.close().await;
        }
        for reader in self.readers {
            reader.close().await;
        }
    }
}

async fn reader(endpoint: &Endpoint) -> Result<Session, MysqlError> {
    let mut session = Session::connect(endpoint).await?;
    let unlimited = match session.version().flavor {
        Flavor::MySql => "max_execution_time=0",
        Flavor::MariaDb => "max_statement_time=0",
    };
    // A slow target must not cost us the snapshot: the source waits for us up to a day.
    session
        .execute(format!(
            "SET SESSION {unlimited},net_write_timeout=86400,net_read_timeout=86400,\
             wait_timeout=86400,time_zone='+00:00'"
        ))
        .await?;
    session.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ").await?;
    Ok(session)
}

async fn begin_all(readers: &mut [Session]) -> Result<(), SnapshotError> {
    // Both servers know this form; the read view is made at once, not at the first read.
    let opening = readers
        .iter_mut()
        .map(|reader| reader.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT"));
    try_join_all(opening).await.map_err(SnapshotError::on("open a consistent snapshot"))?;
    Ok(())
}

async fn position_of(readers: &mut [Session]) -> Result<Option<Position>, SnapshotError> {
    match readers.first_mut() {
        Some(reader) => position::current(reader)
            .await
            .map_err(SnapshotError::on("read the binary log's position")),
        None => Ok(None),
    }
}

/// Locks what has no snapshots, in a session that keeps it so.
async fn lock_tables_kept(
    request: &SnapshotRequest<'_>,
    seconds: u64,
) -> Result<Option<Session>, SnapshotError> {
    if request.without_snapshots.is_empty() {
        return Ok(None);
    }
    let doing = "lock tables without snapshots";
    let mut session = Session::connect(request.endpoint).await.map_err(SnapshotError::on(doing))?;
    session
        .execute(format!("SET SESSION lock_wait_timeout={seconds},wait_timeout=86400"))
        .await
        .map_err(SnapshotError::on(doing))?;
    session
        .execute(lock_statement(request.without_snapshots))
        .await
        .map_err(|error| refused(error, doing, seconds))?;
    Ok(Some(session))
}

/// Holds the source still: by the global lock where that is allowed, else table by table.
async fn lock(
    locker: &mut Session,
    request: &SnapshotRequest<'_>,
    seconds: u64,
) -> Result<Held, SnapshotError> {
    let running = long_running(locker).await?;
    if !running.is_empty() {
        return Err(SnapshotError::Busy(running));
    }
    match locker.execute("FLUSH TABLES WITH READ LOCK").await {
        Ok(_) => return Ok(Held::GlobalLock),
        Err(error) if error.class() == ErrorClass::PrivilegeMissing => {}
        Err(error) => return Err(refused(error, "take the global read lock", seconds)),
    }
    let doing = "lock the tables for reading";
    locker
        .execute(lock_statement(request.tables))
        .await
        .map_err(|error| refused(error, doing, seconds))?;
    Ok(Held::TableLocks)
}

fn lock_statement(tables: &[QualifiedName]) -> String {
    let list: Vec<String> = tables.iter().map(|table| format!("{table} READ")).collect();
    format!("LOCK TABLES {}", list.join(","))
}

fn refused(error: MysqlError, doing: &'static str, seconds: u64) -> SnapshotError {
    if error.class() == ErrorClass::Transient {
        SnapshotError::Waited(seconds)
    } else {
        SnapshotError::Server { doing, cause: error }
    }
}

/// Statements that have run for long, as far as our login may see them.
async fn long_running(session: &mut Session) -> Result<Vec<String>, SnapshotError> {
    let own = session.connection_id();
    let sql = format!(
        "SELECT ID,USER,TIME,LEFT(REPLACE(INFO,'\\n',' '),60) FROM information_schema.PROCESSLIST \
         WHERE COMMAND='Query' AND ID<>{own} AND TIME>={} AND INFO IS NOT NULL \
         AND USER NOT IN ('system user','event_scheduler') ORDER BY TIME DESC LIMIT 5",
        LONG_RUNNING.as_secs()
    );
    let doing = "look for long-running statements";
    let rows = session.rows(sql).await.map_err(SnapshotError::on(doing))?;
    rows.iter()
        .map(|row| {
            let (id, user) = (row.text(0)?, row.text(1)?);
            let (time, info) = (row.text(2)?, row.optional_text(3)?.unwrap_or_default());
            Ok(format!("connection {id} of {user}, {time} s: {info}"))
        })
        .collect::<Result<_, MysqlError>>()
        .map_err(SnapshotError::on(doing))
}
