//! The name of one transaction, the same on every server that has it.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A global transaction identifier. `Display` and `FromStr` are the server's own text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gtid {
    /// MySQL's: `uuid:number`, since 8.3 also `uuid:tag:number`
    /// (<https://dev.mysql.com/doc/refman/9.7/en/replication-gtids-concepts.html>).
    MySql {
        /// Who numbered it.
        origin: Origin,
        /// From 1.
        number: u64,
    },
    /// MariaDB's: `domain-server-sequence` (<https://mariadb.com/kb/en/gtid/>).
    MariaDb {
        /// The stream of changes it belongs to.
        domain: u32,
        /// The `server_id` it was first executed on.
        server: u32,
        /// Its place in the domain.
        sequence: u64,
    },
}

/// Who numbers transactions on MySQL: a server, or a server's tag.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// `server_uuid`.
    pub uuid: [u8; 16],
    /// The tag, in lower case; empty for none.
    pub tag: Box<str>,
}

/// Text that is no GTID, or no set of them.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{text:?} is no {what}")]
pub struct UnreadableGtid {
    /// What was expected.
    pub what: &'static str,
    /// What was found.
    pub text: String,
}

/// Longest tag, in bytes.
pub(super) const TAG_BYTES_MAX: usize = 32;
/// Numbers end here; the server uses the last one as a mark.
pub(super) const NUMBER_MAX: u64 = i64::MAX.unsigned_abs() - 1;

impl UnreadableGtid {
    pub(super) fn new(what: &'static str, text: &str) -> Self {
        Self { what, text: text.to_owned() }
    }
}

impl Gtid {
    /// Reads MariaDB's form.
    pub(super) fn parse_mariadb(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let domain = parts.next()?.parse().ok()?;
        let server = parts.next()?.parse().ok()?;
        let sequence = parts.next()?.parse().ok()?;
        parts.next().is_none().then_some(Self::MariaDb { domain, server, sequence })
    }

    fn parse_mysql(text: &str) -> Option<Self> {
        let mut parts = text.split(':').map(str::trim);
        let uuid = parse_uuid(parts.next()?)?;
        let mut number = parts.next()?;
        let mut tag = String::new();
        if number.starts_with(is_tag_start) {
            tag = parse_tag(number)?;
            number = parts.next()?;
        }
        let number = parse_number(number)?;
        let origin = Origin { uuid, tag: tag.into() };
        parts.next().is_none().then_some(Self::MySql { origin, number })
    }
}

/// A number within a set or after a UUID.
pub(super) fn parse_number(text: &str) -> Option<u64> {
    text.trim().parse().ok().filter(|number| (1..=NUMBER_MAX).contains(number))
}

/// What tells a tag from a number.
pub(super) fn is_tag_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

/// A tag in its canonical form: letters, digits and underscores, in lower case.
pub(super) fn parse_tag(text: &str) -> Option<String> {
    let is_tag = text.len() <= TAG_BYTES_MAX
        && text.starts_with(is_tag_start)
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_tag.then(|| text.to_ascii_lowercase())
}

/// A UUID with its hyphens, in any case.
pub(super) fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    const HYPHENS: [usize; 4] = [8, 13, 18, 23];
    if text.len() != 36 || HYPHENS.iter().any(|at| text.as_bytes().get(*at) != Some(&b'-')) {
        return None;
    }
    let mut digits =
        text.bytes().filter(|byte| *byte != b'-').map(|byte| char::from(byte).to_digit(16));
    let mut uuid = [0; 16];
    for byte in &mut uuid {
        let (high, low) = (digits.next()??, digits.next()??);
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    digits.next().is_none().then_some(uuid)
}

impl FromStr for Gtid {
    type Err = UnreadableGtid;

    fn from_str(text: &str) -> Result<Self, UnreadableGtid> {
        let gtid =
            if text.contains(':') { Self::parse_mysql(text) } else { Self::parse_mariadb(text) };
        gtid.ok_or_else(|| UnreadableGtid::new("GTID", text))
    }
}

impl fmt::Display for Gtid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MySql { origin, number } => write!(f, "{origin}:{number}"),
            Self::MariaDb { domain, server, sequence } => write!(f, "{domain}-{server}-{sequence}"),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_uuid(f, &self.uuid)?;
        if self.tag.is_empty() { Ok(()) } else { write!(f, ":{}", self.tag) }
    }
}

/// Writes a UUID as the server does.
pub(super) fn write_uuid(f: &mut impl fmt::Write, uuid: &[u8; 16]) -> fmt::Result {
    for (index, byte) in uuid.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            f.write_char('-')?;
        }
        write!(f, "{byte:02x}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gtid_is_written_as_it_was_read() {
        for text in [
            "0f1b2c3d-0000-11ee-8000-0242ac120002:1",
            "0f1b2c3d-0000-11ee-8000-0242ac120002:nightly_2:9223372036854775806",
            "0-1-5",
            "4294967295-4294967295-18446744073709551615",
        ] {
            assert_eq!(text.parse::<Gtid>().unwrap().to_string(), text);
        }
        let upper = "0F1B2C3D-0000-11EE-8000-0242AC120002:Tag:7".parse::<Gtid>().unwrap();
        assert_eq!(upper.to_string(), "0f1b2c3d-0000-11ee-8000-0242ac120002:tag:7");
    }

    #[test]
    fn what_is_no_gtid_is_refused() {
        for text in [
            "",
            "0-1",
            "0-1-2-3",
            "0-1-x",
            "0f1b2c3d-0000-11ee-8000-0242ac120002",
            "0f1b2c3d-0000-11ee-8000-0242ac120002:",
            "0f1b2c3d-0000-11ee-8000-0242ac120002:0",
            "0f1b2c3d-0000-11ee-8000-0242ac120002:9223372036854775807",
            "0f1b2c3d-0000-11ee-8000-0242ac120002:1-2",
            "0f1b2c3d-0000-11ee-8000-0242ac120002:a b:1",
            "0f1b2c3d-0000-11ee-8000-0242ac120002:t:1:2",
            "0f1b2c3d00000-11ee-8000-0242ac120002:1",
            "0f1b2c3d-0000-11ee-8000-0242ac12000é:1",
        ] {
            assert!(text.parse::<Gtid>().is_err(), "{text}");
        }
    }
}
