//! Can a source's log be followed, and if not, what must be changed there.

use sealift_schema::facts::{Flavor, ServerFacts};
use sealift_schema::grants::Grants;
use sealift_schema::name::literal;

use crate::error::{ErrorClass, MysqlError};
use crate::session::Session;

/// Something that keeps us from following a log, or would lose changes unseen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hindrance {
    /// What it is.
    pub what: String,
    /// The statement or setting that takes it away.
    pub remedy: String,
}

/// What beside facts decides.
#[derive(Clone, Debug, Default)]
struct Standing {
    /// Schemas that alone are logged, or that are not.
    filter: Option<String>,
    /// Whether it follows another server itself.
    is_replica: bool,
}

/// Examines a source; empty when its log can be followed.
///
/// # Errors
/// If the session fails.
pub async fn hindrances(
    session: &mut Session,
    facts: &ServerFacts,
) -> Result<Vec<Hindrance>, MysqlError> {
    let standing = Standing {
        filter: log_filter(session).await?,
        is_replica: !keeps_replicated(facts) && is_replica(session).await?,
    };
    Ok(judge(facts, &standing))
}

fn judge(facts: &ServerFacts, standing: &Standing) -> Vec<Hindrance> {
    if !facts.is_on("log_bin") {
        return vec![hindrance(
            "the source writes no binary log",
            "restart it with --log-bin and a --server-id of its own",
        )];
    }
    let mut found = settings(facts);
    found.extend(privileges(facts));
    if let Some(filter) = &standing.filter {
        found.push(hindrance(
            &format!("the source's log lacks schemas ({filter})"),
            "restart it without --binlog-do-db and --binlog-ignore-db",
        ));
    }
    if standing.is_replica {
        found.push(hindrance(
            "the source is a replica that does not log what it receives",
            "restart it with --log-replica-updates (MariaDB: --log-slave-updates)",
        ));
    }
    found
}

/// What must be set, and what is set.
fn settings(facts: &ServerFacts) -> Vec<Hindrance> {
    let mut found = Vec::new();
    for (name, wanted) in [("binlog_format", "ROW"), ("binlog_row_image", "FULL")] {
        if let Some(value) = facts.variable(name)
            && !value.eq_ignore_ascii_case(wanted)
        {
            found.push(hindrance(
                &format!("{name} is {value}: rows are not logged whole"),
                &format!("SET GLOBAL {name} = '{wanted}'; and let the application reconnect"),
            ));
        }
    }
    let partial = facts.variable("binlog_row_value_options").unwrap_or_default();
    if partial.to_ascii_uppercase().contains("PARTIAL_JSON") {
        found.push(hindrance(
            "binlog_row_value_options has PARTIAL_JSON: JSON values are not logged whole",
            "SET GLOBAL binlog_row_value_options = ''; and let the application reconnect",
        ));
    }
    if facts.variable("server_id") == Some("0") {
        found.push(hindrance(
            "server_id is 0: the source serves no replicas",
            "SET GLOBAL server_id = 1",
        ));
    }
    if facts.is_on("binlog_alter_two_phase") {
        found.push(hindrance(
            "binlog_alter_two_phase is ON: ALTER TABLE is logged in two parts",
            "SET GLOBAL binlog_alter_two_phase = OFF",
        ));
    }
    if facts.variable("binlog_storage_engine").is_some_and(|engine| !engine.is_empty()) {
        found.push(hindrance(
            "the binary log lies in a storage engine, which is not read yet",
            "restart it without --binlog-storage-engine",
        ));
    }
    found
}

/// To follow, to ask for the log's end, and without GTIDs to ask what is visible.
fn privileges(facts: &ServerFacts) -> Vec<Hindrance> {
    let grants = Grants::read(&facts.grants);
    let held = |privilege: &str| grants.everywhere(privilege);
    let account = match facts.current_user.rsplit_once('@') {
        Some((user, host)) => format!("{}@{}", literal(user), literal(host)),
        None => literal(&facts.current_user),
    };
    let lacks = |privilege: &str, what: &str| {
        hindrance(
            &format!("the login lacks {privilege}: {what}"),
            &format!("GRANT {privilege} ON *.* TO {account}"),
        )
    };
    let mut found = Vec::new();
    if !held("REPLICATION SLAVE") && !held("REPLICATION REPLICA") {
        found.push(lacks("REPLICATION SLAVE", "it may not read the binary log"));
    }
    match facts.version.flavor {
        Flavor::MySql => {
            if !held("REPLICATION CLIENT") {
                found.push(lacks("REPLICATION CLIENT", "it may not ask where the log ends"));
            }
            let has_gtids = facts.variable("gtid_mode") == Some("ON");
            if !has_gtids && !facts.version.is_mysql_at_least(8, 0, 0) {
                found.push(hindrance(
                    "the source has no GTIDs and is older than MySQL 8.0: it cannot tell what a read sees",
                    "set enforce_gtid_consistency and gtid_mode to ON, step by step",
                ));
            } else if !has_gtids && !held("BACKUP_ADMIN") {
                found.push(lacks("BACKUP_ADMIN", "without GTIDs it may not ask what a read sees"));
            }
        }
        Flavor::MariaDb => {
            if !held("BINLOG MONITOR") && !held("REPLICATION CLIENT") {
                found.push(lacks("BINLOG MONITOR", "it may not ask where the log ends"));
            }
        }
    }
    found
}

fn hindrance(what: &str, remedy: &str) -> Hindrance {
    Hindrance { what: what.to_owned(), remedy: remedy.to_owned() }
}

/// Whether what a replica receives goes into its own log. The variable has two names.
fn keeps_replicated(facts: &ServerFacts) -> bool {
    facts.is_on("log_replica_updates") || facts.is_on("log_slave_updates")
}

/// Which schemas the log leaves out; unknown to a login that may not ask.
async fn log_filter(session: &mut Session) -> Result<Option<String>, MysqlError> {
    let statement = if session.version().is_mysql_at_least(8, 2, 0) {
        "SHOW BINARY LOG STATUS"
    } else {
        "SHOW MASTER STATUS"
    };
    let Some(row) = tolerant(session.first(statement).await)?.flatten() else { return Ok(None) };
    for (column, word) in [("Binlog_Do_DB", "only"), ("Binlog_Ignore_DB", "all but")] {
        if let Some(schemas) = row.named(column)?.filter(|schemas| !schemas.is_empty()) {
            return Ok(Some(format!("{word} {schemas}")));
        }
    }
    Ok(None)
}

async fn is_replica(session: &mut Session) -> Result<bool, MysqlError> {
    let statement = match session.version().flavor {
        Flavor::MariaDb => "SHOW ALL SLAVES STATUS",
        Flavor::MySql if session.version().is_mysql_at_least(8, 0, 22) => "SHOW REPLICA STATUS",
        Flavor::MySql => "SHOW SLAVE STATUS",
    };
    Ok(tolerant(session.first(statement).await)?.flatten().is_some())
}

/// Without the privilege to ask, nothing is known; without a log, there is nothing.
fn tolerant<T>(outcome: Result<T, MysqlError>) -> Result<Option<T>, MysqlError> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.code() == Some(1381) => Ok(None),
        Err(error)
            if matches!(error.class(), ErrorClass::PrivilegeMissing | ErrorClass::AccessDenied) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use sealift_schema::facts::ServerVersion;

    use super::*;

    fn facts(version: &str, variables: &[(&str, &str)], grant: &str) -> ServerFacts {
        let mut all = BTreeMap::from([
            ("log_bin".to_owned(), "ON".to_owned()),
            ("binlog_format".to_owned(), "ROW".to_owned()),
            ("binlog_row_image".to_owned(), "FULL".to_owned()),
            ("gtid_mode".to_owned(), "ON".to_owned()),
        ]);
        all.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        ServerFacts {
            version: ServerVersion::parse(version).unwrap(),
            version_text: version.to_owned(),
            variables: all,
            collations: BTreeMap::new(),
            engines: BTreeSet::new(),
            current_user: "reader@%".to_owned(),
            grants: vec![format!("GRANT {grant} ON *.* TO `reader`@`%`")],
            accounts: None,
        }
    }

    fn remedies(facts: &ServerFacts) -> Vec<String> {
        let found = judge(facts, &Standing::default());
        found.into_iter().map(|hindrance| hindrance.remedy).collect()
    }

    const READER: &str = "SELECT, REPLICATION SLAVE, REPLICATION CLIENT";

    #[test]
    fn a_source_as_it_should_be_has_no_hindrance() {
        assert_eq!(remedies(&facts("9.7.4", &[], READER)), [""; 0]);
        let reader = "SELECT, REPLICATION SLAVE, BINLOG MONITOR";
        assert_eq!(remedies(&facts("10.11.19-MariaDB", &[], reader)), [""; 0]);
    }

    #[test]
    fn every_hindrance_comes_with_what_takes_it_away() {
        for (variable, value, remedy) in [
            ("log_bin", "OFF", "restart it with --log-bin and a --server-id of its own"),
            (
                "binlog_format",
                "MIXED",
                "SET GLOBAL binlog_format = 'ROW'; and let the application reconnect",
            ),
            (
                "binlog_row_image",
                "MINIMAL",
                "SET GLOBAL binlog_row_image = 'FULL'; and let the application reconnect",
            ),
            (
                "binlog_row_value_options",
                "PARTIAL_JSON",
                "SET GLOBAL binlog_row_value_options = ''; and let the application reconnect",
            ),
            ("server_id", "0", "SET GLOBAL server_id = 1"),
            ("gtid_mode", "OFF", "GRANT BACKUP_ADMIN ON *.* TO 'reader'@'%'"),
        ] {
            assert_eq!(remedies(&facts("9.7.4", &[(variable, value)], READER)), [remedy]);
        }
        let old = facts("5.7.44", &[("gtid_mode", "OFF")], READER);
        assert_eq!(
            remedies(&old),
            ["set enforce_gtid_consistency and gtid_mode to ON, step by step"]
        );
        assert_eq!(
            remedies(&facts("9.7.4", &[], "SELECT")),
            [
                "GRANT REPLICATION SLAVE ON *.* TO 'reader'@'%'",
                "GRANT REPLICATION CLIENT ON *.* TO 'reader'@'%'"
            ]
        );
    }

    #[test]
    fn a_log_that_lacks_changes_is_told() {
        let standing = Standing { filter: Some("only a".to_owned()), is_replica: true };
        let found = judge(&facts("9.7.4", &[], READER), &standing);
        let what = found.iter().map(|hindrance| hindrance.what.as_str()).collect::<Vec<_>>();
        assert_eq!(
            what,
            [
                "the source's log lacks schemas (only a)",
                "the source is a replica that does not log what it receives"
            ]
        );
    }
}
