//! Every chore of the project: `cargo x <chore>`.

use std::process::ExitCode;

use clap::Parser;

mod lab;
mod bench;
mod build;
mod demo;
mod fuzz;
mod soak;
mod stage;
mod tidy;

/// Chores of the sealift workspace.
#[derive(Parser)]
#[command(name = "cargo x")]
enum Chore {
    Tidy(tidy::Args),
    #[command(subcommand)]
    Lab(lab::Lab),
    /// The whole way on two real servers it gets by itself, while a shop sells: over, and back again
    Demo(demo::DemoArgs),
    /// Migrations while everything breaks: kills, cuts, restarts; equal at the end
    Soak(soak::SoakArgs),
    /// What reads bytes of others against any bytes, guided by coverage
    Fuzz(fuzz::FuzzArgs),
    /// Measure: peers and us side by side in one run
    #[command(subcommand)]
    Bench(bench::Bench),
}

fn main() -> ExitCode {
    match Chore::parse() {
        Chore::Tidy(args) => tidy::run(args),
        Chore::Lab(lab) => lab.run(),
        Chore::Demo(args) => demo::run(&args),
        Chore::Soak(args) => soak::run(&args),
        Chore::Fuzz(args) => fuzz::run(&args),
        Chore::Bench(what) => bench::run(what),
    }
}
