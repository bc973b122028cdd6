//! The lock that keeps a second run out of a state folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use sealift_engine::fault::{ErrorCode, Fault};

use super::database::broken;

/// Other looks at the lock that are waited out before a run gives up. Each takes microseconds.
const LOOKS_MAX: u32 = 100_000;

/// The exclusive lock on a folder. The operating system gives it up when the process ends, however it
/// ends, so a lock left by a dead process never has to be broken.
pub(super) struct FolderLock {
    file: File,
}

/// Whether a folder is held.
#[derive(Clone, Copy)]
pub(super) enum Holder {
    /// No process holds it.
    Nobody,
    /// A process has taken it and does not tell yet who it is.
    Taking,
    /// A process holds it; its id, if it could be read.
    Process(Option<u32>),
}

impl FolderLock {
    /// Takes the lock. Whose it is shows when that is [told](Self::tell).
    pub(super) fn take(folder: &Path) -> Result<Self, Fault> {
        let failed = |cause: io::Error| broken(folder, "lock the state folder", cause);
        let path = folder.join("lock");
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(failed)?;
        match try_take(&file).map_err(failed)? {
            Holder::Nobody => {}
            Holder::Taking => return Err(locked(folder, None)),
            Holder::Process(pid) => return Err(locked(folder, pid)),
        }
        // It names whoever held it before.
        file.set_len(0).map_err(failed)?;
        Ok(Self { file })
    }

    /// Writes this process's id into the file.
    pub(super) fn tell(&mut self, folder: &Path) -> Result<(), Fault> {
        let Self { file } = self;
        file.rewind()
            .and_then(|()| file.write_all(std::process::id().to_string().as_bytes()))
            .map_err(|cause| broken(folder, "lock the state folder", cause))
    }

    /// Looks whether a process holds the folder, without keeping the lock.
    pub(super) fn holder(folder: &Path) -> io::Result<Holder> {
        match File::open(folder.join("lock")) {
            Ok(file) => held(&file),
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => Ok(Holder::Nobody),
            Err(other) => Err(other),
        }
    }
}

/// Tries to take the lock; a mere look of another process (a shared lock) is waited out.
fn try_take(file: &File) -> io::Result<Holder> {
    for _ in 0..LOOKS_MAX {
        match file.try_lock() {
            Ok(()) => return Ok(Holder::Nobody),
            Err(TryLockError::Error(failed)) => return Err(failed),
            Err(TryLockError::WouldBlock) => {
                if let holder @ (Holder::Taking | Holder::Process(_)) = held(file)? {
                    return Ok(holder);
                }
                std::thread::yield_now();
            }
        }
    }
    Ok(Holder::Process(None))
}

/// Whether another process holds the lock exclusively. Only a run does; a look shares it.
fn held(file: &File) -> io::Result<Holder> {
    match file.try_lock_shared() {
        Ok(()) => {
            file.unlock()?;
            Ok(Holder::Nobody)
        }
        Err(TryLockError::WouldBlock) => Ok(holder_in(file)),
        Err(TryLockError::Error(failed)) => Err(failed),
    }
}

/// Who holds it by the file's words. Some systems keep others from reading what is locked.
fn holder_in(mut file: &File) -> Holder {
    let mut text = String::new();
    match file.rewind().and_then(|()| file.read_to_string(&mut text)) {
        Ok(0) => Holder::Taking,
        Ok(_) => Holder::Process(text.trim().parse().ok()),
        Err(_unreadable) => Holder::Process(None),
    }
}

fn locked(folder: &Path, pid: Option<u32>) -> Fault {
    let by = pid.map_or_else(|| "another sealift".to_owned(), |pid| format!("process {pid}"));
    Fault::new(ErrorCode::StateLocked, format!("{by} is using it"))
        .about(format!("state folder {}", folder.display()))
}
