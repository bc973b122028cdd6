//! A short soak (`cargo x soak` is the long one): killed, cut and restarted for some seconds, equal at the end.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sealift_lab::Kind;
use sealift_lab::soak::{self, SoakOptions};
use sealift_lab::workload::churn::Definition;

#[test]
fn whatever_breaks_for_some_seconds_nothing_is_lost_or_doubled() {
    soaked(Turns::None);
}

/// The longest part is that everything has to be caught up with before it can be turned.
#[test]
#[ignore = "long"]
fn whatever_breaks_while_it_turns_nothing_is_lost_or_doubled() {
    soaked(Turns::Made);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Turns {
    None,
    Made,
}

fn soaked(turns: Turns) {
    let folder = soak::keeping_place(Path::new(env!("CARGO_TARGET_TMPDIR")));
    let options = SoakOptions {
        sealift: PathBuf::from(env!("CARGO_BIN_EXE_sealift")),
        source: Kind::MySql,
        seed: std::env::var("SEALIFT_SEED").map_or(1, |seed| seed.parse().unwrap()),
        length: Duration::ZERO,
        storm: Duration::from_secs(8),
        typed_tables: Some(8),
        turns: turns == Turns::Made,
        definitions: Definition::all(),
        keep: if turns == Turns::Made { folder.join("turned") } else { folder },
    };
    match soak::soak(&options) {
        Ok(tally) => println!("{tally}"),
        Err(why) => panic!("{why}"),
    }
}
