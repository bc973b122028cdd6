//! Every chore of the project: `cargo x <chore>`.

use std::process::ExitCode;

use clap::Parser;

mod tidy;

/// Chores of the sealift workspace.
#[derive(Parser)]
#[command(name = "cargo x")]
enum Chore {
    Tidy(tidy::Args),
}

fn main() -> ExitCode {
    match Chore::parse() {
        Chore::Tidy(args) => tidy::run(args),
    }
}
