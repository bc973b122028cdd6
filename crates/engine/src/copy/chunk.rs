//! The reading half of a lane: rows encoded into blocks and cut into chunks.

use std::sync::{Arc, Mutex, PoisonError};

use sealift_mysql::binlog::LogPosition;
use sealift_mysql::error::MysqlError;
use sealift_mysql::session::{BinaryRows, ColumnMeta, Session};
use sealift_mysql::value::Layout;
use sealift_schema::facts::Side;
use sealift_schema::key_range::KeyPlace;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::gate::Gate;
use super::ledger::LaneRow;
use super::queue::Queue;
use super::shape::Shape;
use crate::control::Control;
use crate::encode::{Dialect, EncodeError, Encoder, ResultRow};
use crate::fault::{ErrorCode, Fault};

/// Bytes handed over at once. Statements of this size cost an `INSERT` target least (measured: 1 MB and
/// 16 MB ones are slower); for load streams it hardly matters.
const BLOCK_BYTES: usize = 250 << 10;

/// A block's room: what it holds when it is full, and the row that filled it.
const BLOCK_ROOM: usize = 288 << 10;

/// Buffers larger than this are given back to the system: they held a large row.
const BLOCK_KEPT_BYTES: usize = 1 << 20;

/// Bytes of one worker's chunk that is being written, and of the next one that is being read.
const WORKER_BYTES: usize = 24 << 20;

/// The same over all workers: with our own needs the process stays below 200 MiB.
const ALL_WORKERS_BYTES: usize = 128 << 20;

/// Rows larger than this are copied one at a time over all workers: their bytes are in memory twice.
const GIANT_BYTES: usize = 8 << 20;

/// Expected warnings of a chunk at most, so that the server can list all of them (`max_error_count` ends
/// at 65,535).
const WARNED_MAX: u64 = 60_000;

/// Blocks between reader and writer; their bytes are bounded by [`WORKER_BYTES`] before this is reached,
/// but for ends of chunks.
const PIECES_MAX: usize = 128;

/// What one worker may hold in memory, and the buffers it uses again.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    /// KiB of this worker.
    own: Arc<Semaphore>,
    /// How many it began with.
    own_kib: usize,
    /// One for all workers.
    giants: Arc<Semaphore>,
    buffers: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Budget {
    /// A budget for each of some workers.
    pub(super) fn for_workers(count: usize) -> Vec<Self> {
        let giants = Arc::new(Semaphore::new(1));
        let own_kib = (ALL_WORKERS_BYTES / count.max(1)).min(WORKER_BYTES) >> 10;
        (0..count)
            .map(|_worker| Self {
                own: Arc::new(Semaphore::new(own_kib)),
                own_kib,
                giants: Arc::clone(&giants),
                buffers: Arc::default(),
            })
            .collect()
    }

    /// Two thirds: while a chunk is written, half as much of the next is read.
    pub(super) fn chunk_bytes_max(&self) -> u64 {
        (self.own_kib as u64) * 1024 * 2 / 3
    }

    fn buffer(&self) -> Vec<u8> {
        let kept = self.buffers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        kept.unwrap_or_else(|| Vec::with_capacity(BLOCK_ROOM))
    }
}

/// Rows on their way: whole lines or whole tuples. Its bytes count against the budget until it is dropped.
#[derive(Debug)]
pub(super) struct Block {
    /// What is sent.
    pub(super) bytes: Vec<u8>,
    /// How many rows it is.
    pub(super) rows: u64,
    budget: Budget,
    _permits: Vec<OwnedSemaphorePermit>,
}

impl Drop for Block {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.bytes);
        if bytes.capacity() <= BLOCK_KEPT_BYTES {
            bytes.clear();
            self.budget.buffers.lock().unwrap_or_else(PoisonError::into_inner).push(bytes);
        }
    }
}

/// The end of a chunk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ChunkEnd {
    /// Rows of the chunk.
    pub(super) rows: u64,
    /// Bytes of the chunk.
    pub(super) bytes: u64,
    /// Warnings the target will give though it stores every value right.
    pub(super) warned: u64,
    /// The last row's place; `None` in a table without a key.
    pub(super) last: Option<KeyPlace>,
    /// Where the copy must be exact: the position its rows are the state of.
    pub(super) read_at: Option<Arc<LogPosition>>,
    /// Whether it is the lane's last chunk.
    pub(super) done: bool,
}

/// What travels from reader to writer.
#[derive(Debug)]
pub(super) enum Piece {
    /// Rows.
    Block(Block),
    /// The end of the chunk the last blocks belong to.
    End(ChunkEnd, Guard),
}

/// What is kept until it is certain what became of a chunk. A snapshot needs none of it.
#[derive(Debug, Default)]
pub(super) struct Guard {
    /// Keeps the applier from what the chunk may not know.
    pub(super) gate: Option<Arc<Gate>>,
    /// Keeps the reader from reading more chunks ahead.
    _ahead: Option<OwnedSemaphorePermit>,
}

impl Guard {
    /// The guard of a chunk that is read behind a gate.
    pub(super) fn of(gate: Arc<Gate>, ahead: Option<OwnedSemaphorePermit>) -> Self {
        Self { gate: Some(gate), _ahead: ahead }
    }
}

/// The way from a lane's reader to its writer.
pub(super) fn pipe() -> (Sender<Piece>, Receiver<Piece>) {
    channel(PIECES_MAX)
}

/// How rows are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Writing {
    /// As lines or as tuples.
    pub(super) dialect: Dialect,
    /// Bytes after which a chunk ends.
    pub(super) chunk_bytes: u64,
}

/// Why reading ended early.
#[derive(Debug)]
pub(super) enum ReadEnd {
    /// The writer wants no more.
    Unwanted,
    /// Somebody asked to stop.
    Halted,
    /// The source refused, or the connection to it is lost.
    Server(MysqlError),
    /// Trouble of another kind.
    Fault(Box<Fault>),
}

impl From<MysqlError> for ReadEnd {
    fn from(error: MysqlError) -> Self {
        Self::Server(error)
    }
}

impl From<EncodeError> for ReadEnd {
    fn from(error: EncodeError) -> Self {
        let fault = Fault::new(ErrorCode::Protocol, "read rows").on(Side::Source).because(error);
        Self::Fault(Box::new(fault))
    }
}

/// Reads a lane from where it stands to its end, as a session in a snapshot sees it: one statement.
pub(super) async fn read_snapshot(
    session: &mut Session,
    shape: &Shape,
    lane: &LaneRow,
    cutter: &mut Cutter,
    (control, queue): (&Control, &Queue),
) -> Result<(), ReadEnd> {
    let after = lane.standing.last.as_ref().or(lane.after.as_ref());
    let sql = shape.read_sql(after, lane.up_to.as_ref());
    let mut turn = queue.turn(control).await.ok_or(ReadEnd::Halted)?;
    let mut rows = Rows::start(session, shape, &sql, cutter.dialect()).await?;
    loop {
        let filled = rows.fill(cutter, u64::MAX).await?;
        let (row_count, bytes) = cutter.filled();
        let end = match filled {
            Filled::Chunk(last) => ChunkEnd { last, ..ChunkEnd::default() },
            Filled::Ended => ChunkEnd { done: true, ..ChunkEnd::default() },
        };
        let is_last = end.done;
        cutter.end(end, Guard::default()).await?;
        turn.copied(row_count, bytes);
        if is_last {
            return Ok(());
        }
        turn = queue.turn(control).await.ok_or(ReadEnd::Halted)?;
    }
}

/// The rows of one statement, on their way into chunks.
pub(super) struct Rows<'s> {
    rows: BinaryRows<'s>,
    shape: &'s Shape,
    layouts: Vec<Layout>,
    encoder: Encoder,
    /// The last row taken into the chunk, where it may have to end there.
    kept: Option<Vec<u8>>,
}

/// Why no more rows are taken into a chunk.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Filled {
    /// The chunk should end with the row at this place (`None` without a key). More rows may follow.
    Chunk(Option<KeyPlace>),
    /// There are no more rows.
    Ended,
}

impl<'s> Rows<'s> {
    /// Asks for rows.
    pub(super) async fn start(
        session: &'s mut Session,
        shape: &'s Shape,
        sql: &str,
        dialect: Dialect,
    ) -> Result<Self, ReadEnd> {
        let rows = session.read(sql).await?;
        let layouts = layouts(rows.columns())?;
        let encoder = shape.encoder(&layouts, dialect)?;
        Ok(Self { rows, shape, layouts, encoder, kept: None })
    }

    /// Remembers each row, so that a chunk can end with any when the rest does not come.
    pub(super) fn keep_last(&mut self) {
        self.kept = Some(Vec::new());
    }

    /// The place of the last row in the chunk.
    pub(super) fn place_reached(&self) -> Result<Option<KeyPlace>, ReadEnd> {
        let Some(row) = &self.kept else { return Ok(None) };
        Ok(self.shape.place(row, &self.layouts)?)
    }

    /// Takes rows into a chunk until it is full or has this many.
    pub(super) async fn fill(
        &mut self,
        cutter: &mut Cutter,
        rows_max: u64,
    ) -> Result<Filled, ReadEnd> {
        while let Some(row) = self.rows.next().await? {
            if cutter.is_giant(row) {
                cutter.wait_for_giants().await;
            }
            let is_full = cutter.row(row, &self.layouts, &self.encoder)?;
            if is_full || cutter.chunk.rows >= rows_max {
                return Ok(Filled::Chunk(self.shape.place(row, &self.layouts)?));
            }
            if let Some(kept) = &mut self.kept {
                kept.clear();
                kept.extend_from_slice(row);
            }
            if cutter.is_block_full() {
                cutter.flush().await?;
            }
        }
        Ok(Filled::Ended)
    }

    /// Reads what is left and throws it away.
    pub(super) async fn finish(self) -> Result<(), MysqlError> {
        self.rows.finish().await
    }
}

pub(super) fn layouts(columns: &[ColumnMeta]) -> Result<Vec<Layout>, EncodeError> {
    columns
        .iter()
        .map(|column| Layout::of(column.type_code, column.is_unsigned()))
        .collect::<Option<Vec<_>>>()
        .ok_or(EncodeError::OtherColumns)
}

/// Collects rows into blocks and says where a chunk ends.
pub(super) struct Cutter {
    writing: Writing,
    budget: Budget,
    pieces: Sender<Piece>,
    block: Vec<u8>,
    block_rows: u64,
    /// What the chunk has so far.
    chunk: ChunkEnd,
    /// KiB of the budget that the chunk's blocks have taken.
    taken: usize,
    giant: Option<OwnedSemaphorePermit>,
}

impl Cutter {
    /// Cuts what goes into a pipe.
    pub(super) fn new(writing: Writing, budget: Budget, pieces: Sender<Piece>) -> Self {
        Self {
            writing,
            block: budget.buffer(),
            budget,
            pieces,
            block_rows: 0,
            chunk: ChunkEnd::default(),
            taken: 0,
            giant: None,
        }
    }

    /// How rows are written.
    pub(super) fn dialect(&self) -> Dialect {
        self.writing.dialect
    }

    /// Bytes after which a chunk ends.
    pub(super) fn chunk_bytes(&self) -> u64 {
        self.writing.chunk_bytes.min(self.budget.chunk_bytes_max())
    }

    /// Rows and bytes the chunk has so far.
    pub(super) fn filled(&self) -> (u64, u64) {
        (self.chunk.rows, self.chunk.bytes + self.block.len() as u64)
    }

    fn is_giant(&self, row: &[u8]) -> bool {
        row.len() >= GIANT_BYTES
    }

    /// Waits until no other worker has a large row under way.
    async fn wait_for_giants(&mut self) {
        // The semaphore is never closed.
        self.giant = Arc::clone(&self.budget.giants).acquire_owned().await.ok();
    }

    /// Takes a row in; `true` when the chunk should end with it.
    fn row(
        &mut self,
        row: &[u8],
        layouts: &[Layout],
        encoder: &Encoder,
    ) -> Result<bool, EncodeError> {
        if self.is_giant(row) {
            self.block.reserve_exact(row.len() + row.len() / 8);
        }
        if self.writing.dialect == Dialect::Insert && self.block_rows > 0 {
            self.block.push(b',');
        }
        let mut values = ResultRow::new(row, layouts)?;
        self.chunk.warned += encoder.row(&mut values, &mut self.block)?;
        self.chunk.rows += 1;
        self.block_rows += 1;
        let (_, bytes) = self.filled();
        Ok(bytes >= self.chunk_bytes() || self.chunk.warned >= WARNED_MAX || self.is_giant(row))
    }

    fn is_block_full(&self) -> bool {
        self.block.len() >= BLOCK_BYTES
    }

    /// Hands the block over, once the budget allows.
    async fn flush(&mut self) -> Result<(), ReadEnd> {
        if self.block_rows == 0 {
            return Ok(());
        }
        // A chunk is never refused what the whole budget has: only the chunk before it is waited for.
        let room = self.budget.own_kib.saturating_sub(self.taken);
        let kib = self.block.len().div_ceil(1 << 10).min(room);
        self.taken += kib;
        let wanted = u32::try_from(kib).unwrap_or(u32::MAX);
        let permit = Arc::clone(&self.budget.own).acquire_many_owned(wanted).await.ok();
        let bytes = std::mem::replace(&mut self.block, self.budget.buffer());
        self.chunk.bytes += bytes.len() as u64;
        let block = Block {
            bytes,
            rows: std::mem::take(&mut self.block_rows),
            budget: self.budget.clone(),
            _permits: permit.into_iter().chain(self.giant.take()).collect(),
        };
        self.send(Piece::Block(block)).await
    }

    /// Ends the chunk: `end` says how, its counts are filled in.
    pub(super) async fn end(&mut self, end: ChunkEnd, guard: Guard) -> Result<(), ReadEnd> {
        self.flush().await?;
        self.taken = 0;
        let ChunkEnd { rows, bytes, warned, .. } = std::mem::take(&mut self.chunk);
        self.send(Piece::End(ChunkEnd { rows, bytes, warned, ..end }, guard)).await
    }

    async fn send(&self, piece: Piece) -> Result<(), ReadEnd> {
        self.pieces.send(piece).await.map_err(|_closed| ReadEnd::Unwanted)
    }
}
