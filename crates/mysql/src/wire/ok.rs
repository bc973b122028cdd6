//! The packet that says a statement went well.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_ok_packet.html>

use super::capability::STATUS_MORE_RESULTS;
use super::scan::{Malformed, Scan, lossy};

/// An OK packet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ok {
    pub(crate) affected_rows: u64,
    pub(crate) last_insert_id: u64,
    pub(crate) status: u16,
    pub(crate) warnings: u16,
    pub(crate) info: String,
}

impl Ok {
    /// Whether another result follows.
    pub(crate) fn more_results(&self) -> bool {
        self.status & STATUS_MORE_RESULTS != 0
    }
}

/// Reads an OK packet, its first byte (0x00, or 0xFE after rows) included.
pub(crate) fn read(packet: &[u8]) -> Result<Ok, Malformed> {
    let mut scan = Scan::new(packet);
    scan.u8("OK header")?;
    let affected_rows = scan.length("affected rows")?;
    let last_insert_id = scan.length("last insert id")?;
    let status = scan.u16("status")?;
    let warnings = scan.u16("warnings")?;
    let info = info(scan.rest());
    Result::Ok(Ok { affected_rows, last_insert_id, status, warnings, info })
}

/// The manual says the text goes to the end of the packet; servers write its length first.
fn info(rest: &[u8]) -> String {
    let mut scan = Scan::new(rest);
    match scan.string("info") {
        Result::Ok(text) => lossy(text),
        Err(_not_counted) => lossy(rest),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_ok_packet_is_read() {
        let ok = read(b"\x00\xfc\x2c\x01\x07\x0a\x00\x02\x00\x0bRecords: 3 ").unwrap();
        assert_eq!((ok.affected_rows, ok.last_insert_id, ok.warnings), (300, 7, 2));
        assert_eq!(ok.info, "Records: 3 ");
        assert!(ok.more_results());
    }

    #[test]
    fn info_without_a_length_is_read_to_the_end() {
        assert_eq!(read(b"\x00\x00\x00\x02\x00\x00\x00Rows").unwrap().info, "Rows");
        assert_eq!(read(b"\x00\x00\x00\x02\x00\x00\x00").unwrap().info, "");
    }

    #[test]
    fn a_short_ok_packet_is_refused() {
        assert!(read(b"\x00\x00\x00\x02\x00\x00").is_err());
        assert!(read(b"").is_err());
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _outcome = read(&bytes).is_ok();
        }
    }
}
