//! Dates and times: zero, impossible, negative, with every precision.

use super::Table;

pub(super) fn tables() -> Vec<Table> {
    vec![dates(), datetimes(), timestamps(), times(), years(), automatic(), required()]
}

/// A column of each fractional precision, `name0` to `name6`.
fn precisions(kind: &str, letter: char, default: &str) -> String {
    let column = |n| format!("{letter}{n} {kind}({n}) {default}");
    (0..=6).map(column).collect::<Vec<_>>().join(", ")
}

/// The same value for all seven precisions.
fn seven(value: &str) -> String {
    [value; 7].join(", ")
}

fn dates() -> Table {
    Table::new(
        "dates",
        "zero dates, zero parts and days no month has",
        "id INT NOT NULL PRIMARY KEY, d DATE",
        [
            "1, '0000-00-00'",
            "2, '0000-01-01'",
            "3, '0001-01-01'",
            "4, '1000-01-01'",
            "5, '1582-10-10'",
            "6, '9999-12-31'",
            "7, '2026-00-00'",
            "8, '2026-05-00'",
            "9, '2026-02-31'",
            "10, '2023-02-29'",
            "11, '2024-02-29'",
            "12, NULL",
        ],
    )
}

fn datetimes() -> Table {
    let row = |(n, value): (usize, &&str)| format!("{n}, {}", seven(value));
    let values = [
        "'0000-00-00 00:00:00'",
        "'0000-00-00 00:00:00.000001'",
        "'0001-01-01 00:00:00'",
        "'9999-12-31 23:59:59'",
        "'2026-02-31 12:34:56.789012'",
        "'2026-00-00 01:02:03.999999'",
        "'1969-12-31 23:59:59.100000'",
        "'2025-03-30 02:30:00.5'",
        "NULL",
    ];
    Table::new(
        "datetimes",
        "all precisions; zero, impossible, before the epoch, in the hour that does not exist",
        format!("id INT NOT NULL PRIMARY KEY, {}", precisions("DATETIME", 'd', "DEFAULT NULL")),
        values.iter().enumerate().map(row),
    )
}

fn timestamps() -> Table {
    let row = |(n, value): (usize, &&str)| format!("{n}, {}", seven(value));
    let values = [
        "'0000-00-00 00:00:00'",
        "'1970-01-01 00:00:01'",
        "'2038-01-19 03:14:07'",
        "'2025-03-30 01:30:00.123456'",
        "'2025-10-26 00:30:00.999'",
        "'2025-10-26 01:30:00.999'",
        "'2001-09-09 01:46:40'",
        "NULL",
    ];
    Table::new(
        "timestamps",
        "all precisions; zero, both ends, both sides of a clock change",
        format!(
            "id INT NOT NULL PRIMARY KEY, {}",
            precisions("TIMESTAMP", 't', "NULL DEFAULT NULL")
        ),
        values.iter().enumerate().map(row),
    )
}

fn times() -> Table {
    let row = |(n, value): (usize, &&str)| format!("{n}, {}", seven(value));
    let values = [
        "'-838:59:59'",
        "'838:59:59'",
        "'-00:00:00.000001'",
        "'-00:00:00.5'",
        "'-00:00:01.25'",
        "'-12:34:56.789012'",
        "'00:00:00'",
        "'23:59:59.499999'",
        "'100:00:00.1'",
        "NULL",
    ];
    Table::new(
        "times",
        "negative times with fractions, which decoders get wrong, and more than a day",
        format!("id INT NOT NULL PRIMARY KEY, {}", precisions("TIME", 't', "DEFAULT NULL")),
        values.iter().enumerate().map(row),
    )
}

fn years() -> Table {
    Table::new(
        "years",
        "year 0000 is not 1900 and not 2000",
        "id INT NOT NULL PRIMARY KEY, y YEAR, n YEAR NOT NULL DEFAULT 0",
        ["1, '0000', '0000'", "2, 1901, 1901", "3, 2155, 2155", "4, 2000, 1970", "5, NULL, 2026"],
    )
}

fn automatic() -> Table {
    Table::new(
        "timestamps_automatic",
        "columns the server fills by itself must keep the source's values",
        "id INT NOT NULL PRIMARY KEY, n INT, \
         made TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, \
         touched TIMESTAMP(3) NULL DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP(3), \
         seen DATETIME(6) DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)",
        [
            "1, 1, '2001-02-03 04:05:06', '2001-02-03 04:05:06.789', '2001-02-03 04:05:06.789012'",
            "2, 2, '2001-02-03 04:05:06', NULL, NULL",
            "3, 3, '0000-00-00 00:00:00', '0000-00-00 00:00:00', '0000-00-00 00:00:00'",
        ],
    )
}

fn required() -> Table {
    Table::new(
        "temporal_required",
        "zero in NOT NULL columns, and as their default",
        "id INT NOT NULL PRIMARY KEY, d DATE NOT NULL DEFAULT '0000-00-00', \
         dt DATETIME NOT NULL DEFAULT '0000-00-00 00:00:00', \
         ts TIMESTAMP NOT NULL DEFAULT '0000-00-00 00:00:00', t TIME NOT NULL DEFAULT '00:00:00'",
        [
            "1, DEFAULT, DEFAULT, DEFAULT, DEFAULT",
            "2, '2026-01-01', '2026-01-01', '2026-01-01', '-01:00:00'",
        ],
    )
}
