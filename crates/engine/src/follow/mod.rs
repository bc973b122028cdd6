//! How far the target is behind its source, how fast it catches up, and what that means.
//!
//! For people and for the operator's limits on the copy; nothing here decides what is applied.

mod lag;
mod pace;
mod retention;
mod assess;
mod watch;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sealift_mysql::binlog::LogPosition;
use sealift_schema::name::{ObjectId, QualifiedName};
use tokio::sync::watch::Sender;

pub(crate) use self::lag::bytes_between;
pub use self::watch::{FollowWatch, watch};

/// How far the applier has come. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    shared: Arc<Mutex<Stood>>,
    is_any_held: Sender<bool>,
}

/// What [`Standing`] holds.
#[derive(Clone, Debug, Default)]
struct Stood {
    position: Option<LogPosition>,
    /// When the last transaction applied was committed, in microseconds by the source's clock.
    committed_at: Option<u64>,
    transactions: u64,
    changes: u64,
    is_copied: bool,
    is_ready: bool,
    held: BTreeMap<QualifiedName, String>,
    held_objects: BTreeMap<ObjectId, String>,
}

impl Stood {
    fn is_any_held(&self) -> bool {
        !(self.held.is_empty() && self.held_objects.is_empty())
    }
}

impl Standing {
    /// Everything up to a position is on the target: where applying begins, or an idle stretch of the log.
    pub fn reached(&self, position: LogPosition) {
        self.lock().position = Some(position);
    }

    /// A batch was applied; `committed_at` is when its last transaction was committed, in microseconds since
    /// 1970 by the source's clock.
    pub fn applied(
        &self,
        position: LogPosition,
        committed_at: Option<u64>,
        transactions: u64,
        changes: u64,
    ) {
        let mut stood = self.lock();
        stood.position = Some(position);
        stood.committed_at = committed_at.or(stood.committed_at);
        stood.transactions += transactions;
        stood.changes += changes;
    }

    /// The applier was handed so many more.
    pub fn counted(&self, transactions: u64, changes: usize) {
        let mut stood = self.lock();
        stood.transactions += transactions;
        stood.changes += u64::try_from(changes).unwrap_or(u64::MAX);
    }

    /// All tables are copied and their indexes built: from now on there are only changes.
    pub fn copied(&self) {
        self.lock().is_copied = true;
    }

    /// These tables are held, each with the reason: their changes are left out, and nothing is ready.
    pub fn held(&self, tables: BTreeMap<QualifiedName, String>) {
        let mut stood = self.lock();
        stood.held = tables;
        self.is_any_held.send_replace(stood.is_any_held());
    }

    /// These objects are held, each with the reason: they hold no rows, but nothing is ready.
    pub fn held_objects(&self, objects: BTreeMap<ObjectId, String>) {
        let mut stood = self.lock();
        stood.held_objects = objects;
        self.is_any_held.send_replace(stood.is_any_held());
    }

    /// Waits until nothing is held.
    pub async fn until_nothing_is_held(&self) {
        // That it ends otherwise cannot be: this is who tells.
        drop(self.is_any_held.subscribe().wait_for(|is_held| !is_held).await);
    }

    /// Whether everything was there and the lag small when it was last looked at: ready to cut over.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.lock().is_ready
    }

    fn lock(&self) -> MutexGuard<'_, Stood> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
