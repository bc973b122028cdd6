//! How fast rows go from the source into the target: some of them into scratch tables, timed.
//!
//! The same statements and the same lines as a copy's, without its ledger: what is written is thrown away.

use std::time::Duration;

use futures_util::future::{join, try_join_all};
use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::error::MysqlError;
use sealift_mysql::session::Session;
use sealift_schema::catalog::Table;
use sealift_schema::facts::Side;
use sealift_schema::name::quote;
use sealift_schema::rule::measured::{Pace, Probe};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::chunk::layouts;
use super::shape::{Present, Shape};
use crate::clock::Clock;
use crate::encode::{Dialect, EncodeError, ResultRow};
use crate::fault::{ErrorCode, Fault, OnServer};
use crate::stop::Stop;
use crate::target::connect::TargetLimits;
use crate::target::pin;

/// How long rows are copied, and how long they are written again.
const PHASE_TIME_MAX: Duration = Duration::from_secs(5);

/// Bytes one session copies at most, so that no target's storage fills.
const SESSION_BYTES_MAX: u64 = 128 << 20;

/// Bytes that are kept to be written again, per session.
const KEPT_BYTES_MAX: usize = 16 << 20;

/// Bytes of one transaction: as of a copy's chunk.
const CHUNK_BYTES: usize = 8 << 20;

/// Bytes of one statement where rows are inserted.
const STATEMENT_BYTES: usize = 250 << 10;

/// A table some rows of which are copied.
pub(crate) struct GaugeTable {
    /// The table as the source has it.
    pub(crate) source: Table,
    /// The scratch table as the target has it.
    pub(crate) target: Table,
    /// The statement that adds its indexes.
    pub(crate) indexes: Option<String>,
}

/// What is measured.
pub(crate) struct GaugeJob<'a> {
    /// Where rows come from.
    pub(crate) source: &'a Endpoint,
    /// Where they go.
    pub(crate) target: &'a Endpoint,
    /// A session each, at the same time.
    pub(crate) tables: Vec<GaugeTable>,
    /// What time it is.
    pub(crate) clock: &'a Clock,
    /// The operator's wish to stop.
    pub(crate) stop: &'a Stop,
}

/// Rows as they are sent.
struct Chunk {
    bytes: Vec<u8>,
    rows: u64,
}

/// Two sessions and a table.
struct Hand<'a> {
    job: &'a GaugeJob<'a>,
    table: &'a GaugeTable,
    first: Shape,
    again: Shape,
    dialect: Dialect,
    reader: Option<Session>,
    writer: Session,
    kept: Vec<Chunk>,
}

/// Copies, builds indexes, writes again; each as long as it takes, or a few seconds.
///
/// # Errors
/// What a copy would fail with.
pub(crate) async fn gauge(job: &GaugeJob<'_>) -> Result<Probe, Fault> {
    let mut hands = try_join_all(job.tables.iter().map(|table| Hand::open(job, table))).await?;
    let copied = timed(job.clock, hands.iter_mut().map(Hand::copy)).await?;
    job.stop.check()?;
    let has_indexes = job.tables.iter().any(|table| table.indexes.is_some());
    let rows: Vec<u64> = copied.1.iter().map(|counted| counted.rows).collect();
    let indexing = hands.iter_mut().zip(rows).map(|(hand, rows)| hand.index(rows));
    let indexed = timed(job.clock, indexing).await?;
    job.stop.check()?;
    let applied = timed(job.clock, hands.iter_mut().map(Hand::apply)).await?;
    for hand in hands {
        hand.writer.close().await;
    }
    let has_applied = applied.1.iter().any(|counted| counted.rows > 0);
    Ok(Probe {
        copied: pace(&copied),
        indexed: has_indexes.then(|| pace(&indexed)),
        applied: has_applied.then(|| pace(&applied)),
    })
}

/// What one session did.
#[derive(Clone, Copy, Default)]
struct Counted {
    rows: u64,
    stored_bytes: u64,
    sent_bytes: u64,
}

/// All sessions at the same time, and how long the last of them took.
async fn timed<F: Future<Output = Result<Counted, Fault>>>(
    clock: &Clock,
    all: impl Iterator<Item = F>,
) -> Result<(Duration, Vec<Counted>), Fault> {
    let begun = clock.elapsed();
    let counted = try_join_all(all).await?;
    Ok((clock.elapsed().saturating_sub(begun), counted))
}

fn pace((time, counted): &(Duration, Vec<Counted>)) -> Pace {
    let sum = |of: fn(&Counted) -> u64| counted.iter().map(of).fold(0, u64::saturating_add);
    Pace {
        rows: sum(|one| one.rows),
        stored_bytes: sum(|one| one.stored_bytes),
        sent_bytes: sum(|one| one.sent_bytes),
        ms: u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1),
        sessions: u64::try_from(counted.len()).unwrap_or(u64::MAX),
    }
}

/// The part of `whole` that `rows` of a table are, by its statistics.
fn share(whole: u64, rows: u64, table: &Table) -> u64 {
    let part = u128::from(whole) * u128::from(rows.min(table.rows_estimate));
    let part = part.checked_div(u128::from(table.rows_estimate)).unwrap_or_default();
    u64::try_from(part).unwrap_or(u64::MAX)
}

impl<'a> Hand<'a> {
    async fn open(job: &'a GaugeJob<'a>, table: &'a GaugeTable) -> Result<Self, Fault> {
        let unfit = |error: crate::encode::FormError| {
            Fault::new(ErrorCode::ObjectRefused, error.to_string())
                .about(format!("table {}", table.source.name))
        };
        let shape = |present| Shape::of(table.source.clone(), &table.target, present);
        let first = shape(Present::Refused).map_err(unfit)?;
        let again = shape(Present::Replaced).map_err(unfit)?;
        let side = Side::Source;
        let mut reader = Session::connect(job.source).await.on(side, "log in to read rows")?;
        pin::reader(&mut reader).await.on(side, "prepare a session")?;
        let side = Side::Target;
        let mut writer = Session::connect(job.target).await.on(side, "log in to write rows")?;
        pin::writer(&mut writer).await.on(side, "prepare a session")?;
        let limits = TargetLimits::of(&mut writer).await.on(side, "ask for limits")?;
        if limits.dialect == Dialect::Insert {
            writer.execute("SET NAMES binary").await.on(side, "prepare a session")?;
        }
        let dialect = limits.dialect;
        Ok(Self {
            job,
            table,
            first,
            again,
            dialect,
            reader: Some(reader),
            writer,
            kept: Vec::new(),
        })
    }

    /// Reads and writes at the same time, for some seconds.
    async fn copy(&mut self) -> Result<Counted, Fault> {
        let (sender, receiver) = channel(2);
        let Some(reader) = self.reader.take() else { return Ok(Counted::default()) };
        let reading = read(self.job, &self.first, self.dialect, reader, sender);
        let writing = write(&mut self.writer, &self.first, self.dialect, receiver, &mut self.kept);
        let (read, written) = join(reading, writing).await;
        // A writer that failed is why its reader ended.
        let mut counted = written?;
        read?;
        counted.stored_bytes =
            share(self.table.source.data_bytes, counted.rows, &self.table.source);
        Ok(counted)
    }

    async fn index(&mut self, rows: u64) -> Result<Counted, Fault> {
        let Some(sql) = self.table.indexes.as_deref().filter(|_sql| rows > 0) else {
            return Ok(Counted::default());
        };
        let schema = quote(&self.table.target.name.schema);
        let side = Side::Target;
        self.writer.execute(format!("USE {schema}")).await.on(side, "enter the scratch schema")?;
        self.writer.execute(sql).await.on(side, "build indexes of a scratch table")?;
        let source = &self.table.source;
        Ok(Counted { rows, stored_bytes: share(source.index_bytes, rows, source), sent_bytes: 0 })
    }

    /// Writes what was kept again and again, for some seconds.
    async fn apply(&mut self) -> Result<Counted, Fault> {
        let mut counted = Counted::default();
        let Hand { job, again, dialect, writer, kept, .. } = self;
        if again.key.is_none() {
            // Nothing would be replaced: rows would only become more.
            return Ok(counted);
        }
        let begun = job.clock.elapsed();
        while !kept.is_empty() && job.clock.elapsed().saturating_sub(begun) < PHASE_TIME_MAX {
            for chunk in kept.iter() {
                job.stop.check()?;
                send(writer, again, *dialect, chunk).await.on(Side::Target, "write rows again")?;
                counted.rows += chunk.rows;
                counted.sent_bytes += chunk.bytes.len() as u64;
            }
        }
        Ok(counted)
    }
}

/// Reads a table until it ends, the time is up, or enough was read. The connection is left with what it was
/// still to send.
async fn read(
    job: &GaugeJob<'_>,
    shape: &Shape,
    dialect: Dialect,
    mut reader: Session,
    sender: Sender<Chunk>,
) -> Result<(), Fault> {
    let side = Side::Source;
    let table = || format!("table {}", shape.source.name);
    let unreadable = |error: EncodeError| {
        Fault::new(ErrorCode::Protocol, error.to_string()).on(side).about(table())
    };
    let full = match dialect {
        Dialect::Load => CHUNK_BYTES,
        Dialect::Insert => STATEMENT_BYTES,
    };
    let begun = job.clock.elapsed();
    let mut rows = reader.read(shape.read_sql(None, None)).await.on(side, "read rows")?;
    let layouts = layouts(rows.columns()).map_err(unreadable)?;
    let encoder = shape.encoder(&layouts, dialect).map_err(unreadable)?;
    let mut chunk = Chunk { bytes: Vec::new(), rows: 0 };
    let mut sent = 0_u64;
    while let Some(row) = rows.next().await.on(side, "read rows")? {
        if dialect == Dialect::Insert && chunk.rows > 0 {
            chunk.bytes.push(b',');
        }
        let mut values = ResultRow::new(row, &layouts).map_err(unreadable)?;
        let _warned = encoder.row(&mut values, &mut chunk.bytes).map_err(unreadable)?;
        chunk.rows += 1;
        let is_late = job.clock.elapsed().saturating_sub(begun) > PHASE_TIME_MAX;
        if chunk.bytes.len() < full && !is_late && !job.stop.requested() {
            continue;
        }
        sent += chunk.bytes.len() as u64;
        let whole = std::mem::replace(&mut chunk, Chunk { bytes: Vec::new(), rows: 0 });
        if sender.send(whole).await.is_err() || is_late || job.stop.requested() {
            return Ok(());
        }
        if sent > SESSION_BYTES_MAX {
            return Ok(());
        }
    }
    if chunk.rows > 0 {
        // A writer that is gone says itself why.
        drop(sender.send(chunk).await);
    }
    Ok(())
}

async fn write(
    writer: &mut Session,
    shape: &Shape,
    dialect: Dialect,
    mut receiver: Receiver<Chunk>,
    kept: &mut Vec<Chunk>,
) -> Result<Counted, Fault> {
    let mut counted = Counted::default();
    let mut kept_bytes = 0;
    while let Some(chunk) = receiver.recv().await {
        send(writer, shape, dialect, &chunk).await.on(Side::Target, "write rows")?;
        counted.rows += chunk.rows;
        counted.sent_bytes += chunk.bytes.len() as u64;
        if kept_bytes < KEPT_BYTES_MAX {
            kept_bytes += chunk.bytes.len();
            kept.push(chunk);
        }
    }
    Ok(counted)
}

/// One transaction.
async fn send(
    writer: &mut Session,
    shape: &Shape,
    dialect: Dialect,
    chunk: &Chunk,
) -> Result<(), MysqlError> {
    match dialect {
        Dialect::Load => {
            let mut load = writer.load(shape.load_sql()).await?;
            load.send(&chunk.bytes).await?;
            load.finish().await?;
        }
        Dialect::Insert => {
            let mut statement = shape.insert_sql().into_bytes();
            statement.extend_from_slice(&chunk.bytes);
            writer.execute(&statement).await?;
        }
    }
    Ok(())
}
