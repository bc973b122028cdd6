//! What ends columns and rows: an EOF packet of old, an OK packet where that was agreed.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_eof_packet.html>

use super::capability::{Agreed, DEPRECATE_EOF};
use super::ok::{self, Ok};
use super::scan::{Malformed, Scan};

/// The first byte of both.
const HEADER: u8 = 0xFE;
/// An EOF packet is shorter than this; a longer packet of the same header is a row.
const EOF_BYTES_MAX: usize = 9;
/// An OK packet never fills a packet; a row whose first value takes 16 MiB does.
const OK_BYTES_MAX: usize = 0x00FF_FFFF;

/// Whether a packet among rows is their end rather than a row.
pub(crate) fn is_end(packet: &[u8], agreed: Agreed) -> bool {
    let limit = if agreed.has(DEPRECATE_EOF) { OK_BYTES_MAX } else { EOF_BYTES_MAX };
    packet.first() == Some(&HEADER) && packet.len() < limit
}

/// Reads the end of rows.
pub(crate) fn read(packet: &[u8], agreed: Agreed) -> Result<Ok, Malformed> {
    if agreed.has(DEPRECATE_EOF) {
        return ok::read(packet);
    }
    let mut scan = Scan::new(packet);
    scan.u8("EOF header")?;
    let warnings = scan.u16("warnings")?;
    let status = scan.u16("status")?;
    Result::Ok(Ok { status, warnings, ..Ok::default() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::capability::{Wish, agree};

    #[test]
    fn both_ends_are_told_from_rows() {
        let new = agree(DEPRECATE_EOF, Wish::No, Wish::No);
        let old = agree(0, Wish::No, Wish::No);
        assert!(is_end(b"\xfe\0\0\x02\0\0\0", new));
        assert!(is_end(b"\xfe\0\0\x02\0", old));
        let mut row = vec![0u8; OK_BYTES_MAX];
        row[0] = HEADER;
        assert!(!is_end(&row, new));
        assert!(!is_end(&row[..9], old));
        assert!(!is_end(b"", new));
        assert!(!is_end(b"\x00", old));
    }

    #[test]
    fn an_eof_packet_has_its_numbers_the_other_way_round() {
        let end = read(b"\xfe\x03\0\x08\0", agree(0, Wish::No, Wish::No)).unwrap();
        assert_eq!((end.warnings, end.status, end.more_results()), (3, 8, true));
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..60),
            offered in any::<u32>(),
        ) {
            let agreed = agree(offered, Wish::No, Wish::No);
            let _outcome = (is_end(&bytes, agreed), read(&bytes, agreed).is_ok());
        }
    }
}
