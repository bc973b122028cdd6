//! The values of one row image, borrowed from its bytes.

use super::address;
use super::compressed;
use super::json;
use super::shape::{Extent, Reading, RowShape};
use super::table_map::bit_from_low;
use super::temporal::{self, little_endian};
use crate::value::{Value, ValueError};

/// One row as a rows event holds it: a bitmap of NULLs, then the values of all other columns. Columns that the
/// shape says are absent have neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image<'a> {
    bytes: &'a [u8],
    shape: &'a RowShape,
}

impl<'a> Image<'a> {
    /// An image whose bytes were kept; they are checked when they are read.
    #[must_use]
    pub fn of(bytes: &'a [u8], shape: &'a RowShape) -> Self {
        Self { bytes, shape }
    }

    /// The image's bytes, for keeping: with [`bytes::Bytes::slice_ref`] that copies nothing.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// How it is read.
    #[must_use]
    pub fn shape(&self) -> &'a RowShape {
        self.shape
    }

    /// Walks the values. Those whose text is not in the image (decimals, JSON, padded and compressed ones)
    /// are made in `scratch`.
    ///
    /// # Errors
    /// When the bitmap is not whole.
    pub fn values(self, scratch: &'a mut Vec<u8>) -> Result<ImageValues<'a>, ValueError> {
        Ok(ImageValues { walk: Walk::new(self.shape, self.bytes)?, scratch })
    }
}

/// Walks an image's values in column order.
///
/// Use [`ImageValues::next`] or [`ImageValues::skip`] once per column, then [`ImageValues::finish`].
#[derive(Debug)]
pub struct ImageValues<'a> {
    walk: Walk<'a>,
    scratch: &'a mut Vec<u8>,
}

impl<'a> ImageValues<'a> {
    /// The next column's value, as the binary protocol would give it, but for `ENUM` and `SET`: they are
    /// numbers.
    ///
    /// # Errors
    /// When the image lacks the column, the bytes end early or are not what the column's type promises.
    #[allow(clippy::should_implement_trait, reason = "an iterator cannot lend its scratch buffer")]
    #[inline]
    pub fn next(&mut self) -> Result<Value<'_>, ValueError> {
        match self.walk.next()? {
            Found::Bytes(reading, bytes) => {
                read(reading, bytes, self.scratch).map_err(|what| self.walk.malformed(what))
            }
            Found::Null => Ok(Value::Null),
            Found::Nothing => Err(self.walk.absent()),
        }
    }

    /// Passes over the next column, whether the image has it or not.
    ///
    /// # Errors
    /// When the bytes end early.
    #[inline]
    pub fn skip(&mut self) -> Result<(), ValueError> {
        self.walk.next().map(|_value| ())
    }

    /// Makes sure that nothing is left.
    ///
    /// # Errors
    /// When bytes are left behind the last value.
    pub fn finish(self) -> Result<(), ValueError> {
        match self.walk.rest.len() {
            0 => Ok(()),
            bytes => Err(ValueError::Trailing { bytes }),
        }
    }
}

/// Finds where values begin and end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk<'a> {
    shape: &'a RowShape,
    nulls: &'a [u8],
    rest: &'a [u8],
    column: usize,
    /// Columns before it that the image lacks: they have no bit among the NULLs.
    absent: usize,
}

/// A value as it lies in an image.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raw<'a> {
    /// Its bytes.
    pub(super) bytes: &'a [u8],
    /// The same with the length before them, where one is.
    pub(super) with_length: &'a [u8],
}

/// What an image has of a column.
#[derive(Clone, Copy, Debug)]
enum Found<'a> {
    /// A value's bytes, and what to do with them.
    Bytes(Reading, &'a [u8]),
    /// That it is NULL; so it is behind the last column, too.
    Null,
    /// Nothing.
    Nothing,
}

impl<'a> Walk<'a> {
    pub(super) fn new(shape: &'a RowShape, bytes: &'a [u8]) -> Result<Self, ValueError> {
        let (nulls, rest) = bytes
            .split_at_checked(shape.present.div_ceil(8))
            .ok_or(ValueError::Truncated { column: 0 })?;
        Ok(Self { shape, nulls, rest, column: 0, absent: 0 })
    }

    #[inline]
    fn next(&mut self) -> Result<Found<'a>, ValueError> {
        let index = self.column;
        self.column += 1;
        let Some(column) = self.shape.columns.get(index) else { return Ok(Found::Null) };
        if column.extent == Extent::Absent {
            self.absent += 1;
            return Ok(Found::Nothing);
        }
        if bit_from_low(self.nulls, index - self.absent) {
            return Ok(Found::Null);
        }
        let length = match column.extent {
            Extent::Fixed(bytes) => Some(bytes.into()),
            Extent::Counted(prefix) => self
                .take(prefix.into())
                .and_then(|length| usize::try_from(little_endian(length)).ok()),
            Extent::Absent => None,
        };
        let bytes = length.and_then(|length| self.take(length)).ok_or_else(|| self.truncated())?;
        Ok(Found::Bytes(column.reading, bytes))
    }

    /// The next column's value, if the image has one.
    pub(super) fn next_raw(&mut self) -> Result<Option<Raw<'a>>, ValueError> {
        let rest = self.rest;
        let Found::Bytes(_, bytes) = self.next()? else { return Ok(None) };
        let taken = rest.len().saturating_sub(self.rest.len());
        Ok(Some(Raw { bytes, with_length: rest.get(..taken).unwrap_or_default() }))
    }

    /// The bitmap of NULLs.
    pub(super) fn nulls(&self) -> &'a [u8] {
        self.nulls
    }

    /// What was not read yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    #[inline]
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(bytes)
    }

    #[cold]
    fn truncated(&self) -> ValueError {
        ValueError::Truncated { column: self.column - 1 }
    }

    #[cold]
    fn absent(&self) -> ValueError {
        ValueError::Absent { column: self.column - 1 }
    }

    #[cold]
    fn malformed(&self, what: &'static str) -> ValueError {
        ValueError::Malformed { column: self.column - 1, what }
    }
}

/// Cuts the first image off some bytes.
pub(super) fn split_first<'a>(
    shape: &'a RowShape,
    bytes: &'a [u8],
) -> Result<(Image<'a>, &'a [u8]), ValueError> {
    let mut walk = Walk::new(shape, bytes)?;
    for _ in 0..shape.len() {
        walk.next()?;
    }
    let (image, rest) = bytes.split_at(bytes.len() - walk.rest.len());
    Ok((Image { bytes: image, shape }, rest))
}

#[inline]
fn read<'v>(
    reading: Reading,
    bytes: &'v [u8],
    scratch: &'v mut Vec<u8>,
) -> Result<Value<'v>, &'static str> {
    let moment = |moment: Option<_>| moment.map(Value::Moment).ok_or("a date");
    let duration = |duration: Option<_>| duration.map(Value::Duration).ok_or("a time");
    match reading {
        Reading::Signed => Ok(Value::Int(sign_extended(bytes))),
        Reading::Unsigned => Ok(Value::Uint(little_endian(bytes))),
        Reading::Bytes => Ok(Value::Bytes(bytes)),
        Reading::Float => Ok(Value::Float(f32::from_le_bytes(array(bytes)?))),
        Reading::Double => Ok(Value::Double(f64::from_le_bytes(array(bytes)?))),
        Reading::Year => Ok(Value::Uint(match little_endian(bytes) {
            0 => 0,
            year => 1900 + year,
        })),
        Reading::Date => moment(temporal::date(bytes)),
        Reading::DateTime(digits) => moment(temporal::date_time(bytes, digits)),
        Reading::Timestamp(digits) => moment(temporal::timestamp(bytes, digits)),
        Reading::OldDateTime => moment(temporal::old_date_time(bytes)),
        Reading::OldTimestamp => moment(temporal::old_timestamp(bytes)),
        Reading::HiresDateTime(digits) => moment(temporal::hires_date_time(bytes, digits)),
        Reading::HiresTimestamp(digits) => moment(temporal::hires_timestamp(bytes, digits)),
        Reading::Time(digits) => duration(temporal::time(bytes, digits)),
        Reading::OldTime => duration(temporal::old_time(bytes)),
        Reading::HiresTime(digits) => duration(temporal::hires_time(bytes, digits)),
        Reading::Compressed => compressed::column(bytes, scratch).map(Value::Bytes),
        Reading::Padded(width) if bytes.len() == usize::from(width) => Ok(Value::Bytes(bytes)),
        Reading::Padded(width) if bytes.len() > usize::from(width) => Err(TOO_LONG),
        Reading::Decimal(_)
        | Reading::Padded(_)
        | Reading::Json
        | Reading::Uuid
        | Reading::Inet4
        | Reading::Inet6 => {
            scratch.clear();
            print(reading, bytes, scratch)?;
            Ok(Value::Bytes(scratch))
        }
    }
}

/// Makes the text, or the full length, of a value that lies in another form.
fn print(reading: Reading, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), &'static str> {
    if let Reading::Decimal(decimal) = reading {
        decimal.print(bytes, out)?;
    } else if let Reading::Padded(width) = reading {
        out.extend_from_slice(bytes);
        out.resize(width.into(), 0);
    } else if reading == Reading::Uuid {
        address::uuid(padded(bytes)?, out);
    } else if reading == Reading::Inet4 {
        address::inet4(padded(bytes)?, out);
    } else if reading == Reading::Inet6 {
        address::inet6(padded(bytes)?, out);
    } else {
        json::print(bytes, out)?;
    }
    Ok(())
}

const TOO_LONG: &str = "a value longer than its column";

/// A value from whose end zeros were cut, in its full length.
fn padded<const N: usize>(bytes: &[u8]) -> Result<[u8; N], &'static str> {
    let mut full = [0; N];
    full.get_mut(..bytes.len()).ok_or(TOO_LONG)?.copy_from_slice(bytes);
    Ok(full)
}

fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N], &'static str> {
    bytes.try_into().map_err(|_length| "a number of the wrong length")
}

/// A little-endian integer of at most eight bytes, with its sign.
#[inline]
fn sign_extended(bytes: &[u8]) -> i64 {
    let unused = 64 - 8 * u32::try_from(bytes.len()).unwrap_or(8).clamp(1, 8);
    (little_endian(bytes) << unused).cast_signed() >> unused
}

#[cfg(test)]
mod tests;
