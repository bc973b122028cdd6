//! `cargo demo`: the main job, on two real servers it gets by itself.

use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use sealift_lab::up::{self, UpOptions};
use sealift_lab::{Options, Pair};

use crate::build;

/// Orders of the demo's shop: with what belongs to them, more than a million rows.
const ORDERS: u64 = 300_000;

/// Options of `cargo demo`.
#[derive(clap::Args)]
pub(crate) struct DemoArgs {
    /// Orders of the shop; about four rows come with each
    #[arg(long, default_value_t = ORDERS, value_name = "N")]
    orders: u64,
    /// End at once when done, also on a terminal
    #[arg(long)]
    no_wait: bool,
}

pub(crate) fn run(args: &DemoArgs) -> ExitCode {
    match demo(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("demo: {why}");
            ExitCode::FAILURE
        }
    }
}

fn demo(args: &DemoArgs) -> Result<(), String> {
    println!("Building sealift …");
    let sealift = build::sealift()?;
    let begun = Instant::now();
    println!("Starting two servers: MySQL, and one with the limits of Azure Database for MySQL …");
    let big = |options: Options| options.buffer_pool_mib(1024).redo_mib(1024);
    let pair = up::up(UpOptions {
        source: big(Options::mysql()),
        target: big(Options::azure_target()),
        orders: Some(args.orders),
    })
    .map_err(|error| error.to_string())?;
    let stage = Stage::set(sealift, &pair)?;
    stage.show(&["check"], "Both servers answer, TLS verified.")?;
    stage.show(&["plan"], "Every object's script, and why it differs from the source's.")?;
    stage.show(&["run", "--offline"], "All objects and rows.")?;
    stage.show(&["verify"], "Every row and definition compared by the servers themselves.")?;
    println!("\nDone in {:.0} s after the build.", begun.elapsed().as_secs_f64());
    println!("The plan, the journal and the report are in {}", stage.state().display());
    println!("The report for reading: {}", stage.state().join("report.html").display());
    if !args.no_wait && io::stdin().is_terminal() {
        println!(
            "Both servers stay until you press Enter. To repeat by hand, in another terminal:"
        );
        println!("{}", stage.by_hand(&pair));
        io::stdin().read_line(&mut String::new()).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Where the demo plays: a folder with a configuration.
struct Stage {
    sealift: PathBuf,
    folder: PathBuf,
    passwords: [(&'static str, &'static str); 2],
}

impl Stage {
    fn set(sealift: PathBuf, pair: &Pair) -> Result<Self, String> {
        let folder = build::target_folder().join("demo");
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(|error| error.to_string())?;
        }
        fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let path = folder.join("sealift.toml");
        fs::write(&path, pair.configuration()).map_err(|error| error.to_string())?;
        let passwords = [
            ("SEALIFT_SOURCE_PASSWORD", pair.source.account().password),
            ("SEALIFT_TARGET_PASSWORD", pair.target.account().password),
        ];
        Ok(Self { sealift, folder, passwords })
    }

    fn state(&self) -> PathBuf {
        self.folder.join(".sealift")
    }

    /// Prints a command and runs it before the reader's eyes.
    fn show(&self, words: &[&str], about: &str) -> Result<(), String> {
        println!("\n# {about}\n$ sealift {}", words.join(" "));
        let status = Command::new(&self.sealift)
            .args(words)
            .current_dir(&self.folder)
            .envs(self.passwords)
            .status()
            .map_err(|error| format!("start {}: {error}", self.sealift.display()))?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("sealift {} ended with {status}", words.join(" ")))
        }
    }

    fn by_hand(&self, pair: &Pair) -> String {
        let Pair { source, target } = pair;
        let cd = |path: &Path| format!("  cd {}\n", path.display());
        format!(
            "{}  export SEALIFT_SOURCE_PASSWORD={}\n  export SEALIFT_TARGET_PASSWORD={}\n  {} status\n",
            cd(&self.folder),
            source.account().password,
            target.account().password,
            self.sealift.display(),
        )
    }
}
