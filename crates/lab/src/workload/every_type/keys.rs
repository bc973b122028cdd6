//! Tables with every kind of key, their rows drawn from a seed.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::Table;
use crate::server::Kind;

/// Rows drawn for each table: enough for many small chunks.
const ROWS: usize = 300;

/// Keys of text: the end of the table's name, the column's type, and the alphabet of its values.
type TextKey = (&'static str, &'static str, &'static [&'static str]);

/// Letters that collations order differently from bytes, expand, contract or ignore.
const LETTERS: &[&str] = &[
    "a", "A", "á", "ä", "b", "B", "z", "Z", "ß", "ss", "æ", "ø", "é", "e", " ", "-", "_", "'",
    "\\\\", "0", "9", "日", "本", "я", "Я",
];
/// The same with what needs four bytes or combines.
const ALL_LETTERS: &[&str] =
    &["a", "A", "á", "ä", "ß", "😀", "🏳", "e\u{301}", "\u{200d}", "日", " ", "'", "\\\\", "Z"];
/// What latin1 has.
const WESTERN: &[&str] =
    &["a", "A", "á", "ä", "ae", "b", "ß", "ss", "z", "Z", "ÿ", " ", "'", "\\\\", "0"];
/// What gbk and sjis have, with second bytes of 0x5C.
const CHINESE: &[&str] = &["a", "A", "備", "乗", "中", "文", " ", "'", "z"];
const JAPANESE: &[&str] = &["a", "A", "ソ", "表", "能", "日", " ", "'", "z"];
const PLAIN: &[&str] = &["a", "A", "b", "Z", "0", "9", " ", "-", "_", "'", "\\\\", "~"];

const TEXT_KEYS: &[TextKey] = &[
    ("utf8mb4_bin", "VARCHAR(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", ALL_LETTERS),
    ("utf8mb4_general_ci", "VARCHAR(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci", LETTERS),
    ("utf8mb4_unicode_ci", "VARCHAR(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci", LETTERS),
    ("utf8mb3_general_ci", "CHAR(20) CHARACTER SET utf8mb3 COLLATE utf8mb3_general_ci", LETTERS),
    ("latin1_swedish_ci", "VARCHAR(30) CHARACTER SET latin1 COLLATE latin1_swedish_ci", WESTERN),
    ("latin1_german2_ci", "CHAR(30) CHARACTER SET latin1 COLLATE latin1_german2_ci", WESTERN),
    ("ascii_bin", "CHAR(24) CHARACTER SET ascii COLLATE ascii_bin", PLAIN),
    ("gbk_chinese_ci", "VARCHAR(30) CHARACTER SET gbk COLLATE gbk_chinese_ci", CHINESE),
    ("sjis_japanese_ci", "VARCHAR(30) CHARACTER SET sjis COLLATE sjis_japanese_ci", JAPANESE),
    ("utf16_unicode_ci", "VARCHAR(30) CHARACTER SET utf16 COLLATE utf16_unicode_ci", ALL_LETTERS),
];
const TEXT_KEYS_MYSQL: &[TextKey] = &[
    ("utf8mb4_0900_ai_ci", "VARCHAR(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci", LETTERS),
    ("utf8mb4_0900_as_cs", "VARCHAR(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_as_cs", LETTERS),
    ("utf8mb4_0900_bin", "VARCHAR(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin", ALL_LETTERS),
    ("utf8mb4_de_pb", "CHAR(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_de_pb_0900_as_cs", LETTERS),
];

pub(super) fn tables(kind: Kind, seed: u64) -> Vec<Table> {
    let mut draw = StdRng::seed_from_u64(seed);
    let mut all = integers(&mut draw);
    all.extend(TEXT_KEYS.iter().map(|key| text(key, &mut draw)));
    if kind == Kind::MySql {
        all.extend(TEXT_KEYS_MYSQL.iter().map(|key| text(key, &mut draw)));
    }
    all.extend(bytes(&mut draw));
    all.extend(temporal(&mut draw));
    all.extend(other_types(&mut draw));
    all.extend(composite(&mut draw));
    all.extend(not_primary(&mut draw));
    all
}

/// A table whose key `k` has this type. A value that the key's collation holds equal to an earlier one is left out.
fn keyed(
    name: impl Into<String>,
    why: &'static str,
    kind: &str,
    keys: impl IntoIterator<Item = String>,
) -> Table {
    let columns = format!("k {kind} NOT NULL, v VARCHAR(60), PRIMARY KEY (k)");
    unique(
        name,
        why,
        &columns,
        keys.into_iter().enumerate().map(|(n, key)| format!("{key}, 'row {n}'")),
    )
}

/// A table into which equal keys go only once.
fn unique(
    name: impl Into<String>,
    why: &'static str,
    columns: &str,
    rows: impl IntoIterator<Item = String>,
) -> Table {
    let mut table = Table::new(name, why, columns, rows);
    table.script = table.script.replace("INSERT INTO", "INSERT IGNORE INTO");
    table
}

fn integers(draw: &mut StdRng) -> Vec<Table> {
    let wide = |draw: &mut StdRng| draw.random::<i64>().to_string();
    let near = |draw: &mut StdRng| draw.random_range(-50_i64..500).to_string();
    let unsigned = |draw: &mut StdRng| draw.random::<u64>().to_string();
    let ends = |ends: &[i128]| ends.iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut signed = ends(&[i128::from(i64::MIN), -1, 0, 1, i128::from(i64::MAX)]);
    signed.extend((0..ROWS).map(|n| if n % 2 == 0 { wide(draw) } else { near(draw) }));
    let mut plus =
        ends(&[0, 1, i128::from(i64::MAX), i128::from(i64::MAX) + 1, i128::from(u64::MAX)]);
    plus.extend((0..ROWS).map(|_| unsigned(draw)));
    let gaps = (0..ROWS).scan(0_u32, |last, _| {
        *last += if draw.random_ratio(1, 20) { draw.random_range(1..50_000) } else { 1 };
        Some(last.to_string())
    });
    let gaps: Vec<String> = gaps.collect();
    vec![
        keyed(
            "key_tinyint",
            "every value of the type",
            "TINYINT",
            (-128..=127).map(|n: i32| n.to_string()),
        ),
        keyed("key_bigint", "both ends of the type, dense and sparse", "BIGINT", signed),
        keyed("key_bigint_unsigned", "values past the signed range", "BIGINT UNSIGNED", plus),
        keyed(
            "key_mediumint_unsigned",
            "the upper half of three bytes",
            "MEDIUMINT UNSIGNED",
            (0..ROWS).map(|n| (16_777_215 - n * 30_000).to_string()),
        ),
        keyed("key_auto_gaps", "a counter with gaps", "INT UNSIGNED AUTO_INCREMENT", gaps),
        keyed(
            "key_auto_zero",
            "a counter's column that holds zero and less",
            "INT AUTO_INCREMENT",
            ends(&[-5, -1, 0, 1, 7]),
        ),
        keyed(
            "key_auto_full",
            "a counter at its end",
            "TINYINT UNSIGNED AUTO_INCREMENT",
            ends(&[1, 254, 255]),
        ),
    ]
}

fn text((name, kind, alphabet): &TextKey, draw: &mut StdRng) -> Table {
    let mut word = || {
        let letters = draw.random_range(0..8);
        let word: String = (0..letters).filter_map(|_| alphabet.choose(draw).copied()).collect();
        format!("'{}'", word.replace('\'', "''"))
    };
    let words: Vec<String> = (0..ROWS).map(|_| word()).collect();
    keyed(
        format!("key_{name}"),
        "order and equality are the collation's, not the bytes'",
        kind,
        words,
    )
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    format!("x'{digits}'")
}

fn bytes(draw: &mut StdRng) -> Vec<Table> {
    let sixteen: Vec<String> = (0..ROWS)
        .map(|_| {
            let mut key: [u8; 16] = draw.random();
            let zeros = draw.random_range(0..=16);
            key[16 - zeros..].fill(0);
            hexadecimal(&key)
        })
        .collect();
    let odd = [0x00, 0x27, 0x5C, 0xFF, 0x20, 0x61, 0x0A];
    let varying: Vec<String> = (0..ROWS)
        .map(|_| {
            let length = draw.random_range(0..6);
            let key: Vec<u8> = (0..length).filter_map(|_| odd.choose(draw).copied()).collect();
            hexadecimal(&key)
        })
        .collect();
    vec![
        keyed("key_binary16", "keys that end in zero bytes", "BINARY(16)", sixteen),
        keyed(
            "key_varbinary",
            "keys that are prefixes of one another; quotes, backslashes, 0xFF",
            "VARBINARY(20)",
            varying,
        ),
    ]
}

fn temporal(draw: &mut StdRng) -> Vec<Table> {
    let mut date = || {
        let (year, month, day) =
            (draw.random_range(0..2100), draw.random_range(0..=12), draw.random_range(0..=31));
        format!("{year:04}-{month:02}-{day:02}")
    };
    let dates: Vec<String> = (0..ROWS).map(|_| format!("'{}'", date())).collect();
    let moments: Vec<String> = (0..ROWS)
        .map(|n| format!("'{} {:02}:{:02}:00.{:06}'", date(), n % 24, n % 60, n * 3331 % 1_000_000))
        .collect();
    let times = (0..ROWS).map(|n| {
        format!(
            "'{}{:02}:{:02}:{:02}.{:06}'",
            if n % 3 == 0 { "-" } else { "" },
            n * 7 % 838,
            n % 60,
            n * 11 % 60,
            n * 9973 % 1_000_000
        )
    });
    let stamps = (0..ROWS).map(|n| {
        format!(
            "FROM_UNIXTIME({}.{:06})",
            n * 7_000_003 % 2_147_000_000 + 1,
            n * 123_457 % 1_000_000
        )
    });
    vec![
        keyed("key_date", "zero dates and days no month has, as keys", "DATE", dates),
        keyed("key_datetime", "fractions in a key", "DATETIME(6)", moments),
        keyed("key_time", "negative times in order", "TIME(6)", times),
        keyed("key_timestamp", "bounds must not move with the time zone", "TIMESTAMP(6)", stamps),
        keyed(
            "key_year",
            "year 0000 comes first",
            "YEAR",
            (1901..=2155).chain([0]).map(|y: u32| format!("{y:04}")).map(|y| format!("'{y}'")),
        ),
    ]
}

fn other_types(draw: &mut StdRng) -> Vec<Table> {
    let decimals: Vec<String> = (0..ROWS)
        .map(|_| {
            format!(
                "{}.{:05}",
                draw.random_range(-1_000_000_i64..1_000_000),
                draw.random_range(0..100_000)
            )
        })
        .collect();
    let mut doubles: Vec<String> =
        (0..ROWS).map(|_| format!("{:e}", draw.random_range(-1e9_f64..1e9) * 1e3)).collect();
    doubles.extend(
        ["-1.7976931348623157e308", "4.9406564584124654e-324", "0", "0.1", "0.30000000000000004"]
            .map(str::to_owned),
    );
    vec![
        keyed("key_decimal", "decimals must be compared as decimals", "DECIMAL(20,5)", decimals),
        keyed("key_double", "floats as keys: bounds must be exact", "DOUBLE", doubles),
        keyed(
            "key_enum",
            "ordered by member, not by text",
            "ENUM('z','a','m','','10','9')",
            (1..=6).map(|n| n.to_string()),
        ),
        keyed("key_set", "ordered by bits", "SET('z','a','m','b')", (0..16).map(|n| n.to_string())),
        keyed(
            "key_bit",
            "bits compare as numbers and travel as bytes",
            "BIT(10)",
            (0..ROWS).map(|n| (n * 3).to_string()),
        ),
    ]
}

fn composite(draw: &mut StdRng) -> Vec<Table> {
    let tenants: Vec<String> = (0..ROWS * 2)
        .map(|n| {
            format!("{}, {n}, 'row {n}'", if n % 10 < 8 { 7 } else { draw.random_range(-3..20) })
        })
        .collect();
    let triple: Vec<String> = (0..ROWS)
        .map(|n| {
            let word: String = (0..3).filter_map(|_| LETTERS.choose(draw).copied()).collect();
            format!(
                "'{}', '2026-01-{:02} 00:00:00.{}', x'{:02X}00', {n}",
                word.replace('\'', "''"),
                n % 28 + 1,
                n % 3,
                n % 5
            )
        })
        .collect();
    let columns: Vec<String> = (0..16).map(|n| format!("c{n} TINYINT NOT NULL")).collect();
    let names: Vec<String> = (0..16).map(|n| format!("c{n}")).collect();
    let deep = (0..ROWS).map(|row| {
        let bits: Vec<String> = (0..16).map(|n| (row >> (15 - n) & 1).to_string()).collect();
        bits.join(", ")
    });
    vec![
        unique(
            "key_tenant",
            "most rows share the first column of the key",
            "tenant INT NOT NULL, id BIGINT NOT NULL, v VARCHAR(60), PRIMARY KEY (tenant, id)",
            tenants,
        ),
        unique(
            "key_out_of_order",
            "the key's columns are not in the table's order, and one runs backwards",
            "v INT, b INT NOT NULL, a INT NOT NULL, PRIMARY KEY (a DESC, b)",
            (0..ROWS).map(|n| format!("{n}, {}, {}", n % 17, n % 23)),
        ),
        unique(
            "key_triple",
            "text, time and bytes in one key",
            "s VARCHAR(20) COLLATE utf8mb4_general_ci NOT NULL, at DATETIME(1) NOT NULL, b BINARY(4) NOT NULL, v INT, PRIMARY KEY (s, at, b)",
            triple,
        ),
        unique(
            "key_sixteen",
            "as many columns as a key can have",
            &format!("{}, PRIMARY KEY ({})", columns.join(", "), names.join(", ")),
            deep,
        ),
    ]
}

fn not_primary(draw: &mut StdRng) -> Vec<Table> {
    let prefixes: Vec<String> = (0..ROWS)
        .map(|n| format!("'{:04}{}', {n}", draw.random_range(0..9999), "x".repeat(n % 20)))
        .collect();
    vec![
        unique(
            "key_unique_only",
            "no primary key, but a unique one without NULLs",
            "a INT, u BIGINT NOT NULL, v VARCHAR(20), UNIQUE KEY (u)",
            (0..ROWS).map(|n| format!("{n}, {}, 'row {n}'", n * 3)),
        ),
        unique(
            "key_unique_nullable",
            "a unique key with many NULLs tells no rows apart",
            "u INT DEFAULT NULL, v INT, UNIQUE KEY (u)",
            (0..ROWS).map(|n| {
                format!("{}, {}", if n % 2 == 0 { "NULL".to_owned() } else { n.to_string() }, n % 5)
            }),
        ),
        unique(
            "key_two_uniques",
            "one unique key with NULLs, one without",
            "u INT DEFAULT NULL, w INT NOT NULL, x INT NOT NULL, UNIQUE KEY (u), UNIQUE KEY (w, x), KEY (x)",
            (0..ROWS).map(|n| format!("NULL, {}, {}", n / 7, n % 7)),
        ),
        Table::new(
            "key_none",
            "no key, and rows that are equal",
            "a INT, b VARCHAR(20), c DATETIME",
            (0..ROWS).map(|n| format!("{}, 'same', NULL", n % 3)),
        ),
        Table::new(
            "key_none_blob",
            "no key, and rows too large for a sort buffer",
            "b LONGBLOB, j TEXT",
            (0..8).map(|n| format!("REPEAT(x'0{n}', 300000), NULL")),
        ),
        unique(
            "key_prefix",
            "a primary key on the start of a column",
            "t TEXT NOT NULL, v INT, PRIMARY KEY (t(12))",
            prefixes,
        ),
        unique(
            "key_redundant",
            "the same column in two keys",
            "id INT NOT NULL, v INT, PRIMARY KEY (id), UNIQUE KEY again (id)",
            (0..ROWS).map(|n| format!("{n}, {n}")),
        ),
    ]
}
