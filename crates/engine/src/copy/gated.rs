//! The reading half of a lane while the source is being written to: chunk by chunk, each behind a gate.
//!
//! A chunk's rows are what one short statement sees. Before it begins, a position is obtained that lies
//! within what it will see, and a gate is opened with it (see [`super::gate`]). The gate goes with the chunk
//! and is released once the chunk is known to be on the target. Nothing of the application's is locked, and
//! nothing it locks is waited for but definitions.

use std::sync::Arc;
use std::time::Duration;

use sealift_mysql::binlog::{Visible, VisibleError};
use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::error::MysqlError;
use sealift_mysql::session::Session;
use sealift_mysql::snapshot::{self, SnapshotError};
use sealift_schema::facts::Side;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::aside::Aside;
use super::chunk::{ChunkEnd, Cutter, Filled, Guard, ReadEnd, Rows};
use super::family::{FamilySight, Holds};
use super::gate::{Gates, Stale};
use super::lane;
use super::ledger::LaneRow;
use super::pace::Pace;
use super::pass::{self, PassRead};
use super::queue::Queue;
use super::shape::Shape;
use crate::clock::Clock;
use crate::control::{Control, Turn};
use crate::family::Families;
use crate::fault::{ErrorCode, Fault};
use crate::target::pause::pause;
use crate::target::pin;

/// Bytes after which a chunk ends at most. Its gate is open until it has landed, and two of them fit into what
/// a worker may hold, so that none waits half read.
pub(super) const CHUNK_BYTES_MAX: u64 = 8 << 20;

/// Chunks of one reader between their reading and their commit: one that is written, one that is read.
const CHUNKS_AHEAD: usize = 2;

/// How often in a row a chunk's reading may fail by what passes (a lost connection, a lock on the table's
/// definition): with the pauses between them some minutes, longer than a failover takes.
const READ_ATTEMPTS: u32 = 30;

/// How long a statement waits for a definition to be free. The gate is open meanwhile.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// Chunks' worth of rows that are read and thrown away, rather than to connect again.
const CHUNKS_DRAINED_MAX: u64 = 4;

/// What reading behind gates takes.
#[derive(Clone)]
pub struct Gated {
    /// The source.
    pub source: Endpoint,
    /// How many chunks are read at a time.
    pub workers: usize,
    /// Where copier and applier meet; made by [`super::online::gates`].
    pub gates: Gates,
    /// Measures how long chunks take.
    pub clock: Clock,
    /// Says when a chunk may be begun.
    pub control: Control,
    /// Tables that are copied together.
    pub families: Families,
    /// Those of them that are closed because an earlier run copied them; made with the gates.
    pub holds: Holds,
    /// Tables that are not to be copied any further.
    pub aside: Aside,
}

/// One worker's reader.
pub(super) struct GatedReader {
    pub(super) gated: Gated,
    sight: Option<Sight>,
    ahead: Arc<Semaphore>,
    /// The family that is being read.
    pub(super) family: Option<FamilySight>,
}

/// A session on the source, and how it tells what its reads see.
pub(super) struct Sight {
    pub(super) session: Session,
    pub(super) visible: Visible,
}

/// Why nothing was read.
pub(super) enum Setback {
    /// No gate was opened: a newer position is needed.
    Stale(Stale),
    /// What passes on the source: a lost connection, a lock on the table's definition.
    Passing(MysqlError),
    /// No moment could be had in which nobody commits.
    Busy(SnapshotError),
    /// What does not pass.
    End(ReadEnd),
}

impl From<ReadEnd> for Setback {
    fn from(end: ReadEnd) -> Self {
        match end {
            ReadEnd::Server(error) => error.into(),
            end @ (ReadEnd::Unwanted | ReadEnd::Halted | ReadEnd::Fault(_)) => Self::End(end),
        }
    }
}

impl From<MysqlError> for Setback {
    fn from(error: MysqlError) -> Self {
        if error.class().is_passing() {
            Self::Passing(error)
        } else {
            Self::End(ReadEnd::Server(error))
        }
    }
}

impl From<SnapshotError> for Setback {
    fn from(error: SnapshotError) -> Self {
        match error {
            SnapshotError::Server { cause, .. } => cause.into(),
            busy @ (SnapshotError::Busy(_) | SnapshotError::Waited { .. }) => Self::Busy(busy),
            scattered @ SnapshotError::Scattered { .. } => Self::End(unsuitable(&scattered)),
        }
    }
}

fn unsuitable(why: &impl ToString) -> ReadEnd {
    let fault = Fault::new(ErrorCode::ServerUnsuitable, why.to_string());
    ReadEnd::Fault(Box::new(fault.on(Side::Source)))
}

impl From<VisibleError> for Setback {
    fn from(error: VisibleError) -> Self {
        match error {
            VisibleError::Server(error) => error.into(),
            no_way @ VisibleError::NoWay { .. } => Self::End(unsuitable(&no_way)),
        }
    }
}

/// Counts setbacks in a row.
#[derive(Default)]
pub(super) struct Patience {
    failures: u32,
}

impl Patience {
    /// Waits a while, unless that has been done too often.
    pub(super) async fn wait(&mut self, setback: Setback, queue: &Queue) -> Result<(), ReadEnd> {
        self.failures += 1;
        let is_lasting = self.failures == READ_ATTEMPTS;
        match setback {
            Setback::End(end) => return Err(end),
            Setback::Passing(error) if is_lasting => return Err(ReadEnd::Server(error)),
            Setback::Stale(stale) if is_lasting => return Err(never_visible(stale)),
            Setback::Busy(busy) if is_lasting => return Err(unsuitable(&busy)),
            Setback::Busy(busy) => tracing::warn!(%busy, "waiting for a moment without commits"),
            Setback::Passing(error) => tracing::warn!(%error, "reading rows again"),
            Setback::Stale(_) => tracing::debug!("waiting for changes to become visible"),
        }
        tokio::select! {
            () = pause(self.failures) => Ok(()),
            () = queue.halt() => Err(ReadEnd::Halted),
        }
    }
}

fn never_visible(stale: Stale) -> ReadEnd {
    let fault = Fault::new(ErrorCode::ServerUnsuitable, "read what its log holds").because(stale);
    ReadEnd::Fault(Box::new(fault.on(Side::Source).advise(
        "see what holds up commits on the source, a semi-synchronous replica that is away for one, then run \
         the same command again",
    )))
}

/// A chunk that was read and handed on.
struct ChunkRead {
    end: ChunkEnd,
    rows: u64,
    bytes: u64,
}

impl GatedReader {
    pub(super) fn new(gated: Gated) -> Self {
        Self { gated, sight: None, ahead: Arc::new(Semaphore::new(CHUNKS_AHEAD)), family: None }
    }

    /// Plans the lanes of a table.
    pub(super) async fn plan(
        &mut self,
        shape: &Shape,
        lane_bytes: u64,
        queue: &Queue,
    ) -> Result<Vec<LaneRow>, ReadEnd> {
        let mut patience = Patience::default();
        loop {
            match self.plan_once(shape, lane_bytes).await {
                Ok(lanes) => return Ok(lanes),
                Err(setback) => patience.wait(setback, queue).await?,
            }
        }
    }

    async fn plan_once(&mut self, shape: &Shape, lane_bytes: u64) -> Result<Vec<LaneRow>, Setback> {
        let mut sight = self.take_sight().await?;
        let lanes = lane::plan(&mut sight.session, shape, lane_bytes).await?;
        self.give_back(sight);
        Ok(lanes)
    }

    /// Takes the session; given back in good order, it is used again.
    pub(super) async fn take_sight(&mut self) -> Result<Sight, VisibleError> {
        if let Some(sight) = self.sight.take() {
            return Ok(sight);
        }
        let mut session = snapshot::reader(&self.gated.source, LOCK_WAIT).await?;
        pin::reader(&mut session).await?;
        let visible = Visible::of(&mut session).await?;
        Ok(Sight { session, visible })
    }

    /// Gives the session back.
    pub(super) fn give_back(&mut self, sight: Sight) {
        self.sight = Some(sight);
    }

    /// Reads a lane from where it stands to its end.
    pub(super) async fn lane(
        &mut self,
        shape: &Shape,
        lane: &LaneRow,
        cutter: &mut Cutter,
        queue: &Queue,
    ) -> Result<(), ReadEnd> {
        if self.family.is_some() {
            return self.family_table(shape, cutter, queue).await;
        }
        let mut patience = Patience::default();
        if shape.key.is_none() {
            loop {
                let turn = self.turn(queue).await?;
                match pass::read(self, shape, cutter).await {
                    Ok(PassRead { rows, bytes }) => {
                        turn.copied(rows, bytes);
                        return Ok(());
                    }
                    Err(setback) => patience.wait(setback, queue).await?,
                }
            }
        }
        let mut after = lane.standing.last.clone().or_else(|| lane.after.clone());
        let mut pace = Pace::of(&shape.source, cutter.chunk_bytes());
        loop {
            if self.gated.aside.holds(&shape.source.name) {
                let what = "its definition moved while it was being copied";
                return Err(ReadEnd::Fault(Box::new(Fault::new(ErrorCode::SourceChanged, what))));
            }
            // The semaphore is never closed.
            let ahead = Arc::clone(&self.ahead).acquire_owned().await.ok();
            let turn = self.turn(queue).await?;
            let begun = self.gated.clock.elapsed();
            let sql = shape.read_sql(after.as_ref(), lane.up_to.as_ref());
            match self.chunk(shape, &sql, pace.rows(), cutter, ahead).await {
                Ok(ChunkRead { end, rows, bytes }) => {
                    turn.copied(rows, bytes);
                    if end.done {
                        return Ok(());
                    }
                    pace.learn(rows, bytes, self.gated.clock.elapsed().saturating_sub(begun));
                    after = end.last.or(after);
                    patience = Patience::default();
                }
                Err(setback) => {
                    drop(turn);
                    patience.wait(setback, queue).await?;
                }
            }
        }
    }

    /// Waits until the operator lets one more chunk begin.
    pub(super) async fn turn(&self, queue: &Queue) -> Result<Turn, ReadEnd> {
        queue.turn(&self.gated.control).await.ok_or(ReadEnd::Halted)
    }

    /// Reads one chunk and hands it on with its gate.
    async fn chunk(
        &mut self,
        shape: &Shape,
        sql: &str,
        rows_max: u64,
        cutter: &mut Cutter,
        ahead: Option<OwnedSemaphorePermit>,
    ) -> Result<ChunkRead, Setback> {
        let mut sight = self.take_sight().await?;
        let since = self.gated.gates.now();
        let upto = Arc::new(sight.visible.begin(&mut sight.session).await?);
        let gate = match self.gated.gates.open(&shape.source.name, &upto, since) {
            Ok(gate) => Arc::new(gate),
            Err(stale) => {
                sight.visible.finish(&mut sight.session).await?;
                self.give_back(sight);
                return Err(Setback::Stale(stale));
            }
        };
        let sql = format!("{sql} LIMIT {rows_max}");
        let mut rows = Rows::start(&mut sight.session, shape, &sql, cutter.dialect()).await?;
        rows.keep_last();
        let (filled, is_torn) = match rows.fill(cutter, rows_max).await {
            Ok(filled) => (filled, false),
            // What came before the connection broke is as good as any chunk.
            Err(ReadEnd::Server(error)) if error.class().is_passing() && cutter.filled().0 > 0 => {
                tracing::warn!(table = %shape.source.name, %error, "a chunk ends early");
                (Filled::Chunk(rows.place_reached()?), true)
            }
            Err(end) => return Err(end.into()),
        };
        let (row_count, bytes) = cutter.filled();
        let bytes_left = bytes / row_count.max(1) * (rows_max - row_count);
        let is_soon_over = bytes_left <= cutter.chunk_bytes() * CHUNKS_DRAINED_MAX;
        if !is_torn
            && is_soon_over
            && rows.finish().await.is_ok()
            && sight.visible.finish(&mut sight.session).await.is_ok()
        {
            self.give_back(sight);
        }
        let end = match filled {
            Filled::Chunk(last) => ChunkEnd { last, ..ChunkEnd::default() },
            Filled::Ended => ChunkEnd { done: true, ..ChunkEnd::default() },
        };
        cutter.end(end.clone(), Guard::of(gate, ahead)).await?;
        Ok(ChunkRead { end, rows: row_count, bytes })
    }
}
