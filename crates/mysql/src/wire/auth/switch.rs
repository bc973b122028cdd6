//! The server's wish for another authentication plugin than the one we began with.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_auth_switch_request.html>

use crate::wire::greeting::without_final_zero;
use crate::wire::scan::{Malformed, Scan, lossy};

/// Another plugin, and random bytes for it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Switch {
    pub(crate) plugin: String,
    pub(crate) scramble: Vec<u8>,
}

/// Reads the wish.
pub(crate) fn read(packet: &[u8]) -> Result<Switch, Malformed> {
    let mut scan = Scan::new(packet);
    scan.u8("header")?;
    if scan.is_empty() {
        // A lone header is the wish of servers before 4.1.
        return Ok(Switch { plugin: "mysql_old_password".to_owned(), scramble: Vec::new() });
    }
    let plugin = lossy(scan.until_zero("plugin name")?);
    Ok(Switch { plugin, scramble: without_final_zero(scan.rest()).to_vec() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_switch_is_read() {
        let switch = read(b"\xfemysql_native_password\0abcdefghijklmnopqrst\0").unwrap();
        assert_eq!(switch.plugin, "mysql_native_password");
        assert_eq!(switch.scramble, b"abcdefghijklmnopqrst");
        assert_eq!(read(b"\xfe").unwrap().plugin, "mysql_old_password");
        assert!(read(b"\xfename without end").is_err());
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _outcome = read(&bytes).is_ok();
        }
    }
}
