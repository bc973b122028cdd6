//! Programs that lie in a folder of unpacked packages and run with the libraries beside them.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::LabError;

/// A set of programs: unpacked Debian packages, or what is on PATH.
#[derive(Clone, Debug)]
pub struct Programs {
    root: PathBuf,
    loader: Option<Loader>,
}

/// The dynamic loader of the unpacked libc, and where the libraries are.
#[derive(Clone, Debug)]
struct Loader {
    program: PathBuf,
    library_path: OsString,
}

impl Programs {
    /// The programs unpacked below `root`.
    pub(crate) fn unpacked(root: PathBuf) -> Result<Self, LabError> {
        let triplet = triplet();
        let folders: Vec<PathBuf> = [
            format!("lib/{triplet}"),
            format!("usr/lib/{triplet}"),
            "usr/lib/mysql/private".to_owned(),
            "usr/lib/mysql-router".to_owned(),
            "usr/lib/mariadb".to_owned(),
        ]
        .iter()
        .map(|sub| root.join(sub))
        .filter(|folder| folder.is_dir())
        .collect();
        let program = folders
            .iter()
            .flat_map(fs::read_dir)
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| {
                let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("");
                name.starts_with("ld-linux") && name.contains(".so")
            })
            .ok_or_else(|| LabError::NoProgram {
                program: "ld-linux".to_owned(),
                root: root.clone(),
            })?;
        let library_path = std::env::join_paths(&folders).map_err(|e| LabError::Command {
            what: format!("use the libraries in {}", root.display()),
            why: e.to_string(),
        })?;
        Ok(Self { root, loader: Some(Loader { program, library_path }) })
    }

    /// Programs below `root` that run by the system's loader, with libraries of their own in `lib` beside them.
    pub(crate) fn with_libraries(root: PathBuf, loader: &str) -> Self {
        let library_path = root.join("lib").into_os_string();
        Self { root, loader: Some(Loader { program: loader.into(), library_path }) }
    }

    /// Programs installed below `root` (`bin/mysqld` or `usr/sbin/mysqld` there).
    pub(crate) fn installed(root: PathBuf) -> Self {
        Self { root, loader: None }
    }

    /// The folder they are in.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where `program` is.
    pub fn find(&self, program: &str) -> Result<PathBuf, LabError> {
        ["usr/bin", "usr/sbin", "bin", "sbin", "libexec"]
            .iter()
            .map(|folder| self.root.join(folder).join(program))
            .find(|path| path.is_file())
            .ok_or_else(|| LabError::NoProgram {
                program: program.to_owned(),
                root: self.root.clone(),
            })
    }

    /// The words that run `program`: itself, or the loader with it.
    pub fn command_line(&self, program: &str) -> Result<Vec<OsString>, LabError> {
        let path = self.find(program)?;
        let perl = is_perl(&path);
        let Some(loader) = &self.loader else { return Ok(vec![path.into()]) };
        let mut words = vec![
            loader.program.clone().into_os_string(),
            "--library-path".into(),
            loader.library_path.clone(),
        ];
        if perl {
            words.push(self.find("perl")?.into());
            for folder in self.perl_folders() {
                words.push("-I".into());
                words.push(folder.into());
            }
        }
        words.push(path.into());
        Ok(words)
    }

    /// A command for `program`; arguments are to be added.
    pub fn command(&self, program: &str) -> Result<Command, LabError> {
        let words = self.command_line(program)?;
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        if self.loader.is_some() {
            command.envs(self.folders_told_by_environment());
        }
        Ok(command)
    }

    /// What unpacked programs look for at places of the system unless told otherwise.
    fn folders_told_by_environment(&self) -> Vec<(&'static str, OsString)> {
        let mut told = Vec::new();
        let plugins = self.root.join(format!("usr/lib/{}/libmariadb3/plugin", triplet()));
        if plugins.is_dir() {
            // The login methods of MariaDB's client library, which mydumper and Perl's driver use.
            told.push(("MARIADB_PLUGIN_DIR", plugins.into_os_string()));
        }
        let scripts = self.root.join("usr/share/sysbench");
        if scripts.is_dir() {
            let mut path = scripts.into_os_string();
            path.push("/?.lua;;");
            told.push(("LUA_PATH", path));
        }
        told
    }

    /// Where the unpacked perl's modules are: its built-in folders point at the system's.
    fn perl_folders(&self) -> Vec<PathBuf> {
        let triplet = triplet();
        let mut folders = vec![self.root.join("usr/share/perl5")];
        let versioned = [
            "usr/share/perl".to_owned(),
            format!("usr/lib/{triplet}/perl"),
            format!("usr/lib/{triplet}/perl5"),
        ];
        for parent in versioned {
            let found = fs::read_dir(self.root.join(parent)).into_iter().flatten();
            folders.extend(found.filter_map(|entry| Some(entry.ok()?.path())));
        }
        folders
    }
}

/// The name of Debian's library folders for this machine.
fn triplet() -> String {
    format!("{}-linux-gnu", std::env::consts::ARCH)
}

/// Whether the file is a Perl script.
fn is_perl(path: &Path) -> bool {
    let Ok(bytes) = fs::read(path) else { return false };
    let first = bytes.split(|b| *b == b'\n').next().unwrap_or(&[]);
    first.starts_with(b"#!") && String::from_utf8_lossy(first).contains("perl")
}
