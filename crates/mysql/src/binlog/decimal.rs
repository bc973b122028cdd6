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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn printed(precision: u8, scale: u8, zerofill: bool, bytes: &[u8]) -> String {
        let mut out = Vec::new();
        Decimal { precision, scale, zerofill }.print(bytes, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn digits_lie_in_groups_of_nine() {
        // The manual's own example: 1234567890.1234 as DECIMAL(14,4).
        let bytes = [0x81, 0x0d, 0xfb, 0x38, 0xd2, 0x04, 0xd2];
        assert_eq!(printed(14, 4, false, &bytes), "1234567890.1234");
        let negative = bytes.map(|byte| !byte);
        assert_eq!(printed(14, 4, false, &negative), "-1234567890.1234");
        assert_eq!(printed(10, 3, true, &[0x80, 0, 0, 1, 1, 0xf4]), "0000001.500");
        assert_eq!(printed(10, 3, false, &[0x80, 0, 0, 0, 0, 1]), "0.001");
        assert_eq!(printed(1, 0, false, &[0x80]), "0");
        assert_eq!(printed(2, 2, false, &[0x8a]), "0.10");
    }

    #[test]
    fn a_group_of_too_many_digits_is_refused() {
        let mut out = Vec::new();
        let decimal = Decimal { precision: 2, scale: 0, zerofill: false };
        assert!(decimal.print(&[0x80 | 100], &mut out).is_err());
        assert!(decimal.print(&[0x80, 0], &mut out).is_err());
        assert_eq!(Decimal { precision: 2, scale: 3, zerofill: false }.width(), None);
    }

    proptest! {
        #[test]
        fn any_bytes_of_the_right_width_have_all_digits_or_none(
            precision in 1..66_u8,
            scale in 0..39_u8,
            bytes in proptest::collection::vec(any::<u8>(), 40),
        ) {
            let decimal = Decimal { precision, scale: scale.min(precision), zerofill: true };
            let width = decimal.width().unwrap();
            let mut out = Vec::new();
            if decimal.print(&bytes[..width], &mut out).is_ok() {
                let digits = out.iter().filter(|byte| byte.is_ascii_digit()).count();
                let wanted = usize::from(precision) + usize::from(decimal.scale == precision);
                prop_assert_eq!(digits, wanted);
            }
        }
    }
}
