//! Tables that are set aside while the others are copied: their definitions moved, so what was copied of them is
//! thrown away, and they are copied when the others are there.
//!
//! Whoever reads the source's log sets them aside, and so does a reader that finds its table changed. Whoever waits for
//! the copy closes it once it is over: from then on nothing can be set aside, and a statement begins everything again.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sealift_schema::name::QualifiedName;
use thiserror::Error;

/// What is set aside. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Aside {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    left: Left,
    is_closed: bool,
}

/// What the copy has left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Tables that were set aside, by their names on the source.
    pub tables: BTreeSet<QualifiedName>,
    /// Whether definitions of what holds no rows are others than the plan has them.
    pub is_plan_old: bool,
}

/// The copy is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the copy is over: nothing can be set aside any more")]
pub struct Closed;

impl Aside {
    /// Sets tables aside.
    ///
    /// # Errors
    /// [`Closed`] when the copy is over.
    pub fn add(&self, tables: impl IntoIterator<Item = QualifiedName>) -> Result<(), Closed> {
        self.open()?.left.tables.extend(tables);
        Ok(())
    }

    /// Says that the plan has to be written anew before anybody relies on it.
    ///
    /// # Errors
    /// [`Closed`] when the copy is over.
    pub fn outdate_plan(&self) -> Result<(), Closed> {
        self.open()?.left.is_plan_old = true;
        Ok(())
    }

    /// Whether a table is set aside.
    #[must_use]
    pub fn holds(&self, table: &QualifiedName) -> bool {
        self.lock().left.tables.contains(table)
    }

    /// Ends it, and tells what is left.
    #[must_use]
    pub fn close(&self) -> Left {
        let mut state = self.lock();
        state.is_closed = true;
        state.left.clone()
    }

    fn open(&self) -> Result<MutexGuard<'_, State>, Closed> {
        let state = self.lock();
        if state.is_closed { Err(Closed) } else { Ok(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_aside_is_told_and_after_that_nothing_is_set_aside() {
        let (aside, table) = (Aside::default(), QualifiedName::new("shop", "orders"));
        aside.clone().add([table.clone()]).unwrap();
        assert!(aside.holds(&table));
        let left = aside.close();
        assert!(left.tables.contains(&table) && !left.is_plan_old, "{left:?}");
        assert_eq!(aside.add([QualifiedName::new("shop", "late")]), Err(Closed));
        assert_eq!(aside.outdate_plan(), Err(Closed));
        assert_eq!(aside.close(), left);
    }
}
