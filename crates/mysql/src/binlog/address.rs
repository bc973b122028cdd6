//! MariaDB's `UUID`, `INET4` and `INET6`, which travel as bytes, to the text the server prints.

use std::io::Write;

/// Appends a UUID's text.
pub(super) fn uuid(bytes: [u8; 16], out: &mut Vec<u8>) {
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            out.push(b'-');
        }
        let _written = write!(out, "{byte:02x}").is_ok();
    }
}

/// Appends the text of an IPv4 address.
pub(super) fn inet4([a, b, c, d]: [u8; 4], out: &mut Vec<u8>) {
    let _written = write!(out, "{a}.{b}.{c}.{d}").is_ok();
}

/// Appends the text of an IPv6 address as MariaDB prints it: the first of the longest runs of zeros is
/// left out even when it is but one word, and addresses that embed IPv4 end in its form.
pub(super) fn inet6(bytes: [u8; 16], out: &mut Vec<u8>) {
    let mut words = [0_u16; 8];
    for (word, pair) in words.iter_mut().zip(bytes.chunks_exact(2)) {
        *word = pair.iter().fold(0, |word, byte| word << 8 | u16::from(*byte));
    }
    let (gap, length) = longest_zeros(&words);
    let embeds = gap == 0 && (length == 6 || (length == 5 && words[5] == 0xffff));
    for (index, word) in words.iter().enumerate() {
        if length > 0 && (gap..gap + length).contains(&index) {
            if index == gap {
                out.extend_from_slice(if index == 0 { b"::" } else { b":" });
            }
        } else if index == 6 && embeds {
            let [.., a, b, c, d] = bytes;
            return inet4([a, b, c, d], out);
        } else {
            let _written = write!(out, "{word:x}").is_ok();
            if index < 7 {
                out.push(b':');
            }
        }
    }
}

/// Where the first of the longest runs of zeros begins, and how long it is.
fn longest_zeros(words: &[u16; 8]) -> (usize, usize) {
    let mut best = (0, 0);
    let mut run = 0;
    for (index, word) in words.iter().enumerate() {
        run = if *word == 0 { run + 1 } else { 0 };
        if run > best.1 {
            best = (index + 1 - run, run);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(bytes: [u8; 16]) -> String {
        let mut out = Vec::new();
        inet6(bytes, &mut out);
        String::from_utf8(out).unwrap()
    }

    /// Texts as MariaDB 11.8 prints them.
    #[test]
    fn addresses_are_printed_as_the_server_does() {
        let words = |words: [u16; 8]| {
            let mut bytes = [0; 16];
            for (pair, word) in bytes.chunks_exact_mut(2).zip(words) {
                pair.copy_from_slice(&word.to_be_bytes());
            }
            printed(bytes)
        };
        assert_eq!(words([0; 8]), "::");
        assert_eq!(words([0, 0, 0, 0, 0, 0, 0, 1]), "::1");
        assert_eq!(words([0, 0, 0, 0, 0, 0, 0xc000, 0x280]), "::192.0.2.128");
        assert_eq!(words([0, 0, 0, 0, 0, 0xffff, 0xc000, 0x280]), "::ffff:192.0.2.128");
        assert_eq!(words([0x2001, 0xdb8, 0, 0, 0, 0xff00, 0x42, 0x8329]), "2001:db8::ff00:42:8329");
        assert_eq!(words([1, 0, 2, 3, 4, 5, 6, 7]), "1::2:3:4:5:6:7");
        assert_eq!(words([1, 2, 3, 4, 5, 6, 7, 0]), "1:2:3:4:5:6:7::");
        assert_eq!(words([1, 0, 0, 2, 0, 0, 3, 4]), "1::2:0:0:3:4");
        assert_eq!(words([0xffff; 8]), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
    }

    #[test]
    fn a_uuid_has_its_groups() {
        let mut out = Vec::new();
        uuid(*b"\x12\x34\x56\x78\x9a\xbc\xde\xf0\x01\x02\x03\x04\x05\x06\x07\x08", &mut out);
        assert_eq!(out, b"12345678-9abc-def0-0102-030405060708");
    }
}
