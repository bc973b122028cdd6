//! The server's answer to a statement that is to be prepared.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_stmt_prepare.html>

use super::refusal;
use super::scan::{Malformed, Scan};
use crate::error::MysqlError;

/// A statement the server keeps for us.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Prepared {
    pub(crate) id: u32,
    pub(crate) columns: u16,
    pub(crate) parameters: u16,
}

/// Reads the answer: the prepared statement, or the server's refusal.
pub(crate) fn read(packet: &[u8]) -> Result<Result<Prepared, MysqlError>, Malformed> {
    let mut scan = Scan::new(packet);
    match scan.u8("header")? {
        refusal::HEADER => refusal::read(packet).map(Err),
        0 => {
            let id = scan.u32("statement id")?;
            let columns = scan.u16("column count")?;
            let parameters = scan.u16("parameter count")?;
            Ok(Ok(Prepared { id, columns, parameters }))
        }
        other => Err(Malformed(format!("unknown answer {other:#04x}"))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_prepared_statement_is_read() {
        let prepared = read(b"\0\x01\0\0\0\x03\0\x02\0\0\0\0").unwrap().unwrap();
        assert_eq!(prepared, Prepared { id: 1, columns: 3, parameters: 2 });
        assert!(read(b"\0\x01\0\0\0\x03\0\x02").is_err());
        assert!(read(b"\x05").is_err());
        assert!(read(b"\xff\x28\x04#42000syntax").unwrap().is_err());
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _outcome = read(&bytes).is_ok();
        }
    }
}
