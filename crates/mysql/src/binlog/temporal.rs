//! Dates and times in all the forms in which servers have stored them.
//!
//! The forms since 5.6.4 (`*2`) are big-endian with a fraction of 0 to 3 bytes
//! (<https://dev.mysql.com/doc/dev/mysql-server/latest/my__time_8h.html>); the ones before are
//! little-endian, and MariaDB adds fractions to them in a way of its own
//! (<https://mariadb.com/kb/en/microseconds-in-mariadb/>).

use crate::value::{Duration, Moment};

/// The bytes that a fraction of so many digits takes behind a `*2` form.
pub(super) fn fraction_width(digits: u8) -> u8 {
    digits.div_ceil(2)
}

/// `DATE`: three bytes, little-endian, of day, month and year.
pub(super) fn date(bytes: &[u8]) -> Option<Moment> {
    let bits = little_endian(bytes);
    Moment { day: low(bits, 5)?, month: low(bits >> 5, 4)?, year: low(bits >> 9, 15)?, ..ZERO }
        .sound()
}

/// `TIMESTAMP` since 5.6: seconds since 1970 and a fraction.
pub(super) fn timestamp(bytes: &[u8], digits: u8) -> Option<Moment> {
    let (seconds, fraction) = bytes.split_at_checked(4)?;
    since_epoch(big_endian(seconds), micros(fraction, digits)?)
}

/// `DATETIME` since 5.6: five bytes of bit fields and a fraction.
pub(super) fn date_time(bytes: &[u8], digits: u8) -> Option<Moment> {
    let (whole, fraction) = bytes.split_at_checked(5)?;
    // The sign's bit is always set: there are no negative dates.
    let bits = big_endian(whole).checked_sub(0x80_0000_0000)?;
    packed_moment(bits, micros(fraction, digits)?)
}

/// `TIME` since 5.6: three bytes of bit fields and a fraction, as one number around a middle.
pub(super) fn time(bytes: &[u8], digits: u8) -> Option<Duration> {
    let width = u32::from(fraction_width(digits)) * 8;
    let value = big_endian(bytes);
    let middle = 0x80_0000_u64 << width;
    let (negative, size) = (value < middle, value.abs_diff(middle));
    let fraction = size & ((1 << width) - 1);
    packed_duration(negative, size >> width, scaled(fraction, fraction_width(digits))?)
}

/// The bit fields of a date and time, without a fraction.
pub(super) fn packed_moment(bits: u64, micros: u32) -> Option<Moment> {
    let months: u32 = low(bits >> 22, 32)?;
    Moment {
        year: u16::try_from(months / 13).ok()?,
        month: u8::try_from(months % 13).ok()?,
        day: low(bits >> 17, 5)?,
        hour: low(bits >> 12, 5)?,
        minute: low(bits >> 6, 6)?,
        second: low(bits, 6)?,
        micros,
    }
    .sound()
}

/// The bit fields of a time, without sign and fraction.
pub(super) fn packed_duration(negative: bool, bits: u64, micros: u32) -> Option<Duration> {
    Duration {
        negative,
        hours: u32::try_from(bits >> 12).ok()?,
        minutes: low(bits >> 6, 6)?,
        seconds: low(bits, 6)?,
        micros,
    }
    .sound()
}

/// `TIMESTAMP` before 5.6: seconds since 1970, little-endian.
pub(super) fn old_timestamp(bytes: &[u8]) -> Option<Moment> {
    since_epoch(little_endian(bytes), 0)
}

/// `DATETIME` before 5.6: the decimal digits of YYYYMMDDhhmmss, little-endian.
pub(super) fn old_date_time(bytes: &[u8]) -> Option<Moment> {
    let digits = little_endian(bytes);
    let pair = |at: u32| u8::try_from(digits / 10_u64.pow(at) % 100).ok();
    Moment {
        year: u16::try_from(digits / 10_000_000_000).ok()?,
        month: pair(8)?,
        day: pair(6)?,
        hour: pair(4)?,
        minute: pair(2)?,
        second: pair(0)?,
        micros: 0,
    }
    .sound()
}

/// `TIME` before 5.6: the decimal digits of hhmmss, with a sign, little-endian.
pub(super) fn old_time(bytes: &[u8]) -> Option<Duration> {
    const SIGN: u64 = 1 << 23;
    let value = little_endian(bytes);
    let negative = value & SIGN != 0;
    let digits = if negative { (2 * SIGN).saturating_sub(value) } else { value };
    Duration {
        negative,
        hours: u32::try_from(digits / 10_000).ok()?,
        minutes: u8::try_from(digits / 100 % 100).ok()?,
        seconds: u8::try_from(digits % 100).ok()?,
        micros: 0,
    }
    .sound()
}

/// Bytes of MariaDB's old `TIMESTAMP`, `DATETIME` and `TIME` with fractions, by their digits.
pub(super) const HIRES_TIMESTAMP: [u8; 7] = [4, 5, 5, 6, 6, 7, 7];
/// The same for `DATETIME`.
pub(super) const HIRES_DATE_TIME: [u8; 7] = [8, 6, 6, 7, 7, 7, 8];
/// The same for `TIME`.
pub(super) const HIRES_TIME: [u8; 7] = [3, 4, 4, 5, 5, 5, 6];

/// MariaDB's old `TIMESTAMP` with a fraction: big-endian seconds, then the fraction's digits as a number.
pub(super) fn hires_timestamp(bytes: &[u8], digits: u8) -> Option<Moment> {
    let (seconds, fraction) = bytes.split_at_checked(4)?;
    since_epoch(big_endian(seconds), digits_to_micros(big_endian(fraction), digits)?)
}

/// MariaDB's old `DATETIME` with a fraction: one big-endian number of the smallest fractions since year 0,
/// of 13 months of 32 days each.
pub(super) fn hires_date_time(bytes: &[u8], digits: u8) -> Option<Moment> {
    let unit = 10_u64.pow(digits.into());
    let value = big_endian(bytes);
    let micros = digits_to_micros(value % unit, digits)?;
    let (rest, second) = split(value / unit, 60);
    let (rest, minute) = split(rest, 60);
    let (rest, hour) = split(rest, 24);
    let (rest, day) = split(rest, 32);
    let (year, month) = split(rest, 13);
    let year = u16::try_from(year).ok()?;
    Moment { year, month, day, hour, minute, second, micros }.sound()
}

/// MariaDB's old `TIME` with a fraction: a big-endian number of the smallest fractions, above 838:59:59 and
/// one second for zero.
pub(super) fn hires_time(bytes: &[u8], digits: u8) -> Option<Duration> {
    const SECONDS_MAX: u64 = 838 * 3600 + 59 * 60 + 59;
    let unit = 10_u64.pow(digits.into());
    let (value, zero) = (big_endian(bytes), (SECONDS_MAX + 1) * unit);
    let size = value.abs_diff(zero);
    let (rest, seconds) = split(size / unit, 60);
    let (hours, minutes) = split(rest, 60);
    Duration {
        negative: value < zero,
        hours: u32::try_from(hours).ok()?,
        minutes,
        seconds,
        micros: digits_to_micros(size % unit, digits)?,
    }
    .sound()
}

const ZERO: Moment = Moment { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0, micros: 0 };

impl Moment {
    /// The moment, if all its parts are in their ranges.
    pub(super) fn sound(self) -> Option<Self> {
        let sound = self.year <= 9999
            && self.month <= 12
            && self.day <= 31
            && self.hour <= 23
            && self.minute <= 59
            && self.second <= 59
            && self.micros <= 999_999;
        sound.then_some(self)
    }
}

impl Duration {
    /// The duration, if all its parts are in their ranges.
    pub(super) fn sound(self) -> Option<Self> {
        let sound =
            self.hours <= 838 && self.minutes <= 59 && self.seconds <= 59 && self.micros <= 999_999;
        sound.then_some(self)
    }
}

/// A moment in UTC; the very start of 1970 stands for the zero date.
fn since_epoch(seconds: u64, micros: u32) -> Option<Moment> {
    if seconds == 0 && micros == 0 {
        return Some(ZERO);
    }
    let (days, second_of_day) = (seconds / 86_400, seconds % 86_400);
    // Days are counted from 1 March of year 0, in eras of 400 years:
    // <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>
    let days = days + 719_468;
    let day_of_era = days % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + days / 146_097 * 400 + u64::from(month <= 2);
    Moment {
        year: u16::try_from(year).ok()?,
        month: u8::try_from(month).ok()?,
        day: u8::try_from(day).ok()?,
        hour: u8::try_from(second_of_day / 3600).ok()?,
        minute: u8::try_from(second_of_day / 60 % 60).ok()?,
        second: u8::try_from(second_of_day % 60).ok()?,
        micros,
    }
    .sound()
}

/// The fraction behind a `*2` form.
fn micros(bytes: &[u8], digits: u8) -> Option<u32> {
    if bytes.len() == usize::from(fraction_width(digits)) {
        scaled(big_endian(bytes), fraction_width(digits))
    } else {
        None
    }
}

/// A fraction of so many bytes, which hold two digits each, as microseconds.
fn scaled(fraction: u64, width: u8) -> Option<u32> {
    digits_to_micros(fraction, width * 2)
}

fn digits_to_micros(fraction: u64, digits: u8) -> Option<u32> {
    let factor = 10_u64.checked_pow(6_u32.checked_sub(digits.into())?)?;
    let micros = u32::try_from(fraction.checked_mul(factor)?).ok()?;
    (micros <= 999_999).then_some(micros)
}

/// What lies above a place of a number of mixed base, and the digit at it.
fn split(value: u64, base: u8) -> (u64, u8) {
    let base = u64::from(base);
    (value / base, (value % base).to_le_bytes()[0])
}

/// The lowest bits of a number.
fn low<T: TryFrom<u64>>(bits: u64, count: u32) -> Option<T> {
    T::try_from(bits & ((1 << count) - 1)).ok()
}

/// At most eight bytes as a number, the first one the highest.
pub(super) fn big_endian(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// At most eight bytes as a number, the first one the lowest.
pub(super) fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests;
