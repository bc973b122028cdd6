//! Real test servers, workloads and oracles. Never linked into the product.
//!
//! ```no_run
//! let pair = sealift_lab::Pair::mysql();
//! pair.source.sql("CREATE DATABASE shop");
//! assert_eq!(pair.target.sql("SELECT 1 + 1"), "2\n");
//! ```
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::let_underscore_must_use,
    reason = "test equipment: a broken expectation should stop the test with its message, a clean-up that is not \
              needed any more should not"
)]

pub mod error;
pub mod packages;
mod process;
pub mod server;
pub mod pair;
pub mod workload;
pub mod oracle;
pub mod proxy;
pub mod soak;
pub mod up;
mod wait;

pub use error::LabError;
pub use pair::{Pair, unique_schema};
pub use process::Process;
pub use server::{Account, Kind, Options, Server};
pub use wait::{wait_until, wait_until_within};
