//! Real table maps, whole, shortened and changed.

use proptest::prelude::*;

use super::super::fixture::{MAP, bytes};
use super::*;

#[test]
fn a_full_table_map_tells_everything() {
    let map = TableMap::read(&bytes(MAP)).unwrap();
    assert_eq!(map.name.plain(), "shop.every");
    assert_eq!(TableMap::peek(&bytes(MAP)), Ok((map.id, map.name.clone())));
    assert_eq!(map.primary_key, [0]);
    let column = |name: &str| {
        map.columns.iter().find(|column| column.name.as_deref() == Some(name)).unwrap()
    };
    assert!(!column("id").nullable && column("m").nullable);
    assert_eq!((column("id").unsigned, column("m").unsigned), (Some(true), Some(false)));
    // A YEAR lies between the two: it has a bit of its own.
    assert_eq!((column("b").unsigned, column("d").unsigned), (Some(true), Some(false)));
    assert_eq!(column("d").storage, Storage::Decimal { precision: 10, scale: 2 });
    assert_eq!(column("bits").storage, Storage::Bit { bits: 12 });
    assert_eq!(column("tm").storage, Storage::Time { fraction: 1 });
    // 280 bytes: more than the length's own byte holds.
    assert_eq!(column("c").storage, Storage::Char { bytes: 280 });
    assert_eq!((column("c").collation, column("x").collation), (Some(255), Some(63)));
    assert_eq!(column("v").collation, Some(8));
    assert_eq!(column("e").members, Some(vec![b"small".to_vec(), b"large".to_vec()]));
    assert_eq!(column("s").members, Some(vec![b"p".to_vec(), b"q".to_vec()]));
    assert_eq!(column("p").geometry, Some(1));
    assert_eq!(column("k").dimensions, Some(2));
    assert!(map.columns.iter().all(|column| column.visible == Some(true)));
}

#[test]
fn lengths_of_char_are_spread_over_two_bytes() {
    let storage = |metadata: &[u8]| Storage::read(254, &mut Scan::new(metadata));
    assert_eq!(storage(&[0xfe, 16]), Ok(Storage::Char { bytes: 16 }));
    assert_eq!(storage(&[0xee, 0x18]), Ok(Storage::Char { bytes: 280 }));
    assert_eq!(storage(&[0xce, 0xfc]), Ok(Storage::Char { bytes: 1020 }));
    assert_eq!(storage(&[0xf7, 2]), Ok(Storage::Enum { bytes: 2 }));
    assert_eq!(storage(&[0xf8, 8]), Ok(Storage::Set { bytes: 8 }));
    assert!(storage(&[0xf7, 3]).is_err());
}

#[test]
fn columns_behind_an_unknown_type_are_unknown_too() {
    // Columns INT, typed array, VARCHAR: how much metadata the array has is not known here.
    let body = b"\x01\0\0\0\0\0\0\0\x01s\0\x01t\0\x03\x03\x14\x0f\x03\x02\x0a\0\0";
    let map = TableMap::read(body).unwrap();
    let storages: Vec<Storage> = map.columns.iter().map(|column| column.storage).collect();
    assert_eq!(
        storages,
        [
            Storage::Integer { bytes: 4 },
            Storage::Unknown { code: 20 },
            Storage::Unknown { code: 15 }
        ]
    );
}

#[test]
fn a_shortened_table_map_is_refused_or_lacks_optional_metadata() {
    let whole = bytes(MAP);
    let mandatory = 72;
    for length in 0..mandatory {
        assert!(TableMap::read(&whole[..length]).is_err(), "{length}");
    }
    let bare = TableMap::read(&whole[..mandatory]).unwrap();
    assert!(bare.columns.iter().all(|column| column.name.is_none() && column.unsigned.is_none()));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _outcome = TableMap::read(&body).is_ok();
    }

    #[test]
    fn no_change_of_a_real_one_makes_it_panic(
        changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..8),
        length: usize,
    ) {
        let mut body = bytes(MAP).to_vec();
        for (at, byte) in changes {
            let at = at % body.len();
            body[at] = byte;
        }
        body.truncate(length % (body.len() + 1));
        let _outcome = TableMap::read(&body).is_ok();
    }
}
