//! The ways a schema is copied, side by side: the floor, the peers, and us.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use sealift_lab::{Server, packages};

use super::dataset::{Dataset, SCHEMA};
use super::measure::{self, Cost};

/// Threads the peers are given: their own default.
const PEER_THREADS: &str = "4";

/// A way to copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Contender {
    /// `sealift run --offline`, plan to events.
    Sealift,
    /// `sealift run --until-caught-up`: online, of a source that rests.
    SealiftOnline,
    /// What the target can take at best: server-side `LOAD DATA INFILE`, two at a time, then indexes.
    Floor,
    /// mydumper and myloader.
    Mydumper,
    /// `mysqldump | mysql`.
    Mysqldump,
}

impl Contender {
    /// Everyone, in the order they run.
    pub(crate) const ALL: [Self; 5] =
        [Self::Sealift, Self::SealiftOnline, Self::Floor, Self::Mydumper, Self::Mysqldump];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Sealift => "sealift run --offline",
            Self::SealiftOnline => "sealift run, online, until caught up",
            Self::Floor => "floor: server-side LOAD DATA, 2 parallel, then indexes",
            Self::Mydumper => "mydumper + myloader",
            Self::Mysqldump => "mysqldump | mysql",
        }
    }
}

/// The place of one comparison.
pub(crate) struct Ring<'a> {
    pub(crate) source: &'a Server,
    pub(crate) target: &'a Server,
    pub(crate) dataset: Dataset,
    /// For dumps and state; emptied between runs.
    pub(crate) scratch: &'a Path,
    /// Where the source wrote the tables for the floor.
    pub(crate) files: &'a Path,
    pub(crate) sealift: &'a Path,
}

impl Ring<'_> {
    /// One run on an empty target.
    pub(crate) fn run(&self, contender: Contender) -> Result<Cost, String> {
        self.empty_target();
        self.empty_scratch()?;
        let cost = match contender {
            Contender::Sealift => self.sealift(&["--offline"]),
            Contender::SealiftOnline => self.sealift(&["--until-caught-up"]),
            Contender::Floor => self.floor(),
            Contender::Mydumper => self.mydumper(),
            Contender::Mysqldump => self.mysqldump(),
        }?;
        self.check()?;
        Ok(cost)
    }

    /// One run of ours, whatever the source holds.
    pub(crate) fn copy_once(&self) -> Result<Cost, String> {
        self.empty_target();
        self.empty_scratch()?;
        self.sealift(&["--offline"])
    }

    fn empty_scratch(&self) -> Result<(), String> {
        if self.scratch.exists() {
            fs::remove_dir_all(self.scratch).map_err(|error| error.to_string())?;
        }
        fs::create_dir_all(self.scratch).map_err(|error| error.to_string())
    }

    fn empty_target(&self) {
        self.target.sql(format!(
            "DROP DATABASE IF EXISTS {SCHEMA}; DROP DATABASE IF EXISTS sealift; \
             RESET BINARY LOGS AND GTIDS;"
        ));
    }

    /// A copy that lost rows is no result.
    fn check(&self) -> Result<(), String> {
        for table in self.dataset.tables() {
            let sql = format!("SELECT COUNT(*) FROM {}", table.qualified());
            let counted = self.target.client().option("-N").run(sql);
            if counted.trim() != table.rows.to_string() {
                return Err(format!("{} has {} rows", table.qualified(), counted.trim()));
            }
        }
        let wanted = self.index_count(self.source);
        let got = self.index_count(self.target);
        if wanted == got { Ok(()) } else { Err(format!("{got} indexes instead of {wanted}")) }
    }

    fn index_count(&self, server: &Server) -> String {
        let sql = format!(
            "SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema='{SCHEMA}'"
        );
        server.client().option("-N").run(sql).trim().to_owned()
    }

    fn sealift(&self, how: &[&str]) -> Result<Cost, String> {
        let mut command =
            configuration(self.sealift, self.scratch, (self.source, self.target), SCHEMA)?;
        command.args(["--quiet", "run"]).args(how);
        measure::run(command)
    }

    fn floor(&self) -> Result<Cost, String> {
        let tables = self.dataset.tables();
        let begun = Instant::now();
        let creates: String = tables.iter().map(super::dataset::Table::create_sql).collect();
        self.target.sql(format!("CREATE DATABASE {SCHEMA}; {creates}"));
        let halves: [String; 2] = std::array::from_fn(|half| {
            let mut script = "SET unique_checks=0, foreign_key_checks=0, sql_mode='';\n".to_owned();
            for table in tables.iter().skip(half).step_by(2) {
                let file = self.files.join(&table.name);
                script.push_str(&format!(
                    "LOAD DATA INFILE '{}' INTO TABLE {} CHARACTER SET binary;\n",
                    file.display(),
                    table.qualified()
                ));
            }
            script
        });
        self.both(&halves)?;
        let halves: [String; 2] = std::array::from_fn(|half| {
            tables.iter().skip(half).step_by(2).map(super::dataset::Table::index_sql).collect()
        });
        self.both(&halves)?;
        Ok(Cost { wall: begun.elapsed(), peak_kib: None })
    }

    /// Runs two scripts on the target at the same time.
    fn both(&self, scripts: &[String; 2]) -> Result<(), String> {
        std::thread::scope(|scope| {
            let runs =
                scripts.each_ref().map(|script| scope.spawn(move || self.target.try_sql(script)));
            for run in runs {
                run.join().map_err(|_panic| "a client panicked".to_owned())??;
            }
            Ok(())
        })
    }

    fn mysqldump(&self) -> Result<Cost, String> {
        let programs = self.source.programs();
        let mut dump = programs.command("mysqldump").map_err(|error| error.to_string())?;
        dump.args(["--no-defaults", "-uroot", "--single-transaction", "--quick", "--routines"])
            .args(["--triggers", "--set-gtid-purged=OFF", "--databases", SCHEMA])
            .args(over_tcp(self.source))
            .stdout(Stdio::piped());
        let begun = Instant::now();
        let mut dumping = dump.spawn().map_err(|error| error.to_string())?;
        let mut load = self.target.client().command();
        load.args(over_tcp(self.target)).arg("--ssl-mode=REQUIRED");
        load.stdin(dumping.stdout.take().ok_or("mysqldump has no output")?).stdout(Stdio::null());
        let loaded = load.status().map_err(|error| error.to_string())?;
        let dumped = dumping.wait().map_err(|error| error.to_string())?;
        if loaded.success() && dumped.success() {
            Ok(Cost { wall: begun.elapsed(), peak_kib: None })
        } else {
            Err("mysqldump | mysql failed".to_owned())
        }
    }

    fn mydumper(&self) -> Result<Cost, String> {
        let folder = self.scratch.join("dump");
        let begun = Instant::now();
        let mut dump = tool("mydumper", "MYDUMPER")?;
        dump.args(["--user", "root", "--database", SCHEMA, "--threads", PEER_THREADS])
            .args(["--rows", "100000", "--trx-consistency-only"])
            .arg("--socket")
            .arg(self.source.socket())
            .arg("--outputdir")
            .arg(&folder);
        let dumped = measure::run(dump)?;
        let mut load = tool("myloader", "MYLOADER")?;
        // -e keeps the binary log on, as a managed target does.
        load.args(["--user", "root", "--threads", PEER_THREADS, "-e"])
            .arg("--socket")
            .arg(self.target.socket())
            .arg("--directory")
            .arg(&folder);
        let loaded = measure::run(load)?;
        Ok(Cost { wall: begun.elapsed(), peak_kib: dumped.peak_kib.max(loaded.peak_kib) })
    }
}

/// Our own program with a configuration for two servers, its state beside it in a folder.
pub(super) fn configuration(
    sealift: &Path,
    folder: &Path,
    (source, target): (&Server, &Server),
    schema: &str,
) -> Result<Command, String> {
    let config = format!(
        "[source]\nurl = \"mysql://{}@127.0.0.1:{}\"\ntls = \"off\"\n\
         [target]\nurl = \"mysql://{}@127.0.0.1:{}\"\ntls = \"required\"\n\
         [select]\nschemas = [\"{schema}\"]\n",
        source.account().user,
        source.port(),
        target.account().user,
        target.port()
    );
    let path = folder.join("sealift.toml");
    fs::write(&path, config).map_err(|error| error.to_string())?;
    let mut command = Command::new(sealift);
    command
        .arg("--config")
        .arg(&path)
        .arg("--state")
        .arg(folder.join("state"))
        .env("SEALIFT_SOURCE_PASSWORD", source.account().password)
        .env("SEALIFT_TARGET_PASSWORD", target.account().password);
    Ok(command)
}

/// The way our own run takes too, so that the line between the servers costs both the same. Debian's
/// mydumper knows no TLS and keeps the socket.
pub(super) fn over_tcp(server: &Server) -> [String; 3] {
    [
        "--protocol=TCP".to_owned(),
        "--host=127.0.0.1".to_owned(),
        format!("--port={}", server.port()),
    ]
}

/// A peer's program: the one the environment names, else Debian's.
pub(super) fn tool(name: &str, variable: &str) -> Result<Command, String> {
    if let Some(path) = std::env::var_os(variable) {
        return Ok(Command::new(PathBuf::from(path)));
    }
    let programs = packages::tools("bookworm", &["mydumper"]).map_err(|error| error.to_string())?;
    programs.command(name).map_err(|error| error.to_string())
}
