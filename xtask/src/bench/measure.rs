//! How long a command took, and how much memory its largest process had.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What one run of a contender cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    /// Peak resident memory of the contender's own process, in KiB; none for the server-side floor.
    pub(crate) peak_kib: Option<u64>,
}

/// Runs a command to its end.
///
/// # Errors
/// What the command printed to stderr, when it failed.
pub(crate) fn run(command: Command) -> Result<Cost, String> {
    run_to(command, &[0])
}

/// Runs a command to its end, which is good with any of these exit codes.
///
/// # Errors
/// What the command printed to stderr, when it failed.
pub(crate) fn run_to(mut command: Command, good: &[i32]) -> Result<Cost, String> {
    let begun = Instant::now();
    let what = format!("{:?}", command.get_program());
    let errors = tempfile::tempfile().map_err(|e| e.to_string())?;
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(errors.try_clone().map_err(|e| e.to_string())?);
    let mut child = command.spawn().map_err(|error| format!("start {what}: {error}"))?;
    let (peak_kib, code) = watch(&mut child)?;
    if code.is_some_and(|code| good.contains(&code)) {
        return Ok(Cost { wall: begun.elapsed(), peak_kib });
    }
    Err(format!("{what} failed: {}", tail(errors)))
}

/// Waits for a child and keeps the high-water mark of its memory. The mark only grows, so the last look
/// before the end is the peak but for the last instant.
fn watch(child: &mut Child) -> Result<(Option<u64>, Option<i32>), String> {
    let path = format!("/proc/{}/status", child.id());
    let mut peak = None;
    loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            return Ok((peak, status.code()));
        }
        if let Some(kib) = fs::read_to_string(&path).ok().as_deref().and_then(high_water) {
            peak = Some(kib);
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

fn high_water(status: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn tail(mut file: fs::File) -> String {
    use std::io::{Read, Seek, SeekFrom};
    let mut text = String::new();
    let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_string(&mut text));
    match read {
        Ok(_) => text.lines().rev().take(8).collect::<Vec<_>>().join(" | "),
        Err(error) => error.to_string(),
    }
}

/// The middle one of several costs, by time.
pub(crate) fn median(costs: &[Cost]) -> Option<Cost> {
    let mut sorted = costs.to_vec();
    sorted.sort_by_key(|cost| cost.wall);
    sorted.get(sorted.len() / 2).copied()
}
