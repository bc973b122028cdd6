//! Documents as the server writes and prints them, and hostile ones.

use proptest::prelude::*;

use super::*;

fn printed(document: &[u8]) -> Result<String, &'static str> {
    let mut out = Vec::new();
    print(document, &mut out)?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn text(document: &[u8]) -> String {
    printed(document).unwrap()
}

/// A small array of one value behind its table.
fn array_of(kind: u8, value: &[u8]) -> Vec<u8> {
    let size = u16::try_from(7 + value.len()).unwrap();
    let mut document = vec![2, 1, 0];
    document.extend(size.to_le_bytes());
    document.extend([kind, 7, 0]);
    document.extend(value);
    document
}

#[test]
fn scalars_are_printed_as_the_server_does() {
    assert_eq!(text(b""), "null");
    assert_eq!(text(b"\x04\x00"), "null");
    assert_eq!(text(b"\x04\x01"), "true");
    assert_eq!(text(b"\x05\xff\xff"), "-1");
    assert_eq!(text(b"\x06\xff\xff"), "65535");
    assert_eq!(text(b"\x07\0\0\0\x80"), "-2147483648");
    assert_eq!(text(b"\x09\0\0\0\0\0\0\0\x80"), "-9223372036854775808");
    assert_eq!(text(b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff"), "18446744073709551615");
    assert_eq!(text(b"\x0c\x02hi"), "\"hi\"");
    assert_eq!(text(b"\x0c\x06\"\\\n\x01\x1f\x7f"), r#""\"\\\n\u0001\u001f"#.to_owned() + "\x7f\"");
}

#[test]
fn doubles_have_the_digits_mysql_gives_them() {
    // As MySQL 9.7.4 prints them.
    let cases = [
        (1.0, "1.0"),
        (-0.0, "-0.0"),
        (0.1, "0.1"),
        (1e15, "1e15"),
        (999_999_999_999_999.0, "999999999999999.0"),
        (100_000_000_000_000.0, "100000000000000.0"),
        (1.234_567_890_123_456_8e17, "1.2345678901234568e17"),
        (1e-14, "0.00000000000001"),
        (1.5e-15, "0.0000000000000015"),
        (1e300, "1e300"),
        (-1e-300, "-1e-300"),
        (5e-324, "5e-324"),
        (f64::MAX, "1.7976931348623157e308"),
    ];
    for (value, expected) in cases {
        let mut document = vec![11];
        document.extend(f64::to_le_bytes(value));
        assert_eq!(text(&document), expected);
    }
}

#[test]
fn containers_hold_small_values_in_their_tables() {
    // {"a": [1, -2.5], "bb": {}} as in the fixture's event, without the rest.
    assert_eq!(text(b"\x02\x03\0\x0d\0\x05\xff\xff\x04\x01\0\x04\0\0"), "[-1, true, null]");
    assert_eq!(text(b"\0\x01\0\x0c\0\x0b\0\x01\0\x06\x02\0k"), "{\"k\": 2}");
    // Large ones have offsets of four bytes and hold integers of four.
    assert_eq!(text(b"\x03\x01\0\0\0\x0d\0\0\0\x07\xfe\xff\xff\xff"), "[-2]");
    assert_eq!(text(&array_of(12, b"\x01x")), "[\"x\"]");
}

#[test]
fn opaque_values_are_printed_as_the_server_does() {
    let opaque = |kind: u8, data: &[u8]| {
        let mut document = vec![15, kind, u8::try_from(data.len()).unwrap()];
        document.extend(data);
        text(&document)
    };
    let packed = |kind: u8, number: i64| opaque(kind, &number.to_le_bytes());
    // DECIMAL(5,2) 1.10, as in the server's own binary form.
    assert_eq!(opaque(246, b"\x03\x02\x81\x0a"), "1.10");
    let date = ((2026 * 13 + 2) << 5 | 3) << 17;
    let time = 12 << 12 | 34 << 6 | 56;
    assert_eq!(packed(10, date << 24), "\"2026-02-03\"");
    assert_eq!(packed(12, (date | time) << 24 | 789_012), "\"2026-02-03 12:34:56.789012\"");
    assert_eq!(packed(11, -(time << 24 | 789_000)), "\"-12:34:56.789000\"");
    assert_eq!(opaque(16, b"\x05"), "\"base64:type16:BQ==\"");
    assert_eq!(opaque(15, b"\0\xff\x5c"), "\"base64:type15:AP9c\"");
    assert_eq!(opaque(253, b"as text"), "\"as text\"");
    let long = opaque(252, &[0; 60]);
    assert_eq!(long, format!("\"base64:type252:{}\\n{}\"", "A".repeat(76), "A".repeat(4)));
}

#[test]
fn a_hundred_levels_are_read_and_no_more() {
    let nested = |levels: usize| {
        (1..levels).fold(b"\x02\0\0\x04\0".to_vec(), |inner, _| array_of(2, &inner[1..]))
    };
    assert_eq!(text(&nested(100)), "[".repeat(100) + &"]".repeat(100));
    assert!(printed(&nested(101)).is_err());
}

#[test]
fn parts_that_are_shared_over_and_over_are_refused() {
    // Each of sixteen levels has eight entries that all point to the next one: 8^16 values.
    let mut document = vec![2];
    for level in 0..16_u16 {
        document.extend(8_u16.to_le_bytes());
        document.extend((28 * (16 - level) + 4).to_le_bytes());
        for _ in 0..8 {
            document.extend([2, 28, 0]);
        }
    }
    document.extend(*b"\0\0\x04\0");
    assert_eq!(printed(&document), Err(SHARED));
    // A table that contains itself.
    assert!(printed(b"\x02\x01\0\x07\0\x02\0\0").is_err());
}

#[test]
fn a_shortened_document_is_refused() {
    let whole = array_of(12, b"\x05hello");
    for length in 1..whole.len() {
        assert!(printed(&whole[..length]).is_err(), "{length}");
    }
}

/// Bytes that look like a document more often than random ones do.
fn likely() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(prop_oneof![3 => 0..16_u8, 1 => any::<u8>()], 0..120)
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_or_print_much_more_than_it_reads(document in likely()) {
        let mut out = Vec::new();
        let _outcome = print(&document, &mut out);
        // An opaque date of 8 bytes has 28 characters, a control character of one byte has six.
        prop_assert!(out.len() <= 16 * document.len() + 128, "{}", out.len());
    }

    #[test]
    fn doubles_read_back_are_the_same(bits: u64) {
        let value = f64::from_bits(bits);
        prop_assume!(value.is_finite());
        let mut document = vec![11];
        document.extend(value.to_le_bytes());
        let text = text(&document);
        prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), bits);
        prop_assert!(text.contains(['.', 'e']));
    }
}
