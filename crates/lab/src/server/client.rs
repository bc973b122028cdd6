//! SQL for tests through the server's own command line client, so that nothing of ours checks itself.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{Account, Kind, Server};

/// One run of the command line client; built by [`Server::client`].
#[derive(Debug)]
#[must_use]
pub struct Client<'a> {
    server: &'a Server,
    account: Option<Account>,
    schema: Option<String>,
    options: Vec<String>,
}

impl Server {
    /// A run of the command line client, as root over the socket unless told otherwise.
    pub fn client(&self) -> Client<'_> {
        Client { server: self, account: None, schema: None, options: Vec::new() }
    }

    /// Runs a script as root and returns its output: a line per row, values separated by tabs, no headings, raw.
    ///
    /// # Panics
    /// When a statement fails.
    #[track_caller]
    pub fn sql(&self, script: impl AsRef<[u8]>) -> String {
        self.client().run(script)
    }

    /// Runs a script as another account, over TCP with TLS (MySQL 5.6: without).
    ///
    /// # Panics
    /// When a statement fails.
    #[track_caller]
    pub fn sql_as(&self, account: Account, script: impl AsRef<[u8]>) -> String {
        self.client().account(account).run(script)
    }

    /// Runs a script as root and returns its output or the error's text.
    pub fn try_sql(&self, script: impl AsRef<[u8]>) -> Result<String, String> {
        self.client().try_run(script)
    }

    /// Runs a script file as root; `DELIMITER` works.
    ///
    /// # Panics
    /// When the file cannot be read or a statement fails.
    #[track_caller]
    pub fn sql_file(&self, path: &Path) -> String {
        let script = std::fs::read(path).unwrap_or_else(|e| panic!("read {}: {e}", path.display()));
        self.sql(script)
    }
}

impl Client<'_> {
    /// Logs in as this account, over TCP with TLS.
    pub fn account(self, account: Account) -> Self {
        Self { account: Some(account), ..self }
    }

    /// Uses this schema.
    pub fn schema(self, schema: impl Into<String>) -> Self {
        Self { schema: Some(schema.into()), ..self }
    }

    /// Adds an option of the client program.
    pub fn option(mut self, option: impl Into<String>) -> Self {
        self.options.push(option.into());
        self
    }

    /// Runs the script.
    ///
    /// # Panics
    /// When a statement fails.
    #[track_caller]
    pub fn run(&self, script: impl AsRef<[u8]>) -> String {
        match self.try_run(&script) {
            Ok(output) => output,
            Err(error) => {
                let shown = String::from_utf8_lossy(script.as_ref()).into_owned();
                let shown: String = shown.chars().take(2000).collect();
                panic!("{} refused: {error}\n--- the script ---\n{shown}", self.server.kind())
            }
        }
    }

    /// Runs the script and returns its output or the error's text.
    pub fn try_run(&self, script: impl AsRef<[u8]>) -> Result<String, String> {
        let output = self.try_run_bytes(script)?;
        Ok(String::from_utf8_lossy(&output).into_owned())
    }

    /// Runs the script and returns its output byte for byte, or the error's text.
    pub fn try_run_bytes(&self, script: impl AsRef<[u8]>) -> Result<Vec<u8>, String> {
        let mut child = self.command().spawn().map_err(|e| format!("run the client: {e}"))?;
        let mut pipe = child.stdin.take().expect("it is piped");
        let script = script.as_ref();
        let output = std::thread::scope(|scope| {
            // The client stops reading at the first error; what it says then counts, not the broken pipe.
            scope.spawn(move || {
                let _ = pipe.write_all(script);
            });
            child.wait_with_output()
        });
        let output = output.map_err(|e| format!("run the client: {e}"))?;
        if output.status.success() {
            Ok(output.stdout)
        } else {
            Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
        }
    }

    /// The client as a process with piped input and output: it runs statements as they are written to it.
    pub fn command(&self) -> Command {
        let server = self.server;
        let program = server.kind().client_program();
        let mut command = server.programs().command(program).expect("a server has its client");
        command.args(["--no-defaults", "--batch", "--raw", "--skip-column-names", "--comments"]);
        command.args(["--default-character-set=utf8mb4", "--binary-mode", "--unbuffered"]);
        match self.account {
            None => {
                command.arg("--user=root").arg(format!("--socket={}", server.socket().display()));
            }
            Some(account) => {
                command
                    .args(["--protocol=TCP", "--host=127.0.0.1"])
                    .arg(format!("--port={}", server.port()))
                    .arg(format!("--user={}", account.user))
                    .env("MYSQL_PWD", account.password);
                command.arg(match server.kind() {
                    // Its TLS is one no client has any more.
                    Kind::MySql5_6 => "--skip-ssl",
                    Kind::MySql => "--ssl-mode=REQUIRED",
                    Kind::MariaDb10_5 | Kind::MariaDb10_11 | Kind::MariaDb11_8 => "--ssl",
                });
            }
        }
        if !server.kind().has_clients_of_mariadb() {
            // MariaDB's client has it too, but refuses the server's certificate for having no host name.
            command.arg("--local-infile=1");
        }
        command.args(&self.options);
        if let Some(schema) = &self.schema {
            command.arg(format!("--database={schema}"));
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}
