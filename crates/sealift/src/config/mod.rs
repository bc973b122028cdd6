//! The configuration: what was written (`raw`), what it means (here).

use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sealift_engine::control::Settings;
use sealift_engine::cutover::CutoverSettings;
use sealift_engine::fault::{ErrorCode, Fault};
use sealift_engine::prepare::tables::NotEmpty;
use sealift_mysql::endpoint::{Address, Endpoint, TlsMode};
use sealift_schema::account::AccountPolicy;
use sealift_schema::facts::Side;
use sealift_schema::rewrite::Policy;
use sealift_schema::selection::{Patterns, Selection};
use sealift_server::api::Listen;
use sealift_server::store::Identity;

use crate::log::LogOptions;

mod raw;
mod assess;
mod cutover;
mod client;
mod url;
mod password;
mod definers;
mod surroundings;

pub(crate) use assess::{AssessConfig, TargetNeed};
pub(crate) use client::ClientConfig;
use definers::DefinerLogins;
pub(crate) use password::variable as password_variable;
use password::{Owner, PasswordSource, Whose};
use raw::{Place, RawApi, RawAssess, RawConfig, RawCopy, RawMetrics, RawServer, RawTls, RawVerify};
pub(crate) use surroundings::{Machine, Surroundings};
use url::ServerUrl;

/// Time allowed to connect and log in, unless configured.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Longer is not waiting but hanging.
const CONNECT_TIMEOUT_MAX: u64 = 600;

/// Workers a copy uses at most without being told: beyond, a target gains little and other users lose.
const WORKERS_DEFAULT_MAX: u16 = 8;

/// Rows compared in a second while changes are followed, unless configured: a few hundredths of a core on each server.
const CONTINUOUS_PACE: NonZeroU64 = NonZeroU64::MIN.saturating_add(19_999);

/// Each worker takes a connection on both servers; `max_connections` is 151 by default.
const WORKERS_MAX: u16 = 64;

/// What a migration is: read from `sealift.toml`, checked, with defaults filled in.
#[derive(Debug)]
pub(crate) struct Config {
    /// Where the data comes from.
    pub(crate) source: Server,
    /// Where it goes.
    pub(crate) target: Server,
    /// What is migrated.
    pub(crate) selection: Selection,
    /// The selection as it was written.
    pub(crate) patterns: Patterns,
    /// How definitions are changed.
    pub(crate) policy: Policy,
    /// In whose names objects are made.
    pub(crate) definers: DefinerLogins,
    /// What becomes of accounts.
    pub(crate) accounts: AccountPolicy,
    /// How rows are copied.
    pub(crate) copy: CopyOptions,
    /// Limits a run begins with.
    pub(crate) throttle: Settings,
    /// Rows compared in a second while changes are followed; `None`: they are not.
    pub(crate) continuous: Option<NonZeroU64>,
    /// How the migration is cut over, and rolled back.
    pub(crate) cutover: CutoverSettings,
    /// Who measures for how long the application is refused then.
    pub(crate) client: Option<ClientConfig>,
    /// Where a run can be asked and steered.
    pub(crate) listen: Listen,
    /// What is logged, and where.
    pub(crate) log: Option<LogOptions>,
    /// What the operator should know of the configuration: whole sentences.
    pub(crate) warnings: Vec<String>,
}

/// One server, before its password is known.
#[derive(Debug)]
pub(crate) struct Server {
    whose: Whose,
    address: Address,
    user: String,
    password: PasswordSource,
    tls: TlsMode,
    tls_ca: Option<PathBuf>,
    compress: bool,
    connect_timeout: Duration,
}

/// How rows are copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CopyOptions {
    /// Chunks under way at the same time.
    pub(crate) workers: u16,
    /// Whether rows the target already holds are removed.
    pub(crate) not_empty: NotEmpty,
}

impl Config {
    /// Reads the configuration from the file `file`. `cores` decides how many workers copy by default.
    pub(crate) fn read(
        file: &Path,
        cores: usize,
        surroundings: &dyn Surroundings,
    ) -> Result<Self, Fault> {
        let text = text_of(file, surroundings)?;
        Self::resolve(RawConfig::parse(&text, file)?, Place { file, text: &text }, cores)
    }

    /// What makes two runs the same migration.
    pub(crate) fn identity(&self) -> Identity {
        let Patterns { schemas, include, exclude } = &self.patterns;
        let mut selection = Vec::new();
        for (word, patterns) in [("schemas", schemas), ("include", include), ("exclude", exclude)] {
            if !patterns.is_empty() {
                selection.push(format!("{word} {}", patterns.join(", ")));
            }
        }
        Identity {
            source: self.source.address.to_string(),
            target: self.target.address.to_string(),
            selection: if selection.is_empty() {
                "everything".into()
            } else {
                selection.join("; ")
            },
        }
    }

    /// What a raw configuration means.
    fn resolve(raw: RawConfig, place: Place<'_>, cores: usize) -> Result<Self, Fault> {
        let RawConfig {
            source,
            target,
            select,
            rewrite,
            definers,
            accounts,
            copy,
            throttle,
            verify,
            cutover,
            api,
            metrics,
            log,
            assess,
        } = raw;
        // Only `assess` reads it.
        let RawAssess { accept: _ } = assess;
        let target = target.ok_or_else(|| target_missing(place))?;
        let (RawApi { port }, RawMetrics { listen: metrics }) = (api, metrics);
        let mut warnings = Vec::new();
        let mut cutover = cutover;
        let client = cutover.client.take();
        check_policy(&rewrite, place)?;
        accounts.check().map_err(|error| {
            invalid(place, error.to_string()).advise("correct the entry of [accounts]")
        })?;
        Ok(Self {
            source: Server::resolve(Whose::Side(Side::Source), source, place, &mut warnings)?,
            target: Server::resolve(Whose::Side(Side::Target), target, place, &mut warnings)?,
            selection: compile(&select, place)?,
            patterns: select,
            definers: DefinerLogins::resolve(definers, rewrite.definer, place)?,
            policy: rewrite,
            accounts,
            copy: CopyOptions::resolve(&copy, place, cores)?,
            throttle,
            continuous: continuous(&verify, place)?,
            cutover: cutover::resolve(cutover, place)?,
            client: client
                .map(|client| ClientConfig::resolve(client, place, &mut warnings))
                .transpose()?,
            listen: Listen { port, metrics },
            log: log.map(|log| log.resolve(place)),
            warnings,
        })
    }
}

impl Server {
    fn resolve(
        whose: Whose,
        raw: RawServer,
        place: Place<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<Self, Fault> {
        let RawServer {
            url,
            password,
            password_file,
            password_command,
            tls,
            tls_ca,
            compress,
            connect_timeout,
        } = raw;
        let line = place.line(&url.span());
        let ServerUrl { user, password: in_url, address } = ServerUrl::parse(url.get_ref())
            .map_err(|error| {
                whose
                    .fault(ErrorCode::UrlInvalid, error.to_string())
                    .about(&line)
                    .advise(error.advice())
            })?;
        let folder = place.file.parent().unwrap_or(Path::new(""));
        let written = match (in_url, password) {
            (Some(password), None) | (None, Some(password)) => {
                warnings.push(format!(
                    "the {whose}'s password is written in {}; it belongs in {}, in a file named by \
                     password_file, or in password_command",
                    place.file.display(),
                    whose.variable()
                ));
                Some(PasswordSource::Written(password))
            }
            (None, None) => None,
            (Some(_), Some(_)) => return Err(twice(whose.table(), place)),
        };
        let file = password_file.map(|path| PasswordSource::File(folder.join(path)));
        let command = password_command.map(PasswordSource::Command);
        let mut given = [written, file, command].into_iter().flatten();
        let password = given.next().unwrap_or(PasswordSource::Elsewhere);
        if given.next().is_some() {
            return Err(twice(whose.table(), place));
        }
        Ok(Self {
            whose,
            user,
            password,
            tls: match (&address, tls) {
                (Address::Socket(_), _) | (_, RawTls::Off) => TlsMode::Off,
                (Address::Tcp { .. }, RawTls::VerifyIdentity) => TlsMode::VerifyIdentity,
                (Address::Tcp { .. }, RawTls::VerifyCa) => TlsMode::VerifyCa,
                (Address::Tcp { .. }, RawTls::Required) => TlsMode::Required,
            },
            address,
            tls_ca: tls_ca.map(|path| folder.join(path)),
            compress,
            connect_timeout: match connect_timeout {
                None => CONNECT_TIMEOUT,
                Some(seconds @ 1..=CONNECT_TIMEOUT_MAX) => Duration::from_secs(seconds),
                Some(_) => {
                    return Err(invalid(
                        place,
                        format!(
                            "connect_timeout in [{}] is not from 1 to {CONNECT_TIMEOUT_MAX}",
                            whose.table()
                        ),
                    )
                    .advise("give it in seconds"));
                }
            },
        })
    }

    /// Everything needed to log in; the password is found now.
    pub(crate) fn endpoint(
        &self,
        surroundings: &Arc<dyn Surroundings>,
        warn: &mut dyn FnMut(String),
    ) -> Result<Endpoint, Fault> {
        let Self { whose, address, user, password, tls, tls_ca, compress, connect_timeout } = self;
        let tls_ca = match tls_ca {
            None => None,
            Some(path) => Some(surroundings.read(path).map_err(|error| {
                whose
                    .fault(ErrorCode::ConfigInvalid, "read the file named by tls_ca")
                    .about(format!("file {}", path.display()))
                    .because(error)
                    .advise("name a file with the authority's certificate in PEM form")
            })?),
        };
        Ok(Endpoint {
            side: match whose {
                Whose::Side(side) => *side,
                // It is on whichever is live; nobody is told of this one.
                Whose::Client => Side::Source,
            },
            address: address.clone(),
            user: user.clone(),
            password: password.find(Owner::of(*whose, user), surroundings, warn)?,
            tls: *tls,
            tls_ca,
            compress: *compress,
            connect_timeout: *connect_timeout,
        })
    }
}

impl CopyOptions {
    fn resolve(raw: &RawCopy, place: Place<'_>, cores: usize) -> Result<Self, Fault> {
        let RawCopy { workers, not_empty } = *raw;
        let workers = match workers {
            // Reading and writing overlap only if there are two.
            None => u16::try_from(cores).unwrap_or(u16::MAX).clamp(2, WORKERS_DEFAULT_MAX),
            Some(workers @ 1..=WORKERS_MAX) => workers,
            Some(_) => {
                return Err(invalid(
                    place,
                    format!("workers in [copy] is not from 1 to {WORKERS_MAX}"),
                ));
            }
        };
        Ok(Self { workers, not_empty })
    }
}

/// The pace of the continuous comparison, if there is one.
fn continuous(raw: &RawVerify, place: Place<'_>) -> Result<Option<NonZeroU64>, Fault> {
    let RawVerify { continuous, rows_per_second } = *raw;
    if !continuous && rows_per_second.is_some() {
        let what = "rows_per_second in [verify] is the pace of what continuous turns on".to_owned();
        return Err(invalid(place, what).advise("add continuous = true"));
    }
    Ok(continuous.then(|| rows_per_second.unwrap_or(CONTINUOUS_PACE)))
}

/// The configuration's text.
fn text_of(file: &Path, surroundings: &dyn Surroundings) -> Result<String, Fault> {
    let unreadable = |cause: Box<dyn std::error::Error + Send + Sync>| {
        Fault::new(ErrorCode::ConfigMissing, "read the configuration")
            .about(format!("file {}", file.display()))
            .because(cause)
    };
    let bytes = surroundings.read(file).map_err(|error| unreadable(error.into()))?;
    String::from_utf8(bytes).map_err(|_bytes| unreadable("it is not UTF-8".into()))
}

fn check_policy(policy: &Policy, place: Place<'_>) -> Result<(), Fault> {
    policy
        .check()
        .map_err(|error| invalid(place, error.to_string()).advise("correct the entry of [rewrite]"))
}

fn compile(patterns: &Patterns, place: Place<'_>) -> Result<Selection, Fault> {
    Selection::compile(patterns).map_err(|error| {
        invalid(place, error.to_string()).advise("correct the pattern in [select]")
    })
}

fn target_missing(place: Place<'_>) -> Fault {
    Fault::new(ErrorCode::ConfigInvalid, "the table [target] is missing").about(place.line(&(0..0)))
}

fn twice(table: &str, place: Place<'_>) -> Fault {
    invalid(place, format!("[{table}] gives the password more than once"))
        .advise("keep one of password_file and password_command; the environment wins over both")
}

fn invalid(place: Place<'_>, what: String) -> Fault {
    Fault::new(ErrorCode::ConfigInvalid, what).about(format!("file {}", place.file.display()))
}

#[cfg(test)]
mod tests;
