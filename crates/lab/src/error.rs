//! Why the lab cannot give a server, in words that say what to provide.

use std::path::PathBuf;

/// What went wrong in the lab.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The machine cannot fetch Debian packages by itself.
    #[error(
        "cannot fetch {what}: {why}\n  \
         The lab unpacks Debian packages into {cache} and needs for that, once: apt-get, dpkg and a \
         Debian mirror in apt's sources that can be reached.\n  \
         Without them: put a MySQL 8.4 or newer server's `mysqld` with its `mysql` and `mysqldump` on \
         PATH, or name the server by SEALIFT_LAB_MYSQL=/path/to/mysqld; or copy {cache} from a machine \
         that has it."
    )]
    NoPackages {
        /// What was wanted.
        what: String,
        /// The cause.
        why: String,
        /// The lab's cache folder.
        cache: String,
    },
    /// The machine cannot fetch packages of npm's registry by itself.
    #[error(
        "cannot fetch {what}: {why}\n  \
         The lab needs for that, once: npm, and a registry it can reach; or copy {cache} from a machine that has it."
    )]
    NoNpm {
        /// What was wanted.
        what: String,
        /// The cause.
        why: String,
        /// The lab's cache folder.
        cache: String,
    },
    /// `SEALIFT_LAB_MYSQL` does not name a usable server.
    #[error("SEALIFT_LAB_MYSQL={path} cannot be used: {why}")]
    GivenServer {
        /// What the variable holds.
        path: String,
        /// The cause.
        why: String,
    },
    /// A program is not in the unpacked packages.
    #[error("no program {program} in {root}")]
    NoProgram {
        /// Its name.
        program: String,
        /// Where it was looked for.
        root: PathBuf,
    },
    /// A server did not start or stopped at once.
    #[error("start {kind}: {why}\n--- the end of its log ---\n{log}")]
    Start {
        /// Which server.
        kind: String,
        /// The cause.
        why: String,
        /// The last lines of its log.
        log: String,
    },
    /// A command of the lab failed.
    #[error("{what}: {why}")]
    Command {
        /// What it was for.
        what: String,
        /// What it said.
        why: String,
    },
    /// The file system refused.
    #[error("{what}: {cause}")]
    Io {
        /// What was being done.
        what: String,
        /// The cause.
        cause: std::io::Error,
    },
}

/// Adds to an I/O error what was being done.
pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> LabError {
    let what = what.into();
    move |cause| LabError::Io { what, cause }
}
