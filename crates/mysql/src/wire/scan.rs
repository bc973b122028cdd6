//! Reads the protocol's integers and strings from a packet, and never past its end.

use thiserror::Error;

/// Bytes that are not what the protocol promises at this place.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub(crate) struct Malformed(pub(crate) String);

impl Malformed {
    /// A packet that ended within the named field.
    fn short(field: &str) -> Self {
        Self(format!("packet ends within {field}"))
    }
}

/// What of a packet has not been read yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scan<'a> {
    rest: &'a [u8],
}

impl<'a> Scan<'a> {
    /// Starts at a packet's first byte.
    pub(crate) fn new(packet: &'a [u8]) -> Self {
        Self { rest: packet }
    }

    /// Whether everything has been read.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Everything not read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next `count` bytes.
    pub(crate) fn bytes(&mut self, count: usize, field: &str) -> Result<&'a [u8], Malformed> {
        let (taken, rest) =
            self.rest.split_at_checked(count).ok_or_else(|| Malformed::short(field))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, field: &str) -> Result<[u8; N], Malformed> {
        let (taken, rest) =
            self.rest.split_first_chunk::<N>().ok_or_else(|| Malformed::short(field))?;
        self.rest = rest;
        Ok(*taken)
    }

    /// An integer of one byte.
    pub(crate) fn u8(&mut self, field: &str) -> Result<u8, Malformed> {
        self.array::<1>(field).map(u8::from_le_bytes)
    }

    /// An integer of two bytes.
    pub(crate) fn u16(&mut self, field: &str) -> Result<u16, Malformed> {
        self.array::<2>(field).map(u16::from_le_bytes)
    }

    /// An integer of four bytes.
    pub(crate) fn u32(&mut self, field: &str) -> Result<u32, Malformed> {
        self.array::<4>(field).map(u32::from_le_bytes)
    }

    /// An integer of seven bytes.
    pub(crate) fn u56(&mut self, field: &str) -> Result<u64, Malformed> {
        let [a, b, c, d, e, f, g] = self.array::<7>(field)?;
        Ok(u64::from_le_bytes([a, b, c, d, e, f, g, 0]))
    }

    /// An integer of eight bytes.
    pub(crate) fn u64(&mut self, field: &str) -> Result<u64, Malformed> {
        self.array::<8>(field).map(u64::from_le_bytes)
    }

    /// A length-encoded integer; `None` is the text protocol's NULL (0xFB).
    pub(crate) fn length_or_null(&mut self, field: &str) -> Result<Option<u64>, Malformed> {
        // https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_dt_integers.html
        match self.u8(field)? {
            0xFB => Ok(None),
            0xFC => Ok(Some(self.u16(field)?.into())),
            0xFD => {
                let [a, b, c] = self.array::<3>(field)?;
                Ok(Some(u32::from_le_bytes([a, b, c, 0]).into()))
            }
            0xFE => self.array::<8>(field).map(|bytes| Some(u64::from_le_bytes(bytes))),
            0xFF => Err(Malformed(format!("0xFF where the length of {field} should be"))),
            small => Ok(Some(small.into())),
        }
    }

    /// A length-encoded integer that cannot be NULL.
    pub(crate) fn length(&mut self, field: &str) -> Result<u64, Malformed> {
        self.length_or_null(field)?
            .ok_or_else(|| Malformed(format!("NULL where the length of {field} should be")))
    }

    /// A string with its length before it; `None` is NULL.
    pub(crate) fn string_or_null(&mut self, field: &str) -> Result<Option<&'a [u8]>, Malformed> {
        match self.length_or_null(field)? {
            Some(length) => self.counted(length, field).map(Some),
            None => Ok(None),
        }
    }

    /// A string with its length before it.
    pub(crate) fn string(&mut self, field: &str) -> Result<&'a [u8], Malformed> {
        let length = self.length(field)?;
        self.counted(length, field)
    }

    fn counted(&mut self, length: u64, field: &str) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(length)
            .map_err(|_too_large| Malformed(format!("{field} of {length} bytes")))?;
        self.bytes(length, field)
    }

    /// A string that ends at a zero byte, which is skipped.
    pub(crate) fn until_zero(&mut self, field: &str) -> Result<&'a [u8], Malformed> {
        let end = self
            .rest
            .iter()
            .position(|byte| *byte == 0)
            .ok_or_else(|| Malformed(format!("no end of {field}")))?;
        let text = self.bytes(end, field)?;
        self.bytes(1, field)?;
        Ok(text)
    }
}

/// Text of a server for people: invalid UTF-8 is replaced, not refused.
pub(crate) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Appends a length-encoded integer.
pub(crate) fn put_length(out: &mut Vec<u8>, length: usize) {
    match u64::try_from(length).unwrap_or(u64::MAX).to_le_bytes() {
        [a, 0, 0, 0, 0, 0, 0, 0] if a < 0xFB => out.push(a),
        [a, b, 0, 0, 0, 0, 0, 0] => out.extend([0xFC, a, b]),
        [a, b, c, 0, 0, 0, 0, 0] => out.extend([0xFD, a, b, c]),
        eight => {
            out.push(0xFE);
            out.extend(eight);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_are_read_in_every_width() {
        let read = |bytes: &[u8]| Scan::new(bytes).length_or_null("n");
        assert_eq!(read(&[0]), Ok(Some(0)));
        assert_eq!(read(&[0xFA]), Ok(Some(250)));
        assert_eq!(read(&[0xFB]), Ok(None));
        assert_eq!(read(&[0xFC, 0xFB, 0]), Ok(Some(251)));
        assert_eq!(read(&[0xFD, 1, 0, 1]), Ok(Some(65_537)));
        assert_eq!(read(&[0xFE, 0, 0, 0, 1, 0, 0, 0, 0]), Ok(Some(1 << 24)));
        assert!(read(&[0xFF]).is_err());
        assert!(read(&[0xFC, 1]).is_err());
        assert!(read(&[]).is_err());
    }

    #[test]
    fn an_absurd_length_is_an_error_and_allocates_nothing() {
        let mut scan = Scan::new(&[0xFE, 255, 255, 255, 255, 255, 255, 255, 127, 1]);
        assert_eq!(scan.string("name"), Err(Malformed("packet ends within name".into())));
    }

    #[test]
    fn a_string_up_to_zero_leaves_what_follows() {
        let mut scan = Scan::new(b"abc\0def");
        assert_eq!(scan.until_zero("x"), Ok(&b"abc"[..]));
        assert_eq!(scan.rest(), b"def");
        assert!(scan.until_zero("x").is_err());
    }

    proptest! {
        #[test]
        fn lengths_written_are_read_back(length in any::<u32>().prop_map(|n| n as usize)) {
            let mut bytes = Vec::new();
            put_length(&mut bytes, length);
            let mut scan = Scan::new(&bytes);
            prop_assert_eq!(scan.length("n"), Ok(length as u64));
            prop_assert!(scan.is_empty());
        }
    }
}
