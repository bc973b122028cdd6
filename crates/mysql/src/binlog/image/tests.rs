//! Every reading on hostile bytes, and what is borrowed.

use proptest::prelude::*;

use super::super::decimal::Decimal;
use super::super::shape::ColumnShape;
use super::*;

fn reading() -> impl Strategy<Value = Reading> {
    let decimal = (1..66_u8, 0..31_u8).prop_map(|(precision, scale)| {
        Reading::Decimal(Decimal { precision, scale: scale.min(precision), zerofill: false })
    });
    prop_oneof![
        decimal,
        (0..7_u8, 0..6_usize).prop_map(|(digits, which)| {
            [
                Reading::Time,
                Reading::DateTime,
                Reading::Timestamp,
                Reading::HiresTime,
                Reading::HiresDateTime,
                Reading::HiresTimestamp,
            ][which](digits)
        }),
        (0..300_u16).prop_map(Reading::Padded),
        proptest::sample::select(vec![
            Reading::Signed,
            Reading::Unsigned,
            Reading::Float,
            Reading::Double,
            Reading::Year,
            Reading::Date,
            Reading::OldTime,
            Reading::OldDateTime,
            Reading::OldTimestamp,
            Reading::Bytes,
            Reading::Json,
            Reading::Compressed,
            Reading::Uuid,
            Reading::Inet4,
            Reading::Inet6,
        ]),
    ]
}

fn extent() -> impl Strategy<Value = Extent> {
    prop_oneof![
        4 => (0..12_u8).prop_map(Extent::Fixed),
        4 => (1..5_u8).prop_map(Extent::Counted),
        1 => Just(Extent::Absent)
    ]
}

fn of(extent: Extent, reading: Reading) -> ColumnShape {
    ColumnShape { extent, reading, may_lack: false }
}

#[test]
fn integers_of_three_bytes_keep_their_sign() {
    assert_eq!(sign_extended(&[0, 0, 0x80]), -8_388_608);
    assert_eq!(sign_extended(&[0xff, 0xff, 0x7f]), 8_388_607);
    assert_eq!(sign_extended(&[0xff]), -1);
    assert_eq!(sign_extended(&i64::MIN.to_le_bytes()), i64::MIN);
}

#[test]
fn zeros_cut_from_the_end_are_put_back() {
    let mut scratch = Vec::new();
    assert_eq!(read(Reading::Padded(3), b"a", &mut scratch), Ok(Value::Bytes(b"a\0\0")));
    assert_eq!(read(Reading::Padded(3), b"", &mut scratch), Ok(Value::Bytes(b"\0\0\0")));
    assert_eq!(read(Reading::Padded(3), b"abcd", &mut scratch), Err(TOO_LONG));
    assert_eq!(read(Reading::Inet4, b"\xc0\0\x02", &mut scratch), Ok(Value::Bytes(b"192.0.2.0")));
}

#[test]
fn a_value_of_64_mib_is_borrowed_and_nothing_is_allocated() {
    const SIZE: usize = 64 << 20;
    let blob = of(Extent::Counted(4), Reading::Bytes);
    let shape = RowShape { columns: Box::new([blob]), visible: 1, present: 1 };
    let mut bytes = vec![0];
    bytes.extend(u32::try_from(SIZE).unwrap().to_le_bytes());
    bytes.resize(5 + SIZE, 7);
    let (image, rest) = split_first(&shape, &bytes).unwrap();
    assert!(rest.is_empty());
    let mut scratch = Vec::new();
    let mut values = image.values(&mut scratch).unwrap();
    let Ok(Value::Bytes(value)) = values.next() else { panic!("no bytes") };
    assert!(std::ptr::eq(value, &bytes[5..]));
    assert_eq!(scratch.capacity(), 0);
}

proptest! {
    #[test]
    fn no_bytes_make_any_reading_panic(
        columns in proptest::collection::vec((extent(), reading()), 1..12),
        bytes in proptest::collection::vec(prop_oneof![2 => 0..20_u8, 1 => any::<u8>()], 0..200),
    ) {
        let columns: Box<[_]> =
            columns.into_iter().map(|(extent, reading)| of(extent, reading)).collect();
        let present = columns.iter().filter(|column| column.extent != Extent::Absent).count();
        let shape = RowShape { columns, visible: 0, present };
        let mut scratch = Vec::new();
        let Ok((image, rest)) = split_first(&shape, &bytes) else { return Ok(()) };
        prop_assert_eq!(image.bytes().len() + rest.len(), bytes.len());
        let mut values = image.values(&mut scratch).unwrap();
        for _ in 0..shape.len() {
            let _outcome = values.next().is_ok();
        }
        prop_assert_eq!(values.next(), Ok(Value::Null));
        prop_assert_eq!(values.finish(), Ok(()));
    }
}
