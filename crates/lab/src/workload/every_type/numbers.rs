//! Integers, decimals, floats and bits at their ends.

use super::Table;

pub(super) fn tables() -> Vec<Table> {
    vec![integers(), unsigned_integers(), zerofill(), decimals(), floats(), odd_floats(), bits()]
}

fn integers() -> Table {
    Table::new(
        "integers",
        "the ends of every signed width; negative MEDIUMINT is a classic of decoders",
        "id INT NOT NULL PRIMARY KEY, t TINYINT, s SMALLINT, m MEDIUMINT, i INT, b BIGINT, flag BOOLEAN",
        [
            "1, -128, -32768, -8388608, -2147483648, -9223372036854775808, FALSE",
            "2, 127, 32767, 8388607, 2147483647, 9223372036854775807, TRUE",
            "3, -1, -1, -1, -1, -1, NULL",
            "4, 0, 0, 0, 0, 0, 0",
            "5, NULL, NULL, NULL, NULL, NULL, NULL",
        ],
    )
}

fn unsigned_integers() -> Table {
    Table::new(
        "integers_unsigned",
        "the upper half of every unsigned width, after columns that shift a signedness bitmap",
        "id INT UNSIGNED NOT NULL PRIMARY KEY, y YEAR, d DECIMAL(5,2), f FLOAT, t TINYINT UNSIGNED, \
         s SMALLINT UNSIGNED, m MEDIUMINT UNSIGNED, i INT UNSIGNED, b BIGINT UNSIGNED",
        [
            "0, 2000, 1.00, 1, 0, 0, 0, 0, 0",
            "1, 2000, 1.00, 1, 255, 65535, 16777215, 4294967295, 18446744073709551615",
            "2, 2000, 1.00, 1, 128, 32768, 8592090, 2147483648, 9223372036854775808",
            "4294967295, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL",
        ],
    )
}

fn zerofill() -> Table {
    Table::new(
        "integers_zerofill",
        "display widths and padding that must not become part of the value",
        "id INT(6) UNSIGNED ZEROFILL NOT NULL PRIMARY KEY, n BIGINT(20) UNSIGNED ZEROFILL, \
         d DECIMAL(10,3) UNSIGNED ZEROFILL, one TINYINT(1)",
        ["1, 42, 1.5, 1", "2, 0, 0, 0", "3, 18446744073709551615, 9999999.999, -128"],
    )
}

fn decimals() -> Table {
    let nines = |n: usize| "9".repeat(n);
    let widest = format!("{}.{}", nines(35), nines(30));
    Table::new(
        "decimals",
        "65 digits, 30 of them fractions; scales of zero and of everything",
        "id INT NOT NULL PRIMARY KEY, widest DECIMAL(65,30), whole DECIMAL(65,0), part DECIMAL(30,30), \
         digit DECIMAL(1,0), money NUMERIC(12,2), plus DECIMAL(8,4) UNSIGNED",
        [
            format!("1, {widest}, {}, 0.{}, 9, 9999999999.99, 9999.9999", nines(65), nines(30)),
            format!("2, -{widest}, -{}, -0.{}, -9, -0.01, 0.0001", nines(65), nines(30)),
            format!("3, 0.{}1, 0, 0.{}1, 0, 0.10, 0", "0".repeat(29), "0".repeat(29)),
            "4, -0.0, -0, 0, -0, 1.00, 1".to_owned(),
            "5, NULL, NULL, NULL, NULL, NULL, NULL".to_owned(),
        ],
    )
}

fn floats() -> Table {
    Table::new(
        "floats",
        "ends, denormals, minus zero, and values the text protocol rounds",
        "id INT NOT NULL PRIMARY KEY, f FLOAT, d DOUBLE",
        [
            "1, 3.402823466e38, 1.7976931348623157e308",
            "2, -3.402823466e38, -1.7976931348623157e308",
            "3, 1.175494351e-38, 2.2250738585072014e-308",
            "4, 1.401298464e-45, 4.9406564584124654e-324",
            "5, -0e0, -0e0",
            "6, 16777217, 9007199254740993",
            "7, 0.1, 0.1",
            "8, 8388607.5, 0.30000000000000004",
            "9, 1e10, 123456789012345678",
            "10, 3.1415927, 3.141592653589793",
            "11, 1.00000012, 1.0000000000000002",
            "12, NULL, NULL",
        ],
    )
}

fn odd_floats() -> Table {
    Table::new(
        "floats_odd",
        "declared digits and unsigned floats: deprecated and still everywhere",
        "id INT NOT NULL PRIMARY KEY, f FLOAT(7,3), d DOUBLE(15,5), u FLOAT UNSIGNED, r REAL, p FLOAT(30)",
        [
            "1, 9999.999, 9999999999.99999, 1e-40, 1e300, 0.1",
            "2, -9999.999, -0.00001, 0, -1e-300, -0.1",
            "3, NULL, NULL, NULL, NULL, NULL",
        ],
    )
}

fn bits() -> Table {
    Table::new(
        "bits",
        "widths around byte boundaries",
        "id INT NOT NULL PRIMARY KEY, b1 BIT, b5 BIT(5), b8 BIT(8), b9 BIT(9), b24 BIT(24), b33 BIT(33), \
         b63 BIT(63), b64 BIT(64)",
        [
            "1, b'1', b'11111', x'FF', b'111111111', x'FFFFFF', b'111111111111111111111111111111111', \
             0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF",
            "2, b'0', b'0', x'00', b'0', x'000000', b'0', 0x00, 0x00",
            "3, b'1', b'01010', x'0A', b'100000000', x'5C2709', x'010A0D5C27', 0x0A5C2709000D1A22, 0x8000000000000000",
            "4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL",
        ],
    )
}
