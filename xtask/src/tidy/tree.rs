//! The files of the workspace, read once.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

/// The text files git knows of, or would know of after `git add`; by path from the workspace's root.
pub(super) struct Tree {
    files: BTreeMap<String, String>,
}

impl Tree {
    /// Reads the workspace this program was built from.
    pub(super) fn of_workspace() -> io::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root)
            .output()?;
        if !listed.status.success() {
            let words = String::from_utf8_lossy(&listed.stderr).into_owned();
            return Err(io::Error::other(format!("git ls-files: {words}")));
        }
        let mut files = BTreeMap::new();
        for path in String::from_utf8_lossy(&listed.stdout).split_terminator('\0') {
            match fs::read(root.join(path)) {
                // What is not UTF-8 is not ours to judge: images, wire captures.
                Ok(bytes) => {
                    files.extend(String::from_utf8(bytes).ok().map(|text| (path.to_owned(), text)));
                }
                // Deleted and not yet staged.
                Err(missing) if missing.kind() == io::ErrorKind::NotFound => {}
                Err(other) => return Err(other),
            }
        }
        Ok(Self { files })
    }

    /// A made-up tree.
    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let own = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
        Self { files: files.iter().map(own).collect() }
    }

    pub(super) fn files(&self) -> &BTreeMap<String, String> {
        &self.files
    }

    /// A file's text.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Files below a folder, paths from the root.
    pub(super) fn under<'a>(&'a self, folder: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let folder = format!("{}/", folder.trim_end_matches('/'));
        self.pairs().filter(move |(path, _)| path.starts_with(&folder))
    }

    /// All Rust files.
    pub(super) fn rust(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs().filter(|(path, _)| path.ends_with(".rs"))
    }

    /// Whether a path is a file, or a folder with files in it.
    pub(super) fn has(&self, path: &str) -> bool {
        self.files.contains_key(path) || self.under(path).next().is_some()
    }

    /// Names of the folders directly in a folder.
    pub(super) fn folders(&self, parent: &str) -> Vec<String> {
        let skip = parent.trim_end_matches('/').len() + 1;
        let mut names: Vec<String> = self
            .under(parent)
            .filter_map(|(path, _)| path.get(skip..)?.split_once('/'))
            .map(|(name, _)| name.to_owned())
            .collect();
        names.dedup();
        names
    }

    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }
}
