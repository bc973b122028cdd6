//! A statement in the log, with the settings it ran under.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/classbinary__log_1_1Query__event.html>

use bytes::Bytes;

use super::compressed;
use super::error::Trouble;
use crate::wire::scan::{Malformed, Scan, lossy};

/// A statement, and all it needs to mean the same elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The connection that sent it, by its number on the server.
    pub thread: u32,
    /// The default schema; empty for none.
    pub schema: String,
    /// The statement, in the character set of the client that sent it.
    pub sql: Bytes,
    /// The error it ended with, 0 for none: a statement that was killed half-way is logged so.
    pub error: u16,
    /// Whether it was logged with values of its session that it depends on (`LAST_INSERT_ID()`, `RAND()`, user
    /// variables, a file of `LOAD DATA`): those are not handed out.
    pub has_context: bool,
    /// When it began, in microseconds since 1970: what `NOW()` meant in it.
    pub executed_at: u64,
    /// What its session had set.
    pub settings: Settings,
}

/// What the session of a statement had set, as far as the log says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `sql_mode` as bits; MySQL and MariaDB agree on the lower 32 of them only where both have the mode.
    pub sql_mode: Option<u64>,
    /// Numbers of `character_set_client`'s collation, `collation_connection` and `collation_server`.
    pub collations: Option<[u16; 3]>,
    /// `time_zone`.
    pub time_zone: Option<String>,
    /// The number of `default_collation_for_utf8mb4`.
    pub utf8mb4_collation: Option<u16>,
    /// The number of `collation_database`.
    pub database_collation: Option<u16>,
    /// Whether `foreign_key_checks` was off.
    pub foreign_key_checks_off: bool,
    /// `auto_increment_increment` and `auto_increment_offset`.
    pub auto_increment: Option<(u16, u16)>,
    /// `explicit_defaults_for_timestamp`.
    pub explicit_defaults_for_timestamp: Option<bool>,
    /// `sql_require_primary_key`.
    pub sql_require_primary_key: Option<bool>,
    /// The part of a second of its beginning, where the statement asked for it.
    pub(super) microseconds: u32,
}

/// Whether a statement's text is as it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    /// It is.
    Plain,
    /// MariaDB's `log_bin_compress`.
    Compressed,
}

impl Query {
    /// Reads post-header and body.
    pub(super) fn read(body: &Bytes, post_header: u8, packing: Packing) -> Result<Self, Trouble> {
        let mut whole = Scan::new(body);
        let mut scan = Scan::new(whole.bytes(usize::from(post_header), "post-header")?);
        let thread = scan.u32("thread")?;
        scan.u32("execution time")?;
        let schema = scan.u8("schema's length")?;
        let error = scan.u16("error")?;
        let settings = scan.u16("settings' length")?;
        let settings = Settings::read(whole.bytes(usize::from(settings), "settings")?)?;
        let schema = lossy(whole.bytes(usize::from(schema), "schema")?);
        whole.u8("end of schema")?;
        let sql = match packing {
            Packing::Plain => body.slice(body.len() - whole.rest().len()..),
            Packing::Compressed => {
                compressed::event(whole.rest()).map_err(|what| Malformed(what.to_owned()))?.into()
            }
        };
        let executed_at = u64::from(settings.microseconds);
        Ok(Self { thread, schema, sql, error, has_context: false, executed_at, settings })
    }
}

impl Settings {
    /// Reads them by their numbers, which grow: what follows an unknown one is newer than all we know of, and
    /// passed over as a replica does.
    fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        const NO_FOREIGN_KEY_CHECKS: u32 = 1 << 26;
        let mut scan = Scan::new(bytes);
        let mut settings = Self::default();
        while !scan.is_empty() {
            match scan.u8("setting")? {
                0 => {
                    let flags = scan.u32("flags")?;
                    settings.foreign_key_checks_off = flags & NO_FOREIGN_KEY_CHECKS != 0;
                }
                1 => settings.sql_mode = Some(scan.u64("sql_mode")?),
                // A catalog, with a zero after it in servers of long ago.
                2 => {
                    let length = usize::from(scan.u8("catalog")?);
                    scan.bytes(if length == 0 { 0 } else { length + 1 }, "catalog")?;
                }
                3 => {
                    let increment = scan.u16("auto_increment_increment")?;
                    settings.auto_increment = Some((increment, scan.u16("auto_increment_offset")?));
                }
                4 => {
                    let client = scan.u16("client's collation")?;
                    let connection = scan.u16("connection's collation")?;
                    let server = scan.u16("server's collation")?;
                    settings.collations = Some([client, connection, server]);
                }
                5 => settings.time_zone = Some(lossy(counted(&mut scan, "time zone")?)),
                6 => drop(counted(&mut scan, "catalog")?),
                7 => drop(scan.u16("lc_time_names")?),
                8 => settings.database_collation = Some(scan.u16("collation_database")?),
                9 => drop(scan.u64("updated tables")?),
                11 => {
                    counted(&mut scan, "user")?;
                    counted(&mut scan, "host")?;
                }
                12 => skip_schemas(&mut scan)?,
                13 => {
                    let bytes = scan.bytes(3, "microseconds")?;
                    let number = |all, byte: &u8| (all << 8) | u32::from(*byte);
                    settings.microseconds = bytes.iter().rev().fold(0, number);
                }
                16 => {
                    let is_on = scan.u8("explicit_defaults_for_timestamp")? != 0;
                    settings.explicit_defaults_for_timestamp = Some(is_on);
                }
                17 => drop(scan.u64("transaction number")?),
                18 => settings.utf8mb4_collation = Some(scan.u16("utf8mb4's collation")?),
                19 => {
                    let required = scan.u8("sql_require_primary_key")?;
                    settings.sql_require_primary_key = Some(required != 0);
                }
                20 => drop(scan.u8("default_table_encryption")?),
                _later => break,
            }
        }
        Ok(settings)
    }
}

fn counted<'a>(scan: &mut Scan<'a>, field: &str) -> Result<&'a [u8], Malformed> {
    let length = scan.u8(field)?;
    scan.bytes(usize::from(length), field)
}

/// Names of updated schemas, or a mark that there were too many.
fn skip_schemas(scan: &mut Scan<'_>) -> Result<(), Malformed> {
    const TOO_MANY: u8 = 254;
    let count = scan.u8("updated schemas")?;
    if count < TOO_MANY {
        for _schema in 0..count {
            scan.until_zero("updated schemas")?;
        }
    }
    Ok(())
}
