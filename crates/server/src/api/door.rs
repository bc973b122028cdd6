//! `api.json` in the state folder: where the API listens, and the token.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use sealift_engine::fault::{ErrorCode, Fault};
use serde::{Deserialize, Serialize};

use super::Token;

/// What the file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Door {
    /// Who listens. The file of a dead process names one that does not hold the folder.
    pub(super) pid: u32,
    /// Where.
    pub(super) address: SocketAddr,
    /// What a request must bring.
    pub(super) token: Token,
}

impl Door {
    /// Writes the file in place of one that a dead process left, readable by its owner only.
    pub(super) fn write(&self, folder: &Path) -> Result<(), Fault> {
        let failed = |cause: io::Error| broken(folder, "write api.json", cause);
        let text = serde_json::to_string(self).map_err(|cause| failed(cause.into()))?;
        let fresh = folder.join("api.json.new");
        match fs::remove_file(&fresh) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
            Ok(()) | Err(_) => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&fresh).map_err(failed)?;
        file.write_all(text.as_bytes()).map_err(failed)?;
        // Whoever reads sees the whole file or none.
        fs::rename(&fresh, path(folder)).map_err(failed)
    }

    /// Reads the file; `None` when there is none.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>, Fault> {
        let text = match fs::read_to_string(path(folder)) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(broken(folder, "read api.json", error)),
        };
        let door = serde_json::from_str(&text);
        door.map(Some).map_err(|cause| broken(folder, "read api.json", cause.into()))
    }
}

/// Removes the file. One that stays is recognised as stale.
pub(super) fn remove(folder: &Path) {
    if let Err(error) = fs::remove_file(path(folder)) {
        tracing::debug!(%error, "cannot remove api.json");
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join("api.json")
}

fn broken(folder: &Path, doing: &str, cause: io::Error) -> Fault {
    Fault::new(ErrorCode::StateBroken, doing)
        .about(format!("state folder {}", folder.display()))
        .because(cause)
}
