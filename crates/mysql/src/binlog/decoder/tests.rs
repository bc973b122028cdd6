//! Logs of real servers, whole and damaged.

use proptest::prelude::*;

use super::*;

/// MySQL 9.7: DDL, a row, a tagged GTID, a compressed transaction, XA.
const MYSQL: &[u8] = include_bytes!("mysql.binlog");
/// MariaDB 10.11 with `log_bin_compress`: the same without tags.
const MARIADB: &[u8] = include_bytes!("mariadb.binlog");

/// An event of our own, as the server would send it.
fn event(type_code: u8, flags: u16, end: u32, body: &[u8]) -> Vec<u8> {
    let mut event = vec![0; 4];
    event.push(type_code);
    event.extend(1_u32.to_le_bytes());
    event.extend(u32::try_from(HEADER_BYTES + body.len()).unwrap().to_le_bytes());
    event.extend(end.to_le_bytes());
    event.extend(flags.to_le_bytes());
    event.extend(body);
    event
}

/// The same with a checksum.
fn sealed(mut event: Vec<u8>) -> Bytes {
    let size = u32::try_from(event.len() + CHECKSUM_BYTES).unwrap();
    event[9..13].copy_from_slice(&size.to_le_bytes());
    event.extend(crc32fast::hash(&event).to_le_bytes());
    event.into()
}

fn rotate(file: &str) -> Bytes {
    let body = [&4_u64.to_le_bytes()[..], file.as_bytes()].concat();
    event(code::ROTATE, 0x20, 0, &body).into()
}

/// The events of a log file.
fn events(log: &'static [u8]) -> Vec<Bytes> {
    let mut rest = &log[4..];
    let mut events = Vec::new();
    while !rest.is_empty() {
        let size = usize::try_from(Header::read(rest).unwrap().size).unwrap();
        let (event, after) = rest.split_at(size);
        events.push(Bytes::from_static(event));
        rest = after;
    }
    events
}

/// What events tell, in words.
fn tell(events: impl IntoIterator<Item = Bytes>) -> Result<Vec<String>, BinlogError> {
    let mut decoder = Decoder::new();
    let mut told = Vec::new();
    for event in events {
        decoder.take(event)?;
        while let Some(event) = decoder.next()? {
            told.push(match event {
                Event::Begin(begin) => format!("{} @{}", begin.id, begin.committed_at / 1_000_000),
                Event::Xa => "of XA".to_owned(),
                Event::Query(query) => String::from_utf8_lossy(&query.sql).into_owned(),
                Event::TableMap(map) => format!("map of {} bytes", map.body.len()),
                Event::Rows(rows) => format!("rows {}, {} bytes", rows.type_code, rows.body.len()),
                Event::End(end) => format!("{:?} at {}", end.outcome, end.place),
                Event::Idle(place) => format!("idle at {place}"),
            });
        }
    }
    Ok(told)
}

fn whole(log: &'static [u8]) -> Vec<Bytes> {
    let mut all = vec![rotate("b.000001")];
    all.extend(events(log));
    all
}

#[test]
fn a_log_of_mysql_is_told_transaction_by_transaction() {
    insta::assert_snapshot!(tell(whole(MYSQL)).unwrap().join("\n"), @r#"
    0059fb4c-e713-11f1-8bd4-02fc00000001:1 at b.000001:158 @1795420423
    CREATE SCHEMA s
    Committed at b.000001:332
    0059fb4c-e713-11f1-8bd4-02fc00000001:2 at b.000001:332 @1795420423
    CREATE TABLE s.a (id INT PRIMARY KEY, v VARCHAR(300))
    Committed at b.000001:543
    0059fb4c-e713-11f1-8bd4-02fc00000001:3 at b.000001:543 @1795420423
    map of 29 bytes
    rows 30, 20 bytes
    Committed at b.000001:819
    0059fb4c-e713-11f1-8bd4-02fc00000001:night:1 at b.000001:819 @1795420423
    map of 29 bytes
    rows 31, 29 bytes
    Committed at b.000001:1114
    0059fb4c-e713-11f1-8bd4-02fc00000001:4 at b.000001:1114 @1795420423
    map of 29 bytes
    rows 30, 319 bytes
    map of 29 bytes
    rows 32, 327 bytes
    Committed at b.000001:1378
    0059fb4c-e713-11f1-8bd4-02fc00000001:5 at b.000001:1378 @1795420423
    of XA
    map of 29 bytes
    rows 30, 19 bytes
    Prepared { xid: "X'71',X'',1" } at b.000001:1651
    0059fb4c-e713-11f1-8bd4-02fc00000001:6 at b.000001:1651 @1795420423
    XA COMMIT X'71',X'',1
    Committed at b.000001:1815
    "#);
}

#[test]
fn a_log_of_mariadb_is_told_transaction_by_transaction() {
    insta::assert_snapshot!(tell(whole(MARIADB)).unwrap().join("\n"), @r#"
    0-1-1 at b.000001:325 @1795420424
    CREATE SCHEMA s
    Committed at b.000001:446
    0-1-2 at b.000001:446 @1795420424
    CREATE TABLE s.a (id INT PRIMARY KEY, v VARCHAR(300))
    Committed at b.000001:623
    0-1-3 at b.000001:623 @1795420424
    map of 21 bytes
    rows 166, 32 bytes
    Committed at b.000001:860
    0-1-4 at b.000001:860 @1795420424
    map of 21 bytes
    rows 167, 40 bytes
    Committed at b.000001:1083
    0-1-5 at b.000001:1083 @1795420424
    map of 21 bytes
    rows 166, 32 bytes
    map of 21 bytes
    rows 25, 325 bytes
    Committed at b.000001:1751
    0-1-6 at b.000001:1751 @1795420424
    of XA
    map of 21 bytes
    rows 23, 17 bytes
    Prepared { xid: "X'71',X'',1" } at b.000001:2050
    0-1-7 at b.000001:2050 @1795420424
    XA COMMIT X'71',X'',1
    Committed at b.000001:2177
    "#);
}

#[test]
fn a_flipped_bit_is_found_wherever_it_is() {
    for log in [MYSQL, MARIADB] {
        for (index, event) in events(log).iter().enumerate() {
            for at in 0..event.len() {
                let mut damaged = event.to_vec();
                damaged[at] ^= 4;
                let mut all = events(log);
                all[index] = damaged.into();
                all.insert(0, rotate("b.000001"));
                let outcome = tell(all);
                assert!(outcome.is_err(), "event {index}, byte {at}");
            }
        }
    }
}

#[test]
fn a_rotation_that_is_made_up_is_read_with_and_without_its_checksum() {
    for start in [rotate("b.000001"), sealed(rotate("b.000001").to_vec())] {
        let all = std::iter::once(start).chain(events(MYSQL));
        let told = tell(all).unwrap();
        assert!(told[0].contains("b.000001:"), "{}", told[0]);
    }
}

#[test]
fn a_transaction_cut_off_by_the_servers_death_is_abandoned() {
    let mut all = whole(MARIADB);
    // Up to the first rows.
    let rows = all.iter().position(|event| event[4] == code::WRITE_ROWS_COMPRESSED_V1).unwrap();
    all.truncate(rows + 1);
    all.push(rotate("b.000002"));
    all.extend(events(MARIADB));
    let told = tell(all).unwrap();
    assert!(told.iter().any(|line| line.starts_with("Abandoned at b.000001:")), "{told:?}");
    assert!(told.last().unwrap().starts_with("Committed at b.000002:"), "{told:?}");
}

/// A decoder that has read the description of a log with checksums, at its end.
fn opened(log: &'static [u8]) -> Decoder {
    let mut decoder = Decoder::new();
    for event in whole(log).into_iter().take(2) {
        decoder.take(event).unwrap();
    }
    decoder
}

#[test]
fn an_unknown_event_stops_the_stream_unless_it_may_be_passed_over() {
    let mut decoder = opened(MARIADB);
    let at = u32::try_from(decoder.offset).unwrap();
    let size = u32::try_from(HEADER_BYTES + CHECKSUM_BYTES).unwrap();
    // Type 22 was never released.
    decoder.take(sealed(event(22, 0x80, at + size, &[]))).unwrap();
    let error = decoder.take(sealed(event(22, 0, at + 2 * size, &[]))).unwrap_err();
    assert!(matches!(error, BinlogError::Unsupported { .. }), "{error:?}");
    assert!(error.to_string().contains(&format!("b.000001:{}", at + size)), "{error}");
}

#[test]
fn an_offset_beyond_32_bits_is_counted_on() {
    let mut decoder = opened(MYSQL);
    decoder.offset = 0xFFFF_FFF0;
    let size = u32::try_from(HEADER_BYTES + CHECKSUM_BYTES).unwrap();
    decoder
        .take(sealed(event(code::IGNORABLE, 0, 0xFFFF_FFF0_u32.wrapping_add(size), &[])))
        .unwrap();
    assert_eq!(decoder.offset, 0xFFFF_FFF0 + u64::from(size));
    // A gap is what the server passed over, a step back is a mistake.
    decoder.take(sealed(event(code::IGNORABLE, 0, 5000, &[]))).unwrap();
    assert_eq!(decoder.offset, 0x1_0000_0000 + 5000);
    let error = decoder.take(sealed(event(code::IGNORABLE, 0, 4000, &[]))).unwrap_err();
    assert!(matches!(error, BinlogError::Corrupt { .. }), "{error:?}");
}

#[test]
fn a_heartbeat_tells_the_place_reached() {
    let mut decoder = opened(MYSQL);
    let at = decoder.offset;
    decoder
        .take(sealed(event(code::HEARTBEAT, 0, u32::try_from(at).unwrap(), b"b.000001")))
        .unwrap();
    let idle = |offset| Event::Idle(Place { file: "b.000001".into(), offset });
    assert_eq!(decoder.next().unwrap(), Some(idle(at)));
    // A server before 8.0.26 that passes over transactions; what it says of another file, or of what is behind, is old.
    for (end, file) in [(700, b"b.000001"), (900, b"b.000002"), (30, b"b.000001")] {
        decoder.take(sealed(event(code::HEARTBEAT, 0, end, file))).unwrap();
        assert_eq!(decoder.next().unwrap(), Some(idle(700)));
    }
    let mut body = vec![1, 8];
    body.extend(b"b.000001");
    body.extend([2, 9, 0xFE]);
    body.extend((1_u64 << 33).to_le_bytes());
    body.push(0);
    decoder.take(sealed(event(code::HEARTBEAT_V2, 0, 0, &body))).unwrap();
    assert_eq!(decoder.next().unwrap(), Some(idle(1 << 33)));
}

#[test]
fn what_the_source_lost_stops_the_stream() {
    let mut decoder = opened(MYSQL);
    let end = u32::try_from(decoder.offset).unwrap() + 19 + 2 + 5 + 4;
    let error = decoder.take(sealed(event(code::INCIDENT, 0, end, b"\x01\0\x04gone"))).unwrap_err();
    assert!(error.to_string().contains("(gone)"), "{error}");
}

proptest! {
    #[test]
    fn random_bytes_are_refused_or_read_and_never_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        type_code in any::<u8>(),
        flags in any::<u16>(),
    ) {
        let mut decoder = opened(MYSQL);
        let _refused = decoder.take(bytes.clone().into()).is_err();
        let mut decoder = opened(MYSQL);
        let end = u32::try_from(decoder.offset).unwrap() + u32::try_from(bytes.len()).unwrap() + 23;
        if decoder.take(sealed(event(type_code, flags, end, &bytes))).is_ok() {
            while let Ok(Some(_)) = decoder.next() {}
        }
    }

    #[test]
    fn a_damaged_log_with_right_checksums_never_panics(
        which in any::<bool>(),
        index in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        value in any::<u8>(),
    ) {
        let log = if which { MYSQL } else { MARIADB };
        let mut all = whole(log);
        let index = 1 + index.index(all.len() - 1);
        let mut damaged = all[index].to_vec();
        damaged.truncate(damaged.len() - CHECKSUM_BYTES);
        let at = HEADER_BYTES + at.index(damaged.len() - HEADER_BYTES);
        damaged[at] = value;
        all[index] = sealed(damaged);
        let _outcome = tell(all).is_ok();
    }
}
