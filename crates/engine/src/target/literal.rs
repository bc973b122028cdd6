//! Literals in statements of our own on the target.

use std::fmt::Write;

/// A text literal that means the same whatever the session's character set is, and whose comparison with
/// a key column of a ledger uses the index.
pub(crate) fn text(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() * 2 + 40);
    literal.push_str("_utf8mb4 x'");
    for byte in text.bytes() {
        let _infallible = write!(literal, "{byte:02x}");
    }
    literal.push_str("' COLLATE utf8mb4_bin");
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_written_so_that_no_character_set_matters() {
        assert_eq!(text("é'"), "_utf8mb4 x'c3a927' COLLATE utf8mb4_bin");
    }
}
