//! The client side of the MySQL protocol: one packet per file, no knowledge of statements.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/PAGE_PROTOCOL.html>

pub(crate) mod greeting;
pub(crate) mod login;
pub(crate) mod auth;
pub(crate) mod answer;
pub(crate) mod ok;
pub(crate) mod refusal;
pub(crate) mod end_of_rows;
pub(crate) mod column;
pub(crate) mod prepared;
pub(crate) mod command;
pub(crate) mod capability;
pub(crate) mod scan;
pub(crate) mod channel;
pub(crate) mod compression;
pub(crate) mod stream;
