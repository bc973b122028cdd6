//! Which server: its packages, its program, what it calls things.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::error::LabError;
use crate::packages::{self, Programs};

/// A server the lab can start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// MySQL 9.x (Debian sid), or the one that `SEALIFT_LAB_MYSQL` or PATH gives.
    MySql,
    /// MariaDB 10.5 (Debian bullseye), while mirrors still carry it.
    MariaDb10_5,
    /// MariaDB 10.11 (Debian bookworm).
    MariaDb10_11,
    /// MariaDB 11.8 (Debian trixie).
    MariaDb11_8,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MySql => "MySQL",
            Self::MariaDb10_5 => "MariaDB 10.5",
            Self::MariaDb10_11 => "MariaDB 10.11",
            Self::MariaDb11_8 => "MariaDB 11.8",
        })
    }
}

impl Kind {
    /// Whether it is a MariaDB.
    pub fn is_mariadb(self) -> bool {
        self != Self::MySql
    }

    /// Its programs, fetched when they are not there yet.
    pub fn programs(self) -> Result<Programs, LabError> {
        match self {
            Self::MySql => packages::mysql(),
            Self::MariaDb10_5 => packages::mariadb("bullseye"),
            Self::MariaDb10_11 => packages::mariadb("bookworm"),
            Self::MariaDb11_8 => packages::mariadb("trixie"),
        }
    }

    /// The name of the server's program.
    pub(super) fn server_program(self) -> &'static str {
        if self.is_mariadb() { "mariadbd" } else { "mysqld" }
    }

    /// The name of the command line client's program.
    pub fn client_program(self) -> &'static str {
        if self.is_mariadb() { "mariadb" } else { "mysql" }
    }

    /// The name of the dump program.
    pub fn dump_program(self) -> &'static str {
        if self.is_mariadb() { "mariadb-dump" } else { "mysqldump" }
    }

    /// The folder of messages, character sets and installation scripts in unpacked packages.
    pub(super) fn share_folder(self, root: &Path) -> PathBuf {
        // Debian moved it with 11.x.
        root.join(if self == Self::MariaDb11_8 { "usr/share/mariadb" } else { "usr/share/mysql" })
    }

    /// Where an unpacked server finds its own files; an installed one knows.
    pub(super) fn installation_arguments(self, root: &Path) -> Vec<OsString> {
        let mut words = Vec::new();
        let mut add = |option: &str, path: &str| {
            let path = root.join(path);
            if path.is_dir() {
                let mut word = OsString::from(format!("--{option}="));
                word.push(path);
                words.push(word);
            }
        };
        if self.is_mariadb() {
            add("basedir", "usr");
            let share = self.share_folder(Path::new(""));
            let share = share.to_str().expect("it is ASCII");
            add("lc-messages-dir", share);
            add("character-sets-dir", &format!("{share}/charsets"));
            add("plugin-dir", "usr/lib/mysql/plugin");
        } else if root.join("versions.txt").is_file() {
            add("lc-messages-dir", "usr/share/mysql");
            add("character-sets-dir", "usr/share/mysql/charsets");
            add("plugin-dir", "usr/lib/mysql/plugin");
        }
        words
    }
}
