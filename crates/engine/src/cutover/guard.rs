//! Another process that ends a turn when this one dies in the middle of it.

use std::fmt;
use std::sync::Arc;

/// A guard that watches over one turn. Dropped without being dismissed, it takes us for dead.
pub trait Guard: Send + Sync {
    /// The turn has ended: nobody has to watch over it.
    fn dismiss(self: Box<Self>);
}

/// What posts a guard; the error says why there is none, in words.
type Post = dyn Fn() -> Result<Box<dyn Guard>, String> + Send + Sync;

/// Posts a guard for each turn: no part of the engine begins processes of its own. Clones share it.
#[derive(Clone, Default)]
pub struct Guards {
    post: Option<Arc<Post>>,
}

impl Guards {
    /// Posts guards by a function.
    pub fn new(post: impl Fn() -> Result<Box<dyn Guard>, String> + Send + Sync + 'static) -> Self {
        Self { post: Some(Arc::new(post)) }
    }

    /// Posts one.
    ///
    /// # Errors
    /// Why there is none, in words.
    pub(crate) fn post(&self) -> Result<Box<dyn Guard>, String> {
        match &self.post {
            Some(post) => post(),
            None => Err("nobody posts guards here".to_owned()),
        }
    }
}

impl fmt::Debug for Guards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guards").field("posts", &self.post.is_some()).finish()
    }
}
