//! Text for a terminal: nothing in it can move the cursor, and it fits.

use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns assumed when nothing says how wide the terminal is.
pub(crate) const WIDTH_DEFAULT: usize = 80;

/// Makes control characters visible: what a server sends must not drive the terminal. Line breaks
/// become spaces, so that one message stays one message.
pub(crate) fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => cleaned.push(' '),
            c if c.is_control() || turns_direction(c) => {
                // Writing to a string cannot fail.
                let _infallible = write!(cleaned, "{}", c.escape_unicode());
            }
            c => cleaned.push(c),
        }
    }
    cleaned
}

/// Characters that reorder what follows them on the screen (Unicode's bidirectional controls).
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Columns a text takes.
pub(crate) fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// Cuts a text to `columns`, the cut shown by `…`.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 1;
    for c in text.chars() {
        let next = used + c.width().unwrap_or(0);
        if next > columns {
            break;
        }
        used = next;
        kept.push(c);
    }
    if columns > 0 {
        kept.push('…');
    }
    kept
}

/// Cuts or pads a text on the right to exactly `columns`.
pub(crate) fn fit(text: &str, columns: usize) -> String {
    let mut text = cut(text, columns);
    text.extend(std::iter::repeat_n(' ', columns.saturating_sub(width(&text))));
    text
}

/// Breaks a text at spaces into lines of at most `columns`; a longer word keeps its line to itself, so
/// that it can be copied.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && width(&line) + 1 + width(word) > columns {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_sends_cannot_drive_the_terminal() {
        assert_eq!(
            clean("a\u{1b}[2Jb\nc\u{7}\u{9b}\u{202e}d"),
            "a\\u{1b}[2Jb c\\u{7}\\u{9b}\\u{202e}d"
        );
        assert_eq!(clean("Käthe 表 🙂"), "Käthe 表 🙂");
    }

    #[test]
    fn a_text_is_cut_and_padded_by_the_columns_it_takes() {
        assert_eq!(fit("ab", 4), "ab  ");
        assert_eq!(fit("abcdef", 4), "abc…");
        assert_eq!(fit("表表表", 4), "表… ");
        assert_eq!(cut("ab", 0), "");
    }

    #[test]
    fn lines_break_at_spaces_and_long_words_stay_whole() {
        assert_eq!(wrap("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(wrap("a docs/errors/SL0101.md b", 8), ["a", "docs/errors/SL0101.md", "b"]);
        assert_eq!(wrap("", 8), [""]);
    }
}
