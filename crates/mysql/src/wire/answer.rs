//! The first packet a server answers a statement with.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response.html>

use super::ok::{self, Ok};
use super::refusal;
use super::scan::{Malformed, Scan};
use crate::error::MysqlError;

/// What comes next.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The statement is done and has no rows.
    Done(Ok),
    /// The server refused.
    Refused(MysqlError),
    /// The server asks for a file's bytes.
    File,
    /// A result set of so many columns.
    Columns(u64),
}

/// Columns a result can have at most: MySQL allows 4096.
const COLUMNS_MAX: u64 = 65_535;

/// Reads the first packet of an answer.
pub(crate) fn read(packet: &[u8]) -> Result<Answer, Malformed> {
    match packet.first() {
        Some(0x00) => ok::read(packet).map(Answer::Done),
        Some(0xFB) => Result::Ok(Answer::File),
        Some(&refusal::HEADER) => refusal::read(packet).map(Answer::Refused),
        Some(_) => {
            let mut scan = Scan::new(packet);
            let columns = scan.length("column count")?;
            if columns > COLUMNS_MAX || !scan.is_empty() {
                return Err(Malformed(format!("a result of {columns} columns")));
            }
            Result::Ok(Answer::Columns(columns))
        }
        None => Err(Malformed("empty packet".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_first_packet_is_told_apart() {
        assert!(matches!(read(b"\0\0\0\x02\0\0\0"), Result::Ok(Answer::Done(_))));
        assert!(matches!(read(b"\xff\x15\x04#28000no"), Result::Ok(Answer::Refused(_))));
        assert!(matches!(read(b"\xfb/etc/passwd"), Result::Ok(Answer::File)));
        assert!(matches!(read(b"\x07"), Result::Ok(Answer::Columns(7))));
        assert!(matches!(read(b"\xfc\0\x10"), Result::Ok(Answer::Columns(4096))));
        assert!(read(b"\xfe\0\0\0\0\0\0\0\x10").is_err());
        assert!(read(b"\x07\x07").is_err());
        assert!(read(b"").is_err());
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _outcome = read(&bytes).is_ok();
        }
    }
}
