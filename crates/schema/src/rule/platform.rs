//! Whose server it is by its marks, and what is known of a target that does not exist yet.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::facts::{Flavor, ServerFacts, ServerVersion};

/// Who runs a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Platform {
    /// Azure Database for MySQL - Flexible Server.
    Azure,
    /// Amazon RDS.
    Rds,
    /// Amazon Aurora.
    Aurora,
    /// Google Cloud SQL.
    CloudSql,
    /// Percona Server, run by its owner.
    Percona,
    /// MySQL, run by its owner.
    MySql,
    /// MariaDB, run by its owner.
    MariaDb,
}

impl Platform {
    /// Recognises a server.
    #[must_use]
    pub fn of(facts: &ServerFacts) -> Self {
        let says = |name: &str, mark: &str| {
            facts.variable(name).is_some_and(|value| value.to_lowercase().contains(mark))
        };
        if facts.is_azure() {
            Self::Azure
        } else if facts.variables.contains_key("aurora_version") {
            Self::Aurora
        } else if says("basedir", "/rdsdbbin") || says("datadir", "/rdsdbdata") {
            Self::Rds
        } else if says("version_comment", "google") || facts.version_text.contains("-google") {
            Self::CloudSql
        } else if facts.version.flavor == Flavor::MariaDb {
            Self::MariaDb
        } else if says("version_comment", "percona") {
            Self::Percona
        } else {
            Self::MySql
        }
    }

    /// Its name for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Azure => "Azure Database for MySQL",
            Self::Rds => "Amazon RDS",
            Self::Aurora => "Amazon Aurora",
            Self::CloudSql => "Google Cloud SQL",
            Self::Percona => "Percona Server",
            Self::MySql => "MySQL",
            Self::MariaDb => "MariaDB",
        }
    }

    /// Whether somebody else runs it: no file system, no `SUPER`, parameters set from outside.
    #[must_use]
    pub fn is_managed(self) -> bool {
        matches!(self, Self::Azure | Self::Rds | Self::Aurora | Self::CloudSql)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A kind of target: assessed against before there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Who will run it.
    pub platform: Platform,
    /// Its version.
    pub version: (u16, u16, u16),
}

/// A profile nobody knows.
#[derive(Debug, Error)]
#[error("{0:?} is not a profile: known are azure-8.0, azure-8.4, mysql-8.0, mysql-8.4, mysql-9.x")]
pub struct UnknownProfile(String);

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(text: &str) -> Result<Self, UnknownProfile> {
        let (platform, version) = match text {
            "azure-8.0" => (Platform::Azure, (8, 0, 42)),
            "azure-8.4" => (Platform::Azure, (8, 4, 5)),
            "mysql-8.0" => (Platform::MySql, (8, 0, 43)),
            "mysql-8.4" => (Platform::MySql, (8, 4, 6)),
            "mysql-9.x" => (Platform::MySql, (9, 7, 0)),
            other => return Err(UnknownProfile(other.to_owned())),
        };
        Ok(Self { platform, version })
    }
}

/// Privileges the admin of Azure Database for MySQL has
/// (<https://learn.microsoft.com/azure/mysql/flexible-server/security-how-to-create-users>).
const AZURE_ADMIN: &str = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, \
     SHOW DATABASES, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION CLIENT, \
     CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER, REPLICATION_APPLIER, \
     ROLE_ADMIN, SESSION_VARIABLES_ADMIN, SHOW_ROUTINE, XA_RECOVER_ADMIN";

impl Profile {
    /// The facts of a new server of this kind with its defaults.
    #[must_use]
    pub fn facts(self) -> ServerFacts {
        let version = ServerVersion { flavor: Flavor::MySql, number: self.version };
        let (major, minor, patch) = self.version;
        let mut variables = BTreeMap::new();
        let mut set = |names: &[(&str, &str)]| {
            let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            variables.extend(names.iter().map(own));
        };
        set(&DEFAULTS);
        if version.number < (9, 0, 0) {
            set(&[("binlog_format", "ROW")]);
        }
        if version.number >= (8, 4, 0) {
            set(&[("restrict_fk_on_non_standard_key", "ON")]);
        }
        let grants = match self.platform {
            Platform::Azure => {
                set(&AZURE);
                format!("GRANT {AZURE_ADMIN} ON *.* TO `admin`@`%`")
            }
            Platform::Rds
            | Platform::Aurora
            | Platform::CloudSql
            | Platform::Percona
            | Platform::MySql
            | Platform::MariaDb => "GRANT ALL PRIVILEGES ON *.* TO `admin`@`%`".to_owned(),
        };
        ServerFacts {
            version,
            version_text: format!("{major}.{minor}.{patch}"),
            variables,
            collations: collations(),
            engines: self.engines(),
            current_user: "admin@%".to_owned(),
            grants: vec![grants],
            accounts: None,
        }
    }

    fn engines(self) -> BTreeSet<String> {
        let engines: &[&str] = if self.platform == Platform::Azure {
            &["InnoDB", "MEMORY"]
        } else {
            &["InnoDB", "MEMORY", "MyISAM", "CSV", "ARCHIVE", "BLACKHOLE", "MRG_MYISAM"]
        };
        engines.iter().map(|engine| (*engine).to_owned()).collect()
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor, _) = self.version;
        write!(f, "{} {major}.{minor}", self.platform)
    }
}

/// What a new MySQL 8.0 or later says of itself, where a check looks at it
/// (<https://dev.mysql.com/doc/refman/8.4/en/server-system-variables.html>).
const DEFAULTS: [(&str, &str); 21] = [
    ("lower_case_table_names", "0"),
    ("sql_mode", DEFAULT_SQL_MODE),
    ("character_set_server", "utf8mb4"),
    ("collation_server", "utf8mb4_0900_ai_ci"),
    ("default_collation_for_utf8mb4", "utf8mb4_0900_ai_ci"),
    ("time_zone", "SYSTEM"),
    ("system_time_zone", "UTC"),
    ("explicit_defaults_for_timestamp", "ON"),
    ("max_allowed_packet", "67108864"),
    ("innodb_page_size", "16384"),
    ("innodb_file_per_table", "ON"),
    ("innodb_strict_mode", "ON"),
    ("innodb_default_row_format", "dynamic"),
    ("log_bin", "ON"),
    ("event_scheduler", "ON"),
    ("read_only", "OFF"),
    ("super_read_only", "OFF"),
    ("transaction_isolation", "REPEATABLE-READ"),
    ("autocommit", "ON"),
    ("group_concat_max_len", "1024"),
    ("sql_require_primary_key", "OFF"),
];

/// `sql_mode` of a new server.
const DEFAULT_SQL_MODE: &str = "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,\
     ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION";

/// How a new Azure Database for MySQL differs
/// (<https://learn.microsoft.com/azure/mysql/flexible-server/concepts-server-parameters>).
const AZURE: [(&str, &str); 5] = [
    ("azure_server_name", ""),
    ("lower_case_table_names", "1"),
    ("sql_generate_invisible_primary_key", "ON"),
    ("log_bin_trust_function_creators", "ON"),
    ("require_secure_transport", "ON"),
];

/// The collations of MySQL 8.0 and later: the list has not changed since 8.0.30.
fn collations() -> BTreeMap<String, String> {
    let names = include_str!("platform/collations.txt").lines();
    names
        .filter_map(|name| {
            let charset = if name == "binary" { "binary" } else { name.split_once('_')?.0 };
            Some((name.to_owned(), charset.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(version: &str, name: &str, value: &str) -> Platform {
        let profile: Profile = "mysql-8.0".parse().unwrap();
        let mut facts = profile.facts();
        facts.version = ServerVersion::parse(version).unwrap();
        facts.version_text = version.to_owned();
        facts.variables.insert(name.to_owned(), value.to_owned());
        Platform::of(&facts)
    }

    #[test]
    fn a_server_is_known_by_its_marks() {
        for (version, name, value, platform) in [
            ("8.0.40-azure", "azure_server_name", "contoso", Platform::Azure),
            ("8.0.40", "aurora_version", "3.08.0", Platform::Aurora),
            ("8.0.40", "basedir", "/rdsdbbin/mysql-8.0.40.R3/", Platform::Rds),
            ("10.11.9-MariaDB-log", "datadir", "/rdsdbdata/db/", Platform::Rds),
            ("8.0.31-google", "version_comment", "(Google)", Platform::CloudSql),
            ("8.0.40-31", "version_comment", "Percona Server (GPL), Release 31", Platform::Percona),
            ("10.11.9-MariaDB", "version_comment", "Debian 12", Platform::MariaDb),
            ("9.7.4", "version_comment", "(Debian)", Platform::MySql),
        ] {
            assert_eq!(marked(version, name, value), platform, "{version} {name}={value}");
        }
    }

    #[test]
    fn a_profile_is_a_new_server_of_its_kind() {
        let facts = "azure-8.4".parse::<Profile>().unwrap().facts();
        assert_eq!(Platform::of(&facts), Platform::Azure);
        assert!(facts.is_on("sql_generate_invisible_primary_key"));
        assert_eq!(facts.lower_case_table_names(), 1);
        assert!(!facts.engines.contains("MyISAM"));
        assert_eq!(facts.collations.get("utf8mb4_0900_ai_ci").unwrap(), "utf8mb4");
        assert!(facts.collations.len() > 280);
        let stock = "mysql-9.x".parse::<Profile>().unwrap().facts();
        assert_eq!((Platform::of(&stock), stock.lower_case_table_names()), (Platform::MySql, 0));
        assert!("azure-9".parse::<Profile>().unwrap_err().to_string().contains("azure-8.4"));
    }
}
