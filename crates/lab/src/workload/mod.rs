//! Data to migrate: a shop with everything in it, a table for every type and key, and a writer that never rests.

pub mod shop;
pub mod every_type;
mod writer;

pub use writer::{Writer, Written};
