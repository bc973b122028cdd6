//! Several sessions that see one moment of the source.
//!
//! All readers open `START TRANSACTION WITH CONSISTENT SNAPSHOT` while one short lock holds up every commit:
//! `FLUSH TABLES WITH READ LOCK` where the login may, else `LOCK TABLES … READ` on all tables that are
//! read. The position in the binary log is read under the same lock, so it belongs to the same moment.
//!
//! Tables of engines without snapshots (MyISAM, MEMORY, …) are locked by a session of their own, which takes
//! its `LOCK TABLES … READ` while the short lock stands (before it, MySQL would make the two locks wait for
//! each other) and keeps it until [`Snapshot::release`]. From the moment of the snapshot on nobody
//! can write to them, so they are read as of that moment, whenever that is.
//!
//! A lock is held by a connection and ends with it, on every path out of here and even if this process is
//! killed. A snapshot ends with its connection too, and cannot be had again: a reader that lost its
//! connection cannot be replaced. What goes on after that needs a new snapshot, and proof that the source has
//! not moved ([`position::drift`]).

mod blockers;

use std::time::Duration;

use futures_util::future::{join, try_join_all};
use sealift_schema::name::QualifiedName;
use thiserror::Error;

use crate::binlog::LogPosition;
use crate::endpoint::Endpoint;
use crate::error::{ErrorClass, MysqlError};
use crate::pins;
use crate::position;
use crate::session::Session;

/// How every `SELECT` on a reader must begin. On MariaDB a plain one queues behind writers that wait for a
/// locked table of an engine without snapshots, while they wait for us to unlock it when it is read: for
/// ever. Other engines take no notice
/// (<https://dev.mysql.com/doc/refman/9.7/en/table-locking.html>).
pub const SELECT: &str = "SELECT HIGH_PRIORITY";

const FLUSH: &str = "FLUSH TABLES WITH READ LOCK";
const LOCK: &str = "LOCK TABLES … READ";
const BEGIN: &str = "open a consistent snapshot";
const POSITION: &str = "read the binary log's position";

/// Whether commits are held up while the snapshot is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockMode {
    /// Briefly: all readers see the same moment.
    Lock,
    /// Not at all: the readers open one after the other. They see one moment only if nobody writes, and
    /// tables of engines without snapshots are read while they change.
    NoLock,
}

/// What a snapshot is asked for.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotRequest<'a> {
    /// The source.
    pub endpoint: &'a Endpoint,
    /// Sessions to open; at least one is.
    pub readers: usize,
    /// Every table that will be read.
    pub tables: &'a [QualifiedName],
    /// Those of them whose engine has no snapshots (MyISAM, MEMORY, Aria, …; see [`keeps_snapshots`]).
    pub without_snapshots: &'a [QualifiedName],
    /// Whether commits are held up.
    pub lock: LockMode,
    /// How long to wait for a lock. Writers queue behind a lock that waits.
    pub lock_wait: Duration,
}

/// How the readers came to see one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// `FLUSH TABLES WITH READ LOCK`: it is one moment of the whole server.
    GlobalLock,
    /// `LOCK TABLES … READ`: it is one moment of the tables that are read.
    TableLocks,
    /// Nothing: the operator vouches that nobody writes.
    Nothing,
}

/// Sessions that see one moment.
pub struct Snapshot {
    /// The readers, each in a transaction that must not end before it has read all it has to.
    pub readers: Vec<Session>,
    /// The place of that moment in the binary log; `None` when the source keeps none or our login may not
    /// ask. Without a lock it lies before all of the readers' moments.
    pub position: Option<LogPosition>,
    /// How it was made.
    pub held: Held,
    locked: Option<Session>,
}

/// Why there is no snapshot. No lock is left behind.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// Statements have been running so long that the lock would wait for them, and all writers for the lock.
    #[error("statements are running that the lock would wait for: {}", .0.join("; "))]
    Busy(Vec<String>),
    /// The lock was not granted in time.
    #[error("{lock} was not granted within {seconds} s{}", held_by(.holders))]
    Waited {
        /// The lock's statement.
        lock: &'static str,
        /// How long it was waited for.
        seconds: u64,
        /// Statements and transactions that may hold it up, as far as the login may see.
        holders: Vec<String>,
    },
    /// The server refused, or a connection broke.
    #[error("{doing}: {cause}")]
    Server {
        /// Verb and object.
        doing: &'static str,
        /// What the server said.
        cause: MysqlError,
    },
    /// Connections to one address reach several servers.
    #[error("connections reach different servers ({one} and {other}), which share no moment")]
    Scattered {
        /// A server.
        one: String,
        /// Another.
        other: String,
    },
}

/// Whether an engine keeps snapshots: a reader sees its tables as of the moment its transaction began.
#[must_use]
pub fn keeps_snapshots(engine: &str) -> bool {
    ["InnoDB", "RocksDB", "TokuDB"].iter().any(|keeper| keeper.eq_ignore_ascii_case(engine))
}

impl Snapshot {
    /// Opens it. `on_lock` is called when the source is held still, before it is let go.
    ///
    /// # Errors
    ///
    /// When the lock cannot be had, a privilege is missing or a session fails. No lock is left behind.
    pub async fn open(
        request: &SnapshotRequest<'_>,
        on_lock: impl FnOnce(),
    ) -> Result<Self, SnapshotError> {
        let sessions = open_sessions(request).await?;
        match request.lock {
            LockMode::Lock => locked(request, sessions, on_lock).await,
            LockMode::NoLock => unlocked(sessions).await,
        }
    }

    /// Takes the readers out, leaving what keeps tables without snapshots locked.
    pub fn take_readers(&mut self) -> Vec<Session> {
        std::mem::take(&mut self.readers)
    }

    /// Lets others write again to the tables of engines without snapshots: they are read.
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

/// Sessions before they have a part.
struct Sessions {
    readers: Vec<Session>,
    locker: Session,
    holder: Option<Session>,
}

/// Opens and pins all sessions, so that nothing is left to be done under the lock.
async fn open_sessions(request: &SnapshotRequest<'_>) -> Result<Sessions, SnapshotError> {
    let holders = usize::from(!request.without_snapshots.is_empty());
    let count = request.readers.max(1) + 1 + holders;
    let mut sessions = try_join_all((0..count).map(|_| open_session(request)))
        .await
        .map_err(server("open sessions"))?;
    one_server(&mut sessions).await?;
    let (Some(mut locker), holder) =
        (sessions.pop(), sessions.split_off(request.readers.max(1)).pop())
    else {
        return Err(server("open sessions")(MysqlError::Result("no session".to_owned())));
    };
    // It reads messages, not rows.
    locker.execute("SET NAMES utf8mb4").await.map_err(server("open sessions"))?;
    Ok(Sessions { readers: sessions, locker, holder })
}

async fn open_session(request: &SnapshotRequest<'_>) -> Result<Session, MysqlError> {
    reader(request.endpoint, request.lock_wait).await
}

/// Opens a session that reads rows as they are stored, in snapshots or statement by statement, and locks none.
///
/// # Errors
///
/// When the server cannot be reached or refuses.
pub async fn reader(endpoint: &Endpoint, lock_wait: Duration) -> Result<Session, MysqlError> {
    let mut session = pins::open(endpoint, pins::ROWS).await?;
    // An InnoDB lock has a timeout of its own. Without autocommit, or in another isolation level, a read may
    // lock rows or see what is not committed.
    let seconds = seconds(lock_wait);
    session
        .execute(&format!(
            "SET SESSION autocommit = 1, lock_wait_timeout = {seconds}, \
             innodb_lock_wait_timeout = {seconds}"
        ))
        .await?;
    session.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ").await?;
    Ok(session)
}

/// A proxy that spreads connections over replicas would spread the snapshot over them.
async fn one_server(sessions: &mut [Session]) -> Result<(), SnapshotError> {
    let servers = try_join_all(sessions.iter_mut().map(position::server))
        .await
        .map_err(server("tell servers apart"))?;
    for (one, other) in servers.iter().zip(servers.iter().skip(1)) {
        if one != other {
            return Err(SnapshotError::Scattered { one: one.clone(), other: other.clone() });
        }
    }
    Ok(())
}

async fn locked(
    request: &SnapshotRequest<'_>,
    mut sessions: Sessions,
    on_lock: impl FnOnce(),
) -> Result<Snapshot, SnapshotError> {
    blockers::refuse_if_busy(&mut sessions.locker, request.lock_wait).await?;
    let held = match sessions.locker.execute(FLUSH).await {
        Ok(_) => Held::GlobalLock,
        // Amazon RDS says "access denied" where others say that a privilege is missing.
        Err(error)
            if matches!(error.class(), ErrorClass::PrivilegeMissing | ErrorClass::AccessDenied) =>
        {
            Held::TableLocks
        }
        Err(cause) => return Err(refused(request, &mut sessions.locker, FLUSH, cause).await),
    };
    if let Some(holder) = &mut sessions.holder
        && let Err(cause) = lock_tables(holder, request.without_snapshots).await
    {
        return Err(refused(request, &mut sessions.locker, LOCK, cause).await);
    }
    if held == Held::TableLocks {
        let kept = request.tables.iter().filter(|table| !request.without_snapshots.contains(table));
        let kept = kept.cloned().collect::<Vec<_>>();
        if let Err(cause) = lock_tables(&mut sessions.locker, &kept).await {
            return Err(refused(request, &mut sessions.locker, LOCK, cause).await);
        }
    }
    let (position, begun) = join(
        position::current(&mut sessions.locker),
        try_join_all(sessions.readers.iter_mut().map(begin)),
    )
    .await;
    let position = position.map_err(server(POSITION))?;
    begun.map_err(server(BEGIN))?;
    on_lock();
    sessions.locker.execute("UNLOCK TABLES").await.map_err(server("release the lock"))?;
    sessions.locker.close().await;
    Ok(Snapshot { readers: sessions.readers, position, held, locked: sessions.holder })
}

/// The position is read before the first snapshot. A transaction may be in the log already and not yet seen
/// by the readers, so the log counts from the start of its file, which no such transaction crosses; and
/// MariaDB's GTID position, which runs ahead of what readers see in the same way, does not count.
async fn unlocked(mut sessions: Sessions) -> Result<Snapshot, SnapshotError> {
    let position = position::current(&mut sessions.locker).await.map_err(server(POSITION))?;
    let position = position.map(position::widened);
    for reader in &mut sessions.readers {
        begin(reader).await.map_err(server(BEGIN))?;
    }
    Ok(Snapshot { readers: sessions.readers, position, held: Held::Nothing, locked: None })
}

async fn begin(reader: &mut Session) -> Result<(), MysqlError> {
    reader.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY").await.map(drop)
}

/// Locks tables against writes. Without autocommit InnoDB locks them as well, which on old servers is what
/// waits for open transactions that have written to them
/// (<https://dev.mysql.com/doc/refman/5.7/en/lock-tables.html>).
async fn lock_tables(session: &mut Session, tables: &[QualifiedName]) -> Result<(), MysqlError> {
    if tables.is_empty() {
        return Ok(());
    }
    session.execute("SET SESSION autocommit = 0").await?;
    let tables = tables.iter().map(|table| format!("{table} READ")).collect::<Vec<_>>();
    session.execute(&format!("LOCK TABLES {}", tables.join(", "))).await.map(drop)
}

/// What an error on the way to a lock means.
async fn refused(
    request: &SnapshotRequest<'_>,
    locker: &mut Session,
    lock: &'static str,
    cause: MysqlError,
) -> SnapshotError {
    match cause.class() {
        ErrorClass::Transient => {
            let holders = blockers::holders(locker).await;
            SnapshotError::Waited { lock, seconds: seconds(request.lock_wait), holders }
        }
        ErrorClass::PrivilegeMissing | ErrorClass::AccessDenied => SnapshotError::Server {
            doing: "lock the tables that are read, which takes LOCK TABLES and SELECT on them (and is \
                    not needed on transactional ones with RELOAD)",
            cause,
        },
        ErrorClass::Unreachable
        | ErrorClass::Lost
        | ErrorClass::Tls
        | ErrorClass::ReadOnly
        | ErrorClass::DiskFull
        | ErrorClass::PacketTooLarge
        | ErrorClass::TooManyConnections
        | ErrorClass::DefinitionChanged
        | ErrorClass::DuplicateKey
        | ErrorClass::Interrupted
        | ErrorClass::LocalInfileOff
        | ErrorClass::Other => SnapshotError::Server { doing: "lock the source", cause },
    }
}

/// Timeouts are whole seconds.
fn seconds(lock_wait: Duration) -> u64 {
    lock_wait.as_secs().max(1)
}

fn server(doing: &'static str) -> impl Fn(MysqlError) -> SnapshotError {
    move |cause| SnapshotError::Server { doing, cause }
}

fn held_by(holders: &[String]) -> String {
    if holders.is_empty() {
        String::new()
    } else {
        format!("; it may wait for: {}", holders.join("; "))
    }
}
