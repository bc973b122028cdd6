//! Compressed packets, which wrap the stream of ordinary ones.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_compression_packet.html>

use std::io::Read;

use super::capability::Compression;
use super::login::ZSTD_LEVEL;
use super::scan::{Malformed, Scan};

/// Length of the compressed bytes, number, length before compression.
const HEADER_BYTES: usize = 7;
/// Bytes wrapped into one compressed packet at most; the format's own limit is 16 MiB - 1.
pub(crate) const PLAIN_BYTES_MAX: usize = 1 << 20;
/// Below this, compression costs more than it saves: MySQL's `MIN_COMPRESS_LENGTH`.
const PLAIN_BYTES_MIN: usize = 50;
/// What zlib is asked for: a fast level, as the wire must keep up with the servers.
const ZLIB_LEVEL: u32 = 2;

/// Wraps and unwraps compressed packets, and counts them.
pub(crate) struct Codec {
    method: Compression,
    sequence: u8,
}

impl Codec {
    /// The codec of an agreed method; `None` when there is no compression.
    pub(crate) fn new(method: Compression) -> Option<Self> {
        match method {
            Compression::Off => None,
            Compression::Zlib | Compression::Zstd => Some(Self { method, sequence: 0 }),
        }
    }

    /// Begins a new command: numbers start again.
    pub(crate) fn begin(&mut self) {
        self.sequence = 0;
    }

    /// Appends one compressed packet of at most [`PLAIN_BYTES_MAX`] bytes.
    pub(crate) fn wrap(&mut self, plain: &[u8], out: &mut Vec<u8>) -> std::io::Result<()> {
        let compressed = if plain.len() < PLAIN_BYTES_MIN { None } else { self.compress(plain)? };
        let (body, plain_length) = match &compressed {
            Some(bytes) if bytes.len() < plain.len() => (bytes.as_slice(), plain.len()),
            // A length of zero says "not compressed".
            Some(_) | None => (plain, 0),
        };
        put_u24(out, body.len());
        out.push(self.sequence);
        put_u24(out, plain_length);
        out.extend_from_slice(body);
        self.sequence = self.sequence.wrapping_add(1);
        Ok(())
    }

    fn compress(&self, plain: &[u8]) -> std::io::Result<Option<Vec<u8>>> {
        match self.method {
            Compression::Off => Ok(None),
            Compression::Zlib => {
                let mut bytes = Vec::with_capacity(plain.len() / 2);
                let level = flate2::Compression::new(ZLIB_LEVEL);
                flate2::bufread::ZlibEncoder::new(plain, level).read_to_end(&mut bytes)?;
                Ok(Some(bytes))
            }
            Compression::Zstd => zstd::bulk::compress(plain, i32::from(ZSTD_LEVEL)).map(Some),
        }
    }

    /// Unwraps the first compressed packet of `arrived` to the end of `plain` and says how many
    /// bytes it took; `None` while the packet is not there whole.
    pub(crate) fn unwrap(
        &mut self,
        arrived: &[u8],
        plain: &mut Vec<u8>,
    ) -> Result<Option<usize>, Malformed> {
        let mut scan = Scan::new(arrived);
        let Ok(header) = scan.bytes(HEADER_BYTES, "header") else { return Ok(None) };
        let &[a, b, c, number, d, e, f] = header else { return Ok(None) };
        let (length, plain_length) = (read_u24([a, b, c]), read_u24([d, e, f]));
        let Ok(body) = scan.bytes(length, "body") else { return Ok(None) };
        // A server that gives up on us may send its error with any number: the packet inside says so.
        self.sequence = number.wrapping_add(1);
        if plain_length == 0 {
            plain.extend_from_slice(body);
        } else {
            self.decompress(body, plain_length, plain)?;
        }
        Ok(Some(HEADER_BYTES + length))
    }

    fn decompress(
        &self,
        body: &[u8],
        plain_length: usize,
        plain: &mut Vec<u8>,
    ) -> Result<(), Malformed> {
        let before = plain.len();
        let limit = u64::try_from(plain_length).unwrap_or(u64::MAX).saturating_add(1);
        let outcome = match self.method {
            Compression::Off => Ok(0),
            Compression::Zlib => {
                flate2::bufread::ZlibDecoder::new(body).take(limit).read_to_end(plain)
            }
            Compression::Zstd => zstd::stream::read::Decoder::with_buffer(body)
                .and_then(|decoder| decoder.take(limit).read_to_end(plain)),
        };
        outcome.map_err(|cause| Malformed(format!("compressed packet: {cause}")))?;
        let arrived = plain.len() - before;
        if arrived != plain_length {
            let what = format!("compressed packet of {arrived} bytes instead of {plain_length}");
            return Err(Malformed(what));
        }
        Ok(())
    }
}

fn put_u24(out: &mut Vec<u8>, number: usize) {
    debug_assert!(number < 1 << 24);
    out.extend(number.to_le_bytes().iter().take(3));
}

fn read_u24([a, b, c]: [u8; 3]) -> usize {
    usize::from(a) | (usize::from(b) << 8) | (usize::from(c) << 16)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn codec(method: Compression) -> Codec {
        Codec::new(method).unwrap()
    }

    #[test]
    fn what_is_wrapped_is_unwrapped() {
        for method in [Compression::Zlib, Compression::Zstd] {
            for length in [0, 1, 49, 50, 1000, PLAIN_BYTES_MAX] {
                let plain: Vec<u8> =
                    (0..length).map(|n| u8::try_from(n / 3 % 7).unwrap()).collect();
                let mut wrapped = Vec::new();
                codec(method).wrap(&plain, &mut wrapped).unwrap();
                let mut unwrapped = b"before".to_vec();
                let taken = codec(method).unwrap(&wrapped, &mut unwrapped).unwrap();
                assert_eq!(taken, Some(wrapped.len()));
                assert_eq!(&unwrapped[6..], plain);
                if length > 100 {
                    assert!(wrapped.len() < plain.len() / 2);
                }
            }
        }
    }

    #[test]
    fn a_packet_that_is_not_there_whole_is_waited_for() {
        let mut wrapped = Vec::new();
        codec(Compression::Zlib).wrap(&[7; 1000], &mut wrapped).unwrap();
        for length in 0..wrapped.len() {
            let mut plain = Vec::new();
            let taken = codec(Compression::Zlib).unwrap(&wrapped[..length], &mut plain).unwrap();
            assert_eq!((taken, plain.len()), (None, 0));
        }
    }

    #[test]
    fn a_bomb_is_refused_at_the_length_it_claims() {
        for method in [Compression::Zlib, Compression::Zstd] {
            let mut wrapped = Vec::new();
            codec(method).wrap(&[0; PLAIN_BYTES_MAX], &mut wrapped).unwrap();
            wrapped[4..7].copy_from_slice(&[100, 0, 0]);
            let mut plain = Vec::new();
            assert!(codec(method).unwrap(&wrapped, &mut plain).is_err());
            assert!(plain.len() <= 101);
        }
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            for method in [Compression::Zlib, Compression::Zstd] {
                let mut bytes = bytes.clone();
                if let Some(header) = bytes.get_mut(..7) {
                    header[1] = 0;
                    header[2] = 0;
                }
                let _outcome = codec(method).unwrap(&bytes, &mut Vec::new()).is_ok();
            }
        }
    }
}
