//! The events that open a transaction: MySQL's three and MariaDB's one.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/classbinary__log_1_1Gtid__event.html>,
//! <https://mariadb.com/kb/en/gtid_event/>

use super::error::Trouble;
use super::gtid::{Gtid, NUMBER_MAX, Origin, parse_tag};
use super::header::Header;
use super::varint;
use crate::wire::scan::{Malformed, Scan, lossy};

/// What the first event of a transaction says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Opening {
    /// Its name.
    pub(super) gtid: Option<Gtid>,
    /// Microseconds since 1970, where the event says.
    pub(super) committed_at: Option<u64>,
    /// Bytes of all its events in the file, this one included, where the event says.
    pub(super) length: Option<u64>,
    /// What follows.
    pub(super) shape: Shape,
}

/// What follows the first event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// One statement, or `BEGIN` and so on: the next events tell.
    Open,
    /// Changes up to a commit; no `BEGIN` comes.
    Begun,
    /// Changes up to an `XA PREPARE`; no `XA START` comes.
    Xa,
    /// One statement.
    Statement,
}

/// Reads MySQL's event, and the anonymous one of the same layout.
pub(super) fn read_mysql(body: &[u8], is_anonymous: bool) -> Result<Opening, Trouble> {
    const LOGICAL_CLOCK: u8 = 2;
    let mut scan = Scan::new(body);
    scan.u8("GTID flags")?;
    let uuid = uuid(scan.bytes(16, "UUID")?)?;
    let number = scan.u64("GTID number")?;
    let gtid = if is_anonymous { None } else { Some(named(uuid, "", number)?) };
    let mut opening = Opening { gtid, committed_at: None, length: None, shape: Shape::Open };
    // MySQL 5.6 ends here, 5.7 after the logical clock.
    if scan.is_empty() || scan.u8("clock type")? != LOGICAL_CLOCK {
        return Ok(opening);
    }
    scan.bytes(16, "logical clock")?;
    if scan.rest().len() < 7 {
        return Ok(opening);
    }
    // The highest of 56 bits says that the time at the first server follows as well.
    let committed = scan.u56("commit time")?;
    if committed >> 55 == 1 {
        scan.u56("first commit time")?;
    }
    opening.committed_at = Some(committed & ((1 << 55) - 1));
    if !scan.is_empty() {
        opening.length = Some(scan.length("transaction length")?);
    }
    Ok(opening)
}

/// Reads the event of a GTID with a tag: fields with their numbers before them, in order, some left out.
pub(super) fn read_tagged(body: &[u8]) -> Result<Opening, Trouble> {
    const FORMAT: u64 = 1;
    /// Whoever does not know a field up to here cannot read the event.
    const FIELDS_KNOWN: u64 = 12;
    let mut head = Scan::new(body);
    let version = varint::unsigned(&mut head, "format version")?;
    let size = varint::unsigned(&mut head, "message size")?;
    let required = varint::unsigned(&mut head, "last field required")?;
    if version != FORMAT || required > FIELDS_KNOWN {
        let what = format!("a tagged GTID of format {version} with fields up to {required}");
        return Err(Trouble::Unsupported(what));
    }
    let read = body.len() - head.rest().len();
    let end = usize::try_from(size).ok().and_then(|size| size.checked_sub(read));
    let mut scan = Scan::new(head.bytes(end.unwrap_or(usize::MAX), "tagged GTID")?);
    let mut fields = Tagged::default();
    while !scan.is_empty() {
        let field = varint::unsigned(&mut scan, "field number")?;
        if !fields.take(field, &mut scan)? {
            break;
        }
    }
    let (Some(uuid), Some(number)) = (fields.uuid, fields.number) else {
        return Err(Malformed("a tagged GTID without UUID or number".to_owned()).into());
    };
    Ok(Opening {
        gtid: Some(named(uuid, &fields.tag, number)?),
        committed_at: fields.committed_at,
        length: fields.length,
        shape: Shape::Open,
    })
}

/// The fields of a tagged GTID that matter to us.
#[derive(Default)]
struct Tagged {
    uuid: Option<[u8; 16]>,
    number: Option<u64>,
    tag: String,
    committed_at: Option<u64>,
    length: Option<u64>,
}

impl Tagged {
    /// Takes a field by its number in MySQL's `Gtid_event::define_fields`; false if it is not known.
    fn take(&mut self, field: u64, scan: &mut Scan<'_>) -> Result<bool, Malformed> {
        match field {
            0 => drop(varint::unsigned(scan, "GTID flags")?),
            1 => {
                let mut uuid = [0; 16];
                for byte in &mut uuid {
                    let value = varint::unsigned(scan, "UUID")?;
                    *byte = u8::try_from(value)
                        .map_err(|_large| Malformed(format!("a UUID with a byte {value}")))?;
                }
                self.uuid = Some(uuid);
            }
            2 => {
                let number = varint::signed(scan, "GTID number")?;
                let negative = |_negative| Malformed(format!("a GTID numbered {number}"));
                self.number = Some(u64::try_from(number).map_err(negative)?);
            }
            3 => {
                let length = varint::unsigned(scan, "tag")?;
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                self.tag = lossy(scan.bytes(length, "tag")?);
            }
            4 | 5 => drop(varint::signed(scan, "logical clock")?),
            6 => self.committed_at = Some(varint::unsigned(scan, "commit time")?),
            8 => self.length = Some(varint::unsigned(scan, "transaction length")?),
            7 | 9..=11 => drop(varint::unsigned(scan, "field")?),
            _later => return Ok(false),
        }
        Ok(true)
    }
}

/// Reads MariaDB's event; the server's number stands in the common header.
pub(super) fn read_mariadb(body: &[u8], header: Header) -> Result<Opening, Trouble> {
    const STANDALONE: u8 = 1;
    const GROUP_COMMIT: u8 = 2;
    const PREPARED_XA: u8 = 64;
    const COMPLETED_XA: u8 = 128;
    const START_ALTER: u8 = 2;
    const MULTI_ENGINE: u8 = 1;
    let mut scan = Scan::new(body);
    let sequence = scan.u64("GTID sequence")?;
    let domain = scan.u32("GTID domain")?;
    let flags = scan.u8("GTID flags")?;
    if flags & GROUP_COMMIT != 0 {
        scan.u64("commit id")?;
    }
    if flags & (PREPARED_XA | COMPLETED_XA) != 0 {
        scan.u32("XA format")?;
        let (global, branch) = (scan.u8("XA name")?, scan.u8("XA branch")?);
        scan.bytes(usize::from(global) + usize::from(branch), "XA name")?;
    }
    // Short events are padded with zeros, which say that there is nothing more.
    let extra = if scan.is_empty() { 0 } else { scan.u8("more GTID flags")? };
    if extra & !MULTI_ENGINE & START_ALTER != 0 {
        let what = "an ALTER TABLE logged in two phases; SET GLOBAL binlog_alter_two_phase = OFF";
        return Err(Trouble::Unsupported(what.to_owned()));
    }
    let shape = if flags & STANDALONE != 0 {
        Shape::Statement
    } else if flags & PREPARED_XA != 0 {
        Shape::Xa
    } else {
        Shape::Begun
    };
    let gtid = Gtid::MariaDb { domain, server: header.server_id, sequence };
    Ok(Opening { gtid: Some(gtid), committed_at: None, length: None, shape })
}

fn uuid(bytes: &[u8]) -> Result<[u8; 16], Malformed> {
    bytes.try_into().map_err(|_short| Malformed("a UUID too short".to_owned()))
}

fn named(uuid: [u8; 16], tag: &str, number: u64) -> Result<Gtid, Malformed> {
    if !(1..=NUMBER_MAX).contains(&number) {
        return Err(Malformed(format!("a GTID numbered {number}")));
    }
    let tag = if tag.is_empty() { Some(String::new()) } else { parse_tag(tag) };
    let tag = tag.ok_or_else(|| Malformed("a GTID with an impossible tag".to_owned()))?;
    Ok(Gtid::MySql { origin: Origin { uuid, tag: tag.into() }, number })
}
