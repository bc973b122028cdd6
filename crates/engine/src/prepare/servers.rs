//! Who the two servers are, and whether they can play their parts.

use sealift_mysql::endpoint::Endpoint;
use sealift_schema::facts::{ServerFacts, Side};
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
    use super::*;

    #[test]
    fn a_target_that_is_the_source_is_refused() {
        assert!(differ("a", "b").is_ok());
        assert_eq!(differ("a", "a").unwrap_err().code, ErrorCode::ServerUnsuitable);
    }
}
