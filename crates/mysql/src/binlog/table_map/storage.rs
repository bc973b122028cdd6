//! How a column's values lie in a row image: its type code and metadata, made one.

use std::fmt;

use crate::wire::scan::{Malformed, Scan};

/// How a column's values lie in a row image.
///
/// The type codes: <https://dev.mysql.com/doc/dev/mysql-server/latest/field__types_8h.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// An integer of 1, 2, 3, 4 or 8 bytes.
    Integer {
        /// Its width.
        bytes: u8,
    },
    /// `FLOAT`.
    Float,
    /// `DOUBLE`.
    Double,
    /// `DECIMAL`.
    Decimal {
        /// Digits altogether.
        precision: u8,
        /// Digits behind the point.
        scale: u8,
    },
    /// `BIT`.
    Bit {
        /// How many.
        bits: u16,
    },
    /// `YEAR`.
    Year,
    /// `DATE`.
    Date,
    /// `TIME` as MySQL 5.5 and MariaDB with `mysql56_temporal_format=OFF` keep it.
    OldTime,
    /// `DATETIME` in the same old form.
    OldDateTime,
    /// `TIMESTAMP` in the same old form.
    OldTimestamp,
    /// `TIME`.
    Time {
        /// Digits of a second's fraction.
        fraction: u8,
    },
    /// `DATETIME`.
    DateTime {
        /// Digits of a second's fraction.
        fraction: u8,
    },
    /// `TIMESTAMP`.
    Timestamp {
        /// Digits of a second's fraction.
        fraction: u8,
    },
    /// `ENUM`: the member's number.
    Enum {
        /// Width of the number.
        bytes: u8,
    },
    /// `SET`: a bit per member.
    Set {
        /// Width of the bits.
        bytes: u8,
    },
    /// `CHAR` and `BINARY`, without the padding at the end; MariaDB's `UUID`, `INET4` and `INET6`.
    Char {
        /// The longest value, in bytes.
        bytes: u16,
    },
    /// `VARCHAR` and `VARBINARY`; MariaDB's `VECTOR`.
    VarChar {
        /// The longest value, in bytes.
        bytes: u16,
    },
    /// Any `BLOB` or `TEXT`; MariaDB's `JSON`.
    Blob {
        /// Width of the length before each value.
        prefix: u8,
    },
    /// MySQL's binary `JSON`.
    Json {
        /// Width of the length before each value.
        prefix: u8,
    },
    /// Any geometry.
    Geometry {
        /// Width of the length before each value.
        prefix: u8,
    },
    /// MySQL's `VECTOR`.
    Vector {
        /// Width of the length before each value.
        prefix: u8,
    },
    /// MariaDB's `VARCHAR COMPRESSED`.
    CompressedVarChar {
        /// The longest value, in bytes, and one for its header.
        bytes: u16,
    },
    /// MariaDB's `BLOB COMPRESSED` and `TEXT COMPRESSED`.
    CompressedBlob {
        /// Width of the length before each value.
        prefix: u8,
    },
    /// A type this does not know, or one behind such a type.
    Unknown {
        /// Its code.
        code: u8,
    },
}

impl Storage {
    /// Reads the metadata that a type has.
    pub(super) fn read(code: u8, metadata: &mut Scan<'_>) -> Result<Self, Malformed> {
        const WHAT: &str = "column metadata";
        Ok(match code {
            1 => Self::Integer { bytes: 1 },
            2 => Self::Integer { bytes: 2 },
            9 => Self::Integer { bytes: 3 },
            3 => Self::Integer { bytes: 4 },
            8 => Self::Integer { bytes: 8 },
            4 => width(metadata.u8(WHAT)?, 4, Self::Float)?,
            5 => width(metadata.u8(WHAT)?, 8, Self::Double)?,
            7 => Self::OldTimestamp,
            10 | 14 => Self::Date,
            11 => Self::OldTime,
            12 => Self::OldDateTime,
            13 => Self::Year,
            15 | 253 => Self::VarChar { bytes: metadata.u16(WHAT)? },
            16 => {
                let [bits, bytes] = metadata.u16(WHAT)?.to_le_bytes();
                Self::Bit { bits: u16::from(bytes) * 8 + u16::from(bits) }
            }
            17 => Self::Timestamp { fraction: fraction(metadata.u8(WHAT)?)? },
            18 => Self::DateTime { fraction: fraction(metadata.u8(WHAT)?)? },
            19 => Self::Time { fraction: fraction(metadata.u8(WHAT)?)? },
            140 => Self::CompressedBlob { prefix: prefix(metadata.u8(WHAT)?)? },
            141 => Self::CompressedVarChar { bytes: metadata.u16(WHAT)? },
            242 => Self::Vector { prefix: prefix(metadata.u8(WHAT)?)? },
            245 => Self::Json { prefix: prefix(metadata.u8(WHAT)?)? },
            246 => {
                let [precision, scale] = metadata.u16(WHAT)?.to_le_bytes();
                Self::Decimal { precision, scale }
            }
            247 | 248 | 254 => fixed(metadata.u16(WHAT)?)?,
            249..=252 => Self::Blob { prefix: prefix(metadata.u8(WHAT)?)? },
            255 => Self::Geometry { prefix: prefix(metadata.u8(WHAT)?)? },
            // 0 is the DECIMAL of MySQL 4, 6 NULL, 20 a typed array: no column of a table has them.
            code => Self::Unknown { code },
        })
    }
}

/// The metadata of what claims to be `CHAR`: its first byte is the real type, and two bits of it are the
/// upper bits of a length that needs more than one byte, inverted to be told from old servers' metadata
/// (MySQL bug 37426).
fn fixed(metadata: u16) -> Result<Storage, Malformed> {
    let [kind, low] = metadata.to_le_bytes();
    let (kind, bytes) = if kind & 0x30 == 0x30 {
        (kind, u16::from(low))
    } else {
        (kind | 0x30, u16::from(low) | u16::from(!kind & 0x30) << 4)
    };
    match kind {
        254 => Ok(Storage::Char { bytes }),
        247 if matches!(low, 1 | 2) => Ok(Storage::Enum { bytes: low }),
        248 if matches!(low, 1..=8) => Ok(Storage::Set { bytes: low }),
        _ => Err(Malformed(format!("column metadata of a type {kind} with {bytes} bytes"))),
    }
}

fn width(stated: u8, own: u8, storage: Storage) -> Result<Storage, Malformed> {
    if stated == own {
        Ok(storage)
    } else {
        Err(Malformed(format!("a floating point number of {stated} bytes")))
    }
}

fn fraction(digits: u8) -> Result<u8, Malformed> {
    if digits <= 6 { Ok(digits) } else { Err(Malformed(format!("{digits} digits of a second"))) }
}

fn prefix(bytes: u8) -> Result<u8, Malformed> {
    if matches!(bytes, 1..=4) {
        Ok(bytes)
    } else {
        Err(Malformed(format!("a value's length in {bytes} bytes")))
    }
}

impl fmt::Display for Storage {
    /// For people, near to what a definition says.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer { bytes } => write!(f, "an integer of {bytes} bytes"),
            Self::Float => f.write_str("float"),
            Self::Double => f.write_str("double"),
            Self::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
            Self::Bit { bits } => write!(f, "bit({bits})"),
            Self::Year => f.write_str("year"),
            Self::Date => f.write_str("date"),
            Self::OldTime => f.write_str("time of the old format"),
            Self::OldDateTime => f.write_str("datetime of the old format"),
            Self::OldTimestamp => f.write_str("timestamp of the old format"),
            Self::Time { fraction } => write!(f, "time({fraction})"),
            Self::DateTime { fraction } => write!(f, "datetime({fraction})"),
            Self::Timestamp { fraction } => write!(f, "timestamp({fraction})"),
            Self::Enum { bytes } => write!(f, "enum of {bytes} bytes"),
            Self::Set { bytes } => write!(f, "set of {bytes} bytes"),
            Self::Char { bytes } => write!(f, "char of {bytes} bytes"),
            Self::VarChar { bytes } => write!(f, "varchar of {bytes} bytes"),
            Self::Blob { prefix } => write!(f, "blob with lengths of {prefix} bytes"),
            Self::Json { .. } => f.write_str("json"),
            Self::Geometry { .. } => f.write_str("geometry"),
            Self::Vector { .. } => f.write_str("vector"),
            Self::CompressedVarChar { bytes } => write!(f, "compressed varchar of {bytes} bytes"),
            Self::CompressedBlob { prefix } => {
                write!(f, "compressed blob with lengths of {prefix} bytes")
            }
            Self::Unknown { code } => {
                write!(f, "a type with code {code}, which sealift cannot read")
            }
        }
    }
}
