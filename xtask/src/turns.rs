//! `cargo x turns`: cutovers and rollbacks under an application that keeps a ledger, again and again.
//!
//! Says for how long the application's own clients were refused each time, and whether anything that was
//! acknowledged to them is missing on either side.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use sealift_lab::oracle::Comparison;
use sealift_lab::workload::clients::{self, Clients, SOURCE_GRANTS};
use sealift_lab::{Options, Pair, wait_until_within};

use crate::{build, lab};

const SCHEMA: &str = "turned";

/// How long a turn may take until the run is ready for the next.
const PATIENCE: Duration = Duration::from_secs(120);

/// Options of `cargo x turns`.
#[derive(clap::Args)]
pub(crate) struct TurnsArgs {
    /// Cutovers, each followed by a rollback
    #[arg(long, default_value_t = 50)]
    count: u32,
    /// Clients of the application
    #[arg(long, default_value_t = 4)]
    clients: usize,
}

pub(crate) fn run(args: &TurnsArgs) -> ExitCode {
    match turns(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("turns: {why}");
            ExitCode::FAILURE
        }
    }
}

fn turns(args: &TurnsArgs) -> Result<(), String> {
    let sealift = build::sealift()?;
    let pair = Pair::start(Options::mysql().durable(), Options::azure_target().durable())
        .map_err(|error| error.to_string())?;
    pair.source.sql(SOURCE_GRANTS);
    clients::create(&pair.source, &pair.target, SCHEMA);
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let config = format!(
        "{}[select]\nschemas = ['{SCHEMA}']\n[cutover]\nafter = 'echo $SEALIFT_TO > router'\n",
        lab::configuration(&pair)
    );
    fs::write(folder.path().join("sealift.toml"), config).map_err(|error| error.to_string())?;
    fs::write(folder.path().join("router"), "source\n").map_err(|error| error.to_string())?;
    let stage = Stage { sealift: &sealift, folder: folder.path(), pair: &pair };
    let router = folder.path().join("router");
    let clients = Clients::start(&pair.source, &pair.target, SCHEMA, &router, args.clients);
    let mut running = stage.command(&["run"]).spawn().map_err(|error| error.to_string())?;
    let turned = again_and_again(args, &stage, &clients);
    let acknowledged = clients.acknowledged();
    let (ledger, _refused) = clients.finish();
    stop(&mut running);
    let mut refused = turned?;
    stage.run(&["run", "--until-caught-up"])?;
    for (side, server) in [("source", &pair.source), ("target", &pair.target)] {
        let lost = clients::lost(server, SCHEMA, &ledger);
        if !lost.is_empty() {
            return Err(format!("on the {side}: {}", lost.join("; ")));
        }
    }
    let comparison = Comparison::of([SCHEMA]).without(SCHEMA, "clock");
    let differing = comparison.row_differences(&pair.source, &pair.target);
    if !differing.is_empty() {
        return Err(differing.join("\n"));
    }
    refused.sort_unstable();
    println!(
        "{} turns, {acknowledged} acknowledged writes, none missing, both sides equal.\n\
         Clients were refused: p50 {} ms, p99 {} ms, most {} ms ({} times).",
        args.count * 2,
        at(&refused, 50),
        at(&refused, 99),
        at(&refused, 100),
        refused.len()
    );
    Ok(())
}

/// All turns; returns for how long clients were refused.
fn again_and_again(
    args: &TurnsArgs,
    stage: &Stage<'_>,
    clients: &Clients,
) -> Result<Vec<Duration>, String> {
    let mut refused = Vec::new();
    for turn in 1..=args.count {
        for (command, doing) in [
            ("cutover", "following: ready to cut over"),
            ("rollback", "following the target back: ready to roll back"),
        ] {
            stage.wait_for(doing)?;
            let so_far = clients.acknowledged();
            let went_on = || (clients.acknowledged() > so_far + 100).then_some(());
            wait_until_within(PATIENCE, went_on).ok_or("the application does not go on")?;
            stage.run(&[command, "--yes"])?;
            refused.extend(clients.refused());
            println!("{turn:>4} {command}");
        }
    }
    let so_far = clients.acknowledged();
    let went_on = || (clients.acknowledged() > so_far + 100).then_some(());
    wait_until_within(PATIENCE, went_on).ok_or("the application does not go on")?;
    refused.extend(clients.refused());
    Ok(refused)
}

/// A value of sorted ones, in milliseconds.
fn at(sorted: &[Duration], percent: usize) -> u128 {
    let last = sorted.len().saturating_sub(1);
    sorted.get((last * percent).div_ceil(100)).map_or(0, Duration::as_millis)
}

/// As by Ctrl-C.
fn stop(running: &mut Child) {
    let pid = running.id().to_string();
    let sent = Command::new("kill").args(["-INT", &pid]).status();
    if !sent.is_ok_and(|status| status.success()) {
        let _gone = running.kill().is_ok();
    }
    let _ended = running.wait().is_ok();
}

/// Where the commands run.
struct Stage<'a> {
    sealift: &'a Path,
    folder: &'a Path,
    pair: &'a Pair,
}

impl Stage<'_> {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(self.sealift);
        command.current_dir(self.folder).args(args).arg("--quiet");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command.env("SEALIFT_SOURCE_PASSWORD", self.pair.source.account().password);
        command.env("SEALIFT_TARGET_PASSWORD", self.pair.target.account().password);
        command
    }

    fn run(&self, args: &[&str]) -> Result<(), String> {
        let output = self.command(args).output().map_err(|error| error.to_string())?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(format!("sealift {} ended with {}: {said}", args.join(" "), output.status))
    }

    /// Waits until the run says that it does this.
    fn wait_for(&self, doing: &str) -> Result<(), String> {
        let said = || {
            let mut command = self.command(&["status", "--json"]);
            let output = command.stdout(Stdio::piped()).output().ok()?;
            String::from_utf8_lossy(&output.stdout).contains(doing).then_some(())
        };
        wait_until_within(PATIENCE, said).ok_or_else(|| format!("waited in vain for {doing:?}"))
    }
}
