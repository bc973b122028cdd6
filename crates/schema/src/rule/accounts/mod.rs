//! Accounts and grants: what of them a target takes.

mod plugin;
mod privileges;
mod hosts;
mod names;
mod wildcards;
mod roles;
mod attributes;
mod policy;
mod system_grants;

use super::check::Check;
use super::question::Row;

/// The checks, in the order they are told.
pub(super) const CHECKS: [Check; 9] = [
    plugin::CHECK,
    privileges::CHECK,
    hosts::CHECK,
    names::CHECK,
    wildcards::CHECK,
    roles::CHECK,
    attributes::CHECK,
    policy::CHECK,
    system_grants::CHECK,
];

/// Accounts of the server itself and of the services that run one.
const SYSTEM: [&str; 8] = [
    "mysql.sys",
    "mysql.session",
    "mysql.infoschema",
    "mariadb.sys",
    "rdsadmin",
    "rdsrepladmin",
    "cloudsqladmin",
    "azure_superuser",
];

/// Rows about accounts that are not the server's own.
fn people(rows: &[Row]) -> impl Iterator<Item = &Row> {
    rows.iter().filter(|row| !SYSTEM.contains(&row.text("user")))
}

/// Whether an account is a role, as far as the server says so.
fn is_role(row: &Row) -> bool {
    row.is_yes("is_role")
}
