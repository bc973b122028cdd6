//! A stretch of the source's binary log, read as a replica reads it: can it be followed, and what is in it.

use std::time::Duration;

use sealift_mysql::binlog::{BinlogError, BinlogStream, Event, LogPosition, StreamOptions};
use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::vitals::{LogFile, Vitals, Watcher};
use sealift_schema::facts::Side;
use sealift_schema::rule::measured::{LogLook, LogSample, LoggedStatement, LoggedTransaction};
use tokio::time::timeout;

use super::super::way::server_id;
use super::rows::Scene;
use crate::fault::{Fault, OnServer};
use crate::stream::StatementKind;

/// Bytes of the log that are read at most.
const BYTES_MAX: u64 = 64 << 20;
/// How long is read at most.
const TIME_MAX: Duration = Duration::from_secs(10);
/// So much is wished for: else an earlier file is begun with.
const BYTES_ENOUGH: u64 = 4 << 20;
/// Statements that are kept with their text.
const STATEMENTS_KEPT: usize = 5;
/// How often an idle source is to give a sign of life: soon after we left, it notices.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// The first transaction of a file follows its head at once.
const FIRST_PATIENCE: Duration = Duration::from_secs(5);
/// Events begin behind the file's mark.
const BEGIN: u64 = 4;

/// Reads the newest part of the log.
pub(super) async fn sample(scene: Scene<'_>) -> Result<LogLook, Fault> {
    if !scene.facts.is_on("log_bin") {
        return Ok(LogLook::Off);
    }
    scene.progress.enter("reading the source's log");
    let vitals = match vitals(scene.source).await {
        Ok(vitals) => vitals,
        Err(fault) => return Ok(LogLook::Failed { why: fault.to_string() }),
    };
    let Some(end) = &vitals.log_end else {
        let why =
            "our account may not ask where it ends (REPLICATION CLIENT, on MariaDB BINLOG MONITOR)";
        return Ok(LogLook::Failed { why: why.to_owned() });
    };
    let mut sample = LogSample {
        kept_bytes: vitals.log_files.iter().map(|file| file.size).fold(0, u64::saturating_add),
        ..LogSample::default()
    };
    let first = first_file(&vitals.log_files, end);
    match read(scene, &at(end, &first), end, &mut sample).await {
        Ok(()) => {}
        Err(error) => return Ok(LogLook::Failed { why: error.to_string() }),
    }
    if let Some(oldest) = vitals.log_files.first() {
        let committed = oldest_commit(scene, &at(end, &oldest.name)).await;
        let age = |micros: u64| vitals.at_micros.saturating_sub(micros) / 1_000;
        sample.kept_ms = committed.ok().flatten().map(age);
    }
    Ok(LogLook::Read(sample))
}

/// How the source fares.
pub(super) async fn vitals(source: &Endpoint) -> Result<Vitals, Fault> {
    let side = Side::Source;
    let mut watcher = Watcher::open(source).await.on(side, "log in to look at the log")?;
    let vitals = watcher.look().await.on(side, "ask where the log ends")?;
    watcher.close().await;
    Ok(vitals)
}

/// The newest file from which on there is enough to read.
fn first_file(files: &[LogFile], end: &LogPosition) -> String {
    let mut name = end.file.clone();
    let mut bytes = 0_u64;
    for file in files.iter().rev() {
        name.clone_from(&file.name);
        bytes = bytes.saturating_add(file.size);
        if bytes >= BYTES_ENOUGH {
            break;
        }
    }
    name
}

fn at(end: &LogPosition, file: &str) -> LogPosition {
    LogPosition { file: file.to_owned(), offset: BEGIN, gtids: None, ..end.clone() }
}

/// Nobody else's number: another one with every assessment.
fn options(scene: Scene<'_>) -> StreamOptions {
    let name = format!("assess {} {}", scene.source.user, scene.clock.now());
    StreamOptions { server_id: server_id(&name), heartbeat: HEARTBEAT }
}

async fn read(
    scene: Scene<'_>,
    from: &LogPosition,
    end: &LogPosition,
    sample: &mut LogSample,
) -> Result<(), BinlogError> {
    sample.from = format!("{}:{}", from.file, from.offset);
    let begun = scene.clock.elapsed();
    // By file and offset: a position with GTIDs would be looked for from the oldest file on.
    let end = LogPosition { gtids: None, ..end.clone() };
    let mut stream = BinlogStream::open(scene.source, from, &options(scene)).await?;
    let mut reading = Reading::default();
    while !stream.position().covers(&end) {
        let left = TIME_MAX.saturating_sub(scene.clock.elapsed().saturating_sub(begun));
        if left.is_zero() || sample.bytes > BYTES_MAX {
            return Ok(());
        }
        match timeout(left, stream.next()).await {
            Ok(event) => reading.take(event?, sample),
            Err(_elapsed) => return Ok(()),
        }
    }
    sample.is_to_end = true;
    Ok(())
}

/// The transaction that is being read.
#[derive(Default)]
struct Reading {
    place: String,
    begin: u64,
    first_commit: Option<u64>,
}

impl Reading {
    fn take(&mut self, event: Event, sample: &mut LogSample) {
        match event {
            Event::Begin(begin) => {
                self.place = begin.id.to_string();
                self.begin = begin.id.begin;
                let first = *self.first_commit.get_or_insert(begin.committed_at);
                sample.ms = sample.ms.max(begin.committed_at.saturating_sub(first) / 1_000);
            }
            Event::Query(query) if StatementKind::of(&query.sql) == StatementKind::Rows => {
                sample.statement_count += 1;
                if sample.statements.len() < STATEMENTS_KEPT {
                    let text = String::from_utf8_lossy(&query.sql).chars().take(120).collect();
                    let (schema, place) = (query.schema, self.place.clone());
                    sample.statements.push(LoggedStatement { schema, text, place });
                }
            }
            Event::End(end) => {
                let bytes = end.place.offset.saturating_sub(self.begin);
                sample.transactions += 1;
                sample.bytes = sample.bytes.saturating_add(bytes);
                if sample.largest.as_ref().is_none_or(|largest| largest.bytes < bytes) {
                    let place = self.place.clone();
                    sample.largest = Some(LoggedTransaction { place, bytes });
                }
            }
            Event::Xa | Event::Query(_) | Event::TableMap(_) | Event::Rows(_) | Event::Idle(_) => {}
        }
    }
}

/// When the first transaction of a file was committed.
async fn oldest_commit(scene: Scene<'_>, from: &LogPosition) -> Result<Option<u64>, BinlogError> {
    let mut stream = BinlogStream::open(scene.source, from, &options(scene)).await?;
    let begun = scene.clock.elapsed();
    loop {
        let left = FIRST_PATIENCE.saturating_sub(scene.clock.elapsed().saturating_sub(begun));
        match timeout(left, stream.next()).await {
            Ok(Ok(Event::Begin(begin))) => return Ok(Some(begin.committed_at)),
            // Nothing in the file, or nothing at all.
            Ok(Ok(Event::Idle(_))) | Err(_) => return Ok(None),
            Ok(event) => drop(event?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, size: u64) -> LogFile {
        LogFile { name: name.to_owned(), size }
    }

    #[test]
    fn enough_is_read_but_no_more_files_than_that_takes() {
        let end = LogPosition {
            server: "s".into(),
            file: "b.3".into(),
            offset: 9,
            gtids: None,
            since: None,
        };
        let of = |sizes: &[u64]| {
            let files: Vec<LogFile> =
                (1..).zip(sizes).map(|(n, size)| file(&format!("b.{n}"), *size)).collect();
            first_file(&files, &end)
        };
        assert_eq!(of(&[1, 1, BYTES_ENOUGH]), "b.3");
        assert_eq!(of(&[1, BYTES_ENOUGH, 1]), "b.2");
        assert_eq!(of(&[1, 1, 1]), "b.1");
        assert_eq!(of(&[]), "b.3");
    }
}
