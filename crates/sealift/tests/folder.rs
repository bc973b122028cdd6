//! A folder with a configuration, and the binary run in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use sealift_lab::Server;
use sealift_lab::proxy::FaultProxy;
use serde_json::Value;
use tempfile::TempDir;

/// A folder to run sealift in.
pub(crate) struct Folder {
    path: TempDir,
    variables: Vec<(String, String)>,
}

/// What a run of the binary left behind.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Folder {
    /// A folder with this `sealift.toml`.
    pub(crate) fn with(config: &str) -> Self {
        let folder = Self::empty();
        folder.write("sealift.toml", config);
        folder
    }

    /// A folder without a configuration.
    pub(crate) fn empty() -> Self {
        Self { path: TempDir::new().unwrap(), variables: Vec::new() }
    }

    /// A folder with the configuration of two servers, their passwords in the environment; `rest` follows the
    /// two tables.
    pub(crate) fn between(source: &Server, target: &Server, rest: &str) -> Self {
        let table = |server: &Server| {
            let tls = if server.ca().exists() {
                format!("tls = \"verify-ca\"\ntls_ca = \"{}\"\n", server.ca().display())
            } else {
                "tls = \"off\"\n".to_owned()
            };
            let (user, host, port) = (server.account().user, server.host(), server.port());
            format!("url = \"mysql://{user}@{host}:{port}\"\n{tls}")
        };
        Self::with(&format!("[source]\n{}[target]\n{}{rest}", table(source), table(target)))
            .env("SEALIFT_SOURCE_PASSWORD", source.account().password)
            .env("SEALIFT_TARGET_PASSWORD", target.account().password)
    }

    /// Sets an environment variable for every run.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// Takes an environment variable away.
    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self
    }

    /// Writes a file below the folder.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.file(name), text).unwrap();
    }

    /// The path of a file below the folder.
    pub(crate) fn file(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.path().join(name)
    }

    /// Replaces text in the configuration.
    pub(crate) fn reconfigure(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.file("sealift.toml")).unwrap();
        assert!(text.contains(from), "{from:?} is not in the configuration:\n{text}");
        self.write("sealift.toml", &text.replace(from, to));
    }

    /// Leads the way to a server through a proxy that reads what it loses.
    pub(crate) fn past(&self, server: &Server) -> FaultProxy {
        let proxy = FaultProxy::before(server);
        let ca = format!("tls = \"verify-ca\"\ntls_ca = \"{}\"", server.ca().display());
        self.reconfigure(&ca, "tls = \"off\"");
        let port = |port: u16| format!("127.0.0.1:{port}\"");
        self.reconfigure(&port(server.port()), &port(proxy.port()));
        proxy
    }

    /// The binary, ready to run in the folder.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sealift"));
        command.current_dir(self.path.path()).args(args).stdin(Stdio::null());
        for name in
            ["SEALIFT_SOURCE_PASSWORD", "SEALIFT_TARGET_PASSWORD", "SEALIFT_LOG", "SEALIFT_PROBE"]
        {
            command.env_remove(name);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// A run with one armed probe.
    pub(crate) fn run_to_probe(&self, probe: &str) -> Output {
        self.command(&["run", "--offline"]).env("SEALIFT_PROBE", probe).output().unwrap()
    }

    /// Runs a command that is killed at a point, `point[:n]`.
    pub(crate) fn killed_at(&self, args: &[&str], point: &str) {
        let probe = format!("{point}=kill");
        let killed = self.command(args).env("SEALIFT_PROBE", probe).output().unwrap();
        assert_eq!(killed.status.code(), None, "{point} was not passed: {killed:?}");
    }

    /// Runs the binary in the folder.
    pub(crate) fn sealift(&self, args: &[&str]) -> Ran {
        Ran::of(self.command(args).output().unwrap())
    }
}

/// Of a test that failed it is told where the migration stood: a wait in vain does not say why.
impl Drop for Folder {
    fn drop(&mut self) {
        if std::thread::panicking() && self.file(".sealift").exists() {
            println!("{}", self.sealift(&["status"]).screen());
        }
    }
}

impl Ran {
    /// What a process left behind.
    pub(crate) fn of(output: Output) -> Self {
        let Output { status, stdout, stderr } = output;
        let text = |bytes| String::from_utf8(bytes).expect("sealift prints UTF-8");
        Self { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
    }

    /// Exit code and both outputs, as one text to compare.
    pub(crate) fn screen(&self) -> String {
        let code = self.code.map_or("a signal".to_owned(), |code| code.to_string());
        let mut screen = format!("exit {code}\n");
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                screen += &format!("---- {name}\n");
                // Blanks at the end of a line are nothing a person sees.
                text.lines().for_each(|line| screen += &format!("{}\n", line.trim_end()));
            }
        }
        screen
    }

    /// The one object on standard output.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("no JSON:\n{}", self.screen()))
    }

    /// The code of the error in the JSON object, e.g. `SL0303`.
    pub(crate) fn error_code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or("none").to_owned()
    }
}
