//! The packet that says what went wrong.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_err_packet.html>

use super::scan::{Malformed, Scan, lossy};
use crate::error::MysqlError;

/// The first byte of an error packet.
pub(crate) const HEADER: u8 = 0xFF;

/// Reads an error packet, its header included, into what the server said.
pub(crate) fn read(packet: &[u8]) -> Result<MysqlError, Malformed> {
    let mut scan = Scan::new(packet);
    scan.u8("error header")?;
    let code = scan.u16("error number")?;
    // Before the login the state may be missing ("Too many connections", "Host is blocked").
    let (state, message) = match scan.rest().split_first() {
        Some((b'#', rest)) => {
            let mut scan = Scan::new(rest);
            (lossy(scan.bytes(5, "SQLSTATE")?), scan.rest())
        }
        Some(_) | None => ("HY000".to_owned(), scan.rest()),
    };
    Ok(MysqlError::Server { code, state, message: lossy(message) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_error_is_read_with_and_without_its_state() {
        let error = read(b"\xff\x15\x04#28000Access denied").unwrap();
        assert_eq!(error.to_string(), "Access denied (error 1045, state 28000)");
        let error = read(b"\xff\x10\x04Too many connections").unwrap();
        assert_eq!(error.to_string(), "Too many connections (error 1040, state HY000)");
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _outcome = read(&bytes).is_ok();
        }
    }
}
