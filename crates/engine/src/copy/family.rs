//! A family while the source is being written to: all its tables as of one position, in one snapshot.
//!
//! Its gates stay until its indexes are there: what foreign keys changed is repeated by looking rows up that refer
//! to others. What an earlier run left half done is emptied, for another snapshot is another position.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use sealift_mysql::binlog::LogPosition;
use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::session::Session;
use sealift_mysql::snapshot::{LockMode, Snapshot, SnapshotRequest};
use sealift_schema::facts::{Flavor, Side};
use sealift_schema::name::QualifiedName;

use super::chunk::{Cutter, ReadEnd, Rows};
use super::gate::{Gate, Gates, Stale};
use super::gated::{GatedReader, Patience, Setback};
use super::ledger::LaneRow;
use super::pass::{self, LOCK_WAIT, PassRead};
use super::queue::Queue;
use super::shape::Shape;
use crate::fault::{ErrorCode, Fault};
use crate::target::pin;

/// Families that were copied before, kept closed until it is known that their indexes are there.
#[derive(Clone, Debug, Default)]
pub struct Holds {
    gates: Arc<Mutex<BTreeMap<QualifiedName, Gate>>>,
}

impl Holds {
    /// Closes tables.
    pub(super) fn add(&self, gates: &Gates, tables: &[QualifiedName]) {
        let mut held = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        held.extend(tables.iter().map(|table| (table.clone(), gates.hold(table))));
    }

    /// Lets their changes pass.
    pub(super) fn release(&self, tables: &[QualifiedName]) {
        let mut held = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|table, _| !tables.contains(table));
    }
}

/// The one position that all tables of a family are copied as of, by their lanes in the ledger; `None`: they are
/// not.
pub(super) fn copied_at<'l>(
    lanes: impl IntoIterator<Item = Option<&'l Vec<LaneRow>>>,
) -> Option<Arc<LogPosition>> {
    let mut position: Option<Arc<LogPosition>> = None;
    for lanes in lanes {
        let [lane] = lanes?.as_slice() else { return None };
        let standing = &lane.standing;
        let read_at = standing.read_at.as_ref().filter(|_| standing.done && !standing.emptying)?;
        if position.as_ref().is_some_and(|position| position != read_at) {
            return None;
        }
        position = Some(Arc::clone(read_at));
    }
    position
}

/// A family that is being read.
pub(super) struct FamilySight {
    session: Session,
    read_at: Arc<LogPosition>,
    gates: BTreeMap<QualifiedName, Arc<Gate>>,
}

impl GatedReader {
    /// Opens the snapshot of a family, and its gates.
    pub(super) async fn begin_family(
        &mut self,
        tables: &[QualifiedName],
        queue: &Queue,
    ) -> Result<(), ReadEnd> {
        let mut patience = Patience::default();
        loop {
            match self.try_begin_family(tables).await {
                Ok(family) => {
                    self.family = Some(family);
                    return Ok(());
                }
                Err(setback) => patience.wait(setback, queue).await?,
            }
        }
    }

    async fn try_begin_family(&mut self, tables: &[QualifiedName]) -> Result<FamilySight, Setback> {
        let mut sight = self.take_sight().await?;
        let since = self.gated.gates.now();
        let read_at = if let [alone] = tables {
            let (read_at, lock) = pass::moment(&self.gated, &mut sight, alone, true).await?;
            if let Some(lock) = lock {
                // Its end releases the lock.
                lock.close().await;
            }
            read_at
        } else if sight.session.version().flavor == Flavor::MySql {
            let (snapshot, position) = moment(&self.gated.source, tables).await?;
            sight.session = snapshot;
            position
        } else {
            // On MariaDB a snapshot knows which position it is exactly.
            sight.visible.begin(&mut sight.session).await?
        };
        let session = sight.session;
        let read_at = Arc::new(read_at);
        let gates = tables.iter().map(|table| {
            let gate = self.gated.gates.open_exact(table, &read_at, since)?;
            Ok((table.clone(), Arc::new(gate)))
        });
        let gates = gates.collect::<Result<_, Stale>>().map_err(Setback::Stale)?;
        Ok(FamilySight { session, read_at, gates })
    }

    /// Reads a table of the family from its beginning to its end.
    pub(super) async fn family_table(
        &mut self,
        shape: &Shape,
        cutter: &mut Cutter,
        queue: &Queue,
    ) -> Result<(), ReadEnd> {
        let turn = self.turn(queue).await?;
        let Some(FamilySight { session, read_at, gates }) = &mut self.family else {
            return Err(ReadEnd::Unwanted);
        };
        let Some(gate) = gates.get(&shape.source.name) else { return Err(ReadEnd::Unwanted) };
        let sql = shape.read_sql(None, None);
        let mut rows = Rows::start(session, shape, &sql, cutter.dialect()).await?;
        let PassRead { rows: count, bytes } = match pass::fill(&mut rows, cutter, gate).await {
            Ok(read) => read,
            Err(Setback::End(end)) => return Err(end),
            Err(Setback::Passing(error)) => return Err(ReadEnd::Server(error)),
            Err(Setback::Stale(_) | Setback::Busy(_)) => return Err(ReadEnd::Unwanted),
        };
        rows.finish().await?;
        turn.copied(count, bytes);
        pass::end(cutter, Some(Arc::clone(read_at)), Arc::clone(gate)).await
    }

    /// Ends the snapshot. The gates are the caller's: they stay closed until it drops them.
    pub(super) async fn end_family(&mut self) -> Vec<Arc<Gate>> {
        let Some(FamilySight { session, gates, .. }) = self.family.take() else {
            return Vec::new();
        };
        session.close().await;
        gates.into_values().collect()
    }
}

/// A snapshot of MySQL and the position it is exactly: every commit is held up for that moment. By one lock on all
/// tables of the server, if the login may: table after table could end in a deadlock with transactions of the
/// application, which the server would end.
async fn moment(
    source: &Endpoint,
    tables: &[QualifiedName],
) -> Result<(Session, LogPosition), Setback> {
    let request = SnapshotRequest {
        endpoint: source,
        readers: 1,
        tables,
        without_snapshots: &[],
        lock: LockMode::Lock,
        lock_wait: LOCK_WAIT,
    };
    let mut snapshot = Snapshot::open(&request, || ()).await?;
    let reader = snapshot.take_readers().pop().zip(snapshot.position.clone());
    let Some((mut session, position)) = reader else {
        let fault =
            Fault::new(ErrorCode::PrivilegeMissing, "the source does not say where its log ends");
        let fault =
            fault.on(Side::Source).advise("grant REPLICATION CLIENT to the source's account");
        return Err(Setback::End(ReadEnd::Fault(Box::new(fault))));
    };
    pin::reader(&mut session).await?;
    Ok((session, position))
}
