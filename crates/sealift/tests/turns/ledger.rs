//! Turns for a while (`cargo x soak cutover` makes them for long): nothing acknowledged is missing on either side.

use std::path::PathBuf;
use std::time::Duration;

use sealift_lab::Options;
use sealift_lab::soak::{self, TurnsOptions};

/// Half of them cutovers, half of them rollbacks.
const TURNS: u32 = 50;

/// Both servers and sealift share a small machine with other tests: some hundred transactions a second leave room for
/// turns. `cargo x soak cutover` writes as fast as it goes.
const REST: Duration = Duration::from_millis(10);

#[test]
fn however_often_it_turns_no_acknowledged_write_is_missing_on_either_side() {
    let tally = soak::turns(&TurnsOptions {
        sealift: PathBuf::from(env!("CARGO_BIN_EXE_sealift")),
        source: Options::mysql(),
        target: Options::azure_target(),
        turns: TURNS,
        clients: 4,
        rest: REST,
    });
    let tally = tally.unwrap_or_else(|why| panic!("{why}"));
    println!("{tally}");
    assert_eq!(tally.turns, TURNS, "{tally}");
}
