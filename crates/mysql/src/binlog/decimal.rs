//! `DECIMAL` as it is stored, to the text the server prints.
//!
//! Nine digits lie in four bytes, fewer in fewer, big-endian; the sign is the highest bit, inverted; a
//! negative number is inverted altogether
//! (<https://dev.mysql.com/doc/refman/9.7/en/precision-math-decimal-characteristics.html>).

/// Digits in a whole group.
const GROUP: u8 = 9;
/// Digits of the widest decimal any server keeps, intermediate results in JSON included.
const DIGITS_MAX: u8 = 90;

/// How a `DECIMAL` is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    /// Digits altogether.
    pub(super) precision: u8,
    /// Digits behind the point.
    pub(super) scale: u8,
    /// Whether the server prints leading zeros (`ZEROFILL`).
    pub(super) zerofill: bool,
}

impl Decimal {
    /// How many bytes a value takes; `None` for a declaration no server makes.
    pub(super) fn width(self) -> Option<usize> {
        let whole = self.precision.checked_sub(self.scale)?;
        if self.precision > DIGITS_MAX || self.precision == 0 {
            return None;
        }
        Some(
            usize::from(whole / GROUP) * 4
                + group_width(whole % GROUP)
                + usize::from(self.scale / GROUP) * 4
                + group_width(self.scale % GROUP),
        )
    }

    /// Appends the text of a value of [`Decimal::width`] bytes.
    pub(super) fn print(self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), &'static str> {
        const MALFORMED: &str = "a decimal";
        let whole = self.precision.checked_sub(self.scale).ok_or(MALFORMED)?;
        let negative = bytes.first().is_some_and(|first| first & 0x80 == 0);
        let mut groups = Groups { rest: bytes, mask: if negative { 0xff } else { 0 }, first: 0x80 };
        if negative {
            out.push(b'-');
        }
        let begin = out.len();
        groups.print(whole % GROUP, out).ok_or(MALFORMED)?;
        for _ in 0..whole / GROUP {
            groups.print(GROUP, out).ok_or(MALFORMED)?;
        }
        if !self.zerofill {
            let zeros = out.iter().skip(begin).take_while(|digit| **digit == b'0').count();
            out.drain(begin..begin + zeros);
        }
        if out.len() == begin {
            out.push(b'0');
        }
        if self.scale > 0 {
            out.push(b'.');
            for _ in 0..self.scale / GROUP {
                groups.print(GROUP, out).ok_or(MALFORMED)?;
            }
            groups.print(self.scale % GROUP, out).ok_or(MALFORMED)?;
        }
        if groups.rest.is_empty() { Ok(()) } else { Err(MALFORMED) }
    }
}

/// Bytes that so many digits of an incomplete group take.
fn group_width(digits: u8) -> usize {
    usize::from(digits).div_ceil(2)
}

struct Groups<'a> {
    rest: &'a [u8],
    mask: u8,
    /// The sign's bit, until the first byte is read.
    first: u8,
}

impl Groups<'_> {
    /// Appends the next group as that many digits.
    fn print(&mut self, digits: u8, out: &mut Vec<u8>) -> Option<()> {
        if digits == 0 {
            return Some(());
        }
        let width = if digits == GROUP { 4 } else { group_width(digits) };
        let (bytes, rest) = self.rest.split_at_checked(width)?;
        self.rest = rest;
        let mut number = 0_u32;
        for byte in bytes {
            number = number << 8 | u32::from(byte ^ self.mask ^ self.first);
            self.first = 0;
        }
        let text = itoa(number);
        let wanted = text.get(text.len().checked_sub(usize::from(digits))?..)?;
        let too_large = number >= 10_u32.checked_pow(digits.into())?;
        (!too_large).then(|| out.extend_from_slice(wanted))
    }
}

/// A number's ten digits.
fn itoa(mut number: u32) -> [u8; 10] {
    let mut digits = [b'0'; 10];
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10).to_le_bytes()[0];
        number /= 10;
    }
    digits
}
