//! A look at a state folder that another process may be using.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::TransactionBehavior;
use sealift_engine::fault::Fault;
use sealift_engine::stage::Stage;

use super::database::{self, broken};
use super::identity;
use super::journal;
use super::lock::{FolderLock, Holder};
use super::progress;
use super::{Identity, Reported, StateFolder};

/// What `status` sees: one instant of a state folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peek {
    /// Whether a process is at work on it.
    pub run: Run,
    /// Which migration it belongs to.
    pub identity: Option<Identity>,
    /// Where the journal says the migration stands.
    pub stage: Stage,
    /// When the journal was last written to.
    pub recorded_at: Option<Timestamp>,
    /// What a run last said of itself; nothing that only one at work can say, unless one is.
    pub progress: Option<Reported>,
}

/// Whether a process is at work on a state folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// None is: it ended, or was never begun.
    None,
    /// One is.
    Alive {
        /// Its process id, if known.
        pid: Option<u32>,
    },
}

impl StateFolder {
    /// Looks at a folder without holding it; `None` when there is no state in it.
    ///
    /// # Errors
    /// `StateNewer` and `StateBroken` as for [`StateFolder::open`].
    pub fn peek(path: &Path) -> Result<Option<Peek>, Fault> {
        if !database::file(path).exists() {
            return Ok(None);
        }
        let holder =
            FolderLock::holder(path).map_err(|cause| broken(path, "look at the lock", cause))?;
        let failed = |cause| broken(path, "read state.db", cause);
        let Some(mut connection) = database::look(path)? else { return Ok(None) };
        // One transaction, so that stage and progress are of one instant.
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Deferred).map_err(failed)?;
        let history = journal::history(&transaction, path)?;
        let mut progress = progress::read(&transaction, path)?;
        let run = match holder {
            Holder::Nobody => Run::None,
            Holder::Taking => Run::Alive { pid: None },
            Holder::Process(pid) => Run::Alive { pid },
        };
        match (holder, &mut progress) {
            // Who does not tell yet who it is may not have taken back either what was said before.
            (Holder::Nobody | Holder::Taking, Some(reported)) => reported.snapshot.ended(),
            (Holder::Process(_), _) | (_, None) => {}
        }
        Ok(Some(Peek {
            run,
            identity: identity::read(&transaction).map_err(failed)?,
            stage: Stage::replay(history.iter().map(|recorded| &recorded.event))
                .map_err(|cause| broken(path, "replay the journal", cause))?,
            recorded_at: history.last().map(|recorded| recorded.at),
            progress,
        }))
    }
}
