//! The first packet of a server: who it is and what it offers.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_v10.html>

use super::capability;
use super::scan::{Malformed, Scan, lossy};

/// The server's greeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Greeting {
    /// The version's text.
    pub(crate) version: String,
    /// The connection's number.
    pub(crate) connection_id: u32,
    /// What the server offers.
    pub(crate) capabilities: u32,
    /// Random bytes that authentication mixes with the password.
    pub(crate) scramble: Vec<u8>,
    /// The authentication plugin the server proposes.
    pub(crate) plugin: String,
}

/// Reads a greeting.
pub(crate) fn read(packet: &[u8]) -> Result<Greeting, Malformed> {
    let mut scan = Scan::new(packet);
    let protocol = scan.u8("protocol version")?;
    if protocol != 10 {
        return Err(Malformed(format!("not a MySQL server (protocol version {protocol})")));
    }
    let version = lossy(scan.until_zero("server version")?);
    let connection_id = scan.u32("connection id")?;
    let mut scramble = scan.bytes(8, "scramble")?.to_vec();
    scan.bytes(1, "filler")?;
    let low = scan.u16("capabilities")?;
    scan.u8("character set")?;
    scan.u16("status")?;
    let high = scan.u16("capabilities")?;
    let capabilities = u32::from(low) | (u32::from(high) << 16);
    if capabilities & capability::PROTOCOL_41 == 0 || capabilities & capability::PLUGIN_AUTH == 0 {
        return Err(Malformed(format!("server version {version:?} is too old")));
    }
    let scramble_length = usize::from(scan.u8("scramble length")?);
    scan.bytes(10, "reserved bytes")?;
    let second = scan.bytes(scramble_length.saturating_sub(8).max(13), "scramble")?;
    scramble.extend_from_slice(without_final_zero(second));
    // MySQL before 5.5.10 did not end the plugin's name (bug 59453).
    let name = scan.rest();
    let plugin = lossy(name.split(|byte| *byte == 0).next().unwrap_or(name));
    Ok(Greeting { version, connection_id, capabilities, scramble, plugin })
}

/// Scrambles are sent with a zero byte behind them that is not part of them.
pub(crate) fn without_final_zero(scramble: &[u8]) -> &[u8] {
    scramble.strip_suffix(&[0]).unwrap_or(scramble)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A greeting of MySQL 8.0.40.
    pub(crate) const MYSQL: &[u8] = b"\x0a8.0.40\0\x15\0\0\0abcdefgh\0\xff\xff\xff\x02\0\xff\xdf\
        \x15\0\0\0\0\0\0\0\0\0\0ijklmnopqrst\0caching_sha2_password\0";

    #[test]
    fn a_greeting_of_mysql_is_read() {
        let greeting = read(MYSQL).unwrap();
        assert_eq!(greeting.version, "8.0.40");
        assert_eq!(greeting.connection_id, 21);
        assert_eq!(greeting.capabilities, 0xDFFF_FFFF);
        assert_eq!(greeting.scramble, b"abcdefghijklmnopqrst");
        assert_eq!(greeting.plugin, "caching_sha2_password");
    }

    #[test]
    fn every_shortened_greeting_is_refused_or_lacks_only_of_the_plugin_name() {
        for length in 0..MYSQL.len() {
            if let Ok(greeting) = read(&MYSQL[..length]) {
                assert!("caching_sha2_password".starts_with(&greeting.plugin));
            }
        }
    }

    #[test]
    fn another_protocol_is_named() {
        let error = read(b"SSH-2.0-OpenSSH_9.2").unwrap_err();
        assert_eq!(error.0, "not a MySQL server (protocol version 83)");
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut bytes = bytes;
            if let Some(first) = bytes.first_mut() {
                *first = 10;
            }
            let _outcome = read(&bytes).is_ok();
        }
    }
}
