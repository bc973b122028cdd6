//! Numbers in JSON text.

use std::io::Write;

/// Appends an integer's digits.
pub(super) fn integer(number: u64, out: &mut Vec<u8>) {
    // Writing into memory cannot fail.
    let _written = write!(out, "{number}").is_ok();
}

/// Exponents beyond these are written with an `e`.
const POINT_MIN: i32 = -14;
const POINT_MAX: i32 = 15;

/// Appends a `DOUBLE` as the server's `my_gcvt` prints it: the shortest digits that give the same number,
/// with a point unless it would be far from them; `.0` tells it from an integer.
pub(super) fn double(value: f64, out: &mut Vec<u8>) {
    let mut text = [0_u8; 32];
    let mut free = text.as_mut_slice();
    let _written = write!(free, "{:e}", value.abs()).is_ok();
    let left = free.len();
    let text = text.get(..32 - left).unwrap_or_default();
    let (mantissa, exponent) = match text.iter().position(|b| *b == b'e') {
        Some(at) => text.split_at(at),
        None => (text, &b"e0"[..]),
    };
    let exponent: i32 = exponent
        .get(1..)
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0);
    let mut digits = [0_u8; 32];
    let mut count = 0;
    for (digit, slot) in mantissa.iter().filter(|b| **b != b'.').zip(&mut digits) {
        *slot = *digit;
        count += 1;
    }
    let digits = digits.get(..count).unwrap_or_default();
    if value.is_sign_negative() {
        out.push(b'-');
    }
    // Where the point stands, counted from the first digit.
    let point = exponent + 1;
    if (POINT_MIN..=POINT_MAX).contains(&point) {
        pointed(digits, point, out);
    } else {
        exponential(digits, exponent, out);
    }
}

fn pointed(digits: &[u8], point: i32, out: &mut Vec<u8>) {
    let before = usize::try_from(point).unwrap_or(0);
    if before == 0 {
        out.extend_from_slice(b"0.");
        out.extend(std::iter::repeat_n(b'0', usize::try_from(-point).unwrap_or(0)));
        out.extend_from_slice(digits);
        return;
    }
    match digits.split_at_checked(before) {
        Some((whole, fraction)) if !fraction.is_empty() => {
            out.extend_from_slice(whole);
            out.push(b'.');
            out.extend_from_slice(fraction);
        }
        Some(_) | None => {
            out.extend_from_slice(digits);
            out.extend(std::iter::repeat_n(b'0', before.saturating_sub(digits.len())));
            out.extend_from_slice(b".0");
        }
    }
}

fn exponential(digits: &[u8], exponent: i32, out: &mut Vec<u8>) {
    let Some((first, rest)) = digits.split_first() else { return };
    out.push(*first);
    if !rest.is_empty() {
        out.push(b'.');
        out.extend_from_slice(rest);
    }
    let _written = write!(out, "e{exponent}").is_ok();
}
