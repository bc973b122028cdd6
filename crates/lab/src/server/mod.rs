//! One real server of a test: started from a template in two seconds, gone with the test that started it.

mod client;
mod folder;
mod kind;
mod options;
mod template;

use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

pub use client::Client;
pub use kind::Kind;
pub use options::{Options, Role};

use crate::error::{LabError, io};
use crate::packages::Programs;
use crate::process::{FolderGuard, Process};
use crate::wait::wait_until_within;

/// A login of the test servers; its password is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// Login name, at host `%`.
    pub user: &'static str,
    /// Password.
    pub password: &'static str,
}

/// The reader on every source: the smallest list of privileges a migration needs there.
pub const APP_READER: Account = Account { user: "app_reader", password: "reader-pw1" };
/// The admin of every Azure-like target: what Azure gives its admin, and nothing more.
pub const AZADMIN: Account = Account { user: "azadmin", password: "Azure-pw1" };

/// How often another free port is tried when the chosen one was taken in between.
const PORT_ATTEMPTS: u32 = 5;
/// How long a server may take to start on a loaded machine.
const START_PATIENCE: Duration = Duration::from_secs(120);
/// How long a server may take to shut down in good order.
const STOP_PATIENCE: Duration = Duration::from_secs(120);

/// A running (or stopped, to be started again) server with a data folder of its own.
///
/// It listens on 127.0.0.1 and a Unix socket. Dropping it kills it and deletes its folder; so does the end of the
/// process that holds it, however that comes about.
#[derive(Debug)]
pub struct Server {
    options: Options,
    own: Programs,
    programs: Programs,
    port: u16,
    // Order matters: the process ends before its folder goes.
    process: Option<Process>,
    folder: TempDir,
    _guard: FolderGuard,
}

impl Server {
    /// Starts a server and waits until it answers.
    pub fn start(options: Options) -> Result<Self, LabError> {
        let programs = options.kind.programs()?;
        let template = template::ready(&options, &programs)?;
        let folder = folder::create(options.durable)?;
        // Guarded before it is filled: we may be killed at any moment.
        let guard = FolderGuard::new(folder.path())?;
        folder::copy_tree(&template.join("data"), &folder.path().join("data"))?;
        Self::start_on(folder, guard, options, programs)
    }

    /// Starts a server on the data that lies in `folder`, for finishing a template.
    fn start_on(
        folder: TempDir,
        guard: FolderGuard,
        options: Options,
        programs: Programs,
    ) -> Result<Self, LabError> {
        let used_by = options.kind.client_programs(&programs)?;
        let (own, programs) = (programs, used_by);
        let mut server =
            Self { options, own, programs, port: 0, process: None, folder, _guard: guard };
        server.launch_on_a_free_port()?;
        Ok(server)
    }

    fn launch_on_a_free_port(&mut self) -> Result<(), LabError> {
        for _ in 1..PORT_ATTEMPTS {
            self.port = free_port()?;
            match self.launch() {
                Err(_) if self.port_was_taken() => {}
                other => return other,
            }
        }
        self.launch()
    }

    /// What it was started with.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.options.kind
    }

    /// The host to connect to.
    pub fn host(&self) -> &'static str {
        "127.0.0.1"
    }

    /// The TCP port on 127.0.0.1; the same after a restart.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The Unix socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("s.sock")
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The PEM file of the authority that signed the server's certificate. The certificate names no host.
    pub fn ca(&self) -> PathBuf {
        self.data().join("ca.pem")
    }

    /// The account a migration uses here: the reader on a source, the admin on an Azure-like target.
    pub fn account(&self) -> Account {
        match self.options.role {
            Role::Source => APP_READER,
            Role::AzureTarget => AZADMIN,
        }
    }

    /// The programs this server is used by: `mysqldump`, `mysqlbinlog`, …
    pub fn programs(&self) -> &Programs {
        &self.programs
    }

    /// The process id while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Process::pid)
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        let bytes = fs::read(self.log_path()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Stops it in good order; data and port stay for [`start_again`](Self::start_again).
    pub fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            process.signal("TERM");
            assert!(
                process.wait(STOP_PATIENCE),
                "the server did not stop\n{}",
                last_lines(&self.log())
            );
        }
    }

    /// Kills it as a power cut would, without a chance to write anything.
    pub fn kill9(&mut self) {
        if let Some(process) = self.process.take() {
            process.signal("KILL");
            assert!(process.wait(STOP_PATIENCE), "the server outlived kill -9");
        }
    }

    /// Starts it on the data and the port it had.
    pub fn start_again(&mut self) -> Result<(), LabError> {
        if self.process.is_some() {
            return Ok(());
        }
        self.launch()
    }

    /// Stops it in good order and starts it again.
    pub fn restart(&mut self) -> Result<(), LabError> {
        self.stop();
        self.launch()
    }

    /// Adds arguments of mysqld for the next start.
    pub fn add_args<I: IntoIterator<Item = S>, S: Into<String>>(&mut self, args: I) {
        self.options.args.extend(args.into_iter().map(Into::into));
    }

    /// Freezes the server's process: connections stay open and nothing is answered.
    pub fn freeze(&self) {
        self.process.iter().for_each(|p| p.signal("STOP"));
    }

    /// Lets a frozen server go on.
    pub fn thaw(&self) {
        self.process.iter().for_each(|p| p.signal("CONT"));
    }

    fn launch(&mut self) -> Result<(), LabError> {
        let mut command = self.own.command(self.options.kind.server_program())?;
        command.args(base_arguments(&self.own, self.options.kind, self.folder.path())?);
        command.arg(format!("--port={}", self.port));
        command.args(self.options.running_arguments());
        let process = Process::spawn(&command, &self.log_path())?;
        let answered = wait_until_within(START_PATIENCE, || {
            if process.has_ended() { Some(false) } else { answers(self.port).then_some(true) }
        });
        if answered != Some(true) {
            process.signal("KILL");
            return Err(LabError::Start {
                kind: self.options.kind.to_string(),
                why: "it does not answer".to_owned(),
                log: last_lines(&self.log()),
            });
        }
        self.process = Some(process);
        Ok(())
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    fn port_was_taken(&self) -> bool {
        let log = self.log();
        log.contains("Address already in use") || log.contains("Do you already have another")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its data is thrown away, so there is no need for good order.
        if let Some(process) = self.process.take() {
            process.signal("KILL");
            process.wait(STOP_PATIENCE);
        }
    }
}

/// The arguments every start has in common, a template's included.
fn base_arguments(
    programs: &Programs,
    kind: Kind,
    folder: &Path,
) -> Result<Vec<OsString>, LabError> {
    // With --no-defaults a MySQL would forget what it was told to persist.
    let options = folder.join("options.cnf");
    fs::write(&options, "").map_err(io("write an empty option file"))?;
    let path = |option: &str, path: &Path| {
        let mut word = OsString::from(format!("--{option}="));
        word.push(path);
        word
    };
    let mut words: Vec<OsString> = vec![
        path("defaults-file", &options),
        path("datadir", &folder.join("data")),
        path("socket", &folder.join("s.sock")),
        path("pid-file", &folder.join("pid")),
        path("tmpdir", folder),
        "--bind-address=127.0.0.1".into(),
    ];
    if crate::packages::is_root() {
        words.push("--user=root".into());
    }
    words.extend(kind.installation_arguments(programs.root()));
    Ok(words)
}

/// A port nobody listens on right now.
fn free_port() -> Result<u16, LabError> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(io("look for a free port"))?;
    Ok(listener.local_addr().map_err(io("look for a free port"))?.port())
}

/// Whether a server on `port` greets: it opens with packet 0 of protocol version 10.
/// <https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_v10.html>
fn answers(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { return false };
    let mut start = [0_u8; 5];
    stream.set_read_timeout(Some(Duration::from_secs(5))).is_ok()
        && stream.read_exact(&mut start).is_ok()
        && start[4] == 10
}

/// The end of a log, for an error message.
fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(25)..].join("\n")
}
