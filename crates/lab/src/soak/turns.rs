//! Cutovers and rollbacks, again and again, under an application that keeps a ledger of what was acknowledged: nothing
//! of it is missing on either side, and its own clients say for how long they were refused.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::oracle::Comparison;
use crate::pair::Pair;
use crate::server::Options;
use crate::wait::wait_until_within;
use crate::workload::clients::{self, Clients, Manner, SOURCE_GRANTS};

const SCHEMA: &str = "turned";

/// How long a turn may take until the run is ready for the next.
const PATIENCE: Duration = Duration::from_secs(120);

/// Writes of the application between two turns.
const WRITES_BETWEEN: u64 = 50;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct TurnsOptions {
    /// The program under test.
    pub sealift: PathBuf,
    /// The source.
    pub source: Options,
    /// The target.
    pub target: Options,
    /// After how many turns it ends.
    pub turns: u32,
    /// Clients of the application.
    pub clients: usize,
    /// How long each rests between two transactions.
    pub rest: Duration,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct TurnsTally {
    /// Turns made: cutovers, and a rollback after each but perhaps the last.
    pub turns: u32,
    /// How long all of it took.
    pub took: Duration,
    /// Writes that were acknowledged; all of them are on both sides, once.
    pub acknowledged: u64,
    /// How many of them in a second, over all the time, refusals included.
    pub a_second: u64,
    /// For how long each client was refused each time, the shortest first.
    pub refused: Vec<Duration>,
}

/// Turns there and back again, and judges.
///
/// # Errors
/// What is wrong.
pub fn turns(options: &TurnsOptions) -> Result<TurnsTally, String> {
    let begun = Instant::now();
    let TurnsOptions { sealift, source, target, turns: wanted, clients, rest } = options;
    let pair = Pair::start(source.clone(), target.clone()).map_err(|error| error.to_string())?;
    pair.source.sql(SOURCE_GRANTS);
    clients::create(&pair.source, &pair.target, SCHEMA);
    let stage = Stage::new(sealift, &pair)?;
    let router = stage.path().join("router");
    let writing = Instant::now();
    let (sides, manner) =
        ((&pair.source, &pair.target), Manner { rest: *rest, ..Manner::default() });
    let clients = Clients::start_in(sides, SCHEMA, &router, *clients, manner);
    let running = Running::start(&stage)?;
    let turned = stage.again_and_again(*wanted, &clients);
    let acknowledged = clients.acknowledged();
    let a_second = acknowledged / writing.elapsed().as_secs().max(1);
    let (ledger, _refused) = clients.finish();
    drop(running);
    let (turns, mut refused) = turned?;
    stage.run(&["run", "--until-caught-up"])?;
    for (side, server) in [("source", &pair.source), ("target", &pair.target)] {
        let lost = clients::lost(server, SCHEMA, &ledger);
        if !lost.is_empty() {
            return Err(format!("on the {side}: {}", lost.join("; ")));
        }
    }
    // An event moves the clock on while it is looked at.
    let comparison = Comparison::of([SCHEMA]).without(SCHEMA, "clock");
    let differing = comparison.row_differences(&pair.source, &pair.target);
    if !differing.is_empty() {
        return Err(differing.join("\n"));
    }
    refused.sort_unstable();
    Ok(TurnsTally { turns, took: begun.elapsed(), acknowledged, a_second, refused })
}

impl TurnsTally {
    /// How long the refusals were that a share of all were not longer than, in milliseconds.
    #[must_use]
    pub fn refused_ms(&self, percent: usize) -> u128 {
        let last = self.refused.len().saturating_sub(1);
        self.refused.get((last * percent).div_ceil(100)).map_or(0, Duration::as_millis)
    }
}

impl fmt::Display for TurnsTally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { turns, took, acknowledged, a_second, refused } = self;
        let seconds = took.as_secs();
        writeln!(
            f,
            "{turns} turns in {seconds} s, {acknowledged} acknowledged writes ({a_second} a second), none missing, \
             both sides equal"
        )?;
        write!(
            f,
            "clients were refused {} times: p50 {} ms, p99 {} ms, most {} ms",
            refused.len(),
            self.refused_ms(50),
            self.refused_ms(99),
            self.refused_ms(100)
        )
    }
}

/// Where the commands run.
struct Stage<'a> {
    sealift: &'a Path,
    pair: &'a Pair,
    folder: TempDir,
}

impl<'a> Stage<'a> {
    fn new(sealift: &'a Path, pair: &'a Pair) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let config = format!(
            "{}[select]\nschemas = ['{SCHEMA}']\n[cutover]\nafter = 'echo $SEALIFT_TO > router'\n",
            pair.configuration()
        );
        for (file, text) in [("sealift.toml", config.as_str()), ("router", "source\n")] {
            fs::write(folder.path().join(file), text).map_err(|error| error.to_string())?;
        }
        Ok(Self { sealift, pair, folder })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// All turns; returns how many there were, and for how long clients were refused.
    fn again_and_again(
        &self,
        wanted: u32,
        clients: &Clients,
    ) -> Result<(u32, Vec<Duration>), String> {
        let mut refused = Vec::new();
        let mut turns = 0;
        let ways = [
            ("cutover", "following: ready to cut over"),
            ("rollback", "following the target back: ready to roll back"),
        ];
        for (command, doing) in ways.into_iter().cycle() {
            self.wait_for(doing)?;
            goes_on(clients)?;
            refused.extend(clients.refused());
            if turns >= wanted {
                break;
            }
            self.run(&[command, "--yes"])?;
            turns += 1;
        }
        Ok((turns, refused))
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(self.sealift);
        command.current_dir(self.path()).args(args).arg("--quiet");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command.env_remove("SEALIFT_PROBE");
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

fn goes_on(clients: &Clients) -> Result<(), String> {
    let so_far = clients.acknowledged();
    let went_on = || (clients.acknowledged() > so_far + WRITES_BETWEEN).then_some(());
    wait_until_within(PATIENCE, went_on).ok_or_else(|| "the application does not go on".to_owned())
}

/// The run that makes the turns; dropping it stops it as by Ctrl-C.
struct Running(Child);

impl Running {
    fn start(stage: &Stage<'_>) -> Result<Self, String> {
        let mut command = stage.command(&["run"]);
        // Nobody reads what it says.
        command.stderr(Stdio::null());
        command.spawn().map(Self).map_err(|error| error.to_string())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let pid = self.0.id().to_string();
        let sent = Command::new("kill").args(["-INT", &pid]).status();
        if !sent.is_ok_and(|status| status.success()) {
            let _gone = self.0.kill().is_ok();
        }
        let _ended = self.0.wait().is_ok();
    }
}
