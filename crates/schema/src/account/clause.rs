//! The clauses of `CREATE USER` besides the login: each kind's text, read, normalised and set back.

use crate::sql::{Cursor, TokenKind};

/// A kind of clause, in the order they are printed
/// (<https://dev.mysql.com/doc/refman/9.7/en/create-user.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Clause {
    /// `REQUIRE …`: TLS and certificates.
    Tls,
    /// `WITH MAX_… n`: limits per hour and of connections.
    Limits,
    /// `PASSWORD EXPIRE …`.
    Expiry,
    /// `ACCOUNT LOCK`.
    Lock,
    /// `PASSWORD HISTORY n`.
    History,
    /// `PASSWORD REUSE INTERVAL n DAY`.
    Reuse,
    /// `PASSWORD REQUIRE CURRENT …`.
    RequireCurrent,
    /// `FAILED_LOGIN_ATTEMPTS n`.
    FailedAttempts,
    /// `PASSWORD_LOCK_TIME n`.
    LockTime,
    /// `ATTRIBUTE '{…}'`: comments and what applications keep there.
    Attribute,
}

/// Limits MySQL knows, in the order it prints them.
pub(super) const LIMITS: [&str; 4] = [
    "MAX_QUERIES_PER_HOUR",
    "MAX_UPDATES_PER_HOUR",
    "MAX_CONNECTIONS_PER_HOUR",
    "MAX_USER_CONNECTIONS",
];

impl Clause {
    /// Every kind, in the order they are printed.
    pub const ALL: [Self; 10] = [
        Self::Tls,
        Self::Limits,
        Self::Expiry,
        Self::Lock,
        Self::History,
        Self::Reuse,
        Self::RequireCurrent,
        Self::FailedAttempts,
        Self::LockTime,
        Self::Attribute,
    ];

    /// The word for it in messages.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Tls => "TLS requirement",
            Self::Limits => "resource limits",
            Self::Expiry => "password expiry",
            Self::Lock => "account lock",
            Self::History => "password history",
            Self::Reuse => "password reuse interval",
            Self::RequireCurrent => "requirement of the current password",
            Self::FailedAttempts => "failed login attempts",
            Self::LockTime => "lock time after failed logins",
            Self::Attribute => "attribute",
        }
    }

    /// The text that says the same as no clause of this kind. Attributes have none: they are merged.
    pub(super) fn default_text(self) -> &'static str {
        match self {
            Self::Tls => "REQUIRE NONE",
            Self::Limits => {
                "WITH MAX_QUERIES_PER_HOUR 0 MAX_UPDATES_PER_HOUR 0 MAX_CONNECTIONS_PER_HOUR 0 \
                 MAX_USER_CONNECTIONS 0"
            }
            Self::Expiry => "PASSWORD EXPIRE DEFAULT",
            Self::Lock => "ACCOUNT UNLOCK",
            Self::History => "PASSWORD HISTORY DEFAULT",
            Self::Reuse => "PASSWORD REUSE INTERVAL DEFAULT",
            Self::RequireCurrent => "PASSWORD REQUIRE CURRENT DEFAULT",
            Self::FailedAttempts => "FAILED_LOGIN_ATTEMPTS 0",
            Self::LockTime => "PASSWORD_LOCK_TIME 0",
            Self::Attribute => "",
        }
    }

    /// A clause's text for `ALTER USER`: limits that are not named are set back, too.
    pub(super) fn altering(self, text: &str) -> String {
        if self != Self::Limits {
            return text.to_owned();
        }
        let missing = LIMITS.iter().filter(|limit| !text.contains(**limit));
        missing.fold(text.to_owned(), |text, limit| format!("{text} {limit} 0"))
    }

    /// Takes the clause that is next, normalised; what MySQL does not know of it goes to `unknown`.
    /// `None` when no clause is next.
    pub(super) fn take(
        cursor: &mut Cursor<'_>,
        unknown: &mut Vec<String>,
    ) -> Option<(Self, String)> {
        if cursor.eat(&["REQUIRE"]).is_some() {
            return Some((Self::Tls, tls(cursor)));
        }
        if cursor.eat(&["WITH"]).is_some() {
            return Some((Self::Limits, limits(cursor, unknown)));
        }
        if cursor.eat(&["ACCOUNT"]).is_some() {
            return Some((Self::Lock, format!("ACCOUNT {}", word(cursor))));
        }
        if cursor.eat(&["PASSWORD", "EXPIRE"]).is_some() {
            let rest = if cursor.eat(&["INTERVAL"]).is_some() {
                let days = word(cursor);
                cursor.eat(&["DAY"]);
                format!(" INTERVAL {days} DAY")
            } else {
                one_of(cursor, &["DEFAULT", "NEVER"])
            };
            return Some((Self::Expiry, format!("PASSWORD EXPIRE{rest}")));
        }
        if cursor.eat(&["PASSWORD", "HISTORY"]).is_some() {
            return Some((Self::History, format!("PASSWORD HISTORY {}", word(cursor))));
        }
        if cursor.eat(&["PASSWORD", "REUSE", "INTERVAL"]).is_some() {
            let days = word(cursor);
            let unit = if cursor.eat(&["DAY"]).is_some() { " DAY" } else { "" };
            return Some((Self::Reuse, format!("PASSWORD REUSE INTERVAL {days}{unit}")));
        }
        if cursor.eat(&["PASSWORD", "REQUIRE", "CURRENT"]).is_some() {
            let rest = one_of(cursor, &["DEFAULT", "OPTIONAL"]);
            return Some((Self::RequireCurrent, format!("PASSWORD REQUIRE CURRENT{rest}")));
        }
        if cursor.eat(&["FAILED_LOGIN_ATTEMPTS"]).is_some() {
            return Some((Self::FailedAttempts, format!("FAILED_LOGIN_ATTEMPTS {}", word(cursor))));
        }
        if cursor.eat(&["PASSWORD_LOCK_TIME"]).is_some() {
            return Some((Self::LockTime, format!("PASSWORD_LOCK_TIME {}", word(cursor))));
        }
        if cursor.eat(&["ATTRIBUTE"]).is_some() {
            let text = cursor.peek_text().to_owned();
            cursor.take();
            return Some((Self::Attribute, format!("ATTRIBUTE {text}")));
        }
        None
    }
}

/// The next word or number, in upper case.
fn word(cursor: &mut Cursor<'_>) -> String {
    let text = cursor.peek_text().to_ascii_uppercase();
    cursor.take();
    text
}

fn one_of(cursor: &mut Cursor<'_>, words: &[&str]) -> String {
    let found = words.iter().find(|word| cursor.eat(&[word]).is_some());
    found.map(|word| format!(" {word}")).unwrap_or_default()
}

/// `NONE`, `SSL`, `X509`, or what the certificate must say in the order MySQL prints it.
fn tls(cursor: &mut Cursor<'_>) -> String {
    let simple = one_of(cursor, &["NONE", "SSL", "X509"]);
    if !simple.is_empty() {
        return format!("REQUIRE{simple}");
    }
    const PARTS: [&str; 3] = ["SUBJECT", "ISSUER", "CIPHER"];
    let mut found: Vec<(usize, String)> = Vec::new();
    while let Some(at) = PARTS.iter().position(|part| cursor.is_word(part)) {
        cursor.take();
        found.push((at, cursor.peek_text().to_owned()));
        cursor.take();
        cursor.eat(&["AND"]);
    }
    found.sort();
    let parts = found.iter().filter_map(|(at, text)| Some(format!(" {} {text}", PARTS.get(*at)?)));
    format!("REQUIRE{}", parts.collect::<String>())
}

fn limits(cursor: &mut Cursor<'_>, unknown: &mut Vec<String>) -> String {
    let mut found: Vec<(usize, String)> = Vec::new();
    while cursor.peek_text().to_ascii_uppercase().starts_with("MAX_") {
        let name = word(cursor);
        let value = word(cursor);
        match LIMITS.iter().position(|limit| *limit == name) {
            Some(at) if value != "0" => found.push((at, format!(" {name} {value}"))),
            Some(_) => {}
            None => unknown.push(format!("{name} {value}")),
        }
    }
    found.sort();
    format!("WITH{}", found.into_iter().map(|(_, text)| text).collect::<String>())
}

/// What a string literal holds, its escapes taken away.
pub(super) fn unescaped(literal: &str) -> String {
    let inner = literal.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    let mut text = String::with_capacity(literal.len());
    let mut chars = inner.unwrap_or(literal).chars().peekable();
    while let Some(c) = chars.next() {
        let plain = match (c, chars.peek().copied()) {
            ('\'', Some('\'')) => {
                chars.next();
                '\''
            }
            ('\\', Some(escaped)) => {
                chars.next();
                match escaped {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    '0' => '\0',
                    'b' => '\u{8}',
                    'Z' => '\u{1a}',
                    other => other,
                }
            }
            (other, _) => other,
        };
        text.push(plain);
    }
    text
}

/// Passes over one token and gives its text, for what is not understood.
pub(super) fn stray(cursor: &mut Cursor<'_>) -> String {
    let is_secret = cursor.peek().is_some_and(|token| token.kind == TokenKind::Text);
    let text = if is_secret { "'…'".to_owned() } else { cursor.peek_text().to_owned() };
    cursor.take();
    text
}
