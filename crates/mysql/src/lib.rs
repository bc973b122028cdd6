//! How sealift speaks to one MySQL or MariaDB server.
//!
//! The only crate with database sockets, and the only one that knows error numbers.

pub mod password;
pub mod endpoint;
#[cfg(feature = "in-process")]
pub mod in_process;
pub mod error;
pub mod session;
pub mod gather;
pub mod position;
pub mod binlog;
pub mod snapshot;
pub mod vitals;
pub mod value;
mod pins;
mod tls;
mod wire;
