//! Real rows events, whole, shortened and changed.

use proptest::prelude::*;
use sealift_schema::column::Generation;

use super::super::fixture::{MAP, UPDATE, WRITE, bytes, every};
use super::*;
use crate::value::{Duration, Moment, Value};

fn map() -> Arc<TableMap> {
    Arc::new(TableMap::read(&bytes(MAP)).unwrap())
}

fn shape() -> Arc<RowShape> {
    Arc::new(RowShape::new(&map(), &every()).unwrap())
}

fn read(type_code: u8, body: &Bytes) -> Result<RowsEvent, RowsError> {
    RowsEvent::read(type_code, body, map(), &shape())
}

/// All values of an image, in words.
fn words(image: Image<'_>) -> Vec<String> {
    let mut scratch = Vec::new();
    let mut values = image.values(&mut scratch).unwrap();
    let words = (0..image.shape().len())
        .map(|_| match values.next().unwrap() {
            Value::Bytes(bytes) => bytes.escape_ascii().to_string(),
            other @ (Value::Null
            | Value::Int(_)
            | Value::Uint(_)
            | Value::Float(_)
            | Value::Double(_)
            | Value::Moment(_)
            | Value::Duration(_)) => format!("{other:?}"),
        })
        .collect();
    values.finish().unwrap();
    words
}

#[test]
fn new_rows_have_their_values() {
    let event = read(30, &bytes(WRITE)).unwrap();
    let rows: Vec<RowChange<'_>> = event.rows().map(Result::unwrap).collect();
    assert_eq!((event.kind, rows.len()), (RowsKind::Insert, 2));
    assert!(rows.iter().all(|row| row.before.is_none()));
    let date_time =
        Moment { year: 2026, month: 2, day: 31, hour: 12, minute: 34, second: 56, micros: 789_000 };
    let timestamp =
        Moment { year: 2026, month: 11, day: 23, hour: 1, minute: 2, second: 3, micros: 4 };
    let time = Duration { negative: true, micros: 500_000, ..Duration::default() };
    let date = Moment { year: 2024, month: 2, day: 29, ..Moment::default() };
    assert_eq!(
        words(rows[0].after.unwrap()),
        [
            "Uint(4294967295)",
            "Int(-8388608)",
            "Uint(0)",
            "Uint(18446744073709551615)",
            "-12.30",
            "Float(1.5)",
            "Double(-2.5)",
            "\\n\\x01",
            &format!("{:?}", Value::Moment(date_time)),
            &format!("{:?}", Value::Moment(timestamp)),
            &format!("{:?}", Value::Duration(time)),
            &format!("{:?}", Value::Moment(date)),
            "\\xc3\\xa4",
            "\\x01\\x00\\x00\\x00",
            "v",
            "text",
            "\\xff",
            "Uint(2)",
            "Uint(3)",
            r#"{\"a\": [1, -2.5, \"x\\n\", null, true], \"bb\": {}}"#,
            "\\x00\\x00\\x00\\x00\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\xf0?\\x00\\x00\\x00\\x00\\x00\\x00\\x00@",
            "\\x00\\x00\\x80?\\x00\\x00\\x00@",
        ]
    );
    let mut nulls = vec!["Null"; 22];
    nulls[0] = "Uint(1)";
    assert_eq!(words(rows[1].after.unwrap()), nulls);
}

#[test]
fn updates_have_both_images_and_values_may_be_skipped() {
    let event = read(31, &bytes(UPDATE)).unwrap();
    let rows: Vec<RowChange<'_>> = event.rows().map(Result::unwrap).collect();
    let [RowChange { before: Some(before), after: Some(after) }] = rows.as_slice() else {
        panic!("{rows:?}")
    };
    let mut scratch = Vec::new();
    for (image, m) in [(before, -8_388_608), (after, 7)] {
        let kept = event.data.slice_ref(image.bytes());
        let mut values = Image::of(&kept, image.shape()).values(&mut scratch).unwrap();
        values.skip().unwrap();
        assert_eq!(values.next(), Ok(Value::Int(m)));
        assert!(matches!(values.finish(), Err(ValueError::Trailing { .. })));
    }
}

#[test]
fn the_head_names_the_table_and_the_end_of_the_statement() {
    let head = RowsHead::read(30, &bytes(WRITE)).unwrap();
    assert_eq!(head.table, Some(0x55));
    let head = RowsHead::read(30, b"\xff\xff\xff\0\0\0\x01\0\x02\0").unwrap();
    assert_eq!((head.table, head.ends_statement), (None, true));
    assert_eq!(RowsHead::read(19, &bytes(WRITE)), Err(RowsError::OtherEvent(19)));
    // Whose rows they are is told, so that those of a table nobody wants can be passed over.
    let head = RowsHead::read(39, &bytes(UPDATE)).unwrap();
    assert_eq!((head.kind, head.table), (RowsKind::Update, Some(0x55)));
}

#[test]
fn partial_images_are_refused() {
    let mut body = bytes(WRITE).to_vec();
    // The bitmap of columns behind table, flags, extra information and count.
    body[11] = 0b1111_0111;
    assert_eq!(read(30, &body.into()), Err(RowsError::PartialImage { present: 21, columns: 22 }));
}

/// The fixture's first row without one column, which is generated: neither its value nor its bit among the NULLs.
#[test]
fn what_is_computed_from_other_columns_may_be_missing() {
    let whole = read(30, &bytes(WRITE)).unwrap();
    let first = whole.rows().next().unwrap().unwrap().after.unwrap();
    let mut columns = every();
    let at = columns.iter().position(|column| column.name == "m").unwrap();
    let computed = (Generation::Virtual, "id - 1".to_owned());
    columns[at].generated = Some(computed);
    let shape = Arc::new(RowShape::new(&map(), &columns).unwrap());
    let (nulls, values) = first.bytes().split_at(columns.len().div_ceil(8));
    let mut bits = u32::from_le_bytes([nulls[0], nulls[1], nulls[2], 0]);
    bits = bits & ((1 << at) - 1) | bits >> (at + 1) << at;
    // `id` takes four bytes, `m` three.
    let image = [&bits.to_le_bytes()[..3], &values[..4], &values[7..]].concat();
    let mut bitmap = [0xff, 0xff, 0b0011_1111];
    bitmap[at / 8] &= !(1 << (at % 8));
    let head = bytes(WRITE).slice(..11);
    let body: Bytes = [&head[..], &bitmap[..], &image[..]].concat().into();
    let event = RowsEvent::read(30, &body, map(), &shape).unwrap();
    let row = event.rows().next().unwrap().unwrap().after.unwrap();
    assert!(!row.shape().has(at) && row.shape().has(at + 1));
    let mut scratch = Vec::new();
    let mut values = row.values(&mut scratch).unwrap();
    assert_eq!(values.next(), Ok(Value::Uint(4_294_967_295)));
    assert_eq!(values.next(), Err(ValueError::Absent { column: at }));
    assert_eq!(values.next(), Ok(Value::Uint(0)));
    for _ in at + 2..columns.len() {
        values.skip().unwrap();
    }
    assert_eq!(values.finish(), Ok(()));
    columns[at].generated = None;
    let written = Arc::new(RowShape::new(&map(), &columns).unwrap());
    let refused = RowsError::PartialImage { present: 21, columns: 22 };
    assert_eq!(RowsEvent::read(30, &body, map(), &written), Err(refused));
}

#[test]
fn rows_of_another_table_are_refused() {
    let mut other = TableMap::clone(&map());
    other.columns.pop();
    assert_eq!(
        RowsEvent::read(30, &bytes(WRITE), Arc::new(other), &shape()),
        Err(RowsError::OtherTable { rows: 22, map: 21 })
    );
}

#[test]
fn an_event_that_ends_within_a_row_says_which() {
    let mut body = bytes(WRITE).to_vec();
    body.pop();
    let event = read(30, &body.into()).unwrap();
    let outcomes: Vec<_> = event.rows().collect();
    assert_eq!(outcomes.len(), 2);
    assert!(matches!(outcomes[1], Err(RowsError::Image { row: 1, .. })), "{:?}", outcomes[1]);
}

proptest! {
    #[test]
    fn no_change_of_a_real_event_makes_it_panic(
        update: bool,
        changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..8),
        length: usize,
    ) {
        let (type_code, digits) = if update { (31, UPDATE) } else { (30, WRITE) };
        let mut body = bytes(digits).to_vec();
        for (at, byte) in changes {
            let at = at % body.len();
            body[at] = byte;
        }
        body.truncate(body.len() - length % 64);
        let size = body.len();
        let Ok(event) = read(type_code, &body.into()) else { return Ok(()) };
            let mut scratch = Vec::new();
        for change in event.rows() {
            let Ok(change) = change else { break };
            for image in [change.before, change.after].into_iter().flatten() {
                let mut values = image.values(&mut scratch).unwrap();
                for _ in 0..image.shape().len() {
                    let _outcome = values.next().is_ok();
                }
                prop_assert_eq!(values.finish(), Ok(()));
            }
        }
        prop_assert!(scratch.capacity() <= 16 * size, "{} from {}", scratch.capacity(), size);
    }

    #[test]
    fn no_bytes_make_it_panic(
        type_code in prop_oneof![23..26_u8, 30..33_u8, 166..172_u8],
        body in proptest::collection::vec(any::<u8>(), 0..120),
    ) {
        let Ok(event) = read(type_code, &body.into()) else { return Ok(()) };
            let _rows = event.rows().count();
    }
}
