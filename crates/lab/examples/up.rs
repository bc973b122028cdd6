//! Starts a pair of servers and keeps it until Enter is pressed: `cargo run -p sealift-lab --example up [orders]`.

use std::io::BufRead;

use sealift_lab::up::{UpOptions, how_to_connect, up};

fn main() -> std::process::ExitCode {
    match keep_a_pair() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn keep_a_pair() -> Result<(), Box<dyn std::error::Error>> {
    let orders = std::env::args().nth(1).map(|n| n.parse()).transpose()?;
    let begin = std::time::Instant::now();
    let pair = up(UpOptions { orders, ..UpOptions::default() })?;
    println!("{}up in {:?}; press Enter to end both", how_to_connect(&pair), begin.elapsed());
    std::io::stdin().lock().lines().next().transpose()?;
    Ok(())
}
