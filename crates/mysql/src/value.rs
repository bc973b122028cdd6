//! The values of a binary-protocol row, borrowed from its bytes.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_binary_resultset.html>

use thiserror::Error;

/// How a column's values lie in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One byte, signed.
    I8,
    /// One byte, unsigned.
    U8,
    /// Two bytes, signed.
    I16,
    /// Two bytes, unsigned; `YEAR` too.
    U16,
    /// Four bytes, signed; `MEDIUMINT` too.
    I32,
    /// Four bytes, unsigned; `MEDIUMINT UNSIGNED` too.
    U32,
    /// Eight bytes, signed.
    I64,
    /// Eight bytes, unsigned.
    U64,
    /// `FLOAT`.
    F32,
    /// `DOUBLE`.
    F64,
    /// `DATE`, `DATETIME` and `TIMESTAMP`: 0, 4, 7 or 11 bytes behind a length byte.
    Moment,
    /// `TIME`: 0, 8 or 12 bytes behind a length byte.
    Duration,
    /// Bytes behind a length: text, decimals, blobs, `BIT`, JSON, geometry, vectors.
    Bytes,
}

impl Layout {
    /// The layout of a column by its type code and whether its `UNSIGNED` flag is set; `None` for a code
    /// no manual lists.
    ///
    /// <https://dev.mysql.com/doc/dev/mysql-server/latest/field__types_8h.html>
    #[must_use]
    pub fn of(type_code: u8, unsigned: bool) -> Option<Self> {
        Some(match (type_code, unsigned) {
            (1, false) => Self::I8,
            (1, true) => Self::U8,
            (2, false) => Self::I16,
            (2, true) | (13, _) => Self::U16,
            (3 | 9, false) => Self::I32,
            (3 | 9, true) => Self::U32,
            (8, false) => Self::I64,
            (8, true) => Self::U64,
            (4, _) => Self::F32,
            (5, _) => Self::F64,
            (7 | 10 | 12, _) => Self::Moment,
            (11, _) => Self::Duration,
            // NULL (6), BIT (16), MariaDB's compressed blob and text (140, 141), VECTOR (242), JSON (245),
            // decimals (0, 246), ENUM, SET and blobs (247 to 252), text (15, 253, 254), GEOMETRY (255).
            (0 | 6 | 15 | 16 | 140 | 141 | 242 | 245..=255, _) => Self::Bytes,
            (14 | 17..=139 | 142..=241 | 243 | 244, _) => return None,
        })
    }
}

/// One value of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'row> {
    /// NULL.
    Null,
    /// A signed integer.
    Int(i64),
    /// An unsigned integer, or a `YEAR`.
    Uint(u64),
    /// A `FLOAT`.
    Float(f32),
    /// A `DOUBLE`.
    Double(f64),
    /// A `DATE`, `DATETIME` or `TIMESTAMP`.
    Moment(Moment),
    /// A `TIME`.
    Duration(Duration),
    /// Anything that travels as bytes.
    Bytes(&'row [u8]),
}

/// A date with a time of day, as stored: zero and impossible dates included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// 0 to 9999.
    pub year: u16,
    /// 0 to 12.
    pub month: u8,
    /// 0 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
    /// 0 to 999,999.
    pub micros: u32,
}

/// A span of time between -838:59:59 and 838:59:59.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Duration {
    /// Whether it is below zero.
    pub negative: bool,
    /// Whole hours.
    pub hours: u32,
    /// 0 to 59.
    pub minutes: u8,
    /// 0 to 59.
    pub seconds: u8,
    /// 0 to 999,999.
    pub micros: u32,
}

/// A row whose bytes do not follow the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ValueError {
    /// The row ends inside a value.
    #[error("the row ends inside column {column}")]
    Truncated {
        /// Which column, from 0.
        column: usize,
    },
    /// A length or a part of a value is out of its range.
    #[error("column {column} holds {what} that the protocol does not allow")]
    Malformed {
        /// Which column, from 0.
        column: usize,
        /// What was wrong.
        what: &'static str,
    },
    /// The row has no value of this column.
    #[error("the row has no value of column {column}")]
    Absent {
        /// Which column, from 0.
        column: usize,
    },
    /// Bytes are left behind the last value.
    #[error("{bytes} bytes are left behind the last column")]
    Trailing {
        /// How many.
        bytes: usize,
    },
}

/// Walks a row's values in column order.
///
/// Use [`Values::next`] once per column, then [`Values::finish`].
#[derive(Clone, Debug)]
pub struct Values<'row> {
    nulls: &'row [u8],
    rest: &'row [u8],
    column: usize,
}

/// The null bitmap's first two bits are reserved in result rows.
const NULL_BITS_OFFSET: usize = 2;

impl<'row> Values<'row> {
    /// Begins with a row's bytes from its null bitmap on.
    ///
    /// # Errors
    /// When the bitmap is not whole.
    pub fn new(row: &'row [u8], columns: usize) -> Result<Self, ValueError> {
        let bitmap = (columns + 7 + NULL_BITS_OFFSET) / 8;
        let (nulls, rest) =
            row.split_at_checked(bitmap).ok_or(ValueError::Truncated { column: 0 })?;
        Ok(Self { nulls, rest, column: 0 })
    }

    /// The next column's value.
    ///
    /// # Errors
    /// When the bytes end early or are not what the layout promises.
    #[inline]
    pub fn next(&mut self, layout: Layout) -> Result<Value<'row>, ValueError> {
        let bit = self.column + NULL_BITS_OFFSET;
        let null = self.nulls.get(bit / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 1);
        let value = if null { Value::Null } else { self.value(layout)? };
        self.column += 1;
        Ok(value)
    }

    /// Makes sure that nothing is left.
    ///
    /// # Errors
    /// When bytes are left behind the last value.
    pub fn finish(self) -> Result<(), ValueError> {
        match self.rest.len() {
            0 => Ok(()),
            bytes => Err(ValueError::Trailing { bytes }),
        }
    }

    #[inline]
    fn value(&mut self, layout: Layout) -> Result<Value<'row>, ValueError> {
        Ok(match layout {
            Layout::I8 => Value::Int(i8::from_le_bytes(self.array()?).into()),
            Layout::U8 => Value::Uint(u8::from_le_bytes(self.array()?).into()),
            Layout::I16 => Value::Int(i16::from_le_bytes(self.array()?).into()),
            Layout::U16 => Value::Uint(u16::from_le_bytes(self.array()?).into()),
            Layout::I32 => Value::Int(i32::from_le_bytes(self.array()?).into()),
            Layout::U32 => Value::Uint(u32::from_le_bytes(self.array()?).into()),
            Layout::I64 => Value::Int(i64::from_le_bytes(self.array()?)),
            Layout::U64 => Value::Uint(u64::from_le_bytes(self.array()?)),
            Layout::F32 => Value::Float(f32::from_le_bytes(self.array()?)),
            Layout::F64 => Value::Double(f64::from_le_bytes(self.array()?)),
            Layout::Moment => Value::Moment(self.moment()?),
            Layout::Duration => Value::Duration(self.duration()?),
            Layout::Bytes => Value::Bytes(self.bytes()?),
        })
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], ValueError> {
        let (array, rest) = self.rest.split_first_chunk::<N>().ok_or(self.truncated())?;
        self.rest = rest;
        Ok(*array)
    }

    #[inline]
    fn bytes(&mut self) -> Result<&'row [u8], ValueError> {
        let [first] = self.array()?;
        // <https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_dt_integers.html>
        let length = match first {
            0..=0xfa => u64::from(first),
            0xfc => u16::from_le_bytes(self.array()?).into(),
            0xfd => {
                let [a, b, c] = self.array()?;
                u32::from_le_bytes([a, b, c, 0]).into()
            }
            0xfe => u64::from_le_bytes(self.array()?),
            0xfb | 0xff => return Err(self.malformed("a length")),
        };
        let (bytes, rest) = usize::try_from(length)
            .ok()
            .and_then(|length| self.rest.split_at_checked(length))
            .ok_or(self.truncated())?;
        self.rest = rest;
        Ok(bytes)
    }

    fn moment(&mut self) -> Result<Moment, ValueError> {
        let mut moment = Moment::default();
        let [length] = self.array()?;
        if !matches!(length, 0 | 4 | 7 | 11) {
            return Err(self.malformed("the length of a date"));
        }
        if length >= 4 {
            moment.year = u16::from_le_bytes(self.array()?);
            [moment.month, moment.day] = self.array()?;
        }
        if length >= 7 {
            [moment.hour, moment.minute, moment.second] = self.array()?;
        }
        if length == 11 {
            moment.micros = u32::from_le_bytes(self.array()?);
        }
        let sound = moment.year <= 9999
            && moment.month <= 12
            && moment.day <= 31
            && moment.hour <= 23
            && is_sexagesimal(moment.minute, moment.second, moment.micros);
        if sound { Ok(moment) } else { Err(self.malformed("a date")) }
    }

    fn duration(&mut self) -> Result<Duration, ValueError> {
        let mut duration = Duration::default();
        let [length] = self.array()?;
        if !matches!(length, 0 | 8 | 12) {
            return Err(self.malformed("the length of a time"));
        }
        let mut sound = true;
        if length >= 8 {
            let [sign] = self.array()?;
            let days = u32::from_le_bytes(self.array()?);
            let [hours, minutes, seconds] = self.array()?;
            duration.negative = sign == 1;
            duration.hours = days.saturating_mul(24).saturating_add(hours.into());
            duration.minutes = minutes;
            duration.seconds = seconds;
            sound = sign <= 1 && hours <= 23;
        }
        if length == 12 {
            duration.micros = u32::from_le_bytes(self.array()?);
        }
        sound = sound
            && duration.hours <= 838
            && is_sexagesimal(duration.minutes, duration.seconds, duration.micros);
        if sound { Ok(duration) } else { Err(self.malformed("a time")) }
    }

    #[cold]
    fn truncated(&self) -> ValueError {
        ValueError::Truncated { column: self.column }
    }

    #[cold]
    fn malformed(&self, what: &'static str) -> ValueError {
        ValueError::Malformed { column: self.column, what }
    }
}

fn is_sexagesimal(minutes: u8, seconds: u8, micros: u32) -> bool {
    minutes <= 59 && seconds <= 59 && micros <= 999_999
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LAYOUTS: [Layout; 13] = [
        Layout::I8,
        Layout::U8,
        Layout::I16,
        Layout::U16,
        Layout::I32,
        Layout::U32,
        Layout::I64,
        Layout::U64,
        Layout::F32,
        Layout::F64,
        Layout::Moment,
        Layout::Duration,
        Layout::Bytes,
    ];

    /// The only value of a row with one column that is not NULL.
    fn read(layout: Layout, bytes: &[u8]) -> Result<Value<'_>, ValueError> {
        let mut values = Values { nulls: &[0], rest: bytes, column: 0 };
        let value = values.next(layout)?;
        values.finish()?;
        Ok(value)
    }

    #[test]
    fn integers_keep_their_sign() {
        let cases: [(Layout, &[u8], Value<'_>); 8] = [
            (Layout::I8, &[0x80], Value::Int(-128)),
            (Layout::U8, &[0x80], Value::Uint(128)),
            (Layout::I16, &[0xff, 0xff], Value::Int(-1)),
            (Layout::U16, &[0xff, 0xff], Value::Uint(65535)),
            // MEDIUMINT -8388608 is sent sign-extended to four bytes.
            (Layout::I32, &[0, 0, 0x80, 0xff], Value::Int(-8_388_608)),
            (Layout::U32, &[0xff; 4], Value::Uint(u32::MAX.into())),
            (Layout::I64, &[0, 0, 0, 0, 0, 0, 0, 0x80], Value::Int(i64::MIN)),
            (Layout::U64, &[0xff; 8], Value::Uint(u64::MAX)),
        ];
        for (layout, bytes, value) in cases {
            assert_eq!(read(layout, bytes), Ok(value));
        }
    }

    #[test]
    fn dates_come_in_four_lengths() {
        let moment = |bytes| read(Layout::Moment, bytes);
        let mut expected = Moment::default();
        assert_eq!(moment(&[0]), Ok(Value::Moment(expected)));
        (expected.year, expected.month, expected.day) = (2024, 2, 31);
        assert_eq!(moment(&[4, 0xe8, 7, 2, 31]), Ok(Value::Moment(expected)));
        (expected.hour, expected.minute, expected.second) = (23, 59, 58);
        assert_eq!(moment(&[7, 0xe8, 7, 2, 31, 23, 59, 58]), Ok(Value::Moment(expected)));
        expected.micros = 1;
        assert_eq!(
            moment(&[11, 0xe8, 7, 2, 31, 23, 59, 58, 1, 0, 0, 0]),
            Ok(Value::Moment(expected))
        );
        assert!(matches!(moment(&[5, 0, 0, 0, 0, 0]), Err(ValueError::Malformed { .. })));
    }

    #[test]
    fn times_count_days_into_hours_and_keep_their_sign() {
        let duration = |bytes| read(Layout::Duration, bytes);
        assert_eq!(duration(&[0]), Ok(Value::Duration(Duration::default())));
        let expected =
            Duration { negative: true, hours: 838, minutes: 59, seconds: 59, micros: 500_000 };
        assert_eq!(
            duration(&[12, 1, 34, 0, 0, 0, 22, 59, 59, 0x20, 0xa1, 7, 0]),
            Ok(Value::Duration(expected))
        );
        assert!(matches!(
            duration(&[8, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0]),
            Err(ValueError::Malformed { .. })
        ));
    }

    #[test]
    fn nulls_take_no_bytes() {
        // Ten columns: the bitmap begins at bit 2, so column 6 is bit 0 of the second byte.
        let mut values = Values::new(&[0b0000_0100, 0b0000_0001, 5], 10).unwrap();
        assert_eq!(values.next(Layout::I64), Ok(Value::Null));
        assert_eq!(values.next(Layout::I8), Ok(Value::Int(5)));
        assert_eq!(values.next(Layout::I8), Err(ValueError::Truncated { column: 2 }));
        values.column = 6;
        assert_eq!(values.next(Layout::Bytes), Ok(Value::Null));
        assert_eq!(values.finish(), Ok(()));
    }

    #[test]
    fn a_length_longer_than_the_row_is_refused() {
        assert_eq!(
            read(Layout::Bytes, &[0xfe, 255, 255, 255, 255, 255, 255, 255, 255]),
            Err(ValueError::Truncated { column: 0 })
        );
        assert!(matches!(read(Layout::Bytes, &[0xfb]), Err(ValueError::Malformed { .. })));
        assert_eq!(read(Layout::Bytes, &[1, 7, 7]), Err(ValueError::Trailing { bytes: 1 }));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(
            row in proptest::collection::vec(any::<u8>(), 0..80),
            columns in proptest::collection::vec(0..LAYOUTS.len(), 0..20),
        ) {
            if let Ok(mut values) = Values::new(&row, columns.len()) {
                for column in columns {
                    if values.next(LAYOUTS[column]).is_err() {
                        return Ok(());
                    }
                }
                prop_assert!(values.finish().is_ok() || !row.is_empty());
            }
        }

        #[test]
        fn every_type_code_has_one_answer(code: u8, unsigned: bool) {
            let known = matches!(code, 0..=13 | 15 | 16 | 140 | 141 | 242 | 245..=255);
            prop_assert_eq!(Layout::of(code, unsigned).is_some(), known);
        }
    }
}
