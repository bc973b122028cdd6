//! `mysql_native_password`: a proof by SHA-1.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_authentication_methods_native_password_authentication.html>

use secrecy::zeroize::Zeroizing;
use sha1::{Digest, Sha1};

use super::Proof;

/// `SHA1(password) XOR SHA1(scramble + SHA1(SHA1(password)))`; nothing for no password.
pub(super) fn proof(password: &str, scramble: &[u8]) -> Proof {
    if password.is_empty() {
        return Zeroizing::new(Vec::new());
    }
    let once = Sha1::digest(password);
    let twice = Sha1::digest(once);
    let mask = Sha1::new().chain_update(scramble).chain_update(twice).finalize();
    Zeroizing::new(once.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_is_what_mysql_clients_send() {
        let proof = proof("reader-pw1", b"abcdefghijklmnopqrst");
        // Computed with Python's hashlib.
        let hex: String = proof.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "f9de30cbdf7403d9184fd261805eff4cf536cfb1");
        assert!(super::proof("", b"abcdefghijklmnopqrst").is_empty());
    }
}
