//! Who the two servers are, and whether they can play their parts.

use sealift_mysql::endpoint::Endpoint;
use sealift_schema::facts::{Flavor, ServerFacts, ServerVersion, Side};
use sealift_schema::name::quote;

use crate::fault::{ErrorCode, Fault};
use crate::plan::read::Plan;
use crate::stage::Part;

/// The schema on the target that holds the copy's ledger.
pub const OWN_SCHEMA: &str = "sealift";

/// What tells a server from all others: its `server_uuid`; MariaDB has `server_uid` (a hash of address and
/// data folder) from 10.10 on. Failing both, where we found it.
#[must_use]
pub fn identity(facts: &ServerFacts, endpoint: &Endpoint) -> String {
    let own = ["server_uuid", "server_uid"].into_iter().find_map(|name| facts.variable(name));
    match own {
        Some(id) if !id.is_empty() => id.to_owned(),
        Some(_) | None => endpoint.address.to_string(),
    }
}

/// Refuses a target that is the source.
///
/// # Errors
/// [`ErrorCode::ServerUnsuitable`] when both are the same server.
pub fn differ(source: &str, target: &str) -> Result<(), Fault> {
    if source != target {
        return Ok(());
    }
    let what = format!("source and target are the same server ({source})");
    Err(Fault::new(ErrorCode::ServerUnsuitable, what)
        .on(Side::Target)
        .advise("name another server in [target]"))
}

/// The oldest MySQL that can be a target: before it, definitions of today are not understood.
const TARGET_MIN: (u16, u16, u16) = (8, 0, 0);

/// Refuses a target that does not understand what the source may hold.
///
/// # Errors
/// [`ErrorCode::ServerUnsuitable`] for a target that is a MariaDB or too old for any source,
/// [`ErrorCode::TargetOlder`] for one of an older series than the source.
pub fn suit(source: &ServerFacts, target: &ServerFacts) -> Result<(), Fault> {
    let (from, to) = (source.version, target.version);
    let unsuitable = |what: String| Fault::new(ErrorCode::ServerUnsuitable, what).on(Side::Target);
    if to.flavor == Flavor::MariaDb {
        return Err(unsuitable(format!("the target is {to}; a target must be MySQL"))
            .advise("name a MySQL server in [target]; are the two swapped?"));
    }
    if to.number < TARGET_MIN {
        return Err(unsuitable(format!("the target is {to}; it must be 8.0 or newer"))
            .advise("use a newer target"));
    }
    // Patches of one series read each other's definitions; MariaDB counts otherwise.
    let series = |version: ServerVersion| (version.number.0, version.number.1);
    if from.flavor == Flavor::MySql && series(to) < series(from) {
        let what = format!("the source is {from}, the target {to}");
        return Err(Fault::new(ErrorCode::TargetOlder, what).on(Side::Target));
    }
    Ok(())
}

/// Refuses a target that takes no writes, before anything is begun.
///
/// # Errors
/// [`ErrorCode::TargetReadOnly`] when it is a replica or its disk is nearly full.
pub fn takes_writes(target: &ServerFacts) -> Result<(), Fault> {
    let on = ["super_read_only", "read_only"]
        .into_iter()
        .find(|name| target.variable(name) == Some("ON"));
    match on {
        None => Ok(()),
        Some(name) => {
            Err(Fault::new(ErrorCode::TargetReadOnly, format!("{name} is ON")).on(Side::Target))
        }
    }
}

/// Refuses a plan that would write into the schema of the copy's ledger.
///
/// # Errors
/// [`ErrorCode::ObjectRefused`] when it would.
pub fn ledger_schema_is_free(plan: &Plan) -> Result<(), Fault> {
    let mut schemas = plan.of(Part::Schemas).filter(|step| step.is_wanted());
    let taken = schemas.find(|step| step.target.schema.eq_ignore_ascii_case(OWN_SCHEMA));
    let Some(step) = taken else { return Ok(()) };
    let name = quote(&step.target.schema);
    let what = format!("the target's schema {name} is kept for sealift's own ledger");
    Err(Fault::new(ErrorCode::ObjectRefused, what).about(&step.step().object).advise(format!(
        "give it another name on the target: [rename] {} = \"…\" in sealift.toml",
        step.step().object.name.schema
    )))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn facts(version: &str, variables: &[(&str, &str)]) -> ServerFacts {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        ServerFacts {
            version: ServerVersion::parse(version).unwrap(),
            version_text: version.into(),
            variables: variables.iter().map(own).collect(),
            collations: BTreeMap::new(),
            engines: BTreeSet::new(),
            current_user: "a@%".into(),
            grants: Vec::new(),
            accounts: None,
        }
    }

    #[test]
    fn a_target_must_be_a_mysql_of_the_sources_series_or_newer() {
        use ErrorCode::{ServerUnsuitable, TargetOlder};
        for (source, target, refused) in [
            ("5.7.44", "8.0.40", None),
            ("8.0.44", "8.0.40-azure", None),
            ("8.4.2", "9.7.4", None),
            ("10.11.19-MariaDB", "8.0.40", None),
            ("9.7.4", "8.4.2", Some(TargetOlder)),
            ("8.4.0", "8.0.44", Some(TargetOlder)),
            ("5.6.51", "5.7.44", Some(ServerUnsuitable)),
            ("9.7.4", "11.8.3-MariaDB", Some(ServerUnsuitable)),
        ] {
            let judged = suit(&facts(source, &[]), &facts(target, &[]));
            assert_eq!(judged.err().map(|fault| fault.code), refused, "{source} to {target}");
        }
    }

    #[test]
    fn a_target_that_takes_no_writes_is_refused_by_the_variable() {
        assert!(takes_writes(&facts("8.0.40", &[("read_only", "OFF")])).is_ok());
        let fault = takes_writes(&facts("8.0.40", &[("read_only", "ON")])).unwrap_err();
        assert_eq!(
            (fault.code, fault.what.as_str()),
            (ErrorCode::TargetReadOnly, "read_only is ON")
        );
    }

    #[test]
    fn a_target_that_is_the_source_is_refused() {
        assert!(differ("a", "b").is_ok());
        assert_eq!(differ("a", "a").unwrap_err().code, ErrorCode::ServerUnsuitable);
    }
}
