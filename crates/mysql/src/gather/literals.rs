//! Makes definitions readable whose string literals hold bytes that are no text.
//!
//! MariaDB and MySQL before 8.0 print the default of a `BINARY` column as a string literal with its bytes
//! as they are, which need not be UTF-8. The same bytes as a hexadecimal literal mean the same.

use std::fmt::Write;

use crate::error::MysqlError;

/// Returns the definition as text: unchanged if it is UTF-8, else with each unreadable string literal
/// replaced by a hexadecimal one. A comment takes text only: what is none in it becomes U+FFFD, which a check of
/// `assess` looks for.
pub(super) fn readable(definition: &[u8]) -> Result<String, MysqlError> {
    if let Ok(text) = std::str::from_utf8(definition) {
        return Ok(text.to_owned());
    }
    let mut bytes = Vec::with_capacity(definition.len());
    let mut rest = definition;
    while let Some((&first, after)) = rest.split_first() {
        let length = match first {
            b'\'' | b'`' => quoted_length(rest),
            _ => {
                bytes.push(first);
                rest = after;
                continue;
            }
        };
        let (token, after) = rest.split_at(length);
        if first == b'\'' && std::str::from_utf8(token).is_err() {
            let readable = match is_comment(&bytes) {
                true => String::from_utf8_lossy(token).into_owned(),
                false => hexadecimal(token),
            };
            bytes.extend_from_slice(readable.as_bytes());
        } else {
            bytes.extend_from_slice(token);
        }
        rest = after;
    }
    String::from_utf8(bytes)
        .map_err(|error| MysqlError::Result(format!("a definition that is not UTF-8: {error}")))
}

/// How many bytes a quoted token has, quotes included; a doubled quote does not end it, and in a string
/// neither does an escaped one.
pub(super) fn quoted_length(bytes: &[u8]) -> usize {
    let Some(&quote) = bytes.first() else { return 0 };
    let mut index = 1;
    while let Some(&byte) = bytes.get(index) {
        let is_pair = (byte == b'\\' && quote == b'\'')
            || (byte == quote && bytes.get(index + 1) == Some(&quote));
        if is_pair {
            index += 2;
        } else if byte == quote {
            return index + 1;
        } else {
            index += 1;
        }
    }
    bytes.len().min(index)
}

/// Whether a literal that follows is a comment: `COMMENT '…'`, `COMMENT='…'`.
fn is_comment(before: &[u8]) -> bool {
    let end = before.iter().rposition(|byte| !matches!(byte, b' ' | b'=')).map_or(0, |at| at + 1);
    let word = before.get(..end).unwrap_or_default();
    let start = word.iter().rposition(|byte| !byte.is_ascii_alphabetic()).map_or(0, |at| at + 1);
    word.get(start..).is_some_and(|word| word.eq_ignore_ascii_case(b"COMMENT"))
}

/// The literal's bytes as `0x…`.
fn hexadecimal(literal: &[u8]) -> String {
    let inner = literal.get(1..literal.len().saturating_sub(1)).unwrap_or_default();
    let mut text = String::from("0x");
    let mut bytes = inner.iter().copied();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'\\' => match bytes.next().unwrap_or(b'\\') {
                b'0' => 0,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'b' => 8,
                b'Z' => 0x1a,
                other => other,
            },
            // The only quote inside is a doubled one.
            b'\'' => bytes.next().unwrap_or(b'\''),
            other => other,
        };
        write!(text, "{byte:02X}").unwrap_or_default();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_text_stays() {
        let text = "CREATE TABLE `a``'b` (`c` char(1) DEFAULT 'é\\'''' COMMENT '\\0')";
        assert_eq!(readable(text.as_bytes()).unwrap(), text);
    }

    #[test]
    fn a_literal_of_other_bytes_becomes_hexadecimal() {
        let printed =
            b"`it's \\` binary(9) DEFAULT '\\0\xff\\\\''\"\\n\\r\x1aA' COMMENT '\xc3\xa9''s'";
        assert_eq!(
            readable(printed).unwrap(),
            "`it's \\` binary(9) DEFAULT 0x00FF5C27220A0D1A41 COMMENT 'é''s'"
        );
    }

    #[test]
    fn a_comment_stays_text() {
        let printed =
            b"`a` int COMMENT 'M\xfcller''s', `b` binary(1) DEFAULT '\xff') COMMENT='\xff\xc3\xa9'";
        assert_eq!(
            readable(printed).unwrap(),
            "`a` int COMMENT 'M\u{fffd}ller''s', `b` binary(1) DEFAULT 0xFF) COMMENT='\u{fffd}é'"
        );
    }

    #[test]
    fn other_bytes_outside_literals_are_an_error() {
        assert!(readable(b"CREATE TABLE `\xff`").is_err());
        assert!(readable(b"DEFAULT '\xff").is_ok());
    }
}
