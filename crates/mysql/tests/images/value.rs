//! Random column types and values for them, as SQL.

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use sealift_lab::Kind;

/// A family of types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Integer,
    Decimal,
    Float,
    Bit,
    Year,
    Date,
    Time,
    Text,
    Bytes,
    Members,
    Json,
    Geometry,
    Vector,
    Address,
    Compressed,
}

/// The families a server has.
pub(crate) fn shapes(kind: Kind) -> Vec<Shape> {
    let mut shapes = vec![
        Shape::Integer,
        Shape::Decimal,
        Shape::Float,
        Shape::Bit,
        Shape::Year,
        Shape::Date,
        Shape::Time,
        Shape::Time,
        Shape::Text,
        Shape::Text,
        Shape::Bytes,
        Shape::Members,
        Shape::Geometry,
    ];
    match kind {
        Kind::MySql5_6 => {}
        Kind::MySql => shapes.extend([Shape::Json, Shape::Json, Shape::Vector]),
        Kind::MariaDb10_5 => shapes.push(Shape::Compressed),
        Kind::MariaDb10_11 | Kind::MariaDb11_8 => {
            shapes.extend([Shape::Compressed, Shape::Address, Shape::Address]);
        }
    }
    shapes
}

impl Shape {
    /// A type of the family.
    pub(crate) fn declare(self, random: &mut StdRng) -> String {
        let pick = |random: &mut StdRng, of: &[&str]| (*of.choose(random).unwrap()).to_owned();
        match self {
            Self::Integer => {
                let types = ["TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT"];
                pick(random, &types) + &pick(random, &["", " UNSIGNED", " ZEROFILL"])
            }
            Self::Decimal => {
                let scale = random.random_range(0..=30);
                let precision = random.random_range(scale.max(1)..=65);
                format!("DECIMAL({precision},{scale})")
                    + &pick(random, &["", "", " UNSIGNED", " ZEROFILL"])
            }
            Self::Float => pick(random, &["FLOAT", "DOUBLE", "FLOAT UNSIGNED", "DOUBLE(15,4)"]),
            Self::Bit => format!("BIT({})", random.random_range(1..=64)),
            Self::Year => "YEAR".to_owned(),
            Self::Date => "DATE".to_owned(),
            Self::Time => {
                let digits = random.random_range(0..=6);
                pick(random, &["TIME", "DATETIME", "TIMESTAMP"]) + &format!("({digits})")
            }
            Self::Text => {
                let length = random.random_range(0..=80);
                let kind = [
                    format!("CHAR({length})"),
                    format!("VARCHAR({length})"),
                    "VARCHAR(255)".to_owned(),
                    "VARCHAR(256)".to_owned(),
                    "TINYTEXT".to_owned(),
                    "TEXT".to_owned(),
                    "LONGTEXT".to_owned(),
                ];
                let set = ["utf8mb4", "utf8mb3", "latin1", "utf16", "ucs2", "gbk", "sjis", "ascii"];
                let kind = kind.choose(random).unwrap().clone();
                kind + " CHARACTER SET " + &pick(random, &set)
            }
            Self::Bytes => {
                let length = random.random_range(0..=255);
                let kind = [
                    format!("BINARY({length})"),
                    format!("VARBINARY({length})"),
                    "VARBINARY(300)".to_owned(),
                    "TINYBLOB".to_owned(),
                    "BLOB".to_owned(),
                    "MEDIUMBLOB".to_owned(),
                ];
                kind.choose(random).unwrap().clone()
            }
            Self::Members => {
                let count = *[1, 2, 8, 9, 17, 33, 64].choose(random).unwrap();
                let members: Vec<String> = (0..count).map(|n| format!("'m{n}'")).collect();
                pick(random, &["ENUM", "SET"]) + &format!("({})", members.join(","))
            }
            Self::Json => "JSON".to_owned(),
            Self::Geometry => pick(random, &["POINT", "GEOMETRY"]),
            Self::Vector => format!("VECTOR({})", random.random_range(1..=70)),
            Self::Address => pick(random, &["UUID", "INET4", "INET6"]),
            Self::Compressed => pick(
                random,
                &[
                    "TEXT COMPRESSED",
                    "BLOB COMPRESSED",
                    "VARCHAR(254) COMPRESSED",
                    "VARCHAR(255) CHARACTER SET latin1 COMPRESSED",
                    "VARCHAR(255) COMPRESSED",
                ],
            ),
        }
    }

    /// A value for some type of the family; not all fit.
    pub(crate) fn value(self, random: &mut StdRng) -> String {
        if random.random_bool(0.08) {
            return "NULL".to_owned();
        }
        match self {
            Self::Integer => match random.random_range(0..4) {
                0 => random.random_range(-300..300_i64).to_string(),
                1 => random.random::<i64>().to_string(),
                2 => random.random::<u64>().to_string(),
                _ => (1_u64 << random.random_range(0..64)).wrapping_sub(1).to_string(),
            },
            Self::Decimal => {
                format!("{}{}.{}", sign(random), digits(random, 35), digits(random, 30))
            }
            Self::Float => match random.random_range(0..3) {
                0 => format!("{:e}", f32::from_bits(random.random::<u32>() & 0xff7f_ffff)),
                1 => {
                    format!("{:e}", f64::from_bits(random.random::<u64>() & 0xffef_ffff_ffff_ffff))
                }
                _ => format!("{}{}.{}", sign(random), digits(random, 8), digits(random, 4)),
            },
            Self::Bit => (random.random::<u64>() >> random.random_range(0..64)).to_string(),
            Self::Year => ["0", "1901", "2155", "1999", "70"].choose(random).unwrap().to_string(),
            Self::Date => date(random),
            Self::Time if random.random_bool(0.4) => format!(
                "'{}{}:{:02}:{:02}.{:06}'",
                sign(random),
                random.random_range(0..=838),
                random.random_range(0..60),
                random.random_range(0..60),
                random.random_range(0..1_000_000)
            ),
            Self::Time => format!(
                "CONCAT({}, ' {:02}:{:02}:{:02}.{:06}')",
                date(random),
                random.random_range(0..24),
                random.random_range(0..60),
                random.random_range(0..60),
                random.random_range(0..1_000_000)
            ),
            Self::Text | Self::Compressed => format!("'{}'", text(random, 90)),
            Self::Bytes => {
                let length = random.random_range(0..=255);
                let zeros = random.random_range(0..4);
                let bytes: String =
                    (0..length).map(|_| format!("{:02x}", random.random::<u8>())).collect();
                format!("x'{bytes}{}'", "00".repeat(zeros))
            }
            Self::Members => (random.random::<u64>() >> random.random_range(0..64)).to_string(),
            Self::Json => json(random),
            Self::Geometry => format!(
                "ST_GeomFromText('POINT({} {})')",
                random.random_range(-90..90),
                random.random_range(-90..90)
            ),
            Self::Vector => {
                let count = random.random_range(1..=70);
                let numbers: Vec<String> =
                    (0..count).map(|_| random.random_range(-9e9_f32..9e9).to_string()).collect();
                format!("STRING_TO_VECTOR('[{}]')", numbers.join(","))
            }
            Self::Address => address(random),
        }
    }

    /// A new value for a column; JSON is changed in part, which leaves it where it lies.
    pub(crate) fn change(self, column: &str, random: &mut StdRng) -> String {
        if self != Self::Json || random.random_bool(0.3) {
            return self.value(random);
        }
        let path = ["$.a", "$.b", "$[0]", "$[1]", "$.a[0]", "$.b.a"].choose(random).unwrap();
        match random.random_range(0..4) {
            0 => format!("JSON_REMOVE({column}, '{path}')"),
            1 => format!("JSON_REPLACE({column}, '{path}', '{}')", text(random, 5)),
            _ => format!("JSON_SET({column}, '{path}', {})", scalar(random)),
        }
    }
}

fn sign(random: &mut StdRng) -> &'static str {
    if random.random_bool(0.5) { "-" } else { "" }
}

fn digits(random: &mut StdRng, most: usize) -> String {
    let count = random.random_range(1..=most);
    (0..count).map(|_| char::from(random.random_range(b'0'..=b'9'))).collect()
}

/// A date, now and then an impossible one.
fn date(random: &mut StdRng) -> String {
    match random.random_range(0..8) {
        0 => "'0000-00-00'".to_owned(),
        1 => format!("'{:04}-00-00'", random.random_range(0..10_000)),
        2..=4 => format!(
            "'{}-{:02}-{:02}'",
            random.random_range(1971..2038),
            random.random_range(1..13),
            random.random_range(1..29)
        ),
        _ => format!(
            "'{:04}-{:02}-{:02}'",
            random.random_range(0..10_000),
            random.random_range(1..13),
            random.random_range(1..32)
        ),
    }
}

/// Text for a literal, quotes and backslashes escaped.
fn text(random: &mut StdRng, most: usize) -> String {
    const LETTERS: [&str; 14] =
        ["a", "Z", "0", " ", "  ", "\\\\", "''", "\\n", "\\0", "é", "ß", "日", "ソ", "😀"];
    (0..random.random_range(0..=most)).map(|_| *LETTERS.choose(random).unwrap()).collect()
}

fn address(random: &mut StdRng) -> String {
    let word = |random: &mut StdRng| {
        if random.random_bool(0.5) { 0 } else { random.random::<u16>() }
    };
    match random.random_range(0..3) {
        0 => format!("'{}'", std::net::Ipv4Addr::from_bits(random.random())),
        1 => {
            let words: Vec<String> = (0..8).map(|_| format!("{:x}", word(random))).collect();
            format!("'{}'", words.join(":"))
        }
        _ => {
            let words: String = (0..8).map(|_| format!("{:04x}", word(random))).collect();
            format!("'{words}'")
        }
    }
}

/// An expression of a JSON value.
fn json(random: &mut StdRng) -> String {
    if random.random_bool(0.02) {
        // More than offsets of two bytes reach.
        let count = random.random_range(4_000..8_000);
        return format!("CONCAT('[', REPEAT('[1, \"long enough\", {{}}], ', {count}), '2]')");
    }
    nested(random, 5)
}

fn nested(random: &mut StdRng, depth: u32) -> String {
    let count = random.random_range(0..5);
    match random.random_range(0..4) {
        0 | 1 if depth == 0 => scalar(random),
        0 => {
            let values: Vec<String> = (0..count).map(|_| nested(random, depth - 1)).collect();
            format!("JSON_ARRAY({})", values.join(", "))
        }
        1 => {
            let keys = ["'a'", "'b'", "''", "'longer key'", "'日本'", "'\"'"];
            let members: Vec<String> = (0..count)
                .map(|_| format!("{}, {}", keys.choose(random).unwrap(), nested(random, depth - 1)))
                .collect();
            format!("JSON_OBJECT({})", members.join(", "))
        }
        _ => scalar(random),
    }
}

/// An expression of a JSON value that is no container.
fn scalar(random: &mut StdRng) -> String {
    match random.random_range(0..11) {
        0 => format!("CAST('{}' AS JSON)", ["null", "true", "false"].choose(random).unwrap()),
        1 => format!("CAST({} AS JSON)", random.random_range(-70_000..70_000)),
        2 => format!("CAST({} AS JSON)", random.random::<i64>()),
        3 => format!("CAST({} AS JSON)", random.random::<u64>()),
        4 => {
            let double = f64::from_bits(random.random::<u64>() & 0xffef_ffff_ffff_ffff);
            format!("CAST({double:e} AS JSON)")
        }
        5 => format!("CAST({}.{} AS JSON)", digits(random, 30), digits(random, 20)),
        6 => format!("CAST(CAST({} AS DATE) AS JSON)", date(random)),
        7 => format!(
            "CAST(TIME '{}{:02}:59:{:02}.{:06}' AS JSON)",
            sign(random),
            random.random_range(0..800),
            random.random_range(0..60),
            random.random_range(0..1_000_000)
        ),
        8 => format!(
            "CAST(CAST(x'{}' AS BINARY) AS JSON)",
            "5c00ff".repeat(random.random_range(0..60))
        ),
        9 => format!("CAST({:e} AS JSON)", random.random_range(-1e20..1e20)),
        _ => format!("JSON_QUOTE('{}')", text(random, 40)),
    }
}
