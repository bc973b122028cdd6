//! A text together with its tokens, and a cursor that walks its code.

use super::edit::{Edit, apply};
use super::lexer::{Dialect, Token, TokenKind, lex};

/// Bytes of a text, from `start` up to but not including `end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset behind the last byte.
    pub end: usize,
}

/// A text and its tokens.
#[derive(Clone, Debug)]
pub struct Sql {
    text: String,
    tokens: Vec<Token>,
    dialect: Dialect,
}

impl Sql {
    /// Lexes a text.
    pub fn new(text: impl Into<String>, dialect: Dialect) -> Self {
        let text = text.into();
        let tokens = lex(&text, dialect);
        Self { text, tokens, dialect }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Gives the text back.
    #[must_use]
    pub fn into_text(self) -> String {
        self.text
    }

    /// All tokens in order.
    #[must_use]
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// The bytes of a span; empty when it lies outside.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or("")
    }

    /// A token's bytes.
    #[must_use]
    pub fn token_text(&self, token: Token) -> &str {
        self.text.get(token.start..token.end).unwrap_or("")
    }

    /// Applies edits and lexes the result.
    pub fn edit(&mut self, edits: Vec<Edit>) {
        if edits.is_empty() {
            return;
        }
        self.text = apply(&self.text, edits);
        self.tokens = lex(&self.text, self.dialect);
    }

    /// A cursor before the first token.
    #[must_use]
    pub fn cursor(&self) -> Cursor<'_> {
        Cursor { sql: self, at: 0, end: self.tokens.len() }
    }

    /// A cursor over the tokens of a span.
    #[must_use]
    pub fn cursor_in(&self, span: Span) -> Cursor<'_> {
        let at = self.tokens.partition_point(|token| token.start < span.start);
        let end = self.tokens.partition_point(|token| token.start < span.end);
        Cursor { sql: self, at, end }
    }

    /// Widens a span over the frame of a versioned comment that holds nothing else, and over the blanks
    /// before it: what must go so that nothing remains of it.
    #[must_use]
    pub fn with_frame(&self, span: Span) -> Span {
        let mut first = self.tokens.partition_point(|token| token.start < span.start);
        let mut last = self.tokens.partition_point(|token| token.start < span.end);
        let kind = |at: usize| self.tokens.get(at).map(|token| token.kind);
        let before = |at: usize| {
            let blank = at.checked_sub(1).filter(|&at| kind(at) == Some(TokenKind::Whitespace));
            blank.unwrap_or(at)
        };
        let opening = before(first).checked_sub(1);
        let closing = if kind(last) == Some(TokenKind::Whitespace) { last + 1 } else { last };
        if let Some(opening) = opening
            && kind(opening) == Some(TokenKind::VersionOpen)
            && kind(closing) == Some(TokenKind::VersionClose)
        {
            first = opening;
            last = closing + 1;
        }
        let start = self.tokens.get(before(first)).map_or(span.start, |token| token.start);
        let end = last.checked_sub(1).and_then(|at| self.tokens.get(at));
        Span { start, end: end.map_or(span.end, |token| token.end) }
    }
}

/// A name with its schema, if it is written with one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamePath {
    /// The schema, unquoted.
    pub schema: Option<String>,
    /// The name, unquoted.
    pub name: String,
    /// All its bytes.
    pub span: Span,
}

/// Removes the quotes of a name or string and undoubles those inside; other text stays as it is.
/// Backslash escapes are left alone.
#[must_use]
pub fn unquote(text: &str) -> String {
    for quote in ['`', '"', '\''] {
        let inner = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        if let Some(inner) = inner {
            return inner.replace(&format!("{quote}{quote}"), &quote.to_string());
        }
    }
    text.to_owned()
}

/// Splits a name written by a person at its dots: `shop.orders`, `` `a.b`.orders ``. `None` when a backtick
/// is left open or a part is empty.
#[must_use]
pub fn split_path(text: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut quoted = false;
    let mut chars = text.trim().chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '`' if quoted && chars.peek() == Some(&'`') => {
                chars.next();
                part.push('`');
            }
            '`' => quoted = !quoted,
            '.' if !quoted => parts.push(std::mem::take(&mut part)),
            other => part.push(other),
        }
    }
    parts.push(part);
    (!quoted && parts.iter().all(|part| !part.is_empty())).then_some(parts)
}

/// Walks the code of a text: blanks, comments and the frames of versioned comments are passed over.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    sql: &'a Sql,
    at: usize,
    end: usize,
}

impl<'a> Cursor<'a> {
    /// The next token of code, without moving.
    #[must_use]
    pub fn peek(&self) -> Option<Token> {
        let rest = self.sql.tokens.get(self.at..self.end)?;
        rest.iter().copied().find(Token::is_code)
    }

    /// The next token of code.
    pub fn take(&mut self) -> Option<Token> {
        while self.at < self.end {
            let token = self.sql.tokens.get(self.at).copied()?;
            self.at += 1;
            if token.is_code() {
                return Some(token);
            }
        }
        None
    }

    /// The next token's bytes, without moving; empty at the end.
    #[must_use]
    pub fn peek_text(&self) -> &'a str {
        self.peek().map_or("", |token| self.sql.token_text(token))
    }

    /// Offset of the next token of code, or of the end.
    #[must_use]
    pub fn offset(&self) -> usize {
        let end = self.end.checked_sub(1).and_then(|at| self.sql.tokens.get(at));
        self.peek().map_or(end.map_or(0, |token| token.end), |token| token.start)
    }

    /// Whether the next token is this keyword, in any case.
    #[must_use]
    pub fn is_word(&self, word: &str) -> bool {
        self.peek().is_some_and(|token| {
            token.kind == TokenKind::Word && self.sql.token_text(token).eq_ignore_ascii_case(word)
        })
    }

    /// Whether the next token is this mark.
    #[must_use]
    pub fn is_mark(&self, mark: &str) -> bool {
        self.peek().is_some_and(|token| {
            token.kind == TokenKind::Mark && self.sql.token_text(token) == mark
        })
    }

    /// Passes over a mark, if it is next.
    pub fn eat_mark(&mut self, mark: &str) -> bool {
        let is_next = self.is_mark(mark);
        if is_next {
            self.take();
        }
        is_next
    }

    /// Passes over keywords, if all of them are next, in this order.
    pub fn eat(&mut self, words: &[&str]) -> Option<Span> {
        let mut ahead = *self;
        let mut span: Option<Span> = None;
        for word in words {
            if !ahead.is_word(word) {
                return None;
            }
            let token = ahead.take()?;
            span = Some(Span { start: span.map_or(token.start, |s| s.start), end: token.end });
        }
        *self = ahead;
        span
    }

    /// Passes over a bracketed group, if one is next; gives the bytes between its brackets.
    pub fn eat_group(&mut self) -> Option<Span> {
        if !self.is_mark("(") {
            return None;
        }
        let open = self.take()?;
        let mut depth = 1_u32;
        while let Some(token) = self.take() {
            if token.kind != TokenKind::Mark {
                continue;
            }
            match self.sql.token_text(token) {
                "(" => depth += 1,
                ")" => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Some(Span { start: open.end, end: token.start });
            }
        }
        None
    }

    /// Takes a name, quoted or not.
    pub fn eat_name(&mut self) -> Option<(String, Span)> {
        let token = self.peek()?;
        if !matches!(token.kind, TokenKind::Word | TokenKind::QuotedName) {
            return None;
        }
        self.take();
        let name = unquote(self.sql.token_text(token));
        Some((name, Span { start: token.start, end: token.end }))
    }

    /// Takes a name that may be qualified by a schema.
    pub fn eat_path(&mut self) -> Option<NamePath> {
        let (first, span) = self.eat_name()?;
        let mut ahead = *self;
        if ahead.eat_mark(".")
            && let Some((name, last)) = ahead.eat_name()
        {
            *self = ahead;
            let span = Span { start: span.start, end: last.end };
            return Some(NamePath { schema: Some(first), name, span });
        }
        Some(NamePath { schema: None, name: first, span })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_that_holds_nothing_else_goes_with_its_content() {
        let widened = |text: &str, part: &str| {
            let sql = Sql::new(text, Dialect::default());
            let start = text.find(part).unwrap();
            sql.slice(sql.with_frame(Span { start, end: start + part.len() })).to_owned()
        };
        assert_eq!(widened("a /*!50100 X */ b", "X"), " /*!50100 X */");
        assert_eq!(widened("a /*!50100 X Y */ b", "X"), " X");
        assert_eq!(widened("a /*M!100301 X*/ b", "X"), " /*M!100301 X*/");
        assert_eq!(widened("a X b", "X"), " X");
    }

    #[test]
    fn names_lose_their_quotes_only() {
        assert_eq!(unquote("`a``b`"), "a`b");
        assert_eq!(unquote("\"a\"\"b\""), "a\"b");
        assert_eq!(unquote("a`b"), "a`b");
        assert_eq!(unquote("`"), "`");
    }

    #[test]
    fn what_a_person_writes_is_split_at_dots_outside_of_backticks() {
        let split = |text| split_path(text);
        assert_eq!(split("shop.orders").unwrap(), ["shop", "orders"]);
        assert_eq!(split(" `a.b``c`.d ").unwrap(), ["a.b`c", "d"]);
        assert_eq!(split("`a"), None);
        assert_eq!(split("a..b"), None);
        assert_eq!(split(""), None);
    }

    #[test]
    fn a_path_may_be_qualified_with_blanks() {
        let sql = Sql::new(" `a` . b c", Dialect::default());
        let path = sql.cursor().eat_path().unwrap();
        assert_eq!((path.schema.as_deref(), path.name.as_str()), (Some("a"), "b"));
        assert_eq!(sql.slice(path.span), "`a` . b");
    }
}
