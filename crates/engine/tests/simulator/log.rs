//! A binary log in memory: events as a MySQL writes them.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_replication_binlog_event.html>

use super::sql::Val;
use super::store::Row;
use super::wire::{put_length, put_text};

pub(super) const FILE: &str = "binlog.000001";
pub(super) const UUID: &str = "11111111-2222-3333-4444-555555555555";
const UUID_BYTES: [u8; 16] = [
    0x11, 0x11, 0x11, 0x11, 0x22, 0x22, 0x33, 0x33, 0x44, 0x44, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55,
];
pub(super) const SCHEMA: &str = "s";

const QUERY: u8 = 2;
const ROTATE: u8 = 4;
const FORMAT: u8 = 15;
const XID: u8 = 16;
const TABLE_MAP: u8 = 19;
const HEARTBEAT: u8 = 41;
const WRITE: u8 = 30;
const UPDATE: u8 = 31;
const DELETE: u8 = 32;
const GTID: u8 = 33;

/// What happens to a row of a table.
#[derive(Clone, Debug)]
pub(super) struct Changed {
    pub(super) table: &'static str,
    pub(super) before: Option<Row>,
    pub(super) after: Option<Row>,
}

/// A transaction in the log.
#[derive(Clone, Debug)]
pub(super) struct Logged {
    pub(super) changes: Vec<Changed>,
    pub(super) events: Vec<Vec<u8>>,
    /// Where it ends.
    pub(super) end: u32,
}

/// Where the first transaction of the file begins.
pub(super) fn begin() -> u32 {
    4 + u32::try_from(format_description().len()).unwrap()
}

/// Writes a transaction that begins at an offset.
pub(super) fn transaction(number: u64, changes: Vec<Changed>, offset: u32) -> Logged {
    let mut end = offset;
    let mut events = Vec::new();
    let mut add = |kind: u8, body: &[u8]| {
        end += u32::try_from(body.len() + 19).unwrap();
        events.push(event(kind, end, body));
    };
    let mut gtid = vec![0];
    gtid.extend(UUID_BYTES);
    gtid.extend(number.to_le_bytes());
    gtid.push(2);
    gtid.extend([0; 16]);
    gtid.extend(&1_700_000_000_000_000_u64.to_le_bytes()[..7]);
    add(GTID, &gtid);
    let mut query = vec![0; 8];
    query.push(u8::try_from(SCHEMA.len()).unwrap());
    query.extend([0; 4]);
    query.extend(format!("{SCHEMA}\0BEGIN").as_bytes());
    add(QUERY, &query);
    for changed in &changes {
        add(TABLE_MAP, &table_map(changed.table));
        let (kind, body) = rows(changed);
        add(kind, &body);
    }
    add(XID, &number.to_le_bytes());
    Logged { changes, events, end }
}

/// What a server sends before the first event: which file, from where, and how it is laid out.
pub(super) fn head() -> [Vec<u8>; 2] {
    let mut rotate = 4_u64.to_le_bytes().to_vec();
    rotate.extend(FILE.as_bytes());
    [event(ROTATE, 0, &rotate), format_description()]
}

/// A sign of life: how far the server has come, of what it sends and of what it passes over.
pub(super) fn heartbeat(end: u32) -> Vec<u8> {
    let mut offset = Vec::new();
    put_length(&mut offset, end.into());
    let mut body = vec![1];
    put_text(&mut body, FILE.as_bytes());
    body.push(2);
    put_text(&mut body, &offset);
    body.push(0);
    event(HEARTBEAT, 0, &body)
}

fn event(kind: u8, end: u32, body: &[u8]) -> Vec<u8> {
    let mut event = 1_700_000_000_u32.to_le_bytes().to_vec();
    event.push(kind);
    event.extend(1_u32.to_le_bytes());
    event.extend(u32::try_from(body.len() + 19).unwrap().to_le_bytes());
    event.extend(end.to_le_bytes());
    event.extend([0, 0]);
    event.extend_from_slice(body);
    event
}

fn format_description() -> Vec<u8> {
    let mut body = 4_u16.to_le_bytes().to_vec();
    let mut version = b"9.7.4".to_vec();
    version.resize(50, 0);
    body.extend(version);
    body.extend(0_u32.to_le_bytes());
    body.push(19);
    for kind in 1..=42 {
        body.push(match kind {
            QUERY => 13,
            ROTATE | TABLE_MAP => 8,
            WRITE..=DELETE => 10,
            GTID => 42,
            _ => 0,
        });
    }
    // No checksums, and room for one.
    body.extend([0; 5]);
    let end = 4 + u32::try_from(body.len() + 19).unwrap();
    event(FORMAT, end, &body)
}

fn table_id(table: &str) -> [u8; 6] {
    [table.as_bytes()[0], 0, 0, 0, 0, 0]
}

fn table_map(table: &str) -> Vec<u8> {
    let mut body = table_id(table).to_vec();
    body.extend([1, 0]);
    for name in [SCHEMA, table] {
        put_text(&mut body, name.as_bytes());
        body.push(0);
    }
    let kinds: &[u8] = if table == "t" { &[3, 3, 15] } else { &[3, 15] };
    put_text(&mut body, kinds);
    // The bytes a VARCHAR has at most.
    put_text(&mut body, &80_u16.to_le_bytes());
    body.push(if table == "t" { 0b110 } else { 0b11 });
    body
}

fn rows(Changed { table, before, after }: &Changed) -> (u8, Vec<u8>) {
    let columns = if *table == "t" { 3 } else { 2 };
    let all = (1_u8 << columns) - 1;
    let mut body = table_id(table).to_vec();
    body.extend([1, 0, 2, 0]);
    put_length(&mut body, columns);
    let kind = match (before, after) {
        (None, Some(_)) => WRITE,
        (Some(_), Some(_)) => UPDATE,
        (Some(_), None) => DELETE,
        (None, None) => unreachable!("nothing happens to nothing"),
    };
    body.push(all);
    if kind == UPDATE {
        body.push(all);
    }
    for row in [before, after].into_iter().flatten() {
        let nulls = row.iter().enumerate().filter(|(_, value)| **value == Val::Null);
        body.push(nulls.fold(0, |bits, (at, _)| bits | 1 << at));
        for value in row {
            match value {
                Val::Null => {}
                Val::Int(number) => body.extend(i32::try_from(*number).unwrap().to_le_bytes()),
                Val::Text(text) => {
                    body.push(u8::try_from(text.len()).unwrap());
                    body.extend_from_slice(text);
                }
            }
        }
    }
    (kind, body)
}

/// The numbers of our transactions in a set as a replica sends it.
pub(super) fn known(body: &[u8]) -> Vec<std::ops::Range<u64>> {
    let number = |at: usize| u64::from_le_bytes(body[at..at + 8].try_into().unwrap());
    let name = usize::try_from(u32::from_le_bytes(body[6..10].try_into().unwrap())).unwrap();
    let set = 10 + name + 8 + 4;
    if number(set) == 0 {
        return Vec::new();
    }
    let intervals = usize::try_from(number(set + 8 + 16)).unwrap();
    let begin = set + 8 + 16 + 8;
    (0..intervals).map(|at| number(begin + 16 * at)..number(begin + 16 * at + 8)).collect()
}
