//! What the fuzzers of `fuzz/` drive: the decoder from the bytes of a log to its values. Built for them alone.

use std::sync::Arc;

use bytes::Bytes;

use super::decoder::Decoder;
use super::event::Event;
use super::format::CHECKSUM_BYTES;
use super::header::HEADER_BYTES;
use super::{RowShape, RowsEvent, TableMap, fixture, json};

/// Where an event's size stands in its header.
const SIZE: std::ops::Range<usize> = 9..13;

/// Reads a log whose events may be anything: sizes and checksums are made good first, since a log that lies in them is
/// refused before anything else is read. What is no log is read as rows of a table with every type.
pub fn read(log: &[u8]) {
    let mut decoder = Decoder::new();
    let mut rest = log.strip_prefix(b"\xfebin").unwrap_or(log);
    let mut map = None;
    while rest.len() > HEADER_BYTES + CHECKSUM_BYTES {
        let (event, after) = cut(rest);
        rest = after;
        if decoder.take(event).is_err() {
            break;
        }
        loop {
            match decoder.next() {
                Ok(Some(Event::TableMap(table))) => map = TableMap::read(&table.body).ok(),
                Ok(Some(Event::Rows(rows))) => {
                    if let Some(map) = &map {
                        values(rows.type_code, &rows.body, map);
                    }
                }
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => return,
            }
        }
    }
    let every = TableMap::read(&fixture::bytes(fixture::MAP));
    if let (Some((type_code, body)), Ok(every)) = (log.split_first(), every) {
        values(*type_code, &Bytes::copy_from_slice(body), &every);
        let mut text = Vec::new();
        let _printed = json::print(log, &mut text);
    }
}

/// The first event of a log with its size and checksum made good, and the rest.
fn cut(log: &[u8]) -> (Bytes, &[u8]) {
    let claimed = log.get(SIZE).and_then(|size| size.try_into().ok()).map_or(0, u32::from_le_bytes);
    let claimed = usize::try_from(claimed).unwrap_or(usize::MAX);
    let (event, rest) = log.split_at(claimed.clamp(HEADER_BYTES + CHECKSUM_BYTES, log.len()));
    let mut event = event.to_vec();
    if let (Ok(size), Some(place)) = (u32::try_from(event.len()), event.get_mut(SIZE)) {
        place.copy_from_slice(&size.to_le_bytes());
    }
    let sealed = event.len() - CHECKSUM_BYTES;
    let (told, sum) = event.split_at_mut(sealed);
    sum.copy_from_slice(&crc32fast::hash(told).to_le_bytes());
    (event.into(), rest)
}

/// Reads all values of an event's rows, as of a table with every type.
fn values(type_code: u8, body: &Bytes, map: &TableMap) {
    let Ok(shape) = RowShape::new(map, &fixture::every()) else { return };
    let map = Arc::new(map.clone());
    for shape in [Arc::new(shape.clone()), Arc::new(shape.in_part())] {
        let Ok(event) = RowsEvent::read(type_code, body, Arc::clone(&map), &shape) else {
            continue;
        };
        let mut scratch = Vec::new();
        for change in event.rows().map_while(Result::ok) {
            for image in [change.before, change.after].into_iter().flatten() {
                let Ok(mut values) = image.values(&mut scratch) else { continue };
                for _ in 0..image.shape().len() {
                    let _value = values.next().is_ok();
                }
            }
        }
    }
}
