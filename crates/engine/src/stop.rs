//! The operator's wish to stop: asked between pieces of work, never in the middle of one.

use std::sync::Arc;

use tokio::sync::watch;

use crate::fault::{ErrorCode, Fault};

/// A wish to stop that everything under way can see. Clones share one wish; it is never taken back.
#[derive(Clone, Debug)]
pub struct Stop {
    wish: Arc<watch::Sender<bool>>,
}

impl Default for Stop {
    fn default() -> Self {
        Self { wish: Arc::new(watch::Sender::new(false)) }
    }
}

impl Stop {
    /// A wish nobody has uttered yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Utters the wish. Doing it again changes nothing.
    pub fn request(&self) {
        self.wish.send_replace(true);
    }

    /// Whether the wish was uttered.
    #[must_use]
    pub fn requested(&self) -> bool {
        *self.wish.borrow()
    }

    /// Returns once the wish is uttered, at once if it was before. Safe to drop and call again, so it
    /// fits `tokio::select!`.
    pub async fn wait(&self) {
        // The sender lives in `self`, so waiting can only end with the wish.
        drop(self.wish.subscribe().wait_for(|wished| *wished).await);
    }

    /// Refuses to begin another piece of work once the wish was uttered.
    ///
    /// # Errors
    /// [`ErrorCode::Interrupted`] when a stop was asked for.
    pub fn check(&self) -> Result<(), Fault> {
        if self.requested() {
            return Err(Fault::new(ErrorCode::Interrupted, "stopped as asked"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wish_uttered_before_or_while_waiting_is_seen_by_every_clone() {
        let stop = Stop::new();
        assert!(stop.check().is_ok());
        let waiting = tokio::spawn({
            let stop = stop.clone();
            async move { stop.wait().await }
        });
        stop.request();
        waiting.await.unwrap();
        stop.wait().await;
        assert_eq!(stop.clone().check().unwrap_err().code, ErrorCode::Interrupted);
    }
}
