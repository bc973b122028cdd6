//! Bytes: all 256 of them, zeros at the end, empty beside NULL.

use super::Table;

/// All byte values in order, as a hexadecimal literal.
pub(super) fn all_bytes() -> String {
    let digits: String = (0..=255_u8).map(|byte| format!("{byte:02X}")).collect();
    format!("x'{digits}'")
}

pub(super) fn tables() -> Vec<Table> {
    vec![fixed(), varying()]
}

fn fixed() -> Table {
    Table::new(
        "binary_fixed",
        "fixed lengths are padded with zero bytes, which some decoders strip",
        "id INT NOT NULL PRIMARY KEY, b16 BINARY(16), b1 BINARY(1), b255 BINARY(255)",
        [
            "1, x'00000000000000000000000000000000', x'00', x''".to_owned(),
            "2, x'0102030405060708090A0B0C0D0E0000', x'20', x'FF'".to_owned(),
            "3, 'short', 'a', REPEAT(x'5C', 255)".to_owned(),
            format!(
                "4, x'FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF', x'FF', SUBSTRING({}, 1, 255)",
                all_bytes()
            ),
            "5, x'', x'', NULL".to_owned(),
            "6, NULL, NULL, NULL".to_owned(),
        ],
    )
}

fn varying() -> Table {
    let bytes = all_bytes();
    Table::new(
        "binary_varying",
        "all bytes in every length class; delimiters, backslashes, newlines; empty beside NULL",
        "id INT NOT NULL PRIMARY KEY, v VARBINARY(300), t TINYBLOB, b BLOB, m MEDIUMBLOB, l LONGBLOB",
        [
            format!("1, {bytes}, SUBSTRING({bytes}, 2), {bytes}, {bytes}, {bytes}"),
            "2, x'', x'', x'', x'', x''".to_owned(),
            "3, NULL, NULL, NULL, NULL, NULL".to_owned(),
            "4, x'5C4E', x'5C', x'095C0A', x'0D0A', x'1A00'".to_owned(),
            "5, '\\\\N', 'NULL', x'4E554C4C', x'2C22275C', x'EFBBBF'".to_owned(),
            format!("6, x'00', x'20', REPEAT({bytes}, 255), REPEAT({bytes}, 260), REPEAT({bytes}, 9000)"),
            "7, REPEAT(x'20', 300), REPEAT(x'00', 255), REPEAT(x'0A', 65535), REPEAT(x'5C', 65536), x'00'".to_owned(),
        ],
    )
}
