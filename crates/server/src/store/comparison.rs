//! How far a comparison of rows has come: kept beside the migration's state, in a folder of its own, because a
//! run may hold the other.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use sealift_engine::clock::Clock;
use sealift_engine::fault::Fault;
use sealift_engine::verify::{Notebook, TableMemory};
use sealift_schema::name::QualifiedName;
use serde::{Deserialize, Serialize};

use super::{Identity, StateFolder};

/// The folder below the state folder.
const FOLDER: &str = "verify";

/// The same for the comparison that goes on while changes are followed.
const CONTINUOUS_FOLDER: &str = "verify-continuous";

/// The record that says when the comparison was begun.
const HEAD: &str = "comparison";

/// What the records of tables begin with.
const TABLE: &str = "table ";

/// A comparison that was left for longer is begun anew: what it found equal then says little.
const GONE_ON_WITHIN: Duration = Duration::from_secs(24 * 3_600);

/// The record of a comparison of rows. One process has it at a time.
pub struct Comparison {
    folder: StateFolder,
    head: Head,
    is_gone_on: bool,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Head {
    begun: Timestamp,
    is_over: bool,
}

/// Whether what was compared before counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// It does, if that comparison was interrupted not long ago.
    GoneOnWith,
    /// It does not.
    Forgotten,
}

impl Comparison {
    /// Goes on with the comparison of a state folder, or begins one.
    ///
    /// # Errors
    /// `StateLocked` when another process is comparing, else as for [`StateFolder::open`].
    pub fn open(
        state: &Path,
        identity: &Identity,
        clock: Clock,
        before: Before,
    ) -> Result<Self, Fault> {
        let now = clock.now();
        let folder = StateFolder::open(&state.join(FOLDER), identity, clock)?;
        let kept: Option<Head> = folder.get(HEAD)?;
        let is_recent =
            |head: &Head| now.duration_since(head.begun).unsigned_abs() <= GONE_ON_WITHIN;
        let gone_on =
            kept.filter(|head| before == Before::GoneOnWith && !head.is_over && is_recent(head));
        let is_gone_on = gone_on.is_some();
        let head = gone_on.unwrap_or(Head { begun: now, is_over: false });
        if !is_gone_on {
            folder.forget(TABLE)?;
            folder.put(HEAD, &head)?;
        }
        Ok(Self { folder, head, is_gone_on })
    }

    /// The comparison that goes on while changes are followed, as it was left, however long ago: its passes follow one
    /// another.
    ///
    /// # Errors
    /// As for [`StateFolder::open`].
    pub fn continuous(state: &Path, identity: &Identity, clock: Clock) -> Result<Self, Fault> {
        let head = Head { begun: clock.now(), is_over: false };
        let folder = StateFolder::open(&state.join(CONTINUOUS_FOLDER), identity, clock)?;
        Ok(Self { folder, head, is_gone_on: true })
    }

    /// The last comparison of a state folder, with what it found; `None` when there is none, or it did not come to
    /// its end.
    ///
    /// # Errors
    /// `StateLocked` when another process is comparing, else as for [`StateFolder::open`].
    pub fn last(state: &Path, identity: &Identity, clock: Clock) -> Result<Option<Self>, Fault> {
        let path = state.join(FOLDER);
        if !path.exists() {
            return Ok(None);
        }
        let folder = StateFolder::open(&path, identity, clock)?;
        let head = folder.get::<Head>(HEAD)?.filter(|head| head.is_over);
        Ok(head.map(|head| Self { folder, head, is_gone_on: true }))
    }

    /// When the comparison was begun that this one goes on with.
    #[must_use]
    pub fn gone_on_from(&self) -> Option<Timestamp> {
        self.is_gone_on.then_some(self.head.begun)
    }

    /// Says that everything is compared: the next comparison begins anew.
    ///
    /// # Errors
    /// `StateBroken` when it cannot be written.
    pub fn finish(&self) -> Result<(), Fault> {
        self.folder.put(HEAD, &Head { is_over: true, ..self.head })
    }
}

impl std::fmt::Debug for Comparison {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Comparison").field("head", &self.head).finish_non_exhaustive()
    }
}

impl Notebook for Comparison {
    fn tables(&self) -> Result<Vec<(QualifiedName, TableMemory)>, Fault> {
        self.folder.all(TABLE)
    }

    fn keep(&self, tables: &[(QualifiedName, TableMemory)]) -> Result<(), Fault> {
        let records = tables.iter().map(|table| (format!("{TABLE}{}", table.0), table));
        self.folder.put_all(records)
    }
}
