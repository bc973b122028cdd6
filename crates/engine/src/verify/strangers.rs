//! Who else writes to the side that is not live: transactions in its own binary log that touch migrated tables and
//! are not ours.
//!
//! Every transaction of ours moves a row of a ledger in the schema `sealift` with the rows it writes. One that
//! writes to a migrated table and to no ledger is somebody else's. Where the side was live before, that was the
//! application, up to the last change of its fence, by which it was left.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use sealift_mysql::binlog::{
    BinlogError, BinlogStream, Event, LogPosition, Outcome, StreamOptions, TableMap,
};
use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::error::{ErrorClass, MysqlError};
use sealift_mysql::session::Session;
use sealift_mysql::vitals::{LogFile, Vitals, Watcher};
use sealift_schema::facts::Side;
use sealift_schema::name::QualifiedName;
use serde::{Deserialize, Serialize};

use crate::fault::{Fault, OnServer};
use crate::stop::Stop;

/// The schema of our ledgers on either side.
const OURS: &str = "sealift";

/// The table there by which a side is left.
const FENCE: &str = "fence";

/// How much of the side's log is looked through, from its end back.
const LOOKED_BACK_BYTES: u64 = 512 << 20;

/// Strangers that are told one by one: those who wrote last, for they may still be there.
const STRANGERS_MAX: usize = 100;

/// Every file of a log begins with four bytes of magic.
const FILE_BEGIN: u64 = 4;

/// How often a server at rest gives a sign of life.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// What somebody else wrote to one table over one connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stranger {
    /// Where it wrote: the side that is not live.
    pub side: Side,
    /// The table there.
    pub table: QualifiedName,
    /// The connection, by its number there, if the log tells it.
    pub thread: Option<u32>,
    /// `user@host` of the connection, if it is still there.
    pub user: Option<String>,
    /// When it first wrote.
    pub first: Timestamp,
    /// When it last wrote.
    pub last: Timestamp,
    /// In how many transactions.
    pub transactions: u64,
}

/// What is looked for.
#[derive(Clone, Debug)]
pub struct StrangersJob {
    /// The side that is not live.
    pub other: Endpoint,
    /// The migrated tables, by their names there.
    pub tables: BTreeSet<QualifiedName>,
    /// A number no replica of that side has.
    pub server_id: u32,
    /// Asks for a clean stop.
    pub stop: Stop,
}

/// What looking came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Strangers {
    /// Everyone else who wrote in the part of the log that was looked through.
    Found(Vec<Stranger>),
    /// The log cannot be read: a sentence that says why.
    Unreadable(String),
}

/// Looks through the newest part of the side's log.
///
/// # Errors
/// When the side cannot be reached, or a stop was asked for. A log that cannot be read is an answer.
pub async fn strangers(job: &StrangersJob) -> Result<Strangers, Fault> {
    let side = job.other.side;
    let vitals = match look(&job.other).await {
        Ok(vitals) => vitals,
        Err(error) if error.class() == ErrorClass::PrivilegeMissing => {
            return Ok(unreadable(side, &error.to_string()));
        }
        Err(error) => return Err(Fault::server(side, "ask for its binary log", error)),
    };
    let (Some(end), Some(from)) = (&vitals.log_end, beginning(&vitals)) else {
        return Ok(unreadable(side, "it keeps none, or the login lacks REPLICATION CLIENT"));
    };
    let options = StreamOptions { server_id: job.server_id, heartbeat: HEARTBEAT };
    let mut stream = match BinlogStream::open(&job.other, &from, &options).await {
        Ok(stream) => stream,
        Err(error) => return refused(side, error),
    };
    let mut reading =
        Reading { side, tables: &job.tables, found: BTreeMap::new(), open: Open::default() };
    // The end's place alone: it was taken as it was.
    let end = LogPosition { gtids: None, ..end.clone() };
    loop {
        let event = tokio::select! {
            event = stream.next() => event,
            () = job.stop.wait() => { job.stop.check()?; continue; }
        };
        let is_idle = matches!(event, Ok(Event::Idle(_)));
        match event {
            Ok(event) => reading.take(event),
            Err(error) => return refused(side, error),
        }
        let reached = LogPosition { gtids: None, ..stream.position().clone() };
        if reached.covers(&end) || is_idle && reached.file == end.file {
            break;
        }
    }
    let mut found = reading.found();
    name_users(&job.other, &mut found).await?;
    Ok(Strangers::Found(found))
}

/// Where to begin: at a file's beginning, so that what is behind it is no more than wanted.
fn beginning(vitals: &Vitals) -> Option<LogPosition> {
    let end = vitals.log_end.as_ref()?;
    let mut bytes = 0;
    let mut from: Option<&LogFile> = None;
    for file in vitals.log_files.iter().rev() {
        bytes += file.size;
        if from.is_some() && bytes > LOOKED_BACK_BYTES {
            break;
        }
        from = Some(file);
    }
    from.map(|file| LogPosition {
        file: file.name.clone(),
        offset: FILE_BEGIN,
        gtids: None,
        ..end.clone()
    })
}

async fn look(other: &Endpoint) -> Result<Vitals, MysqlError> {
    let mut watcher = Watcher::open(other).await?;
    let vitals = watcher.look().await?;
    watcher.close().await;
    Ok(vitals)
}

fn unreadable(side: Side, why: &str) -> Strangers {
    Strangers::Unreadable(format!(
        "Whether somebody else writes to the {side} is not known: its binary log cannot be read ({why})."
    ))
}

fn refused(side: Side, error: BinlogError) -> Result<Strangers, Fault> {
    let said = error.to_string();
    match error {
        BinlogError::Server { doing, cause } if cause.class() != ErrorClass::PrivilegeMissing => {
            Err(Fault::server(side, doing, cause))
        }
        BinlogError::Server { .. }
        | BinlogError::Silent(_)
        | BinlogError::Ended
        | BinlogError::Displaced(_)
        | BinlogError::Behind { .. }
        | BinlogError::Purged { .. }
        | BinlogError::OtherServer { .. }
        | BinlogError::NoPosition(_)
        | BinlogError::Refused { .. }
        | BinlogError::Corrupt { .. }
        | BinlogError::Unsupported { .. } => Ok(unreadable(side, &said)),
    }
}

/// Says who a connection is, while it is there.
async fn name_users(other: &Endpoint, found: &mut [Stranger]) -> Result<(), Fault> {
    if found.is_empty() {
        return Ok(());
    }
    let mut session = Session::connect(other).await.on(other.side, "connect")?;
    for stranger in found.iter_mut() {
        let Some(thread) = stranger.thread else { continue };
        let sql = format!(
            "SELECT CONCAT(user,'@',SUBSTRING_INDEX(host,':',1)) FROM information_schema.processlist \
             WHERE id={thread}"
        );
        // It is only for people.
        if let Ok(Some(row)) = session.first(sql).await {
            stranger.user = row.optional_text(0).ok().flatten().map(ToOwned::to_owned);
        }
    }
    session.close().await;
    Ok(())
}

/// The transaction that is being read.
#[derive(Debug, Default)]
struct Open {
    committed_at: u64,
    is_ours: bool,
    /// It changes whether the side takes writes.
    is_of_fence: bool,
    touched: BTreeSet<QualifiedName>,
}

struct Reading<'a> {
    side: Side,
    tables: &'a BTreeSet<QualifiedName>,
    found: BTreeMap<(QualifiedName, Option<u32>), Stranger>,
    open: Open,
}

impl Reading<'_> {
    fn take(&mut self, event: Event) {
        match event {
            Event::Begin(begin) => {
                self.open = Open { committed_at: begin.committed_at, ..Open::default() };
            }
            Event::TableMap(map) => {
                // What cannot be read is nothing we could name.
                let Ok((_, name)) = TableMap::peek(&map.body) else { return };
                let is_ours = name.schema.eq_ignore_ascii_case(OURS);
                self.open.is_ours |= is_ours;
                self.open.is_of_fence |= is_ours && name.name.eq_ignore_ascii_case(FENCE);
                if self.tables.contains(&name) {
                    self.open.touched.insert(name);
                }
            }
            Event::End(end) => {
                let open = std::mem::take(&mut self.open);
                if end.outcome == Outcome::Committed {
                    self.settle(open, end.thread);
                }
            }
            Event::Xa | Event::Query(_) | Event::Rows(_) | Event::Idle(_) => {}
        }
    }

    fn settle(&mut self, open: Open, thread: Option<u32>) {
        if open.is_of_fence {
            self.found.clear();
        } else if !open.is_ours {
            self.note(open, thread);
        }
    }

    fn note(&mut self, Open { committed_at, touched, .. }: Open, thread: Option<u32>) {
        let micros = i64::try_from(committed_at).unwrap_or(i64::MAX);
        let at = Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH);
        for table in touched {
            let key = (table.clone(), thread);
            let stranger = self.found.entry(key).or_insert(Stranger {
                side: self.side,
                table,
                thread,
                user: None,
                first: at,
                last: at,
                transactions: 0,
            });
            stranger.last = stranger.last.max(at);
            stranger.transactions += 1;
            if self.found.len() > STRANGERS_MAX {
                self.forget_the_first_to_go();
            }
        }
    }

    fn forget_the_first_to_go(&mut self) {
        let gone = self.found.iter().min_by_key(|(_, stranger)| stranger.last);
        if let Some(key) = gone.map(|(key, _)| key.clone()) {
            self.found.remove(&key);
        }
    }

    fn found(self) -> Vec<Stranger> {
        self.found.into_values().collect()
    }
}

/// For people: who, when and how often.
impl std::fmt::Display for Stranger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { side, table, thread, user, first, last, transactions } = self;
        write!(f, "somebody else wrote to table {table} of the {side}: ")?;
        match (user, thread) {
            (Some(user), Some(thread)) => write!(f, "{user}, connection {thread}")?,
            (None, Some(thread)) => write!(f, "connection {thread}, which is gone")?,
            (_, None) => f.write_str("a connection the log does not name")?,
        }
        if *transactions == 1 {
            write!(f, ", at {first}")
        } else {
            write!(f, ", {transactions} transactions from {first} to {last}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_is_told_by_who_when_and_how_often() {
        let at: Timestamp = "2026-11-29T09:00:00Z".parse().unwrap();
        let mut stranger = Stranger {
            side: Side::Target,
            table: QualifiedName::new("shop", "orders"),
            thread: Some(17),
            user: Some("app@10.0.0.9".to_owned()),
            first: at,
            last: at,
            transactions: 1,
        };
        let table = "somebody else wrote to table `shop`.`orders` of the target";
        assert_eq!(
            stranger.to_string(),
            format!("{table}: app@10.0.0.9, connection 17, at 2026-11-29T09:00:00Z")
        );
        (stranger.user, stranger.transactions) = (None, 2);
        assert_eq!(
            stranger.to_string(),
            format!(
                "{table}: connection 17, which is gone, 2 transactions from 2026-11-29T09:00:00Z to \
                 2026-11-29T09:00:00Z"
            )
        );
    }

    #[test]
    fn of_very_many_strangers_those_who_wrote_last_are_told() {
        let tables = BTreeSet::new();
        let (found, open) = (BTreeMap::new(), Open::default());
        let mut reading = Reading { side: Side::Target, tables: &tables, found, open };
        for second in 1..=3 * u32::try_from(STRANGERS_MAX).unwrap() {
            // By their names the newest come first.
            let touched =
                BTreeSet::from([QualifiedName::new("shop", format!("t{:04}", 9_999 - second))]);
            let committed_at = u64::from(second) * 1_000_000;
            reading.settle(Open { committed_at, touched, ..Open::default() }, Some(second));
        }
        let threads: BTreeSet<u32> = reading.found().iter().filter_map(|who| who.thread).collect();
        assert_eq!(threads, (201..=300).collect());
    }

    #[test]
    fn the_log_is_looked_through_from_a_files_beginning() {
        let end = LogPosition {
            server: "s".into(),
            file: "b.000003".into(),
            offset: 99,
            gtids: None,
            since: None,
        };
        let file = |name: &str, size| LogFile { name: name.to_owned(), size };
        let of = |files: Vec<LogFile>| {
            let vitals =
                Vitals { log_end: Some(end.clone()), log_files: files, ..Vitals::default() };
            beginning(&vitals).map(|from| (from.file, from.offset))
        };
        let small = vec![file("b.000001", 9), file("b.000002", 9), file("b.000003", 99)];
        assert_eq!(of(small), Some(("b.000001".to_owned(), 4)));
        let large = vec![file("b.000001", 1 << 29), file("b.000002", 9), file("b.000003", 99)];
        assert_eq!(of(large), Some(("b.000002".to_owned(), 4)));
        let huge = vec![file("b.000002", 9), file("b.000003", 1 << 30)];
        assert_eq!(of(huge), Some(("b.000003".to_owned(), 4)));
        assert_eq!(of(Vec::new()), None);
    }
}
