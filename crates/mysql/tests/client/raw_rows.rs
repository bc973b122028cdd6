//! Raw rows as real servers send them.

use sealift_lab::unique_schema;

use crate::{MARIADB, MYSQL, connect, writer};

/// Column type, a value, and its bytes in the binary protocol after the NULL bitmap.
///
/// <https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_binary_resultset.html>
const VALUES: &[(&str, &str, &[u8])] = &[
    ("TINYINT", "-1", &[0xFF]),
    ("TINYINT UNSIGNED", "255", &[0xFF]),
    ("SMALLINT", "-2", &[0xFE, 0xFF]),
    ("YEAR", "0", &[0, 0]),
    ("YEAR", "2026", &[0xEA, 0x07]),
    ("MEDIUMINT", "-8388608", &[0, 0, 0x80, 0xFF]),
    ("INT", "305419896", &[0x78, 0x56, 0x34, 0x12]),
    ("BIGINT", "-9223372036854775808", &[0, 0, 0, 0, 0, 0, 0, 0x80]),
    ("BIGINT UNSIGNED", "18446744073709551615", &[0xFF; 8]),
    ("FLOAT", "1.5", &[0, 0, 0xC0, 0x3F]),
    ("DOUBLE", "-2.5", &[0, 0, 0, 0, 0, 0, 4, 0xC0]),
    ("DECIMAL(10,2)", "-12.30", b"\x06-12.30"),
    ("BIT(12)", "b'101000000001'", &[2, 0x0A, 0x01]),
    ("DATE", "'2026-11-23'", &[4, 0xEA, 7, 11, 23]),
    ("DATE", "'0000-00-00'", &[0]),
    ("DATETIME", "'2026-11-23 01:02:03'", &[7, 0xEA, 7, 11, 23, 1, 2, 3]),
    ("DATETIME", "'2026-11-23 00:00:00'", &[4, 0xEA, 7, 11, 23]),
    ("DATETIME(6)", "'2026-11-23 01:02:03.000001'", &[11, 0xEA, 7, 11, 23, 1, 2, 3, 1, 0, 0, 0]),
    ("TIMESTAMP", "'2026-11-23 01:02:03'", &[7, 0xEA, 7, 11, 23, 1, 2, 3]),
    ("TIME", "'-838:59:59'", &[8, 1, 34, 0, 0, 0, 22, 59, 59]),
    ("TIME(1)", "'-00:00:00.5'", &[12, 1, 0, 0, 0, 0, 0, 0, 0, 0x20, 0xA1, 7, 0]),
    ("TIME", "'00:00:00'", &[0]),
    ("CHAR(5)", "'ab'", b"\x02ab"),
    ("VARCHAR(5) CHARACTER SET latin1", "'ü'", b"\x01\xFC"),
    ("VARCHAR(5) CHARACTER SET utf8mb4", "'🐳'", b"\x04\xF0\x9F\x90\xB3"),
    ("BINARY(3)", "'a'", b"\x03a\0\0"),
    ("VARBINARY(3)", "x'00FF'", b"\x02\0\xFF"),
    ("LONGBLOB", "''", b"\0"),
    ("TEXT", "'t'", b"\x01t"),
    ("ENUM('a','bc')", "'bc'", b"\x02bc"),
    ("SET('a','b')", "'a,b'", b"\x03a,b"),
    (
        "POINT",
        "ST_GeomFromText('POINT(1 2)')",
        &[25, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0x40],
    ),
    ("INT", "NULL", &[]),
];

const MYSQL_ONLY: &[(&str, &str, &[u8])] = &[
    ("JSON", r#"'{"a": 1}'"#, b"\x08{\"a\": 1}"),
    ("VECTOR(1)", "STRING_TO_VECTOR('[1.5]')", &[4, 0, 0, 0xC0, 0x3F]),
];

#[tokio::test]
async fn every_type_comes_in_its_own_bytes() {
    let schema = unique_schema("client_types");
    for (server, more) in [(&*MYSQL, MYSQL_ONLY), (&*MARIADB, &[][..])] {
        let mut session = connect(&writer(server)).await;
        for setting in [
            "SET sql_mode = 'ALLOW_INVALID_DATES'",
            "SET time_zone = '+00:00'",
            "SET character_set_results = NULL",
        ] {
            session.execute(setting).await.unwrap();
        }
        session.execute(format!("CREATE DATABASE {schema}")).await.unwrap();
        for (at, (column, value, expected)) in VALUES.iter().chain(more).enumerate() {
            let table = format!("{schema}.t{at}");
            session.execute(format!("CREATE TABLE {table} (v {column} NULL)")).await.unwrap();
            session.execute(format!("INSERT INTO {table} VALUES ({value})")).await.unwrap();
            let mut rows = session.read(format!("SELECT v FROM {table}")).await.unwrap();
            assert_eq!(rows.columns().len(), 1);
            let row = rows.next().await.unwrap().unwrap();
            let is_null = *value == "NULL";
            assert_eq!(row[0] & 0b100 != 0, is_null, "NULL bitmap of {column}");
            assert_eq!(&row[1..], *expected, "{column} {value}");
            assert!(rows.next().await.unwrap().is_none());
        }
    }
}

#[tokio::test]
async fn columns_say_what_they_are() {
    let mut session = connect(&writer(&MYSQL)).await;
    let sql = "SELECT CAST(1 AS UNSIGNED) AS `a b`, CAST('x' AS BINARY) AS c WHERE 0";
    let mut rows = session.read(sql).await.unwrap();
    let columns = rows.columns();
    assert_eq!(columns[0].name, "a b");
    assert_eq!((columns[0].type_code, columns[0].is_unsigned()), (8, true));
    assert_eq!((columns[1].charset, columns[1].is_unsigned()), (63, false));
    assert!(rows.next().await.unwrap().is_none());
    assert!(rows.next().await.unwrap().is_none());
}
