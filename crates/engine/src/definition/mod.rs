//! Definitions that change on the source while its changes are followed.

mod scope;

pub use self::scope::{Concern, Scope};
