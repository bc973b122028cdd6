//! Our answer to the greeting: who we are, and before it the wish for TLS.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_response.html>

use super::capability::{self, Agreed};
use super::scan::put_length;

/// `utf8mb4_general_ci`: the number is the same on every MySQL and MariaDB.
const UTF8MB4: u8 = 45;
/// The largest packet the protocol knows.
const PACKET_BYTES_MAX: u32 = 1 << 30;
/// The default of the `zstd` library and of MySQL's own clients.
pub(crate) const ZSTD_LEVEL: u8 = 3;

/// Appends the request to go on with TLS: the login's first fields.
pub(crate) fn put_tls_request(out: &mut Vec<u8>, agreed: Agreed) {
    out.extend(agreed.flags.to_le_bytes());
    out.extend(PACKET_BYTES_MAX.to_le_bytes());
    out.push(UTF8MB4);
    out.extend([0; 23]);
}

/// Appends the login.
pub(crate) fn put(out: &mut Vec<u8>, agreed: Agreed, user: &str, plugin: &str, proof: &[u8]) {
    put_tls_request(out, agreed);
    out.extend(user.as_bytes());
    out.push(0);
    if agreed.has(capability::PLUGIN_AUTH_LENENC) {
        put_length(out, proof.len());
        out.extend(proof);
    } else {
        // One byte of length: a longer proof cannot be told, the server then asks again.
        let proof = if proof.len() > 255 { &[] } else { proof };
        out.push(u8::try_from(proof.len()).unwrap_or(0));
        out.extend(proof);
    }
    out.extend(plugin.as_bytes());
    out.push(0);
    if agreed.has(capability::CONNECT_ATTRS) {
        put_attributes(out);
    }
    if agreed.has(capability::ZSTD) {
        out.push(ZSTD_LEVEL);
    }
}

/// Appends what `performance_schema.session_connect_attrs` shows of us.
fn put_attributes(out: &mut Vec<u8>) {
    let pairs = [
        ("_client_name", "sealift"),
        ("_client_version", env!("CARGO_PKG_VERSION")),
        ("program_name", "sealift"),
    ];
    let mut attributes = Vec::new();
    for text in pairs.iter().flat_map(|(name, value)| [name, value]) {
        put_length(&mut attributes, text.len());
        attributes.extend(text.as_bytes());
    }
    put_length(out, attributes.len());
    out.extend(attributes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::capability::{Wish, agree};

    #[test]
    fn the_login_carries_every_field_in_order() {
        let agreed = agree(u32::MAX, Wish::Yes, Wish::Yes);
        let mut out = Vec::new();
        put(&mut out, agreed, "anna", "caching_sha2_password", b"proof");
        assert_eq!(&out[..4], agreed.flags.to_le_bytes());
        assert_eq!(&out[4..9], [0, 0, 0, 64, 45]);
        let text = String::from_utf8_lossy(&out[32..]);
        assert!(text.starts_with("anna\0\u{5}proofcaching_sha2_password\0"), "{text:?}");
        assert!(text.contains("\u{c}program_name\u{7}sealift"), "{text:?}");
        assert_eq!(out.last(), Some(&ZSTD_LEVEL));
    }

    #[test]
    fn an_old_server_gets_a_length_of_one_byte_and_no_attributes() {
        let mut out = Vec::new();
        put(&mut out, agree(0, Wish::No, Wish::No), "anna", "mysql_native_password", b"proof");
        assert_eq!(&out[32..], b"anna\0\x05proofmysql_native_password\0");
    }
}
