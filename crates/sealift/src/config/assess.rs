//! What `assess` takes from the configuration: it can do without a target.

use std::path::Path;

use sealift_engine::fault::Fault;
use sealift_schema::facts::Side;
use sealift_schema::rewrite::Policy;
use sealift_schema::rule::Acceptance;
use sealift_schema::selection::Selection;

use super::password::Whose;
use super::raw::{Place, RawAssess, RawConfig};
use crate::log::LogOptions;

use super::{CopyOptions, Server, Surroundings, check_policy, compile, target_missing, text_of};

/// The part of `sealift.toml` that `assess` reads.
#[derive(Debug)]
pub(crate) struct AssessConfig {
    /// Where the data comes from.
    pub(crate) source: Server,
    /// Where it goes; `None` where a profile stands for it.
    pub(crate) target: Option<Server>,
    /// What is migrated.
    pub(crate) selection: Selection,
    /// How definitions are changed.
    pub(crate) policy: Policy,
    /// Sessions on the source.
    pub(crate) workers: u16,
    /// Findings somebody has decided to live with.
    pub(crate) accept: Vec<Acceptance>,
    /// What is logged, and where.
    pub(crate) log: Option<LogOptions>,
    /// What the operator should know of the configuration.
    pub(crate) warnings: Vec<String>,
}

/// Whether a target is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TargetNeed {
    /// A server is assessed against.
    Server,
    /// A profile stands for it.
    Profile,
}

impl AssessConfig {
    /// Reads the configuration from the file `file`.
    pub(crate) fn read(
        file: &Path,
        cores: usize,
        need: TargetNeed,
        surroundings: &dyn Surroundings,
    ) -> Result<Self, Fault> {
        let text = text_of(file, surroundings)?;
        let place = Place { file, text: &text };
        let raw = RawConfig::parse(&text, file)?;
        let RawConfig { source, target, select, rewrite, copy, log, assess, .. } = raw;
        let RawAssess { accept } = assess;
        let mut warnings = Vec::new();
        check_policy(&rewrite, place)?;
        let target = match (need, target) {
            (TargetNeed::Profile, _) => None,
            (TargetNeed::Server, Some(target)) => {
                Some(Server::resolve(Whose::Side(Side::Target), target, place, &mut warnings)?)
            }
            (TargetNeed::Server, None) => {
                let advice = "add it, or name a kind of server with --target-profile azure-8.4";
                return Err(target_missing(place).advise(advice));
            }
        };
        Ok(Self {
            source: Server::resolve(Whose::Side(Side::Source), source, place, &mut warnings)?,
            target,
            selection: compile(&select, place)?,
            policy: rewrite,
            workers: CopyOptions::resolve(&copy, place, cores)?.workers,
            accept,
            log: log.map(|log| log.resolve(place)),
            warnings,
        })
    }
}
