//! An application that writes at a steady rate: what a copy costs it beside other ways to copy, and how far behind the
//! target is while its changes are followed.

use std::fmt;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use clap::Args;
use sealift_lab::{Server, wait_until_within};

use super::contender::{configuration, tool};
use super::sysbench::{self, SCHEMA};
use super::{measure, servers};
use crate::build;

/// Options of `cargo x bench load`.
#[derive(Debug, Args)]
pub(crate) struct LoadArgs {
    /// Transactions of sysbench's oltp_write_only a second
    #[arg(long, default_value_t = 500)]
    rate: u32,
    /// Rows in each of the 8 tables
    #[arg(long, default_value_t = 500_000)]
    rows: u64,
    /// Seconds that the application is watched alone, and for which changes are followed
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

/// How often the row is changed by which the lag is measured.
const TICK: Duration = Duration::from_millis(20);
/// How long anything may take until the target has caught up.
const PATIENCE: Duration = Duration::from_secs(600);

/// Measures the application alone, beside peers, beside our copy, and beside our following.
pub(crate) fn run(args: &LoadArgs) -> Result<(), String> {
    let sealift = build::sealift()?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let (source, target) = servers(&[])?;
    source.sql(format!(
        "CREATE DATABASE {SCHEMA}; CREATE TABLE {SCHEMA}.tick (id INT PRIMARY KEY, n BIGINT NOT NULL); \
         INSERT INTO {SCHEMA}.tick VALUES (1, 0)"
    ));
    sysbench::run(&source, args.rows, &["prepare"])?;
    let application = Application::start(&source, args)?;
    let alone = application.during("nothing", || rest(args.seconds))?;
    let dump = folder.path().join("dump");
    let dumped = application.during("mydumper, which writes files", || dump_to(&source, &dump))?;
    fs::remove_dir_all(&dump).map_err(|error| error.to_string())?;
    let state = folder.path().join("migration");
    fs::create_dir(&state).map_err(|error| error.to_string())?;
    let ours = || configuration(&sealift, &state, (&source, &target), SCHEMA);
    let copied = application.during("sealift run, until caught up", || {
        let mut command = ours()?;
        command.args(["--quiet", "run", "--until-caught-up"]);
        measure::run(command).map(drop)
    })?;
    let mut following = ours()?;
    following.args(["--quiet", "run"]).stdin(Stdio::null()).stdout(Stdio::null());
    let mut following = following.spawn().map_err(|error| error.to_string())?;
    let mut lags = Vec::new();
    let followed = application.during("sealift run, following", || {
        lags = lag(&source, &target, Duration::from_secs(args.seconds))?;
        Ok(())
    });
    let followed = followed.and_then(|felt| {
        application.stop()?;
        level(&source, &target)?;
        sysbench::same(&source, &target)?;
        Ok(felt)
    });
    interrupt(&mut following)?;
    print_felt(args.rate, &[alone, dumped, copied, followed?]);
    print_lag(&mut lags);
    Ok(())
}

/// One line of sysbench's report: a second of the application.
#[derive(Clone, Copy, Debug)]
struct Second {
    at: Instant,
    transactions: f64,
    /// 99 of 100 transactions took no longer.
    p99_ms: f64,
}

/// sysbench at a steady rate, and what it told of each second.
struct Application {
    child: Child,
    seconds: Arc<Mutex<Vec<Second>>>,
    reader: JoinHandle<()>,
}

/// What the application felt while something else went on.
struct Felt {
    beside: &'static str,
    took: Duration,
    transactions: f64,
    median_p99_ms: f64,
    worst_p99_ms: f64,
}

impl Application {
    fn start(source: &Server, args: &LoadArgs) -> Result<Self, String> {
        let mut command = sysbench::command(source, args.rows)?;
        command
            .arg(format!("--rate={}", args.rate))
            .args(["--threads=8", "--time=0", "--events=0", "--report-interval=1"])
            .args(["--percentile=99", "run"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        let lines = BufReader::new(child.stdout.take().ok_or("sysbench has no output")?).lines();
        let seconds = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seconds);
        let reader = std::thread::spawn(move || {
            for second in lines.map_while(Result::ok).filter_map(|line| second(&line)) {
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(second);
            }
        });
        let application = Self { child, seconds, reader };
        let warm = || (application.so_far().len() > 10).then_some(());
        wait_until_within(PATIENCE, warm).ok_or("sysbench reports nothing")?;
        Ok(application)
    }

    fn so_far(&self) -> Vec<Second> {
        self.seconds.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Does something, and tells what the application felt meanwhile.
    fn during(
        &self,
        beside: &'static str,
        deed: impl FnOnce() -> Result<(), String>,
    ) -> Result<Felt, String> {
        let begun = Instant::now();
        deed()?;
        let took = begun.elapsed();
        // A line tells of the second before it: the last one is still to come.
        let known = self.so_far().len();
        let told = || (self.so_far().len() > known).then_some(());
        wait_until_within(PATIENCE, told).ok_or("sysbench reports nothing more")?;
        let mut seconds = self.so_far();
        seconds.retain(|second| second.at >= begun);
        let mut p99: Vec<f64> = seconds.iter().map(|second| second.p99_ms).collect();
        p99.sort_by(f64::total_cmp);
        let [Some(median), Some(worst)] = [p99.get(p99.len() / 2), p99.last()] else {
            return Err(format!("beside {beside}: sysbench told of no second"));
        };
        let all: f64 = seconds.iter().map(|second| second.transactions).sum();
        eprintln!("{:8.2} s  {beside}", took.as_secs_f64());
        Ok(Felt {
            beside,
            took,
            transactions: all / seconds.len() as f64,
            median_p99_ms: *median,
            worst_p99_ms: *worst,
        })
    }

    /// Ends it, so that the servers come to rest.
    fn stop(mut self) -> Result<(), String> {
        self.child.kill().map_err(|error| error.to_string())?;
        self.child.wait().map_err(|error| error.to_string())?;
        self.reader.join().map_err(|_panic| "the reader of sysbench's report panicked".to_owned())
    }
}

/// `[ 7s ] thds: 8 tps: 499.93 qps: … lat (ms,99%): 5.28 err/s: 0.00 …`
fn second(line: &str) -> Option<Second> {
    let number = |after: &str| -> Option<f64> {
        line.split_once(after)?.1.split_whitespace().next()?.parse().ok()
    };
    let (transactions, p99_ms) = (number("tps: ")?, number("lat (ms,99%): ")?);
    Some(Second { at: Instant::now(), transactions, p99_ms })
}

/// Lets time pass that is itself what is measured.
fn rest(seconds: u64) -> Result<(), String> {
    let begun = Instant::now();
    // A thread may be woken early.
    while let Some(left) = Duration::from_secs(seconds).checked_sub(begun.elapsed()) {
        std::thread::park_timeout(left);
    }
    Ok(())
}

/// mydumper's dump of the schema into a folder: reading alone, nothing is written to a server.
fn dump_to(source: &Server, folder: &Path) -> Result<(), String> {
    let mut command = tool("mydumper", "MYDUMPER")?;
    command
        .args(["--user", "root", "--database", SCHEMA, "--threads", "4", "--trx-consistency-only"])
        .arg("--socket")
        .arg(source.socket())
        .arg("--outputdir")
        .arg(folder);
    measure::run(command).map(drop)
}

/// Changes a row on the source again and again, looks for each change on the target, and tells how long after the
/// source's answer each was seen there.
fn lag(source: &Server, target: &Server, time: Duration) -> Result<Vec<Duration>, String> {
    level(source, target)?;
    let (mut writer, mut reader) = (Line::open(source)?, Line::open(target)?);
    let begun = Instant::now();
    let first: u64 = reader.number(&format!("SELECT n FROM {SCHEMA}.tick"))? + 1;
    let acknowledged = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        let ticking = scope.spawn(|| -> Result<(), String> {
            while begun.elapsed() < time {
                writer.number(&format!("UPDATE {SCHEMA}.tick SET n = n + 1; SELECT 1"))?;
                let mut all = acknowledged.lock().unwrap_or_else(PoisonError::into_inner);
                all.push(Instant::now());
                drop(all);
                std::thread::park_timeout(TICK);
            }
            Ok(())
        });
        let (mut lags, mut seen) = (Vec::new(), 0);
        while begun.elapsed() < time + PATIENCE {
            let ended = ticking.is_finished();
            let now_there = reader.number(&format!("SELECT n FROM {SCHEMA}.tick"))? + 1 - first;
            let now = Instant::now();
            let all = acknowledged.lock().unwrap_or_else(PoisonError::into_inner).clone();
            // What is seen before the writer has heard of it is no later than that.
            let there = usize::try_from(now_there).unwrap_or(usize::MAX).min(all.len());
            lags.extend(all.iter().take(there).skip(seen).map(|at| now.duration_since(*at)));
            seen = there;
            if ended && seen == all.len() {
                break;
            }
            std::thread::park_timeout(Duration::from_millis(1));
        }
        ticking.join().map_err(|_panic| "the writer panicked".to_owned())??;
        Ok(lags)
    })
}

/// Waits until the target has the row's last value.
fn level(source: &Server, target: &Server) -> Result<(), String> {
    let (mut ours, mut theirs) = (Line::open(source)?, Line::open(target)?);
    let sql = format!("SELECT n FROM {SCHEMA}.tick");
    // One more change, so that everything before it is there with it.
    let wanted = ours.number(&format!("UPDATE {SCHEMA}.tick SET n = n + 1; {sql}"))?;
    let there = || (theirs.number(&sql).ok()? >= wanted).then_some(());
    wait_until_within(PATIENCE, there).ok_or_else(|| "the target does not catch up".to_owned())
}

/// A command line client that stays connected.
struct Line {
    child: Child,
    pipe: Option<ChildStdin>,
    answers: std::io::Lines<BufReader<ChildStdout>>,
}

impl Line {
    fn open(server: &Server) -> Result<Self, String> {
        let mut child = server.client().command().spawn().map_err(|error| error.to_string())?;
        let pipe = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().ok_or("the client is mute")?).lines();
        Ok(Self { child, pipe, answers })
    }

    /// Executes what answers with one number.
    fn number(&mut self, sql: &str) -> Result<u64, String> {
        let pipe = self.pipe.as_mut().ok_or("the client is closed")?;
        writeln!(pipe, "{sql};").and_then(|()| pipe.flush()).map_err(|error| error.to_string())?;
        let answer = self.answers.next().ok_or_else(|| format!("no answer to {sql}"))?;
        let answer = answer.map_err(|error| error.to_string())?;
        answer.trim().parse().map_err(|_no| format!("{sql} says {answer}"))
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        // The client ends with its input.
        drop(self.pipe.take());
        drop(self.child.wait());
    }
}

/// Ctrl-C.
fn interrupt(child: &mut Child) -> Result<(), String> {
    let pid = child.id().to_string();
    let told = Command::new("kill").args(["-INT", &pid]).status();
    told.map_err(|error| error.to_string())?;
    child.wait().map(drop).map_err(|error| error.to_string())
}

/// Milliseconds, to a tenth.
struct Ms(Duration);

impl fmt::Display for Ms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} ms", self.0.as_secs_f64() * 1000.0)
    }
}

fn print_felt(rate: u32, felt: &[Felt]) {
    println!("\nan application that asks for {rate} transactions a second, beside");
    println!("{:>8}  {:>12}  {:>13}  {:>12}", "s", "got a second", "p99 median ms", "p99 worst ms");
    for one in felt {
        println!(
            "{:>8.1}  {:>12.1}  {:>13.2}  {:>12.2}  {}",
            one.took.as_secs_f64(),
            one.transactions,
            one.median_p99_ms,
            one.worst_p99_ms,
            one.beside
        );
    }
}

fn print_lag(lags: &mut [Duration]) {
    lags.sort_unstable();
    let at = |hundredths: usize| lags.get(lags.len() * hundredths / 100).copied().map(Ms);
    let [Some(p50), Some(p99), Some(worst)] = [at(50), at(99), lags.last().copied().map(Ms)] else {
        println!("no change was followed");
        return;
    };
    println!("\n{} changes were seen on the target after their answer on the source:", lags.len());
    println!("p50 {p50}, p99 {p99}, at most {worst}");
}
