//! The everyday statements.

use rand::Rng;
use rand::rngs::StdRng;

use super::tables::{KEYS, WIDE_ROWS};
use crate::server::Kind;

/// One thing the application does, in one or several statements.
pub(super) fn statement(random: &mut StdRng, kind: Kind) -> String {
    let key = random.random_range(1..=KEYS);
    let other = random.random_range(1..=KEYS);
    let far = KEYS + random.random_range(1..=500);
    match random.random_range(0..15) {
        0 => {
            format!(
                "INSERT IGNORE INTO hot (id, u, v, d, j, at) \
                 VALUES ({far}, -{far}, 'new', 1.5, '[1, 2.5]', NULL);"
            )
        }
        1 => format!("DELETE FROM hot WHERE id = {far};"),
        2 => format!("UPDATE hot SET v = 'changed {other}', d = d + 0.01 WHERE id = {key};"),
        3 => {
            let changed = match kind {
                Kind::MySql5_6 => format!("CONCAT('{{\"x\": ', {other}, '}}')"),
                Kind::MySql | Kind::MariaDb10_5 | Kind::MariaDb10_11 | Kind::MariaDb11_8 => {
                    format!("JSON_SET(j, '$.x', {other})")
                }
            };
            format!("UPDATE hot SET j = {changed}, at = NOW(3) WHERE id = {key};")
        }
        4 => swap(key, other),
        // A row takes another key.
        5 => format!("UPDATE IGNORE hot SET id = {far} WHERE id = {key};"),
        6 => format!("UPDATE IGNORE hot SET id = {key} WHERE id = {far};"),
        // The same key to the collation, other bytes.
        7 => format!("UPDATE worded SET w = UPPER(w) WHERE w = 'word{}';", key % 3000),
        // IGNORE: a fence or a deadlock may have refused the first half.
        8 => format!(
            "DELETE FROM worded WHERE w = 'WORD{0}'; INSERT IGNORE INTO worded (w, n) VALUES ('wörd{0}', {key});",
            key % 3000
        ),
        9 => format!("INSERT INTO bag (a, b, f) VALUES ({}, 'again', {key} / 7);", key % 500),
        10 => format!("UPDATE bag SET b = 'other' WHERE a = {} LIMIT 1;", key % 500),
        11 => format!("DELETE FROM bag WHERE a = {} LIMIT 1;", key % 500),
        12 => format!("UPDATE IGNORE child SET id = {} WHERE id = {};", key % 5000, other % 5000),
        13 => format!(
            "INSERT IGNORE INTO leaf (id, child, v) VALUES ({0}, {1}, {key}); UPDATE leaf SET v = v + 1 WHERE child = {1};",
            key % 6000,
            other % 3000
        ),
        _ => tree(key, other),
    }
}

/// Two rows take each other's unique value.
fn swap(key: i64, other: i64) -> String {
    format!(
        "SET @a = (SELECT u FROM hot WHERE id = {key}), @b = (SELECT u FROM hot WHERE id = {other}); \
         UPDATE IGNORE hot SET u = 9000000 WHERE id = {key} AND {key} <> {other} AND @b IS NOT NULL; \
         UPDATE IGNORE hot SET u = @a WHERE id = {other} AND {key} <> {other} AND @a IS NOT NULL; \
         UPDATE IGNORE hot SET u = @b WHERE id = {key} AND {key} <> {other} AND @b IS NOT NULL \
           AND @a IS NOT NULL; \
         UPDATE IGNORE hot SET u = 9000001 + id WHERE u = 9000000;"
    )
}

/// A parent goes with its children and comes back with one. IGNORE: where nothing cascades, it stays.
fn tree(key: i64, other: i64) -> String {
    format!(
        "DELETE IGNORE FROM parent WHERE id = {0}; INSERT IGNORE INTO parent (id, v) VALUES ({0}, {key}); \
         INSERT IGNORE INTO child (id, parent) VALUES ({1}, {0});",
        1 + key % 500,
        1 + other % 3000
    )
}

/// A statement that is larger than what anybody keeps in memory.
pub(super) fn huge(random: &mut StdRng) -> String {
    let letter = char::from(random.random_range(b'a'..=b'z'));
    let length = random.random_range(8_000..12_000);
    format!(
        "UPDATE wide SET n = n + 1, pad = REPEAT('{letter}', {length}) WHERE id <= {WIDE_ROWS};\n"
    )
}
