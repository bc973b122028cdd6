//! Transactions that are prepared by XA: the event that ends the first half of one, and which ones are prepared now.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/classbinary__log_1_1XA__prepare__event.html>

use std::collections::BTreeSet;
use std::fmt::Write;

use super::event::Outcome;
use crate::error::MysqlError;
use crate::session::{Session, TextRow};
use crate::wire::scan::{Malformed, Scan};

/// The names of the transactions that are prepared at this moment, as [`Outcome::Prepared`] has them.
///
/// A transaction is among them until its end has taken effect, so one whose `XA COMMIT` is in the log and that is
/// not among them is seen by whoever begins to read afterwards. `None`: our login may not ask, MySQL wants
/// `XA_RECOVER_ADMIN`.
///
/// # Errors
/// If the session fails.
pub async fn prepared_xa(session: &mut Session) -> Result<Option<BTreeSet<String>>, MysqlError> {
    match session.rows("XA RECOVER").await {
        Ok(rows) => rows.iter().map(listed).collect::<Result<_, _>>().map(Some),
        Err(error) if error.code() == Some(XA_REFUSED) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What MySQL answers to `XA RECOVER` without the privilege for it.
pub(crate) const XA_REFUSED: u16 = 1401;

/// A line of `XA RECOVER`: format, lengths of both parts of the name, both parts.
fn listed(row: &TextRow) -> Result<String, MysqlError> {
    let format: u32 = row.parse(0)?;
    let global: usize = row.parse(1)?;
    let parts = row.get(3).and_then(|data| data.split_at_checked(global));
    let (global, branch) = parts
        .ok_or_else(|| MysqlError::Result("a prepared transaction without its name".to_owned()))?;
    Ok(name(global, branch, format))
}

/// Reads how the transaction ends.
pub(super) fn read(body: &[u8]) -> Result<Outcome, Malformed> {
    let mut scan = Scan::new(body);
    let is_one_phase = scan.u8("XA phases")? != 0;
    let format = scan.u32("XA format")?;
    let (global, branch) = (length(&mut scan)?, length(&mut scan)?);
    let global = scan.bytes(global, "XA name")?;
    let branch = scan.bytes(branch, "XA branch")?;
    if is_one_phase {
        return Ok(Outcome::Committed);
    }
    Ok(Outcome::Prepared { xid: name(global, branch, format) })
}

/// As `XA COMMIT` prints it in the log.
fn name(global: &[u8], branch: &[u8], format: u32) -> String {
    format!("X'{}',X'{}',{format}", hex(global), hex(branch))
}

/// A part of the name has 64 bytes at most.
fn length(scan: &mut Scan<'_>) -> Result<usize, Malformed> {
    let length = scan.u32("length of XA name")?;
    match usize::try_from(length) {
        Ok(length) if length <= 64 => Ok(length),
        Ok(_) | Err(_) => Err(Malformed(format!("an XA name of {length} bytes"))),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _infallible = write!(text, "{byte:02x}").is_ok();
        text
    })
}
