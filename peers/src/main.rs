//! How fast a crate of others makes values of a binary log's rows: `cargo x bench decode` runs it.
//!
//! One pass over files in memory, without checking sums, as our own program of the kind does it; prints seconds, images
//! of rows, and values that are not NULL.

mod binlog_connector;
mod mysql_common;

use std::process::ExitCode;
use std::time::Instant;

/// What was decoded.
#[derive(Default)]
struct Counts {
    images: u64,
    values: usize,
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let decode = match arguments.next().as_deref() {
        Some("mysql_common") => mysql_common::decode,
        Some("mysql-binlog-connector-rust") => binlog_connector::decode,
        other => return refuse(format!("no crate of that name: {other:?}")),
    };
    let files: Result<Vec<_>, _> = arguments.map(std::fs::read).collect();
    let files = match files {
        Ok(files) => files,
        Err(error) => return refuse(error),
    };
    let mut counts = Counts::default();
    let begun = Instant::now();
    for file in &files {
        if let Err(error) = decode(file, &mut counts) {
            return refuse(error);
        }
    }
    println!("{:.3} {} {}", begun.elapsed().as_secs_f64(), counts.images, counts.values);
    ExitCode::SUCCESS
}

fn refuse(why: impl std::fmt::Display) -> ExitCode {
    eprintln!("{why}");
    ExitCode::FAILURE
}
