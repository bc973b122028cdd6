//! `cargo x fuzz`: what reads bytes of others (a log, a server's answers, definitions) against any bytes, guided by
//! coverage. libFuzzer with the flags of cargo-fuzz, but without a sanitizer, which only nightly compilers have: the
//! workspace forbids unsafe code, so what there is to find panics, hangs, or breaks an assertion.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::build::target_folder;

/// Options of `cargo x fuzz`.
#[derive(clap::Args)]
pub(crate) struct FuzzArgs {
    /// What is fuzzed (repeatable) [default: all, one after the other]
    #[arg(long = "only", value_enum)]
    only: Vec<Target>,
    /// Minutes for each
    #[arg(long, default_value_t = 5)]
    minutes: u64,
}

/// What can be fuzzed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Target {
    /// A binary log, down to the values of its rows
    Log,
    /// A server's answers: login, result sets of both protocols
    Answers,
    /// Definitions, statements and scripts, as text
    Definitions,
}

/// What instruments code for libFuzzer, as cargo-fuzz has it.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
     -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1";

/// A login and one row by each protocol, from which longer talks grow.
const TALK: &[u8] = b"\x00\x4a\x0a8.0.40\0\x15\0\0\0abcdefgh\0\xff\xff\xff\x02\0\xff\xdf\
    \x15\0\0\0\0\0\0\0\0\0\0ijklmnopqrst\0caching_sha2_password\0\
    \x01\x02\x01\x03\x07\0\0\0\x02\0\0\0\x00\x07\0\0\0\x02\0\0\0";

impl Target {
    const ALL: [Self; 3] = [Self::Log, Self::Answers, Self::Definitions];

    fn word(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Answers => "answers",
            Self::Definitions => "definitions",
        }
    }

    /// Folders whose files inputs grow from.
    fn examples(self) -> &'static [&'static str] {
        match self {
            Self::Log => &["crates/mysql/src/binlog/decoder"],
            Self::Answers => &[],
            Self::Definitions => &["crates/mysql/tests/rewriting/corpus", "scenarios"],
        }
    }
}

/// Fuzzes until the time is up or something is found.
pub(crate) fn run(args: &FuzzArgs) -> ExitCode {
    let targets = if args.only.is_empty() { Target::ALL.to_vec() } else { args.only.clone() };
    for target in targets {
        if let Err(why) = fuzz(target, args.minutes) {
            eprintln!("fuzz: {}: {why}", target.word());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn fuzz(target: Target, minutes: u64) -> Result<(), String> {
    let folder = target_folder().join("fuzz");
    let program = build(target, &folder)?;
    let corpus = folder.join("corpus").join(target.word());
    let found = folder.join("found").join(target.word());
    for folder in [&corpus, &found] {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    fs::write(corpus.join("talk"), TALK).map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command
        .arg(&corpus)
        .args(target.examples())
        .arg(format!("-artifact_prefix={}/", found.display()))
        .arg(format!("-max_total_time={}", minutes * 60))
        .args(["-timeout=10", "-rss_limit_mb=1024", "-max_len=65536", "-print_final_stats=1"]);
    let status = command.status().map_err(|error| error.to_string())?;
    if status.success() {
        return Ok(());
    }
    Err(format!("an input was found; it lies in {}", found.display()))
}

/// Builds a target. The machine is named, so that build scripts and macros are not instrumented.
fn build(target: Target, folder: &Path) -> Result<std::path::PathBuf, String> {
    let machine = machine()?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--release", "--manifest-path", "fuzz/Cargo.toml"])
        .args(["--target", &machine, "--bin", target.word()])
        .arg("--target-dir")
        .arg(folder)
        .env("RUSTFLAGS", FLAGS)
        .status()
        .map_err(|error| format!("start cargo: {error}"))?;
    if built.success() {
        Ok(folder.join(machine).join("release").join(target.word()))
    } else {
        Err("it does not build".to_owned())
    }
}

/// What rustc calls this machine.
fn machine() -> Result<String, String> {
    let output = Command::new("rustc").arg("-vV").output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "rustc names no host".to_owned())
}
