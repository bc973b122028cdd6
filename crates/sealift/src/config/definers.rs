//! `[definers]`: the logins by which objects are made that keep their definers, `definer = "keep-by-login"`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use sealift_engine::fault::{ErrorCode, Fault};
use sealift_engine::target::definers::{Definers, password_variable};
use sealift_mysql::endpoint::Endpoint;
use sealift_schema::facts::Side;
use sealift_schema::rewrite::DefinerPolicy;

use super::password::{Owner, PasswordSource, Whose};
use super::raw::{Place, RawDefiner};
use super::surroundings::Surroundings;
use super::{invalid, twice};

/// Where each login's password comes from; `None` where definers are not kept by login.
#[derive(Debug)]
pub(crate) struct DefinerLogins(Option<BTreeMap<String, PasswordSource>>);

impl DefinerLogins {
    pub(super) fn resolve(
        raw: BTreeMap<String, RawDefiner>,
        policy: DefinerPolicy,
        place: Place<'_>,
    ) -> Result<Self, Fault> {
        if policy != DefinerPolicy::KeepByLogin {
            return match raw.first_key_value() {
                None => Ok(Self(None)),
                Some((user, _)) => {
                    let what = format!("[definers.{user}] is the login of a definer that is kept");
                    Err(invalid(place, what).advise("set definer = \"keep-by-login\" in [rewrite]"))
                }
            };
        }
        let folder = place.file.parent().unwrap_or(Path::new(""));
        let mut logins = BTreeMap::new();
        for (user, RawDefiner { password_file, password_command }) in raw {
            let source = match (password_file, password_command) {
                (None, None) => PasswordSource::Elsewhere,
                (Some(path), None) => PasswordSource::File(folder.join(path)),
                (None, Some(command)) => PasswordSource::Command(command),
                (Some(_), Some(_)) => return Err(twice(&format!("definers.{user}"), place)),
            };
            logins.insert(user, source);
        }
        Ok(Self(Some(logins)))
    }

    /// Finds the passwords. A login without one is left out: what it owns is told when it cannot be made.
    pub(crate) fn find(
        &self,
        target: &Endpoint,
        surroundings: &Arc<dyn Surroundings>,
        warn: &mut dyn FnMut(String),
    ) -> Result<Option<Definers>, Fault> {
        let Some(logins) = &self.0 else { return Ok(None) };
        let mut passwords = BTreeMap::new();
        for (user, source) in logins {
            let variable = password_variable(user);
            let whose = Whose::Side(Side::Target);
            let owner = Owner { whose, user: user.clone(), variable };
            match (source, source.find(owner, surroundings, warn)) {
                (_, Ok(password)) => {
                    passwords.insert(user.clone(), password);
                }
                (PasswordSource::Elsewhere, Err(fault))
                    if fault.code == ErrorCode::PasswordMissing =>
                {
                    warn(format!("{}: {}", fault.what, fault.remedy()));
                }
                (_, Err(fault)) => return Err(fault),
            }
        }
        Ok(Some(Definers::new(target, passwords)))
    }
}
