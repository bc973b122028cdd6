//! Servers and tools from Debian packages, unpacked into a cache of the user's, beside the system.

mod apt;
mod npm;
mod sources;
mod unpacked;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) use npm::{mysql_5_6, no_mysql_5_6};
pub use sources::Mirror;
pub use unpacked::Programs;

use crate::error::{LabError, io};

/// The suite that has the newest MySQL server.
const MYSQL_SUITE: &str = "sid";

/// The programs of MySQL: `mysqld`, `mysql`, `mysqldump`, `mysqlbinlog` and the rest.
///
/// `SEALIFT_LAB_MYSQL` (the path of a `mysqld`) goes before a MySQL 8.4 or newer on PATH, and that before Debian's
/// packages.
pub fn mysql() -> Result<Programs, LabError> {
    if let Some(given) = std::env::var_os("SEALIFT_LAB_MYSQL") {
        let given = PathBuf::from(given);
        return installed_mysql(&given)
            .map_err(|why| LabError::GivenServer { path: given.display().to_string(), why });
    }
    if let Some(programs) = std::env::var_os("PATH")
        .iter()
        .flat_map(std::env::split_paths)
        .find_map(|folder| installed_mysql(&folder.join("mysqld")).ok())
    {
        return Ok(programs);
    }
    tools(MYSQL_SUITE, &["mysql-server-core", "mysql-client-core"])
}

/// The programs of the MariaDB that `suite` has.
pub fn mariadb(suite: &str) -> Result<Programs, LabError> {
    // The package of core client programs lacks the dump program.
    let packages: &[&str] = match suite {
        // Older releases have the version in the packages' names.
        "bullseye" => &["mariadb-server-core-10.5", "mariadb-client-10.5"],
        _ => &["mariadb-server-core", "mariadb-client"],
    };
    tools(suite, packages)
}

/// Packages of a Debian suite with all they need, unpacked together; fetched when they are not in the cache yet.
///
/// Two processes that want the same wait for each other. What is in the cache is never renewed by itself: delete the
/// folder to get newer versions. `versions.txt` in it says which ones it holds.
pub fn tools(suite: &str, packages: &[&str]) -> Result<Programs, LabError> {
    let cache = cache_folder();
    let name = format!("{suite}-{}", packages.join("+"));
    let root = cache.join("software").join(&name);
    if !root.is_dir() {
        let _turn = turn(&cache, &format!("apt-{suite}"))?;
        if !root.is_dir() {
            fetch(&cache, suite, packages, &root)?;
        }
    }
    Programs::unpacked(root)
}

/// The lab's cache: `SEALIFT_LAB_CACHE`, or `sealift-lab` in the user's cache folder.
pub fn cache_folder() -> PathBuf {
    let absolute =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("SEALIFT_LAB_CACHE")
        .or_else(|| Some(absolute("XDG_CACHE_HOME")?.join("sealift-lab")))
        .or_else(|| Some(absolute("HOME")?.join(".cache/sealift-lab")))
        .unwrap_or_else(|| std::env::temp_dir().join("sealift-lab"))
}

/// Waits for the turn to change what is called `name` in the cache; the turn ends when the file is dropped.
pub(crate) fn turn(cache: &Path, name: &str) -> Result<File, LabError> {
    let folder = cache.join("locks");
    fs::create_dir_all(&folder).map_err(io(format!("create {}", folder.display())))?;
    let file = File::create(folder.join(name)).map_err(io(format!("create lock {name}")))?;
    file.lock().map_err(io(format!("take lock {name}")))?;
    Ok(file)
}

/// Whether we are root: a server must then be told so.
pub(crate) fn is_root() -> bool {
    std::os::unix::fs::MetadataExt::uid(&fs::metadata("/proc/self").expect("it is there")) == 0
}

fn fetch(cache: &Path, suite: &str, packages: &[&str], root: &Path) -> Result<(), LabError> {
    let what = packages.join(" ");
    eprintln!("lab: fetching {what} with all it needs from Debian {suite} (once)");
    let apt = apt::PrivateApt::new(cache.join("apt").join(suite), suite)?;
    let files = apt.download(packages)?;
    unpacked_whole(cache, root, |fresh| {
        let mut versions = String::new();
        for file in &files {
            let output = Command::new("dpkg").arg("-x").arg(file).arg(fresh).output();
            let output = output.map_err(|e| apt::refused(&what, &format!("run dpkg: {e}")))?;
            if !output.status.success() {
                let why = String::from_utf8_lossy(&output.stderr).into_owned();
                return Err(LabError::Command { what: format!("unpack {}", file.display()), why });
            }
            let stem = file.file_stem().unwrap_or_default().to_string_lossy();
            versions.push_str(&stem.replace("%3a", ":").replace('_', " "));
            versions.push('\n');
        }
        Ok(versions)
    })?;
    apt.forget_archives()
}

/// Fills a new folder and gives it its name, beside a file of the versions that `unpack` tells. The name appears whole or
/// not at all: a fetch that was interrupted is never taken for a complete one.
fn unpacked_whole(
    cache: &Path,
    root: &Path,
    unpack: impl FnOnce(&Path) -> Result<String, LabError>,
) -> Result<(), LabError> {
    let software = cache.join("software");
    fs::create_dir_all(&software).map_err(io(format!("create {}", software.display())))?;
    let fresh = tempfile::Builder::new()
        .prefix(".unpacking-")
        .tempdir_in(&software)
        .map_err(io("create a folder to unpack in"))?;
    let versions = unpack(fresh.path())?;
    fs::write(fresh.path().join("versions.txt"), versions).map_err(io("record versions"))?;
    fs::rename(fresh.keep(), root).map_err(io(format!("name {}", root.display())))
}

/// A MySQL (not MariaDB, at least 8.4) that is already installed, by the path of its `mysqld`.
fn installed_mysql(mysqld: &Path) -> Result<Programs, String> {
    let output = Command::new(mysqld).arg("--version").output().map_err(|e| e.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = text.split("Ver ").nth(1).unwrap_or("").trim();
    let mut numbers = version.split(['.', '-', ' ']).map_while(|n| n.parse::<u32>().ok());
    let release = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if text.contains("MariaDB") || release < (8, 4) {
        return Err(format!("it is not MySQL 8.4 or newer: {}", text.trim()));
    }
    // `…/bin/mysqld`, `…/sbin/mysqld` and `/usr/sbin/mysqld` all have their installation two levels up.
    let real = mysqld.canonicalize().map_err(|e| e.to_string())?;
    let base = real.parent().and_then(Path::parent).ok_or("it has no installation folder")?;
    let root = if base.ends_with("usr") { base.parent().unwrap_or(base) } else { base };
    let programs = Programs::installed(root.to_path_buf());
    for program in ["mysql", "mysqldump"] {
        programs.find(program).map_err(|e| e.to_string())?;
    }
    Ok(programs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_server_that_is_not_mysql_is_refused_with_its_answer() {
        let refused = installed_mysql(Path::new("/bin/true")).expect_err("true is no server");
        assert!(refused.contains("not MySQL 8.4"), "{refused}");
    }

    #[test]
    fn only_one_takes_its_turn_at_a_time() {
        let cache = tempfile::tempdir().unwrap();
        let turn = turn(cache.path(), "x").unwrap();
        let second = File::create(cache.path().join("locks/x")).unwrap();
        assert!(second.try_lock().is_err());
        drop(turn);
        second.try_lock().unwrap();
    }
}
