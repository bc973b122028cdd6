//! Stored forms of dates and times.

use proptest::prelude::*;

use super::*;

fn at(year: u16, month: u8, day: u8) -> Moment {
    Moment { year, month, day, ..ZERO }
}

#[test]
fn timestamps_are_utc_and_their_beginning_is_the_zero_date() {
    let seconds = |seconds: u32| timestamp(&seconds.to_be_bytes(), 0).unwrap();
    assert_eq!(seconds(0), ZERO);
    assert_eq!(seconds(1), Moment { second: 1, ..at(1970, 1, 1) });
    assert_eq!(
        seconds(951_782_399),
        Moment { hour: 23, minute: 59, second: 59, ..at(2000, 2, 28) }
    );
    assert_eq!(seconds(951_782_400), at(2000, 2, 29));
    assert_eq!(
        seconds(2_147_483_647),
        Moment { hour: 3, minute: 14, second: 7, ..at(2038, 1, 19) }
    );
    // MariaDB since 11.5 goes on until 2106.
    assert_eq!(seconds(u32::MAX), Moment { hour: 6, minute: 28, second: 15, ..at(2106, 2, 7) });
    assert_eq!(old_timestamp(&951_782_400_u32.to_le_bytes()), Some(at(2000, 2, 29)));
    assert_eq!(
        timestamp(&[0, 0, 0, 1, 0x0c, 0x1c], 3),
        Some(Moment { second: 1, micros: 310_000, ..at(1970, 1, 1) })
    );
}

#[test]
fn dates_may_be_impossible_but_not_out_of_range() {
    assert_eq!(date(&[0, 0, 0]), Some(ZERO));
    assert_eq!(date(&[0x5f, 0xd4, 0x0f]), Some(at(2026, 2, 31)));
    // Month 15.
    assert_eq!(date(&[0xff, 0xd5, 0x0f]), None);
    // Year 16383.
    assert_eq!(date(&[0x21, 0xfe, 0x7f]), None);
}

#[test]
fn fractions_of_negative_times_count_downwards() {
    let negative =
        |seconds, micros| Duration { negative: true, seconds, micros, ..Duration::default() };
    // As MySQL stores them: TIME(1) '-00:00:00.5', '-00:00:01.2', TIME(6) '-00:00:00.000001'.
    assert_eq!(time(&[0x7f, 0xff, 0xff, 0xce], 1), Some(negative(0, 500_000)));
    assert_eq!(time(&[0x7f, 0xff, 0xfe, 0xec], 2), Some(negative(1, 200_000)));
    assert_eq!(time(&[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff], 6), Some(negative(0, 1)));
    assert_eq!(time(&[0x80, 0, 0], 0), Some(Duration::default()));
    let longest = Duration { negative: true, hours: 838, minutes: 59, seconds: 59, micros: 0 };
    assert_eq!(time(&[0x4b, 0x91, 0x05], 0), Some(longest));
    assert_eq!(old_time(&8_385_959_u32.to_le_bytes()[..3]).map(|t| t.hours), Some(838));
    assert_eq!(old_time(&[0xff, 0xff, 0xff]), Some(negative(1, 0)));
}

#[test]
fn old_dates_with_times_are_decimal_digits() {
    let stored = 20_261_123_010_203_u64.to_le_bytes();
    assert_eq!(
        old_date_time(&stored),
        Some(Moment { hour: 1, minute: 2, second: 3, ..at(2026, 11, 23) })
    );
    assert_eq!(old_date_time(&[0; 8]), Some(ZERO));
    assert_eq!(old_date_time(&[0xff; 8]), None);
}

proptest! {
    #[test]
    fn no_bytes_make_them_panic(bytes in proptest::collection::vec(any::<u8>(), 0..9), digits in 0..7_u8) {
        let whole = bytes.as_slice();
        let moments = [
            date(whole), old_timestamp(whole), old_date_time(whole), timestamp(whole, digits),
            date_time(whole, digits), hires_timestamp(whole, digits), hires_date_time(whole, digits),
        ];
        prop_assert!(moments.into_iter().flatten().all(|moment| moment.sound().is_some()));
        let durations = [old_time(whole), time(whole, digits), hires_time(whole, digits)];
        prop_assert!(durations.into_iter().flatten().all(|time| time.sound().is_some()));
    }

    #[test]
    fn every_second_has_its_date(seconds in 1..u32::MAX) {
        let moment = since_epoch(seconds.into(), 0).unwrap();
        let days = |year: u64| year * 365 + year / 4 - year / 100 + year / 400;
        let before_year = days(u64::from(moment.year) - 1) - days(1969);
        let every = |years: u16| moment.year.is_multiple_of(years);
        let leap = every(4) && (!every(100) || every(400));
        let lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let before_month: u64 = lengths[..usize::from(moment.month) - 1].iter().sum();
        let day = before_year + before_month + u64::from(moment.day) - 1;
        let time = u64::from(moment.hour) * 3600 + u64::from(moment.minute) * 60 + u64::from(moment.second);
        prop_assert_eq!(day * 86_400 + time, u64::from(seconds));
    }
}
