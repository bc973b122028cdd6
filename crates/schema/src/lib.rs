//! What a table is, and how its definition must change for its target.
//!
//! Pure: this crate opens no socket, reads no clock, starts no task and touches no file. Servers are
//! gathered by `sealift-mysql` into a [`Catalog`](catalog::Catalog) and [`ServerFacts`](facts::ServerFacts);
//! everything here judges and rewrites those plain data.

pub mod name;
pub mod entries;
pub mod column;
pub mod utf8mb3;
pub mod catalog;
pub mod facts;
pub mod grants;
pub mod following;
pub mod key_range;
pub mod sql;
pub mod rewrite;
pub mod selection;
pub mod rule;
pub mod diff;
pub mod account;
