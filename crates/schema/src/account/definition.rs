//! What `CREATE USER` says of an account: how it logs in and under which conditions.

use std::collections::BTreeMap;
use std::fmt;

use super::clause::{self, Clause, stray, unescaped};
use super::name::AccountName;
use crate::name::literal;
use crate::sql::{Cursor, Dialect, Sql, TokenKind, unquote};

/// A password, or what proves one (a hash), as a literal of SQL. Shown nowhere by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A secret from its literal: `0x…` or `'…'`.
    pub fn new(literal: impl Into<String>) -> Self {
        Self(literal.into())
    }

    /// The literal, to be written into SQL and a script. Never into a message.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.0
    }

    /// The bytes it stands for, as hexadecimal digits: servers print one hash in two ways.
    fn digits(&self) -> String {
        match self.0.strip_prefix("0x").or_else(|| self.0.strip_prefix("0X")) {
            Some(digits) => digits.to_ascii_uppercase(),
            None => unescaped(&self.0).bytes().map(|byte| format!("{byte:02X}")).collect(),
        }
    }

    /// Whether two literals mean the same bytes.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        self.digits() == other.digits()
    }

    fn is_empty(&self) -> bool {
        self.digits().is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// What a factor is proved by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Nothing: an empty password, or a plugin that needs no text.
    None,
    /// What the plugin keeps: a hash, a subject.
    Hash(Secret),
    /// A password as a person wrote it into a script.
    Password(Secret),
}

/// One way to log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factor {
    /// The plugin, in lower case; `None`: the server's default.
    pub plugin: Option<String>,
    /// What it is proved by.
    pub proof: Proof,
}

/// How an account logs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// By all of these (MySQL); by none of them: an empty password.
    All(Vec<Factor>),
    /// By one of these (MariaDB).
    Any(Vec<Factor>),
    /// By no password anybody knows: a random one, until a person sets another.
    Unknown,
}

/// What `CREATE USER` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// Who.
    pub name: AccountName,
    /// How it logs in.
    pub login: Login,
    /// The password that was in use before and still holds (`RETAIN CURRENT PASSWORD`).
    pub retained: Option<Secret>,
    /// Everything else that is not the default.
    pub clauses: BTreeMap<Clause, String>,
    /// Roles named by `DEFAULT ROLE`.
    pub default_roles: Vec<AccountName>,
    /// What was not understood, or what no MySQL knows, piece by piece.
    pub unknown: Vec<String>,
}

impl Definition {
    /// An account without a password and any condition.
    #[must_use]
    pub fn new(name: AccountName) -> Self {
        Self {
            name,
            login: Login::All(Vec::new()),
            retained: None,
            clauses: BTreeMap::new(),
            default_roles: Vec::new(),
            unknown: Vec::new(),
        }
    }

    /// Reads `CREATE USER …` as MySQL, MariaDB and people write it; `None` when it is something else.
    #[must_use]
    pub fn read(create_sql: &str) -> Option<Self> {
        let sql = Sql::new(create_sql, Dialect::default());
        let mut cursor = sql.cursor();
        cursor.eat(&["CREATE", "USER"])?;
        cursor.eat(&["IF", "NOT", "EXISTS"]);
        let mut definition = Self::new(AccountName::take(&mut cursor, "%")?);
        definition.take_rest(&mut cursor);
        Some(definition)
    }

    /// Whether nobody can log in to it: what MySQL makes of `CREATE ROLE`.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.clauses.get(&Clause::Lock).is_some_and(|text| text == "ACCOUNT LOCK")
    }

    /// Whether its password is empty.
    #[must_use]
    pub fn has_no_password(&self) -> bool {
        match &self.login {
            Login::All(factors) => factors.iter().all(|factor| factor.proof == Proof::None),
            Login::Any(_) | Login::Unknown => false,
        }
    }

    /// Whether a person wrote its password into the script.
    pub(super) fn has_written_password(&self) -> bool {
        match &self.login {
            Login::All(factors) => {
                factors.iter().any(|factor| matches!(factor.proof, Proof::Password(_)))
            }
            Login::Any(_) | Login::Unknown => false,
        }
    }

    /// Sets a clause, or takes it away when it says what the default says.
    pub(super) fn set(&mut self, clause: Clause, text: String) {
        let is_default = match clause {
            Clause::Limits => text == "WITH",
            Clause::Attribute => matches!(text.as_str(), "ATTRIBUTE '{}'" | "ATTRIBUTE NULL"),
            Clause::Tls
            | Clause::Expiry
            | Clause::Lock
            | Clause::History
            | Clause::Reuse
            | Clause::RequireCurrent
            | Clause::FailedAttempts
            | Clause::LockTime => text == clause.default_text(),
        };
        if is_default {
            self.clauses.remove(&clause);
        } else {
            self.clauses.insert(clause, text);
        }
    }

    /// Reads what follows the name.
    fn take_rest(&mut self, cursor: &mut Cursor<'_>) {
        while cursor.peek().is_some() {
            if cursor.is_word("IDENTIFIED") {
                self.take_login(cursor);
            } else if cursor.eat(&["AND"]).is_some() {
                // A further factor follows.
            } else if cursor.eat(&["DEFAULT", "ROLE"]).is_some() {
                self.default_roles.extend(take_names(cursor));
            } else if cursor.eat(&["COMMENT"]).is_some() {
                let text = serde_json::Value::String(unescaped(cursor.peek_text()));
                cursor.take();
                let json = format!("{{\"comment\": {text}}}");
                self.set(Clause::Attribute, format!("ATTRIBUTE {}", literal(&json)));
            } else if let Some((clause, text)) = Clause::take(cursor, &mut self.unknown) {
                self.set(clause, text);
            } else {
                let text = stray(cursor);
                self.unknown.push(text);
            }
        }
    }

    /// Reads `IDENTIFIED …`: <https://dev.mysql.com/doc/refman/9.7/en/create-user.html>,
    /// <https://mariadb.com/kb/en/create-user/>.
    fn take_login(&mut self, cursor: &mut Cursor<'_>) {
        cursor.eat(&["IDENTIFIED"]);
        if cursor.eat(&["BY", "RANDOM", "PASSWORD"]).is_some() {
            self.login = Login::Unknown;
            return;
        }
        if cursor.eat(&["VIA"]).is_some() {
            let mut ways = Vec::new();
            loop {
                ways.extend(take_factor(cursor));
                if cursor.eat(&["OR"]).is_none() {
                    break;
                }
            }
            self.login = Login::Any(ways);
            return;
        }
        let factor = if cursor.eat(&["BY", "PASSWORD"]).is_some() {
            let plugin = Some("mysql_native_password".to_owned());
            Some(Factor { plugin, proof: Proof::Hash(take_secret(cursor)) })
        } else if cursor.eat(&["BY"]).is_some() {
            Some(Factor { plugin: None, proof: Proof::Password(take_secret(cursor)) })
        } else if cursor.eat(&["WITH"]).is_some() {
            take_factor(cursor)
        } else {
            None
        };
        match (&mut self.login, factor) {
            (Login::All(factors), Some(factor)) => factors.push(factor),
            (Login::All(_) | Login::Any(_) | Login::Unknown, _) => {
                self.unknown.push("IDENTIFIED".to_owned());
            }
        }
    }

    /// `CREATE USER …`, without a delimiter.
    #[must_use]
    pub fn print(&self) -> String {
        let login = self.login_sql();
        let conditions: Vec<&str> = self.clauses.values().map(String::as_str).collect();
        let mut sql = format!("CREATE USER {}", self.name);
        for line in [login, conditions.join(" ")] {
            if !line.is_empty() {
                sql.push_str("\n  ");
                sql.push_str(&line);
            }
        }
        sql
    }

    /// The statement that gives it its present password beside the retained one, if there is one.
    #[must_use]
    pub fn print_retaining(&self) -> Option<String> {
        self.retained.as_ref()?;
        let Login::All(factors) = &self.login else { return None };
        let factor = factors.first()?.sql();
        Some(format!("ALTER USER {} IDENTIFIED {factor} RETAIN CURRENT PASSWORD", self.name))
    }

    /// `IDENTIFIED …` as it is when the account is made: with a retained password, by that one.
    pub(super) fn login_sql(&self) -> String {
        match &self.login {
            Login::Unknown => "IDENTIFIED BY RANDOM PASSWORD".to_owned(),
            Login::All(factors) => {
                let first = factors.first().map(|factor| match &self.retained {
                    Some(old) => Factor { proof: Proof::Hash(old.clone()), ..factor.clone() }.sql(),
                    None => factor.sql(),
                });
                let all = first.into_iter().chain(factors.iter().skip(1).map(Factor::sql));
                all.map(|factor| format!("IDENTIFIED {factor}")).collect::<Vec<_>>().join(" AND ")
            }
            // Only MariaDB knows it; the filter for logins leaves none.
            Login::Any(_) => String::new(),
        }
    }
}

impl Factor {
    fn sql(&self) -> String {
        let with = self.plugin.as_ref().map(|plugin| format!("WITH {}", literal(plugin)));
        let proof = match &self.proof {
            Proof::None => None,
            Proof::Hash(secret) => Some(format!("AS {}", secret.sql())),
            Proof::Password(secret) => Some(format!("BY {}", secret.sql())),
        };
        with.into_iter().chain(proof).collect::<Vec<_>>().join(" ")
    }
}

/// Reads `plugin [AS|USING|BY '…']`.
fn take_factor(cursor: &mut Cursor<'_>) -> Option<Factor> {
    let token = cursor.peek()?;
    if !matches!(token.kind, TokenKind::Word | TokenKind::Text | TokenKind::QuotedName) {
        return None;
    }
    let plugin = Some(unquote(cursor.peek_text()).to_ascii_lowercase());
    cursor.take();
    let proof = if cursor.eat(&["BY"]).is_some() {
        Proof::Password(take_secret(cursor))
    } else if cursor.eat(&["AS"]).is_some() || cursor.eat(&["USING"]).is_some() {
        match take_secret(cursor) {
            secret if secret.is_empty() => Proof::None,
            secret => Proof::Hash(secret),
        }
    } else {
        Proof::None
    };
    Some(Factor { plugin, proof })
}

fn take_secret(cursor: &mut Cursor<'_>) -> Secret {
    let secret = Secret::new(cursor.peek_text());
    cursor.take();
    secret
}

/// Reads names between commas; the host of those without one is empty.
pub(super) fn take_names(cursor: &mut Cursor<'_>) -> Vec<AccountName> {
    let mut names = Vec::new();
    loop {
        names.extend(AccountName::take(cursor, ""));
        if !cursor.eat_mark(",") {
            return names;
        }
    }
}

/// Reads `ALTER USER … RETAIN CURRENT PASSWORD` as [`Definition::print_retaining`] writes it.
pub(super) fn read_retaining(alter_sql: &str) -> Option<(AccountName, Factor)> {
    let sql = Sql::new(alter_sql, Dialect::default());
    let mut cursor = sql.cursor();
    cursor.eat(&["ALTER", "USER"])?;
    let name = AccountName::take(&mut cursor, "%")?;
    cursor.eat(&["IDENTIFIED", "WITH"])?;
    let factor = take_factor(&mut cursor)?;
    cursor.eat(&["RETAIN", "CURRENT", "PASSWORD"])?;
    cursor.peek().is_none().then_some((name, factor))
}

/// The keys and values of an `ATTRIBUTE` clause.
pub(super) fn attributes(clause: Option<&String>) -> serde_json::Map<String, serde_json::Value> {
    let literal = clause.and_then(|text| text.strip_prefix("ATTRIBUTE "));
    let json = literal.and_then(|literal| serde_json::from_str(&clause::unescaped(literal)).ok());
    json.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(create_sql: &str) -> (String, Vec<String>) {
        let definition = Definition::read(create_sql).unwrap();
        (definition.print().replace("\n ", ""), definition.unknown)
    }

    #[test]
    fn what_mysql_prints_is_read_and_defaults_are_left_away() {
        for (text, expected) in [
            (
                "CREATE USER `app`@`10.0.%` IDENTIFIED WITH 'caching_sha2_password' AS 0x2441 DEFAULT ROLE \
                 `r`@`%` REQUIRE SSL WITH MAX_QUERIES_PER_HOUR 500 MAX_USER_CONNECTIONS 5 PASSWORD EXPIRE \
                 INTERVAL 90 DAY ACCOUNT UNLOCK PASSWORD HISTORY DEFAULT PASSWORD REUSE INTERVAL DEFAULT \
                 PASSWORD REQUIRE CURRENT DEFAULT FAILED_LOGIN_ATTEMPTS 3 PASSWORD_LOCK_TIME UNBOUNDED \
                 ATTRIBUTE '{\"comment\": \"it\\'s\"}'",
                "CREATE USER `app`@`10.0.%` IDENTIFIED WITH 'caching_sha2_password' AS 0x2441 REQUIRE SSL \
                 WITH MAX_QUERIES_PER_HOUR 500 MAX_USER_CONNECTIONS 5 PASSWORD EXPIRE INTERVAL 90 DAY \
                 FAILED_LOGIN_ATTEMPTS 3 PASSWORD_LOCK_TIME UNBOUNDED ATTRIBUTE '{\"comment\": \"it\\'s\"}'",
            ),
            (
                "CREATE USER 'x'@'%' IDENTIFIED WITH 'sha256_password' AS '$5$a' REQUIRE SUBJECT '/CN=a' \
                 ISSUER '/CN=b' CIPHER 'C' PASSWORD EXPIRE ACCOUNT LOCK PASSWORD HISTORY 5 PASSWORD REUSE \
                 INTERVAL 30 DAY PASSWORD REQUIRE CURRENT OPTIONAL",
                "CREATE USER `x`@`%` IDENTIFIED WITH 'sha256_password' AS '$5$a' REQUIRE SUBJECT '/CN=a' \
                 ISSUER '/CN=b' CIPHER 'C' PASSWORD EXPIRE ACCOUNT LOCK PASSWORD HISTORY 5 PASSWORD REUSE \
                 INTERVAL 30 DAY PASSWORD REQUIRE CURRENT OPTIONAL",
            ),
            (
                "CREATE USER `m`@`%` IDENTIFIED WITH 'a' AS 'x' AND IDENTIFIED WITH 'b' AS 'y'",
                "CREATE USER `m`@`%` IDENTIFIED WITH 'a' AS 'x' AND IDENTIFIED WITH 'b' AS 'y'",
            ),
            (
                // As MySQL 5.7 prints it.
                "CREATE USER 'a'@'10.%' IDENTIFIED WITH 'mysql_native_password' AS '*AB' REQUIRE NONE WITH \
                 MAX_UPDATES_PER_HOUR 3 PASSWORD EXPIRE NEVER ACCOUNT UNLOCK",
                "CREATE USER `a`@`10.%` IDENTIFIED WITH 'mysql_native_password' AS '*AB' WITH \
                 MAX_UPDATES_PER_HOUR 3 PASSWORD EXPIRE NEVER",
            ),
            (
                "CREATE USER ``@`%` IDENTIFIED WITH 'caching_sha2_password' REQUIRE NONE PASSWORD EXPIRE \
                 DEFAULT ACCOUNT UNLOCK",
                "CREATE USER ``@`%` IDENTIFIED WITH 'caching_sha2_password'",
            ),
        ] {
            assert_eq!(printed(text), (expected.to_owned(), Vec::new()));
        }
    }

    #[test]
    fn what_mariadb_prints_is_read() {
        let text = "CREATE USER `app`@`10.0.%` IDENTIFIED BY PASSWORD '*FD' REQUIRE ISSUER '/CN=b' SUBJECT \
                    '/CN=a' WITH MAX_QUERIES_PER_HOUR 500 MAX_STATEMENT_TIME 3.000000 PASSWORD EXPIRE NEVER";
        let expected = "CREATE USER `app`@`10.0.%` IDENTIFIED WITH 'mysql_native_password' AS '*FD' REQUIRE \
                        SUBJECT '/CN=a' ISSUER '/CN=b' WITH MAX_QUERIES_PER_HOUR 500 PASSWORD EXPIRE NEVER";
        assert_eq!(printed(text), (expected.into(), vec!["MAX_STATEMENT_TIME 3.000000".into()]));
        let text = "CREATE USER `s`@`h` IDENTIFIED VIA unix_socket OR mysql_native_password USING '*66' OR \
                    ed25519 USING ''";
        let Login::Any(ways) = Definition::read(text).unwrap().login else { panic!("{text}") };
        let told: Vec<_> = ways.iter().map(|way| (way.plugin.as_deref(), &way.proof)).collect();
        let hash = Proof::Hash(Secret::new("'*66'"));
        assert_eq!(
            told,
            [
                (Some("unix_socket"), &Proof::None),
                (Some("mysql_native_password"), &hash),
                (Some("ed25519"), &Proof::None)
            ]
        );
    }

    #[test]
    fn what_is_not_understood_is_kept_apart_without_its_strings() {
        let text = "CREATE USER a@b IDENTIFIED WITH 'p' AS 'x' FROBNICATE 'secret' 5";
        assert_eq!(printed(text).1, ["FROBNICATE", "'…'", "5"]);
    }

    #[test]
    fn a_retained_password_comes_first_and_the_present_one_after_it() {
        let text = "CREATE USER a@b IDENTIFIED WITH p AS 0x02";
        let mut definition = Definition::read(text).unwrap();
        definition.retained = Some(Secret::new("0x01"));
        assert!(definition.print().ends_with("IDENTIFIED WITH 'p' AS 0x01"));
        let alter = definition.print_retaining().unwrap();
        assert_eq!(alter, "ALTER USER `a`@`b` IDENTIFIED WITH 'p' AS 0x02 RETAIN CURRENT PASSWORD");
        let (name, factor) = read_retaining(&alter).unwrap();
        assert_eq!((name, factor.sql()), (definition.name, "WITH 'p' AS 0x02".into()));
    }

    #[test]
    fn a_secret_is_never_shown_and_is_known_in_both_spellings() {
        let text = Secret::new("'*AB\\'c'");
        assert!(!format!("{text:?}").contains("AB"));
        assert!(text.same(&Secret::new("0x2a41422763")));
        assert!(!text.same(&Secret::new("0x2a414227")));
    }
}
