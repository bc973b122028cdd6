//! Append-only memory of a migration; written before the deed.

use std::sync::{Arc, Mutex, PoisonError};

use crate::fault::Fault;
use crate::stage::Event;

/// Where events are kept. Two implementations: SQLite in `sealift-server`, and [`Volatile`] for tests
/// and for work that needs no memory.
pub trait Journal: Send + Sync {
    /// Makes an event durable before it returns.
    ///
    /// # Errors
    /// When the event could not be made durable: the deed must not be done.
    fn record(&self, event: &Event) -> Result<(), Fault>;

    /// Makes several events durable before it returns: all of them or, after a crash, none or the first
    /// ones.
    ///
    /// # Errors
    /// When they could not be made durable: the deeds must not be done.
    fn record_all(&self, events: &[Event]) -> Result<(), Fault> {
        events.iter().try_for_each(|event| self.record(event))
    }

    /// All events in the order they were recorded.
    ///
    /// # Errors
    /// When the journal cannot be read.
    fn events(&self) -> Result<Vec<Event>, Fault>;
}

/// A journal that lives as long as the process.
#[derive(Clone, Debug, Default)]
pub struct Volatile {
    events: Arc<Mutex<Vec<Event>>>,
}

impl Journal for Volatile {
    fn record(&self, event: &Event) -> Result<(), Fault> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
        Ok(())
    }

    fn events(&self) -> Result<Vec<Event>, Fault> {
        Ok(self.events.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}
