//! `sealift.toml` as it was written, and where in it something is wrong.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::ops::Range;
use std::path::{Path, PathBuf};

use sealift_engine::control::Settings;
use sealift_engine::cutover::FencePolicy;
use sealift_engine::fault::{ErrorCode, Fault};
use sealift_engine::prepare::tables::NotEmpty;
use sealift_schema::account::AccountPolicy;
use sealift_schema::rewrite::Policy;
use sealift_schema::rule::Acceptance;
use sealift_schema::selection::Patterns;
use secrecy::SecretString;
use serde::Deserialize;
use toml::Spanned;

use crate::log::{LogFormat, LogLevel, LogOptions};

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawConfig {
    pub(super) source: RawServer,
    /// `assess` can do without.
    pub(super) target: Option<RawServer>,
    #[serde(default)]
    pub(super) select: Patterns,
    #[serde(default)]
    pub(super) rewrite: Policy,
    #[serde(default)]
    pub(super) definers: BTreeMap<String, RawDefiner>,
    #[serde(default)]
    pub(super) accounts: AccountPolicy,
    #[serde(default)]
    pub(super) copy: RawCopy,
    #[serde(default)]
    pub(super) throttle: Settings,
    #[serde(default)]
    pub(super) verify: RawVerify,
    #[serde(default)]
    pub(super) cutover: RawCutover,
    #[serde(default)]
    pub(super) api: RawApi,
    #[serde(default)]
    pub(super) metrics: RawMetrics,
    pub(super) log: Option<RawLog>,
    #[serde(default)]
    pub(super) assess: RawAssess,
}

/// `[source]` or `[target]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawServer {
    /// A secret as a whole, since it may hold a password.
    pub(super) url: Spanned<SecretString>,
    pub(super) password: Option<SecretString>,
    pub(super) password_file: Option<PathBuf>,
    pub(super) password_command: Option<String>,
    #[serde(default)]
    pub(super) tls: RawTls,
    pub(super) tls_ca: Option<PathBuf>,
    #[serde(default)]
    pub(super) compress: bool,
    pub(super) connect_timeout: Option<u64>,
}

/// A table of `[definers]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDefiner {
    pub(super) password_file: Option<PathBuf>,
    pub(super) password_command: Option<String>,
}

/// How far TLS is checked.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawTls {
    #[default]
    VerifyIdentity,
    VerifyCa,
    Required,
    Off,
}

/// `[copy]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCopy {
    pub(super) workers: Option<u16>,
    #[serde(default)]
    pub(super) not_empty: NotEmpty,
}

/// `[verify]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawVerify {
    #[serde(default)]
    pub(super) continuous: bool,
    pub(super) rows_per_second: Option<NonZeroU64>,
}

/// `[cutover]`; times are in seconds.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCutover {
    #[serde(default)]
    pub(super) fence: FencePolicy,
    pub(super) budget: Option<u64>,
    pub(super) wait: Option<u64>,
    #[serde(default)]
    pub(super) kill: bool,
    pub(super) way_back: Option<bool>,
    pub(super) headroom: Option<u64>,
    pub(super) confirm_rows: Option<u64>,
    #[serde(default)]
    pub(super) smoke: Vec<String>,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
    pub(super) hook_time: Option<u64>,
    pub(super) client: Option<RawClient>,
}

/// `[cutover.client]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawClient {
    pub(super) url: Spanned<SecretString>,
    pub(super) password_file: Option<PathBuf>,
    pub(super) password_command: Option<String>,
    #[serde(default)]
    pub(super) tls: RawTls,
    pub(super) tls_ca: Option<PathBuf>,
    pub(super) write: String,
}

/// `[api]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawApi {
    #[serde(default)]
    pub(super) port: u16,
}

/// `[metrics]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMetrics {
    pub(super) listen: Option<SocketAddr>,
}

/// `[log]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLog {
    #[serde(default)]
    pub(super) level: LogLevel,
    #[serde(default)]
    pub(super) format: LogFormat,
    pub(super) file: Option<PathBuf>,
}

impl RawLog {
    /// A path is relative to the configuration's folder.
    pub(super) fn resolve(self, place: Place<'_>) -> LogOptions {
        let Self { level, format, file } = self;
        let folder = place.file.parent().unwrap_or(Path::new(""));
        LogOptions { level, format, file: file.map(|path| folder.join(path)) }
    }
}

/// `[assess]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAssess {
    #[serde(default)]
    pub(super) accept: Vec<Acceptance>,
}

impl RawConfig {
    /// Reads the text of `file`.
    pub(crate) fn parse(text: &str, file: &Path) -> Result<Self, Fault> {
        toml::from_str(text).map_err(|error| {
            let place = Place { file, text };
            explain(error.message(), error.span(), &place)
        })
    }
}

/// A configuration file and its text, to say where something stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) file: &'a Path,
    pub(crate) text: &'a str,
}

impl Place<'_> {
    /// `file:line` of a span.
    pub(super) fn line(&self, span: &Range<usize>) -> String {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        format!("{}:{}", self.file.display(), before.matches('\n').count() + 1)
    }

    /// The line a span begins in, up to the span's end.
    fn line_text(&self, span: &Range<usize>) -> &str {
        let start = self
            .text
            .get(..span.start)
            .and_then(|before| before.rfind('\n'))
            .map_or(0, |newline| newline + 1);
        self.text.get(start..span.end).unwrap_or_default()
    }

    /// The `[table]` a span stands in, or is the header of.
    fn table(&self, span: &Range<usize>) -> Option<&str> {
        let is_header = |line: &&str| line.trim_start().starts_with('[');
        let before = self.text.get(..span.start)?.lines().rev().find(is_header);
        let own = self.text.get(span.start..)?.lines().next().filter(is_header);
        own.or(before)?.trim_start().strip_prefix('[')?.split(']').next()
    }
}

/// Puts the deserializer's words into ours, with the nearest right key or value.
fn explain(message: &str, span: Option<Range<usize>>, place: &Place<'_>) -> Fault {
    let span = span.unwrap_or(0..0);
    let fault = |what: String| Fault::new(ErrorCode::ConfigInvalid, what).about(place.line(&span));
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let here = place.table(&span).map_or_else(String::new, |table| format!(" in [{table}]"));
    match quoted.split_first() {
        Some((unknown, known)) if message.starts_with("unknown field") => {
            // An unknown table stands in no other.
            let here = if place.line_text(&span).starts_with('[') { "" } else { &here };
            fault(format!("unknown key `{unknown}`{here}")).advise(advice(unknown, known, "keys"))
        }
        Some((unknown, known)) if message.starts_with("unknown variant") => {
            fault(format!("`{unknown}` is not a value of this key{here}"))
                .advise(advice(unknown, known, "values"))
        }
        Some((missing, [])) if message.starts_with("missing field") => {
            let what = if matches!(*missing, "source" | "target") {
                format!("the table [{missing}] is missing")
            } else {
                format!("the key `{missing}` is missing{here}")
            };
            fault(what)
        }
        Some(_) | None => {
            let line = place.line_text(&span).trim_start();
            if line.starts_with("url") || line.starts_with("password") {
                // The parser's words may repeat the value, and the value may be a password.
                return fault("the value of this key is not a TOML string".into());
            }
            fault(message.trim_end().replace('\n', " "))
        }
    }
}

/// The nearest right word, or all of them when none is near.
fn advice(wrong: &str, right: &[&str], what: &str) -> String {
    let distance = |word: &str| {
        if shares_a_part(wrong, word) {
            0
        } else {
            strsim::osa_distance(&wrong.to_lowercase(), word)
        }
    };
    let nearest = right
        .iter()
        .map(|word| (distance(word), *word))
        .min_by_key(|(distance, _word)| *distance)
        .filter(|(distance, word)| *distance <= (word.len().max(wrong.len()) / 3).max(1));
    match nearest {
        Some((_distance, word)) => format!("did you mean `{word}`?"),
        None if right.is_empty() => "remove it".into(),
        None => format!("the {what} here are {}", right.join(", ")),
    }
}

/// Whether one word of `a_b` is the whole of the other, as in `timeout` and `connect_timeout`.
fn shares_a_part(wrong: &str, right: &str) -> bool {
    right.split(['_', '-']).any(|part| part == wrong)
        || wrong.split(['_', '-']).any(|part| part == right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::error;
    use insta::assert_snapshot;
    use sealift_engine::report::FaultReport;

    const SERVERS: &str = "[source]\nurl = 'mysql://a@h'\n[target]\nurl = 'mysql://b@h'\n";

    fn refused(text: &str) -> String {
        let fault = RawConfig::parse(text, Path::new("sealift.toml")).unwrap_err();
        error::plain(&FaultReport::from(&fault), 80)
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_right_one() {
        assert_snapshot!(refused("[source]\nurl = 'x'\npasword_file = 'pw'\n"), @r"
        error SL0102: the configuration is not valid
          object  sealift.toml:3
          what    unknown key `pasword_file` in [source]
          remedy  did you mean `password_file`?
          page    docs/errors/SL0102.md
        ");
        assert_snapshot!(refused(&format!("{SERVERS}[copy]\nthreads = 4\n")), @r"
        error SL0102: the configuration is not valid
          object  sealift.toml:6
          what    unknown key `threads` in [copy]
          remedy  the keys here are workers, not_empty
          page    docs/errors/SL0102.md
        ");
        assert_snapshot!(refused("[source]\nurl = 'x'\ntimeout = 4\n"), @r"
        error SL0102: the configuration is not valid
          object  sealift.toml:3
          what    unknown key `timeout` in [source]
          remedy  did you mean `connect_timeout`?
          page    docs/errors/SL0102.md
        ");
        assert_snapshot!(refused(&format!("{SERVERS}[sellect]\n")), @r"
        error SL0102: the configuration is not valid
          object  sealift.toml:5
          what    unknown key `sellect`
          remedy  did you mean `select`?
          page    docs/errors/SL0102.md
        ");
    }

    #[test]
    fn a_value_that_does_not_exist_is_refused_with_the_nearest_right_one() {
        assert_snapshot!(refused("[source]\nurl = 'x'\ntls = 'verify_identity'\n"), @r"
        error SL0102: the configuration is not valid
          object  sealift.toml:3
          what    `verify_identity` is not a value of this key in [source]
          remedy  did you mean `verify-identity`?
          page    docs/errors/SL0102.md
        ");
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_snapshot!(refused("[target]\nurl = 'x'\n"), @r"
        error SL0102: the configuration is not valid
          object  sealift.toml:1
          what    the table [source] is missing
          remedy  correct the key that is named; docs/configuration.md lists all of them
          page    docs/errors/SL0102.md
        ");
        assert_snapshot!(refused("[source]\ntls = 'off'\n[target]\nurl = 'x'"), @r"
        error SL0102: the configuration is not valid
          object  sealift.toml:1
          what    the key `url` is missing in [source]
          remedy  correct the key that is named; docs/configuration.md lists all of them
          page    docs/errors/SL0102.md
        ");
    }

    #[test]
    fn what_is_not_toml_is_shown_by_its_line() {
        assert_snapshot!(refused(&format!("{SERVERS}[copy]\nworkers = = 4")), @r"
        error SL0102: the configuration is not valid
          object  sealift.toml:6
          what    extra `=`, expected nothing
          remedy  correct the key that is named; docs/configuration.md lists all of them
          page    docs/errors/SL0102.md
        ");
    }

    #[test]
    fn a_password_of_the_wrong_type_is_not_repeated() {
        for wrong in ["password = 20481024", "url = 20481024", "password_file = 20481024"] {
            let told = refused(&format!("[source]\n{wrong}\n"));
            assert!(!told.contains("20481024"), "{told}");
            assert!(told.contains("sealift.toml:2"), "{told}");
        }
    }
}
