//! How a server parameter of the target is changed, and changed back.

use super::case::Case;
use super::check::{Care, Fix, Hand};
use super::platform::Platform;
use crate::name::literal;

/// What the commands for Azure name the server by; a person puts the real names in.
const AZ: &str =
    "az mysql flexible-server parameter set --resource-group RG --server-name SERVER --name";

/// The fix that gives a parameter of the target this value.
pub(super) fn parameter(case: &Case<'_>, name: &str, value: &str) -> Fix {
    let now = case.target.variable(name);
    let is_known = case.target.facts.variables.contains_key(name);
    let back = (case.profile.is_none() && is_known).then_some(now);
    match case.target.platform() {
        Platform::Azure => {
            let command = |value: &str| format!("{AZ} {name} --value {}", shell(value));
            let fix = Fix::new(Hand::Azure, care(name), command(value));
            Fix { revert: back.map(command), ..fix }
        }
        Platform::MySql | Platform::Percona | Platform::MariaDb => {
            let statement = |value: &str| format!("SET PERSIST {name} = {}", sql(value));
            let fix = Fix::new(Hand::TargetAdmin, care(name), statement(value));
            Fix { revert: back.map(statement), ..fix }
        }
        Platform::Rds | Platform::Aurora | Platform::CloudSql => {
            let advice = format!("set {name} to {value} in the parameters of the service");
            Fix::new(Hand::People, care(name), advice)
        }
    }
}

/// Parameters of the load alone may be set and set back; others change what an application sees.
fn care(name: &str) -> Care {
    const OF_THE_LOAD: [&str; 12] = [
        "max_allowed_packet",
        "local_infile",
        "log_bin_trust_function_creators",
        "innodb_io_capacity",
        "innodb_io_capacity_max",
        "slow_query_log",
        "general_log",
        "audit_log_enabled",
        "query_store_capture_mode",
        "innodb_write_io_threads",
        "event_scheduler",
        "sql_generate_invisible_primary_key",
    ];
    if OF_THE_LOAD.contains(&name) { Care::Safe } else { Care::Thought }
}

/// A word of a POSIX shell.
pub(super) fn shell(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

/// Numbers and switches stand as they are.
fn sql(value: &str) -> String {
    let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    if is_number || matches!(value, "ON" | "OFF") { value.to_owned() } else { literal(value) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::bench::Bench;

    #[test]
    fn a_command_comes_with_the_way_back() {
        let bench = Bench::clean().on_target("time_zone", "it's");
        let fix = parameter(&bench.case(), "time_zone", "SYSTEM");
        assert_eq!(fix.by, Hand::Azure);
        assert!(fix.text.ends_with("--name time_zone --value 'SYSTEM'"));
        assert!(fix.revert.unwrap().ends_with(r"--name time_zone --value 'it'\''s'"));
        let stock = Bench::clean().to("mysql-8.4");
        let fix = parameter(&stock.case(), "local_infile", "ON");
        let told = (fix.by, fix.care, fix.text.as_str(), fix.revert);
        assert_eq!(told, (Hand::TargetAdmin, Care::Safe, "SET PERSIST local_infile = ON", None));
    }
}
