//! What client and server can agree on when they meet.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/group__group__cs__capabilities__flags.html>

/// Not set by MariaDB 10.2 and newer.
pub(crate) const LONG_PASSWORD: u32 = 1;
/// Longer column flags.
pub(crate) const LONG_FLAG: u32 = 1 << 2;
/// zlib compression of the protocol.
pub(crate) const COMPRESS: u32 = 1 << 5;
/// `LOAD DATA LOCAL`.
pub(crate) const LOCAL_FILES: u32 = 1 << 7;
/// The protocol of MySQL 4.1 and newer.
pub(crate) const PROTOCOL_41: u32 = 1 << 9;
/// TLS.
pub(crate) const SSL: u32 = 1 << 11;
/// Status flags in OK packets.
pub(crate) const TRANSACTIONS: u32 = 1 << 13;
/// Scrambles of 20 bytes.
pub(crate) const SECURE_CONNECTION: u32 = 1 << 15;
/// Several result sets (procedures).
pub(crate) const MULTI_RESULTS: u32 = 1 << 17;
/// Several result sets of a prepared statement.
pub(crate) const PS_MULTI_RESULTS: u32 = 1 << 18;
/// Authentication plugins by name.
pub(crate) const PLUGIN_AUTH: u32 = 1 << 19;
/// Attributes of the connection, as `performance_schema` shows them.
pub(crate) const CONNECT_ATTRS: u32 = 1 << 20;
/// Authentication data longer than 255 bytes.
pub(crate) const PLUGIN_AUTH_LENENC: u32 = 1 << 21;
/// No EOF packet between columns and rows; an OK packet after rows.
pub(crate) const DEPRECATE_EOF: u32 = 1 << 24;
/// zstd compression of the protocol (MySQL 8.0.18).
pub(crate) const ZSTD: u32 = 1 << 26;

/// `SERVER_MORE_RESULTS_EXISTS` of the status flags: another result follows.
pub(crate) const STATUS_MORE_RESULTS: u16 = 8;

/// Compression of the protocol, as agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    /// None.
    Off,
    /// Deflate in zlib's frame.
    Zlib,
    /// zstd frames.
    Zstd,
}

/// What both sides agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Agreed {
    /// Flags we send.
    pub(crate) flags: u32,
    /// Compression after the login.
    pub(crate) compression: Compression,
}

impl Agreed {
    /// Whether a flag was agreed on.
    pub(crate) fn has(self, flag: u32) -> bool {
        self.flags & flag != 0
    }
}

/// Chooses what to use of what the server offers.
pub(crate) fn agree(offered: u32, compress: Wish, tls: Wish) -> Agreed {
    const ALWAYS: u32 = LONG_PASSWORD
        | LONG_FLAG
        | LOCAL_FILES
        | PROTOCOL_41
        | TRANSACTIONS
        | SECURE_CONNECTION
        | MULTI_RESULTS
        | PLUGIN_AUTH;
    const WHERE_OFFERED: u32 =
        PS_MULTI_RESULTS | CONNECT_ATTRS | PLUGIN_AUTH_LENENC | DEPRECATE_EOF;
    let mut flags = ALWAYS | (offered & WHERE_OFFERED);
    if tls == Wish::Yes {
        flags |= SSL;
    }
    let compression = match compress {
        Wish::Yes if offered & ZSTD != 0 => Compression::Zstd,
        Wish::Yes if offered & COMPRESS != 0 => Compression::Zlib,
        Wish::Yes | Wish::No => Compression::Off,
    };
    flags |= match compression {
        Compression::Zstd => ZSTD,
        Compression::Zlib => COMPRESS,
        Compression::Off => 0,
    };
    Agreed { flags, compression }
}

/// Whether something optional is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Wanted.
    Yes,
    /// Not wanted.
    No,
}

impl From<bool> for Wish {
    fn from(wanted: bool) -> Self {
        if wanted { Self::Yes } else { Self::No }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zstd_is_preferred_to_zlib_and_only_one_is_asked_for() {
        let both = agree(ZSTD | COMPRESS, Wish::Yes, Wish::No);
        assert_eq!(both.compression, Compression::Zstd);
        assert!(both.has(ZSTD) && !both.has(COMPRESS));
        assert_eq!(agree(COMPRESS, Wish::Yes, Wish::No).compression, Compression::Zlib);
        assert_eq!(agree(0, Wish::Yes, Wish::No).compression, Compression::Off);
        assert_eq!(agree(ZSTD | COMPRESS, Wish::No, Wish::No).compression, Compression::Off);
    }

    #[test]
    fn what_the_server_lacks_is_not_asked_for() {
        let agreed = agree(PROTOCOL_41, Wish::No, Wish::Yes);
        assert!(!agreed.has(DEPRECATE_EOF) && !agreed.has(CONNECT_ATTRS) && agreed.has(SSL));
    }
}
