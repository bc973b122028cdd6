//! Every chore of the project: `cargo x <chore>`.

use std::process::ExitCode;

use clap::Parser;

mod lab;
mod tidy;

/// Chores of the sealift workspace.
#[derive(Parser)]
#[command(name = "cargo x")]
enum Chore {
    Tidy(tidy::Args),
    #[command(subcommand)]
    Lab(lab::Lab),
}

fn main() -> ExitCode {
    match Chore::parse() {
        Chore::Tidy(args) => tidy::run(args),
        Chore::Lab(lab) => lab.run(),
    }
}
