//! How far the target is: what a comparison of two moving sides is told by whoever carries the changes.

use std::fmt;

use futures_util::future::BoxFuture;
use sealift_mysql::binlog::LogPosition;

use crate::fault::Fault;

/// What waiting for a position came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// Everything within it is on the target.
    Yes,
    /// It is not, and will not be soon: why.
    No(&'static str),
}

/// Whoever knows how far changes are applied.
pub trait Applied: Send + Sync + fmt::Debug {
    /// Waits until everything within a position is on the target, as long as it gets nearer.
    fn reach<'a>(&'a self, horizon: &'a LogPosition) -> BoxFuture<'a, Result<Reached, Fault>>;

    /// A position that holds everything that may be on the target by now.
    fn newest(&self) -> BoxFuture<'_, Result<LogPosition, Fault>>;
}
