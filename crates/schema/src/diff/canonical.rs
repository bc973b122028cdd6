//! The registry of what servers write in more than one way, each brought to one.
//!
//! | Written | Brought to | Who differs |
//! |---|---|---|
//! | `int(11)`, `year(4)`, `bool` | `int`, `year`, `tinyint` | MariaDB and MySQL before 8.0.19 print widths |
//! | `integer`, `numeric`, `decimal`, `char`, `bit` | `int`, `decimal(10,0)`, `char(1)`, `bit(1)` | people |
//! | `geometrycollection` | `geomcollection` | MySQL since 8.0.11 |
//! | `utf8`, `utf8_bin` | `utf8mb3`, `utf8mb3_bin` | MySQL before 8.0.28 and MariaDB before 10.6 |
//! | `DEFAULT NULL` | nothing | MySQL leaves it out for `TEXT` and `BLOB` |
//! | `DEFAULT '7'`, `DEFAULT 7`, `7.00` | `7` for numeric types | MySQL quotes, MariaDB does not |
//! | `x'00ff'`, `0x00FF`, `'\0…'` | `0x00ff` for binary types, without zeros at the end | MySQL pads `BINARY` |
//! | `current_timestamp()`, `now()`, `CURRENT_TIMESTAMP` | `current_timestamp` | MariaDB writes brackets |
//! | `ucase`, `lcase`, `substring`, … | `upper`, `lower`, `substr`, … | MariaDB |
//! | `_utf8mb4'x'` in expressions | `'x'` | MySQL since 8.0 writes introducers |
//! | brackets in expressions | nothing, unless both servers print alike | MariaDB writes few |
//! | `` `name` `` in partitions | `name` | MySQL does not quote names of partitions |
//! | `RESTRICT`, `NO ACTION`, no rule | `no action` | MariaDB prints `RESTRICT` as the default |
//! | comments, frames of versioned comments, blanks | nothing | everybody |

use crate::column::ColumnType;
use crate::sql::{Cursor, Span, Sql, Token, TokenKind, unquote};
use crate::utf8mb3;

/// How much of an expression's form counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Brackets {
    /// They count.
    Kept,
    /// They do not.
    Dropped,
}

/// The tokens of an expression, names without quotes and in lower case.
pub(super) fn expression(sql: &Sql, span: Span, brackets: Brackets) -> String {
    let mut words = Vec::new();
    let mut cursor = sql.cursor_in(span);
    while let Some(token) = cursor.take() {
        let text = sql.token_text(token);
        let next = cursor.peek();
        match token.kind {
            TokenKind::Word if is_introducer(text, next) => {}
            TokenKind::Word => words.push(function(&text.to_lowercase()).to_owned()),
            TokenKind::QuotedName => words.push(unquote(text).to_lowercase()),
            TokenKind::Text => words.push(literal(text)),
            TokenKind::Mark if matches!(text, "(" | ")") && brackets == Brackets::Dropped => {}
            TokenKind::Number
            | TokenKind::AtName
            | TokenKind::Mark
            | TokenKind::Unterminated
            | TokenKind::Whitespace
            | TokenKind::Comment
            | TokenKind::VersionOpen
            | TokenKind::VersionClose => words.push(text.to_lowercase()),
        }
    }
    without_empty_calls(without_outer(words)).join(" ")
}

/// The tokens of a body: names and strings as they are, keywords in lower case.
pub(super) fn body(sql: &Sql, cursor: &mut Cursor<'_>, until: usize) -> Vec<String> {
    let mut words = Vec::new();
    while cursor.peek().is_some_and(|token| token.start < until) {
        let Some(token) = cursor.take() else { break };
        let text = sql.token_text(token);
        words.push(match token.kind {
            TokenKind::Word => text.to_lowercase(),
            TokenKind::QuotedName
            | TokenKind::Text
            | TokenKind::Number
            | TokenKind::AtName
            | TokenKind::Mark
            | TokenKind::Unterminated
            | TokenKind::Whitespace
            | TokenKind::Comment
            | TokenKind::VersionOpen
            | TokenKind::VersionClose => text.to_owned(),
        });
    }
    words
}

/// A data type.
pub(super) fn data_type(sql: &Sql, span: Span) -> String {
    let mut cursor = sql.cursor_in(span);
    let word = cursor.take().map(|token| sql.token_text(token).to_lowercase()).unwrap_or_default();
    let group = cursor.eat_group();
    let mut arguments = group.map_or_else(String::new, |group| arguments(sql, group));
    let mut attributes = Vec::new();
    while let Some(token) = cursor.take() {
        attributes.push(sql.token_text(token).to_lowercase());
    }
    attributes
        .retain(|attribute| !matches!(attribute.as_str(), "signed" | "precision" | "varying"));
    let word = match word.as_str() {
        "integer" => "int",
        "bool" | "boolean" => "tinyint",
        "numeric" | "dec" | "fixed" => "decimal",
        "real" => "double",
        "geometrycollection" => "geomcollection",
        "character" => "char",
        other => other,
    };
    let kind = ColumnType::from_data_type(word);
    let is_padded = attributes.iter().any(|attribute| attribute == "zerofill");
    if (kind.is_integer() && !is_padded) || kind == ColumnType::Year || arguments == "0" {
        arguments.clear();
    }
    match (word, arguments.as_str()) {
        ("char" | "binary" | "bit", "") => "1".clone_into(&mut arguments),
        ("decimal", "") => "10,0".clone_into(&mut arguments),
        ("decimal", one) if !one.contains(',') => arguments.push_str(",0"),
        _ => {}
    }
    if is_padded && !attributes.iter().any(|attribute| attribute == "unsigned") {
        attributes.push("unsigned".to_owned());
    }
    attributes.sort_unstable();
    let arguments = if arguments.is_empty() { String::new() } else { format!("({arguments})") };
    [format!("{word}{arguments}")].into_iter().chain(attributes).collect::<Vec<_>>().join(" ")
}

fn arguments(sql: &Sql, group: Span) -> String {
    let mut cursor = sql.cursor_in(group);
    let mut text = String::new();
    while let Some(token) = cursor.take() {
        let part = sql.token_text(token);
        if token.kind == TokenKind::Text {
            text.push_str(&literal(part));
        } else {
            text.push_str(part);
        }
    }
    text
}

/// A column's default; `None` for NULL.
pub(super) fn default(
    sql: &Sql,
    value: Span,
    kind: ColumnType,
    brackets: Brackets,
) -> Option<String> {
    let mut tokens = code(sql, value);
    while let [first, inner @ .., last] = tokens.as_slice() {
        if sql.token_text(*first) != "(" || sql.token_text(*last) != ")" {
            break;
        }
        tokens = inner.to_vec();
    }
    if let [introducer, rest @ ..] = tokens.as_slice()
        && is_introducer(sql.token_text(*introducer), rest.first().copied())
    {
        tokens = rest.to_vec();
    }
    let texts = tokens.iter().map(|token| sql.token_text(*token)).collect::<Vec<_>>();
    match (texts.as_slice(), tokens.first().map(|token| token.kind)) {
        ([word], Some(TokenKind::Word)) if word.eq_ignore_ascii_case("null") => None,
        ([word], Some(TokenKind::Word)) if word.eq_ignore_ascii_case("true") => {
            Some("1".to_owned())
        }
        ([word], Some(TokenKind::Word)) if word.eq_ignore_ascii_case("false") => {
            Some("0".to_owned())
        }
        ([text], Some(TokenKind::Text | TokenKind::Number)) => Some(constant(text, kind)),
        (["-" | "+", number], _) => {
            Some(constant(&texts.concat().replace('+', ""), kind)).filter(|_| !number.is_empty())
        }
        _ => Some(expression(sql, value, brackets)),
    }
}

/// A constant default by the type of its column.
fn constant(text: &str, kind: ColumnType) -> String {
    let bytes = bytes_of(text);
    if matches!(kind, ColumnType::Binary | ColumnType::VarBinary | ColumnType::Blob) {
        let padding = |byte: &&u8| kind == ColumnType::Binary && **byte == 0;
        let kept = bytes.len() - bytes.iter().rev().take_while(padding).count();
        return format!("0x{}", hex(bytes.get(..kept).unwrap_or_default()));
    }
    if kind == ColumnType::Bit {
        let number = text.parse::<u64>().unwrap_or_else(|_| {
            bytes.iter().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte))
        });
        return number.to_string();
    }
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(other) => return format!("0x{}", hex(other.as_bytes())),
    };
    let is_number = kind.is_integer()
        || matches!(
            kind,
            ColumnType::Decimal | ColumnType::Float | ColumnType::Double | ColumnType::Year
        );
    if is_number { number(&text) } else { format!("'{text}'") }
}

/// `-0.50`, `0.5` and `00.5` are one number each; what is none stays.
fn number(text: &str) -> String {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_ascii_digit() || c == '.') {
        return text.to_lowercase();
    }
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let point = if fraction.is_empty() { "" } else { "." };
    let whole = if whole.is_empty() { "0" } else { whole };
    let sign = if whole == "0" && fraction.is_empty() { "" } else { sign };
    format!("{sign}{whole}{point}{fraction}")
}

/// A string literal by its value, so that `''`, `\'` and the quotes around it do not count.
pub(super) fn literal(text: &str) -> String {
    let bytes = bytes_of(text);
    match String::from_utf8(bytes) {
        Ok(text) => format!("'{text}'"),
        Err(other) => format!("0x{}", hex(other.as_bytes())),
    }
}

/// The value of a quoted text, without quotes.
pub(super) fn value(text: &str) -> String {
    String::from_utf8_lossy(&bytes_of(text)).into_owned()
}

/// The bytes a literal stands for: a string, `x'…'`, `0x…`, `b'…'`, `0b…`; other text as it is.
fn bytes_of(text: &str) -> Vec<u8> {
    let radix = |prefix: &str| {
        let body =
            text.get(..1).filter(|first| first.eq_ignore_ascii_case(prefix)).map(|_| text.get(1..));
        body.flatten()
            .and_then(|body| body.strip_prefix('\''))
            .and_then(|body| body.strip_suffix('\''))
    };
    if let Some(digits) = radix("x").or_else(|| text.strip_prefix("0x")) {
        return from_digits(digits, 2, 16);
    }
    if let Some(digits) = radix("b").or_else(|| text.strip_prefix("0b")) {
        return from_digits(digits, 8, 2);
    }
    let text = radix("n").map_or_else(|| text.to_owned(), |inner| format!("'{inner}'"));
    for quote in ['\'', '"'] {
        let inner = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        if let Some(inner) = inner {
            return unescaped(inner, quote);
        }
    }
    text.into_bytes()
}

/// Groups of digits from the right, each a byte.
fn from_digits(digits: &str, per_byte: usize, radix: u32) -> Vec<u8> {
    let missing = (per_byte - digits.len() % per_byte) % per_byte;
    let padded = format!("{}{digits}", "0".repeat(missing));
    let groups = padded.as_bytes().chunks(per_byte);
    groups
        .filter_map(|group| u8::from_str_radix(std::str::from_utf8(group).ok()?, radix).ok())
        .collect()
}

fn unescaped(inner: &str, quote: char) -> Vec<u8> {
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        text.push(match c {
            '\\' => match chars.next() {
                Some('0') => '\0',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                Some('b') => '\u{8}',
                Some('Z') => '\u{1a}',
                Some(other) => other,
                None => '\\',
            },
            // The only quote inside is a doubled one.
            c if c == quote => chars.next().unwrap_or(c),
            c => c,
        });
    }
    text.into_bytes()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A character set or collation.
pub(super) fn charset(name: &str) -> String {
    utf8mb3::spelled(&name.to_ascii_lowercase()).into_owned()
}

fn code(sql: &Sql, span: Span) -> Vec<Token> {
    let mut cursor = sql.cursor_in(span);
    std::iter::from_fn(|| cursor.take()).collect()
}

/// `_utf8mb4` before a string.
fn is_introducer(word: &str, next: Option<Token>) -> bool {
    word.starts_with('_')
        && next.is_some_and(|next| matches!(next.kind, TokenKind::Text | TokenKind::Number))
}

/// One name of a function that has several.
fn function(name: &str) -> &str {
    match name {
        "ucase" => "upper",
        "lcase" => "lower",
        "substring" | "mid" => "substr",
        "character_length" => "char_length",
        "octet_length" => "length",
        "power" => "pow",
        "ceil" => "ceiling",
        "now" | "localtime" | "localtimestamp" => "current_timestamp",
        "current_date" => "curdate",
        "current_time" => "curtime",
        "database" => "schema",
        "day" => "dayofmonth",
        other => other,
    }
}

/// Brackets around all of an expression mean nothing.
fn without_outer(words: Vec<String>) -> Vec<String> {
    let mut words = words;
    while closes_at_end(&words) {
        words.pop();
        words.remove(0);
    }
    words
}

/// Whether the first word opens a bracket that the last one closes.
fn closes_at_end(words: &[String]) -> bool {
    let mut depth = 0_usize;
    for (at, word) in words.iter().enumerate() {
        match word.as_str() {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return word == ")" && at + 1 == words.len();
        }
    }
    false
}

/// `current_timestamp()` is `current_timestamp`.
fn without_empty_calls(words: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::with_capacity(words.len());
    for word in words {
        let is_empty_call = word == ")"
            && matches!(kept.as_slice(), [.., name, open] if open == "("
                && matches!(name.as_str(), "current_timestamp" | "curdate" | "curtime"));
        if is_empty_call {
            kept.pop();
        } else {
            kept.push(word);
        }
    }
    kept
}
