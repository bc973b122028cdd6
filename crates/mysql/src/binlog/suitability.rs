//! Can a source's log be followed, and if not, what must be changed there.

use sealift_schema::facts::{Flavor, ServerFacts};
use sealift_schema::following::{
    Lacking, Remedy, RowImages, Unfit, cannot_tell_visible, images_in_part, lacking_privileges,
    logs_what_it_receives, unfit_settings,
};
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
    /// What the reader of its log reads.
    images: RowImages,
}

/// Examines a source; empty when its log can be followed by who reads such images.
///
/// # Errors
/// If the session fails.
pub async fn hindrances(
    session: &mut Session,
    facts: &ServerFacts,
    images: RowImages,
) -> Result<Vec<Hindrance>, MysqlError> {
    let standing = Standing {
        images,
        filter: log_filter(session).await?,
        is_replica: !logs_what_it_receives(facts) && is_replica(session).await?,
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
    let mut found = settings(facts, standing.images);
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
fn settings(facts: &ServerFacts, images: RowImages) -> Vec<Hindrance> {
    let told = |unfit: Unfit| {
        let Unfit { name, value, why, remedy } = unfit;
        let remedy = match remedy {
            Remedy::Set(wanted) => format!("SET GLOBAL {name} = {wanted}"),
            Remedy::SetAndReconnect(wanted) => {
                format!("SET GLOBAL {name} = '{wanted}'; and let the application reconnect")
            }
            Remedy::Restart(how) => how.to_owned(),
        };
        hindrance(&format!("{name} is {value}: {why}"), &remedy)
    };
    let in_part = match images {
        RowImages::Whole => images_in_part(facts),
        RowImages::InPart => None,
    };
    unfit_settings(facts).into_iter().chain(in_part).map(told).collect()
}

/// What the login may not do, and whether anything tells what a read sees.
fn privileges(facts: &ServerFacts) -> Vec<Hindrance> {
    let account = match facts.current_user.rsplit_once('@') {
        Some((user, host)) => format!("{}@{}", literal(user), literal(host)),
        None => literal(&facts.current_user),
    };
    let lacks = |lacking: Lacking| {
        let Lacking { privilege, why } = lacking;
        hindrance(
            &format!("the login lacks {privilege}: {why}"),
            &format!("GRANT {privilege} ON *.* TO {account}"),
        )
    };
    let mut found: Vec<Hindrance> = lacking_privileges(facts).into_iter().map(lacks).collect();
    if cannot_tell_visible(facts) {
        found.push(hindrance(
            "the source has no GTIDs and is older than MySQL 8.0: it cannot tell what a read sees",
            "set enforce_gtid_consistency and gtid_mode to ON, step by step",
        ));
    }
    found
}

fn hindrance(what: &str, remedy: &str) -> Hindrance {
    Hindrance { what: what.to_owned(), remedy: remedy.to_owned() }
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
    fn rows_in_part_hinder_who_reads_only_whole_ones() {
        for (value, images, hindrances) in [
            ("FULL", RowImages::Whole, 0),
            ("MINIMAL", RowImages::Whole, 1),
            ("noblob", RowImages::Whole, 1),
            ("FULL_NODUP", RowImages::Whole, 1),
            ("MINIMAL", RowImages::InPart, 0),
            ("FULL", RowImages::InPart, 0),
        ] {
            let facts = facts("9.7.4", &[("binlog_row_image", value)], READER);
            let standing = Standing { images, ..Standing::default() };
            assert_eq!(judge(&facts, &standing).len(), hindrances, "{value}, {images:?}");
        }
    }

    #[test]
    fn json_in_part_hinders_where_nothing_tells_what_it_was() {
        for (image, hindrances) in [("FULL", 0), ("MINIMAL", 1)] {
            let variables =
                [("binlog_row_image", image), ("binlog_row_value_options", "PARTIAL_JSON")];
            let standing = Standing { images: RowImages::InPart, ..Standing::default() };
            let found = judge(&facts("9.7.4", &variables, READER), &standing);
            assert_eq!(found.len(), hindrances, "{image}");
        }
    }

    #[test]
    fn a_log_that_lacks_changes_is_told() {
        let filter = Some("only a".to_owned());
        let standing = Standing { filter, is_replica: true, images: RowImages::Whole };
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
