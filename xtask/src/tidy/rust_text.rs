//! Rust text with comments and literals blanked, so that words in them are not taken for code.

/// What the scanner is inside of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Code,
    LineComment,
    /// Nested as deep as the number.
    BlockComment(usize),
    String,
    /// Closed by a quote and as many `#`.
    RawString(usize),
}

/// The code of a Rust file: comments, strings and character literals become spaces, line breaks stay.
pub(super) fn code(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let mut code = String::with_capacity(text.len());
    let mut inside = Inside::Code;
    let mut i = 0;
    while i < chars.len() {
        let (next, width) = match inside {
            Inside::Code => begin(&chars, i),
            Inside::LineComment if at(i) == '\n' => (Inside::Code, 1),
            Inside::BlockComment(depth) if at(i) == '*' && at(i + 1) == '/' => {
                (if depth == 1 { Inside::Code } else { Inside::BlockComment(depth - 1) }, 2)
            }
            Inside::BlockComment(depth) if at(i) == '/' && at(i + 1) == '*' => {
                (Inside::BlockComment(depth + 1), 2)
            }
            Inside::String if at(i) == '\\' => (inside, 2),
            Inside::String if at(i) == '"' => (Inside::Code, 1),
            Inside::RawString(hashes) if at(i) == '"' && (1..=hashes).all(|n| at(i + n) == '#') => {
                (Inside::Code, 1 + hashes)
            }
            Inside::LineComment
            | Inside::BlockComment(_)
            | Inside::String
            | Inside::RawString(_) => (inside, 1),
        };
        let is_code = inside == Inside::Code && next == Inside::Code && width == 1;
        for n in i..(i + width).min(chars.len()) {
            code.push(if is_code || at(n) == '\n' { at(n) } else { ' ' });
        }
        inside = next;
        i += width;
    }
    code
}

/// What begins at a place in code, and how many characters that takes.
fn begin(chars: &[char], i: usize) -> (Inside, usize) {
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let in_word = i > 0 && (at(i - 1).is_alphanumeric() || at(i - 1) == '_');
    match (at(i), at(i + 1)) {
        ('/', '/') => (Inside::LineComment, 2),
        ('/', '*') => (Inside::BlockComment(1), 2),
        ('"', _) => (Inside::String, 1),
        ('b' | 'c', '"') if !in_word => (Inside::String, 2),
        ('r', '"' | '#') if !in_word => {
            raw(chars, i + 1).map_or((Inside::Code, 1), |(h, w)| (h, w + 1))
        }
        ('b' | 'c', 'r') if !in_word => {
            raw(chars, i + 2).map_or((Inside::Code, 1), |(h, w)| (h, w + 2))
        }
        // A character, not a lifetime: 'x' or '\…'.
        ('\'', '\\') => {
            let close = (i + 3..i + 12).find(|n| at(*n) == '\'').unwrap_or(i + 2);
            (Inside::Code, close + 1 - i)
        }
        ('\'', _) if at(i + 2) == '\'' => (Inside::Code, 3),
        _ => (Inside::Code, 1),
    }
}

/// A raw string that opens at `#…"`; not so for a raw identifier.
fn raw(chars: &[char], from: usize) -> Option<(Inside, usize)> {
    let hashes = chars.get(from..)?.iter().take_while(|c| **c == '#').count();
    (chars.get(from + hashes) == Some(&'"')).then_some((Inside::RawString(hashes), hashes + 1))
}

/// How many lines of a file are not inside a `#[cfg(test)]` item.
pub(super) fn lines_without_tests(text: &str) -> usize {
    let code = code(text);
    let mut kept = 0;
    let mut lines = code.lines();
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            kept += 1;
            continue;
        }
        let mut depth = 0_usize;
        for line in lines.by_ref() {
            let opened = line.matches('{').count();
            depth = (depth + opened).saturating_sub(line.matches('}').count());
            let ends = line.trim_end().ends_with([';', '}']);
            if depth == 0 && ends {
                break;
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_and_lines_stay() {
        let cases = [
            ("a // b\nc", "a     \nc"),
            ("a /* b /* c */ d */ e", "a                   e"),
            (r#"f("x\"y", z)"#, "f(      , z)"),
            (r###"r#"a"b"# + 1"###, "         + 1"),
            ("b\"x\" br\"\\\" 1", "           1"),
            ("'{' 'a '\\'' '\\u{7f}' 1", "    'a               1"),
            ("bar\"x\"", "bar   "),
        ];
        for (text, expected) in cases {
            assert_eq!(code(text).trim_end(), expected.trim_end(), "{text}");
        }
    }

    #[test]
    fn a_test_module_does_not_count() {
        let text =
            "one\n#[cfg(test)]\nmod tests {\n  fn a() {\n  }\n}\ntwo\n#[cfg(test)]\nmod t;\nthree";
        assert_eq!(lines_without_tests(text), 3);
    }
}
