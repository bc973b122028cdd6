//! The engine on real servers: one test binary, a module per stage.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a failed test may panic"
)]

mod servers;
mod plan;
mod prepare;
mod verify;
mod copy;
mod apply;
mod privileges;
