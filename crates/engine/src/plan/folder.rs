//! The plan's folder on disk: read, written whole file by whole file, never half.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::manifest::{Manifest, VERSION};
use super::script::{Script, Subject};
use crate::fault::{ErrorCode, Fault};
use crate::stage::Part;

/// Name of the manifest in the folder.
pub const MANIFEST: &str = "plan.json";

/// Name of the file with all changes.
pub const CHANGES: &str = "changes.diff";

/// Ending of a file that is being written; left behind only by a crash.
const UNFINISHED: &str = ".unfinished";

/// The plan's folder.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
    readers: Readers,
}

/// Who may read the files of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Readers {
    /// Whoever the system lets by default.
    Usual,
    /// Nobody but the owner.
    Owner,
}

impl Folder {
    /// The folder at a path; nothing is touched yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), readers: Readers::Usual }
    }

    /// The folder at a path below this one, whose files nobody but the owner may read.
    #[must_use]
    pub(crate) fn private(&self, folder: &str) -> Self {
        Self { root: self.root.join(folder), readers: Readers::Owner }
    }

    /// Where it is.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The path of a file of the plan.
    #[must_use]
    pub fn path(&self, file: &str) -> PathBuf {
        self.root.join(file)
    }

    /// Reads `plan.json`; `None` when there is no plan.
    ///
    /// # Errors
    /// When the file is there and cannot be used.
    pub fn manifest(&self) -> Result<Option<Manifest>, Fault> {
        let Some(bytes) = self.bytes(MANIFEST)? else { return Ok(None) };
        #[derive(serde::Deserialize)]
        struct Versioned {
            version: u32,
        }
        let version = serde_json::from_slice::<Versioned>(&bytes)
            .map_err(|error| self.unusable(MANIFEST).because(error))?
            .version;
        if version > VERSION {
            return Err(Fault::new(
                ErrorCode::StateNewer,
                format!("{} was written by a newer sealift", self.path(MANIFEST).display()),
            ));
        }
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| self.unusable(MANIFEST).because(error))
    }

    /// Writes `plan.json` and makes it durable.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_manifest(&self, manifest: &Manifest) -> Result<(), Fault> {
        self.replace(MANIFEST, |out| {
            serde_json::to_writer_pretty(&mut *out, manifest)?;
            out.write_all(b"\n")?;
            out.flush()?;
            out.get_ref().sync_all()
        })
    }

    /// Reads a script; `None` when the file is not there.
    ///
    /// # Errors
    /// [`ErrorCode::PlanInvalid`], naming file and line, when it is not a script.
    pub fn script<S: Subject>(&self, file: &str) -> Result<Option<Script<S>>, Fault> {
        let Some(bytes) = self.bytes(file)? else { return Ok(None) };
        let invalid = |what: String| {
            Fault::new(ErrorCode::PlanInvalid, format!("{}: {what}", self.path(file).display()))
        };
        let text = String::from_utf8(bytes)
            .map_err(|error| invalid("is not UTF-8".into()).because(error))?;
        Script::parse(&text).map(Some).map_err(|error| invalid(error.to_string()))
    }

    /// Writes a file unless it already reads so; returns whether it was written.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn write(&self, file: &str, text: &str) -> Result<bool, Fault> {
        if self.bytes(file)?.is_some_and(|bytes| bytes == text.as_bytes()) {
            return Ok(false);
        }
        self.replace(file, |out| out.write_all(text.as_bytes())).map(|()| true)
    }

    /// Removes a file; it may be gone already. Folders that become empty go with it.
    ///
    /// # Errors
    /// When it is there and cannot be removed.
    pub fn remove(&self, file: &str) -> Result<(), Fault> {
        let path = self.path(file);
        match fs::remove_file(&path) {
            Ok(()) => {
                if let Some(folder) = path.parent() {
                    // Fails, as it should, while other files are in it.
                    drop(fs::remove_dir(folder));
                }
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(self.failed("remove", file, error)),
        }
    }

    /// Script files in the folder that the plan does not know, as paths below it, in order.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn strays(&self, known: &BTreeSet<&str>) -> Result<Vec<String>, Fault> {
        let mut strays = Vec::new();
        for part in Part::ALL {
            for name in self.list(part.folder())? {
                let path = format!("{}/{name}", part.folder());
                if self.path(&path).is_dir() {
                    let files = self.list(&path)?.into_iter().map(|name| format!("{path}/{name}"));
                    strays.extend(files);
                } else {
                    strays.push(path);
                }
            }
        }
        strays.retain(|file| file.ends_with(".sql") && !known.contains(file.as_str()));
        strays.sort_unstable();
        Ok(strays)
    }

    pub(super) fn list(&self, folder: &str) -> Result<Vec<String>, Fault> {
        let entries = match fs::read_dir(self.path(folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.failed("list", folder, error)),
        };
        entries
            .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
            .collect::<Result<_, _>>()
            .map_err(|error| self.failed("list", folder, error))
    }

    pub(super) fn bytes(&self, file: &str) -> Result<Option<Vec<u8>>, Fault> {
        match fs::read(self.path(file)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed("read", file, error)),
        }
    }

    /// Writes beside the file, then takes its place: a reader sees the old text or the new one.
    pub(super) fn replace(
        &self,
        file: &str,
        write: impl FnOnce(&mut BufWriter<fs::File>) -> io::Result<()>,
    ) -> Result<(), Fault> {
        let path = self.path(file);
        let beside = self.beside(&path);
        let written = (|| {
            if let Some(folder) = path.parent() {
                self.readers.make_folder(folder)?;
            }
            let mut out = BufWriter::new(self.readers.create(&beside)?);
            write(&mut out)?;
            out.flush()?;
            drop(out);
            fs::rename(&beside, &path)
        })();
        written.map_err(|error| self.failed("write", file, error))
    }

    /// A file name may already be as long as file systems allow, so the name beside it is fixed. Only
    /// one process works in a state folder.
    fn beside(&self, path: &Path) -> PathBuf {
        path.parent().unwrap_or(&self.root).join(UNFINISHED)
    }

    pub(super) fn unusable(&self, file: &str) -> Fault {
        let path = self.path(file);
        Fault::new(ErrorCode::PlanInvalid, format!("read {}", path.display()))
    }

    fn failed(&self, verb: &str, file: &str, error: io::Error) -> Fault {
        let path = self.path(file);
        Fault::new(ErrorCode::StateBroken, format!("{verb} {}", path.display())).because(error)
    }
}

impl Readers {
    fn make_folder(self, folder: &Path) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        if self == Self::Owner {
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        }
        builder.create(folder)
    }

    fn create(self, file: &Path) -> io::Result<fs::File> {
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        if self == Self::Owner {
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        options.open(file)
    }
}
