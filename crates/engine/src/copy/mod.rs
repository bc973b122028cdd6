//! All rows from one snapshot to the target: lanes, chunks, encoding, the ledger.

pub mod encode;
