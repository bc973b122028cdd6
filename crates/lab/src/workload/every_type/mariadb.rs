//! What only MariaDB has: what can be converted, and what cannot.

use super::Table;
use crate::server::Kind;

/// Types and attributes a MySQL target does not have, whose values it can hold in another type.
pub(super) fn convertible_tables(kind: Kind) -> Vec<Table> {
    let mut all = vec![inet6(), compressed_columns(), aria(), check_on_text_json()];
    match kind {
        // <https://mariadb.com/kb/en/uuid-data-type/>, <https://mariadb.com/kb/en/inet4/>: since 10.7 and 10.10.
        Kind::MariaDb10_11 | Kind::MariaDb11_8 => all.extend([uuid(), inet4()]),
        Kind::MySql5_6 | Kind::MySql | Kind::MariaDb10_5 => {}
    }
    all
}

fn uuid() -> Table {
    Table::new(
        "mariadb_uuid",
        "a type whose order is not its text's order",
        "id UUID NOT NULL PRIMARY KEY, other UUID",
        (0..40).map(|n| format!("'{n:08x}-0000-1000-8000-0000000000{:02x}', IF({n} % 3 = 0, NULL, '00000000-0000-0000-0000-000000000000')", 255 - n)),
    )
}

fn inet6() -> Table {
    Table::new(
        "mariadb_inet6",
        "addresses of sixteen bytes",
        "id INT NOT NULL PRIMARY KEY, a INET6",
        [
            "1, '::'",
            "2, '2001:db8::ff00:42:8329'",
            "3, '::ffff:192.0.2.128'",
            "4, 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'",
            "5, NULL",
        ],
    )
}

fn inet4() -> Table {
    Table::new(
        "mariadb_inet4",
        "addresses of four bytes",
        "id INT NOT NULL PRIMARY KEY, a INET4",
        ["1, '0.0.0.0'", "2, '192.0.2.128'", "3, '255.255.255.255'", "4, NULL"],
    )
}

fn compressed_columns() -> Table {
    Table::new(
        "mariadb_compressed",
        "columns that are compressed where they lie",
        "id INT NOT NULL PRIMARY KEY, t TEXT COMPRESSED, b BLOB COMPRESSED, v VARCHAR(2000) COMPRESSED=zlib DEFAULT 'x'",
        [
            "1, REPEAT('text ', 5000), REPEAT(x'00FF5C', 5000), REPEAT('é', 1000)",
            "2, '', '', ''",
            "3, NULL, NULL, NULL",
        ],
    )
}

fn aria() -> Table {
    Table::with_options(
        "mariadb_aria",
        "an engine MySQL does not have",
        "id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, v VARCHAR(20)",
        "ENGINE=Aria TRANSACTIONAL=1 PAGE_CHECKSUM=1",
        (1..50).map(|n| format!("{n}, 'row {n}'")),
    )
}

fn check_on_text_json() -> Table {
    Table::with_options(
        "mariadb_options",
        "table and column options in MariaDB's own words",
        "id INT NOT NULL PRIMARY KEY, j JSON DEFAULT '{}', e VARCHAR(40) DEFAULT (CONCAT('a', 'b')), \
         d DATETIME DEFAULT CURRENT_TIMESTAMP(), u INT AS (id + 1) PERSISTENT",
        "ENGINE=InnoDB PAGE_COMPRESSED=1 ROW_FORMAT=DYNAMIC",
        ["1, '[1]', 'x', '2026-01-01', DEFAULT", "2, NULL, NULL, NULL, DEFAULT"],
    )
}

pub(super) fn unmovable_tables() -> Vec<Table> {
    vec![
        Table {
            name: "mariadb_sequence".to_owned(),
            why: "a sequence looks like a table",
            script: "CREATE SEQUENCE mariadb_sequence START WITH 100 INCREMENT BY 5;\nDO NEXTVAL(mariadb_sequence);\n".to_owned(),
        },
        Table::with_options(
            "mariadb_versioned",
            "its history would be lost",
            "id INT NOT NULL PRIMARY KEY, v INT",
            "WITH SYSTEM VERSIONING",
            ["1, 1", "2, 2"],
        )
        .then("UPDATE mariadb_versioned SET v = 10 WHERE id = 1;\nDELETE FROM mariadb_versioned WHERE id = 2;\n"),
        Table::new(
            "mariadb_period",
            "a period keeps rows from overlapping",
            "id INT NOT NULL, a DATE NOT NULL, b DATE NOT NULL, PERIOD FOR valid (a, b), PRIMARY KEY (id, valid WITHOUT OVERLAPS)",
            ["1, '2026-01-01', '2026-02-01'", "1, '2026-02-01', '2026-03-01'"],
        ),
    ]
}
