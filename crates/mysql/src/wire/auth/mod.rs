//! Proving who we are: one file per authentication plugin.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_authentication_methods.html>

pub(crate) mod caching_sha2;
pub(crate) mod native;
pub(crate) mod public_key;
pub(crate) mod sha256;
pub(crate) mod switch;

use secrecy::zeroize::Zeroizing;

use crate::error::MysqlError;

/// A proof of the password, or the password itself.
pub(crate) type Proof = Zeroizing<Vec<u8>>;

/// An authentication plugin we speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plugin {
    /// MySQL's default since 8.0.
    CachingSha2,
    /// MySQL's default before 8.0 and MariaDB's.
    Native,
    /// MySQL's first attempt at SHA-256.
    Sha256,
    /// The password as it is: LDAP, PAM, tokens.
    Clear,
}

/// What a proof travels over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// TLS.
    Tls,
    /// A socket of this machine: nobody can listen.
    Socket,
    /// TCP in clear: anybody on the way can listen.
    Open,
}

impl Plugin {
    /// The plugin of a name, or an error that says what to do about it.
    pub(crate) fn named(name: &str) -> Result<Self, MysqlError> {
        let remedy = match name {
            "caching_sha2_password" => return Ok(Self::CachingSha2),
            "mysql_native_password" => return Ok(Self::Native),
            "sha256_password" => return Ok(Self::Sha256),
            "mysql_clear_password" => return Ok(Self::Clear),
            "dialog" => "PAM conversations are not spoken; log in with a password account",
            "mysql_old_password" => "its hash is broken; give the account a newer plugin",
            "auth_gssapi_client" | "authentication_kerberos_client" => {
                "Kerberos is not spoken; log in with a password account"
            }
            _other => {
                "sealift does not speak it; give the account caching_sha2_password \
                 (MariaDB: mysql_native_password)"
            }
        };
        Err(MysqlError::Auth { plugin: name.to_owned(), why: remedy.to_owned() })
    }

    /// Its name on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CachingSha2 => "caching_sha2_password",
            Self::Native => "mysql_native_password",
            Self::Sha256 => "sha256_password",
            Self::Clear => "mysql_clear_password",
        }
    }

    /// An error of this plugin.
    pub(crate) fn refuse(self, why: impl Into<String>) -> MysqlError {
        MysqlError::Auth { plugin: self.name().to_owned(), why: why.into() }
    }

    /// What is sent first.
    pub(crate) fn first_proof(
        self,
        password: &str,
        scramble: &[u8],
        way: Way,
    ) -> Result<Proof, MysqlError> {
        match (self, way) {
            (Self::CachingSha2, _) => Ok(caching_sha2::proof(password, scramble)),
            (Self::Native, _) => Ok(native::proof(password, scramble)),
            (Self::Sha256, _) => Ok(sha256::first(password, way)),
            (Self::Clear, Way::Tls | Way::Socket) => Ok(in_clear(password)),
            (Self::Clear, Way::Open) => Err(self.refuse(
                "the server asks for the password in clear over an unencrypted connection; \
                 set tls to verify-identity or verify-ca",
            )),
        }
    }

    /// What is sent when the server wants more.
    pub(crate) fn next_proof(
        self,
        asked: &[u8],
        password: &str,
        scramble: &[u8],
        way: Way,
    ) -> Result<Option<Proof>, MysqlError> {
        match self {
            Self::CachingSha2 => caching_sha2::next(asked, password, scramble, way),
            Self::Sha256 => sha256::next(asked, password, scramble),
            Self::Native | Self::Clear => Err(self.refuse("the server asks for more than it has")),
        }
    }
}

/// The password with the zero byte that ends it.
fn in_clear(password: &str) -> Proof {
    let mut proof = Zeroizing::new(Vec::with_capacity(password.len() + 1));
    proof.extend(password.as_bytes());
    proof.push(0);
    proof
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_never_goes_in_clear_where_somebody_listens() {
        let scramble = [7; 20];
        let error = Plugin::Clear.first_proof("pw", &scramble, Way::Open).unwrap_err();
        assert!(error.to_string().contains("mysql_clear_password"), "{error}");
        for way in [Way::Tls, Way::Socket] {
            let proof = Plugin::Clear.first_proof("pw", &scramble, way).unwrap();
            assert_eq!(proof.as_slice(), b"pw\0");
        }
        for plugin in [Plugin::CachingSha2, Plugin::Native, Plugin::Sha256] {
            let proof = plugin.first_proof("pw", &scramble, Way::Open).unwrap();
            assert!(!proof.windows(2).any(|part| part == b"pw"), "{plugin:?}");
        }
    }

    #[test]
    fn an_unknown_plugin_is_named_with_what_to_do() {
        let error = Plugin::named("client_ed25519").unwrap_err().to_string();
        assert!(error.contains("client_ed25519") && error.contains("give the account"), "{error}");
        for name in ["caching_sha2_password", "mysql_native_password", "sha256_password"] {
            assert_eq!(Plugin::named(name).unwrap().name(), name);
        }
    }
}
