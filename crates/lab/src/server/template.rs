//! Initialised data folders, made once per kind of server and kept in the cache.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{APP_READER, AZADMIN, Kind, Options, Role, Server, base_arguments};
use crate::error::{LabError, io};
use crate::packages::{self, Programs};
use crate::process::FolderGuard;

/// Returns the template for `options`, making it when there is none yet.
pub(super) fn ready(options: &Options, programs: &Programs) -> Result<PathBuf, LabError> {
    let cache = packages::cache_folder();
    let name = name(options, programs);
    let folder = cache.join("templates").join(&name);
    if folder.is_dir() {
        return Ok(folder);
    }
    // MariaDB has no certificates of its own; it borrows those of a MySQL template.
    let certificates = if options.kind.is_mariadb() {
        let mysql = Options::mysql();
        Some(ready(&mysql, &mysql.kind.programs()?)?.join("data"))
    } else {
        None
    };
    let _turn = packages::turn(&cache, &format!("template-{name}"))?;
    if !folder.is_dir() {
        make(options, programs, certificates.as_deref(), &folder)?;
    }
    Ok(folder)
}

/// A name that differs whenever the template would.
fn name(options: &Options, programs: &Programs) -> String {
    let mut told = programs.root().display().to_string();
    told.push_str(&fs::read_to_string(programs.root().join("versions.txt")).unwrap_or_default());
    told.push_str(&accounts(options));
    told.push_str(&options.initial_arguments().join(" "));
    let (kind, role) = (format!("{:?}", options.kind), format!("{:?}", options.role));
    format!("{kind}-{role}-{:016x}", fnv1a(told.as_bytes())).to_lowercase()
}

/// FNV-1a: the same in every build, unlike the standard library's hash.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn make(
    options: &Options,
    programs: &Programs,
    certificates: Option<&Path>,
    folder: &Path,
) -> Result<(), LabError> {
    let templates = folder.parent().expect("it is below the cache");
    fs::create_dir_all(templates).map_err(io(format!("create {}", templates.display())))?;
    let bare = super::folder::create(options.durable)?;
    let guard = FolderGuard::new(bare.path())?;
    match options.kind {
        Kind::MySql5_6 => bootstrap_mysql_5_6(options, programs, bare.path())?,
        Kind::MySql => initialise_mysql(options, programs, bare.path())?,
        Kind::MariaDb10_5 | Kind::MariaDb10_11 | Kind::MariaDb11_8 => {
            bootstrap_mariadb(options, programs, bare.path())?;
        }
    }
    for file in ["ca.pem", "server-cert.pem", "server-key.pem"] {
        if let Some(certificates) = certificates {
            fs::copy(certificates.join(file), bare.path().join("data").join(file))
                .map_err(io(format!("copy {file}")))?;
        }
    }
    let mut server = Server::start_on(bare, guard, options.clone(), programs.clone())?;
    server.sql(accounts(options));
    server.stop();
    let finished = tempfile::Builder::new()
        .prefix(".making-")
        .tempdir_in(templates)
        .map_err(io("create a folder for a template"))?;
    super::folder::copy_tree(&server.data(), &finished.path().join("data"))?;
    // Every server gets an identity of its own at its first start.
    let _ = fs::remove_file(finished.path().join("data/auto.cnf"));
    fs::rename(finished.keep(), folder).map_err(io(format!("name {}", folder.display())))
}

fn initialise_mysql(options: &Options, programs: &Programs, at: &Path) -> Result<(), LabError> {
    let mut words = programs.command_line("mysqld")?;
    words.extend(base_arguments(programs, Kind::MySql, at)?);
    words.push("--initialize-insecure".into());
    // Left to itself the redo log takes 100 MiB of every copy.
    words.push("--innodb-redo-log-capacity=8M".into());
    words.extend(options.initial_arguments().into_iter().map(OsString::from));
    run(&words, b"", "initialise MySQL")
}

/// Does what `mysql_install_db` does, which is a Perl script the package lacks.
fn bootstrap_mysql_5_6(options: &Options, programs: &Programs, at: &Path) -> Result<(), LabError> {
    let share = options.kind.share_folder(programs.root());
    let mut script = b"CREATE DATABASE mysql;\nUSE mysql;\n".to_vec();
    for name in ["mysql_system_tables.sql", "mysql_system_tables_data.sql"] {
        let path = share.join(name);
        script.extend(fs::read(&path).map_err(io(format!("read {}", path.display())))?);
        script.push(b'\n');
    }
    bootstrap(options, programs, at, &script)
}

/// Does what `mariadb-install-db` does: that script cannot run unpacked programs.
fn bootstrap_mariadb(options: &Options, programs: &Programs, at: &Path) -> Result<(), LabError> {
    const SCRIPTS: &[&str] = &[
        "_system_tables.sql",
        "_performance_tables.sql",
        "_system_tables_data.sql",
        "maria_add_gis_sp_bootstrap.sql",
        "_sys_schema.sql",
    ];
    let share = options.kind.share_folder(programs.root());
    let mut script = b"CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket=NULL;\n".to_vec();
    for name in SCRIPTS {
        // The prefix is `mysql` up to 10.x and `mariadb` since 11.x.
        let text = ["", "mysql", "mariadb"]
            .iter()
            .find_map(|prefix| fs::read(share.join(format!("{prefix}{name}"))).ok());
        let missing =
            || LabError::NoProgram { program: format!("script *{name}"), root: share.clone() };
        match text {
            Some(text) => script.extend(text),
            // MariaDB has the sys schema since 10.6.
            None if *name == "_sys_schema.sql" => {}
            None => return Err(missing()),
        }
        script.push(b'\n');
    }
    bootstrap(options, programs, at, &script)
}

/// Lets a server run a script on an empty data folder.
fn bootstrap(
    options: &Options,
    programs: &Programs,
    at: &Path,
    script: &[u8],
) -> Result<(), LabError> {
    fs::create_dir_all(at.join("data")).map_err(io("create a data folder"))?;
    let mut words = programs.command_line(options.kind.server_program())?;
    words.extend(base_arguments(programs, options.kind, at)?);
    words.extend(["--bootstrap", "--innodb-log-file-size=8M", "--skip-networking"].map(Into::into));
    words.extend(options.initial_arguments().into_iter().map(OsString::from));
    run(&words, script, &format!("initialise {}", options.kind))
}

fn run(words: &[OsString], input: &[u8], what: &str) -> Result<(), LabError> {
    let mut child = Command::new(&words[0])
        .args(&words[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(io(what))?;
    let mut pipe = child.stdin.take().expect("it is piped");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || std::io::Write::write_all(&mut pipe, &input));
    let output = child.wait_with_output().map_err(io(what))?;
    let written = writer.join().expect("the writer does not panic");
    if output.status.success() && written.is_ok() {
        return Ok(());
    }
    let why = super::last_lines(&String::from_utf8_lossy(&output.stderr));
    Err(LabError::Command { what: what.to_owned(), why })
}

/// The accounts of a template, as a script that leaves no trace in the binary log.
fn accounts(options: &Options) -> String {
    let mut script = String::from("SET sql_log_bin = 0;\n");
    script.push_str(&match (options.role, options.kind) {
        (Role::AzureTarget, _) => azure_admin(),
        (Role::Source, Kind::MySql5_6) => mysql_5_6_reader(),
        (Role::Source, Kind::MySql) => mysql_reader(),
        (Role::Source, Kind::MariaDb10_5 | Kind::MariaDb10_11 | Kind::MariaDb11_8) => {
            mariadb_reader(options.kind)
        }
    });
    script.push_str(if options.kind == Kind::MySql {
        "RESET BINARY LOGS AND GTIDS;\n"
    } else {
        "RESET MASTER;\n"
    });
    script
}

/// What Azure gives its admin: the static privileges and five dynamic ones. Two things keep a stock server from letting
/// the account grant itself what Azure gives to nobody (`SET_ANY_DEFINER`): the right to grant is left out, and the
/// `mysql` schema is read-only, as on Azure (writing there is as good as granting).
fn azure_admin() -> String {
    let (user, password) = (AZADMIN.user, AZADMIN.password);
    format!(
        "CREATE USER '{user}'@'%' IDENTIFIED WITH caching_sha2_password BY '{password}';\n\
         GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, \
         SHOW DATABASES, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, \
         REPLICATION CLIENT, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, \
         TRIGGER ON *.* TO '{user}'@'%';\n\
         GRANT REPLICATION_APPLIER, ROLE_ADMIN, SESSION_VARIABLES_ADMIN, SHOW_ROUTINE, XA_RECOVER_ADMIN \
         ON *.* TO '{user}'@'%';\n\
         REVOKE INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES, CREATE VIEW, \
         CREATE ROUTINE, ALTER ROUTINE, EVENT, TRIGGER ON mysql.* FROM '{user}'@'%';\n"
    )
}

fn mysql_reader() -> String {
    let (user, password) = (APP_READER.user, APP_READER.password);
    format!(
        "CREATE USER '{user}'@'%' IDENTIFIED WITH caching_sha2_password BY '{password}';\n\
         GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, RELOAD, PROCESS, LOCK TABLES, REPLICATION CLIENT, \
         REPLICATION SLAVE ON *.* TO '{user}'@'%';\n\
         GRANT SHOW_ROUTINE ON *.* TO '{user}'@'%';\n"
    )
}

/// Takes away what `mysql_secure_installation` does: accounts without a name, which would be logged in to in place of
/// ours.
fn mysql_5_6_reader() -> String {
    let (user, password) = (APP_READER.user, APP_READER.password);
    format!(
        "DELETE FROM mysql.user WHERE user = '' OR host NOT IN ('localhost', '127.0.0.1', '::1');\n\
         DELETE FROM mysql.db;\nFLUSH PRIVILEGES;\n\
         CREATE USER '{user}'@'%' IDENTIFIED BY '{password}';\n\
         GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, RELOAD, PROCESS, LOCK TABLES, REPLICATION CLIENT, \
         REPLICATION SLAVE ON *.* TO '{user}'@'%';\n"
    )
}

fn mariadb_reader(kind: Kind) -> String {
    let (user, password) = (APP_READER.user, APP_READER.password);
    // <https://mariadb.com/kb/en/grant/>: the routine privilege is new in 11.3.
    let routine = if kind == Kind::MariaDb11_8 { ", SHOW CREATE ROUTINE" } else { "" };
    format!(
        "CREATE USER '{user}'@'%' IDENTIFIED BY '{password}';\n\
         GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, RELOAD, PROCESS, LOCK TABLES, BINLOG MONITOR, \
         SLAVE MONITOR, REPLICATION SLAVE{routine} ON *.* TO '{user}'@'%';\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_of_different_roles_have_different_names() {
        let programs = Programs::installed(PathBuf::from("/nowhere"));
        let source = name(&Options::mysql(), &programs);
        let target = name(&Options::azure_target(), &programs);
        assert!(source.starts_with("mysql-source-"), "{source}");
        assert!(target.starts_with("mysql-azuretarget-"), "{target}");
        // What is not fixed at initialisation shares a template.
        assert_eq!(source, name(&Options::mysql().without_gtid().redo_mib(500), &programs));
    }
}
