//! `caching_sha2_password`: a proof when the server remembers us, else the password by a safe way.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/page_caching_sha2_authentication_exchanges.html>

use secrecy::zeroize::Zeroizing;
use sha2::{Digest, Sha256};

use super::{Plugin, Proof, Way, in_clear, public_key};
use crate::error::MysqlError;

/// The server remembers us: nothing more to send.
const FAST_OK: u8 = 3;
/// The server wants the password itself.
const FULL: u8 = 4;
/// Our request for the server's public key.
const KEY_REQUEST: u8 = 2;

/// `SHA256(password) XOR SHA256(SHA256(SHA256(password)) + scramble)`; nothing for no password.
pub(super) fn proof(password: &str, scramble: &[u8]) -> Proof {
    if password.is_empty() {
        return Zeroizing::new(Vec::new());
    }
    let once = Sha256::digest(password);
    let twice = Sha256::digest(once);
    let mask = Sha256::new().chain_update(twice).chain_update(scramble).finalize();
    Zeroizing::new(once.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect())
}

/// Answers what the server says after the proof.
pub(super) fn next(
    asked: &[u8],
    password: &str,
    scramble: &[u8],
    way: Way,
) -> Result<Option<Proof>, MysqlError> {
    match (asked, way) {
        ([FAST_OK], _) => Ok(None),
        ([FULL], Way::Tls | Way::Socket) => Ok(Some(in_clear(password))),
        ([FULL], Way::Open) => Ok(Some(Zeroizing::new(vec![KEY_REQUEST]))),
        (key, _) if key.starts_with(b"-----BEGIN") => {
            public_key::encrypt(Plugin::CachingSha2, key, password, scramble).map(Some)
        }
        _ => Err(Plugin::CachingSha2.refuse("the server's question is unknown")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_is_what_mysql_clients_send() {
        let proof = proof("reader-pw1", b"abcdefghijklmnopqrst");
        // Computed with Python's hashlib.
        let hex: String = proof.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "d2ddd8e288e7218d78a8ddffd1c4f223a23eadc738a6b17520ac8cac6c00c553");
        assert!(super::proof("", b"abcdefghijklmnopqrst").is_empty());
    }

    #[test]
    fn full_authentication_asks_for_the_key_where_somebody_listens() {
        let answer = |way| next(&[FULL], "pw", b"s", way).unwrap().unwrap().to_vec();
        assert_eq!(answer(Way::Tls), b"pw\0");
        assert_eq!(answer(Way::Socket), b"pw\0");
        assert_eq!(answer(Way::Open), [KEY_REQUEST]);
        assert!(next(&[FAST_OK], "pw", b"s", Way::Open).unwrap().is_none());
        assert!(next(b"what?", "pw", b"s", Way::Tls).is_err());
    }
}
