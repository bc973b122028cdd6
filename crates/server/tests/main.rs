//! Tests of the control plane, in one binary.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failed test may panic")]

mod api;
mod store;
