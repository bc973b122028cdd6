//! An account's name: who, and from where.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::quote;
use crate::sql::{Cursor, TokenKind, unquote};

/// Who logs in, and from where. A role is an account nobody logs in to; MariaDB's have no host.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AccountName {
    /// The user's or role's name, unquoted; empty for everybody's account.
    pub user: String,
    /// The host or a pattern of hosts, unquoted; empty for a role of MariaDB.
    pub host: String,
}

impl AccountName {
    /// Joins user and host.
    pub fn new(user: impl Into<String>, host: impl Into<String>) -> Self {
        Self { user: user.into(), host: host.into() }
    }

    /// `user@host` for people and patterns; not for SQL.
    #[must_use]
    pub fn plain(&self) -> String {
        match self.host.as_str() {
            "" => self.user.clone(),
            host => format!("{}@{host}", self.user),
        }
    }

    /// Reads ``CURRENT_USER()``'s `user@host`: a user may hold an `@`, a host may not.
    #[must_use]
    pub fn of_current_user(text: &str) -> Self {
        match text.rsplit_once('@') {
            Some((user, host)) => Self::new(user, host),
            None => Self::new(text, ""),
        }
    }

    /// Takes a name as servers print and people write it. Without a host it is `host_if_none`'s.
    pub(super) fn take(cursor: &mut Cursor<'_>, host_if_none: &str) -> Option<Self> {
        let token = cursor.peek()?;
        if !matches!(token.kind, TokenKind::Word | TokenKind::QuotedName | TokenKind::Text) {
            return None;
        }
        let user = unquote(cursor.peek_text());
        cursor.take();
        let is_host = cursor.peek().is_some_and(|token| token.kind == TokenKind::AtName);
        if !is_host {
            return Some(Self::new(user, host_if_none));
        }
        let host = unquote(cursor.peek_text().trim_start_matches('@'));
        cursor.take();
        Some(Self::new(user, host))
    }
}

/// The quoted form SQL takes: `` `user`@`host` ``.
impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&quote(&self.user))?;
        if self.host.is_empty() { Ok(()) } else { write!(f, "@{}", quote(&self.host)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::{Dialect, Sql};

    #[test]
    fn names_are_read_in_every_spelling() {
        for (text, user, host) in [
            ("`app`@`10.0.%`", "app", "10.0.%"),
            ("'app'@'10.0.%'", "app", "10.0.%"),
            ("``@`%`", "", "%"),
            ("`a``b@c`@`h`", "a`b@c", "h"),
            ("'it''s'@'h'", "it's", "h"),
            ("`reader`", "reader", "none"),
            ("app@localhost", "app", "localhost"),
        ] {
            let sql = Sql::new(text, Dialect::default());
            let read = AccountName::take(&mut sql.cursor(), "none");
            assert_eq!(read, Some(AccountName::new(user, host)), "{text}");
        }
    }

    #[test]
    fn a_name_is_printed_for_sql_and_for_people() {
        let name = AccountName::new("a`b", "%");
        assert_eq!((name.to_string(), name.plain()), ("`a``b`@`%`".into(), "a`b@%".into()));
        assert_eq!(AccountName::new("role", "").to_string(), "`role`");
        assert_eq!(AccountName::of_current_user("a@b@%"), AccountName::new("a@b", "%"));
    }
}
