//! Text in every character set, with every byte sequence that is well formed there.

use super::Table;
use super::binary::all_bytes;
use crate::server::Kind;

/// Character sets of one byte per character, all 256 values of which are stored as they are.
const ONE_BYTE: &[&str] = &[
    "armscii8", "cp1250", "cp1251", "cp1256", "cp1257", "cp850", "cp852", "cp866", "dec8",
    "geostd8", "greek", "hebrew", "hp8", "keybcs2", "koi8r", "koi8u", "latin1", "latin2", "latin5",
    "latin7", "macce", "macroman", "swe7", "tis620",
];

/// A range of bytes, both ends included.
type Bytes = (u8, u8);

/// Character sets of two bytes: which first and which second bytes make a character. Many second bytes are 0x5C, the
/// backslash, which is why these sets break tools that escape bytes.
const TWO_BYTES: &[(&str, &[Bytes], &[Bytes])] = &[
    ("big5", &[(0xA1, 0xF9)], &[(0x40, 0x7E), (0xA1, 0xFE)]),
    ("cp932", &[(0x81, 0x9F), (0xE0, 0xFC)], &[(0x40, 0x7E), (0x80, 0xFC)]),
    ("eucjpms", &[(0xA1, 0xFE)], &[(0xA1, 0xFE)]),
    ("euckr", &[(0x81, 0xFE)], &[(0x41, 0x5A), (0x61, 0x7A), (0x81, 0xFE)]),
    ("gb2312", &[(0xA1, 0xF7)], &[(0xA1, 0xFE)]),
    ("gbk", &[(0x81, 0xFE)], &[(0x40, 0x7E), (0x80, 0xFE)]),
    ("sjis", &[(0x81, 0x9F), (0xE0, 0xFC)], &[(0x40, 0x7E), (0x80, 0xFC)]),
    ("ujis", &[(0xA1, 0xFE)], &[(0xA1, 0xFE)]),
];

/// Character sets of Unicode.
const UNICODE: &[&str] = &["ucs2", "utf16", "utf16le", "utf32", "utf8mb3", "utf8mb4"];

pub(super) fn tables(kind: Kind) -> Vec<Table> {
    let mut all = vec![edges(), lengths(), mixed(), mojibake(), one_byte()];
    all.extend(TWO_BYTES.iter().map(|(set, first, second)| two_bytes(set, first, second)));
    all.extend(UNICODE.iter().map(|set| unicode(set)));
    match kind {
        Kind::MySql => all.push(gb18030()),
        // They do not have it.
        Kind::MySql5_6 | Kind::MariaDb10_5 | Kind::MariaDb10_11 | Kind::MariaDb11_8 => {}
    }
    all
}

fn edges() -> Table {
    Table::new(
        "text_edges",
        "empty beside NULL, spaces at the end, delimiters, escapes, words that mean NULL to loaders",
        "id INT NOT NULL PRIMARY KEY, c CHAR(5) COLLATE utf8mb4_bin, v VARCHAR(100), t TEXT",
        [
            r"1, 'ab', 'ab', 'ab'",
            r"2, '', '', ''",
            r"3, NULL, NULL, NULL",
            r"4, 'ab   ', 'ab   ', 'ab   '",
            r"5, ' ', ' ', ' '",
            r"6, '\\N', '\\N', '\\N'",
            r"7, 'NULL', 'NULL', 'NULL'",
            r#"8, '\0\n\r\t\Z', 'a\0b\nc\rd\te\Zf', '\\\'\"`;--'"#,
            r"9, '😀😀😀😀😀', '𝄞 music', '日本語 🏴󠁧󠁢󠁳󠁣󠁴󠁿'",
            r"10, '\\\\', 'C:\\new\\table', 'ends with a backslash\\'",
            r"11, '''', 'it''s', '\',(1,\'x\'),('",
            r"12, 'é', CONCAT('e', _utf8mb4 x'CC81'), _utf8mb4 x'EFBBBF41'",
            r"13, '%_', '/*!50000 x */', '<b>&amp;</b>'",
        ],
    )
}

fn lengths() -> Table {
    Table::new(
        "text_lengths",
        "every length class at and past its boundaries",
        "id INT NOT NULL PRIMARY KEY, none VARCHAR(0), v255 VARCHAR(255), v256 VARCHAR(256), \
         tiny TINYTEXT CHARACTER SET latin1, t TEXT, m MEDIUMTEXT, l LONGTEXT",
        [
            "1, '', REPEAT('x', 255), REPEAT('é', 256), REPEAT('t', 255), REPEAT('é', 32767), REPEAT('😀', 20000), REPEAT('long ', 100000)",
            "2, NULL, '', '', '', '', '', ''",
            "3, '', REPEAT('😀', 255), REPEAT(' ', 256), 'x', REPEAT('\\n', 65535), REPEAT('\\\\', 70000), NULL",
        ],
    )
}

fn mixed() -> Table {
    Table::with_options(
        "text_mixed_sets",
        "several character sets and collations in one row",
        "id INT NOT NULL PRIMARY KEY, u VARCHAR(20) CHARACTER SET utf8mb4, l VARCHAR(20) CHARACTER SET latin1, \
         g VARCHAR(20) CHARACTER SET gbk, s VARCHAR(20) CHARACTER SET sjis, w VARCHAR(20) CHARACTER SET utf16, \
         a CHAR(20) CHARACTER SET ascii COLLATE ascii_bin, c CHAR(20) CHARACTER SET cp1251, b VARBINARY(20), \
         k CHAR(5) CHARACTER SET utf16le, t TEXT CHARACTER SET ucs2",
        "DEFAULT CHARSET=koi8r",
        [
            "1, 'é日😀', 'éß€', '備註', 'ソ表', 'é日😀', 'ascii', 'Привет', x'FF00', 'é日', 'é日'",
            "2, '', '', '', '', '', '', '', '', '', ''",
            "3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL",
            "4, ' x ', ' x ', ' x ', ' x ', ' x ', ' x ', ' x ', ' x ', ' x ', ' x '",
        ],
    )
}

fn mojibake() -> Table {
    Table::new(
        "text_mojibake",
        "bytes of another set in a latin1 column, as wrongly configured clients leave them",
        "id INT NOT NULL PRIMARY KEY, l VARCHAR(400) CHARACTER SET latin1",
        [
            "1, _latin1 x'C3A9E697A5'".to_owned(),
            "2, _latin1 x'8182838485'".to_owned(),
            format!("3, _latin1 {}", all_bytes()),
        ],
    )
}

fn one_byte() -> Table {
    let columns: Vec<String> =
        ONE_BYTE.iter().map(|set| format!("`{set}` TEXT CHARACTER SET {set}")).collect();
    let bytes = all_bytes();
    let row = |id: u32, literal: &str| {
        let values: Vec<String> = ONE_BYTE.iter().map(|set| format!("_{set} {literal}")).collect();
        format!("{id}, x'00', {}", values.join(", "))
    };
    Table::new(
        "text_one_byte_sets",
        "all byte values in every set of single bytes",
        format!(
            "id INT NOT NULL PRIMARY KEY, ascii VARCHAR(128) CHARACTER SET ascii, {}",
            columns.join(", ")
        ),
        [row(1, &bytes), row(2, "x'5C4E'"), row(3, "x''")],
    )
}

fn two_bytes(set: &str, first: &[Bytes], second: &[Bytes]) -> Table {
    let rows = first.iter().flat_map(|(from, to)| *from..=*to).map(|lead| {
        let trails = second.iter().flat_map(|(from, to)| *from..=*to);
        let digits: String = trails.map(|trail| format!("{lead:02X}{trail:02X}")).collect();
        format!("{lead}, _{set} x'{digits}'")
    });
    let mut rows: Vec<String> = rows.collect();
    rows.push(format!("1, _{set} x'005C4E270A09'"));
    Table::new(
        format!("text_{set}"),
        "all well-formed characters of two bytes, backslashes as second bytes among them",
        format!("id INT NOT NULL PRIMARY KEY, t TEXT CHARACTER SET {set}"),
        rows,
    )
}

fn gb18030() -> Table {
    let mut rows = vec!["1, _gb18030 x'005C4E270A09'".to_owned()];
    for lead in [0x81_u8, 0x82, 0x90, 0xE3] {
        let digits: String =
            (0x30..=0x39_u8).map(|second| format!("{lead:02X}{second:02X}8130")).collect();
        rows.push(format!("{lead}, _gb18030 x'{digits}'"));
    }
    for lead in 0xA1..=0xFE_u16 {
        let digits: String =
            (0x40..=0x7E_u8).map(|trail| format!("{lead:02X}{trail:02X}")).collect();
        rows.push(format!("{}, _gb18030 x'{digits}'", 1000 + lead));
    }
    Table::new(
        "text_gb18030",
        "two and four bytes per character",
        "id INT NOT NULL PRIMARY KEY, t TEXT CHARACTER SET gb18030",
        rows,
    )
}

fn unicode(set: &str) -> Table {
    let planes = if matches!(set, "ucs2" | "utf8mb3") { 0x1_0000 } else { 0x11_0000 };
    let blocks = (0..0x1_0000_u32).step_by(256).chain((0x1_0000..planes).step_by(0x1_0000));
    let rows = blocks.filter_map(|block| {
        let characters: Vec<char> = (block..block + 256).filter_map(char::from_u32).collect();
        let digits: String = characters.iter().map(|c| encoded(*c, set)).collect();
        (!characters.is_empty()).then(|| format!("{block}, _{set} x'{digits}'"))
    });
    Table::new(
        format!("text_{set}"),
        "the whole basic plane, and the start of each further one the set can hold",
        format!("id INT NOT NULL PRIMARY KEY, t TEXT CHARACTER SET {set}"),
        rows,
    )
}

/// A character's bytes in a set of Unicode, as hexadecimal digits.
fn encoded(c: char, set: &str) -> String {
    let mut units = [0_u16; 2];
    let mut bytes = [0_u8; 4];
    let utf16 = c.encode_utf16(&mut units);
    let bytes: Vec<u8> = match set {
        "ucs2" | "utf16" => utf16.iter().flat_map(|unit| unit.to_be_bytes()).collect(),
        "utf16le" => utf16.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
        "utf32" => u32::from(c).to_be_bytes().to_vec(),
        _ => c.encode_utf8(&mut bytes).as_bytes().to_vec(),
    };
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
