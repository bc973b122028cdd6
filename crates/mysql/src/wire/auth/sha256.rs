//! `sha256_password`: the password in clear over TLS, else encrypted for the server.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_authentication_methods_sha256_password_authentication.html>

use secrecy::zeroize::Zeroizing;

use super::{Plugin, Proof, Way, in_clear, public_key};
use crate::error::MysqlError;

/// Our request for the server's public key.
const KEY_REQUEST: u8 = 1;

/// What is sent first.
pub(super) fn first(password: &str, way: Way) -> Proof {
    match way {
        Way::Tls => in_clear(password),
        Way::Socket | Way::Open if password.is_empty() => in_clear(password),
        // Unlike caching_sha2_password, its server side does not trust a socket of its own machine.
        Way::Socket | Way::Open => Zeroizing::new(vec![KEY_REQUEST]),
    }
}

/// Answers the server's public key.
pub(super) fn next(
    asked: &[u8],
    password: &str,
    scramble: &[u8],
) -> Result<Option<Proof>, MysqlError> {
    public_key::encrypt(Plugin::Sha256, asked, password, scramble).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_asked_for_without_tls() {
        assert_eq!(first("pw", Way::Tls).as_slice(), b"pw\0");
        assert_eq!(first("pw", Way::Open).as_slice(), [KEY_REQUEST]);
        assert_eq!(first("pw", Way::Socket).as_slice(), [KEY_REQUEST]);
        assert_eq!(first("", Way::Open).as_slice(), b"\0");
        assert!(next(b"no key", "pw", b"s").is_err());
    }
}
