//! The event that ends the first half of an XA transaction.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/classbinary__log_1_1XA__prepare__event.html>

use std::fmt::Write;

use super::event::Outcome;
use crate::wire::scan::{Malformed, Scan};

/// Reads how the transaction ends.
pub(super) fn read(body: &[u8]) -> Result<Outcome, Malformed> {
    let mut scan = Scan::new(body);
    let is_one_phase = scan.u8("XA phases")? != 0;
    let format = scan.u32("XA format")?;
    let (global, branch) = (length(&mut scan)?, length(&mut scan)?);
    let global = hex(scan.bytes(global, "XA name")?);
    let branch = hex(scan.bytes(branch, "XA branch")?);
    if is_one_phase {
        return Ok(Outcome::Committed);
    }
    Ok(Outcome::Prepared { xid: format!("X'{global}',X'{branch}',{format}") })
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
