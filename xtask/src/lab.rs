//! `cargo x lab up`: two test servers to try things on, until Enter or Ctrl-C.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use sealift_lab::{Kind, LabError, Options, Pair, Server};

/// Test servers to try things on.
#[derive(Subcommand)]
pub(crate) enum Lab {
    /// Starts a source and an Azure-like target, says how to reach them, ends them at Enter or Ctrl-C
    Up(UpArgs),
}

#[derive(clap::Args)]
pub(crate) struct UpArgs {
    /// What the source is
    #[arg(long, value_enum, default_value_t = SourceKind::Mysql)]
    source: SourceKind,
    /// A script to run on the source first
    #[arg(long, value_name = "FILE.sql")]
    script: Option<PathBuf>,
}

/// Servers the lab can be asked for.
#[derive(Clone, Copy, ValueEnum)]
enum SourceKind {
    Mysql,
    #[value(name = "mariadb-10.11")]
    MariaDb10_11,
    #[value(name = "mariadb-11.8")]
    MariaDb11_8,
}

impl Lab {
    pub(crate) fn run(self) -> ExitCode {
        let Self::Up(args) = self;
        match up(&args) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        }
    }
}

fn up(UpArgs { source, script }: &UpArgs) -> Result<(), Box<dyn std::error::Error>> {
    let script = script.as_ref().map(fs::read).transpose()?;
    let kind = match source {
        SourceKind::Mysql => Kind::MySql,
        SourceKind::MariaDb10_11 => Kind::MariaDb10_11,
        SourceKind::MariaDb11_8 => Kind::MariaDb11_8,
    };
    let pair = Pair::start(Options::source(kind), Options::azure_target())?;
    if let Some(script) = script {
        pair.source.try_sql(script)?;
    }
    print!("{}", directions(&pair)?);
    io::stdin().read_line(&mut String::new())?;
    Ok(())
}

/// A configuration and the clients' commands, to be pasted.
fn directions(pair: &Pair) -> Result<String, LabError> {
    let Pair { source, target } = pair;
    Ok(format!(
        "# sealift.toml\n{}{}\n# shell\n{}{}\n{}{}\nBoth servers end with Enter or Ctrl-C.\n",
        table("source", source),
        table("target", target),
        export("SOURCE", source),
        export("TARGET", target),
        client(source)?,
        client(target)?,
    ))
}

fn table(side: &str, server: &Server) -> String {
    let (user, host, port) = (server.account().user, server.host(), server.port());
    let ca = server.ca();
    let tls = if ca.exists() {
        // The servers' own certificates name no host.
        format!("tls = \"verify-ca\"\ntls_ca = {:?}\n", ca.display().to_string())
    } else {
        "tls = \"off\"\n".to_owned()
    };
    format!("[{side}]\nurl = \"mysql://{user}@{host}:{port}\"\n{tls}")
}

fn export(side: &str, server: &Server) -> String {
    format!("export SEALIFT_{side}_PASSWORD={}\n", server.account().password)
}

/// The server's own client, as root through the socket.
fn client(server: &Server) -> Result<String, LabError> {
    let words = server.programs().command_line(server.kind().client_program())?;
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    let socket = server.socket();
    Ok(format!("{} --no-defaults --user=root --socket={}\n", words.join(" "), socket.display()))
}
