//! How we write to the target, whoever writes: pinned sessions, patience, locks in our name, definers'
//! logins, and what the target says of the rows it took.

pub mod pin;
pub(crate) mod connect;
pub mod definers;
pub(crate) mod literal;
pub(crate) mod lock;
pub mod pause;
pub(crate) mod taken;
