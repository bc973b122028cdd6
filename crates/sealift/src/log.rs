//! What the program tells of its work, event by event: to standard error or a file, as text or JSON.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sealift_engine::fault::{ErrorCode, Fault};
use serde::Deserialize;
use tracing_subscriber::EnvFilter;

use crate::output::Screen;

/// How an event is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines: one JSON object a line
    Json,
}

/// What is worth an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LogLevel {
    /// What ended a command.
    Error,
    /// What somebody should look at.
    Warn,
    /// What was done.
    #[default]
    Info,
    /// What was tried.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// What the configuration wants logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogOptions {
    /// What is worth an event.
    pub(crate) level: LogLevel,
    /// How it is written.
    pub(crate) format: LogFormat,
    /// Where; to standard error if nowhere.
    pub(crate) file: Option<PathBuf>,
}

/// Logs to standard error what the environment or the command line ask for; they win over the configuration.
pub(crate) fn start_as_asked(filter: Option<&str>, format: Option<LogFormat>, screen: &Screen) {
    if filter.is_none() && format.is_none() {
        return;
    }
    let filter = filter.unwrap_or(LogLevel::Info.word());
    start(filter, format.unwrap_or_default(), Place::Screen(screen.clone()));
}

/// Logs as the configuration wants, unless somebody asked for something else.
///
/// # Errors
/// [`ErrorCode::ConfigInvalid`] when the file cannot be written.
pub(crate) fn start_as_configured(options: &LogOptions, screen: &Screen) -> Result<(), Fault> {
    let LogOptions { level, format, file } = options;
    let place = match file {
        None => Place::Screen(screen.clone()),
        Some(path) => {
            open(path).map_err(|error| {
                Fault::new(ErrorCode::ConfigInvalid, "open the log file")
                    .about(format!("file {}", path.display()))
                    .because(error)
                    .advise("name a file in a folder that is there, in [log] of the configuration")
            })?;
            Place::File(path.clone())
        }
    };
    start(level.word(), *format, place);
    Ok(())
}

fn start(filter: &str, format: LogFormat, place: Place) {
    // A bare level is that of our own crates: what others tell of their insides helps nobody.
    let own = |krate: &str| format!("{krate}={filter}");
    let crates = ["sealift", "sealift_engine", "sealift_mysql", "sealift_server"].map(own);
    let is_bare = filter.chars().all(char::is_alphabetic);
    let filter = if is_bare { format!("warn,{}", crates.join(",")) } else { filter.to_owned() };
    let log = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_ansi(false)
        .with_writer(move || place.clone());
    let begun = match format {
        LogFormat::Text => log.try_init(),
        LogFormat::Json => {
            log.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init()
        }
    };
    // It was begun before, as somebody asked.
    drop(begun);
}

/// Where events go.
#[derive(Clone)]
enum Place {
    Screen(Screen),
    /// Opened for each event: who moves the file away finds a new one begun in its place.
    File(PathBuf),
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

/// Each write is one event.
impl Write for Place {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Screen(screen) => Write::write(screen, bytes),
            Self::File(path) => {
                open(path)?.write_all(bytes)?;
                Ok(bytes.len())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
