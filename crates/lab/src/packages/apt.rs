//! A private apt: its own lists, cache and status, so that the machine's own package state is never touched.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::sources::{self, Mirror};
use crate::error::{LabError, io};

/// Apt's state for one suite, below the lab's cache.
pub(crate) struct PrivateApt {
    folder: PathBuf,
}

impl PrivateApt {
    /// Writes the configuration for `suite` of the machine's own mirror.
    pub(crate) fn new(folder: PathBuf, suite: &str) -> Result<Self, LabError> {
        let mirror = machine_mirror().ok_or_else(|| {
            refused(suite, "apt's sources on this machine name no Debian archive (component main)")
        })?;
        // What an interrupted fetch of other packages left behind is not part of this one.
        let _ = fs::remove_dir_all(folder.join("cache"));
        for sub in ["lists/partial", "cache/archives/partial", "parts"] {
            fs::create_dir_all(folder.join(sub)).map_err(io("create apt's private folders"))?;
        }
        let write = |name: &str, text: &str| {
            fs::write(folder.join(name), text).map_err(io("write apt's private configuration"))
        };
        write("status", "")?;
        write("parts/debian.sources", &mirror.source_for(suite))?;
        write("apt.conf", &configuration(&folder))?;
        Ok(Self { folder })
    }

    /// Downloads `packages` and everything they need, libc included, and returns the files.
    pub(crate) fn download(&self, packages: &[&str]) -> Result<Vec<PathBuf>, LabError> {
        self.run(&["update"], packages)?;
        let mut arguments = vec!["install", "--download-only", "--yes"];
        arguments.extend(packages);
        self.run(&arguments, packages)?;
        let archives = self.folder.join("cache/archives");
        let mut files: Vec<PathBuf> = fs::read_dir(&archives)
            .map_err(io("list downloaded packages"))?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|e| e == "deb"))
            .collect();
        files.sort();
        Ok(files)
    }

    /// Deletes what was downloaded: it is unpacked by now.
    pub(crate) fn forget_archives(&self) -> Result<(), LabError> {
        fs::remove_dir_all(self.folder.join("cache")).map_err(io("delete downloaded packages"))
    }

    fn run(&self, arguments: &[&str], packages: &[&str]) -> Result<(), LabError> {
        let output = Command::new("apt-get")
            .env("APT_CONFIG", self.folder.join("apt.conf"))
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["-qq", "-o", "Debug::NoLocking=1", "-o", "APT::Update::Error-Mode=any"])
            .args(arguments)
            .output()
            .map_err(|e| refused(&packages.join(" "), &format!("run apt-get: {e}")))?;
        if output.status.success() {
            return Ok(());
        }
        let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(refused(&packages.join(" "), &format!("apt-get {}: {why}", arguments[0])))
    }
}

/// The error for "this machine cannot fetch".
pub(crate) fn refused(what: &str, why: &str) -> LabError {
    LabError::NoPackages {
        what: what.to_owned(),
        why: why.to_owned(),
        cache: super::cache_folder().display().to_string(),
    }
}

/// The machine's apt settings that matter for reaching a mirror, and private places for all the rest.
fn configuration(folder: &Path) -> String {
    let at = |name: &str| folder.join(name).display().to_string();
    let mut text = format!(
        "Dir::Etc::Main \"/dev/null\";\nDir::Etc::Parts \"/dev/null\";\n\
         Dir::Etc::SourceList \"/dev/null\";\nDir::Etc::SourceParts \"{}\";\n\
         Dir::Etc::Preferences \"/dev/null\";\nDir::Etc::PreferencesParts \"/dev/null\";\n\
         Dir::State \"{}\";\nDir::State::Lists \"{}\";\nDir::State::Status \"{}\";\n\
         Dir::Cache \"{}\";\nDir::Log \"{}\";\n\
         APT::Install-Recommends \"false\";\nAPT::Sandbox::User \"root\";\n",
        at("parts"),
        at(""),
        at("lists"),
        at("status"),
        at("cache"),
        at("log"),
    );
    // Proxies, retries and time checks come from the machine; its hooks do not: they touch the system.
    let dump = Command::new("apt-config").arg("dump").output();
    for line in dump.iter().flat_map(|o| o.stdout.split(|b| *b == b'\n')) {
        let line = String::from_utf8_lossy(line);
        let foreign = ["Acquire::IndexTargets", "Acquire::Changelogs", "Acquire::CompressionTypes"];
        if line.starts_with("Acquire::") && !foreign.iter().any(|f| line.starts_with(f)) {
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}

/// The Debian mirror in the machine's own apt sources.
fn machine_mirror() -> Option<Mirror> {
    let mut entries = Vec::new();
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    let mut parts: Vec<PathBuf> = fs::read_dir("/etc/apt/sources.list.d")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    parts.sort();
    files.extend(parts);
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        match file.extension().and_then(|e| e.to_str()) {
            Some("list") => entries.extend(sources::parse_list(&text)),
            Some("sources") => entries.extend(sources::parse_deb822(&text)),
            _ => {}
        }
    }
    sources::choose(&entries)
}
