//! The lexer of MySQL's and MariaDB's SQL: it loses no byte and never fails.

use crate::facts::{Flavor, ServerVersion};

/// How quotes, backslashes and versioned comments are read: the part of `sql_mode` and version that
/// changes where a token ends (<https://dev.mysql.com/doc/refman/9.7/en/sql-mode.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// `"` quotes names, not strings.
    pub ansi_quotes: bool,
    /// A backslash escapes the next character of a string.
    pub backslash_escapes: bool,
    /// Who reads the text: decides which versioned comments are code. `None`: all of them are.
    pub version: Option<ServerVersion>,
}

impl Default for Dialect {
    fn default() -> Self {
        Self { ansi_quotes: false, backslash_escapes: true, version: None }
    }
}

impl Dialect {
    /// The dialect of text written under a `sql_mode`.
    #[must_use]
    pub fn of_sql_mode(sql_mode: &str) -> Self {
        let has =
            |mode: &str| sql_mode.split(',').any(|part| part.trim().eq_ignore_ascii_case(mode));
        Self {
            ansi_quotes: has("ANSI_QUOTES") || has("ANSI"),
            backslash_escapes: !has("NO_BACKSLASH_ESCAPES"),
            version: None,
        }
    }

    /// The same dialect as this server reads it.
    #[must_use]
    pub fn read_by(self, version: ServerVersion) -> Self {
        Self { version: Some(version), ..self }
    }
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Blanks and line ends.
    Whitespace,
    /// `-- …`, `# …`, `/* … */`, or a versioned comment the server skips.
    Comment,
    /// `/*!`, `/*!50100`, `/*M!`, `/*M!100301`: what follows is code.
    VersionOpen,
    /// The `*/` that ends a versioned comment.
    VersionClose,
    /// An identifier or keyword without quotes.
    Word,
    /// A name in backticks, or in double quotes under `ANSI_QUOTES`.
    QuotedName,
    /// A string: `'…'`, `"…"`, `N'…'`, `x'…'`, `b'…'`.
    Text,
    /// A number, `0x…` and `0b…` included.
    Number,
    /// `@name`, ``@`name` ``, `@'name'`: a user variable, or the host of an account.
    AtName,
    /// Any other character, alone.
    Mark,
    /// A string, name or comment that the text ends in.
    Unterminated,
}

/// One token: its kind and its bytes in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Offset of its first byte.
    pub start: usize,
    /// Offset behind its last byte.
    pub end: usize,
}

impl Token {
    /// Whether the server sees it: neither blank nor comment nor the frame of a versioned comment.
    #[must_use]
    pub fn is_code(&self) -> bool {
        !matches!(
            self.kind,
            TokenKind::Whitespace
                | TokenKind::Comment
                | TokenKind::VersionOpen
                | TokenKind::VersionClose
        )
    }
}

/// Cuts text into tokens that follow each other without a gap from its first byte to its last.
#[must_use]
pub fn lex(text: &str, dialect: Dialect) -> Vec<Token> {
    let mut lexer = Lexer { bytes: text.as_bytes(), at: 0, open: 0, after_dot: false, dialect };
    let mut tokens = Vec::with_capacity(text.len() / 4);
    while lexer.at < lexer.bytes.len() {
        let start = lexer.at;
        let kind = lexer.token();
        lexer.after_dot = kind == TokenKind::Mark
            && lexer.bytes.get(start) == Some(&b'.')
            && start + 1 == lexer.at;
        tokens.push(Token { kind, start, end: lexer.at });
    }
    tokens
}

struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
    /// How many versioned comments are open.
    open: u32,
    /// The token before was a dot: digits begin a name here, not a number.
    after_dot: bool,
    dialect: Dialect,
}

/// Every token ends before or after an ASCII byte, so cuts never fall inside a character.
impl Lexer<'_> {
    fn byte(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    fn token(&mut self) -> TokenKind {
        match self.byte(0) {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => {
                self.skip_while(|byte| matches!(byte, b' ' | 0x09..=0x0d));
                TokenKind::Whitespace
            }
            b'#' => self.line_comment(),
            b'-' if self.byte(1) == b'-' && self.ends_dashes() => self.line_comment(),
            b'/' if self.byte(1) == b'*' => self.block_comment(),
            b'*' if self.open > 0 && self.byte(1) == b'/' => {
                self.open -= 1;
                self.at += 2;
                TokenKind::VersionClose
            }
            b'`' => self.quoted(TokenKind::QuotedName),
            b'"' if self.dialect.ansi_quotes => self.quoted(TokenKind::QuotedName),
            b'"' | b'\'' => self.quoted(TokenKind::Text),
            b'n' | b'N' | b'x' | b'X' | b'b' | b'B' if self.byte(1) == b'\'' => {
                self.at += 1;
                self.quoted(TokenKind::Text)
            }
            b'@' => self.at_name(),
            b'.' if self.byte(1).is_ascii_digit() && !self.follows_a_name() => self.number(),
            b'0'..=b'9' => self.number_or_word(),
            byte if is_word_byte(byte) => {
                self.skip_while(is_word_byte);
                TokenKind::Word
            }
            _ => {
                self.at += 1;
                TokenKind::Mark
            }
        }
    }

    fn skip_while(&mut self, keep: impl Fn(u8) -> bool) {
        while !self.is_at_end() && keep(self.byte(0)) {
            self.at += 1;
        }
    }

    /// `--` begins a comment only before a blank, a control character or the end.
    fn ends_dashes(&self) -> bool {
        self.at + 2 >= self.bytes.len() || self.byte(2) <= b' '
    }

    /// Whether the byte before belongs to a name, so that a dot here qualifies it.
    fn follows_a_name(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.bytes.get(at)).copied();
        before.is_some_and(|byte| is_word_byte(byte) || byte == b'`')
    }

    fn line_comment(&mut self) -> TokenKind {
        self.skip_while(|byte| byte != b'\n');
        TokenKind::Comment
    }

    fn block_comment(&mut self) -> TokenKind {
        let mariadb = self.byte(2) == b'M' && self.byte(3) == b'!';
        let mark = if mariadb { 4 } else { 3 };
        if !mariadb && self.byte(2) != b'!' {
            self.at += 2;
            return self.skip_comment(false);
        }
        let digits = (0..6).take_while(|&i| self.byte(mark + i).is_ascii_digit()).count();
        let digits = if digits < 5 { 0 } else { digits };
        let number = (0..digits).fold(0_u32, |n, i| n * 10 + u32::from(self.byte(mark + i) - b'0'));
        self.at += mark + digits;
        if !self.is_code(number, mariadb) {
            return self.skip_comment(true);
        }
        self.open += 1;
        TokenKind::VersionOpen
    }

    /// Whether the server runs what a versioned comment holds. MySQL takes `/*M!` for a plain comment;
    /// MariaDB skips what is meant for MySQL 5.7 and later
    /// (<https://mariadb.com/kb/en/comment-syntax/>).
    fn is_code(&self, number: u32, mariadb: bool) -> bool {
        let Some(version) = self.dialect.version else { return true };
        let (major, minor, patch) = version.number;
        let own = u32::from(major) * 10_000 + u32::from(minor) * 100 + u32::from(patch);
        match version.flavor {
            Flavor::MySql => !mariadb && number <= own,
            Flavor::MariaDb => number <= own && (mariadb || !(50_700..=99_999).contains(&number)),
        }
    }

    /// Skips to the end of a comment; a skipped versioned comment may hold plain ones.
    fn skip_comment(&mut self, nests: bool) -> TokenKind {
        let mut depth = 1_u32;
        while !self.is_at_end() {
            if self.byte(0) == b'*' && self.byte(1) == b'/' {
                self.at += 2;
                depth -= 1;
                if depth == 0 {
                    return TokenKind::Comment;
                }
            } else if nests && self.byte(0) == b'/' && self.byte(1) == b'*' {
                self.at += 2;
                depth += 1;
            } else {
                self.at += 1;
            }
        }
        TokenKind::Unterminated
    }

    /// A string or name from its opening quote on; a doubled quote stands for itself.
    fn quoted(&mut self, kind: TokenKind) -> TokenKind {
        let quote = self.byte(0);
        let escapes = self.dialect.backslash_escapes && kind == TokenKind::Text;
        self.at += 1;
        while !self.is_at_end() {
            let byte = self.byte(0);
            self.at += 1;
            if byte == b'\\' && escapes {
                self.at = (self.at + 1).min(self.bytes.len());
            } else if byte == quote {
                if self.byte(0) != quote || self.is_at_end() {
                    return kind;
                }
                self.at += 1;
            }
        }
        TokenKind::Unterminated
    }

    fn at_name(&mut self) -> TokenKind {
        self.at += 1;
        match self.byte(0) {
            quote @ (b'`' | b'\'' | b'"') => {
                let kind = if quote == b'`' { TokenKind::QuotedName } else { TokenKind::Text };
                let ends = self.quoted(kind) == kind;
                if ends { TokenKind::AtName } else { TokenKind::Unterminated }
            }
            byte if is_word_byte(byte) || byte == b'.' => {
                self.skip_while(|byte| is_word_byte(byte) || byte == b'.');
                TokenKind::AtName
            }
            _ => TokenKind::Mark,
        }
    }

    /// `1`, `1.5`, `1e10`, `0xff`, but also `2nd`, a name.
    fn number_or_word(&mut self) -> TokenKind {
        if self.after_dot {
            self.skip_while(is_word_byte);
            return TokenKind::Word;
        }
        let start = self.at;
        if self.byte(0) == b'0' && matches!(self.byte(1), b'x' | b'b') {
            let hex = self.byte(1) == b'x';
            self.at += 2;
            self.skip_while(|b| if hex { b.is_ascii_hexdigit() } else { matches!(b, b'0' | b'1') });
            if self.at > start + 2 && (self.is_at_end() || !is_word_byte(self.byte(0))) {
                return TokenKind::Number;
            }
            self.skip_while(is_word_byte);
            return TokenKind::Word;
        }
        self.skip_while(|byte| byte.is_ascii_digit());
        if self.is_at_end() || !is_word_byte(self.byte(0)) || self.is_exponent() {
            self.at = start;
            return self.number();
        }
        self.skip_while(is_word_byte);
        TokenKind::Word
    }

    fn is_exponent(&self) -> bool {
        matches!(self.byte(0), b'e' | b'E')
            && (self.byte(1).is_ascii_digit()
                || (matches!(self.byte(1), b'+' | b'-') && self.byte(2).is_ascii_digit()))
    }

    fn number(&mut self) -> TokenKind {
        self.skip_while(|byte| byte.is_ascii_digit());
        if self.byte(0) == b'.' {
            self.at += 1;
            self.skip_while(|byte| byte.is_ascii_digit());
        }
        if self.is_exponent() {
            self.at += 2;
            self.skip_while(|byte| byte.is_ascii_digit());
        }
        TokenKind::Number
    }
}

/// Letters of unquoted names: ASCII letters and digits, `_`, `$`, and all beyond ASCII
/// (<https://dev.mysql.com/doc/refman/9.7/en/identifiers.html>).
fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kinds(text: &str, dialect: Dialect) -> Vec<(TokenKind, &str)> {
        lex(text, dialect)
            .into_iter()
            .filter(|token| token.kind != TokenKind::Whitespace)
            .map(|token| (token.kind, &text[token.start..token.end]))
            .collect()
    }

    #[track_caller]
    fn check(text: &str, expected: &[(TokenKind, &str)]) {
        assert_eq!(kinds(text, Dialect::default()), expected);
    }

    use TokenKind::{
        AtName, Comment, Mark, Number, QuotedName, Text, Unterminated, VersionClose, VersionOpen,
        Word,
    };

    #[test]
    fn comments_of_every_kind_are_told_apart() {
        check(
            "a -- b\n# c\n/* d */ e--f -- ",
            &[
                (Word, "a"),
                (Comment, "-- b"),
                (Comment, "# c"),
                (Comment, "/* d */"),
                (Word, "e"),
                (Mark, "-"),
                (Mark, "-"),
                (Word, "f"),
                (Comment, "-- "),
            ],
        );
    }

    #[test]
    fn what_a_versioned_comment_holds_is_code() {
        check(
            "/*!50100 a /* b */ 'c*/' */ */ /*M!100301 d*/ /*! e*/",
            &[
                (VersionOpen, "/*!50100"),
                (Word, "a"),
                (Comment, "/* b */"),
                (Text, "'c*/'"),
                (VersionClose, "*/"),
                (Mark, "*"),
                (Mark, "/"),
                (VersionOpen, "/*M!100301"),
                (Word, "d"),
                (VersionClose, "*/"),
                (VersionOpen, "/*!"),
                (Word, "e"),
                (VersionClose, "*/"),
            ],
        );
    }

    #[test]
    fn a_server_skips_what_is_meant_for_others() {
        let read = |text: &'static str, version: &str| {
            let version = ServerVersion::parse(version).unwrap();
            kinds(text, Dialect::default().read_by(version))
        };
        let later = "/*!99999 it's /* a */ trap */ b";
        assert_eq!(read(later, "9.7.4"), [(Comment, &later[..29]), (Word, "b")]);
        assert_eq!(read("/*M! a */", "9.7.4"), [(Comment, "/*M! a */")]);
        assert_eq!(read("/*!80000 a */", "10.11.19-MariaDB"), [(Comment, "/*!80000 a */")]);
        assert_eq!(read("/*M!100000 a*/", "10.11.19-MariaDB").len(), 3);
        assert_eq!(read("/*!50100 a*/", "10.11.19-MariaDB").len(), 3);
    }

    #[test]
    fn quotes_follow_the_sql_mode() {
        let text = r#"'a\'b' "c" 'd''e' `f``g\` "#;
        check(
            text,
            &[(Text, r"'a\'b'"), (Text, "\"c\""), (Text, "'d''e'"), (QuotedName, r"`f``g\`")],
        );
        let modes = Dialect::of_sql_mode("ANSI_QUOTES,NO_BACKSLASH_ESCAPES");
        assert_eq!(kinds(r#"'a\' "c""d""#, modes), [(Text, r"'a\'"), (QuotedName, "\"c\"\"d\"")]);
    }

    #[test]
    fn prefixed_strings_numbers_and_odd_names_are_whole() {
        check(
            "N'a' x'0f' b'1' 0x1F 0b01 _utf8mb4'x' 1.5e-3 .5 1. 2nd 1e a$b größe 0xfg",
            &[
                (Text, "N'a'"),
                (Text, "x'0f'"),
                (Text, "b'1'"),
                (Number, "0x1F"),
                (Number, "0b01"),
                (Word, "_utf8mb4"),
                (Text, "'x'"),
                (Number, "1.5e-3"),
                (Number, ".5"),
                (Number, "1."),
                (Word, "2nd"),
                (Word, "1e"),
                (Word, "a$b"),
                (Word, "größe"),
                (Word, "0xfg"),
            ],
        );
        check("t.1e5", &[(Word, "t"), (Mark, "."), (Word, "1e5")]);
    }

    #[test]
    fn variables_and_accounts_keep_their_host() {
        check(
            "@a.b @`c d` @'e' `root`@`%` u@10.0.0.1 @@x @",
            &[
                (AtName, "@a.b"),
                (AtName, "@`c d`"),
                (AtName, "@'e'"),
                (QuotedName, "`root`"),
                (AtName, "@`%`"),
                (Word, "u"),
                (AtName, "@10.0.0.1"),
                (Mark, "@"),
                (AtName, "@x"),
                (Mark, "@"),
            ],
        );
    }

    #[test]
    fn an_open_end_is_said_to_be_open() {
        check("a 'b", &[(Word, "a"), (Unterminated, "'b")]);
        check("/* b", &[(Unterminated, "/* b")]);
        check("@`b", &[(Unterminated, "@`b")]);
        check(r"'\", &[(Unterminated, r"'\")]);
    }

    proptest! {
        #[test]
        fn no_byte_is_lost_and_nothing_panics(
            text in r#"([ -~\n]|[é𝄞\x00]|['"`@\\]|/\*|\*/|/\*!5|--){0,60}"#,
            ansi_quotes: bool,
            backslash_escapes: bool,
            version in proptest::option::of(Just(ServerVersion::parse("9.7.4").unwrap())),
        ) {
            let tokens = lex(&text, Dialect { ansi_quotes, backslash_escapes, version });
            let joined: String = tokens.iter().map(|t| &text[t.start..t.end]).collect();
            prop_assert_eq!(joined, text);
            prop_assert!(tokens.iter().all(|token| token.start < token.end));
        }
    }
}
