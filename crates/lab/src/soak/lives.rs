//! Processes of sealift in one folder, their outputs kept, their ends judged.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rand::Rng;
use rand::rngs::StdRng;

use super::storm::Storm;
use crate::error::{LabError, io};
use crate::server::Server;
use crate::wait::wait_until_within;

/// How long a process may take to end after it was asked to, on a busy machine.
const END_PATIENCE: Duration = Duration::from_secs(90);
/// How long it may take to carry everything.
const FINISH_PATIENCE: Duration = Duration::from_secs(600);

/// What a run may end with while servers and connections break: it gave up waiting, or was told to stop.
const GIVEN_UP: [&str; 6] = ["SL0301", "SL0307", "SL0309", "SL0311", "SL0801", "SL0605"];

/// What an order may end with besides: nothing is followed yet, nobody takes it just now, a run has just begun or ended.
const NOT_OBEYED: [&str; 5] = ["SL0105", "SL0201", "SL0207", "SL0208", "SL0209"];

/// What a command ends with while the guard of a turn uses the state folder.
const IN_USE: &str = "SL0201";

/// What no storm explains: rows could not go back, the other side is not as it should be, a fence did not hold.
const WRONG_WITH_TURNS: [&str; 3] = ["SL1004", "SL1005", "SL1008"];

/// What became of a turn, as far as whoever asked for it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turned {
    /// It was made.
    Made,
    /// It was refused, or nobody knows.
    InVain,
}

/// Where a soak in this folder says where the application's traffic goes.
pub(super) fn router(folder: &Path) -> PathBuf {
    folder.join("router")
}

/// A folder with a configuration, one for each migration.
pub(super) struct Place {
    folder: PathBuf,
    sealift: PathBuf,
    encrypted: bool,
    begun: Instant,
    migration: usize,
    life: usize,
    variables: Vec<(&'static str, &'static str)>,
}

impl Place {
    pub(super) fn new(folder: PathBuf, sealift: PathBuf, encrypted: bool) -> Self {
        let begun = Instant::now();
        Self { folder, sealift, encrypted, begun, migration: 0, life: 0, variables: Vec::new() }
    }

    /// Everything there is to keep.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A fresh configuration, some of it drawn.
    pub(super) fn begin(
        &mut self,
        storm: &Storm,
        schemas: &[&str],
        random: &mut StdRng,
    ) -> Result<(), LabError> {
        self.migration += 1;
        self.life = 0;
        let here = self.here();
        fs::create_dir_all(&here).map_err(io("create a migration's folder"))?;
        let [source, target] = storm.ports();
        let throttle = match random.random_range(0..4) {
            0 => String::new(),
            rate => format!("[throttle]\nrows_per_second = {}\n", 1_500 * rate * rate),
        };
        let config = format!(
            "[source]\n{}[target]\n{}[select]\nschemas = {schemas:?}\n[copy]\nworkers = {}\n{throttle}\
             [cutover]\nafter = \"echo $SEALIFT_TO > {}\"\n",
            self.way(storm.source(), source),
            self.way(storm.target(), target),
            random.random_range(1..5),
            self.router().display()
        );
        fs::write(self.router(), "source\n").map_err(io("say where the traffic goes"))?;
        self.variables = vec![
            ("SEALIFT_SOURCE_PASSWORD", storm.source().account().password),
            ("SEALIFT_TARGET_PASSWORD", storm.target().account().password),
            ("SEALIFT_LOG", "info"),
        ];
        fs::write(here.join("sealift.toml"), config).map_err(io("write a configuration"))
    }

    fn way(&self, server: &Server, port: u16) -> String {
        let tls = if self.encrypted && server.ca().exists() {
            format!("tls = \"verify-ca\"\ntls_ca = {:?}\n", server.ca().display().to_string())
        } else {
            "tls = \"off\"\n".to_owned()
        };
        format!("url = \"mysql://{}@127.0.0.1:{port}\"\n{tls}", server.account().user)
    }

    /// The file that says where the application's traffic goes.
    pub(super) fn router(&self) -> PathBuf {
        router(&self.folder)
    }

    /// Whether that is the target.
    pub(super) fn is_turned(&self) -> bool {
        fs::read_to_string(self.router()).is_ok_and(|side| side.trim() == "target")
    }

    fn here(&self) -> PathBuf {
        self.folder.join(format!("migration-{}", self.migration))
    }

    /// Keeps in mind what happened, and when.
    pub(super) fn note(&self, what: &str) {
        let log = File::options().append(true).create(true).open(self.here().join("events.log"));
        if let Ok(mut log) = log {
            let seconds = self.begun.elapsed().as_secs_f64();
            let _ = writeln!(log, "{seconds:8.3} s, life {}: {what}", self.life);
        }
    }

    /// What `status` says.
    pub(super) fn status(&self) -> String {
        let output = self.command(&["status", "--json"]).stderr(Stdio::null()).output();
        output
            .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
            .unwrap_or_default()
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.sealift);
        command.args(words).current_dir(self.here()).env_remove("SEALIFT_PROBE");
        command.envs(self.variables.iter().copied()).stdin(Stdio::null());
        command
    }

    /// Starts a command of sealift.
    pub(super) fn live(&mut self, words: &[&str]) -> Result<Life, String> {
        self.life += 1;
        let here = self.here();
        let [stdout, stderr] =
            ["out", "err"].map(|end| here.join(format!("life-{:03}.{end}", self.life)));
        let file = |path: &Path| File::create(path).map_err(|error| error.to_string());
        self.note(&words.join(" "));
        let child = self
            .command(words)
            .stdout(file(&stdout)?)
            .stderr(file(&stderr)?)
            .spawn()
            .map_err(|error| format!("start {}: {error}", self.sealift.display()))?;
        Ok(Life { child, words: words.join(" "), stdout })
    }
}

/// A process. Dropping it kills it.
pub(super) struct Life {
    child: Child,
    words: String,
    stdout: PathBuf,
}

impl Life {
    pub(super) fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// Kills it, if it still lives. What it said of an end of its own must be about servers that went away.
    pub(super) fn end(mut self) -> Result<(), String> {
        let _ = self.child.kill();
        let status = self.child.wait().map_err(|error| error.to_string())?;
        self.judge(status)
    }

    /// Ends an order, and tells whether it was obeyed.
    pub(super) fn obeyed(mut self) -> Result<bool, String> {
        let _ = self.child.kill();
        let status = self.child.wait().map_err(|error| error.to_string())?;
        if status.success() || status.code().is_none() {
            return Ok(status.success());
        }
        if NOT_OBEYED.contains(&self.error().as_str()) {
            return Ok(false);
        }
        self.judge(status).map(|()| false)
    }

    /// Ends a turn, and tells what became of it.
    pub(super) fn turned(mut self) -> Result<Turned, String> {
        let _ = self.child.kill();
        let status = self.child.wait().map_err(|error| error.to_string())?;
        let error = self.error();
        match status.code() {
            Some(0) => Ok(Turned::Made),
            Some(3) if !WRONG_WITH_TURNS.contains(&error.as_str()) => Ok(Turned::InVain),
            None => Ok(Turned::InVain),
            Some(1) if NOT_OBEYED.contains(&error.as_str()) => Ok(Turned::InVain),
            Some(_) => self.judge(status).map(|()| Turned::InVain),
        }
    }

    /// Stops it as by Ctrl-C, a second time if the first takes long; never leaves it.
    pub(super) fn interrupt(mut self) -> Result<(), String> {
        for _attempt in 0..2 {
            self.signal("-INT");
            if let Some(status) = self.ends_within(END_PATIENCE) {
                return self.judge(status);
            }
        }
        Err(format!("sealift {} does not end when it is interrupted twice", self.words))
    }

    /// Waits until everything is done. Tells whether it was: the guard of a turn may be at work still.
    pub(super) fn finish(&mut self) -> Result<bool, String> {
        let Some(status) = self.ends_within(FINISH_PATIENCE) else {
            let patience = FINISH_PATIENCE.as_secs();
            return Err(format!("sealift {} did not end within {patience} s", self.words));
        };
        if status.success() || self.error() == IN_USE {
            return Ok(status.success());
        }
        Err(format!("sealift {} ended with {status}:\n{}", self.words, self.said()))
    }

    fn ends_within(&mut self, patience: Duration) -> Option<ExitStatus> {
        wait_until_within(patience, || self.child.try_wait().ok().flatten())
    }

    fn signal(&self, name: &str) {
        // It may have ended before.
        let _ = Command::new("kill").args([name, &self.child.id().to_string()]).status();
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.stdout).unwrap_or_default()
    }

    fn judge(&self, status: ExitStatus) -> Result<(), String> {
        // A signal is ours.
        let Some(code) = status.code() else { return Ok(()) };
        let error = self.error();
        if code == 4 || (code == 1 && (error == IN_USE || GIVEN_UP.contains(&error.as_str()))) {
            return Ok(());
        }
        Err(format!("sealift {} ended with {code}, {error}:\n{}", self.words, self.said()))
    }

    /// The code of the error it ended with.
    fn error(&self) -> String {
        let answer: serde_json::Value = serde_json::from_str(&self.said()).unwrap_or_default();
        answer["error"]["code"].as_str().unwrap_or_default().to_owned()
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        if self.child.kill().is_ok() {
            let _ = self.child.wait();
        }
    }
}
