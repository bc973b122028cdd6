//! What is known of a server: plain data that rules and rewrites judge.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

/// Which of the two servers something is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Where the data comes from.
    Source,
    /// Where the data goes.
    Target,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Source => "source",
            Self::Target => "target",
        })
    }
}

/// Whose server it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flavor {
    /// Oracle's MySQL or a build of it (Percona and managed services included).
    MySql,
    /// MariaDB.
    MariaDb,
}

/// A server's version: flavor and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ServerVersion {
    /// Whose server it is.
    pub flavor: Flavor,
    /// E.g. `(9, 7, 4)`.
    pub number: (u16, u16, u16),
}

impl ServerVersion {
    /// Reads the handshake's or `VERSION()`'s text: `9.7.4-2`, `8.0.40-azure`,
    /// `5.5.5-10.11.19-MariaDB-0+deb12u1`, `11.8.3-MariaDB`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let flavor = if text.to_ascii_lowercase().contains("mariadb") {
            Flavor::MariaDb
        } else {
            Flavor::MySql
        };
        // MariaDB servers before 11 prefix "5.5.5-" for the sake of old replicas.
        let text = match flavor {
            Flavor::MariaDb => text.strip_prefix("5.5.5-").unwrap_or(text),
            Flavor::MySql => text,
        };
        let digits = text.split(|c: char| !(c.is_ascii_digit() || c == '.')).next()?;
        let mut parts = digits.split('.').map(str::parse);
        let major = parts.next()?.ok()?;
        let minor = parts.next()?.ok()?;
        let patch = parts.next().and_then(Result::ok).unwrap_or(0);
        Some(Self { flavor, number: (major, minor, patch) })
    }

    /// Whether this is MySQL of at least this version.
    #[must_use]
    pub fn is_mysql_at_least(&self, major: u16, minor: u16, patch: u16) -> bool {
        self.flavor == Flavor::MySql && self.number >= (major, minor, patch)
    }

    /// Whether this is MariaDB of at least this version.
    #[must_use]
    pub fn is_mariadb_at_least(&self, major: u16, minor: u16, patch: u16) -> bool {
        self.flavor == Flavor::MariaDb && self.number >= (major, minor, patch)
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor, patch) = self.number;
        match self.flavor {
            Flavor::MySql => write!(f, "MySQL {major}.{minor}.{patch}"),
            Flavor::MariaDb => write!(f, "MariaDB {major}.{minor}.{patch}"),
        }
    }
}

/// What one server says of itself, gathered once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerFacts {
    /// Flavor and number.
    pub version: ServerVersion,
    /// `VERSION()` as printed.
    pub version_text: String,
    /// Global variables by lower-case name, as `SHOW GLOBAL VARIABLES` prints them.
    pub variables: BTreeMap<String, String>,
    /// Collations the server knows, each with its character set.
    pub collations: BTreeMap<String, String>,
    /// Storage engines that can be used.
    pub engines: BTreeSet<String>,
    /// `CURRENT_USER()` of our login, as `user@host`.
    pub current_user: String,
    /// `SHOW GRANTS` of our login (with its active roles), line by line.
    pub grants: Vec<String>,
    /// Accounts as `user@host`; `None` when the login may not list them.
    pub accounts: Option<BTreeSet<String>>,
}

impl ServerFacts {
    /// A global variable's value, by lower-case name.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Whether a global switch is on (`ON` or `1`).
    #[must_use]
    pub fn is_on(&self, name: &str) -> bool {
        self.variable(name).is_some_and(|value| value.eq_ignore_ascii_case("on") || value == "1")
    }

    /// `lower_case_table_names`: 0, 1 or 2.
    #[must_use]
    pub fn lower_case_table_names(&self) -> u8 {
        self.variable("lower_case_table_names").and_then(|value| value.parse().ok()).unwrap_or(0)
    }

    /// Whether the server is Azure Database for MySQL: only it has the variable `azure_server_name`.
    #[must_use]
    pub fn is_azure(&self) -> bool {
        self.variables.contains_key("azure_server_name")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_every_flavor_are_read() {
        let read = |text| ServerVersion::parse(text).map(|version| version.to_string());
        assert_eq!(read("9.7.4-2").as_deref(), Some("MySQL 9.7.4"));
        assert_eq!(read("8.0.40-azure").as_deref(), Some("MySQL 8.0.40"));
        assert_eq!(read("5.5.5-10.11.19-MariaDB-0").as_deref(), Some("MariaDB 10.11.19"));
        assert_eq!(read("11.8.3-MariaDB-log").as_deref(), Some("MariaDB 11.8.3"));
        assert_eq!(read("garbage"), None);
    }
}
