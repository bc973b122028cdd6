//! Where a server's folder is put, and how it is filled.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::error::{LabError, io};

/// Memory in KiB that must be free for servers to keep their data there.
const FREE_MIN_KIB: u64 = 4 * 1024 * 1024;

/// A server's folder: where `TMPDIR` says, else in memory if the data need not reach a disk and there is plenty of
/// memory, else in the usual place. Its path is short enough for a socket in it.
pub(super) fn create(durable: bool) -> Result<TempDir, LabError> {
    /// `sockaddr_un` holds 108 bytes; the folder's name and the socket's take some of them.
    const PARENT_MAX: usize = 60;
    let memory = Path::new("/dev/shm");
    let mut parent = std::env::temp_dir();
    if std::env::var_os("TMPDIR").is_none() && !durable && has_room(memory) {
        parent = memory.to_path_buf();
    }
    if parent.as_os_str().len() > PARENT_MAX {
        parent = PathBuf::from("/tmp");
    }
    tempfile::Builder::new()
        .prefix("sealift-lab-")
        .tempdir_in(&parent)
        .map_err(io(format!("create a server's folder in {}", parent.display())))
}

/// Whether a file system in memory has room, and the machine the memory for it.
fn has_room(folder: &Path) -> bool {
    let available = Command::new("df").args(["--output=avail", "-k"]).arg(folder).output();
    let room = available.ok().and_then(|output| {
        String::from_utf8_lossy(&output.stdout).split_whitespace().last()?.parse::<u64>().ok()
    });
    let memory = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    });
    room.is_some_and(|kib| kib >= FREE_MIN_KIB) && memory.is_some_and(|kib| kib >= FREE_MIN_KIB)
}

/// Copies a data folder, sharing its blocks where the file system can.
pub(super) fn copy_tree(from: &Path, to: &Path) -> Result<(), LabError> {
    let mut command = Command::new("cp");
    command.args(["-a", "--reflink=auto", "--sparse=always"]).arg(from).arg(to);
    let output = command.output().map_err(io("run cp"))?;
    if output.status.success() {
        return Ok(());
    }
    let why = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(LabError::Command { what: "copy the template".to_owned(), why })
}
