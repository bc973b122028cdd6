//! What MariaDB compresses: whole rows events (`log_bin_compress`) and columns (`COMPRESSED`).

use std::io::Read;

use flate2::read::{DeflateDecoder, ZlibDecoder};

use super::temporal::big_endian;

const MALFORMED: &str = "compressed bytes";

/// zlib never makes bytes shorter than by this factor
/// (<https://zlib.net/zlib_tech.html>, "Maximum Compression Factor").
const RATIO_MAX: u64 = 1032;
/// What one block may hold above that.
const SLACK: u64 = 1032;

/// Unpacks the rows of a compressed event: a byte with the width of the length, the length big-endian,
/// zlib.
///
/// <https://mariadb.com/kb/en/compressing-events-to-reduce-size-of-the-binary-log/>
pub(super) fn event(bytes: &[u8]) -> Result<Vec<u8>, &'static str> {
    let (head, rest) = bytes.split_first().ok_or(MALFORMED)?;
    // The highest bit says that it is compressed, the next three are the algorithm: zlib is 0.
    if head & 0xf0 != 0x80 {
        return Err("compressed bytes of an unknown method");
    }
    let (length, packed) = rest.split_at_checked((head & 7).into()).ok_or(MALFORMED)?;
    let length = big_endian(length);
    let mut out = Vec::new();
    inflate(ZlibDecoder::new(packed), packed.len(), length, &mut out)?;
    Ok(out)
}

/// A compressed column's value, unpacked into `scratch` if it is packed.
///
/// <https://mariadb.com/kb/en/storage-engine-independent-column-compression/>
pub(super) fn column<'a>(
    bytes: &'a [u8],
    scratch: &'a mut Vec<u8>,
) -> Result<&'a [u8], &'static str> {
    let Some((head, rest)) = bytes.split_first() else { return Ok(bytes) };
    match head >> 4 {
        0 => Ok(rest),
        8 => {
            let (length, packed) = rest.split_at_checked((head & 7).into()).ok_or(MALFORMED)?;
            let length = big_endian(length);
            scratch.clear();
            if head & 8 == 0 {
                inflate(ZlibDecoder::new(packed), packed.len(), length, scratch)?;
            } else {
                inflate(DeflateDecoder::new(packed), packed.len(), length, scratch)?;
            }
            Ok(scratch)
        }
        _ => Err("a compressed value of an unknown method"),
    }
}

/// Reads exactly `length` bytes, if so few bytes can hold so many.
fn inflate(
    decoder: impl Read,
    packed: usize,
    length: u64,
    out: &mut Vec<u8>,
) -> Result<(), &'static str> {
    let packed = u64::try_from(packed).map_err(|_never| MALFORMED)?;
    if length > packed.saturating_mul(RATIO_MAX).saturating_add(SLACK) {
        return Err("compressed bytes that cannot hold what they claim");
    }
    out.reserve_exact(usize::try_from(length).map_err(|_too_large| MALFORMED)?);
    // One byte more than there should be, to see that nothing is left.
    let read = decoder.take(length + 1).read_to_end(out).map_err(|_broken| MALFORMED)?;
    if u64::try_from(read) == Ok(length) { Ok(()) } else { Err(MALFORMED) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, ZlibEncoder};
    use proptest::prelude::*;

    use super::*;

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn events_are_unpacked_to_exactly_what_they_claim() {
        let packed = |length: &[u8]| [length, &zlib(&[7; 300])].concat();
        assert_eq!(event(&packed(&[0x82, 1, 44])), Ok(vec![7; 300]));
        assert_eq!(event(&packed(&[0x82, 1, 43])), Err(MALFORMED));
        assert_eq!(event(&packed(&[0x82, 1, 45])), Err(MALFORMED));
        assert!(event(&packed(&[0x92, 1, 44])).is_err());
        let absurd = [&[0x84, 255, 255, 255, 255][..], &zlib(b"x")].concat();
        assert_eq!(event(&absurd), Err("compressed bytes that cannot hold what they claim"));
    }

    #[test]
    fn columns_are_raw_or_wrapped_or_not_packed_at_all() {
        let mut scratch = Vec::new();
        assert_eq!(column(b"", &mut scratch), Ok(&b""[..]));
        assert_eq!(column(b"\0plain", &mut scratch), Ok(&b"plain"[..]));
        let wrapped = [&[0x82, 1, 44][..], &zlib(&[9; 300])].concat();
        assert_eq!(column(&wrapped, &mut scratch), Ok(&[9; 300][..]));
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&[9; 300]).unwrap();
        let raw = [&[0x8a, 1, 44][..], &encoder.finish().unwrap()].concat();
        assert_eq!(column(&raw, &mut scratch), Ok(&[9; 300][..]));
        assert!(column(&[0x30, 1], &mut scratch).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _outcome = event(&bytes).is_ok();
            let mut scratch = Vec::new();
            let _outcome = column(&bytes, &mut scratch).is_ok();
            prop_assert!(scratch.capacity() <= 100_000);
        }
    }
}
