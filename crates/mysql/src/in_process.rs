//! Servers in this process, reached by paths that no file has: for the engine's simulator, whose time is simulated too.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::DuplexStream;

use crate::endpoint::Address;

type Dial = dyn Fn() -> io::Result<DuplexStream> + Send + Sync;

static SERVERS: Mutex<BTreeMap<PathBuf, Arc<Dial>>> = Mutex::new(BTreeMap::new());
static NEXT: AtomicU64 = AtomicU64::new(1);

/// A server that can be reached until this is dropped.
#[derive(Debug)]
pub struct InProcess {
    path: PathBuf,
}

impl InProcess {
    /// Makes a server that hands the client's end of a stream to whoever connects.
    #[must_use]
    pub fn listen(dial: impl Fn() -> io::Result<DuplexStream> + Send + Sync + 'static) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = PathBuf::from(format!("/in-process/{number}"));
        servers().insert(path.clone(), Arc::new(dial));
        Self { path }
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> Address {
        Address::Socket(self.path.clone())
    }
}

impl Drop for InProcess {
    fn drop(&mut self) {
        servers().remove(&self.path);
    }
}

/// Connects, if there is such a server.
pub(crate) fn dial(path: &Path) -> Option<io::Result<DuplexStream>> {
    let dial = servers().get(path).map(Arc::clone)?;
    Some(dial())
}

fn servers() -> MutexGuard<'static, BTreeMap<PathBuf, Arc<Dial>>> {
    SERVERS.lock().unwrap_or_else(PoisonError::into_inner)
}
