//! JSON with every kind of value, and vectors.

use super::Table;
use crate::server::Kind;

pub(super) fn tables(kind: Kind) -> Vec<Table> {
    match kind {
        Kind::MySql5_6 => Vec::new(),
        Kind::MySql => vec![json(), json_opaque(), vectors()],
        // MariaDB's JSON is text; its vectors came with 11.7, in another form.
        Kind::MariaDb10_5 | Kind::MariaDb10_11 | Kind::MariaDb11_8 => vec![json()],
    }
}

fn json() -> Table {
    Table::new(
        "json_values",
        "every kind a JSON text can write, empty and large containers, 4-byte characters, escapes",
        "id INT NOT NULL PRIMARY KEY, j JSON",
        [
            "1, NULL",
            "2, 'null'",
            "3, 'true'",
            "4, 'false'",
            "5, '0'",
            "6, '-1'",
            "7, '65535'",
            "8, '-9223372036854775808'",
            "9, '18446744073709551615'",
            "10, '1.5'",
            "11, '-1e-300'",
            "12, '0.1'",
            "13, '\"\"'",
            "14, '\"😀 𝄞 日本 é\"'",
            r#"15, '"quote \\" backslash \\\\ newline \\n tab \\t nul \\u0000 \\u2028"'"#,
            "16, '[]'",
            "17, '{}'",
            "18, '{\"\": {\"\": []}, \"b\": 1, \"a\": [1, \"x\", null, {\"k\": false}]}'",
            "19, CONCAT('[', REPEAT('\"0123456789abcdef\",', 5000), '1]')",
            "20, CONCAT('{\"big\": \"', REPEAT('😀', 20000), '\"}')",
            "21, '[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]'",
            "22, '{\"😀\": \"key with four bytes\", \"ключ\": 2}'",
        ],
    )
}

fn json_opaque() -> Table {
    Table::new(
        "json_opaque",
        "values inside JSON that have an SQL type: their text loses it",
        "id INT NOT NULL PRIMARY KEY, j JSON",
        [
            "1, CAST(CAST(1.10 AS DECIMAL(5,2)) AS JSON)",
            "2, CAST(DATE '2026-02-03' AS JSON)",
            "3, CAST(TIME '-12:34:56.789' AS JSON)",
            "4, CAST(TIMESTAMP '2026-02-03 04:05:06.789012' AS JSON)",
            "5, CAST(x'00FF5C' AS JSON)",
            "6, JSON_OBJECT('d', CAST(99999999999999999999.5 AS DECIMAL(30,1)), 'b', CAST(x'00' AS BINARY))",
            "7, JSON_ARRAY(CAST(18446744073709551615 AS UNSIGNED), 1e0, 1)",
            "8, CAST(ST_GeomFromText('POINT(1 2)') AS JSON)",
        ],
    )
    // Only columns give these two their types.
    .then(
        "CREATE TEMPORARY TABLE tagged (y YEAR, b BIT(3));\nINSERT INTO tagged VALUES (2026, b'101');\n\
         INSERT INTO json_opaque SELECT 9, CAST(b AS JSON) FROM tagged;\n\
         INSERT INTO json_opaque SELECT 10, CAST(y AS JSON) FROM tagged;\n\
         DROP TEMPORARY TABLE tagged;\n",
    )
}

fn vectors() -> Table {
    let long: Vec<String> = (0..2048).map(|n| format!("{}.5", n - 1000)).collect();
    Table::new(
        "vectors",
        "vectors travel as bytes; their dimension may vary below the declared one",
        "id INT NOT NULL PRIMARY KEY, v3 VECTOR(3), v VECTOR, big VECTOR(2048)",
        [
            "1, STRING_TO_VECTOR('[1,2,3]'), STRING_TO_VECTOR('[1e38,-1.2e-38,0]'), NULL"
                .to_owned(),
            "2, STRING_TO_VECTOR('[0.1]'), STRING_TO_VECTOR('[-0.0,3.4e38]'), NULL".to_owned(),
            format!("3, NULL, NULL, STRING_TO_VECTOR('[{}]')", long.join(",")),
        ],
    )
}
