//! MySQL's binary JSON, to exactly the text the server prints for the column.
//!
//! A document is a type byte and a value; objects and arrays begin with a count, their size and a table of
//! offsets (<https://dev.mysql.com/doc/dev/mysql-server/latest/json__binary_8h.html>).

pub(super) mod diff;
mod number;
mod opaque;

use super::temporal::little_endian;

/// How deep documents may be nested: the server's own limit.
const DEPTH_MAX: u8 = 100;

const TRUNCATED: &str = "a JSON document that ends early";
const SHARED: &str = "a JSON document whose parts overlap";

/// Appends the text of a document.
pub(super) fn print(document: &[u8], out: &mut Vec<u8>) -> Result<(), &'static str> {
    // What INSERT IGNORE leaves in a NOT NULL column: the server reads it as null.
    let Some((kind, value)) = document.split_first() else {
        out.extend_from_slice(b"null");
        return Ok(());
    };
    Printer { out, budget: document.len() }.value(*kind, value, 0)
}

struct Printer<'out> {
    out: &'out mut Vec<u8>,
    /// Bytes of tables, keys, strings and opaque values not read yet. No two parts of a document share
    /// bytes; hostile offsets could have a few bytes printed over and over.
    budget: usize,
}

/// An object's or array's bytes, and the width of the offsets in them.
#[derive(Clone, Copy)]
struct Container<'a> {
    bytes: &'a [u8],
    width: usize,
}

impl Printer<'_> {
    fn value(&mut self, kind: u8, bytes: &[u8], depth: u8) -> Result<(), &'static str> {
        match kind {
            0 | 1 => self.object(container(bytes, kind == 1)?, depth + 1),
            2 | 3 => self.array(container(bytes, kind == 3)?, depth + 1),
            4 => self.literal(self.first::<1>(bytes)?[0]),
            5 => self.signed(i16::from_le_bytes(self.first(bytes)?).into()),
            6 => self.unsigned(u16::from_le_bytes(self.first(bytes)?).into()),
            7 => self.signed(i32::from_le_bytes(self.first(bytes)?).into()),
            8 => self.unsigned(u32::from_le_bytes(self.first(bytes)?).into()),
            9 => self.signed(i64::from_le_bytes(self.first(bytes)?)),
            10 => self.unsigned(u64::from_le_bytes(self.first(bytes)?)),
            11 => {
                number::double(f64::from_le_bytes(self.first(bytes)?), self.out);
                Ok(())
            }
            12 => {
                let text = counted(bytes)?;
                self.spend(text.len())?;
                quote(text, self.out);
                Ok(())
            }
            15 => {
                let (kind, rest) = bytes.split_first().ok_or(TRUNCATED)?;
                let data = counted(rest)?;
                self.spend(data.len())?;
                opaque::print(*kind, data, self.out)
            }
            _ => Err("JSON of an unknown type"),
        }
    }

    fn object(&mut self, object: Container<'_>, depth: u8) -> Result<(), &'static str> {
        let count = object.count()?;
        let keys = object.width * 2;
        let key_entry = object.width + 2;
        let values = keys + count * key_entry;
        self.begin(object, count, key_entry + object.value_entry(), depth)?;
        self.out.push(b'{');
        for index in 0..count {
            self.comma(index);
            let entry = object.slice(keys + index * key_entry, key_entry)?;
            let (offset, length) = entry.split_at_checked(object.width).ok_or(TRUNCATED)?;
            let key = object.slice(number(offset)?, number(length)?)?;
            self.spend(key.len())?;
            quote(key, self.out);
            self.out.extend_from_slice(b": ");
            self.entry(object, values + index * object.value_entry(), depth)?;
        }
        self.out.push(b'}');
        Ok(())
    }

    fn array(&mut self, array: Container<'_>, depth: u8) -> Result<(), &'static str> {
        let count = array.count()?;
        self.begin(array, count, array.value_entry(), depth)?;
        self.out.push(b'[');
        for index in 0..count {
            self.comma(index);
            self.entry(array, array.width * 2 + index * array.value_entry(), depth)?;
        }
        self.out.push(b']');
        Ok(())
    }

    /// Makes sure that a container's table of offsets is there.
    fn begin(
        &mut self,
        container: Container<'_>,
        count: usize,
        entry: usize,
        depth: u8,
    ) -> Result<(), &'static str> {
        if depth > DEPTH_MAX {
            return Err("JSON nested deeper than 100 levels");
        }
        let head =
            count.checked_mul(entry).and_then(|table| table.checked_add(container.width * 2));
        self.spend(head.ok_or(TRUNCATED)?)
    }

    /// Prints what an entry of a container's table holds or points to.
    fn entry(&mut self, of: Container<'_>, at: usize, depth: u8) -> Result<(), &'static str> {
        let (kind, held) = of.slice(at, of.value_entry())?.split_first().ok_or(TRUNCATED)?;
        let inlined = matches!(kind, 4..=6) || (matches!(kind, 7 | 8) && of.width == 4);
        if inlined {
            self.value(*kind, held, depth)
        } else {
            self.value(*kind, of.bytes.get(number(held)?..).ok_or(TRUNCATED)?, depth)
        }
    }

    fn literal(&mut self, literal: u8) -> Result<(), &'static str> {
        self.out.extend_from_slice(match literal {
            0 => b"null",
            1 => b"true",
            2 => b"false",
            _ => return Err("a JSON literal that is none"),
        });
        Ok(())
    }

    fn signed(&mut self, number: i64) -> Result<(), &'static str> {
        if number < 0 {
            self.out.push(b'-');
        }
        self.unsigned(number.unsigned_abs())
    }

    fn unsigned(&mut self, number: u64) -> Result<(), &'static str> {
        number::integer(number, self.out);
        Ok(())
    }

    fn comma(&mut self, index: usize) {
        if index > 0 {
            self.out.extend_from_slice(b", ");
        }
    }

    fn first<const N: usize>(&self, bytes: &[u8]) -> Result<[u8; N], &'static str> {
        bytes.first_chunk().copied().ok_or(TRUNCATED)
    }

    fn spend(&mut self, bytes: usize) -> Result<(), &'static str> {
        self.budget = self.budget.checked_sub(bytes).ok_or(SHARED)?;
        Ok(())
    }
}

impl<'a> Container<'a> {
    fn count(self) -> Result<usize, &'static str> {
        number(self.slice(0, self.width)?)
    }

    /// A value's type byte and its offset, or the value itself.
    fn value_entry(self) -> usize {
        1 + self.width
    }

    fn slice(self, from: usize, length: usize) -> Result<&'a [u8], &'static str> {
        let end = from.checked_add(length).ok_or(TRUNCATED)?;
        self.bytes.get(from..end).ok_or(TRUNCATED)
    }
}

fn container(bytes: &[u8], large: bool) -> Result<Container<'_>, &'static str> {
    let width = if large { 4 } else { 2 };
    let size = Container { bytes, width }.slice(width, width)?;
    Ok(Container { bytes: bytes.get(..number(size)?).ok_or(TRUNCATED)?, width })
}

/// An offset, count or size of two or four bytes.
fn number(bytes: &[u8]) -> Result<usize, &'static str> {
    usize::try_from(little_endian(bytes)).map_err(|_too_large| TRUNCATED)
}

/// Bytes behind their length, which has seven bits in each of its bytes, the lowest first.
fn counted(bytes: &[u8]) -> Result<&[u8], &'static str> {
    let mut length = 0_usize;
    for (index, byte) in bytes.iter().take(5).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let from = index + 1;
            let end = from.checked_add(length).ok_or(TRUNCATED)?;
            return bytes.get(from..end).ok_or(TRUNCATED);
        }
    }
    Err("a JSON length without an end")
}

/// Appends a string in quotes, escaped where JSON demands it and nowhere else.
fn quote(mut text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    while let Some(at) = text.iter().position(|b| *b < b' ' || matches!(b, b'"' | b'\\')) {
        let (clean, rest) = text.split_at(at);
        out.extend_from_slice(clean);
        let Some((special, rest)) = rest.split_first() else { break };
        match special {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            other => {
                out.extend_from_slice(b"\\u00");
                out.extend([other >> 4, other & 15].map(|digit| match digit {
                    0..=9 => b'0' + digit,
                    _ => b'a' + digit - 10,
                }));
            }
        }
        text = rest;
    }
    out.extend_from_slice(text);
    out.push(b'"');
}

#[cfg(test)]
mod tests;
