//! From the bytes of events to what they tell, without a socket.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use super::error::{BinlogError, Place, Trouble};
use super::event::{Begin, End, Event, Outcome, RawRows};
use super::format::{CHECKSUM_BYTES, Checksum, Format};
use super::grouping::{Grouping, Step};
use super::header::{HEADER_BYTES, Header, code};
use super::heartbeat;
use super::opening::{self, Opening, Shape};
use super::payload::Payload;
use super::place::TransactionId;
use super::query::{Packing, Query};
use super::xa;
use crate::wire::scan::{Malformed, Scan, lossy};

/// Reads events in the order a server sends them.
#[derive(Debug)]
pub(super) struct Decoder {
    format: Format,
    file: Arc<str>,
    /// Where the last event ended.
    offset: u64,
    grouping: Grouping,
    /// Whether values of the session came before the statement to come.
    has_context: bool,
    /// Who executes the transaction that is open.
    thread: Option<u32>,
    /// What was read and not handed out yet.
    ready: VecDeque<Event>,
    /// A compressed transaction that is not read to its end.
    payload: Option<Payload>,
}

/// An event in parts.
struct Part {
    header: Header,
    post_header: u8,
    /// Post-header and body, without header and checksum.
    body: Bytes,
    /// Where it ends in the file; within a compressed transaction, where that ends.
    end: u64,
}

impl Decoder {
    /// Begins where the server says it does, in its first events.
    pub(super) fn new() -> Self {
        Self {
            format: Format::unknown(),
            file: Arc::from(""),
            offset: 0,
            grouping: Grouping::Closed,
            has_context: false,
            thread: None,
            ready: VecDeque::new(),
            payload: None,
        }
    }

    /// What was told last and not handed out yet; `None` if another event must be taken first.
    pub(super) fn next(&mut self) -> Result<Option<Event>, BinlogError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some(event));
            }
            let Some(payload) = &mut self.payload else { return Ok(None) };
            let outcome = match payload.next() {
                Ok(Some(event)) => self.take_inner(&event),
                Ok(None) => {
                    self.payload = None;
                    Ok(())
                }
                Err(trouble) => Err(trouble),
            };
            outcome.map_err(|trouble| trouble.at(&self.file, self.offset))?;
        }
    }

    /// Takes an event as the server sends it. Everything before must have been handed out.
    pub(super) fn take(&mut self, event: Bytes) -> Result<(), BinlogError> {
        debug_assert!(self.ready.is_empty() && self.payload.is_none());
        let before = self.offset;
        self.take_outer(event).map_err(|trouble| trouble.at(&self.file, before))
    }

    fn take_outer(&mut self, event: Bytes) -> Result<(), Trouble> {
        let header = Header::read(&event)?;
        if usize::try_from(header.size) != Ok(event.len()) {
            let what = format!("an event of {} bytes that claims {}", event.len(), header.size);
            return Err(Trouble::Corrupt(what));
        }
        if header.type_code == code::FORMAT_DESCRIPTION {
            self.format = Format::read(&event)?;
        }
        let is_heartbeat = matches!(header.type_code, code::HEARTBEAT | code::HEARTBEAT_V2);
        let is_made_up = is_heartbeat || !header.is_in_file();
        let event = if header.type_code == code::ROTATE && is_made_up {
            without_checksum_if_any(event)
        } else {
            self.format.checked(event)?
        };
        let end = if is_made_up { self.offset } else { self.reach(header)? };
        let body = event.slice(HEADER_BYTES..);
        let post_header = match self.format.post_header(header.type_code) {
            // What a server makes up may come before the first description.
            Err(_unknown) if is_made_up => 0,
            // MariaDB 11 gives no place to what lies within a transaction, statements too.
            found => found?,
        };
        let outcome = self.read(Part { header, post_header, body, end });
        if !is_made_up && header.type_code != code::ROTATE {
            self.offset = end;
        }
        outcome
    }

    /// An event of a compressed transaction has no checksum and no place of its own.
    fn take_inner(&mut self, event: &Bytes) -> Result<(), Trouble> {
        let header = Header::read(event)?;
        if header.type_code == code::TRANSACTION_PAYLOAD {
            return Err(Trouble::Corrupt("a compressed transaction within another".to_owned()));
        }
        let post_header = self.format.post_header(header.type_code)?;
        let body = event.slice(HEADER_BYTES.min(event.len())..);
        self.read(Part { header, post_header, body, end: self.offset })
    }

    /// The offset at which an event ends. Its header has the lower half; a file may be longer than 4 GiB, and a server
    /// that passes over transactions leaves gaps.
    fn reach(&self, header: Header) -> Result<u64, Trouble> {
        let expected = self.offset.saturating_add(header.size.into());
        ahead(expected, header.end).ok_or_else(|| {
            let what = format!("an event that ends at {}, expected at {expected}", header.end);
            Trouble::Corrupt(what)
        })
    }

    fn read(&mut self, part: Part) -> Result<(), Trouble> {
        match part.header.type_code {
            code::GTID => self.open(opening::read_mysql(&part.body, false)?, &part),
            code::ANONYMOUS_GTID => self.open(opening::read_mysql(&part.body, true)?, &part),
            code::GTID_TAGGED => self.open(opening::read_tagged(&part.body)?, &part),
            code::MARIADB_GTID => self.open(opening::read_mariadb(&part.body, part.header)?, &part),
            code::QUERY | code::EXECUTE_LOAD_QUERY => self.query(Packing::Plain, &part),
            code::QUERY_COMPRESSED => self.query(Packing::Compressed, &part),
            code::TABLE_MAP => {
                self.grouping.begun()?;
                self.ready.push_back(Event::TableMap(raw(part)));
                Ok(())
            }
            code::WRITE_ROWS_V1..=code::DELETE_ROWS_V1
            | code::WRITE_ROWS..=code::DELETE_ROWS
            | code::PARTIAL_UPDATE_ROWS
            | code::WRITE_ROWS_COMPRESSED_V1..=code::DELETE_ROWS_COMPRESSED => {
                self.grouping.begun()?;
                self.ready.push_back(Event::Rows(raw(part)));
                Ok(())
            }
            code::XID => self.end(Outcome::Committed, part.end),
            code::XA_PREPARE => self.end(xa::read(&part.body)?, part.end),
            code::TRANSACTION_PAYLOAD => {
                self.grouping.begun()?;
                self.payload = Some(Payload::open(&part.body)?);
                Ok(())
            }
            code::FORMAT_DESCRIPTION => self.abandon(),
            code::ROTATE => self.rotate(&part.body),
            code::HEARTBEAT | code::HEARTBEAT_V2 => self.idle(&part),
            code::INTVAR | code::RAND | code::USER_VAR | code::BEGIN_LOAD_QUERY => {
                self.has_context = true;
                Ok(())
            }
            code::INCIDENT => Err(incident(&part)),
            known if is_silent(known) => Ok(()),
            _unknown if part.header.is_ignorable() => Ok(()),
            unknown => {
                let what = format!("its type {unknown} is not known to this version of sealift");
                Err(Trouble::Unsupported(what))
            }
        }
    }

    fn open(&mut self, opening: Opening, part: &Part) -> Result<(), Trouble> {
        let begin = part.end.saturating_sub(part.header.size.into());
        self.grouping.open(&opening, begin)?;
        let second = u64::from(part.header.timestamp);
        let is_xa = opening.shape == Shape::Xa;
        self.ready.push_back(Event::Begin(Begin {
            id: TransactionId { gtid: opening.gtid, file: Arc::clone(&self.file), begin },
            committed_at: opening.committed_at.unwrap_or(second * 1_000_000),
            server_id: part.header.server_id,
        }));
        self.ready.extend(is_xa.then_some(Event::Xa));
        Ok(())
    }

    fn query(&mut self, packing: Packing, part: &Part) -> Result<(), Trouble> {
        let mut query = Query::read(&part.body, part.post_header, packing)?;
        query.has_context = std::mem::take(&mut self.has_context);
        query.executed_at += u64::from(part.header.timestamp) * 1_000_000;
        if self.grouping.is_closed() {
            // Servers before 5.7 without GTIDs open with the statement itself.
            let shape = Shape::Open;
            self.open(Opening { gtid: None, committed_at: None, length: None, shape }, part)?;
        }
        self.thread = Some(query.thread);
        match self.grouping.statement(&query.sql, part.end) {
            Step::Frame => Ok(()),
            Step::Xa => {
                self.ready.push_back(Event::Xa);
                Ok(())
            }
            Step::Within => {
                self.ready.push_back(Event::Query(query));
                Ok(())
            }
            Step::Last => {
                self.ready.push_back(Event::Query(query));
                self.end(Outcome::Committed, part.end)
            }
            Step::Ends(outcome) => self.end(outcome, part.end),
        }
    }

    fn end(&mut self, outcome: Outcome, offset: u64) -> Result<(), Trouble> {
        if self.grouping.is_closed() {
            return Err(Trouble::Corrupt("an end without a transaction".to_owned()));
        }
        self.grouping.close();
        let place = Place { file: Arc::clone(&self.file), offset };
        let thread = self.thread.take();
        self.ready.push_back(Event::End(End { outcome, place, thread }));
        Ok(())
    }

    /// A transaction that is open when a file ends or begins was being written when the server died.
    fn abandon(&mut self) -> Result<(), Trouble> {
        self.has_context = false;
        if self.grouping.is_closed() { Ok(()) } else { self.end(Outcome::Abandoned, self.offset) }
    }

    fn rotate(&mut self, body: &[u8]) -> Result<(), Trouble> {
        let mut scan = Scan::new(body);
        let offset = scan.u64("offset in the next file")?;
        let file = lossy(scan.rest());
        if *self.file != *file {
            self.abandon()?;
            self.file = file.into();
        }
        self.offset = offset;
        Ok(())
    }

    /// A heartbeat also says how far the server has come in passing over transactions.
    fn idle(&mut self, part: &Part) -> Result<(), Trouble> {
        if !self.grouping.is_closed() || self.file.is_empty() {
            return Ok(());
        }
        if part.header.type_code == code::HEARTBEAT_V2 {
            let heartbeat = heartbeat::read_v2(&part.body)?;
            if *heartbeat.file == *self.file {
                self.offset = self.offset.max(heartbeat.offset);
            }
        } else if self.file.as_bytes() == &*part.body {
            // Servers before 8.0.26: the place is in the header, the file is all of the body.
            self.offset = ahead(self.offset, part.header.end).unwrap_or(self.offset);
        }
        let place = Place { file: Arc::clone(&self.file), offset: self.offset };
        self.ready.push_back(Event::Idle(place));
        Ok(())
    }
}

/// The first offset from `at` on that has this lower half; `None` if that is rather one behind it.
fn ahead(at: u64, lower_half: u32) -> Option<u64> {
    const BACKWARDS: u64 = 1 << 31;
    const LOWER_HALF: u64 = 0xFFFF_FFFF;
    let gap = u64::from(lower_half).wrapping_sub(at) & LOWER_HALF;
    (gap < BACKWARDS).then(|| at.saturating_add(gap))
}

impl Format {
    /// The event without its checksum, which must be right.
    fn checked(&self, event: Bytes) -> Result<Bytes, Trouble> {
        match self.checksum {
            Checksum::None if event.get(4) == Some(&code::FORMAT_DESCRIPTION) => {
                // It has room for one all the same.
                Ok(event.slice(..event.len().saturating_sub(CHECKSUM_BYTES)))
            }
            Checksum::None => Ok(event),
            Checksum::Crc32 => split_checksum(&event)
                .ok_or_else(|| Trouble::Corrupt("its checksum is wrong".to_owned())),
        }
    }
}

/// The event without its checksum, if that is right.
fn split_checksum(event: &Bytes) -> Option<Bytes> {
    let (rest, checksum) = event.split_last_chunk::<CHECKSUM_BYTES>()?;
    let is_right = crc32fast::hash(rest) == u32::from_le_bytes(*checksum);
    (is_right && rest.len() >= HEADER_BYTES).then(|| event.slice(..rest.len()))
}

/// A rotation that a server makes up comes before the file's description, so nobody can know whether it has a
/// checksum; MariaDB's first one has, whatever was agreed. No file's name ends in its own checksum.
fn without_checksum_if_any(event: Bytes) -> Bytes {
    split_checksum(&event).unwrap_or(event)
}

fn raw(part: Part) -> RawRows {
    let Part { header, post_header, body, end: _ } = part;
    RawRows { type_code: header.type_code, post_header, body }
}

/// Events that change nothing: frames, marks, and texts for people. A key of encryption is for the file, what is
/// sent is not encrypted.
fn is_silent(type_code: u8) -> bool {
    matches!(
        type_code,
        code::STOP
            | code::APPEND_BLOCK
            | code::DELETE_FILE
            | code::IGNORABLE
            | code::ROWS_QUERY
            | code::PREVIOUS_GTIDS
            | code::TRANSACTION_CONTEXT
            | code::VIEW_CHANGE
            | code::ANNOTATE_ROWS
            | code::BINLOG_CHECKPOINT
            | code::GTID_LIST
            | code::START_ENCRYPTION
    )
}

/// The source itself says that its log lacks something.
fn incident(part: &Part) -> Trouble {
    let read = || -> Result<String, Malformed> {
        let mut scan = Scan::new(&part.body);
        scan.bytes(usize::from(part.post_header), "incident")?;
        let length = scan.u8("incident's message")?;
        Ok(lossy(scan.bytes(usize::from(length), "incident's message")?))
    };
    let message = read().unwrap_or_default();
    Trouble::Unsupported(format!(
        "the source lost changes before they reached its log ({message}); copy the tables again"
    ))
}

#[cfg(test)]
mod tests;
