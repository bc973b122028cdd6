//! Which server: its packages, its program, what it calls things.

use std::ffi::OsString;
use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::error::LabError;
use crate::packages::{self, Programs};

/// A server the lab can start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// MySQL 5.6.24 (from npm's registry), on 64-bit Linux machines of Intel's kind that have `npm`.
    MySql5_6,
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
            Self::MySql5_6 => "MySQL 5.6",
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
        match self {
            Self::MySql5_6 | Self::MySql => false,
            Self::MariaDb10_5 | Self::MariaDb10_11 | Self::MariaDb11_8 => true,
        }
    }

    /// Whether tests of this kind are left out on this machine; says so on the standard error, past what a test's
    /// output is kept from, and why.
    pub fn is_left_out(self) -> bool {
        let Some(why) = (self == Self::MySql5_6).then(packages::no_mysql_5_6).flatten() else {
            return false;
        };
        // Not by a macro: the output of tests that pass is thrown away.
        let _ = writeln!(std::io::stderr(), "LEFT OUT: what is tested with {self} is not: {why}");
        true
    }

    /// Its programs, fetched when they are not there yet.
    pub fn programs(self) -> Result<Programs, LabError> {
        match self {
            Self::MySql5_6 => packages::mysql_5_6(),
            Self::MySql => packages::mysql(),
            Self::MariaDb10_5 => packages::mariadb("bullseye"),
            Self::MariaDb10_11 => packages::mariadb("bookworm"),
            Self::MariaDb11_8 => packages::mariadb("trixie"),
        }
    }

    /// The client programs: the server's own, but for MySQL 5.6, which comes without. MariaDB's speak to it; those of
    /// MySQL 9 do not know its way to log in.
    pub(super) fn client_programs(self, own: &Programs) -> Result<Programs, LabError> {
        if self == Self::MySql5_6 { Self::MariaDb10_11.programs() } else { Ok(own.clone()) }
    }

    /// Whether its client programs are MariaDB's.
    pub fn has_clients_of_mariadb(self) -> bool {
        self != Self::MySql
    }

    /// The name of the server's program.
    pub(super) fn server_program(self) -> &'static str {
        if self.is_mariadb() { "mariadbd" } else { "mysqld" }
    }

    /// The name of the command line client's program.
    pub fn client_program(self) -> &'static str {
        if self.has_clients_of_mariadb() { "mariadb" } else { "mysql" }
    }

    /// The name of the dump program.
    pub fn dump_program(self) -> &'static str {
        if self.has_clients_of_mariadb() { "mariadb-dump" } else { "mysqldump" }
    }

    /// The folder of messages, character sets and installation scripts in unpacked packages.
    pub(super) fn share_folder(self, root: &Path) -> PathBuf {
        root.join(match self {
            Self::MySql5_6 => "share",
            Self::MySql | Self::MariaDb10_5 | Self::MariaDb10_11 => "usr/share/mysql",
            // Debian moved it with 11.x.
            Self::MariaDb11_8 => "usr/share/mariadb",
        })
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
        } else if self == Self::MySql5_6 {
            add("basedir", "");
            add("lc-messages-dir", "share");
            add("character-sets-dir", "share/charsets");
        } else if root.join("versions.txt").is_file() {
            add("lc-messages-dir", "usr/share/mysql");
            add("character-sets-dir", "usr/share/mysql/charsets");
            add("plugin-dir", "usr/lib/mysql/plugin");
        }
        words
    }
}
