//! `sql_mode` as the log has it: a bit for each mode.
//!
//! MySQL and MariaDB agree on all that are here; above the lower 32 bits they differ, and below some have lost
//! their meaning or mean other servers.
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/classbinary__log_1_1Query__event.html>

/// The modes that change what a statement means, with their bits.
const MODES: [(u32, &str); 18] = [
    (0, "REAL_AS_FLOAT"),
    (1, "PIPES_AS_CONCAT"),
    (2, "ANSI_QUOTES"),
    (3, "IGNORE_SPACE"),
    (5, "ONLY_FULL_GROUP_BY"),
    (6, "NO_UNSIGNED_SUBTRACTION"),
    (7, "NO_DIR_IN_CREATE"),
    (19, "NO_AUTO_VALUE_ON_ZERO"),
    (20, "NO_BACKSLASH_ESCAPES"),
    (21, "STRICT_TRANS_TABLES"),
    (22, "STRICT_ALL_TABLES"),
    (23, "NO_ZERO_IN_DATE"),
    (24, "NO_ZERO_DATE"),
    (25, "ALLOW_INVALID_DATES"),
    (26, "ERROR_FOR_DIVISION_BY_ZERO"),
    (29, "HIGH_NOT_PRECEDENCE"),
    (30, "NO_ENGINE_SUBSTITUTION"),
    (31, "PAD_CHAR_TO_FULL_LENGTH"),
];

/// The names of the modes that are set, with commas between them.
#[must_use]
pub fn sql_mode(bits: u64) -> String {
    let is_set = |bit: &u32| bits & (1 << bit) != 0;
    let names = MODES.iter().filter(|(bit, _)| is_set(bit)).map(|&(_, name)| name);
    names.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_have_names() {
        // What MySQL 9.7 sets by default.
        let default = (1 << 5) | (1 << 21) | (1 << 23) | (1 << 24) | (1 << 26) | (1 << 30);
        assert_eq!(
            sql_mode(default),
            "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,\
             ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
        );
        // A mode of its own that stands for others goes with them.
        assert_eq!(sql_mode(1 << 18 | 1 << 2), "ANSI_QUOTES");
        assert_eq!(sql_mode(0), "");
    }
}
