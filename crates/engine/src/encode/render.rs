//! Values as text that a server reads back to the same bits.

use sealift_mysql::value::{Duration, Moment, Value};

use super::form::Rendering;

/// Appends a value's text, neither quoted nor escaped; NULL appends nothing.
///
/// For the values of a key: for rows, [`Encoder`](super::Encoder) does this and escapes on the way.
pub(crate) fn plain(value: Value<'_>, rendering: Rendering, out: &mut Vec<u8>) {
    match value {
        Value::Null => {}
        Value::Bytes(bytes) => out.extend_from_slice(bytes),
        Value::Int(_)
        | Value::Uint(_)
        | Value::Float(_)
        | Value::Double(_)
        | Value::Moment(_)
        | Value::Duration(_) => ascii(value, rendering, out),
    }
}

/// Appends the text of a value that is not text itself: digits, signs, colons.
#[inline]
pub(super) fn ascii(value: Value<'_>, rendering: Rendering, out: &mut Vec<u8>) {
    match (value, rendering) {
        (Value::Uint(year), Rendering::Year) => digits(year, 4, out),
        (Value::Uint(number), Rendering::EnumNumber(Some(width))) => digits(number, width, out),
        (Value::Uint(number), _) => {
            out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        }
        (Value::Int(number), _) => {
            out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        }
        // The shortest text of the same value as DOUBLE: read as DOUBLE and narrowed, it is exact. Six
        // digits, as the server prints them, would not be.
        (Value::Float(number), _) => double(bounded(number.into(), rendering), out),
        (Value::Double(number), _) => double(bounded(number, rendering), out),
        (Value::Moment(moment), Rendering::Date) => date(moment, out),
        (Value::Moment(moment), _) => date_and_time(moment, out),
        (Value::Duration(span), _) => duration(span, out),
        (Value::Null | Value::Bytes(_), _) => {}
    }
}

/// The number itself, or the largest its column allows (`(10^digits - 1) / 10^decimals`, as the server
/// reckons), which it was stored from.
fn bounded(number: f64, rendering: Rendering) -> f64 {
    if let Rendering::Rounded { digits, decimals } = rendering {
        let max = (10_f64.powi(digits.into()) - 1.0) / 10_f64.powi(decimals.into());
        number.clamp(-max, max)
    } else {
        number
    }
}

fn double(number: f64, out: &mut Vec<u8>) {
    // MySQL stores no NaN and no infinity; `format` writes them as text the target refuses.
    out.extend_from_slice(ryu::Buffer::new().format(number).as_bytes());
}

fn date(moment: Moment, out: &mut Vec<u8>) {
    digits(moment.year.into(), 4, out);
    out.push(b'-');
    two(moment.month, out);
    out.push(b'-');
    two(moment.day, out);
}

fn date_and_time(moment: Moment, out: &mut Vec<u8>) {
    date(moment, out);
    out.push(b' ');
    clock(moment.hour.into(), moment.minute, moment.second, moment.micros, out);
}

fn duration(span: Duration, out: &mut Vec<u8>) {
    if span.negative {
        out.push(b'-');
    }
    clock(span.hours, span.minutes, span.seconds, span.micros, out);
}

fn clock(hours: u32, minutes: u8, seconds: u8, micros: u32, out: &mut Vec<u8>) {
    digits(hours.into(), 2, out);
    out.push(b':');
    two(minutes, out);
    out.push(b':');
    two(seconds, out);
    if micros > 0 {
        out.push(b'.');
        digits(micros.into(), 6, out);
    }
}

fn two(number: u8, out: &mut Vec<u8>) {
    digits(number.into(), 2, out);
}

/// Appends a number with leading zeros.
fn digits(number: u64, width: usize, out: &mut Vec<u8>) {
    let mut buffer = itoa::Buffer::new();
    let text = buffer.format(number).as_bytes();
    out.extend(std::iter::repeat_n(b'0', width.saturating_sub(text.len())));
    out.extend_from_slice(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: Value<'_>, rendering: Rendering, expected: &str) {
        let mut out = Vec::new();
        plain(value, rendering, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn numbers_come_back_to_the_same_bits() {
        check(Value::Int(i64::MIN), Rendering::Number, "-9223372036854775808");
        check(Value::Uint(u64::MAX), Rendering::Number, "18446744073709551615");
        check(Value::Float(1.1), Rendering::Number, "1.100000023841858");
        check(Value::Double(-0.0), Rendering::Number, "-0.0");
        check(Value::Double(f64::MIN_POSITIVE / 2.0), Rendering::Number, "1.1125369292536007e-308");
        let rounded = Rendering::Rounded { digits: 9, decimals: 3 };
        check(Value::Float(-1_000_000.0), rounded, "-999999.999");
        check(Value::Uint(0), Rendering::Year, "0000");
        check(Value::Uint(7), Rendering::EnumNumber(Some(5)), "00007");
    }

    #[test]
    fn times_keep_sign_fraction_and_impossible_dates() {
        let moment = Moment { year: 0, month: 0, day: 31, ..Moment::default() };
        check(Value::Moment(moment), Rendering::Date, "0000-00-31");
        check(Value::Moment(moment), Rendering::Text, "0000-00-31 00:00:00");
        let moment = Moment { micros: 20, hour: 7, ..moment };
        check(Value::Moment(moment), Rendering::Text, "0000-00-31 07:00:00.000020");
        let span = Duration { negative: true, hours: 0, minutes: 0, seconds: 0, micros: 500_000 };
        check(Value::Duration(span), Rendering::Text, "-00:00:00.500000");
        let span = Duration { negative: true, hours: 838, minutes: 59, seconds: 59, micros: 0 };
        check(Value::Duration(span), Rendering::Text, "-838:59:59");
    }
}
