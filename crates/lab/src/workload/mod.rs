//! Data to migrate: a shop with everything in it, a table for every type and key, and writers that never rest.

pub mod clients;
pub mod shop;
pub mod every_type;
pub mod churn;
mod writer;

pub use writer::{Writer, Written};

/// A seed for a test that wants another one each time: `SEALIFT_SEED` if set, else drawn. It is printed, so that a
/// failing test shows it.
///
/// # Panics
/// When `SEALIFT_SEED` is no number.
pub fn seed() -> u64 {
    let given = std::env::var("SEALIFT_SEED").ok();
    let seed =
        given.map_or_else(rand::random, |text| text.parse().expect("SEALIFT_SEED is a number"));
    eprintln!("seed {seed}: SEALIFT_SEED={seed} repeats this run");
    seed
}
