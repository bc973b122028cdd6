//! How far the side is that changes are carried to: what a comparison of two moving sides is told by whoever carries
//! them.

use std::fmt;

use futures_util::future::BoxFuture;
use sealift_mysql::binlog::LogPosition;

use crate::fault::Fault;

/// What waiting for a position came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// Everything within it is there.
    Yes,
    /// It is not, and will not be soon: why.
    No(&'static str),
}

/// Whoever knows how far changes are applied.
pub trait Applied: Send + Sync + fmt::Debug {
    /// Waits until everything within a position of the live side's log is on the other one, as long as it gets nearer.
    fn reach<'a>(&'a self, horizon: &'a LogPosition) -> BoxFuture<'a, Result<Reached, Fault>>;

    /// A position that holds everything that may be on the other side by now.
    fn newest(&self) -> BoxFuture<'_, Result<LogPosition, Fault>>;

    /// Makes sure that the live side is live still: until now nobody else could write to the other one.
    fn is_live(&self) -> BoxFuture<'_, Result<(), Fault>>;
}
