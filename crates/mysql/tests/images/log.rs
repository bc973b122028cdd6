//! The events of a server's binary log, read from its files.

use bytes::Bytes;
use sealift_lab::Server;

/// One event of interest.
pub(crate) struct Logged {
    pub(crate) type_code: u8,
    /// Post-header and body.
    pub(crate) body: Bytes,
}

const MAGIC: usize = 4;
const HEADER: usize = 19;
const CHECKSUM: usize = 4;

/// All table maps and rows events, in their order.
pub(crate) fn row_events(server: &Server) -> Vec<Logged> {
    let mut files: Vec<_> = std::fs::read_dir(server.data())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.strip_prefix("binlog.").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()))
        })
        .collect();
    files.sort();
    let mut events = Vec::new();
    for file in files {
        let bytes = Bytes::from(std::fs::read(file).unwrap());
        let mut at = MAGIC;
        while at + HEADER <= bytes.len() {
            let size = u32::from_le_bytes(bytes[at + 9..at + 13].try_into().unwrap()) as usize;
            let type_code = bytes[at + 4];
            if matches!(type_code, 19 | 23..=25 | 30..=32 | 39 | 166..=171) {
                let body = bytes.slice(at + HEADER..at + size - CHECKSUM);
                events.push(Logged { type_code, body });
            }
            at += size;
        }
    }
    events
}
