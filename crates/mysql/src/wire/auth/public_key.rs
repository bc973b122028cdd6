//! The password encrypted for a server that sent its public key.
//!
//! Nothing proves that the key is the server's: it protects from listeners, not from an impostor.

use rsa::pkcs8::DecodePublicKey;
use rsa::rand_core::OsRng;
use rsa::{Oaep, RsaPublicKey};
use secrecy::zeroize::Zeroizing;
use sha1::Sha1;

use super::{Plugin, Proof, in_clear};
use crate::error::MysqlError;

/// `RSA-OAEP(key, (password + zero) XOR scramble)`.
pub(super) fn encrypt(
    plugin: Plugin,
    key: &[u8],
    password: &str,
    scramble: &[u8],
) -> Result<Proof, MysqlError> {
    let unreadable = || plugin.refuse("the server's public key cannot be read; use TLS");
    let pem = std::str::from_utf8(key).map_err(|_not_text| unreadable())?;
    let key = RsaPublicKey::from_public_key_pem(pem.trim()).map_err(|_not_a_key| unreadable())?;
    let mut plain = in_clear(password);
    for (byte, mask) in plain.iter_mut().zip(scramble.iter().cycle()) {
        *byte ^= mask;
    }
    let encrypted = key
        .encrypt(&mut OsRng, Oaep::new::<Sha1>(), &plain)
        .map_err(|cause| plugin.refuse(format!("the password cannot be encrypted: {cause}")))?;
    Ok(Zeroizing::new(encrypted))
}

#[cfg(test)]
mod tests {
    use rsa::RsaPrivateKey;
    use rsa::pkcs8::{EncodePublicKey, LineEnding};

    use super::*;

    #[test]
    fn the_server_can_decrypt_the_password() {
        let private = RsaPrivateKey::new(&mut OsRng, 1024).unwrap();
        let pem = private.to_public_key().to_public_key_pem(LineEnding::LF).unwrap();
        let scramble = b"abcdefghijklmnopqrst";
        let password = "a password longer than the scramble";
        let encrypted = encrypt(Plugin::CachingSha2, pem.as_bytes(), password, scramble).unwrap();
        let mut plain = private.decrypt(Oaep::new::<Sha1>(), &encrypted).unwrap();
        for (byte, mask) in plain.iter_mut().zip(scramble.iter().cycle()) {
            *byte ^= mask;
        }
        assert_eq!(plain, format!("{password}\0").as_bytes());
    }

    #[test]
    fn a_broken_key_is_refused() {
        for key in
            [&b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"[..], b"\xff", b""]
        {
            assert!(encrypt(Plugin::Sha256, key, "pw", b"s").is_err());
        }
    }
}
