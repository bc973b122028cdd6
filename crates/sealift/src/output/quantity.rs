//! Numbers as people read them.

use std::time::Duration;

/// `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 table`, `2 tables`.
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// `512 B`, `1.5 KiB`, `760.1 MiB`.
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if number < 1024 {
        return format!("{number} B");
    }
    // Tenths of the unit, in whole numbers; u128 keeps the last unit from overflowing.
    let mut unit_size: u128 = 1024;
    for (index, unit) in UNITS.iter().enumerate() {
        let tenths = (u128::from(number) * 10 + unit_size / 2) / unit_size;
        if tenths < 10_240 || index + 1 == UNITS.len() {
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
        unit_size *= 1024;
    }
    format!("{number} B")
}

/// `0.4s`, `12s`, `2m 05s`, `1h 02m`, `3d 04h`.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{}.{}s", seconds, time.subsec_millis() / 100),
        10..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h {:02}m", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{}d {:02}h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// The same of milliseconds.
pub(crate) fn duration_ms(elapsed_ms: u64) -> String {
    duration(Duration::from_millis(elapsed_ms))
}

/// Units in `time`, per second; `None` when the time is too short to say.
pub(crate) fn per_second(units: u64, time: Duration) -> Option<u64> {
    let ms = time.as_millis();
    if ms == 0 {
        return None;
    }
    u64::try_from(u128::from(units) * 1_000 / ms).ok()
}

/// How much of `whole` is there, from 0 to 100; 100 only when nothing is left.
pub(crate) fn percent(part: u64, whole: u64) -> u64 {
    if part >= whole {
        return 100;
    }
    u64::try_from(u128::from(part) * 100 / u128::from(whole)).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000), "1,000");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(counted(1, "table", "tables"), "1 table");
        assert_eq!(counted(0, "table", "tables"), "0 tables");
    }

    #[test]
    fn bytes_take_the_unit_that_fits() {
        assert_eq!(bytes(1_023), "1023 B");
        assert_eq!(bytes(1_024), "1.0 KiB");
        assert_eq!(bytes(1_048_575), "1.0 MiB");
        assert_eq!(bytes(760 * 1_048_576 + 104_858), "760.1 MiB");
        assert_eq!(bytes(u64::MAX), "16.0 EiB");
    }

    #[test]
    fn durations_have_two_parts_at_most() {
        let said = |seconds| duration(Duration::from_secs(seconds));
        assert_eq!(duration(Duration::from_millis(460)), "0.4s");
        assert_eq!(said(59), "59s");
        assert_eq!(said(125), "2m 05s");
        assert_eq!(said(3_725), "1h 02m");
        assert_eq!(said(3 * 86_400 + 4 * 3_600), "3d 04h");
    }

    #[test]
    fn only_the_whole_is_a_hundred_percent() {
        assert_eq!(percent(0, 0), 100);
        assert_eq!(percent(999, 1_000), 99);
        assert_eq!(percent(u64::MAX - 1, u64::MAX), 99);
    }
}
