//! The binary as people and scripts meet it: screens, exit codes, JSON, real servers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a broken expectation should stop the test with its message"
)]

mod folder;
mod pairs;
mod help;
mod configuration;
mod connection;
mod assess;
mod carry;
mod accounts;
mod offline;
mod online;
mod turns;
