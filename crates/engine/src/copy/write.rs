//! The writing half of a lane: each chunk in one transaction with its place in the ledger.

use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::error::{ErrorClass, MysqlError};
use sealift_mysql::session::Session;
use sealift_schema::facts::Side;
use sealift_schema::name::QualifiedName;
use tokio::sync::mpsc::Receiver;

use super::chunk::{Block, ChunkEnd, Guard, Piece};
use super::gate::{Gate, Underway};
use super::ledger::{LaneRow, Ledger, Standing};
use super::shape::{Present, Shape};
use crate::encode::Dialect;
use crate::fault::{ErrorCode, Fault};
use crate::probe::{Point, Probe};
use crate::target::connect::{TRANSACTION_ATTEMPTS, TargetLimits, patiently};
use crate::target::pause::pause;
use crate::target::pin;
use crate::target::taken::{Doing, Sent, Trouble};

/// Writes chunks on a session of its own, which it opens again when it is lost.
pub(super) struct Writer {
    seat: Seat,
    dialect: Dialect,
    /// The target's `max_allowed_packet`.
    packet_max: u64,
    probe: Probe,
    session: Option<Session>,
}

/// Whose sessions they are, and where.
pub(super) struct Seat {
    /// The target.
    pub(super) endpoint: Endpoint,
    /// The migration's ledger.
    pub(super) ledger: Ledger,
    /// The worker's number.
    pub(super) number: usize,
}

/// Why a lane's writing ended early.
#[derive(Debug)]
pub(super) enum WriteEnd {
    /// The reader ended without an end of chunk: it knows why.
    ReaderGone,
    /// Somebody asked to stop; nothing is open.
    Halted,
    /// A dead process has committed to the lane since the ledger was read: it must be read again.
    Overtaken,
    /// Trouble.
    Fault(Box<Fault>),
}

/// Why an attempt at a chunk failed.
enum Failure {
    Server(&'static str, MysqlError),
    End(WriteEnd),
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::End(WriteEnd::Fault(Box::new(fault)))
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Server(doing, error) => Self::Server(doing, error),
            Trouble::Fault(fault) => Self::End(WriteEnd::Fault(fault)),
        }
    }
}

impl Writer {
    pub(super) fn new(seat: Seat, limits: TargetLimits, probe: Probe) -> Self {
        let TargetLimits { dialect, packet_max } = limits;
        Self { seat, dialect, packet_max, probe, session: None }
    }

    /// Writes what comes through the pipe until the lane is done. `halted` is asked before each chunk;
    /// `committed` is told of each.
    pub(super) async fn lane(
        &mut self,
        shape: &Shape,
        lane: &mut LaneRow,
        pieces: Receiver<Piece>,
        halted: impl Fn() -> bool,
        committed: impl Fn(&ChunkEnd),
    ) -> Result<(), WriteEnd> {
        let mut replay = Replay::of(pieces);
        while !lane.standing.done {
            replay.next_chunk().await.map_err(|ReaderGone| WriteEnd::ReaderGone)?;
            if halted() {
                return Err(WriteEnd::Halted);
            }
            let end = self.chunk(shape, lane, &mut replay).await?;
            lane.standing = standing_after(&lane.standing, &end);
            lane.entered = true;
            committed(&end);
            replay.settled(&end);
        }
        Ok(())
    }

    /// Brings one chunk onto the target, however often that has to be tried.
    async fn chunk(
        &mut self,
        shape: &Shape,
        lane: &LaneRow,
        replay: &mut Replay,
    ) -> Result<ChunkEnd, WriteEnd> {
        let mut failures = 0;
        loop {
            let (doing, error) = match self.attempt(shape, lane, replay).await {
                Ok(end) => {
                    self.probe.pass(Point::ChunkCommitted);
                    return Ok(end);
                }
                Err(Failure::Server(doing, error)) => (doing, error),
                Err(Failure::End(end)) => {
                    self.roll_back().await;
                    return Err(end);
                }
            };
            failures += 1;
            let passes = matches!(error.class(), ErrorClass::Transient | ErrorClass::Lost);
            if !passes || failures == TRANSACTION_ATTEMPTS {
                self.roll_back().await;
                return Err(refused(shape, doing, error));
            }
            tracing::warn!(table = %shape.target, doing, %error, "trying the chunk again");
            self.roll_back().await;
            pause(failures).await;
        }
    }

    async fn attempt(
        &mut self,
        shape: &Shape,
        lane: &LaneRow,
        replay: &mut Replay,
    ) -> Result<ChunkEnd, Failure> {
        let (dialect, packet_max, probe) = (self.dialect, self.packet_max, self.probe.clone());
        let ledger = self.seat.ledger.clone();
        let session = self.session().await?;
        let table = &shape.source.name;
        if let Holding::Done(end) = begin(session, &ledger, table, lane, replay).await? {
            session.execute("ROLLBACK").await.doing("end a transaction")?;
            return Ok(end);
        }
        probe.pass(Point::ChunkBegun);
        // A generated DECIMAL that is rounded gives a note for each row; a note about a value that was
        // sent would be a loss.
        let notes = if shape.mutes_notes { "SET sql_notes=0" } else { "SET sql_notes=1" };
        session.execute(notes).await.doing("say which warnings matter")?;
        match dialect {
            Dialect::Load => load(session, shape, replay).await?,
            Dialect::Insert => insert(session, shape, replay, packet_max).await?,
        }
        let end = replay.whole().await?;
        probe.pass(Point::ChunkLoaded);
        let after = standing_after(&lane.standing, &end);
        ledger.advance(session, table, lane.lane, &after).await.doing("move the ledger")?;
        replay.commit_sent();
        session.execute("COMMIT").await.doing("commit a chunk")?;
        Ok(end)
    }

    /// The session, opened and pinned when there is none.
    ///
    /// Trouble that may pass (nobody listens, too many connections) is waited out.
    pub(super) async fn session(&mut self) -> Result<&mut Session, Fault> {
        if self.session.is_none() {
            self.session = Some(patiently(|| self.connect()).await?);
        }
        match &mut self.session {
            Some(session) => Ok(session),
            None => Err(Fault::new(ErrorCode::Internal, "a session that was just opened is gone")),
        }
    }

    async fn connect(&self) -> Result<Session, MysqlError> {
        let mut session = Session::connect(&self.seat.endpoint).await?;
        pin::writer(&mut session).await?;
        self.seat.ledger.succeed(&mut session, self.seat.number).await?;
        if self.dialect == Dialect::Insert {
            // Literals are bytes.
            session.execute("SET NAMES binary").await?;
        }
        Ok(session)
    }

    /// Leaves no transaction open: what cannot be rolled back is hung up on.
    pub(super) async fn roll_back(&mut self) {
        if let Some(mut session) = self.session.take()
            && session.execute("ROLLBACK").await.is_ok()
        {
            self.session = Some(session);
        }
    }

    /// Forgets the session, as after it was lost.
    pub(super) fn hang_up(&mut self) {
        self.session = None;
    }
}

/// What a chunk's transaction found when it had locked its lane.
enum Holding {
    /// The lane stands where the chunk begins.
    Lane,
    /// An earlier COMMIT of this chunk took effect, though its answer was lost.
    Done(ChunkEnd),
}

/// Begins a chunk's transaction by locking its lane, so that a transaction left behind by a dead process
/// is waited out.
async fn begin(
    session: &mut Session,
    ledger: &Ledger,
    table: &QualifiedName,
    lane: &LaneRow,
    replay: &Replay,
) -> Result<Holding, Failure> {
    if !lane.entered {
        match ledger.begin(session, table, lane).await {
            Ok(()) => return Ok(Holding::Lane),
            Err(error) if error.class() == ErrorClass::DuplicateKey => {}
            Err(error) => return Err(Failure::Server("enter a lane into the ledger", error)),
        }
    }
    let held = ledger.lock(session, table, lane.lane).await.doing("lock the ledger")?;
    let held = held.map(|row| row.standing);
    if held.as_ref() == Some(&lane.standing) {
        return Ok(Holding::Lane);
    }
    match &replay.end {
        Some(end)
            if replay.is_commit_sent
                && held.as_ref() == Some(&standing_after(&lane.standing, end)) =>
        {
            Ok(Holding::Done(end.clone()))
        }
        Some(_) | None if !lane.entered => Err(Failure::End(WriteEnd::Overtaken)),
        Some(_) | None => {
            let what = "another process has moved this copy's ledger, or it was removed";
            let fault = Fault::new(ErrorCode::LedgerMismatch, what).on(Side::Target);
            Err(fault.about(format!("table {table}")).into())
        }
    }
}

/// Where a lane stands once a chunk is there.
fn standing_after(before: &Standing, end: &ChunkEnd) -> Standing {
    Standing {
        last: end.last.clone().or_else(|| before.last.clone()),
        rows: before.rows + end.rows,
        bytes: before.bytes + end.bytes,
        read_at: end.read_at.clone().or_else(|| before.read_at.clone()),
        done: end.done,
        emptying: false,
    }
}

async fn load(session: &mut Session, shape: &Shape, replay: &mut Replay) -> Result<(), Failure> {
    if replay.is_empty() {
        return Ok(());
    }
    let mut load = session.load(shape.load_sql()).await.doing("begin a load")?;
    let mut index = 0;
    // Returning early drops the load, which closes the connection: the server must not take a part of
    // a chunk for the whole.
    while let Some(block) = replay.block(index).await? {
        load.send(&block.bytes).await.doing("send rows")?;
        index += 1;
    }
    let end = replay.whole().await?;
    let done = load.finish().await.doing("load rows")?;
    let sent = Sent { table: &shape.target, rows: end.rows, warned: end.warned };
    Ok(sent.check_load(session, &done).await?)
}

async fn insert(
    session: &mut Session,
    shape: &Shape,
    replay: &mut Replay,
    packet_max: u64,
) -> Result<(), Failure> {
    let head = shape.insert_sql();
    let mut index = 0;
    let mut warned = 0;
    let mut statement = Vec::new();
    while let Some(block) = replay.block(index).await? {
        statement.clear();
        statement.extend_from_slice(head.as_bytes());
        statement.extend_from_slice(&block.bytes);
        // One byte for the command.
        if statement.len() as u64 >= packet_max {
            let what = format!(
                "a row takes {} bytes as a statement, max_allowed_packet is {packet_max}",
                statement.len()
            );
            let fault = Fault::new(ErrorCode::PacketTooLarge, what).on(Side::Target);
            return Err(fault.about(format!("table {}", shape.target)).into());
        }
        let done = session.execute(&statement).await.doing("insert rows")?;
        let given = u64::from(done.warnings);
        let sent = Sent { table: &shape.target, rows: block.rows, warned: given };
        let taken = match shape.present {
            Present::Refused => done.affected_rows,
            // Replaced rows count twice; a statement of one row says only that.
            Present::Replaced => match done.load_counts() {
                Some(counts) => counts.records,
                None => done.affected_rows.min(block.rows),
            },
        };
        if taken != block.rows {
            return Err(sent.miscounted(taken).into());
        }
        // The packet's own count ends at 65,535, which `WARNED_MAX` keeps a chunk below.
        warned += given;
        sent.check_warnings(session, true).await?;
        index += 1;
    }
    let end = replay.whole().await?;
    let sent = Sent { table: &shape.target, rows: end.rows, warned: 0 };
    Ok(sent.check_warnings(session, warned == end.warned).await?)
}

fn refused(shape: &Shape, doing: &'static str, error: MysqlError) -> WriteEnd {
    let fault = Fault::server(Side::Target, doing, error).about(format!("table {}", shape.target));
    WriteEnd::Fault(Box::new(fault))
}

/// The pieces of a chunk, kept until it is committed so that it can be sent again.
struct Replay {
    pieces: Receiver<Piece>,
    blocks: Vec<Block>,
    end: Option<ChunkEnd>,
    guard: Guard,
    /// Whether a COMMIT of the chunk was sent: only then may it be there already.
    is_commit_sent: bool,
    /// Keeps the gate closed if nobody learns what became of that COMMIT.
    underway: Option<Underway>,
}

/// The reader ended without an end of chunk.
struct ReaderGone;

impl From<ReaderGone> for Failure {
    fn from(ReaderGone: ReaderGone) -> Self {
        Self::End(WriteEnd::ReaderGone)
    }
}

impl Replay {
    fn of(pieces: Receiver<Piece>) -> Self {
        Self {
            pieces,
            blocks: Vec::new(),
            end: None,
            guard: Guard::default(),
            is_commit_sent: false,
            underway: None,
        }
    }

    /// Forgets the chunk, which opens its gate, and waits for the beginning of the next.
    async fn next_chunk(&mut self) -> Result<(), ReaderGone> {
        self.blocks.clear();
        (self.end, self.guard) = (None, Guard::default());
        self.is_commit_sent = false;
        self.pull().await
    }

    async fn pull(&mut self) -> Result<(), ReaderGone> {
        match self.pieces.recv().await {
            Some(Piece::Block(block)) => self.blocks.push(block),
            Some(Piece::End(end, guard)) => (self.end, self.guard) = (Some(end), guard),
            None => return Err(ReaderGone),
        }
        Ok(())
    }

    /// The chunk's COMMIT is about to be sent.
    fn commit_sent(&mut self) {
        self.is_commit_sent = true;
        if self.underway.is_none() {
            self.underway = self.guard.gate.as_ref().map(Gate::underway);
        }
    }

    /// The chunk is on the target.
    fn settled(&mut self, end: &ChunkEnd) {
        if let Some(underway) = self.underway.take() {
            underway.settled();
        }
        if let (Some(gate), true) = (&self.guard.gate, end.done) {
            gate.complete();
        }
    }

    /// Whether the chunk has no rows. Its first piece is here.
    fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// A block by its place in the chunk; `None` behind the last.
    async fn block(&mut self, index: usize) -> Result<Option<&Block>, ReaderGone> {
        while self.blocks.len() <= index && self.end.is_none() {
            self.pull().await?;
        }
        Ok(self.blocks.get(index))
    }

    /// The chunk's end, once all of it is here.
    async fn whole(&mut self) -> Result<ChunkEnd, ReaderGone> {
        loop {
            if let Some(end) = &self.end {
                return Ok(end.clone());
            }
            self.pull().await?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_without_rows_keeps_the_last_key() {
        let before = Standing { last: Some(vec!["7".into()]), rows: 3, ..Standing::default() };
        let end = ChunkEnd { done: true, ..ChunkEnd::default() };
        let after = standing_after(&before, &end);
        assert_eq!(after, Standing { done: true, ..before });
    }
}
