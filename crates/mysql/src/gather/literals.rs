//! Makes definitions readable whose string literals hold bytes that are no text.
//!
//! MariaDB and MySQL before 8.0 print the default of a `BINARY` column as a string literal with its bytes
//! as they are, which need not be UTF-8. The same bytes as a hexadecimal literal mean the same.

use std::fmt::Write;

use crate::error::MysqlError;

/// Returns the definition as text: unchanged if it is UTF-8, else with each unreadable string literal
/// replaced by a hexadecimal one.
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
            bytes.extend_from_slice(hexadecimal(token).as_bytes());
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
    fn other_bytes_outside_literals_are_an_error() {
        assert!(readable(b"CREATE TABLE `\xff`").is_err());
        assert!(readable(b"DEFAULT '\xff").is_ok());
    }
}
