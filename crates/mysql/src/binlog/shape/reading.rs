//! What is done with the bytes of a column.

use super::super::decimal::Decimal;

/// How many bytes of an image a value takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::binlog) enum Extent {
    /// So many.
    Fixed(u8),
    /// As many as the length says that lies in so many bytes before it.
    Counted(u8),
    /// The image has no value of the column, and no bit that says whether it is NULL.
    Absent,
}

/// What is done with the bytes of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::binlog) enum Reading {
    /// A signed integer, little-endian.
    Signed,
    /// An unsigned integer, little-endian; `ENUM` and `SET` too.
    Unsigned,
    /// `FLOAT`.
    Float,
    /// `DOUBLE`.
    Double,
    /// `DECIMAL`, to text.
    Decimal(Decimal),
    /// `YEAR`: years since 1900, and 0 for year 0.
    Year,
    /// `DATE`.
    Date,
    /// `TIME`, with so many digits of a second's fraction.
    Time(u8),
    /// `DATETIME`.
    DateTime(u8),
    /// `TIMESTAMP`.
    Timestamp(u8),
    /// `TIME` of the old form.
    OldTime,
    /// `DATETIME` of the old form.
    OldDateTime,
    /// `TIMESTAMP` of the old form.
    OldTimestamp,
    /// `TIME` of MariaDB's old form with a fraction.
    HiresTime(u8),
    /// `DATETIME` of MariaDB's old form with a fraction.
    HiresDateTime(u8),
    /// `TIMESTAMP` of MariaDB's old form with a fraction.
    HiresTimestamp(u8),
    /// Bytes as they are.
    Bytes,
    /// `BINARY`: zeros were cut from its end.
    Padded(u16),
    /// MySQL's JSON, to text.
    Json,
    /// A compressed column of MariaDB.
    Compressed,
    /// MariaDB's `UUID`, to text.
    Uuid,
    /// MariaDB's `INET4`, to text.
    Inet4,
    /// MariaDB's `INET6`, to text.
    Inet6,
}
