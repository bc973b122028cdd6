//! One spelling of the character set with two: `utf8` is the old word for `utf8mb3`.

use std::borrow::Cow;

/// A character set's or collation's name in the new spelling
/// (<https://dev.mysql.com/doc/refman/9.7/en/charset-unicode-utf8mb3.html>).
#[must_use]
pub fn spelled(name: &str) -> Cow<'_, str> {
    match name.strip_prefix("utf8") {
        Some(rest) if rest.is_empty() || rest.starts_with('_') => format!("utf8mb3{rest}").into(),
        Some(_) | None => name.into(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_the_old_word_changes() {
        for (name, expected) in [
            ("utf8", "utf8mb3"),
            ("utf8_general_ci", "utf8mb3_general_ci"),
            ("utf8mb3", "utf8mb3"),
            ("utf8mb3_bin", "utf8mb3_bin"),
            ("utf8mb4_bin", "utf8mb4_bin"),
            ("latin1", "latin1"),
        ] {
            assert_eq!(super::spelled(name), expected);
        }
    }
}
