//! A table that has no lanes while the source is being written to: all of it in one statement, behind one gate.
//!
//! A table with a row key whose order no index gives is read as any chunk is; the gate goes with all chunks
//! the rows are cut into. A table without a key at all must be copied as of one exact position, because a row
//! that arrived twice would be two rows: on MySQL the table is locked for the moment in which the position and
//! the snapshot are taken, on MariaDB a snapshot knows its position.

use std::sync::Arc;
use std::time::Duration;

use sealift_mysql::binlog::LogPosition;
use sealift_mysql::session::Session;
use sealift_mysql::snapshot;
use sealift_schema::catalog::Table;
use sealift_schema::facts::Flavor;
use sealift_schema::name::QualifiedName;

use super::chunk::{ChunkEnd, Cutter, Filled, Guard, ReadEnd, Rows};
use super::gate::{Gate, Stale};
use super::gated::{Gated, GatedReader, Setback, Sight};
use super::shape::Shape;

/// How long to wait for the lock on tables that must be copied as of one position. Writers of the table queue behind it, so it is asked
/// for again rather than waited for.
pub(super) const LOCK_WAIT: Duration = Duration::from_secs(2);

/// Whether a table's copy must be of one exact position.
pub(super) fn must_be_exact(table: &Table) -> bool {
    table.row_key().is_none()
}

/// A table that was read and handed on.
pub(super) struct PassRead {
    pub(super) rows: u64,
    pub(super) bytes: u64,
}

/// Reads a table from its beginning to its end.
pub(super) async fn read(
    reader: &mut GatedReader,
    shape: &Shape,
    cutter: &mut Cutter,
) -> Result<PassRead, Setback> {
    let mut sight = reader.take_sight().await?;
    let Begun { gate, read_at, lock } = match begin(&reader.gated, &mut sight, shape).await? {
        Ok(begun) => begun,
        Err(stale) => {
            sight.session.execute("COMMIT").await?;
            reader.give_back(sight);
            return Err(Setback::Stale(stale));
        }
    };
    let sql = shape.read_sql(None, None);
    let mut rows = Rows::start(&mut sight.session, shape, &sql, cutter.dialect()).await?;
    let read = fill(&mut rows, cutter, &gate).await?;
    if let Some(lock) = lock {
        lock.close().await;
    }
    if rows.finish().await.is_ok() && sight.session.execute("COMMIT").await.is_ok() {
        reader.give_back(sight);
    }
    end(cutter, read_at, gate).await?;
    Ok(read)
}

/// Hands on all rows of a statement but those of the last chunk's end. What was read is on its way: a
/// statement that breaks off cannot be gone on with.
pub(super) async fn fill(
    rows: &mut Rows<'_>,
    cutter: &mut Cutter,
    gate: &Arc<Gate>,
) -> Result<PassRead, Setback> {
    let mut read = PassRead { rows: 0, bytes: 0 };
    loop {
        let filled = rows.fill(cutter, u64::MAX).await.map_err(Setback::End)?;
        let (row_count, bytes) = cutter.filled();
        (read.rows, read.bytes) = (read.rows + row_count, read.bytes + bytes);
        if filled == Filled::Ended {
            return Ok(read);
        }
        cutter.end(ChunkEnd::default(), Guard::of(Arc::clone(gate), None)).await?;
    }
}

/// Ends the last chunk of a table, which is the state of `read_at` if that is given.
pub(super) async fn end(
    cutter: &mut Cutter,
    read_at: Option<Arc<LogPosition>>,
    gate: Arc<Gate>,
) -> Result<(), ReadEnd> {
    let last = ChunkEnd { done: true, read_at, ..ChunkEnd::default() };
    cutter.end(last, Guard::of(gate, None)).await
}

/// A pass whose gate is open.
struct Begun {
    gate: Arc<Gate>,
    /// The position it is exactly the state of.
    read_at: Option<Arc<LogPosition>>,
    /// What keeps a table of an engine without snapshots locked until it is read.
    lock: Option<Session>,
}

async fn begin(
    gated: &Gated,
    sight: &mut Sight,
    shape: &Shape,
) -> Result<Result<Begun, Stale>, Setback> {
    let table = &shape.source;
    let since = gated.gates.now();
    if !must_be_exact(table) {
        let upto = Arc::new(sight.visible.begin(&mut sight.session).await?);
        let gate = gated.gates.open(&table.name, &upto, since);
        return Ok(gate.map(|gate| Begun { gate: Arc::new(gate), read_at: None, lock: None }));
    }
    let keeps_snapshots = snapshot::keeps_snapshots(&table.engine);
    let (read_at, mut lock) = moment(gated, sight, &table.name, keeps_snapshots).await?;
    if keeps_snapshots && let Some(locker) = lock.take() {
        // Its end releases the lock.
        locker.close().await;
    }
    let read_at = Arc::new(read_at);
    let gate = gated.gates.open_exact(&table.name, &read_at, since);
    Ok(gate.map(|gate| Begun { gate: Arc::new(gate), read_at: Some(read_at), lock }))
}

/// Lets a session see a table as of one position exactly. Returns that, and what keeps the table locked: until the
/// snapshot is there, or where its engine keeps none until it is read.
pub(super) async fn moment(
    gated: &Gated,
    Sight { session, visible }: &mut Sight,
    table: &QualifiedName,
    keeps_snapshots: bool,
) -> Result<(LogPosition, Option<Session>), Setback> {
    let mut lock = None;
    if session.version().flavor == Flavor::MySql || !keeps_snapshots {
        let mut locker = snapshot::reader(&gated.source, LOCK_WAIT).await?;
        locker.execute(format!("LOCK TABLES {table} READ")).await?;
        lock = Some(locker);
    }
    if session.version().flavor == Flavor::MySql {
        session.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY").await?;
    }
    Ok((visible.begin(session).await?, lock))
}
