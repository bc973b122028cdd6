//! Integers as the serialization library of MySQL 8.3 and newer writes them.
//!
//! The number of 1 bits at the low end of the first byte says how many bytes follow; the value is what lies above
//! (<https://dev.mysql.com/doc/dev/mysql-server/latest/PageLibsMysqlSerialization.html>).

use crate::wire::scan::{Malformed, Scan};

/// Reads an unsigned integer.
pub(super) fn unsigned(scan: &mut Scan<'_>, field: &str) -> Result<u64, Malformed> {
    let first = scan.u8(field)?;
    let more = first.trailing_ones();
    let mut bytes = [0; 8];
    let rest = scan.bytes(usize::try_from(more).unwrap_or(usize::MAX), field)?;
    for (to, from) in bytes.iter_mut().zip(rest) {
        *to = *from;
    }
    let high = u64::from_le_bytes(bytes);
    // Of the first byte, what is left above the 1 bits and the 0 that ends them; of 7 and more nothing is.
    let low = u64::from(first).checked_shr(more + 1).unwrap_or(0);
    Ok(match more {
        0..=6 => (high << (7 - more)) | low,
        _ => high,
    })
}

/// Reads a signed integer: its sign is the lowest bit.
pub(super) fn signed(scan: &mut Scan<'_>, field: &str) -> Result<i64, Malformed> {
    let bits = unsigned(scan, field)?;
    let magnitude = (bits >> 1).cast_signed();
    Ok(if bits & 1 == 1 { !magnitude } else { magnitude })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As the server writes it.
    fn write(value: u64) -> Vec<u8> {
        let bits = 64 - value.leading_zeros();
        let more = if bits > 56 { 8 } else { bits.saturating_sub(1) / 7 };
        if more == 8 {
            return [&[0xFF][..], &value.to_le_bytes()].concat();
        }
        let mark = (1_u128 << more) - 1;
        let word = (u128::from(value) << (more + 1)) | mark;
        word.to_le_bytes()[..=more as usize].to_vec()
    }

    #[test]
    fn integers_of_every_width_are_read() {
        let read = |bytes: &[u8]| unsigned(&mut Scan::new(bytes), "n");
        assert_eq!(read(&[0]), Ok(0));
        assert_eq!(read(&[0b1111_1110]), Ok(127));
        assert_eq!(read(&[0b0000_0001, 2]), Ok(128));
        assert_eq!(read(&[0xFF, 255, 255, 255, 255, 255, 255, 255, 255]), Ok(u64::MAX));
        assert!(read(&[0b0000_0011, 2]).is_err());
        assert!(read(&[]).is_err());
        let read = |bytes: &[u8]| signed(&mut Scan::new(bytes), "n");
        assert_eq!(read(&[0b0000_0100]), Ok(1));
        assert_eq!(read(&[0b0000_0010]), Ok(-1));
    }

    proptest! {
        #[test]
        fn what_the_server_writes_is_read_back(value in any::<u64>(), shift in 0_u32..64) {
            let value = value >> shift;
            let bytes = write(value);
            let mut scan = Scan::new(&bytes);
            prop_assert_eq!(unsigned(&mut scan, "n"), Ok(value));
            prop_assert!(scan.is_empty());
        }
    }
}
