//! Turns for a while (`cargo x soak cutover` makes them for long): nothing acknowledged is missing on either side.

use std::path::PathBuf;
use std::time::Duration;

use sealift_lab::Options;
use sealift_lab::soak::{self, Enough, TurnsOptions};

#[test]
fn however_often_it_turns_no_acknowledged_write_is_missing_on_either_side() {
    let tally = soak::turns(&TurnsOptions {
        sealift: PathBuf::from(env!("CARGO_BIN_EXE_sealift")),
        source: Options::mysql(),
        target: Options::azure_target(),
        enough: Enough::Time(Duration::from_secs(40)),
        clients: 4,
    });
    let tally = tally.unwrap_or_else(|why| panic!("{why}"));
    println!("{tally}");
    assert!(tally.turns > 2, "{tally}");
}
