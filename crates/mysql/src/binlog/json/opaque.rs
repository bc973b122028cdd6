//! Values of SQL types inside JSON, as the server prints them.

use std::io::Write;

use super::super::decimal::Decimal;
use super::super::temporal::{packed_duration, packed_moment};
use super::quote;

/// The server breaks base64 text after so many characters.
const BASE64_LINE: usize = 76;

/// Appends a value by its type code. What has no text of its own becomes base64, named by its type.
pub(super) fn print(kind: u8, data: &[u8], out: &mut Vec<u8>) -> Result<(), &'static str> {
    match kind {
        246 => decimal(data, out),
        7 | 10..=12 => temporal(kind, data, out),
        // A string that was kept with its type.
        253 => {
            quote(data, out);
            Ok(())
        }
        _ => {
            base64(kind, data, out);
            Ok(())
        }
    }
}

fn decimal(data: &[u8], out: &mut Vec<u8>) -> Result<(), &'static str> {
    const MALFORMED: &str = "a decimal in JSON";
    let ([precision, scale], digits) = data.split_first_chunk::<2>().ok_or(MALFORMED)?;
    let decimal = Decimal { precision: *precision, scale: *scale, zerofill: false };
    if decimal.width() != Some(digits.len()) {
        return Err(MALFORMED);
    }
    decimal.print(digits, out)
}

/// Eight bytes: bit fields above 24 bits of microseconds, negative altogether for a negative time.
fn temporal(kind: u8, data: &[u8], out: &mut Vec<u8>) -> Result<(), &'static str> {
    const MALFORMED: &str = "a date or time in JSON";
    let packed = i64::from_le_bytes(data.try_into().map_err(|_length| MALFORMED)?);
    let size = packed.unsigned_abs();
    let micros = u32::try_from(size & 0xff_ffff).map_err(|_never| MALFORMED)?;
    let written = if kind == 11 {
        let time = packed_duration(packed < 0, size >> 24, micros).ok_or(MALFORMED)?;
        let sign = if time.negative { "-" } else { "" };
        let (hours, minutes, seconds) = (time.hours, time.minutes, time.seconds);
        write!(out, "\"{sign}{hours:02}:{minutes:02}:{seconds:02}.{micros:06}\"")
    } else {
        let moment = packed_moment(size >> 24, micros).ok_or(MALFORMED)?;
        let (year, month, day) = (moment.year, moment.month, moment.day);
        let (hour, minute, second) = (moment.hour, moment.minute, moment.second);
        if kind == 10 {
            write!(out, "\"{year:04}-{month:02}-{day:02}\"")
        } else {
            write!(
                out,
                "\"{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{micros:06}\""
            )
        }
    };
    written.map_err(|_never| MALFORMED)
}

fn base64(kind: u8, data: &[u8], out: &mut Vec<u8>) {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letter = |bits: u32, shift: u32| {
        let six = usize::try_from(bits >> shift & 63).unwrap_or(0);
        LETTERS.get(six).copied().unwrap_or(b'=')
    };
    let _written = write!(out, "\"base64:type{kind}:").is_ok();
    for (index, three) in data.chunks(3).enumerate() {
        if index > 0 && (index * 4).is_multiple_of(BASE64_LINE) {
            out.extend_from_slice(b"\\n");
        }
        let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        let bits = bits << (8 * (3 - three.len()));
        let quad = [letter(bits, 18), letter(bits, 12), letter(bits, 6), letter(bits, 0)];
        let letters = three.len() + 1;
        out.extend(quad.iter().take(letters));
        out.extend(std::iter::repeat_n(b'=', 4 - letters));
    }
    out.push(b'"');
}
