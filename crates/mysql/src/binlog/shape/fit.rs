//! Whether a column of the binary log can be a column of a definition, and how it is read then.

use sealift_schema::column::{Column, ColumnType};

use super::super::decimal::Decimal;
use super::super::table_map::{ColumnMap, Storage};
use super::super::temporal::{HIRES_DATE_TIME, HIRES_TIME, HIRES_TIMESTAMP, fraction_width};
use super::{ColumnShape, Extent, Misfit, Reading};

/// The collation number of bytes without a character set.
const BINARY: u64 = 63;

/// One column as both sides describe it.
#[derive(Clone, Copy)]
pub(super) struct Judge<'a> {
    pub(super) logged: &'a ColumnMap,
    pub(super) defined: &'a Column,
}

impl Judge<'_> {
    pub(super) fn shape(self) -> Result<ColumnShape, Misfit> {
        let storage = self.logged.storage;
        if matches!(storage, Storage::Unknown { .. }) || self.defined.kind == ColumnType::Unknown {
            return Err(Misfit::Unreadable {
                name: self.defined.name.clone(),
                logged: storage.to_string(),
                defined: self.defined.type_text.clone(),
            });
        }
        let shape = self.by_storage(storage).filter(|_| self.agrees());
        let may_lack = !self.defined.is_written();
        shape.map(|shape| ColumnShape { may_lack, ..shape }).ok_or_else(|| self.misfit())
    }

    fn misfit(self) -> Misfit {
        let logged = self.logged;
        let mut words = logged.storage.to_string();
        if logged.unsigned == Some(true) {
            words.push_str(" unsigned");
        }
        if let Some(collation) = logged.collation {
            words.push_str(&format!(" of collation {collation}"));
        }
        if !logged.nullable {
            words.push_str(" NOT NULL");
        }
        if let Some(name) = logged.name.as_ref().filter(|name| **name != self.defined.name) {
            words.push_str(&format!(" called {name}"));
        }
        let defined = self.defined;
        let null = if defined.nullable { "" } else { " NOT NULL" };
        Misfit::Column {
            name: defined.name.clone(),
            logged: words,
            defined: format!("{}{null}", defined.type_text),
        }
    }

    /// What both sides may say of any column.
    fn agrees(self) -> bool {
        let ColumnMap { storage: _, nullable, unsigned, collation, name, members, .. } =
            self.logged;
        let defined = self.defined;
        *nullable == defined.nullable
            && unsigned.is_none_or(|unsigned| unsigned == self.unsigned_by_definition())
            && name.as_ref().is_none_or(|name| *name == defined.name)
            && members.as_ref().is_none_or(|members| same_members(members, &defined.members()))
            && collation.is_none_or(|collation| {
                (collation == BINARY) != (defined.kind.is_text() && !self.is_binary_text())
            })
    }

    /// Whether a text type's character set is `binary`: `ENUM` and `SET` may have it.
    fn is_binary_text(self) -> bool {
        self.defined.charset.as_deref() == Some("binary")
    }

    fn unsigned_by_definition(self) -> bool {
        self.attribute("unsigned") || self.attribute("zerofill")
    }

    /// Whether a word stands behind a number type.
    fn attribute(self, word: &str) -> bool {
        self.defined
            .type_text
            .split_ascii_whitespace()
            .skip(1)
            .any(|w| w.eq_ignore_ascii_case(word))
    }

    fn by_storage(self, storage: Storage) -> Option<ColumnShape> {
        use ColumnType as Kind;
        match storage {
            Storage::Integer { bytes } => self.integer(bytes),
            Storage::Float => self.only(Kind::Float, fixed(4, Reading::Float)),
            Storage::Double => self.only(Kind::Double, fixed(8, Reading::Double)),
            Storage::Decimal { precision, scale } => self.decimal(precision, scale),
            Storage::Bit { bits } => {
                let shape = fixed(u8::try_from(bits.div_ceil(8)).ok()?, Reading::Bytes);
                self.only(Kind::Bit, shape).filter(|_| self.numbers() == [u32::from(bits)])
            }
            Storage::Enum { bytes } => {
                let fits = bytes == if self.defined.members().len() < 256 { 1 } else { 2 };
                self.only(Kind::Enum, fixed(bytes, Reading::Unsigned)).filter(|_| fits)
            }
            Storage::Set { bytes } => {
                let fits = match self.defined.members().len().div_ceil(8) {
                    small @ 1..=4 => usize::from(bytes) == small,
                    _ => bytes == 8,
                };
                self.only(Kind::Set, fixed(bytes, Reading::Unsigned)).filter(|_| fits)
            }
            Storage::Year => self.only(Kind::Year, fixed(1, Reading::Year)),
            Storage::Date => self.only(Kind::Date, fixed(3, Reading::Date)),
            Storage::Time { fraction }
            | Storage::DateTime { fraction }
            | Storage::Timestamp { fraction } => {
                self.temporal(storage, fraction).filter(|_| self.digits() == Some(fraction))
            }
            Storage::OldTime | Storage::OldDateTime | Storage::OldTimestamp => {
                self.old_temporal(storage)
            }
            Storage::Char { bytes } => self.char(bytes),
            Storage::VarChar { bytes } => self.varchar(bytes),
            Storage::CompressedVarChar { bytes } => {
                let fits = matches!(self.defined.kind, Kind::VarChar | Kind::VarBinary)
                    && self.holds(u32::from(bytes).saturating_sub(1));
                fits.then_some(counted(short_or_long(bytes), Reading::Compressed))
            }
            Storage::Blob { prefix } => self.blob(prefix, Reading::Bytes),
            Storage::CompressedBlob { prefix } => self.blob(prefix, Reading::Compressed),
            Storage::Json { prefix } => self.only(Kind::Json, counted(prefix, Reading::Json)),
            Storage::Geometry { prefix } => {
                self.only(Kind::Geometry, counted(prefix, Reading::Bytes))
            }
            Storage::Vector { prefix } => self.only(Kind::Vector, counted(prefix, Reading::Bytes)),
            Storage::Unknown { .. } => None,
        }
    }

    /// The shape, if the definition says this type.
    fn only(self, kind: ColumnType, shape: ColumnShape) -> Option<ColumnShape> {
        (self.defined.kind == kind).then_some(shape)
    }

    fn integer(self, bytes: u8) -> Option<ColumnShape> {
        let kind = match bytes {
            1 => ColumnType::TinyInt,
            2 => ColumnType::SmallInt,
            3 => ColumnType::MediumInt,
            4 => ColumnType::Int,
            _ => ColumnType::BigInt,
        };
        let unsigned = self.logged.unsigned.unwrap_or_else(|| self.unsigned_by_definition());
        let reading = if unsigned { Reading::Unsigned } else { Reading::Signed };
        self.only(kind, fixed(bytes, reading))
    }

    fn decimal(self, precision: u8, scale: u8) -> Option<ColumnShape> {
        let decimal = Decimal { precision, scale, zerofill: self.attribute("zerofill") };
        let width = u8::try_from(decimal.width()?).ok()?;
        self.only(ColumnType::Decimal, fixed(width, Reading::Decimal(decimal)))
            .filter(|_| self.numbers() == [u32::from(precision), u32::from(scale)])
    }

    fn temporal(self, storage: Storage, digits: u8) -> Option<ColumnShape> {
        let fraction = fraction_width(digits);
        let (kind, shape) = if matches!(storage, Storage::Time { .. }) {
            (ColumnType::Time, fixed(3 + fraction, Reading::Time(digits)))
        } else if matches!(storage, Storage::DateTime { .. }) {
            (ColumnType::DateTime, fixed(5 + fraction, Reading::DateTime(digits)))
        } else {
            (ColumnType::Timestamp, fixed(4 + fraction, Reading::Timestamp(digits)))
        };
        self.only(kind, shape)
    }

    /// The binary log does not tell the old forms' digits; the definition does.
    fn old_temporal(self, storage: Storage) -> Option<ColumnShape> {
        let digits = self.digits()?;
        let hires = |widths: [u8; 7], reading| {
            widths.get(usize::from(digits)).map(|width| fixed(*width, reading))
        };
        let (kind, old, hires) = if storage == Storage::OldTime {
            let hires = hires(HIRES_TIME, Reading::HiresTime(digits))?;
            (ColumnType::Time, fixed(3, Reading::OldTime), hires)
        } else if storage == Storage::OldDateTime {
            let hires = hires(HIRES_DATE_TIME, Reading::HiresDateTime(digits))?;
            (ColumnType::DateTime, fixed(8, Reading::OldDateTime), hires)
        } else {
            let hires = hires(HIRES_TIMESTAMP, Reading::HiresTimestamp(digits))?;
            (ColumnType::Timestamp, fixed(4, Reading::OldTimestamp), hires)
        };
        self.only(kind, if digits == 0 { old } else { hires })
    }

    fn char(self, bytes: u16) -> Option<ColumnShape> {
        let prefix = short_or_long(bytes);
        let inet = |word, width| self.word() == word && bytes == width;
        let kind = self.defined.kind;
        let reading = if kind == ColumnType::Char && self.holds(bytes.into()) {
            Reading::Bytes
        } else if kind == ColumnType::Binary && self.holds(bytes.into()) {
            Reading::Padded(bytes)
        } else if kind == ColumnType::Uuid && bytes == 16 {
            Reading::Uuid
        } else if kind == ColumnType::Inet && inet("inet4", 4) {
            Reading::Inet4
        } else if kind == ColumnType::Inet && inet("inet6", 16) {
            Reading::Inet6
        } else {
            return None;
        };
        Some(counted(prefix, reading))
    }

    fn varchar(self, bytes: u16) -> Option<ColumnShape> {
        let kind = self.defined.kind;
        let fits = if kind == ColumnType::Vector {
            // MariaDB's: four bytes for each dimension.
            self.numbers() == [u32::from(bytes) / 4]
        } else {
            matches!(kind, ColumnType::VarChar | ColumnType::VarBinary) && self.holds(bytes.into())
        };
        fits.then_some(counted(short_or_long(bytes), Reading::Bytes))
    }

    /// Text and blobs tell their size by the width of their values' length.
    fn blob(self, prefix: u8, reading: Reading) -> Option<ColumnShape> {
        const SIZES: [&str; 4] = ["tiny", "", "medium", "long"];
        if !matches!(self.defined.kind, ColumnType::Text | ColumnType::Blob) {
            return None;
        }
        let word = self.word();
        let size = word.strip_suffix("text").or(word.strip_suffix("blob"))?;
        let fits = SIZES.get(usize::from(prefix).checked_sub(1)?) == Some(&size);
        fits.then_some(counted(prefix, reading))
    }

    /// The digits of a second's fraction in the definition.
    fn digits(self) -> Option<u8> {
        match self.numbers().as_slice() {
            [] => Some(0),
            [digits] => u8::try_from(*digits).ok(),
            [..] => None,
        }
    }

    /// Whether the definition allows values of as many bytes as the binary log says.
    fn holds(self, bytes: u32) -> bool {
        let width = if self.defined.kind.is_text() {
            self.defined.charset.as_deref().map_or(1, bytes_per_character)
        } else {
            1
        };
        self.numbers() == [bytes / width] && bytes.is_multiple_of(width)
    }

    /// The type's first word, in lower case.
    fn word(self) -> String {
        let text = &self.defined.type_text;
        let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
        text.get(..end).unwrap_or_default().to_ascii_lowercase()
    }

    /// The numbers in the type's parentheses.
    fn numbers(self) -> Vec<u32> {
        let text = &self.defined.type_text;
        let inside = text.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
        let Some((inside, _)) = inside else { return Vec::new() };
        inside.split(',').filter_map(|number| number.trim().parse().ok()).collect()
    }
}

fn fixed(bytes: u8, reading: Reading) -> ColumnShape {
    ColumnShape { extent: Extent::Fixed(bytes), reading, may_lack: false }
}

fn counted(prefix: u8, reading: Reading) -> ColumnShape {
    ColumnShape { extent: Extent::Counted(prefix), reading, may_lack: false }
}

/// A length's own width, by the longest value.
fn short_or_long(bytes: u16) -> u8 {
    if bytes > 255 { 2 } else { 1 }
}

/// Whether two lists of members can be the same. The catalog has them in UTF-8 with `?` for what the server
/// cannot print and backslashes doubled, the binary log in the column's own character set: only what is
/// plain in both is compared.
fn same_members(logged: &[Vec<u8>], defined: &[String]) -> bool {
    let plain = |member: &[u8]| member.is_ascii() && !member.iter().any(|b| b"?\\".contains(b));
    logged.len() == defined.len()
        && logged.iter().zip(defined).all(|(logged, defined)| {
            let defined = defined.as_bytes();
            logged == defined || !plain(logged) || !plain(defined)
        })
}

/// The most bytes a character takes.
///
/// <https://dev.mysql.com/doc/refman/9.7/en/charset-charsets.html>
fn bytes_per_character(charset: &str) -> u32 {
    match charset {
        "utf8mb4" | "utf16" | "utf16le" | "utf32" | "gb18030" => 4,
        "utf8" | "utf8mb3" | "ujis" | "eucjpms" => 3,
        "ucs2" | "big5" | "gbk" | "sjis" | "cp932" | "gb2312" | "euckr" => 2,
        _ => 1,
    }
}
